package pivot

import "unicode/utf8"

// text reads a string from behind its opening quote to behind its closing one.
func (t *jsonTape) text(from int) (end int, flags uint8) {
	i := from
	for {
		var wide bool
		i, wide = jsonPlain(t.raw, i)
		if wide {
			flags |= jsonWide
		}
		if i >= len(t.raw) {
			return t.fail(jsonShort, i, ""), flags
		}
		switch c := t.raw[i]; {
		case c == '"':
			if flags&jsonWide != 0 {
				t.seeWide(from, i)
			}
			return i + 1, flags
		case c == '\\':
			flags |= jsonEscaped
			if i = t.escape(i); t.state != jsonDone {
				return i, flags
			}
		default:
			return t.fail(jsonSyntax, i, jsonWantNoControl), flags
		}
	}
}

// seeWide checks the encoding of a string with bytes beyond ASCII.
func (t *jsonTape) seeWide(from, to int) {
	switch {
	case utf8.Valid(t.raw[from:to]):
		t.wide = true
	case t.badUTF8 < 0:
		t.badUTF8 = from
	}
}

// escape checks the escape at i and gives the place behind it.
func (t *jsonTape) escape(i int) int {
	if i+1 >= len(t.raw) {
		return t.fail(jsonShort, len(t.raw), "")
	}
	switch t.raw[i+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 2
	case 'u':
		for k := i + 2; k < i+6; k++ {
			if k >= len(t.raw) {
				return t.fail(jsonShort, k, "")
			}
			if jsonHex(t.raw[k]) < 0 {
				return t.fail(jsonSyntax, i, `\u0000`)
			}
		}
		return i + 6
	}
	return t.fail(jsonSyntax, i, `\" \\ \/ \b \f \n \r \t \u0000`)
}

// number checks the number at i and gives the place behind it.
func (t *jsonTape) number(i int) int {
	if t.raw[i] == '-' {
		i++
	}
	start := i
	i = t.digits(i)
	switch {
	case i == start && i < len(t.raw):
		return t.fail(jsonSyntax, i, "0-9")
	case i > start+1 && t.raw[start] == '0':
		return t.fail(jsonSyntax, start, jsonWantNoZero)
	}
	if i < len(t.raw) && t.raw[i] == '.' {
		start = i + 1
		if i = t.digits(start); i == start && i < len(t.raw) {
			return t.fail(jsonSyntax, i, "0-9")
		}
	}
	if i < len(t.raw) && (t.raw[i] == 'e' || t.raw[i] == 'E') {
		if i++; i < len(t.raw) && (t.raw[i] == '+' || t.raw[i] == '-') {
			i++
		}
		start = i
		if i = t.digits(start); i == start && i < len(t.raw) {
			return t.fail(jsonSyntax, i, "0-9")
		}
	}
	if i >= len(t.raw) && (!t.whole || t.raw[i-1]-'0' > 9) {
		return t.fail(jsonShort, i, "")
	}
	return i
}

func (t *jsonTape) digits(i int) int {
	for i < len(t.raw) && t.raw[i]-'0' <= 9 {
		i++
	}
	return i
}
