package parquet

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/klauspost/compress/zstd"
)

// errPages says that the bytes of a row group are not what [Table.Group] wrote.
var errPages = errors.New("the pages of a row group are damaged")

// mostPage bounds what a page is believed to hold, in bytes.
const mostPage = 1 << 30

// A Joiner adds the lines of row groups that were written before to a table, so that
// small groups become larger ones. It reads what this package writes, and no other
// Parquet. It is for one goroutine.
type Joiner struct {
	unzip *zstd.Decoder
	raw   []byte
	dict  []string
	show  []byte   // levels of a page, or flags
	index []uint32 // into dict
}

// NewJoiner may be used for many tables.
func NewJoiner() *Joiner {
	unzip, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(mostPage))
	if err != nil {
		panic(err) // these options are valid
	}
	return &Joiner{unzip: unzip}
}

// Join adds the lines of a group to a table of the same columns; data begin where the
// group does, and rest is what stands after it. After an error the table is of no use.
func (j *Joiner) Join(t *Table, data []byte, g Group) (rest []byte, err error) {
	if len(g.chunks) != len(t.columns) {
		return nil, fmt.Errorf("a row group has %d columns, the table %d", len(g.chunks), len(t.columns))
	}
	for i := range g.chunks {
		c := &g.chunks[i]
		if c.size > int64(len(data)) {
			return nil, fmt.Errorf("column %s: %w", t.columns[i].Name, errPages)
		}
		if err := j.column(t, i, data[:c.size], g.rows); err != nil {
			return nil, fmt.Errorf("column %s: %w", t.columns[i].Name, err)
		}
		data = data[c.size:]
	}
	t.rows += int(g.rows)
	return data, nil
}

// column adds a column of so many lines.
func (j *Joiner) column(t *Table, i int, pages []byte, lines int64) error {
	j.dict = j.dict[:0]
	for lines > 0 {
		h, rest, err := readHeader(pages)
		if err != nil {
			return err
		}
		if j.raw, err = j.unzip.DecodeAll(rest[:h.packed], j.raw[:0]); err != nil || len(j.raw) != int(h.size) {
			return errors.Join(errPages, err)
		}
		pages = rest[h.packed:]
		if h.kind == pageDictionary {
			if err := j.dictionary(h.values); err != nil {
				return err
			}
			continue
		}
		if int64(h.values) > lines || h.values == 0 {
			return errPages
		}
		lines -= int64(h.values)
		if err := j.page(t, i, h); err != nil {
			return err
		}
	}
	if len(pages) > 0 {
		return errPages
	}
	return nil
}

func (j *Joiner) dictionary(n int32) error {
	r := pageReader{b: j.raw}
	for range n {
		j.dict = append(j.dict, r.text())
		if r.bad {
			return errPages
		}
	}
	return nil
}

// page adds the lines of a data page.
func (j *Joiner) page(t *Table, i int, h header) error {
	r := pageReader{b: j.raw}
	n := int(h.values)
	some := n // lines with a value
	j.show = j.show[:0]
	if t.columns[i].Optional {
		levels := r.take(int(r.u32()))
		var ok bool
		if j.show, ok = readHybrid(levels, j.show, n, 1); !ok {
			return errPages
		}
		for _, l := range j.show {
			some -= 1 - int(l)
		}
	}
	add, err := j.values(t, i, h, &r, some)
	if err != nil {
		return err
	}
	for line := range n {
		if len(j.show) > 0 && j.show[line] == 0 {
			t.Null(i)
			continue
		}
		add()
	}
	if r.bad {
		return errPages
	}
	return nil
}

// values gives what adds the next value of a page to a column.
func (j *Joiner) values(t *Table, i int, h header, r *pageReader, some int) (func(), error) {
	switch kind := t.columns[i].Kind; {
	case h.encoding == encodingRLEDictionary:
		width := int(r.byte())
		var ok bool
		if width < 1 || width > 32 {
			return nil, errPages
		}
		if j.index, ok = readHybrid(r.b, j.index[:0], some, width); !ok {
			return nil, errPages
		}
		for _, n := range j.index {
			if int64(n) >= int64(len(j.dict)) {
				return nil, errPages
			}
		}
		at := 0
		return func() { t.Text(i, j.dict[j.index[at]]); at++ }, nil
	case kind == String:
		return func() { t.Text(i, r.text()) }, nil
	case kind == Int64:
		return func() { t.Int(i, int64(r.u64())) }, nil //nolint:gosec // the same bits
	case kind == Double:
		return func() { t.Double(i, math.Float64frombits(r.u64())) }, nil
	case kind == Boolean:
		at, flags := 0, r.take((some+7)/8)
		if r.bad {
			return nil, errPages
		}
		return func() { t.Bool(i, flags[at/8]>>(at%8)&1 != 0); at++ }, nil
	default:
		return func() { t.Int(i, int64(int32(r.u32()))) }, nil //nolint:gosec // the same bits
	}
}

