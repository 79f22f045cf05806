package parse

import (
	"encoding/xml"
	"strconv"
)

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

// xmlNotNodes are names of the syntax that no node may have.
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
