package search

import (
	"cmp"
	"slices"
	"strings"
)

// mostValues is how many values a facet has at most: the most frequent ones.
const mostValues = 20

// all reports whether a facet shows all its values, in their own order or by number.
func (d Dimension) all() bool {
	switch d {
	case ByBuyer, BySupplier, ByCPV, ByCommune, ByEPCI, ByProcedure, ByNature, ByTechnique, ByOffers:
		return false
	}
	return true
}

// ordered reports whether the values have an order of their own.
func (d Dimension) ordered() bool {
	switch d {
	case ByYear, ByQuarter, ByMonth, ByEndYear, ByEndMonth:
		return true
	}
	return false
}

// A tally counts the codes of bases over runs of rows. Each base is counted once,
// however many facets come of it.
type tally struct {
	c      *core
	facet  []Dimension
	counts [bases + 1][]uint32
}

func (c *core) newTally(facets []Dimension) *tally {
	t := &tally{c: c, facet: facets}
	for _, d := range facets {
		b := dimensions[d].base
		if t.counts[b] == nil {
			if b == mostSupplierBase {
				t.counts[b] = make([]uint32, len(c.suppliers.values))
			} else {
				t.counts[b] = make([]uint32, c.sizeOf(b))
			}
		}
	}
	return t
}

func (t *tally) count(rows []uint32) {
	for b := range bases {
		if counts := t.counts[b]; counts != nil {
			t.c.cols[b].count(rows, counts)
		}
	}
	if counts := t.counts[mostSupplierBase]; counts != nil {
		ends, list := t.c.supplierEnds, t.c.supplierList
		for _, r := range rows {
			start := uint32(0)
			if r > 0 {
				start = ends[r-1]
			}
			for _, s := range list[start:ends[r]] {
				counts[s]++
			}
		}
	}
}

// facets are the values of each facet.
func (t *tally) facets() map[Dimension][]Count {
	if len(t.facet) == 0 {
		return nil
	}
	out := map[Dimension][]Count{}
	for _, d := range t.facet {
		out[d] = t.values(d)
	}
	return out
}

func (t *tally) values(d Dimension) []Count {
	sp := dimensions[d]
	counts := t.counts[sp.base]
	if sp.fold != nil {
		folded := make([]uint32, sp.size(t.c))
		for code, n := range counts {
			if n > 0 {
				folded[sp.fold(t.c, uint32(code))] += n
			}
		}
		counts = folded
	}
	out := []Count{}
	for _, v := range mostFrequent(counts, d) {
		one := Count{Code: sp.code(t.c, v.code), Count: int(v.n)}
		if sp.name != nil && one.Code != "" {
			one.Label = sp.name(t.c, one.Code, v.code)
		}
		out = append(out, one)
	}
	if d.ordered() {
		slices.SortFunc(out, func(a, b Count) int { return strings.Compare(a.Code, b.Code) })
	} else {
		slices.SortStableFunc(out, func(a, b Count) int { return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(a.Code, b.Code)) })
	}
	return out
}

// counted is a code and how often it is.
type counted struct{ code, n uint32 }

// mostFrequent are the codes that occur; of a facet that does not show all, the most
// frequent ones, without what is not given.
func mostFrequent(counts []uint32, d Dimension) []counted {
	var out []counted
	if d.all() {
		for code, n := range counts {
			if n > 0 {
				out = append(out, counted{uint32(code), n})
			}
		}
		return out
	}
	least := uint32(1)
	for code, n := range counts {
		if n < least || code == 0 {
			continue
		}
		out = append(out, counted{uint32(code), n})
		if len(out) == 4*mostValues {
			slices.SortFunc(out, byNumber)
			out = out[:mostValues]
			least = out[mostValues-1].n
		}
	}
	slices.SortFunc(out, byNumber)
	return out[:min(len(out), mostValues)]
}

func byNumber(a, b counted) int { return cmp.Or(cmp.Compare(b.n, a.n), cmp.Compare(a.code, b.code)) }
