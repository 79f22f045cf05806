package parse

import (
	"bytes"
	"unicode/utf8"
)

// tokenKind is a kind of token of Turtle and TriG.
type tokenKind uint8

const (
	tokenEnd    tokenKind = iota
	tokenIRI              // value: the IRI, absolute
	tokenName             // value: a prefixed name, as an IRI
	tokenPrefix           // value: a prefix with its colon, after @prefix or PREFIX
	tokenBlank            // value: its label
	tokenText             // value: a string without its language or datatype
	tokenLang             // value: a language tag
	tokenNumber           // value: as written; datatype says which
	tokenWord             // value: a, true, false, prefix, base, graph
	tokenAt               // value: prefix or base, of @prefix and @base
	tokenTypes            // ^^
	tokenSign             // sign: . ; , [ ] ( ) { }
)

type token struct {
	kind     tokenKind
	sign     byte
	value    string
	datatype string
}

// next reads the token at the place of the reading.
func (t *turtle) next() error {
	t.stale = true
	err := t.take()
	t.stale = err != nil
	return err
}

func (t *turtle) take() error {
	for {
		if c, ok := t.space(); !ok {
			if t.input.err != nil && t.input.err.Error() != "EOF" {
				return t.input.err
			}
			t.tok = token{}
			return nil
		} else if c == '#' {
			if err := t.comment(); err != nil {
				return err
			}
			continue
		}
		ended := t.ended()
		n, r := t.scan(t.rest())
		switch {
		case r == scanDone:
			t.pos += n
			return t.why
		case r == scanShort && t.end-t.pos > t.lim.Token:
			return t.fail("a term is longer than %d bytes", t.lim.Token)
		case r == scanShort && (t.more() || !ended): // at the end, a token may do with less
			continue
		case t.why != nil:
			return t.why
		}
		return t.fail("no term can be read here: %q", t.around())
	}
}

// space passes over white space and gives the byte that follows.
func (t *turtle) space() (byte, bool) {
	for {
		for ; t.pos < t.end; t.pos++ {
			switch c := t.buf[t.pos]; c {
			case ' ', '\t', '\n', '\r':
			default:
				return c, true
			}
		}
		if !t.more() {
			return 0, false
		}
	}
}

func (t *turtle) comment() error {
	for {
		if i := bytes.IndexAny(t.rest(), "\n\r"); i >= 0 {
			t.pos += i
			return nil
		}
		t.pos = t.end
		if !t.more() {
			return nil
		}
	}
}

// ended reports whether nothing follows what is there.
func (t *turtle) ended() bool { return t.input.err != nil }

// scan reads the token that b begins with.
func (t *turtle) scan(b []byte) (n int, r scanResult) {
	t.why = nil
	switch c := b[0]; c {
	case '<':
		return t.scanReference(b)
	case '"', '\'':
		return t.scanText(b)
	case '_':
		return t.scanBlank(b)
	case '@':
		return t.scanAt(b)
	case '^':
		if len(b) < 2 {
			return 0, t.shortOrBad()
		}
		if b[1] != '^' {
			return 0, scanBad
		}
		t.tok = token{kind: tokenTypes}
		return 2, scanDone
	case ';', ',', '[', ']', '(', ')', '{', '}':
		t.tok = token{kind: tokenSign, sign: c}
		return 1, scanDone
	case '+', '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		return t.scanNumber(b)
	case '.':
		if len(b) < 2 && !t.ended() {
			return 0, scanShort
		}
		if len(b) > 1 && b[1] >= '0' && b[1] <= '9' {
			return t.scanNumber(b)
		}
		t.tok = token{kind: tokenSign, sign: '.'}
		return 1, scanDone
	}
	return t.scanName(b)
}

func (t *turtle) shortOrBad() scanResult {
	if t.ended() {
		return scanBad
	}
	return scanShort
}

func (t *turtle) scanReference(b []byte) (n int, r scanResult) {
	raw, n, escaped, r := scanIRI(b[1:])
	if r == scanBad && t.skips() {
		raw, n, r = scanLoose(b[1:])
		escaped = false
	}
	if r != scanDone {
		return 0, r
	}
	if escaped {
		var ok bool
		if t.scratch, ok = unescapeIRI(t.scratch[:0], raw); !ok {
			return 0, scanBad
		}
		raw = t.scratch
	}
	if !utf8.Valid(raw) {
		return 0, scanBad
	}
	if schemeLength(raw) == 0 {
		if t.base == nil {
			t.why = t.fail("the IRI %q is relative, and the document has no base", raw)
			return n + 1, scanDone
		}
		t.resolved = t.base.resolve(t.resolved, raw)
		raw = t.resolved
	}
	t.tok = token{kind: tokenIRI, value: t.iri(raw)}
	return n + 1, scanDone
}

