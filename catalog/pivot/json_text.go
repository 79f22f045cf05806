package pivot

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

// What was expected where a text is not JSON, in signs rather than words: it
// is shown in every language.
const (
	jsonWantValue     = `" { [ 0-9 - true false null`
	jsonWantNoControl = `\n \t \u0000`
	jsonWantNoZero    = "1-9"
)

// jsonPlain finds the first byte from i on that a string cannot hold as it is:
// a quote, a backslash or a control character. It reports whether it passed
// bytes beyond ASCII. Eight bytes at a time: in each word, the classic test
// for a zero byte marks the lowest match exactly.
func jsonPlain(b []byte, i int) (int, bool) {
	const (
		ones  = 0x0101010101010101
		highs = 0x8080808080808080
	)
	var high uint64
	for ; i+8 <= len(b); i += 8 {
		x := binary.LittleEndian.Uint64(b[i:])
		quote, back := x^(ones*'"'), x^(ones*'\\')
		stop := ((quote-ones)&^quote | (back-ones)&^back | (x-ones*' ')&^x) & highs
		if stop != 0 {
			at := bits.TrailingZeros64(stop) &^ 7
			high |= x & highs & (1<<at - 1)
			return i + at/8, high != 0
		}
		high |= x & highs
	}
	for ; i < len(b); i++ {
		c := b[i]
		if c == '"' || c == '\\' || c < ' ' {
			break
		}
		high |= uint64(c & 0x80)
	}
	return i, high != 0
}

func jsonHex(c byte) rune {
	switch {
	case c >= '0' && c <= '9':
		return rune(c - '0')
	case c >= 'a' && c <= 'f':
		return rune(c - 'a' + 10)
	case c >= 'A' && c <= 'F':
		return rune(c - 'A' + 10)
	}
	return -1
}

func jsonHex4(b []byte) (r rune) {
	for _, c := range b[:4] {
		r = r<<4 | jsonHex(c)
	}
	return r
}

// jsonUnescape appends to b the string s, without its quotes and known to be
// well formed, with its escapes decoded. Half of a surrogate pair becomes
// U+FFFD.
func jsonUnescape(b, s []byte) []byte {
	for {
		i := bytes.IndexByte(s, '\\')
		if i < 0 {
			return append(b, s...)
		}
		r, n := jsonEscape(s[i:])
		b = utf8.AppendRune(append(b, s[:i]...), r)
		s = s[i+n:]
	}
}

// jsonEscape decodes the escape that s begins with and gives its length. Half
// of a surrogate pair is given as it is.
func jsonEscape(s []byte) (rune, int) {
	switch s[1] {
	case 'b':
		return '\b', 2
	case 'f':
		return '\f', 2
	case 'n':
		return '\n', 2
	case 'r':
		return '\r', 2
	case 't':
		return '\t', 2
	case 'u':
		r := jsonHex4(s[2:])
		if utf16.IsSurrogate(r) && len(s) >= 12 && s[6] == '\\' && s[7] == 'u' {
			if pair := utf16.DecodeRune(r, jsonHex4(s[8:])); pair != utf8.RuneError {
				return pair, 12
			}
		}
		return r, 6
	}
	return rune(s[1]), 2
}

// jsonAppendString appends s as a JSON string with the fewest escapes: quote,
// backslash and control characters, these as \b \f \n \r \t or \u00xx.
func jsonAppendString(b, s []byte) []byte {
	b = append(b, '"')
	for len(s) > 0 {
		i, _ := jsonPlain(s, 0)
		b = append(b, s[:i]...)
		if i == len(s) {
			break
		}
		b = jsonAppendEscape(b, rune(s[i]))
		s = s[i+1:]
	}
	return append(b, '"')
}

func jsonAppendEscape(b []byte, r rune) []byte {
	const short = "\"\"\\\\\bb\ff\nn\rr\tt"
	for i := 0; i < len(short); i += 2 {
		if rune(short[i]) == r {
			return append(b, '\\', short[i+1])
		}
	}
	const hex = "0123456789abcdef"
	return append(b, '\\', 'u', hex[r>>12&15], hex[r>>8&15], hex[r>>4&15], hex[r&15])
}
