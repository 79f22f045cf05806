package parquet

import "encoding/binary"

// Types of the compact protocol of Thrift
// (https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md).
const (
	thriftTrue   = 1
	thriftFalse  = 2
	thriftByte   = 3
	thriftI16    = 4
	thriftI32    = 5
	thriftI64    = 6
	thriftBinary = 8
	thriftList   = 9
	thriftStruct = 12
)

// A compact writer appends structs, whose fields come in the order of their numbers.
type compact struct {
	b    []byte
	last []int16 // of each open struct, the field written last
}

// open begins a struct that no field announces: a message, or an item of a list.
func (c *compact) open() { c.last = append(c.last, 0) }

func (c *compact) end() {
	c.b = append(c.b, 0)
	c.last = c.last[:len(c.last)-1]
}

func (c *compact) field(id int16, kind byte) {
	last := &c.last[len(c.last)-1]
	if d := id - *last; d > 0 && d < 16 {
		c.b = append(c.b, byte(d)<<4|kind)
	} else {
		c.b = binary.AppendVarint(append(c.b, kind), int64(id))
	}
	*last = id
}

func (c *compact) begin(id int16)            { c.field(id, thriftStruct); c.open() }
func (c *compact) i32(id int16, v int32)     { c.field(id, thriftI32); c.number(int64(v)) }
func (c *compact) i64(id int16, v int64)     { c.field(id, thriftI64); c.number(v) }
func (c *compact) i16(id int16, v int16)     { c.field(id, thriftI16); c.number(int64(v)) }
func (c *compact) number(v int64)            { c.b = binary.AppendVarint(c.b, v) }
func (c *compact) binary(id int16, v string) { c.field(id, thriftBinary); c.text(v) }
func (c *compact) text(v string)             { c.b = append(binary.AppendUvarint(c.b, uint64(len(v))), v...) }
func (c *compact) list(id int16, of byte, n int) {
	c.field(id, thriftList)
	if n < 15 {
		c.b = append(c.b, byte(n)<<4|of)
		return
	}
	c.b = binary.AppendUvarint(append(c.b, 0xF0|of), uint64(n))
}

func (c *compact) bool(id int16, v bool) {
	kind := byte(thriftFalse)
	if v {
		kind = thriftTrue
	}
	c.field(id, kind)
}
