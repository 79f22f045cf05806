package search

import (
	"encoding/binary"
	"hash/maphash"
	"math"
	"slices"
	"sync"

	"maillon/store/search/french"
)

// dicts are the dictionaries in the order of the snapshot.
func (c *core) dicts() []*dict {
	return []*dict{c.buyers, c.suppliers, c.cpvs, c.procedures, c.natures, c.techniques, c.nodes,
		c.places.departements, c.places.regions, c.places.epcis, c.places.communes}
}

// write writes the rows that live, and all that they refer to.
func (c *core) write(w *writer) {
	for _, d := range c.dicts() {
		w.texts(d.values)
	}
	w.texts(c.buyerNames)
	w.texts(c.supplierNames)
	c.words.write(w)
	for _, n := range []*names{&c.text.buyers, &c.text.suppliers, &c.text.cpvs} {
		n.write(w)
	}
	var mixes, spots []uint32
	for _, m := range c.mixes.values {
		mixes = append(mixes, m.flags, m.procedure, m.nature, m.technique)
	}
	for _, p := range c.spots.values {
		given := uint32(0)
		if p.given {
			given = 1
		}
		spots = append(spots, p.departement, p.region, p.epci, p.commune, given)
	}
	w.numbers(mixes)
	w.numbers(spots)
	rows := make([]uint32, 0, c.liveRows)
	c.live.each(func(run []uint32) bool { rows = append(rows, run...); return true })
	w.number(uint64(len(rows)))
	for b := range baseFirm {
		w.fixed(rows, widths[b], func(r uint32) uint64 { return uint64(c.cols[b].at(r)) })
	}
	for _, col := range [][]uint32{c.day, c.end, c.published} {
		w.fixed(rows, 4, func(r uint32) uint64 { return uint64(col[r]) })
	}
	for _, of := range []func(uint32) float64{func(r uint32) float64 { return c.amount[r] }, c.initialOf} {
		w.fixed(rows, 8, func(r uint32) uint64 { return math.Float64bits(of(r)) })
	}
	w.fixed(rows, 2, func(r uint32) uint64 { return uint64(c.months[r]) })
	w.fixed(rows, 8, func(r uint32) uint64 { return c.content[r] })
	for _, r := range rows {
		w.numbers(c.suppliersOf(r))
	}
	for _, a := range []*arena{&c.blobs, &c.text.tokens} {
		for _, r := range rows {
			b := a.at(r)
			w.number(uint64(len(b)))
			w.raw(b)
		}
	}
}

// leastRow is the least that a row takes, in bytes.
const leastRow = 60

// read reads what write wrote into an empty core. Nothing of it is trusted yet, see
// restore.
func (c *core) read(r *reader) {
	for _, d := range c.dicts() {
		d.values = r.texts()
	}
	c.buyerNames, c.supplierNames = r.texts(), r.texts()
	c.words.read(r)
	for _, n := range []*names{&c.text.buyers, &c.text.suppliers, &c.text.cpvs} {
		n.read(r)
	}
	for m := range slices.Chunk(r.numbers(), 4) {
		if len(m) == 4 {
			c.mixes.code(mix{m[0], m[1], m[2], m[3]})
		}
	}
	for p := range slices.Chunk(r.numbers(), 5) {
		if len(p) == 5 {
			c.spots.code(place{p[0], p[1], p[2], p[3], p[4] == 1})
		}
	}
	if c.n = r.count(); int64(c.n)*leastRow > r.left {
		r.fail()
		c.n = 0
	}
	for b := range baseFirm {
		c.cols[b] = newColumn(b, c.n)
		r.fixed(c.n, widths[b], func(v uint64) { c.cols[b].add(b, uint32(v)) })
	}
	for _, col := range []*[]uint32{&c.day, &c.end, &c.published} {
		*col = make([]uint32, 0, c.n)
		r.fixed(c.n, 4, func(v uint64) { *col = append(*col, uint32(v)) })
	}
	c.amount = make([]float64, 0, c.n)
	r.fixed(c.n, 8, func(v uint64) { c.amount = append(c.amount, math.Float64frombits(v)) })
	row := uint32(0)
	r.fixed(c.n, 8, func(v uint64) {
		c.setInitial(row, math.Float64frombits(v))
		row++
	})
	c.months, c.content, c.supplierEnds = make([]uint16, 0, c.n), make([]uint64, 0, c.n), make([]uint32, 0, c.n)
	r.fixed(c.n, 2, func(v uint64) { c.months = append(c.months, uint16(v)) })
	r.fixed(c.n, 8, func(v uint64) { c.content = append(c.content, v) })
	for i := 0; i < c.n && r.err == nil; i++ {
		c.supplierList = append(c.supplierList, r.numbers()...)
		c.supplierEnds = append(c.supplierEnds, uint32(len(c.supplierList)))
	}
	for _, a := range []*arena{&c.blobs, &c.text.tokens} {
		for i := 0; i < c.n && r.err == nil; i++ {
			a.add(r.raw(r.count()))
		}
	}
}

