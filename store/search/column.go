package search

// A base is a column of which a code is kept for each row.
type base int

// The bases.
const (
	baseFlags base = iota
	baseProcedure
	baseNature
	baseTechnique
	baseCPV
	baseDepartement
	baseRegion
	baseEPCI
	baseCommune
	baseMonth
	baseEndMonth
	baseOffers
	baseNode
	baseBuyer
	bases
)

// widths is how many bytes a code takes.
var widths = [bases]int{
	baseFlags: 2, baseProcedure: 2, baseNature: 2, baseTechnique: 2, baseCPV: 2, baseDepartement: 1, baseRegion: 1, baseEPCI: 2, baseCommune: 2,
	baseMonth: 2, baseEndMonth: 2, baseOffers: 2, baseNode: 2, baseBuyer: 4,
}

// filters says of which bases each code's rows are kept too.
var filters = [bases]bool{
	baseFlags: true, baseProcedure: true, baseNature: true, baseTechnique: true, baseCPV: true, baseDepartement: true, baseRegion: true,
	baseEPCI: true, baseCommune: true, baseMonth: true, baseEndMonth: true, baseNode: true,
}

// A column is a code per row, as narrow as its base allows.
type column struct {
	u8  []uint8
	u16 []uint16
	u32 []uint32
}

func (c *column) add(b base, code uint32) {
	switch widths[b] {
	case 1:
		c.u8 = append(c.u8, uint8(code))
	case 2:
		c.u16 = append(c.u16, uint16(code))
	default:
		c.u32 = append(c.u32, code)
	}
}

func (c *column) at(row uint32) uint32 {
	switch {
	case c.u8 != nil:
		return uint32(c.u8[row])
	case c.u16 != nil:
		return uint32(c.u16[row])
	}
	return c.u32[row]
}

// count counts the codes of rows.
func (c *column) count(rows, counts []uint32) {
	switch {
	case c.u8 != nil:
		countIn(c.u8, rows, counts)
	case c.u16 != nil:
		countIn(c.u16, rows, counts)
	default:
		countIn(c.u32, rows, counts)
	}
}

func countIn[T uint8 | uint16 | uint32](col []T, rows, counts []uint32) {
	for _, r := range rows {
		counts[col[r]]++
	}
}

// keep leaves those of the rows whose code is wanted.
func (c *column) keep(rows []uint32, wanted []bool) []uint32 {
	switch {
	case c.u8 != nil:
		return keepIn(c.u8, rows, wanted)
	case c.u16 != nil:
		return keepIn(c.u16, rows, wanted)
	}
	return keepIn(c.u32, rows, wanted)
}

func keepIn[T uint8 | uint16 | uint32](col []T, rows []uint32, wanted []bool) []uint32 {
	out := rows[:0]
	for _, r := range rows {
		if wanted[col[r]] {
			out = append(out, r)
		}
	}
	return out
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
	case baseFlags:
		return flagsEnd
	case baseProcedure:
		return len(c.procedures.values)
	case baseNature:
		return len(c.natures.values)
	case baseTechnique:
		return len(c.techniques.values)
	case baseCPV:
		return len(c.cpvs.values)
	case baseDepartement:
		return len(c.places.departements.values)
	case baseRegion:
		return len(c.places.regions.values)
	case baseEPCI:
		return len(c.places.epcis.values)
	case baseCommune:
		return len(c.places.communes.values)
	case baseMonth, baseEndMonth:
		return allMonths
	case baseOffers:
		return mostOffers + 2
	case baseNode:
		return len(c.nodes.values)
	case mostSupplierBase:
		return len(c.suppliers.values)
	}
	return len(c.buyers.values)
}
