package search

import (
	"cmp"
	"math/bits"
	"slices"
	"strings"
	"sync"
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
	counts [allBases][]uint32  // by code; nil where not counted
	found  [allBases][]counted // instead of looking through counts, where few of the codes occur
	*scratch
}

// A scratch is memory that is used again. What is in it is zero between uses.
type scratch struct {
	counts [allBases][]uint32
	folded []uint32
	more   []uint32
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// blank are n numbers that are zero, in the memory of a list that may be too short.
func blank(list *[]uint32, n int) []uint32 {
	if cap(*list) < n {
		*list = make([]uint32, n+n/8)
	}
	return (*list)[:n]
}

func (c *core) newTally(facets []Dimension) *tally {
	t := &tally{c: c, facet: facets, scratch: scratches.Get().(*scratch)}
	for _, d := range facets {
		b := dimensions[d].base
		t.need(b)
		if b >= mostSupplierBase { // they are counted together
			for b := mostSupplierBase; b < allBases; b++ {
				t.need(b)
			}
		}
	}
	return t
}

func (t *tally) need(b base) {
	if t.counts[b] == nil {
		t.counts[b] = blank(&t.scratch.counts[b], t.c.sizeOf(b))
	}
}

// close gives the memory back.
func (t *tally) close() {
	for _, counts := range t.counts {
		clear(counts)
	}
	scratches.Put(t.scratch)
}

// of counts a set of living rows. What all living rows have is known: of more than
// half of them, those that are not in the set are counted, and taken from that.
func (t *tally) of(set rowset, size int) {
	most := 2*size > t.c.liveRows
	if most {
		size = t.c.liveRows - size
		rest := make(rowset, len(set))
		for i := range set {
			rest[i] = t.c.live[i] &^ set[i]
		}
		set = rest
	}
	t.count(set, size)
	if !most {
		t.gather(set, size)
		return
	}
	for b, counts := range t.counts {
		for code, all := range t.c.all[b][:min(len(counts), len(t.c.all[b]))] {
			counts[code] = all - counts[code]
		}
	}
}

func (t *tally) count(set rowset, size int) {
	if t.counts[baseTrait] != nil {
		t.cards(set)
	}
	for b := range bases {
		if counts := t.counts[b]; len(counts) == 1 {
			counts[0] = uint32(size) // as where no register says anything of suppliers
		} else if counts != nil {
			set.each(func(rows []uint32) bool { t.c.cols[b].count(rows, counts); return true })
		}
	}
}

// cards counts what is on the cards of a set.
func (t *tally) cards(set rowset) {
	list := t.c.cards.list
	traits, scopes, desks, suppliers := t.counts[baseTrait], t.counts[baseScope], t.counts[baseDesk], t.counts[mostSupplierBase]
	more := blank(&t.more, runOf+64)
	n := 0
	for i, w := range set {
		for ; w != 0; w &= w - 1 {
			r := uint32(i<<6 + bits.TrailingZeros64(w))
			k := &list[r]
			traits[k.trait]++
			scopes[k.scope]++
			desks[k.desk]++
			suppliers[k.first&^moreSuppliers]++
			more[n] = r
			n += int(k.first / moreSuppliers)
		}
		if n >= runOf {
			t.others(more[:n], suppliers)
			n = 0
		}
	}
	t.others(more[:n], suppliers)
}

// others counts the suppliers of rows, but for the first.
func (t *tally) others(rows, counts []uint32) {
	ends, list := t.c.supplierEnds, t.c.supplierList
	for _, r := range rows {
		start := uint32(0)
		if r > 0 {
			start = ends[r-1]
		}
		for _, s := range list[start+1 : ends[r]] {
			counts[s]++
		}
	}
}

// fewCodes is how many times more codes than rows there must be for those that occur to
// be gathered from the rows.
const fewCodes = 4

// gather finds which codes occur in a small set, and leaves their counts zero: the
// numbers of what occurs are then at hand, and nothing is looked through to clear.
func (t *tally) gather(set rowset, size int) {
	for b, counts := range t.counts {
		if base(b) == mostSupplierBase || size*fewCodes > len(counts) {
			continue
		}
		found := []counted{}
		set.each(func(rows []uint32) bool {
			for _, r := range rows {
				found = take(found, counts, t.c.code(base(b), r))
			}
			return true
		})
		t.found[b], t.counts[b] = found, nil
	}
	counts := t.counts[mostSupplierBase]
	if size*fewCodes > len(counts) {
		return
	}
	found := []counted{}
	set.each(func(rows []uint32) bool {
		for _, r := range rows {
			k := t.c.cards.list[r].first
			found = take(found, counts, k&^moreSuppliers)
			if k >= moreSuppliers {
				for _, s := range t.c.suppliersOf(r)[1:] {
					found = take(found, counts, s)
				}
			}
		}
		return true
	})
	t.found[mostSupplierBase], t.counts[mostSupplierBase] = found, nil
}

// take moves the count of a code to what was found.
func take(found []counted, counts []uint32, code uint32) []counted {
	if n := counts[code]; n > 0 {
		found = append(found, counted{code, n})
		counts[code] = 0
	}
	return found
}

// tell counts a row among all, or takes it out.
func (c *core) tell(row uint32, sign uint32) {
	c.forget()
	for b := range allBases {
		if b != mostSupplierBase {
			c.tellCode(b, c.code(b, row), sign)
		}
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
	out := map[Dimension][]Count{}
	for _, d := range t.facet {
		out[d] = t.values(d)
	}
	return out
}

// mostCounted is from how many rows on what was counted is worth remembering.
const mostCounted = 4096

// facets counts those of the set that a query finds; what takes long is remembered
// until a contract changes.
func (c *core) facets(q *Query, set rowset, size int) map[Dimension][]Count {
	if len(q.Facets) == 0 {
		return nil
	}
	if min(size, c.liveRows-size) < mostCounted {
		return c.count(q.Facets, set, size)
	}
	key := facetKey(q)
	if f, ok := c.counted.get(key); ok {
		return f
	}
	f := c.count(q.Facets, set, size)
	c.counted.keep(key, f)
	return f
}

func (c *core) count(facets []Dimension, set rowset, size int) map[Dimension][]Count {
	t := c.newTally(facets)
	defer t.close()
	t.of(set, size)
	return t.facets()
}

func (t *tally) values(d Dimension) []Count {
	sp := dimensions[d]
	list := frequent{all: d.all()}
	counts, found := t.counts[sp.base], t.found[sp.base]
	if sp.fold != nil {
		counts, found = t.fold(d, sp.size(t.c), counts, found), nil
	}
	for code, n := range counts {
		if n >= list.least && n > 0 {
			list.add(uint32(code), n)
		}
	}
	for _, v := range found {
		list.add(v.code, v.n)
	}
	if sp.fold != nil {
		clear(counts)
	}
	out := []Count{}
	for _, v := range list.values() {
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

// fold makes the counts of a dimension from those of its base.
func (t *tally) fold(d Dimension, size int, counts []uint32, found []counted) []uint32 {
	folded, to := blank(&t.folded, size), t.c.fold(d)
	for code, n := range counts {
		folded[to[code]] += n
	}
	for _, v := range found {
		folded[to[v.code]] += v.n
	}
	return folded
}

// counted is a code and how often it is.
type counted struct{ code, n uint32 }

// A frequent keeps the codes that occur; unless all, the most frequent ones, without
// what is not given.
type frequent struct {
	all   bool
	list  []counted
	least uint32 // what is less often is not among them
}

func (f *frequent) add(code, n uint32) {
	if !f.all && (n < f.least || code == 0) {
		return
	}
	f.list = append(f.list, counted{code, n})
	if !f.all && len(f.list) == 4*mostValues {
		slices.SortFunc(f.list, byNumber)
		f.list = f.list[:mostValues]
		f.least = f.list[mostValues-1].n
	}
}

func (f *frequent) values() []counted {
	if f.all {
		return f.list
	}
	slices.SortFunc(f.list, byNumber)
	return f.list[:min(len(f.list), mostValues)]
}

func byNumber(a, b counted) int { return cmp.Or(cmp.Compare(b.n, a.n), cmp.Compare(a.code, b.code)) }
