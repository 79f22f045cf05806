package search

import (
	"encoding/binary"
	"math"
)

var le = binary.LittleEndian

func (w *writer) number(n uint64) {
	w.buf = binary.AppendUvarint(w.buf[:0], n)
	w.raw(w.buf)
}

func (w *writer) text(s string) {
	w.number(uint64(len(s)))
	w.raw([]byte(s))
}

func (w *writer) texts(list []string) {
	w.number(uint64(len(list)))
	for _, s := range list {
		w.buf = append(binary.AppendUvarint(w.buf[:0], uint64(len(s))), s...)
		w.raw(w.buf)
	}
}

func (w *writer) numbers(list []uint32) {
	w.number(uint64(len(list)))
	for _, n := range list {
		w.buf = binary.AppendUvarint(w.buf[:0], uint64(n))
		w.raw(w.buf)
	}
}

// chunkOf is how many values are written in one go.
const chunkOf = 16 << 10

// fixed writes a value for each row, width bytes each.
func (w *writer) fixed(rows []uint32, width int, of func(row uint32) uint64) {
	for len(rows) > 0 {
		n := min(chunkOf, len(rows))
		w.buf = w.buf[:0]
		for _, r := range rows[:n] {
			v := of(r)
			for range width {
				w.buf = append(w.buf, byte(v))
				v >>= 8
			}
		}
		w.raw(w.buf)
		rows = rows[n:]
	}
}

func (r *reader) number() uint64 {
	v := uint64(0)
	for shift := 0; shift < 64; shift += 7 {
		b := r.byte()
		v |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return v
		}
	}
	r.fail()
	return 0
}

func (r *reader) byte() byte {
	if r.err != nil || r.left < 1 {
		r.fail()
		return 0
	}
	b, err := r.r.ReadByte()
	if err != nil {
		r.fail()
		return 0
	}
	r.left--
	r.sum = update(r.sum, b)
	return b
}

// update adds one byte to a CRC.
func update(sum uint32, b byte) uint32 {
	sum = ^sum
	return ^(castagnoli[byte(sum)^b] ^ sum>>8)
}

// count reads how many things follow, each of at least one byte.
func (r *reader) count() int {
	n := r.number()
	if n > uint64(max(0, r.left)) || n > math.MaxInt32 {
		r.fail()
		return 0
	}
	return int(n)
}

func (r *reader) text() string { return string(r.raw(r.count())) }

func (r *reader) texts() []string {
	n := r.count()
	var out []string
	for i := 0; i < n && r.err == nil; i++ {
		out = append(out, r.text())
	}
	return out
}

func (r *reader) numbers() []uint32 {
	n := r.count()
	var out []uint32
	for i := 0; i < n && r.err == nil; i++ {
		v := r.number()
		if v > math.MaxUint32 {
			r.fail()
		}
		out = append(out, uint32(v))
	}
	return out
}

// fixed reads n values of width bytes each.
func (r *reader) fixed(n, width int, take func(v uint64)) {
	for n > 0 && r.err == nil {
		k := min(chunkOf, n)
		b := r.raw(k * width)
		for i := 0; i+width <= len(b); i += width {
			v := uint64(0)
			for j := width - 1; j >= 0; j-- {
				v = v<<8 | uint64(b[i+j])
			}
			take(v)
		}
		n -= k
	}
}
