package rdf

import (
	"errors"
	"fmt"
	"io"
	"strconv"

	"maillon/catalog/rdf/parse"
)

// readRefused is the number of triples that a graph refuses of which Read says why.
const readRefused = 100

// Read reads the default graph of a document from outside. base is the IRI
// against which relative ones are resolved, "" for none. Blank nodes are
// renamed b0, b1… in the order in which they appear.
//
// An error ends the reading, with its line: the graph holds what stood before
// it. A triple that a [Graph] refuses is left out and said in refused (the
// first hundred): one bad value never costs a feed.
func Read(r io.Reader, s Syntax, base string) (g *Graph, refused []error, err error) {
	return readWith(r, s, base, nil, nil)
}

// ReadOn is [Read], but a statement of Turtle or N-Triples that cannot be read costs
// only itself: it is left out, said in skipped (the first hundred), and reading goes
// on. A document that says nothing in its default graph is read in all of its named
// ones together: some portals put each dataset in a graph of its own.
func ReadOn(r io.Reader, s Syntax, base string) (g *Graph, refused, skipped []error, err error) {
	named := NewGraph()
	g, refused, err = readWith(r, s, base, func(e *parse.Error) {
		if len(skipped) < readRefused {
			skipped = append(skipped, fmt.Errorf("%s: %w", s, e))
		}
	}, named)
	if g.Len() == 0 && named.Len() > 0 {
		g = named
	}
	return g, refused, skipped, err
}

func readWith(r io.Reader, s Syntax, base string, skip func(*parse.Error), named *Graph) (g *Graph, refused []error, err error) {
	g = NewGraph()
	names := map[string]Term{}
	term := func(t parse.Term) Term {
		switch t.Kind {
		case parse.IRI:
			return IRI(t.Value)
		case parse.Literal:
			switch {
			case t.Lang != "":
				return LangLiteral(t.Value, t.Lang)
			case t.Datatype != "":
				return TypedLiteral(t.Value, t.Datatype)
			}
			return Literal(t.Value)
		}
		b, ok := names[t.Value]
		if !ok {
			b = Blank("b" + strconv.Itoa(len(names)))
			names[t.Value] = b
		}
		return b
	}
	err = parse.Read(r, parsed[s], base, parse.Limits{Bytes: maxBytes, Skip: skip}, func(q parse.Quad) error {
		to := g
		if q.Graph.Kind != parse.None {
			if to = named; to == nil {
				return nil
			}
		}
		err := to.Add(term(q.Subject), term(q.Predicate), term(q.Object))
		switch {
		case err == nil:
		case errors.Is(err, ErrFull):
			return err
		case len(refused) < readRefused:
			refused = append(refused, err)
		}
		return nil
	})
	if err != nil {
		err = fmt.Errorf("%s: %w", s, err)
	}
	return g, refused, err
}

// parsed are the syntaxes by the names of their readers.
var parsed = map[Syntax]parse.Syntax{
	RDFXML: parse.RDFXML, Turtle: parse.Turtle, JSONLD: parse.JSONLD, NTriples: parse.NTriples, TriG: parse.TriG, NQuads: parse.NQuads,
}