// A pageReader reads values; what is not there is zero, and bad.
type pageReader struct {
	b   []byte
	bad bool
}

func (r *pageReader) take(n int) []byte {
	if n < 0 || n > len(r.b) {
		r.bad, r.b = true, nil
		return nil
	}
	v := r.b[:n]
	r.b = r.b[n:]
	return v
}

func (r *pageReader) byte() byte {
	if v := r.take(1); v != nil {
		return v[0]
	}
	return 0
}

func (r *pageReader) u32() uint32 {
	if v := r.take(4); v != nil {
		return binary.LittleEndian.Uint32(v)
	}
	return 0
}

func (r *pageReader) u64() uint64 {
	if v := r.take(8); v != nil {
		return binary.LittleEndian.Uint64(v)
	}
	return 0
}

func (r *pageReader) text() string { return string(r.take(int(r.u32()))) }

// readHybrid reads n numbers that appendHybrid wrote; ok is false if they are not there.
func readHybrid[T byte | uint32](b []byte, to []T, n, width int) (list []T, ok bool) {
	for n > 0 {
		head, size := binary.Uvarint(b)
		if size <= 0 || head>>1 == 0 || head>>1 > math.MaxInt32 {
			return to, false
		}
		b = b[size:]
		run, bytes := int(head>>1), (width+7)/8 //nolint:gosec // bounded above
		if packed := head&1 != 0; packed {
			run, bytes = run*8, run*width
		}
		if bytes > len(b) {
			return to, false
		}
		if head&1 == 0 {
			var v uint64
			for i := range bytes {
				v |= uint64(b[i]) << (8 * i)
			}
			for range min(run, n) {
				to = append(to, T(v))
			}
		} else {
			to = readPacked(b[:bytes], to, min(run, n), width)
		}
		b = b[bytes:]
		n -= min(run, n)
	}
	return to, true
}

// readPacked reads n numbers of width bits, which are there.
func readPacked[T byte | uint32](b []byte, to []T, n, width int) []T {
	var acc uint64
	have := 0
	for range n {
		for have < width {
			acc |= uint64(b[0]) << have
			b, have = b[1:], have+8
		}
		to = append(to, T(acc&(1<<width-1)))
		acc >>= width
		have -= width
	}
	return to
}

// A header is what stands before a page.
type header struct{ kind, size, packed, values, encoding int32 }

// readHeader reads the header of a page, and gives what stands after it: the page, all
// of it, and what follows.
func readHeader(b []byte) (header, []byte, error) {
	var h header
	r := headerReader{b: b}
	r.fields(0, func(outer, id int16, v int32) {
		switch {
		case outer == 0 && id == 1:
			h.kind = v
		case outer == 0 && id == 2:
			h.size = v
		case outer == 0 && id == 3:
			h.packed = v
		case outer != 0 && id == 1:
			h.values = v
		case outer != 0 && id == 2:
			h.encoding = v
		}
	})
	if r.bad || h.size < 0 || h.size > mostPage || h.packed < 0 || int(h.packed) > len(r.b) || h.values < 0 {
		return h, nil, errPages
	}
	return h, r.b, nil
}

type headerReader struct {
	b   []byte
	bad bool
}

// fields reads a struct of numbers, and in the outermost of structs of numbers.
func (r *headerReader) fields(outer int16, found func(outer, id int16, v int32)) {
	for id := int16(0); !r.bad; {
		if len(r.b) == 0 {
			r.bad = true
			return
		}
		head := r.b[0]
		r.b = r.b[1:]
		if head == 0 {
			return
		}
		id += int16(head >> 4)
		switch kind := head & 15; {
		case head>>4 == 0: // longer steps are not written
			r.bad = true
		case kind == thriftI32:
			v, n := binary.Varint(r.b)
			if n <= 0 || v != int64(int32(v)) { //nolint:gosec // that is looked at
				r.bad = true
				return
			}
			r.b = r.b[n:]
			found(outer, id, int32(v)) //nolint:gosec // it was looked at
		case kind == thriftStruct && outer == 0:
			r.fields(id, found)
		default:
			r.bad = true
		}
	}
}
