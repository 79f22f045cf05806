package parquet

import (
	"encoding/binary"
	"math"
	"strings"
)

// longestBound is the length of the longest text that is told as the least or greatest
// of a column.
const longestBound = 128

// bounds are the least and the greatest value of a column.
type bounds struct {
	minText, maxText     string
	minInt, maxInt       int64
	minDouble, maxDouble float64
	none                 bool // a value that has no place in an order was among them
}

func (b *bounds) text(s string, first bool) {
	if first || s < b.minText {
		b.minText = strings.Clone(s)
	}
	if first || s > b.maxText {
		b.maxText = strings.Clone(s)
	}
}

func (b *bounds) int(v int64, first bool) {
	if first || v < b.minInt {
		b.minInt = v
	}
	if first || v > b.maxInt {
		b.maxInt = v
	}
}

func (b *bounds) double(v float64, first bool) {
	if math.IsNaN(v) {
		b.none = true
	}
	if first || v < b.minDouble {
		b.minDouble = v
	}
	if first || v > b.maxDouble {
		b.maxDouble = v
	}
}

// bytes gives the bounds as the format stores them, or nothing if there are none.
func (b *bounds) bytes(k Kind, any bool) (least, most string) {
	if !any || b.none {
		return "", ""
	}
	switch k {
	case String:
		if len(b.minText) > longestBound || len(b.maxText) > longestBound {
			return "", ""
		}
		return b.minText, b.maxText
	case Boolean:
		return string([]byte{byte(b.minInt)}), string([]byte{byte(b.maxInt)})
	case Double:
		// A zero may be either zero: the format asks for the wider one.
		least, most := b.minDouble, b.maxDouble
		if least == 0 {
			least = math.Copysign(0, -1)
		}
		if most == 0 {
			most = 0
		}
		return little(math.Float64bits(least), 8), little(math.Float64bits(most), 8)
	case Int64:
		return little(uint64(b.minInt), 8), little(uint64(b.maxInt), 8)
	default:
		return little(uint64(b.minInt), 4), little(uint64(b.maxInt), 4)
	}
}

func little(v uint64, n int) string {
	var raw [8]byte
	binary.LittleEndian.PutUint64(raw[:], v)
	return string(raw[:n])
}