func (t *turtle) scanText(b []byte) (n int, r scanResult) {
	quote := b[0]
	if len(b) < 3 && !t.ended() {
		return 0, scanShort
	}
	long := len(b) > 2 && b[1] == quote && b[2] == quote
	open := 1
	switch {
	case long:
		open = 3
	case len(b) > 1 && b[1] == quote:
		t.tok = token{kind: tokenText}
		return 2, scanDone
	}
	raw, n, escaped, r := scanString(b[open:], quote, long)
	if r != scanDone {
		return 0, r
	}
	if escaped {
		var ok bool
		if t.scratch, ok = unescape(t.scratch[:0], raw); !ok {
			return 0, scanBad
		}
		raw = t.scratch
	}
	if !utf8.Valid(raw) {
		return 0, scanBad
	}
	t.tok = token{kind: tokenText, value: string(raw)}
	return n + open, scanDone
}

func (t *turtle) scanBlank(b []byte) (n int, r scanResult) {
	if len(b) < 2 {
		return 0, t.shortOrBad()
	}
	if b[1] != ':' {
		return 0, scanBad
	}
	n, r = scanLabel(b[2:], true)
	if r == scanShort && t.ended() {
		r = scanDone
	}
	if r != scanDone {
		return 0, r
	}
	if n == 0 {
		return 0, scanBad
	}
	t.tok = token{kind: tokenBlank, value: t.label(b[2 : 2+n])}
	return n + 2, scanDone
}

// label names a labelled node so that no generated one has the name.
func (t *turtle) label(b []byte) string {
	if s, ok := t.labels[string(b)]; ok {
		return s
	}
	s := "n" + string(b)
	if len(t.labels) < t.lim.Names {
		t.labels[string(b)] = s
	}
	return s
}

func (t *turtle) scanAt(b []byte) (n int, r scanResult) {
	n, r = scanLang(b[1:])
	if r == scanShort && t.ended() {
		r = scanDone
	}
	if r != scanDone {
		return 0, r
	}
	word := b[1 : 1+n]
	if !t.afterText && (string(word) == "prefix" || string(word) == "base") {
		t.tok = token{kind: tokenAt, value: string(word)}
		return n + 1, scanDone
	}
	t.tok = token{kind: tokenLang, value: t.iri(word)}
	return n + 1, scanDone
}

// scanNumber reads an integer, a decimal or a double.
func (t *turtle) scanNumber(b []byte) (n int, r scanResult) {
	digits := func() int {
		from := n
		for n < len(b) && b[n] >= '0' && b[n] <= '9' {
			n++
		}
		return n - from
	}
	if b[0] == '+' || b[0] == '-' {
		n++
	}
	whole := digits()
	datatype, point := nsXSD+"integer", n
	fraction := 0
	if n < len(b) && b[n] == '.' {
		n++
		if fraction = digits(); fraction > 0 {
			datatype = nsXSD + "decimal"
		}
	}
	beforeExponent := n
	if n < len(b) && b[n]|0x20 == 'e' && whole+fraction > 0 {
		n++
		if n < len(b) && (b[n] == '+' || b[n] == '-') {
			n++
		}
		if digits() == 0 {
			if n == len(b) && !t.ended() {
				return 0, scanShort
			}
			n = beforeExponent
		} else {
			datatype = nsXSD + "double"
		}
	}
	if n == len(b) && !t.ended() {
		return 0, scanShort
	}
	if datatype == nsXSD+"integer" {
		n = point // a point behind it ends the statement
	}
	if whole+fraction == 0 {
		return 0, scanBad
	}
	t.tok = token{kind: tokenNumber, value: string(b[:n]), datatype: datatype}
	return n, scanDone
}

