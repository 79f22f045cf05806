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

// nodes reads the nodes within an element up to its end.
func (x *xmlReader) nodes(e xmlElement) error {
	for {
		t, err := x.token()
		if err != nil {
			return err
		}
		switch t := t.(type) {
		case xml.StartElement:
			kid, err := x.element(t, e.scope)
			if err != nil {
				return err
			}
			if _, err := x.node(kid); err != nil {
				return err
			}
		case xml.EndElement:
			return x.ends(t, e)
		case xml.CharData:
			if !blank(t) {
				return x.fail("text stands where a node should: %q", cut(t))
			}
		}
	}
}

func (x *xmlReader) ends(t xml.EndElement, e xmlElement) error {
	if t.Name != e.raw.Name {
		return x.fail("</%s> ends <%s>", t.Name.Local, e.raw.Name.Local)
	}
	return nil
}

// nodeNames are names of the syntax that no node may have.
var xmlNotNodes = map[string]bool{
	nsRDF + "RDF": true, nsRDF + "ID": true, nsRDF + "about": true, nsRDF + "bagID": true, nsRDF + "parseType": true, nsRDF + "resource": true,
	nsRDF + "nodeID": true, nsRDF + "datatype": true, nsRDF + "li": true, nsRDF + "aboutEach": true, nsRDF + "aboutEachPrefix": true,
}

// xmlNotProperties are those that no property may have.
var xmlNotProperties = map[string]bool{
	nsRDF + "RDF": true, nsRDF + "Description": true, nsRDF + "ID": true, nsRDF + "about": true, nsRDF + "bagID": true, nsRDF + "parseType": true,
	nsRDF + "resource": true, nsRDF + "nodeID": true, nsRDF + "datatype": true, nsRDF + "aboutEach": true, nsRDF + "aboutEachPrefix": true,
}

// node reads a node: its subject, its type, and what is said of it.
func (x *xmlReader) node(e xmlElement) (Term, error) {
	if x.depth++; x.depth > x.lim.Depth {
		return Term{}, x.fail("elements are nested deeper than %d", x.lim.Depth)
	}
	defer func() { x.depth-- }()
	if xmlNotNodes[e.name] {
		return Term{}, x.fail("%s is no node", e.name)
	}
	subject, err := x.subject(e)
	if err != nil {
		return subject, err
	}
	if e.name != nsRDF+"Description" {
		if err := x.emit(subject, Term{Kind: IRI, Value: rdfType}, Term{Kind: IRI, Value: e.name}); err != nil {
			return subject, err
		}
	}
	if err := x.propertyAttrs(subject, e); err != nil {
		return subject, err
	}
	return subject, x.properties(subject, e)
}

// subject is what rdf:about, rdf:ID or rdf:nodeID say.
func (x *xmlReader) subject(e xmlElement) (Term, error) {
	var subject Term
	for _, a := range e.attrs {
		var t Term
		var err error
		switch a.name {
		case nsRDF + "about":
			t.Kind = IRI
			t.Value, err = x.reference(a.value, e.scope)
		case nsRDF + "ID":
			t, err = x.identified(a.value, e.scope)
		case nsRDF + "nodeID":
			t, err = x.labelled(a.value)
		default:
			continue
		}
		if err != nil {
			return t, err
		}
		if subject.Kind != None {
			return t, x.fail("a node has one of rdf:about, rdf:ID and rdf:nodeID")
		}
		subject = t
	}
	if subject.Kind == None {
		subject = x.fresh()
	}
	return subject, nil
}

func (x *xmlReader) identified(id string, scope xmlScope) (Term, error) {
	if !isNCName(id) {
		return Term{}, x.fail("rdf:ID %q is no name", cut([]byte(id)))
	}
	whole, err := x.reference("#"+id, scope)
	if err != nil {
		return Term{}, err
	}
	if x.ids[whole] {
		return Term{}, x.fail("rdf:ID %q stands twice", id)
	}
	if len(x.ids) < x.lim.Names {
		x.ids[whole] = true
	}
	return Term{Kind: IRI, Value: whole}, nil
}

func (x *xmlReader) labelled(id string) (Term, error) {
	if !isNCName(id) {
		return Term{}, x.fail("rdf:nodeID %q is no name", cut([]byte(id)))
	}
	return Term{Kind: Blank, Value: "n" + id}, nil
}

func isNCName(s string) bool {
	for i, c := range s {
		if i == 0 && c != '_' && !isNameStart(c) || i > 0 && c != '.' && !isName(c) {
			return false
		}
	}
	return s != ""
}