func newColumn(b base, n int) column {
	if widths[b] == 2 {
		return column{u16: make([]uint16, 0, n)}
	}
	return column{u32: make([]uint32, 0, n)}
}

// restore makes again what is not in the snapshot, and refuses what does not fit: a
// code beyond its dictionary, a date that is none, a term that has no word.
func (c *core) restore() error {
	for _, d := range c.dicts() {
		if len(d.values) == 0 || d.values[0] != "" || len(d.values) > d.most {
			return ErrSnapshot
		}
		for code, v := range d.values {
			d.codes[v] = uint32(code)
		}
	}
	if len(c.buyerNames) != len(c.buyers.values) || len(c.supplierNames) != len(c.suppliers.values) || !c.fits() {
		return ErrSnapshot
	}
	terms := c.words.count()
	if !c.words.restore() || !c.text.buyers.restore(terms, len(c.buyers.values)) || !c.text.suppliers.restore(terms, len(c.suppliers.values)) ||
		!c.text.cpvs.restore(terms, len(c.cpvs.values)) {
		return ErrSnapshot
	}
	c.buyerFacts = c.buyerFacts[:0]
	for _, id := range c.buyers.values {
		c.buyerFacts = append(c.buyerFacts, c.places.buyer(id))
	}
	c.live, c.liveRows = newRowset(c.n), c.n
	for i := range c.n {
		c.live.add(uint32(i))
	}
	var wait sync.WaitGroup
	ok := true
	wait.Go(func() {
		ok = c.postText()
		c.postIDs()
	})
	c.take(c.sited(Register{}))
	c.postCodes()
	c.all[baseFirm] = nil // tell counts it
	c.cards.list, c.at = make([]card, 0, c.n), make(map[uint64]uint32, c.n)
	for i := range c.n {
		c.deal()
		c.tell(uint32(i), 1)
		c.at[maphash.String(c.seed, c.address(uint32(i)))] = uint32(i)
	}
	wait.Wait()
	if !ok || len(c.at) != c.n {
		return ErrSnapshot
	}
	return nil
}

// fits reports whether every code has its value and every column its rows.
func (c *core) fits() bool {
	for _, m := range c.mixes.values {
		if m.flags >= flagsEnd || int(m.procedure) >= len(c.procedures.values) || int(m.nature) >= len(c.natures.values) || int(m.technique) >= len(c.techniques.values) {
			return false
		}
	}
	for _, at := range c.spots.values {
		p := c.places
		if int(at.departement) >= len(p.departements.values) || int(at.region) >= len(p.regions.values) || int(at.epci) >= len(p.epcis.values) ||
			int(at.commune) >= len(p.communes.values) {
			return false
		}
	}
	for b := range baseFirm {
		size := uint32(c.sizeOf(b))
		for i := range c.n {
			if c.cols[b].at(uint32(i)) >= size {
				return false
			}
		}
	}
	for i := range c.n {
		if math.IsInf(c.amount[i], 0) || math.IsInf(c.initialOf(uint32(i)), 0) {
			return false
		}
		for _, d := range []uint32{c.day[i], c.end[i], c.published[i]} {
			if d != 0 && !calendar(d) {
				return false
			}
		}
	}
	return !slices.ContainsFunc(c.supplierList, func(s uint32) bool { return int(s) >= len(c.suppliers.values) })
}

