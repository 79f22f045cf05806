package view

import (
	"encoding/binary"
	"errors"
	"math"
	"strings"
)

// The rows of the large buckets are binary: numbers as in encoding/binary's
// varints, texts after their length. Ids are mostly SIRETs, so a name (see
// appendName) that is all digits is kept as a number.
//
// A decoder never reads past its bytes and never makes more of anything than it
// has bytes for: rows come from a file.

var errRow = errors.New("not a row of the views: the file is damaged, delete it and start again")

// longName and digitsTag tell how a name is kept: its first byte is the length of
// a short one, longName, or digitsTag plus the number of its digits.
const (
	longName  = 0xC0
	digitsTag = 0xC0
	maxDigits = 18
)

// digitsWidth is how many bytes a number of n digits takes.
var digitsWidth = [maxDigits + 1]int{0, 1, 1, 2, 2, 3, 3, 3, 4, 4, 5, 5, 5, 6, 6, 7, 7, 8, 8}

// appendName appends a name. The same name always gives the same bytes.
func appendName(dst []byte, s string) []byte {
	if n := len(s); n > 0 && n <= maxDigits && strings.Trim(s, "0123456789") == "" {
		var v uint64
		for i := range n {
			v = v*10 + uint64(s[i]-'0')
		}
		var b [8]byte
		binary.BigEndian.PutUint64(b[:], v)
		return append(append(dst, digitsTag+byte(n)), b[8-digitsWidth[n]:]...)
	}
	if len(s) < longName {
		return append(append(dst, byte(len(s))), s...)
	}
	return appendText(append(dst, longName), s)
}

// bit is flag if is, else 0.
func bit(is bool, flag byte) byte {
	if is {
		return flag
	}
	return 0
}

func appendText(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

func appendTexts(dst []byte, list []string) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(list)))
	for _, s := range list {
		dst = appendText(dst, s)
	}
	return dst
}

// A decoder reads a row. After bytes that cannot be read everything is zero and
// end returns errRow.
type decoder struct {
	b   []byte
	bad bool
}

// end is the error of what was read, and of what is left.
func (d *decoder) end() error {
	if d.bad || len(d.b) > 0 {
		return errRow
	}
	return nil
}

func (d *decoder) raw(n int) []byte {
	if d.bad || n < 0 || n > len(d.b) {
		d.bad, d.b = true, nil
		return nil
	}
	out := d.b[:n:n]
	d.b = d.b[n:]
	return out
}

func (d *decoder) byte() byte {
	if b := d.raw(1); b != nil {
		return b[0]
	}
	return 0
}

func (d *decoder) uint32() uint32 {
	if b := d.raw(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

func (d *decoder) uint64() uint64 {
	if b := d.raw(8); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.b)
	if n <= 0 {
		d.bad, d.b = true, nil
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) varint() int64 {
	v, n := binary.Varint(d.b)
	if n <= 0 {
		d.bad, d.b = true, nil
		return 0
	}
	d.b = d.b[n:]
	return v
}

// count reads how many things follow, each of at least one byte.
func (d *decoder) count() int {
	n := d.uvarint()
	if n > uint64(len(d.b)) {
		d.bad, d.b = true, nil
		return 0
	}
	return int(n)
}

// number reads a number that must fit an int32.
func (d *decoder) number() int {
	n := d.uvarint()
	if n > math.MaxInt32 {
		d.bad, d.b = true, nil
		return 0
	}
	return int(n)
}

func (d *decoder) text() string { return string(d.raw(d.count())) }

func (d *decoder) texts() []string {
	var out []string
	for range d.count() {
		out = append(out, d.text())
	}
	return out
}

// rawName reads a name and leaves it as appendName wrote it.
func (d *decoder) rawName() []byte {
	all := d.b
	switch tag := d.byte(); {
	case tag < longName:
		d.raw(int(tag))
	case tag == longName:
		d.raw(d.count())
	case tag <= digitsTag+maxDigits:
		d.raw(digitsWidth[tag-digitsTag])
	default:
		d.bad, d.b = true, nil
	}
	if d.bad {
		return nil
	}
	return all[:len(all)-len(d.b)]
}

func (d *decoder) name() string {
	raw := d.rawName()
	switch {
	case len(raw) == 0:
		return ""
	case raw[0] < longName:
		return string(raw[1:])
	case raw[0] == longName:
		_, n := binary.Uvarint(raw[1:])
		return string(raw[1+n:])
	}
	var v uint64
	for _, c := range raw[1:] {
		v = v<<8 | uint64(c)
	}
	var out [maxDigits]byte
	n := int(raw[0] - digitsTag)
	for i := n - 1; i >= 0; i-- {
		out[i] = byte('0' + v%10)
		v /= 10
	}
	if v > 0 {
		d.bad, d.b = true, nil
	}
	return string(out[:n])
}
