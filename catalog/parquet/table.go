package parquet

import (
	"encoding/binary"
	"math"
	"math/bits"

	"github.com/klauspost/compress/zstd"
)

// Sizes of what a Table gathers.
const (
	pageBytes  = 256 << 10 // of values, after which a page ends
	dictTrial  = 4 << 10   // texts after which it is seen whether a dictionary is worth it
	zstdWindow = 1 << 20
)

// A Table gathers lines in memory and gives them as row groups. In each line exactly
// one method is called for each column, in any order, then [Table.End]. It may be used
// again after each Group, and writes then what a new one would.
type Table struct {
	columns []column
	rows    int
	zip     *zstd.Encoder
	raw     []byte // a page before it is compressed
	packed  []byte
}

// New makes a table. A Table is for one goroutine.
func New(columns []Column) *Table {
	zip, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(zstdWindow), zstd.WithEncoderCRC(false))
	if err != nil {
		panic(err) // these options are valid
	}
	t := &Table{columns: make([]column, len(columns)), zip: zip}
	for i, c := range columns {
		t.columns[i] = column{Column: c}
		t.columns[i].reset()
	}
	return t
}

// Rows is the number of lines since the last Group.
func (t *Table) Rows() int { return t.rows }

// End ends a line.
func (t *Table) End() { t.rows++ }

// Null says that the column i, an optional one, has no value.
func (t *Table) Null(i int) {
	c := &t.columns[i]
	c.levels = append(c.levels, 0)
	c.nulls++
	c.count++
}

// Text adds a value of a column of texts.
func (t *Table) Text(i int, s string) {
	c := &t.columns[i]
	c.present()
	c.least.text(s, c.count == c.nulls+1)
	if c.words == nil {
		c.plain = appendText(c.plain, s)
		t.cut(c)
		return
	}
	n, known := c.words[s]
	if !known {
		n = uint32(len(c.dict))
		s = string([]byte(s)) // what it is a part of may be large
		c.dict = append(c.dict, s)
		c.words[s] = n
	}
	c.indexes = append(c.indexes, n)
	if len(c.indexes) == dictTrial && len(c.dict) > dictTrial*3/4 {
		for _, n := range c.indexes {
			c.plain = appendText(c.plain, c.dict[n])
		}
		c.words, c.dict, c.indexes = nil, nil, nil
		t.cut(c)
	}
}

func appendText(b []byte, s string) []byte {
	return append(binary.LittleEndian.AppendUint32(b, uint32(len(s))), s...)
}

// Int adds a value of a column of Int32, Int64 or Date.
func (t *Table) Int(i int, v int64) {
	c := &t.columns[i]
	c.present()
	c.least.int(v, c.count == c.nulls+1)
	if c.Kind == Int64 {
		c.plain = binary.LittleEndian.AppendUint64(c.plain, uint64(v))
	} else {
		c.plain = binary.LittleEndian.AppendUint32(c.plain, uint32(v))
	}
	t.cut(c)
}

// Double adds a value of a column of Double.
func (t *Table) Double(i int, v float64) {
	c := &t.columns[i]
	c.present()
	c.least.double(v, c.count == c.nulls+1)
	c.plain = binary.LittleEndian.AppendUint64(c.plain, math.Float64bits(v))
	t.cut(c)
}

// Bool adds a value of a column of Boolean.
func (t *Table) Bool(i int, v bool) {
	c := &t.columns[i]
	c.present()
	n := byte(0)
	if v {
		n = 1
	}
	c.least.int(int64(n), c.count == c.nulls+1)
	c.flags = append(c.flags, n)
}

// A column is what a Table holds of one column of the group to come.
type column struct {
	Column
	chunk
	least   bounds
	count   int64 // lines of all pages
	inPages int64 // lines of the pages that are written
	levels  []byte
	plain   []byte
	flags   []byte
	words   map[string]uint32 // nil: no dictionary
	dict    []string
	indexes []uint32
	pages   []byte
}