// calendar reports whether a number can be a day.
func calendar(day uint32) bool {
	y, m, d := day/10000, day/100%100, day%100
	return y >= 1 && y <= 9999 && m >= 1 && m <= 12 && d >= 1 && d <= 31
}

func (c *core) postCodes() {
	c.byBuyer, c.bySupply = make([]posting, len(c.buyers.values)), make([]posting, len(c.suppliers.values))
	for b := range baseFirm {
		if !filters[b] {
			continue
		}
		c.posts[b] = make([]posting, c.sizeOf(b))
		for i := range c.n {
			code := c.cols[b].at(uint32(i))
			c.posts[b][code].add(uint32(i))
		}
	}
	for i := range c.n {
		row := uint32(i)
		c.byBuyer[c.cols[baseBuyer].u32[row]].add(row)
		for _, s := range c.suppliersOf(row) {
			c.bySupply[s].add(row)
		}
	}
}

func (c *core) postIDs() {
	c.ids.fresh = make([]idAt, 0, c.n)
	for i := range c.n {
		c.ids.fresh = append(c.ids.fresh, idAt{hashOf(c.id(uint32(i))), uint32(i)})
	}
	c.ids.sortIn()
}

func (c *core) postText() bool {
	most := uint64(c.words.count())
	for i := range c.n {
		b := c.text.tokens.at(uint32(i))
		for len(b) > 0 {
			t, n := binary.Uvarint(b)
			if n <= 0 || t > most {
				return false
			}
			c.text.seen(term(t), uint32(i))
			b = b[n:]
		}
	}
	return true
}

// The vocabulary is written as its stems in order, and each word with its stem.

func (v *vocabulary) count() int { return len(v.stems) }

func (v *vocabulary) write(w *writer) {
	stems := make([]string, len(v.stems))
	for s, t := range v.stems {
		stems[t-1] = s
	}
	w.texts(stems)
	words := sortedKeys(v.words)
	w.texts(words)
	terms := make([]uint32, len(words))
	for i, word := range words {
		terms[i] = v.words[word]
	}
	w.numbers(terms)
}

func (v *vocabulary) read(r *reader) {
	for i, s := range r.texts() {
		v.stems[s] = term(i + 1)
	}
	words, terms := r.texts(), r.numbers()
	if len(words) != len(terms) {
		r.fail()
		return
	}
	for i, word := range words {
		v.words[word] = terms[i]
	}
}

// restore relates words again.
func (v *vocabulary) restore() bool {
	for _, t := range v.stems {
		if int(t) > len(v.stems) {
			return false
		}
	}
	for word, t := range v.words {
		if t == 0 || int(t) > len(v.stems) {
			return false
		}
		plain := french.Fold(word)
		v.link(word, plain, t)
		v.fresh = append(v.fresh, form{plain, t})
	}
	v.sortIn()
	return true
}

func (n *names) write(w *writer) {
	w.number(uint64(len(n.tokens)))
	for _, code := range sortedCodes(n.tokens) {
		w.number(uint64(code))
		w.numbers(n.tokens[code])
	}
}

func sortedCodes(m map[uint32][]term) []uint32 {
	out := make([]uint32, 0, len(m))
	for code := range m {
		out = append(out, code)
	}
	slices.Sort(out)
	return out
}

func (n *names) read(r *reader) {
	for k := r.count(); k > 0 && r.err == nil; k-- {
		code := r.number()
		if code > math.MaxUint32 {
			r.fail()
			return
		}
		n.tokens[uint32(code)] = r.numbers()
	}
}

func (n *names) restore(most, codes int) bool {
	for _, code := range sortedCodes(n.tokens) {
		if int(code) >= codes {
			return false
		}
		for _, t := range n.tokens[code] {
			if t == between {
				continue
			}
			if int(t) > most {
				return false
			}
			if list := n.codes[t]; t != 0 && (len(list) == 0 || list[len(list)-1] != code) {
				n.codes[t] = append(list, code)
			}
		}
	}
	return true
}
