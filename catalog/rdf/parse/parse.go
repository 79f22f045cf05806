// Package parse reads RDF 1.1: N-Triples, N-Quads, Turtle, TriG and RDF/XML as
// streams of triples, strictly by the W3C's grammars, and JSON-LD whole.
//
// What comes from outside is hostile: bytes, depth, lengths and numbers are
// bounded, nothing is fetched, and the first error ends the reading with its
// line. The triples before it stand.
//
// Of the W3C test suites of RDF 1.1 (N-Triples, N-Quads, Turtle, TriG, RDF/XML)
// all 992 tests pass; see w3c_test.go.
package parse

import (
	"errors"
	"fmt"
	"io"
)

// Syntax is a syntax that can be read.
type Syntax uint8

// The syntaxes.
const (
	NTriples Syntax = iota
	NQuads
	Turtle
	TriG
	RDFXML
	JSONLD
)

// Kind says what a term is.
type Kind uint8

// The kinds of terms. The zero Term stands for the default graph.
const (
	None Kind = iota
	IRI
	Blank
	Literal
)

// A Term is an IRI, a blank node or a literal.
type Term struct {
	Kind     Kind
	Value    string // the IRI, the blank node's label, or the text
	Lang     string // language tag of a literal, as written
	Datatype string // IRI of a literal's datatype; "" for xsd:string and for texts with a language
}

// A Quad is a triple, and the graph it belongs to: the zero Term for the
// default graph.
type Quad struct{ Subject, Predicate, Object, Graph Term }

// Limits bound what one document may ask of us. A field that is zero takes the
// default.
type Limits struct {
	Bytes int64 // of the document; default 256 MiB
	Token int   // bytes of one IRI, literal, or XML element's tag; default 4 MiB
	Depth int   // nesting; default 128
	Names int   // prefixes, and labels of blank nodes, of one document; default 4 million

	// Skip, if it is not nil, is told of each statement of Turtle, N-Triples or
	// N-Quads that cannot be read; all of it is left out, and reading goes on behind
	// its end. An IRI with characters that it may not hold is mended, and a
	// usual prefix (dct, xsd…) need not be declared. The other
	// syntaxes end at their first error all the same.
	Skip func(*Error)
}

func (l Limits) withDefaults() Limits {
	if l.Bytes <= 0 {
		l.Bytes = 256 << 20
	}
	if l.Token <= 0 {
		l.Token = 4 << 20
	}
	if l.Depth <= 0 {
		l.Depth = 128
	}
	if l.Names <= 0 {
		l.Names = 4 << 20
	}
	return l
}

// An Error says what is wrong with a document, and where.
type Error struct {
	Line int // from 1
	Text string
}

func (e *Error) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Text) }

// errTooLarge ends a document over its limit.
var errTooLarge = errors.New("the document is too large")

// Read reads a document and gives each of its quads to each, in its order. base
// is the IRI against which relative ones are resolved; without one they are
// errors. An error is an [*Error], that of r, or that of each.
func Read(r io.Reader, s Syntax, base string, lim Limits, each func(Quad) error) error {
	lim = lim.withDefaults()
	in := newInput(r, lim)
	switch s {
	case NTriples, NQuads:
		return (&lineReader{input: in, quads: s == NQuads, each: each}).read()
	case Turtle, TriG:
		return newTurtle(in, base, s == TriG, each).read()
	case RDFXML:
		return readXML(r, base, lim, each)
	case JSONLD:
		return readJSONLD(r, base, lim, each)
	}
	return fmt.Errorf("syntax %d cannot be read", s)
}

// Namespaces that the readers speak of.
const (
	nsRDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
	nsXSD = "http://www.w3.org/2001/XMLSchema#"

	rdfType  = nsRDF + "type"
	rdfFirst = nsRDF + "first"
	rdfRest  = nsRDF + "rest"
	rdfNil   = nsRDF + "nil"

	xsdString = nsXSD + "string"
)
