package parse

import (
	"errors"
	"unicode/utf8"
)

// A lineReader reads N-Triples and N-Quads.
type lineReader struct {
	*input
	quads   bool
	each    func(Quad) error
	scratch []byte
	labels  map[string]string
}

func (l *lineReader) read() error {
	for {
		more, err := l.statement()
		if bad, ok := errors.AsType[*Error](err); ok && l.lim.Skip != nil {
			l.lim.Skip(bad)
			more, err = l.skipLine(), nil
		}
		if err != nil || !more {
			return err
		}
	}
}

// statement reads a statement, or what stands between two.
func (l *lineReader) statement() (more bool, err error) {
	c, ok := l.skip(true)
	if !ok {
		if l.failed() {
			return false, l.err
		}
		return false, nil
	}
	if c == '#' {
		return true, l.comment()
	}
	var q Quad
	if q.Subject, err = l.term(false); err != nil {
		return false, err
	}
	if l.skip(false); l.pos == l.end || l.buf[l.pos] != '<' {
		return false, l.fail("a predicate is an IRI: found %q", l.around())
	}
	if q.Predicate, err = l.term(false); err != nil {
		return false, err
	}
	l.skip(false)
	if q.Object, err = l.term(true); err != nil {
		return false, err
	}
	c, ok = l.skip(false)
	if ok && c != '.' && l.quads {
		if q.Graph, err = l.term(false); err != nil {
			return false, err
		}
		c, ok = l.skip(false)
	}
	if !ok || c != '.' {
		return false, l.fail("a statement ends with a point: found %q", l.around())
	}
	l.pos++
	if err := l.each(q); err != nil {
		return false, err
	}
	return true, l.endOfLine()
}

func (l *lineReader) failed() bool { return l.err != nil && l.err.Error() != "EOF" }

// skip passes over spaces and tabs, and over ends of lines if lines is true,
// and gives the byte that follows.
func (l *lineReader) skip(lines bool) (byte, bool) {
	for {
		for ; l.pos < l.end; l.pos++ {
			switch c := l.buf[l.pos]; c {
			case ' ', '\t':
			case '\n', '\r':
				if !lines {
					return c, true
				}
			default:
				return c, true
			}
		}
		if !l.more() {
			return 0, false
		}
	}
}

func (l *lineReader) comment() error {
	for {
		for ; l.pos < l.end; l.pos++ {
			if c := l.buf[l.pos]; c == '\n' || c == '\r' {
				return nil
			}
		}
		if !l.more() {
			if l.failed() {
				return l.err
			}
			return nil
		}
	}
}

// endOfLine wants nothing but a comment behind a statement.
func (l *lineReader) endOfLine() error {
	switch c, ok := l.skip(false); {
	case !ok && l.failed():
		return l.err
	case !ok, c == '\n', c == '\r':
		return nil
	case c == '#':
		return l.comment()
	}
	return l.fail("something follows the point on its line: %q", l.around())
}

// term reads a term; literal says that it may be a literal.
func (l *lineReader) term(literal bool) (Term, error) {
	for {
		ended := l.err != nil
		t, n, r := l.scan(literal)
		switch {
		case r == scanDone:
			l.pos += n
			return t, nil
		case r == scanShort && l.end-l.pos > l.lim.Token:
			return t, l.fail("a term is longer than %d bytes", l.lim.Token)
		case r == scanShort && (l.more() || !ended): // at the end, a term may do with less
			continue
		}
		return t, l.fail("no term can be read here: %q", l.around())
	}
}

// scan reads the term that the rest begins with.
func (l *lineReader) scan(literal bool) (t Term, n int, r scanResult) {
	b := l.rest()
	if len(b) < 3 && l.err == nil {
		return t, 0, scanShort
	}
	switch {
	case len(b) == 0:
		return t, 0, scanBad
	case b[0] == '<':
		value, n, r := l.scanAbsolute(b)
		return Term{Kind: IRI, Value: value}, n, r
	case b[0] == '_' && len(b) > 1 && b[1] == ':':
		n, r := scanLabel(b[2:], true)
		if r == scanShort && l.err != nil {
			r = scanDone
		}
		if r == scanDone && n == 0 {
			return t, 0, scanBad
		}
		if r != scanDone {
			return t, 0, r
		}
		return Term{Kind: Blank, Value: l.label(b[2 : 2+n])}, n + 2, r
	case b[0] == '"' && literal:
		return l.scanLiteral(b)
	}
	return t, 0, scanBad
}

func (l *lineReader) label(b []byte) string {
	if l.labels == nil {
		l.labels = map[string]string{}
	}
	if s, ok := l.labels[string(b)]; ok {
		return s
	}
	s := string(b)
	if len(l.labels) < l.lim.Names {
		l.labels[s] = s
	}
	return s
}

// scanAbsolute reads an IRI that needs no base.
func (l *lineReader) scanAbsolute(b []byte) (value string, n int, r scanResult) {
	raw, n, escaped, r := scanIRI(b[1:])
	if r == scanBad && l.lim.Skip != nil {
		raw, n, r = scanLoose(b[1:])
		escaped = false
	}
	if r != scanDone {
		return "", 0, r
	}
	if escaped {
		var ok bool
		if l.scratch, ok = unescapeIRI(l.scratch[:0], raw); !ok {
			return "", 0, scanBad
		}
		raw = l.scratch
	}
	if schemeLength(raw) == 0 || !utf8.Valid(raw) {
		return "", 0, scanBad
	}
	return l.iri(raw), n + 1, scanDone
}

func (l *lineReader) scanLiteral(b []byte) (t Term, n int, r scanResult) {
	raw, n, escaped, r := scanString(b[1:], '"', false)
	if r != scanDone {
		return t, 0, r
	}
	n++
	if escaped {
		var ok bool
		if l.scratch, ok = unescape(l.scratch[:0], raw); !ok {
			return t, 0, scanBad
		}
		raw = l.scratch
	}
	if !utf8.Valid(raw) {
		return t, 0, scanBad
	}
	t = Term{Kind: Literal, Value: string(raw)}
	b = b[n:]
	switch {
	case len(b) < 3 && l.err == nil:
		return t, 0, scanShort
	case len(b) > 0 && b[0] == '@':
		m, r := scanLang(b[1:])
		if r == scanShort && l.err != nil {
			r = scanDone
		}
		if r != scanDone {
			return t, 0, r
		}
		t.Lang = l.iri(b[1 : 1+m])
		return t, n + 1 + m, scanDone
	case len(b) > 2 && b[0] == '^' && b[1] == '^' && b[2] == '<':
		value, m, r := l.scanAbsolute(b[2:])
		if t.Datatype = value; value == xsdString {
			t.Datatype = ""
		}
		return t, n + 2 + m, r
	case len(b) > 0 && b[0] == '^':
		return t, 0, scanBad
	}
	return t, n, scanDone
}
