package pivot

import (
	"strconv"
	"unicode/utf8"
)

// A writeDoc appends the fields of a record in one of the three legal
// layouts, so that each field is named once for all of them:
//
//	flat JSON     "titulaires":[{…}]
//	nested JSON   "titulaires":[{"titulaire":{…}}]   "techniques":{"technique":["…"]}
//	XML           <titulaires><titulaire>…</titulaire></titulaires>
type writeDoc struct {
	b    []byte
	form Form
}

// key opens the member called name; in XML, the element.
func (d *writeDoc) key(name string) {
	if d.form == XML {
		d.b = append(append(append(d.b, '<'), name...), '>')
		return
	}
	d.comma()
	d.b = append(append(append(d.b, '"'), name...), '"', ':')
}

// comma separates what follows from what stands before it in an object or a list.
func (d *writeDoc) comma() {
	if n := len(d.b); n > 0 && d.b[n-1] != '{' && d.b[n-1] != '[' {
		d.b = append(d.b, ',')
	}
}

func (d *writeDoc) closeTag(name string) {
	if d.form == XML {
		d.b = append(append(append(d.b, '<', '/'), name...), '>')
	}
}

// must writes a text that its schema requires, even when it is empty.
func (d *writeDoc) must(name, s string) {
	d.key(name)
	if d.form == XML {
		d.b = writeXMLText(d.b, s)
		d.closeTag(name)
		return
	}
	d.b = writeJSONText(d.b, s)
}

// text writes a text that is given.
func (d *writeDoc) text(name, s string) {
	if s != "" {
		d.must(name, s)
	}
}

func (d *writeDoc) number(name string, f *float64) {
	if writeGiven(f) {
		d.key(name)
		d.b = writeNumber(d.b, *f)
		d.closeTag(name)
	}
}

func (d *writeDoc) whole(name string, i *int) {
	if i != nil {
		d.key(name)
		d.b = strconv.AppendInt(d.b, int64(*i), 10)
		d.closeTag(name)
	}
}

func (d *writeDoc) boolean(name string, v *bool) {
	if v != nil {
		d.key(name)
		d.b = strconv.AppendBool(d.b, *v)
		d.closeTag(name)
	}
}

// object writes an object whose fields are written by fields.
func (d *writeDoc) object(name string, fields func()) {
	d.key(name)
	d.open()
	fields()
	d.shut()
	d.closeTag(name)
}

func (d *writeDoc) open() {
	if d.form != XML {
		d.b = append(d.b, '{')
	}
}

func (d *writeDoc) shut() {
	if d.form != XML {
		d.b = append(d.b, '}')
	}
}

// list writes a list of n objects, each called item where the layout wraps
// items. An empty list is left out unless it must be there.
func (d *writeDoc) list(name, item string, n int, must bool, fields func(i int)) {
	if n == 0 && !must {
		return
	}
	d.key(name)
	if d.form != XML {
		d.b = append(d.b, '[')
	}
	for i := range n {
		switch d.form {
		case XML:
			d.object(item, func() { fields(i) })
		case Nested:
			d.comma()
			d.open()
			d.object(item, func() { fields(i) })
			d.shut()
		default:
			d.comma()
			d.open()
			fields(i)
			d.shut()
		}
	}
	if d.form != XML {
		d.b = append(d.b, ']')
	}
	d.closeTag(name)
}

// words writes a list of texts in the wrapped layouts of 2.0.1 and later.
func (d *writeDoc) words(name, item string, words []string) {
	if len(words) == 0 {
		return
	}
	d.object(name, func() {
		if d.form == XML {
			for _, w := range words {
				d.must(item, w)
			}
			return
		}
		d.key(item)
		d.b = writeJSONList(d.b, words)
	})
}

// writeJSONList appends a list of JSON strings.
func writeJSONList(b []byte, words []string) []byte {
	b = append(b, '[')
	for i, w := range words {
		if i > 0 {
			b = append(b, ',')
		}
		b = writeJSONText(b, w)
	}
	return append(b, ']')
}

const writeHex = "0123456789abcdef"

// AppendText appends s to b as a JSON string, as every file of this package has it.
func AppendText(b []byte, s string) []byte { return writeJSONText(b, s) }

// AppendNumber appends f to b as a JSON number without an exponent. It is for numbers
// that JSON has: not those that are infinite or none.
func AppendNumber(b []byte, f float64) []byte { return writeNumber(b, f) }

// writeJSONText appends s as a JSON string, escaping no more than JSON asks
// for. Bytes that are no UTF-8 become U+FFFD.
func writeJSONText(b []byte, s string) []byte {
	b = append(b, '"')
	from := 0 // what stands before it is written
	for i := 0; i < len(s); {
		if i = writePlain(s, i); i == len(s) {
			break
		}
		c := s[i]
		if c < utf8.RuneSelf {
			if c >= 0x20 && c != '"' && c != '\\' {
				i++
				continue
			}
			b = writeJSONEscape(append(b, s[from:i]...), c)
			i++
			from = i
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 {
			b = utf8.AppendRune(append(b, s[from:i]...), r)
			from = i + size
		}
		i += size
	}
	return append(append(b, s[from:]...), '"')
}

// writePlain passes the bytes from i on that a JSON string holds as they are and that
// need no look at their encoding, eight at a time: it may stop short of the first other.
func writePlain(s string, i int) int {
	const (
		ones  = 0x0101010101010101
		highs = 0x8080808080808080
	)
	for ; i+8 <= len(s); i += 8 {
		w := s[i : i+8]
		x := uint64(w[0]) | uint64(w[1])<<8 | uint64(w[2])<<16 | uint64(w[3])<<24 | uint64(w[4])<<32 | uint64(w[5])<<40 | uint64(w[6])<<48 | uint64(w[7])<<56
		quote, back := x^(ones*'"'), x^(ones*'\\')
		if ((quote-ones)&^quote|(back-ones)&^back|(x-ones*' ')&^x|x)&highs != 0 {
			break
		}
	}
	return i
}

// writeJSONEscape appends a character that stands in no JSON string as it is.
func writeJSONEscape(b []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(b, '\\', c)
	case '\n':
		return append(b, '\\', 'n')
	case '\t':
		return append(b, '\\', 't')
	case '\r':
		return append(b, '\\', 'r')
	}
	return append(b, '\\', 'u', '0', '0', writeHex[c>>4], writeHex[c&15])
}

// writeXMLText appends s as XML character data. A carriage return is kept by
// a reference; characters that XML cannot hold become U+FFFD.
func writeXMLText(b []byte, s string) []byte {
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		i += size
		switch {
		case r == '&':
			b = append(b, "&amp;"...)
		case r == '<':
			b = append(b, "&lt;"...)
		case r == '>':
			b = append(b, "&gt;"...)
		case r == '\r':
			b = append(b, "&#13;"...)
		case r < 0x20 && r != '\t' && r != '\n', r == 0xfffe, r == 0xffff:
			b = utf8.AppendRune(b, utf8.RuneError)
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return b
}
