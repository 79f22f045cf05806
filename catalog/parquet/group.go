package parquet

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// A Group is what a footer has to know of a row group. The zero Group is none.
type Group struct {
	rows   int64
	chunks []chunk
}

// A chunk is a column of a group.
type chunk struct {
	nulls     int64
	plainSize int64 // with the heads of pages
	size      int64 // in the file
	dictSize  int64 // of these, the dictionary; 0: there is none
	min, max  string
}

// errGroup says that the bytes of a group are not what [Group.Append] wrote.
var errGroup = errors.New("the description of a row group is damaged")

// mostColumns bounds what [ReadGroup] believes.
const mostColumns = 1 << 10

// Append appends the group in a form that [ReadGroup] reads: numbers as varints.
func (g Group) Append(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(g.rows))
	b = binary.AppendUvarint(b, uint64(len(g.chunks)))
	for _, c := range g.chunks {
		for _, n := range []int64{c.nulls, c.plainSize, c.size, c.dictSize} {
			b = binary.AppendUvarint(b, uint64(n))
		}
		for _, s := range []string{c.min, c.max} {
			b = append(binary.AppendUvarint(b, uint64(len(s))), s...)
		}
	}
	return b
}

// ReadGroup reads a group and gives what stands after it.
func ReadGroup(b []byte) (Group, []byte, error) {
	r := reader{b: b}
	g := Group{rows: r.number()}
	n := r.number()
	if r.bad || n > mostColumns {
		return Group{}, nil, errGroup
	}
	g.chunks = make([]chunk, n)
	for i := range g.chunks {
		c := &g.chunks[i]
		for _, to := range []*int64{&c.nulls, &c.plainSize, &c.size, &c.dictSize} {
			*to = r.number()
		}
		c.min, c.max = r.text(), r.text()
		if c.dictSize > c.size || c.nulls > g.rows {
			r.bad = true
		}
	}
	if r.bad {
		return Group{}, nil, errGroup
	}
	return g, r.b, nil
}

type reader struct {
	b   []byte
	bad bool
}

func (r *reader) number() int64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 || v > math.MaxInt64>>8 {
		r.bad = true
		return 0
	}
	r.b = r.b[n:]
	return int64(v)
}

func (r *reader) text() string {
	n := r.number()
	if n > int64(len(r.b)) {
		r.bad = true
		return ""
	}
	s := string(r.b[:n])
	r.b = r.b[n:]
	return s
}

// Footer gives the end of a file whose groups stand one after the other behind [Magic].
func Footer(columns []Column, groups []Group, createdBy string) ([]byte, error) {
	var rows int64
	for _, g := range groups {
		if len(g.chunks) != len(columns) {
			return nil, fmt.Errorf("a row group has %d columns, the table %d", len(g.chunks), len(columns))
		}
		rows += g.rows
	}
	var c compact
	c.open()
	c.i32(1, 1)
	schema(&c, columns)
	c.i64(3, rows)
	c.list(4, thriftStruct, len(groups))
	at := int64(len(Magic))
	for i, g := range groups {
		at = rowGroup(&c, columns, g, i, at)
	}
	c.binary(6, createdBy)
	c.list(7, thriftStruct, len(columns))
	for range columns {
		c.open()
		c.begin(1) // the order that the type defines
		c.end()
		c.end()
	}
	c.end()
	b := binary.LittleEndian.AppendUint32(c.b, uint32(len(c.b)))
	return append(b, Magic...), nil
}

func schema(c *compact, columns []Column) {
	c.list(2, thriftStruct, 1+len(columns))
	c.open()
	c.binary(4, "table")
	c.i32(5, int32(len(columns)))
	c.end()
	for _, col := range columns {
		c.open()
		c.i32(1, col.Kind.physical())
		repetition := int32(required)
		if col.Optional {
			repetition = optional
		}
		c.i32(3, repetition)
		c.binary(4, col.Name)
		switch col.Kind {
		case String:
			c.i32(6, convertedUTF8)
			logical(c, logicalString, nil)
		case Date:
			c.i32(6, convertedDate)
			logical(c, logicalDate, nil)
		case Int32:
			c.i32(6, convertedInt32)
			logical(c, logicalInteger, integer(32))
		case Int64:
			c.i32(6, convertedInt64)
			logical(c, logicalInteger, integer(64))
		}
		c.end()
	}
}

func logical(c *compact, kind int16, fields func(*compact)) {
	c.begin(10)
	c.begin(kind)
	if fields != nil {
		fields(c)
	}
	c.end()
	c.end()
}

// integer describes a signed number of so many bits.
func integer(width byte) func(*compact) {
	return func(c *compact) {
		c.field(1, thriftByte)
		c.b = append(c.b, width)
		c.bool(2, true)
	}
}

// rowGroup describes a group that begins at, and tells where the next one does.
func rowGroup(c *compact, columns []Column, g Group, ordinal int, at int64) int64 {
	begin := at
	var plain int64
	c.open()
	c.list(1, thriftStruct, len(columns))
	for i, k := range g.chunks {
		c.open()
		c.i64(2, 0)
		c.begin(3)
		k.describe(c, columns[i], g.rows, at)
		c.end()
		c.end()
		at += k.size
		plain += k.plainSize
	}
	c.i64(2, plain)
	c.i64(3, g.rows)
	c.i64(5, begin)
	c.i64(6, at-begin)
	c.i16(7, int16(min(ordinal, math.MaxInt16)))
	c.end()
	return at
}

// describe writes what is known of a column that begins at.
func (k chunk) describe(c *compact, col Column, rows, at int64) {
	encodings := []int64{encodingPlain, encodingRLE}
	if k.dictSize > 0 {
		encodings = append(encodings, encodingRLEDictionary)
	}
	c.i32(1, col.Kind.physical())
	c.list(2, thriftI32, len(encodings))
	for _, e := range encodings {
		c.number(e)
	}
	c.list(3, thriftBinary, 1)
	c.text(col.Name)
	c.i32(4, codecZstd)
	c.i64(5, rows)
	c.i64(6, k.plainSize)
	c.i64(7, k.size)
	c.i64(9, at+k.dictSize)
	if k.dictSize > 0 {
		c.i64(11, at)
	}
	c.begin(12)
	c.i64(3, k.nulls)
	if k.min != "" || k.max != "" {
		c.binary(5, k.max)
		c.binary(6, k.min)
	}
	c.end()
}
