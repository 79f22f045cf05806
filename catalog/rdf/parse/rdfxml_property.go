package parse

import (
	"encoding/xml"
)

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
