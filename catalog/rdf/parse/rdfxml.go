package parse

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

const nsXML = "http://www.w3.org/XML/1998/namespace"

// xmlReader reads RDF/XML (https://www.w3.org/TR/rdf-syntax-grammar/).
type xmlReader struct {
	dec  *xml.Decoder
	lim  Limits
	each func(Quad) error

	ids    map[string]bool // of rdf:ID, each to stand once
	blanks int
	depth  int
	buf    []byte
}

// A xmlScope is what an element inherits.
type xmlScope struct {
	spaces *xmlSpace
	base   *baseIRI
	lang   string
}

// A xmlSpace is a declared prefix, before those declared around it.
type xmlSpace struct {
	prefix, uri string
	outer       *xmlSpace
}

func (s *xmlSpace) find(prefix string) (string, bool) {
	if prefix == "xml" {
		return nsXML, true
	}
	for ; s != nil; s = s.outer {
		if s.prefix == prefix {
			return s.uri, s.uri != "" || prefix == ""
		}
	}
	return "", prefix == ""
}

// A xmlElement is an element's tag, its names resolved.
type xmlElement struct {
	raw   xml.StartElement
	name  string // namespace and local name
	attrs []xmlAttr
	scope xmlScope
}

type xmlAttr struct{ name, value string }

// limitedBytes ends a document that is too large.
type limitedBytes struct {
	r    io.Reader
	left int64
}

func (l *limitedBytes) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	if l.left -= int64(n); l.left < 0 {
		return 0, errTooLarge
	}
	return n, err
}

func readXML(r io.Reader, base string, lim Limits, each func(Quad) error) error {
	x := &xmlReader{dec: xml.NewDecoder(&limitedBytes{r, lim.Bytes}), lim: lim, each: each, ids: map[string]bool{}}
	x.dec.CharsetReader = func(name string, in io.Reader) (io.Reader, error) {
		switch strings.ToLower(name) {
		case "iso-8859-1", "latin1", "windows-1252", "us-ascii", "ascii":
			return charmap.Windows1252.NewDecoder().Reader(in), nil
		case "iso-8859-15":
			return charmap.ISO8859_15.NewDecoder().Reader(in), nil
		}
		return nil, fmt.Errorf("the encoding %q is not known", name)
	}
	scope := xmlScope{}
	if b, ok := parseBase(base); ok {
		scope.base = &b
	}
	return x.document(scope)
}

func (x *xmlReader) fail(format string, args ...any) error {
	line, _ := x.dec.InputPos()
	return &Error{line, fmt.Sprintf(format, args...)}
}

// token reads the next token that matters; it stands until the next call.
func (x *xmlReader) token() (xml.Token, error) {
	for {
		t, err := x.dec.RawToken()
		switch {
		case errors.Is(err, errTooLarge):
			return nil, err
		case err == io.EOF:
			return nil, x.fail("the document ends too early")
		case err != nil:
			if bad, ok := errors.AsType[*xml.SyntaxError](err); ok {
				return nil, &Error{bad.Line, bad.Msg}
			}
			return nil, err
		}
		switch t := t.(type) {
		case xml.Directive:
			if err := x.directive(t); err != nil {
				return nil, err
			}
		case xml.CharData:
			if len(t) > x.lim.Token {
				return nil, x.fail("a text is longer than %d bytes", x.lim.Token)
			}
			return t, nil
		default:
			return t, nil
		}
	}
}

// directive takes entities of a DOCTYPE that are texts without entities in
// them: prefixes of IRIs are written so. Others are not known.
func (x *xmlReader) directive(d xml.Directive) error {
	rest := string(d)
	if len(rest) > x.lim.Token {
		return x.fail("the DOCTYPE is longer than %d bytes", x.lim.Token)
	}
	for {
		i := strings.Index(rest, "<!ENTITY")
		if i < 0 {
			return nil
		}
		rest = strings.TrimLeft(rest[i+len("<!ENTITY"):], " \t\r\n")
		name, after, _ := strings.Cut(rest, " ")
		after = strings.TrimLeft(after, " \t\r\n")
		if after == "" || after[0] != '"' && after[0] != '\'' {
			continue
		}
		value, _, closed := strings.Cut(after[1:], after[:1])
		if !closed || strings.Contains(value, "&") || len(value) > 4096 || len(x.dec.Entity) > 1000 {
			continue
		}
		if x.dec.Entity == nil {
			x.dec.Entity = map[string]string{}
		}
		x.dec.Entity[strings.TrimSpace(name)] = value
	}
}

