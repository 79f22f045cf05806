package rdf

import (
	"errors"

	"github.com/deiu/rdf2go"
)

// clean is t as a graph keeps it: mended, and IRIs interned, so that equal
// IRIs are one pointer.
func (g *Graph) clean(t rdf2go.Term) (rdf2go.Term, error) {
	switch t := t.(type) {
	case *rdf2go.Resource:
		return g.iri(t.URI)
	case *rdf2go.BlankNode:
		if !isLabel(t.ID) {
			return nil, errors.New("a blank node's label is letters and digits, a letter first")
		}
		g.blanks[t.ID] = true
		return t, nil
	case *rdf2go.Literal:
		return g.literal(t)
	}
	return nil, errors.New("no term")
}

// iri returns the one resource that g has for an IRI. The result is an
// interface that is nil on error.
func (g *Graph) iri(iri string) (rdf2go.Term, error) {
	if r, ok := g.iris[iri]; ok {
		return r, nil
	}
	clean, err := cleanIRI(iri)
	if err != nil {
		return nil, err
	}
	r, ok := g.iris[clean]
	if !ok {
		r = &rdf2go.Resource{URI: clean}
		g.iris[clean] = r
	}
	g.iris[iri] = r
	return r, nil
}

func (g *Graph) predicate(t rdf2go.Term) (*rdf2go.Resource, error) {
	r, ok := t.(*rdf2go.Resource)
	if !ok {
		return nil, errors.New("not an IRI")
	}
	if p, ok := g.predicates[r.URI]; ok {
		return p, nil
	}
	clean, err := g.iri(r.URI)
	if err != nil {
		return nil, err
	}
	p := clean.(*rdf2go.Resource)
	if err := checkPredicate(p.URI); err != nil {
		return nil, err
	}
	g.predicates[r.URI] = p
	return p, nil
}

// literal mends a literal. A text has neither language nor datatype; a text in
// a language has no datatype.
func (g *Graph) literal(l *rdf2go.Literal) (rdf2go.Term, error) {
	value, lang := cleanText(l.Value), ""
	if l.Language != "" {
		if lang = cleanLang(l.Language); lang == "" {
			return nil, errors.New("not a language tag: " + shownText(l.Language))
		}
	}
	datatype := datatypeOf(l)
	if datatype == xsdString || datatype == rdfLangString || lang != "" {
		datatype = ""
	}
	if datatype == "" {
		if value == l.Value && lang == l.Language && l.Datatype == nil {
			return l, nil
		}
		return &rdf2go.Literal{Value: value, Language: lang}, nil
	}
	t, err := g.iri(datatype)
	if err != nil {
		return nil, errors.New("datatype: " + err.Error())
	}
	return &rdf2go.Literal{Value: value, Datatype: t}, nil
}

// isLabel keeps to what every syntax takes as a label, XML names included.
func isLabel(s string) bool {
	for i := range len(s) {
		if c := s[i]; c == '-' || c == '_' && i == 0 || !isNameByte(c) {
			return false
		}
	}
	return s != "" && isNameStart(s[0]) && len(s) <= 64
}

// shown is a term cut for a report.
func shown(t Term) string { return shownText(t.Value()) }

func shownText(s string) string {
	const most = 120
	if len(s) <= most {
		return s
	}
	return cleanText(s[:most]) + "…"
}
