package search

import "slices"

// other is the code of all values that a column has no room to tell apart: what
// publishers write has no bound, columns have.
const other = "…"

// A dict numbers the values of a column: 0 is "", not given.
type dict struct {
	codes  map[string]uint32
	values []string
	most   int // values that fit
}

func newDict(most int) *dict {
	return &dict{codes: map[string]uint32{"": 0}, values: []string{""}, most: most}
}

// code numbers a value.
func (d *dict) code(value string) uint32 {
	if c, ok := d.codes[value]; ok {
		return c
	}
	if len(d.values) >= d.most-1 {
		value = other
		if c, ok := d.codes[value]; ok {
			return c
		}
	}
	c := uint32(len(d.values))
	d.codes[value] = c
	d.values = append(d.values, value)
	return c
}

// A dictSet is some of the values of a dictionary, by code.
type dictSet struct {
	d   *dict
	has []bool
}

func (d *dict) set() dictSet { return dictSet{d, make([]bool, len(d.values))} }

func (s dictSet) take(values ...string) {
	for _, v := range values {
		if code, ok := s.d.codes[v]; ok && v != "" {
			s.has[code] = true
		}
	}
}

// An arena keeps a text per row, in blocks, so that growing copies nothing.
type arena struct {
	blocks [][]byte
	ends   []uint32 // of each row's text in its block
}

// perBlock is how many rows share a block.
const perBlock = 4096

func (a *arena) add(text []byte) {
	row := len(a.ends)
	if row%perBlock == 0 {
		if row > 0 { // what is full does not grow any more, and needs no room to
			full := &a.blocks[row/perBlock-1]
			*full = slices.Clip(slices.Clone(*full))
		}
		a.blocks = append(a.blocks, nil)
	}
	b := &a.blocks[row/perBlock]
	*b = append(*b, text...)
	a.ends = append(a.ends, uint32(len(*b)))
}

func (a *arena) at(row uint32) []byte {
	start := uint32(0)
	if row%perBlock != 0 {
		start = a.ends[row-1]
	}
	return a.blocks[row/perBlock][start:a.ends[row]:a.ends[row]]
}
