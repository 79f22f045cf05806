package rdf

import (
	"strings"

	"github.com/deiu/rdf2go"
)

// A Term is a name or a value in a graph: an IRI, a blank node or a literal.
// The zero value is "none" and no graph takes it. Terms are made by [IRI],
// [Blank], [Literal], [LangLiteral] and [TypedLiteral] as they are given, right
// or wrong; [Graph.Add] checks them.
type Term struct{ t rdf2go.Term }

// IRI is the term of an absolute IRI.
func IRI(iri string) Term { return Term{&rdf2go.Resource{URI: iri}} }

// Blank is a node without a name; label tells it from the other blank nodes
// of its graph: letters and digits, a letter first.
func Blank(label string) Term { return Term{&rdf2go.BlankNode{ID: label}} }

// Literal is a text without language (xsd:string).
func Literal(value string) Term { return Term{&rdf2go.Literal{Value: value}} }

// LangLiteral is a text in a language, such as "fr".
func LangLiteral(value, lang string) Term {
	return Term{&rdf2go.Literal{Value: value, Language: lang}}
}

// TypedLiteral is a value written as the datatype, an IRI, wants it.
func TypedLiteral(value, datatype string) Term {
	return Term{&rdf2go.Literal{Value: value, Datatype: &rdf2go.Resource{URI: datatype}}}
}

// IsIRI reports whether t is an IRI.
func (t Term) IsIRI() bool { _, ok := t.t.(*rdf2go.Resource); return ok }

// IsBlank reports whether t is a blank node.
func (t Term) IsBlank() bool { _, ok := t.t.(*rdf2go.BlankNode); return ok }

// IsLiteral reports whether t is a literal.
func (t Term) IsLiteral() bool { _, ok := t.t.(*rdf2go.Literal); return ok }

// IsZero reports whether t is "none".
func (t Term) IsZero() bool { return t.t == nil }

// Value is the IRI, the label or the text, without delimiters.
func (t Term) Value() string {
	if t.t == nil {
		return ""
	}
	return t.t.RawValue()
}

// Lang is the language of a literal in lower case, or "".
func (t Term) Lang() string {
	if l, ok := t.t.(*rdf2go.Literal); ok {
		return l.Language
	}
	return ""
}

// Datatype is the IRI of a literal's datatype; "" for a text and for what is
// no literal.
func (t Term) Datatype() string {
	if l, ok := t.t.(*rdf2go.Literal); ok {
		return datatypeOf(l)
	}
	return ""
}

// String is t as N-Triples write it.
func (t Term) String() string {
	if t.t == nil {
		return ""
	}
	return string(appendTerm(nil, t.t))
}

func datatypeOf(l *rdf2go.Literal) string {
	if r, ok := l.Datatype.(*rdf2go.Resource); ok {
		return r.URI
	}
	return ""
}

// same reports whether two terms of one graph are the same. Their IRIs are
// interned, so that most comparisons end at the pointer.
func same(a, b rdf2go.Term) bool {
	if a == b {
		return true
	}
	switch a := a.(type) {
	case *rdf2go.Resource:
		b, ok := b.(*rdf2go.Resource)
		return ok && a.URI == b.URI
	case *rdf2go.BlankNode:
		b, ok := b.(*rdf2go.BlankNode)
		return ok && a.ID == b.ID
	case *rdf2go.Literal:
		b, ok := b.(*rdf2go.Literal)
		return ok && a.Value == b.Value && a.Language == b.Language && datatypeOf(a) == datatypeOf(b)
	}
	return false
}

// rank orders the kinds of term: IRIs, literals, blank nodes.
func rank(t rdf2go.Term) int {
	switch t.(type) {
	case *rdf2go.Resource:
		return 0
	case *rdf2go.Literal:
		return 1
	}
	return 2
}

// compare orders terms by kind, then by text, language and datatype.
func compare(a, b rdf2go.Term) int {
	if a == b {
		return 0
	}
	if c := rank(a) - rank(b); c != 0 {
		return c
	}
	switch a := a.(type) {
	case *rdf2go.Resource:
		return strings.Compare(a.URI, b.(*rdf2go.Resource).URI)
	case *rdf2go.BlankNode:
		return strings.Compare(a.ID, b.(*rdf2go.BlankNode).ID)
	}
	x, y := a.(*rdf2go.Literal), b.(*rdf2go.Literal)
	if c := strings.Compare(x.Value, y.Value); c != 0 {
		return c
	}
	if c := strings.Compare(x.Language, y.Language); c != 0 {
		return c
	}
	return strings.Compare(datatypeOf(x), datatypeOf(y))
}
