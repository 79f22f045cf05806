package parse

import (
	"bytes"
	"unicode/utf8"
)

// A scanResult says how the reading of a token ended.
type scanResult uint8

const (
	scanDone  scanResult = iota
	scanShort            // more is needed
	scanBad
)

// iriSigns are the bytes that may not stand in an IRI as they are.
var iriSigns = func() (bad [256]bool) {
	for c := range 0x21 {
		bad[c] = true
	}
	for _, c := range []byte(`<>"{}|^` + "`\\") {
		bad[c] = true
	}
	return bad
}()

// scanIRI reads <…> from behind its opening sign: raw is what stands between
// the signs, n the length with the closing one.
func scanIRI(b []byte) (raw []byte, n int, escaped bool, r scanResult) {
	for i := 0; i < len(b); i++ {
		c := b[i]
		if !iriSigns[c] {
			continue
		}
		switch c {
		case '>':
			return b[:i], i + 1, escaped, scanDone
		case '\\':
			escaped = true
		default:
			return nil, i, false, scanBad
		}
	}
	return nil, len(b), false, scanShort
}

// scanLoose reads an IRI that holds characters it may not, such as a space, up to
// its closing sign on the same line, and escapes them.
func scanLoose(b []byte) (mended []byte, n int, r scanResult) {
	for i, c := range b {
		switch {
		case c == '>':
			return mended, i + 1, scanDone
		case c == '<' || c == '\n' || c == '\\':
			return nil, 0, scanBad
		case iriSigns[c]:
			const hex = "0123456789ABCDEF"
			mended = append(mended, '%', hex[c>>4], hex[c&15])
		default:
			mended = append(mended, c)
		}
	}
	return nil, len(b), scanShort
}

// unescapeIRI decodes \u and \U; ok is false for any other escape, and for a
// character that an IRI may not hold.
func unescapeIRI(dst, s []byte) (_ []byte, ok bool) {
	for len(s) > 0 {
		i := bytes.IndexByte(s, '\\')
		if i < 0 {
			return append(dst, s...), true
		}
		dst, s = append(dst, s[:i]...), s[i:]
		if len(s) < 2 || s[1] != 'u' && s[1] != 'U' {
			return nil, false
		}
		r, n := numericEscape(s)
		if n == 0 || r < 256 && iriSigns[r] {
			return nil, false
		}
		dst, s = utf8.AppendRune(dst, r), s[n:]
	}
	return dst, true
}

// numericEscape decodes \uXXXX or \UXXXXXXXX; n is 0 if it is none.
func numericEscape(s []byte) (r rune, n int) {
	n = 6
	if s[1] == 'U' {
		n = 10
	}
	if len(s) < n {
		return 0, 0
	}
	for _, c := range s[2:n] {
		d := hexDigit(c)
		if d < 0 {
			return 0, 0
		}
		r = r<<4 | d
	}
	if !utf8.ValidRune(r) {
		return 0, 0
	}
	return r, n
}

func hexDigit(c byte) rune {
	switch {
	case c >= '0' && c <= '9':
		return rune(c - '0')
	case c >= 'a' && c <= 'f':
		return rune(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return rune(c-'A') + 10
	}
	return -1
}

// scanString reads a string from behind its opening quotes: short ones end at the
// first quote and hold no end of line, long ones at three in a row.
func scanString(b []byte, quote byte, long bool) (raw []byte, n int, escaped bool, r scanResult) {
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case c == quote && !long:
			return b[:i], i + 1, escaped, scanDone
		case c == quote && i+2 >= len(b):
			return nil, len(b), false, scanShort
		case c == quote && b[i+1] == quote && b[i+2] == quote:
			return b[:i], i + 3, escaped, scanDone
		case c == '\\':
			escaped = true
			i++
		case (c == '\n' || c == '\r') && !long:
			return nil, i, false, scanBad
		}
	}
	return nil, len(b), false, scanShort
}

// unescape decodes the escapes of a string.
func unescape(dst, s []byte) (_ []byte, ok bool) {
	for len(s) > 0 {
		i := bytes.IndexByte(s, '\\')
		if i < 0 {
			return append(dst, s...), true
		}
		if dst, s = append(dst, s[:i]...), s[i:]; len(s) < 2 {
			return nil, false
		}
		switch s[1] {
		case 't':
			dst = append(dst, '\t')
		case 'b':
			dst = append(dst, '\b')
		case 'n':
			dst = append(dst, '\n')
		case 'r':
			dst = append(dst, '\r')
		case 'f':
			dst = append(dst, '\f')
		case '"', '\'', '\\':
			dst = append(dst, s[1])
		case 'u', 'U':
			r, n := numericEscape(s)
			if n == 0 {
				return nil, false
			}
			dst, s = utf8.AppendRune(dst, r), s[n:]
			continue
		default:
			return nil, false
		}
		s = s[2:]
	}
	return dst, true
}

// scanLang reads a language tag from behind its @.
func scanLang(b []byte) (n int, r scanResult) {
	letter := func(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
	for n < len(b) && letter(b[n]) {
		n++
	}
	if n == len(b) {
		return n, scanShort
	}
	if n == 0 {
		return 0, scanBad
	}
	for n < len(b) && b[n] == '-' {
		from := n + 1
		for n = from; n < len(b) && (letter(b[n]) || b[n] >= '0' && b[n] <= '9'); n++ {
		}
		if n == len(b) {
			return n, scanShort
		}
		if n == from {
			return 0, scanBad
		}
	}
	if n == len(b) {
		return n, scanShort
	}
	return n, scanDone
}

// isNameStart is PN_CHARS_BASE of the grammar.
func isNameStart(r rune) bool {
	switch {
	case r < 0x80:
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
	case r < 0x300:
		return r >= 0xC0 && r != 0xD7 && r != 0xF7
	case r < 0x2000:
		return r >= 0x370 && r != 0x37E
	}
	return r == 0x200C || r == 0x200D || r >= 0x2070 && r <= 0x218F || r >= 0x2C00 && r <= 0x2FEF ||
		r >= 0x3001 && r <= 0xD7FF || r >= 0xF900 && r <= 0xFDCF || r >= 0xFDF0 && r <= 0xFFFD || r >= 0x10000 && r <= 0xEFFFF
}

// isName is PN_CHARS.
func isName(r rune) bool {
	return isNameStart(r) || r == '_' || r == '-' || r >= '0' && r <= '9' || r == 0xB7 || r >= 0x300 && r <= 0x36F || r == 0x203F || r == 0x2040
}

// nameBytes are the ASCII bytes of PN_CHARS.
var nameBytes = func() (is [128]bool) {
	for c := range rune(128) {
		is[c] = isName(c)
	}
	return is
}()

// scanLabel reads the label of a blank node (blank), or a prefix: name characters, points
// in it but not at its end. A label may begin with a digit.
func scanLabel(b []byte, blank bool) (n int, r scanResult) {
	last := 0 // behind the last character that is no point
	for n < len(b) {
		c := rune(b[n])
		size := 1
		if c >= utf8.RuneSelf {
			if !utf8.FullRune(b[n:]) {
				return n, scanShort
			}
			if c, size = utf8.DecodeRune(b[n:]); c == utf8.RuneError && size == 1 {
				return n, scanBad
			}
		}
		switch {
		case n == 0 && blank && (c == '_' || c >= '0' && c <= '9' || isNameStart(c)), n == 0 && !blank && isNameStart(c):
		case n > 0 && c == '.':
			n++
			continue
		case n > 0 && isName(c):
		default:
			return last, scanDone
		}
		n += size
		last = n
	}
	return last, scanShort
}
