package rdf

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Limits of what [ReadNTriples] reads.
const (
	maxReadBytes = 256 << 20
	maxReadLine  = 1 << 20
)

// ReadNTriples reads RDF 1.1 N-Triples, strictly: the first line that is not
// right ends it, with its number. Lines have at most 1 MiB, the whole 256 MiB.
// Blank nodes are renamed b0, b1… in the order in which they appear. What a
// [Graph] refuses is an error too; what it mends (control characters in texts,
// language tags) is mended.
func ReadNTriples(r io.Reader) (*Graph, error) {
	limited := &io.LimitedReader{R: r, N: maxReadBytes + 1}
	lines := bufio.NewScanner(limited)
	lines.Buffer(make([]byte, 0, 64<<10), maxReadLine)
	lines.Split(splitLines)
	p := &ntriplesParser{g: NewGraph(), names: map[string]Term{}}
	number := 0
	for lines.Scan() {
		number++
		if err := p.line(lines.Text()); err != nil {
			return nil, fmt.Errorf("N-Triples, line %d: %w", number, err)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("N-Triples, line %d: %w", number+1, err)
	}
	if limited.N <= 0 {
		return nil, fmt.Errorf("N-Triples: more than %d bytes", maxReadBytes)
	}
	return p.g, nil
}

// splitLines ends a line at \n, \r or both. An empty line more or less does
// not matter but to line numbers, so \r\n is taken together where it can be.
func splitLines(data []byte, atEOF bool) (advance int, token []byte, err error) {
	for i, c := range data {
		switch {
		case c == '\n':
			return i + 1, data[:i], nil
		case c == '\r' && i+1 < len(data):
			if data[i+1] == '\n' {
				return i + 2, data[:i], nil
			}
			return i + 1, data[:i], nil
		case c == '\r' && atEOF:
			return i + 1, data[:i], nil
		}
	}
	if atEOF && len(data) > 0 {
		return len(data), data, nil
	}
	return 0, nil, nil
}

type ntriplesParser struct {
	g     *Graph
	names map[string]Term // blank nodes by their label in the document
	rest  string          // what is left of the line
}

func (p *ntriplesParser) line(line string) error {
	if !utf8.ValidString(line) {
		return errors.New("not UTF-8")
	}
	p.rest = line
	if p.space(); p.rest == "" || p.rest[0] == '#' {
		return nil
	}
	s, err := p.subject()
	if err != nil {
		return fmt.Errorf("subject: %w", err)
	}
	p.space()
	predicate, err := p.iri()
	if err != nil {
		return fmt.Errorf("predicate: %w", err)
	}
	p.space()
	o, err := p.object()
	if err != nil {
		return fmt.Errorf("object: %w", err)
	}
	if p.space(); !strings.HasPrefix(p.rest, ".") {
		return errors.New("a full stop is missing after the object")
	}
	p.rest = p.rest[1:]
	if p.space(); p.rest != "" && p.rest[0] != '#' {
		return errors.New("text after the full stop")
	}
	return p.g.Add(s, IRI(predicate), o)
}

func (p *ntriplesParser) space() { p.rest = strings.TrimLeft(p.rest, " \t") }

func (p *ntriplesParser) subject() (Term, error) {
	if strings.HasPrefix(p.rest, "_:") {
		return p.blank()
	}
	iri, err := p.iri()
	return IRI(iri), err
}

func (p *ntriplesParser) object() (Term, error) {
	if !strings.HasPrefix(p.rest, `"`) {
		return p.subject()
	}
	text, err := p.quoted()
	if err != nil {
		return Term{}, err
	}
	switch {
	case strings.HasPrefix(p.rest, "@"):
		lang := p.rest[1:]
		if end := strings.IndexFunc(lang, func(r rune) bool { return r >= 0x80 || !isNameByte(byte(r)) || r == '_' }); end >= 0 {
			lang = lang[:end]
		}
		if cleanLang(lang) == "" {
			return Term{}, fmt.Errorf("language tag %q is malformed", shownText(lang))
		}
		p.rest = p.rest[1+len(lang):]
		return LangLiteral(text, lang), nil
	case strings.HasPrefix(p.rest, "^^"):
		p.rest = p.rest[2:]
		datatype, err := p.iri()
		if err != nil {
			return Term{}, fmt.Errorf("datatype: %w", err)
		}
		return TypedLiteral(text, datatype), nil
	}
	return Literal(text), nil
}

// iri reads <…>: absolute, without the characters that IRIREF excludes.
func (p *ntriplesParser) iri() (string, error) {
	if !strings.HasPrefix(p.rest, "<") {
		return "", errors.New("want <, the start of an IRI")
	}
	end := strings.IndexByte(p.rest, '>')
	if end < 0 {
		return "", errors.New("an IRI without its >")
	}
	raw := p.rest[1:end]
	p.rest = p.rest[end+1:]
	iri, err := unescape(raw, "")
	if err != nil {
		return "", err
	}
	if i := strings.IndexFunc(iri, func(r rune) bool { return r <= ' ' || strings.ContainsRune("<>\"{}|^`\\", r) }); i >= 0 {
		return "", fmt.Errorf("%q may not stand in an IRI", iri[i])
	}
	if scheme, _, ok := strings.Cut(iri, ":"); !ok || !isScheme(scheme) {
		return "", fmt.Errorf("IRI %q is not absolute", shownText(iri))
	}
	return iri, nil
}

// blank reads _:label, where a label may hold what PN_CHARS allows and full
// stops, but not at its end.
func (p *ntriplesParser) blank() (Term, error) {
	label := p.rest[2:]
	if end := strings.IndexFunc(label, func(r rune) bool { return !inLabel(r) && r != '-' && r != '.' && r != 0xB7 }); end >= 0 {
		label = label[:end]
	}
	label = strings.TrimRight(label, ".")
	first, _ := utf8.DecodeRuneInString(label)
	if label == "" || !inLabel(first) {
		return Term{}, errors.New("a blank node without label")
	}
	p.rest = p.rest[2+len(label):]
	t, ok := p.names[label]
	if !ok {
		t = Blank("b" + strconv.Itoa(len(p.names)))
		p.names[label] = t
	}
	return t, nil
}

// inLabel is PN_CHARS_U of the grammar, and digits.
func inLabel(r rune) bool {
	switch {
	case r < 0x80:
		return isNameByte(byte(r)) && r != '-'
	case r < 0xC0, r == 0xD7, r == 0xF7, r >= 0x300 && r < 0x370, r == 0x37E:
		return false
	}
	return r < 0x2000 || r == 0x200C || r == 0x200D || r >= 0x2070 && r < 0x2190 || r >= 0x2C00 && r < 0x2FF0 ||
		r >= 0x3001 && r < 0xD800 || r >= 0xF900 && r < 0xFDD0 || r >= 0xFDF0 && r < 0xFFFE || r >= 0x10000 && r < 0xF0000
}

// quoted reads "…", escapes resolved.
func (p *ntriplesParser) quoted() (string, error) {
	for i := 1; i < len(p.rest); i++ {
		switch p.rest[i] {
		case '\\':
			i++
		case '"':
			raw := p.rest[1:i]
			p.rest = p.rest[i+1:]
			return unescape(raw, `tbnrf"'\`)
		}
	}
	return "", errors.New("a text without its closing quote")
}

// unescape resolves \uXXXX, \UXXXXXXXX and the one-letter escapes of letters.
func unescape(s, letters string) (string, error) {
	if strings.IndexByte(s, '\\') < 0 {
		return s, nil
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			b = append(b, s[i])
			continue
		}
		if i++; i == len(s) {
			return "", errors.New("a backslash at the end")
		}
		digits := 0
		switch s[i] {
		case 'u':
			digits = 4
		case 'U':
			digits = 8
		}
		switch {
		case digits > 0:
			if i+digits >= len(s) {
				return "", errors.New("an escape is cut short")
			}
			n, err := strconv.ParseUint(s[i+1:i+1+digits], 16, 32)
			if err != nil || !utf8.ValidRune(rune(n)) {
				return "", fmt.Errorf("\\%s is no character", s[i:i+1+digits])
			}
			b = utf8.AppendRune(b, rune(n))
			i += digits
		case strings.IndexByte(letters, s[i]) >= 0:
			b = append(b, "\t\b\n\r\f\"'\\"[strings.IndexByte(letters, s[i])])
		default:
			return "", fmt.Errorf("\\%c is no escape here", s[i])
		}
	}
	return string(b), nil
}