func (c *column) reset() {
	*c = column{Column: c.Column, levels: c.levels[:0], plain: c.plain[:0], flags: c.flags[:0], pages: c.pages[:0]}
	if c.Kind == String {
		c.words = map[string]uint32{}
	}
}

func (c *column) present() {
	c.count++
	if c.Optional {
		c.levels = append(c.levels, 1)
	}
}

// cut ends the page of a column if it is large.
func (t *Table) cut(c *column) {
	if len(c.plain) >= pageBytes {
		t.page(c)
	}
}

// page writes what a column gathered as a data page.
func (t *Table) page(c *column) {
	lines := c.count - c.inPages
	if lines == 0 {
		return
	}
	c.inPages = c.count
	t.raw = t.raw[:0]
	if c.Optional {
		t.raw = append(t.raw, 0, 0, 0, 0) // the length of the levels
		t.raw = appendHybrid(t.raw, c.levels, 1)
		binary.LittleEndian.PutUint32(t.raw, uint32(len(t.raw)-4))
	}
	encoding := int32(encodingPlain)
	switch {
	case c.words != nil:
		encoding = encodingRLEDictionary
		width := max(1, bits.Len(uint(max(len(c.dict), 1)-1)))
		t.raw = append(t.raw, byte(width))
		t.raw = appendHybrid(t.raw, c.indexes, width)
	case c.Kind == Boolean:
		t.raw = appendPacked(t.raw, c.flags, 1)
	default:
		t.raw = append(t.raw, c.plain...)
	}
	t.put(c, func(h *compact) {
		h.i32(1, pageData)
		t.sizes(h)
		h.begin(5)
		h.i32(1, int32(lines))
		h.i32(2, encoding)
		h.i32(3, encodingRLE)
		h.i32(4, encodingRLE)
		h.end()
	})
	c.levels, c.plain, c.flags, c.indexes = c.levels[:0], c.plain[:0], c.flags[:0], c.indexes[:0]
}

// dictionary writes the page of the texts of a column.
func (t *Table) dictionary(c *column) {
	t.raw = t.raw[:0]
	for _, s := range c.dict {
		t.raw = appendText(t.raw, s)
	}
	t.put(c, func(h *compact) {
		h.i32(1, pageDictionary)
		t.sizes(h)
		h.begin(7)
		h.i32(1, int32(len(c.dict)))
		h.i32(2, encodingPlain)
		h.end()
	})
	c.dictSize = int64(len(c.pages))
}

func (t *Table) sizes(h *compact) {
	h.i32(2, int32(len(t.raw)))
	h.i32(3, int32(len(t.packed)))
}

// put compresses the raw page and appends it to those of the column.
func (t *Table) put(c *column, header func(*compact)) {
	t.packed = t.zip.EncodeAll(t.raw, t.packed[:0])
	h := compact{b: c.pages}
	before := len(c.pages)
	h.open()
	header(&h)
	h.end()
	c.plainSize += int64(len(h.b) - before + len(t.raw))
	c.pages = append(h.b, t.packed...)
}

// Group appends what was gathered to b as a row group and begins a new one. It must
// not be asked of a table without lines.
func (t *Table) Group(b []byte) ([]byte, Group) {
	g := Group{rows: int64(t.rows), chunks: make([]chunk, len(t.columns))}
	for i := range t.columns {
		c := &t.columns[i]
		if len(c.dict) == 0 {
			c.words = nil // no line has a value
		}
		if c.words != nil {
			t.dictionary(c)
		}
		t.page(c)
		b = append(b, c.pages...)
		c.size = int64(len(c.pages))
		c.min, c.max = c.least.bytes(c.Kind, c.count > c.nulls)
		g.chunks[i] = c.chunk
		c.reset()
	}
	t.rows = 0
	return b, g
}
