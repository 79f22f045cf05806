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
	case ByBuyer, BySupplier, ByCPV, ByCommune, ByEPCI, ByFirmCommune, ByFirmEPCI, ByProcedure, ByNature, ByTechnique, ByOffers, ByNode:
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

// A tally counts the codes of bases over rows. Each base is counted once, however many
// facets come of it.
type tally struct {
	c      *core
	facet  []Dimension
	counts [bases + 1][]uint32
}

func (c *core) newTally(facets []Dimension) *tally {
	t := &tally{c: c, facet: facets}
	for _, d := range facets {
		if b := dimensions[d].base; t.counts[b] == nil {
			t.counts[b] = make([]uint32, c.sizeOf(b))
		}
	}
	return t
}

// of counts a set of living rows. What all living rows have is known: of more than
// half of them, those that are not in the set are counted, and taken from that.
func (t *tally) of(set rowset, size int) {
	if len(t.facet) == 0 {
		return
	}
	most := 2*size > t.c.liveRows
	if most {
		rest := make(rowset, len(set))
		for i := range set {
			rest[i] = t.c.live[i] &^ set[i]
		}
		set = rest
	}
	set.each(func(rows []uint32) bool { t.count(rows); return true })
	if !most {
		return
	}
	for b, counts := range t.counts {
		for code, all := range t.c.all[b][:min(len(counts), len(t.c.all[b]))] {
			counts[code] = all - counts[code]
		}
	}
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

// tell counts a row among all, or takes it out.
func (c *core) tell(row uint32, sign uint32) {
	for b := range bases {
		c.tellCode(b, c.cols[b].at(row), sign)
	}
	for _, s := range c.suppliersOf(row) {
		c.tellCode(mostSupplierBase, s, sign)
	}
}

func (c *core) tellCode(b base, code, sign uint32) {
	if int(code) >= len(c.all[b]) {
		c.all[b] = append(c.all[b], make([]uint32, max(c.sizeOf(b), int(code)+1)-len(c.all[b]))...)
	}
	c.all[b][code] += sign
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
