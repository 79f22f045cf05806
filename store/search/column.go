package search

// A base is a column of which a code is kept for each row.
type base int

// The bases. What has few values is told together, so that rows are gone through once
// for all of it.
const (
	baseMix   base = iota // flags, procedure, nature, technique: see mix
	basePlace             // see place
	baseCPV
	baseMonth
	baseEndMonth
	baseOffers
	baseNode
	baseBuyer
	baseFirm // what a register says of the supplier, see firm; not in snapshots
	bases
)

// widths is how many bytes a code takes.
var widths = [bases]int{baseMix: 4, basePlace: 4, baseCPV: 2, baseMonth: 2, baseEndMonth: 2, baseOffers: 2, baseNode: 2, baseBuyer: 4, baseFirm: 4}

// filters says of which bases each code's rows are kept too.
var filters = [bases]bool{baseMix: true, basePlace: true, baseCPV: true, baseMonth: true, baseEndMonth: true, baseNode: true, baseFirm: true}

// A mix is what contracts often have in common, as codes.
type mix struct{ flags, procedure, nature, technique uint32 }

// A table numbers values of which many rows share each.
type table[T comparable] struct {
	codes  map[T]uint32
	values []T
}

func newTable[T comparable]() *table[T] { return &table[T]{codes: map[T]uint32{}} }

func (t *table[T]) code(v T) uint32 {
	c, ok := t.codes[v]
	if !ok {
		c = uint32(len(t.values))
		t.codes[v] = c
		t.values = append(t.values, v)
	}
	return c
}

// A column is a code per row, as narrow as its base allows.
type column struct {
	u16 []uint16
	u32 []uint32
}

func (c *column) add(b base, code uint32) {
	if widths[b] == 2 {
		c.u16 = append(c.u16, uint16(code))
	} else {
		c.u32 = append(c.u32, code)
	}
}

func (c *column) at(row uint32) uint32 {
	if c.u16 != nil {
		return uint32(c.u16[row])
	}
	return c.u32[row]
}

// count counts the codes of rows.
func (c *column) count(rows, counts []uint32) {
	if c.u16 != nil {
		countIn(c.u16, rows, counts)
	} else {
		countIn(c.u32, rows, counts)
	}
}

func countIn[T uint16 | uint32](col []T, rows, counts []uint32) {
	for _, r := range rows {
		counts[col[r]]++
	}
}

// keepIn leaves those of the rows whose code is wanted.
func keepIn[T uint16 | uint32](col []T, rows []uint32, wanted []bool) []uint32 {
	n := 0
	for _, r := range rows {
		rows[n] = r
		n += int(bit(wanted[col[r]]))
	}
	return rows[:n]
}

// Months are numbered from January of firstYear, which is 1; 0 is unknown.
const (
	firstYear = 1800
	lastYear  = 2299
	allMonths = (lastYear-firstYear+1)*12 + 1
)

// monthOf is the number of a day's month.
func monthOf(day uint32) uint32 {
	y, m := day/10000, day/100%100
	if y < firstYear || y > lastYear {
		return 0
	}
	return (y-firstYear)*12 + m
}

// yearMonth is the reverse of monthOf.
func yearMonth(code uint32) (year, month int) {
	if code == 0 {
		return 0, 0
	}
	return firstYear + int(code-1)/12, int(code-1)%12 + 1
}

// sizeOf is how many codes a base has now.
func (c *core) sizeOf(b base) int {
	switch b {
	case baseMix:
		return len(c.mixes.values)
	case basePlace:
		return len(c.spots.values)
	case baseCPV:
		return len(c.cpvs.values)
	case baseMonth, baseEndMonth:
		return allMonths
	case baseOffers:
		return mostOffers + 2
	case baseNode:
		return len(c.nodes.values)
	case baseFirm:
		return len(c.sites.firms.values)
	case mostSupplierBase:
		return len(c.suppliers.values)
	case baseTrait:
		return len(c.cards.traits.values)
	case baseScope:
		return len(c.cards.scopes.values)
	case baseDesk:
		return len(c.cards.desks.values)
	}
	return len(c.buyers.values)
}

// flags are those of a row.
func (c *core) flags(row uint32) uint32 { return c.mixes.values[c.cols[baseMix].u32[row]].flags }

// where is the place of a row.
func (c *core) where(row uint32) place { return c.spots.values[c.cols[basePlace].u32[row]] }