// scanName reads a prefixed name, or a word.
func (t *turtle) scanName(b []byte) (n int, r scanResult) {
	colon := 0
	if b[0] != ':' {
		colon, r = scanLabel(b, false)
		if r == scanShort && t.ended() {
			r = scanDone
		}
		if r != scanDone {
			return 0, r
		}
		if colon == len(b) && !t.ended() {
			return 0, scanShort
		}
	}
	if colon == len(b) || b[colon] != ':' {
		return t.scanWord(b[:colon])
	}
	if t.wantPrefix {
		t.tok = token{kind: tokenPrefix, value: string(b[:colon])}
		return colon + 1, scanDone
	}
	space, known := t.prefixes[string(b[:colon])]
	if !known && t.skips() {
		space, known = usualPrefixes[string(b[:colon])]
	}
	if !known {
		t.why = t.fail("the prefix %q is not declared", b[:colon+1])
		return colon + 1, scanDone
	}
	local, n, r := t.scanLocal(b[colon+1:])
	if r != scanDone {
		return 0, r
	}
	t.resolved = append(append(t.resolved[:0], space...), local...)
	t.tok = token{kind: tokenName, value: t.iri(t.resolved)}
	return colon + 1 + n, scanDone
}

// scanLocal reads the part of a name behind its colon.
func (t *turtle) scanLocal(b []byte) (local []byte, n int, r scanResult) {
	i, last, escaped := 0, 0, false // last: behind the last character that is no point
	for i < len(b) {
		c := b[i]
		switch {
		case c < utf8.RuneSelf && (nameBytes[c] && (i > 0 || c != '-') || c == ':'):
			i++
		case c == '.' && i > 0:
			i++
			continue
		case c == '%':
			if i+2 >= len(b) {
				if !t.ended() {
					return nil, 0, scanShort
				}
				return nil, 0, scanBad
			}
			if hexDigit(b[i+1]) < 0 || hexDigit(b[i+2]) < 0 {
				return nil, 0, scanBad
			}
			i += 3
		case c == '\\':
			if i+1 >= len(b) {
				return nil, 0, t.shortOrBad()
			}
			if bytes.IndexByte([]byte("_~.-!$&'()*+,;=/?#@%"), b[i+1]) < 0 {
				return nil, 0, scanBad
			}
			escaped = true
			i += 2
		case c >= utf8.RuneSelf:
			if !utf8.FullRune(b[i:]) && !t.ended() {
				return nil, 0, scanShort
			}
			rune, size := utf8.DecodeRune(b[i:])
			if rune == utf8.RuneError && size == 1 {
				return nil, 0, scanBad
			}
			if i == 0 && !isNameStart(rune) || !isName(rune) {
				return t.local(b[:last], escaped), last, scanDone
			}
			i += size
		default:
			return t.local(b[:last], escaped), last, scanDone
		}
		last = i
	}
	if !t.ended() {
		return nil, 0, scanShort
	}
	return t.local(b[:last], escaped), last, scanDone
}

func (t *turtle) local(b []byte, escaped bool) []byte {
	if !escaped {
		return b
	}
	t.scratch = t.scratch[:0]
	for i := 0; i < len(b); i++ {
		if b[i] == '\\' {
			i++
		}
		t.scratch = append(t.scratch, b[i])
	}
	return t.scratch
}

func (t *turtle) scanWord(b []byte) (n int, r scanResult) {
	switch word := string(b); {
	case word == "a", word == "true", word == "false":
		t.tok = token{kind: tokenWord, value: word}
	case bytes.EqualFold(b, []byte("prefix")), bytes.EqualFold(b, []byte("base")), bytes.EqualFold(b, []byte("graph")):
		t.tok = token{kind: tokenWord, value: string(bytes.ToLower(b))}
	default:
		return 0, scanBad
	}
	return len(b), scanDone
}

// usualPrefixes are what catalogues mean by a prefix that they forget to declare.
var usualPrefixes = map[string]string{
	"dcat": nsDCAT, "dct": nsDCT, "dcterms": nsDCT, "dcatap": "http://data.europa.eu/r5r/", "foaf": nsFOAF, "vcard": nsVCARD, "skos": nsSKOS,
	"rdf": nsRDF, "rdfs": "http://www.w3.org/2000/01/rdf-schema#", "xsd": nsXSD, "owl": "http://www.w3.org/2002/07/owl#", "adms": "http://www.w3.org/ns/adms#",
	"prov": "http://www.w3.org/ns/prov#", "schema": nsSchema, "locn": "http://www.w3.org/ns/locn#", "spdx": "http://spdx.org/rdf/terms#",
	"org": "http://www.w3.org/ns/org#", "hydra": nsHydra, "gsp": "http://www.opengis.net/ont/geosparql#",
}
