package search

import (
	"math"
	"math/bits"

	"github.com/RoaringBitmap/roaring/v2"
)

// fewRows is up to how many rows a posting is a plain list: most values have few.
const fewRows = 48

// A posting is the rows that have a value, in order. Rows are only ever added at the
// end.
type posting struct {
	few  []uint32
	many *roaring.Bitmap
}

func (p *posting) add(row uint32) {
	switch {
	case p.many != nil:
		p.many.Add(row)
	case len(p.few) < fewRows:
		p.few = append(p.few, row)
	default:
		p.many = roaring.BitmapOf(p.few...)
		p.many.Add(row)
		p.few = nil
	}
}

func (p *posting) size() int {
	if p.many != nil {
		return int(p.many.GetCardinality())
	}
	return len(p.few)
}

// each calls f with the rows, in order, some at a time, in a buffer of runOf. f may
// change the slice and must not keep it.
func (p *posting) each(buf []uint32, f func(rows []uint32)) {
	if p.many == nil {
		f(buf[:copy(buf, p.few)])
		return
	}
	it := p.many.ManyIterator()
	for n := it.NextMany(buf); n > 0; n = it.NextMany(buf) {
		f(buf[:n])
	}
}

// A rowset is a set of rows, a bit each.
type rowset []uint64

func newRowset(n int) rowset { return make(rowset, (n+63)/64) }

func (s rowset) add(row uint32)      { s[row>>6] |= 1 << (row & 63) }
func (s rowset) has(row uint32) bool { return s[row>>6]&(1<<(row&63)) != 0 }
func (s rowset) remove(row uint32)   { s[row>>6] &^= 1 << (row & 63) }

// or adds the rows of a posting.
func (s rowset) or(p *posting) {
	if p.many == nil {
		for _, r := range p.few {
			s.add(r)
		}
		return
	}
	var buf [1024]uint32
	it := p.many.ManyIterator()
	for n := it.NextMany(buf[:]); n > 0; n = it.NextMany(buf[:]) {
		for _, r := range buf[:n] {
			s[r>>6] |= 1 << (r & 63)
		}
	}
}

func (s rowset) and(t rowset) {
	for i := range s {
		s[i] &= t[i]
	}
}

func (s rowset) orSet(t rowset) {
	for i := range s {
		s[i] |= t[i]
	}
}

func (s rowset) count() (n int) {
	for _, w := range s {
		n += bits.OnesCount64(w)
	}
	return n
}

// runOf is how many rows are looked at in one go.
const runOf = 4096

// each calls f with the rows of the set, in order, some at a time. f may change the
// slice and must not keep it. It ends when f returns false.
func (s rowset) each(f func(rows []uint32) bool) {
	buf := make([]uint32, 0, runOf)
	for i, w := range s {
		if w == math.MaxUint64 {
			for k := range uint32(64) {
				buf = append(buf, uint32(i<<6)+k)
			}
			w = 0
		}
		for ; w != 0; w &= w - 1 {
			buf = append(buf, uint32(i<<6+bits.TrailingZeros64(w)))
		}
		if len(buf) > runOf-64 {
			if !f(buf) {
				return
			}
			buf = buf[:0]
		}
	}
	if len(buf) > 0 {
		f(buf)
	}
}
