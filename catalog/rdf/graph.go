// Package rdf writes a catalogue as DCAT-AP 3.0.1 in four syntaxes: RDF/XML,
// Turtle, JSON-LD and N-Triples, and reads them ([Read]).
//
// [FromCatalog] makes a [Graph] of a [catalog.Catalog], [Write] writes it,
// [Negotiate] chooses the [Syntax]. Every triple of a Graph can be written in
// every syntax, and reads back as the same triple: what cannot is mended or
// refused when it is added, so that no value ever breaks a page. The same
// graph is always written as the same bytes.
//
// The package does not fetch. It is the only one that knows rdf2go, whose terms and graph are the model in
// memory; that library's parsers, writers and HTTP client are not used.
package rdf

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"

	"github.com/deiu/rdf2go"
)

// MaxTriples is how many triples a graph takes; its objects may have 256 MiB
// together. Beyond that [Graph.Add] refuses with [ErrFull].
const (
	MaxTriples = 2 << 20
	maxBytes   = 256 << 20
)

// ErrFull says that a graph has reached its limits.
var ErrFull = errors.New("the graph is full")

// A Triple is one statement of a graph.
type Triple struct{ Subject, Predicate, Object Term }

// A Graph is a set of triples, found by subject and predicate. The zero value
// is not usable: see [NewGraph]. Any number of goroutines may read a graph
// that nobody changes.
type Graph struct {
	triples *rdf2go.Graph
	nodes   map[string]*node
	blanks  map[string]bool // labels in use
	bytes   int             // of the objects

	maxTriples int                         // MaxTriples, but in tests
	iris       map[string]*rdf2go.Resource // by the IRI as it was given
	predicates map[string]*rdf2go.Resource // those of iris that may be predicates
}

// A node is what a graph says of one subject.
type node struct {
	subject rdf2go.Term
	triples []*rdf2go.Triple
	seen    map[statement]struct{} // only of a large node
}

// A statement is a predicate and an object, as a key.
type statement struct {
	predicate             rdf2go.Term // interned
	kind                  int
	value, lang, datatype string
}

// largeNode is the number of triples from which a map finds a duplicate
// faster than a walk.
const largeNode = 48

// NewGraph returns an empty graph.
func NewGraph() *Graph {
	return &Graph{
		triples:    rdf2go.NewGraph(""),
		nodes:      map[string]*node{},
		blanks:     map[string]bool{},
		iris:       map[string]*rdf2go.Resource{},
		predicates: map[string]*rdf2go.Resource{},
		maxTriples: MaxTriples,
	}
}

// Len is the number of triples.
func (g *Graph) Len() int { return g.triples.Len() }

// Add adds a triple; adding it again changes nothing. Terms are mended first:
// characters that an IRI or XML cannot hold are escaped or taken out, language
// tags are put in lower case. A triple that no mending saves is refused (a
// relative IRI, a literal as subject, a predicate that RDF/XML cannot write),
// and so is any triple once the graph is full ([ErrFull]).
func (g *Graph) Add(subject, predicate, object Term) error {
	if g.Len() >= g.maxTriples || g.bytes >= maxBytes {
		return ErrFull
	}
	s, err := g.clean(subject.t)
	if err != nil {
		return fmt.Errorf("subject %q: %w", shown(subject), err)
	}
	if rank(s) == 1 {
		return fmt.Errorf("subject %q: a literal says nothing", shown(subject))
	}
	p, err := g.predicate(predicate.t)
	if err != nil {
		return fmt.Errorf("predicate %q: %w", shown(predicate), err)
	}
	o, err := g.clean(object.t)
	if err != nil {
		return fmt.Errorf("object %q: %w", shown(object), err)
	}
	if n := g.node(s); !n.has(p, o) {
		t := rdf2go.NewTriple(s, p, o)
		g.triples.Add(t)
		n.triples = append(n.triples, t)
		g.bytes += len(o.RawValue())
	}
	return nil
}