// propertyAttrs emits the attributes that are properties.
func (x *xmlReader) propertyAttrs(subject Term, e xmlElement) error {
	for _, a := range e.attrs {
		switch a.name {
		case nsRDF + "about", nsRDF + "ID", nsRDF + "nodeID", nsRDF + "resource", nsRDF + "parseType", nsRDF + "datatype":
			continue
		case rdfType:
			whole, err := x.reference(a.value, e.scope)
			if err != nil {
				return err
			}
			if err := x.emit(subject, Term{Kind: IRI, Value: rdfType}, Term{Kind: IRI, Value: whole}); err != nil {
				return err
			}
			continue
		}
		if xmlNotProperties[a.name] || a.name == nsRDF+"li" {
			return x.fail("%s is no property", a.name)
		}
		o := Term{Kind: Literal, Value: a.value, Lang: e.scope.lang}
		if err := x.emit(subject, Term{Kind: IRI, Value: a.name}, o); err != nil {
			return err
		}
	}
	return nil
}

// properties reads the properties within a node up to its end.
func (x *xmlReader) properties(subject Term, e xmlElement) error {
	items := 0
	for {
		t, err := x.token()
		if err != nil {
			return err
		}
		switch t := t.(type) {
		case xml.StartElement:
			kid, err := x.element(t, e.scope)
			if err != nil {
				return err
			}
			if kid.name == nsRDF+"li" {
				items++
				kid.name = nsRDF + "_" + strconv.Itoa(items)
			}
			if err := x.property(subject, kid); err != nil {
				return err
			}
		case xml.EndElement:
			return x.ends(t, e)
		case xml.CharData:
			if !blank(t) {
				return x.fail("text stands where a property should: %q", cut(t))
			}
		}
	}
}

// A xmlProperty is what the attributes of a property say of it.
type xmlProperty struct {
	predicate, reified Term
	object             Term // of rdf:resource or rdf:nodeID
	datatype, parse    string
	parsed             bool // rdf:parseType is there
	others             bool // attributes that say something of the object
}

func (x *xmlReader) propertyOf(e xmlElement) (p xmlProperty, err error) {
	if xmlNotProperties[e.name] {
		return p, x.fail("%s is no property", e.name)
	}
	p.predicate = Term{Kind: IRI, Value: e.name}
	for _, a := range e.attrs {
		switch a.name {
		case nsRDF + "ID":
			p.reified, err = x.identified(a.value, e.scope)
		case nsRDF + "resource", nsRDF + "nodeID":
			if p.object.Kind != None {
				return p, x.fail("a property has one of rdf:resource and rdf:nodeID")
			}
			if a.name == nsRDF+"nodeID" {
				p.object, err = x.labelled(a.value)
				break
			}
			p.object.Kind = IRI
			p.object.Value, err = x.reference(a.value, e.scope)
		case nsRDF + "datatype":
			p.datatype, err = x.reference(a.value, e.scope)
		case nsRDF + "parseType":
			p.parse, p.parsed = a.value, true
		case nsRDF + "bagID", nsRDF + "aboutEach", nsRDF + "aboutEachPrefix", nsRDF + "about", nsRDF + "li":
			return p, x.fail("%s is no attribute of a property", a.name)
		default:
			p.others = true
		}
		if err != nil {
			return p, err
		}
	}
	switch {
	case p.parsed && (p.object.Kind != None || p.datatype != "" || p.others):
		return p, x.fail("rdf:parseType stands alone, or with rdf:ID")
	case p.datatype != "" && (p.object.Kind != None || p.others):
		return p, x.fail("rdf:datatype stands alone, or with rdf:ID")
	}
	return p, nil
}

// property reads a property up to its end.
func (x *xmlReader) property(subject Term, e xmlElement) error {
	p, err := x.propertyOf(e)
	if err != nil {
		return err
	}
	switch {
	case p.parsed && p.parse == "Resource":
		o := x.fresh()
		if err := x.say(subject, p, o); err != nil {
			return err
		}
		return x.deeper(func() error { return x.properties(o, e) })
	case p.parsed && p.parse == "Collection":
		return x.deeper(func() error { return x.collection(subject, p, e) })
	case p.parsed:
		text, err := x.literalXML(e)
		if err != nil {
			return err
		}
		return x.say(subject, p, Term{Kind: Literal, Value: text, Datatype: nsRDF + "XMLLiteral"})
	case p.object.Kind != None || p.others:
		return x.empty(subject, p, e)
	}
	return x.content(subject, p, e)
}