// document reads the root: rdf:RDF, or a node.
func (x *xmlReader) document(scope xmlScope) error {
	for {
		t, err := x.token()
		if err != nil {
			return err
		}
		start, ok := t.(xml.StartElement)
		if !ok {
			if text, is := t.(xml.CharData); is && !blank(text) {
				return x.fail("text stands outside the root: %q", cut(text))
			}
			continue
		}
		e, err := x.element(start, scope)
		if err != nil {
			return err
		}
		if e.name != nsRDF+"RDF" {
			_, err = x.node(e)
		} else if err = x.rootAttrs(e); err == nil {
			err = x.nodes(e)
		}
		if err != nil {
			return err
		}
		return x.tail()
	}
}

// tail wants nothing behind the root.
func (x *xmlReader) tail() error {
	for {
		t, err := x.dec.RawToken()
		switch t := t.(type) {
		case xml.StartElement, xml.EndElement:
			return x.fail("something follows the root")
		case xml.CharData:
			if !blank(t) {
				return x.fail("text follows the root: %q", cut(t))
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return x.fail("%v", err)
		}
	}
}

func (x *xmlReader) rootAttrs(e xmlElement) error {
	for _, a := range e.attrs {
		if strings.HasPrefix(a.name, nsRDF) {
			return x.fail("rdf:RDF has no attribute %s", a.name)
		}
	}
	return nil
}

func blank(b []byte) bool {
	for _, c := range b {
		if c != ' ' && c != '\n' && c != '\t' && c != '\r' {
			return false
		}
	}
	return true
}

func cut(b []byte) string { return strings.ToValidUTF8(string(b[:min(30, len(b))]), "\ufffd") }

// element resolves the names of a tag.
func (x *xmlReader) element(start xml.StartElement, outer xmlScope) (xmlElement, error) {
	e := xmlElement{raw: start.Copy(), scope: outer}
	for _, a := range start.Attr {
		if len(a.Value) > x.lim.Token {
			return e, x.fail("the attribute %s is longer than %d bytes", a.Name.Local, x.lim.Token)
		}
		switch {
		case a.Name.Space == "xmlns":
			e.scope.spaces = &xmlSpace{a.Name.Local, a.Value, e.scope.spaces}
		case a.Name.Space == "" && a.Name.Local == "xmlns":
			e.scope.spaces = &xmlSpace{"", a.Value, e.scope.spaces}
		}
	}
	var err error
	if e.name, err = x.resolveName(start.Name, e.scope, true); err != nil {
		return e, err
	}
	for _, a := range start.Attr {
		if a.Name.Space == "xmlns" || a.Name.Space == "" && a.Name.Local == "xmlns" {
			continue
		}
		name, err := x.resolveName(a.Name, e.scope, false)
		if err != nil {
			return e, err
		}
		switch name {
		case nsXML + "lang":
			e.scope.lang = a.Value
			continue
		case nsXML + "base":
			whole, err := x.reference(a.Value, outer)
			if err != nil {
				return e, err
			}
			if b, ok := parseBase(whole); ok {
				e.scope.base = &b
			}
			continue
		}
		if strings.HasPrefix(name, nsXML) || a.Name.Space == "" && strings.HasPrefix(strings.ToLower(a.Name.Local), "xml") {
			continue
		}
		if a.Name.Space == "" { // of old documents
			switch a.Name.Local {
			case "about", "ID", "resource", "parseType", "type", "nodeID", "datatype":
				name = nsRDF + a.Name.Local
			default:
				continue
			}
		}
		for _, other := range e.attrs {
			if other.name == name {
				return e, x.fail("the attribute %s stands twice", name)
			}
		}
		e.attrs = append(e.attrs, xmlAttr{name, a.Value})
	}
	return e, nil
}

func (x *xmlReader) resolveName(n xml.Name, scope xmlScope, element bool) (string, error) {
	if n.Space == "" && !element {
		return n.Local, nil
	}
	uri, ok := scope.spaces.find(n.Space)
	if !ok {
		return "", x.fail("the prefix %q is not declared", n.Space)
	}
	if uri == "" {
		return "", x.fail("<%s> is in no namespace", n.Local)
	}
	return uri + n.Local, nil
}

// reference makes an IRI of an attribute absolute.
func (x *xmlReader) reference(s string, scope xmlScope) (string, error) {
	if !utf8.ValidString(s) || strings.ContainsAny(s, "<>\"{}|^`\\ \t\n\r") {
		return "", x.fail("%q is no IRI", cut([]byte(s)))
	}
	if schemeLength(s) > 0 {
		return s, nil
	}
	if scope.base == nil {
		return "", x.fail("the IRI %q is relative, and the document has no base", s)
	}
	x.buf = scope.base.resolve(x.buf, []byte(s))
	return string(x.buf), nil
}

func (x *xmlReader) emit(s, p, o Term) error {
	return x.each(Quad{Subject: s, Predicate: p, Object: o})
}

func (x *xmlReader) fresh() Term {
	x.blanks++
	return Term{Kind: Blank, Value: "g" + strconv.Itoa(x.blanks)}
}