// Merge adds every triple of other, whose blank nodes get names that g does
// not use: those of two documents are never the same node.
func (g *Graph) Merge(other *Graph) error {
	names := map[string]string{}
	renamed := func(t Term) Term {
		if !t.IsBlank() {
			return t
		}
		name, ok := names[t.Value()]
		for i := len(names); !ok; i++ {
			name = "m" + strconv.Itoa(i)
			ok = !g.blanks[name]
		}
		names[t.Value()] = name
		return Blank(name)
	}
	for t := range other.All() {
		if err := g.Add(renamed(t.Subject), t.Predicate, renamed(t.Object)); err != nil {
			return fmt.Errorf("merge graphs: %w", err)
		}
	}
	return nil
}

// All ranges over the triples in the order in which they are written: IRIs
// before blank nodes, rdf:type before the other predicates.
func (g *Graph) All() iter.Seq[Triple] {
	return func(yield func(Triple) bool) {
		var scratch []*rdf2go.Triple
		for _, n := range g.sorted() {
			scratch = n.sorted(scratch)
			for _, t := range scratch {
				if !yield(Triple{Term{t.Subject}, Term{t.Predicate}, Term{t.Object}}) {
					return
				}
			}
		}
	}
}

// Subjects lists what has the given object under the given predicate, in the
// order of [Graph.All]. It looks at every triple.
func (g *Graph) Subjects(predicate, object Term) []Term {
	var found []Term
	for t := range g.All() {
		if same(t.Predicate.t, predicate.t) && same(t.Object.t, object.t) {
			found = append(found, t.Subject)
		}
	}
	return found
}

// Objects lists the objects of a subject under a predicate, in the order in
// which they were added.
func (g *Graph) Objects(subject, predicate Term) []Term {
	n := g.nodes[key(subject.t)]
	if n == nil {
		return nil
	}
	var found []Term
	for _, t := range n.triples {
		if same(t.Predicate, predicate.t) {
			found = append(found, Term{t.Object})
		}
	}
	return found
}

// node is the node of a subject, made if need be.
func (g *Graph) node(s rdf2go.Term) *node {
	k := key(s)
	n := g.nodes[k]
	if n == nil {
		n = &node{subject: s}
		g.nodes[k] = n
	}
	return n
}

// key tells subjects apart: no IRI begins with _:.
func key(t rdf2go.Term) string {
	switch t := t.(type) {
	case *rdf2go.Resource:
		return t.URI
	case *rdf2go.BlankNode:
		return "_:" + t.ID
	}
	return ""
}

// has reports whether the node has the statement; from a certain size on it
// also remembers it.
func (n *node) has(p *rdf2go.Resource, o rdf2go.Term) bool {
	if len(n.triples) < largeNode {
		for _, t := range n.triples {
			if t.Predicate == rdf2go.Term(p) && same(t.Object, o) {
				return true
			}
		}
		return false
	}
	if n.seen == nil {
		n.seen = make(map[statement]struct{}, 2*largeNode)
		for _, t := range n.triples {
			n.seen[statementOf(t.Predicate, t.Object)] = struct{}{}
		}
	}
	k := statementOf(p, o)
	_, twice := n.seen[k]
	n.seen[k] = struct{}{}
	return twice
}

func statementOf(p, o rdf2go.Term) statement {
	s := statement{predicate: p, kind: rank(o), value: o.RawValue()}
	if l, ok := o.(*rdf2go.Literal); ok {
		s.lang, s.datatype = l.Language, datatypeOf(l)
	}
	return s
}

// sorted lists the nodes: IRIs first, then blank nodes.
func (g *Graph) sorted() []*node {
	all := make([]*node, 0, len(g.nodes))
	for _, n := range g.nodes {
		all = append(all, n)
	}
	slices.SortFunc(all, func(a, b *node) int { return compare(a.subject, b.subject) })
	return all
}

// sorted is the triples of n in order, in the room of scratch.
func (n *node) sorted(scratch []*rdf2go.Triple) []*rdf2go.Triple {
	list := append(scratch[:0], n.triples...)
	slices.SortFunc(list, func(a, b *rdf2go.Triple) int {
		if a.Predicate == b.Predicate {
			return compare(a.Object, b.Object)
		}
		p, q := a.Predicate.(*rdf2go.Resource).URI, b.Predicate.(*rdf2go.Resource).URI
		switch {
		case p == rdfType:
			return -1
		case q == rdfType:
			return 1
		}
		return strings.Compare(p, q)
	})
	return list
}