func (x *xmlReader) deeper(read func() error) error {
	if x.depth++; x.depth > x.lim.Depth {
		return x.fail("elements are nested deeper than %d", x.lim.Depth)
	}
	defer func() { x.depth-- }()
	return read()
}

// say emits the triple of a property, and what rdf:ID says of the triple.
func (x *xmlReader) say(subject Term, p xmlProperty, object Term) error {
	if err := x.emit(subject, p.predicate, object); err != nil || p.reified.Kind == None {
		return err
	}
	for _, t := range []struct {
		predicate string
		object    Term
	}{
		{rdfType, Term{Kind: IRI, Value: nsRDF + "Statement"}}, {nsRDF + "subject", subject},
		{nsRDF + "predicate", p.predicate}, {nsRDF + "object", object},
	} {
		if err := x.emit(p.reified, Term{Kind: IRI, Value: t.predicate}, t.object); err != nil {
			return err
		}
	}
	return nil
}

// empty reads a property whose attributes say its object.
func (x *xmlReader) empty(subject Term, p xmlProperty, e xmlElement) error {
	object := p.object
	if object.Kind == None {
		object = x.fresh()
	}
	if err := x.say(subject, p, object); err != nil {
		return err
	}
	if err := x.propertyAttrs(object, e); err != nil {
		return err
	}
	for {
		t, err := x.token()
		if err != nil {
			return err
		}
		switch t := t.(type) {
		case xml.EndElement:
			return x.ends(t, e)
		case xml.StartElement:
			return x.fail("a property with rdf:resource, rdf:nodeID or properties of its object is empty")
		case xml.CharData:
			if !blank(t) {
				return x.fail("a property with rdf:resource, rdf:nodeID or properties of its object is empty")
			}
		}
	}
}

// content reads a property that holds a text or a node.
func (x *xmlReader) content(subject Term, p xmlProperty, e xmlElement) error {
	var text []byte
	held := false
	for {
		t, err := x.token()
		if err != nil {
			return err
		}
		switch t := t.(type) {
		case xml.CharData:
			if text = append(text, t...); len(text) > x.lim.Token {
				return x.fail("a text is longer than %d bytes", x.lim.Token)
			}
			if held && !blank(t) {
				return x.fail("text stands beside a node: %q", cut(t))
			}
		case xml.StartElement:
			if held || !blank(text) || p.datatype != "" {
				return x.fail("a property holds a text or one node")
			}
			held = true
			kid, err := x.element(t, e.scope)
			if err != nil {
				return err
			}
			object, err := x.node(kid)
			if err != nil {
				return err
			}
			if err := x.say(subject, p, object); err != nil {
				return err
			}
		case xml.EndElement:
			if err := x.ends(t, e); err != nil || held {
				return err
			}
			o := Term{Kind: Literal, Value: string(text), Datatype: p.datatype}
			if o.Datatype == "" {
				o.Lang = e.scope.lang
			} else if o.Datatype == xsdString {
				o.Datatype = ""
			}
			return x.say(subject, p, o)
		}
	}
}

// collection reads a list of nodes.
func (x *xmlReader) collection(subject Term, p xmlProperty, e xmlElement) error {
	var last Term
	for {
		t, err := x.token()
		if err != nil {
			return err
		}
		switch t := t.(type) {
		case xml.CharData:
			if !blank(t) {
				return x.fail("text stands in a collection: %q", cut(t))
			}
		case xml.StartElement:
			kid, err := x.element(t, e.scope)
			if err != nil {
				return err
			}
			cell := x.fresh()
			if last.Kind == None {
				err = x.say(subject, p, cell)
			} else {
				err = x.emit(last, Term{Kind: IRI, Value: rdfRest}, cell)
			}
			if err != nil {
				return err
			}
			item, err := x.node(kid)
			if err != nil {
				return err
			}
			if err := x.emit(cell, Term{Kind: IRI, Value: rdfFirst}, item); err != nil {
				return err
			}
			last = cell
		case xml.EndElement:
			if err := x.ends(t, e); err != nil {
				return err
			}
			end := Term{Kind: IRI, Value: rdfNil}
			if last.Kind == None {
				return x.say(subject, p, end)
			}
			return x.emit(last, Term{Kind: IRI, Value: rdfRest}, end)
		}
	}
}
