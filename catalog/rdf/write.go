package rdf

import (
	"fmt"
	"io"

	"github.com/deiu/rdf2go"
)

// Write writes g in the syntax s, as a stream: sorted, so that the same graph
// is always the same bytes, whatever the order in which it was filled. Errors
// are those of w.
func Write(w io.Writer, g *Graph, s Syntax) error {
	o := &out{w: w, buf: make([]byte, 0, flushAt+4096)}
	d := newDocument(g)
	switch s {
	case Turtle:
		writeTurtle(o, d)
	case JSONLD:
		writeJSONLD(o, d)
	case NTriples:
		writeNTriples(o, d)
	default:
		writeRDFXML(o, d)
	}
	if o.flush(); o.err != nil {
		return fmt.Errorf("write %s: %w", s, o.err)
	}
	return nil
}

const flushAt = 32 << 10

// An out is the buffer that writers append to. After an error of w it drops
// what it is given.
type out struct {
	w   io.Writer
	buf []byte
	err error
}

func (o *out) str(parts ...string) {
	for _, s := range parts {
		o.buf = append(o.buf, s...)
	}
}

// pause is called between statements, where the buffer may be handed on.
func (o *out) pause() {
	if len(o.buf) >= flushAt {
		o.flush()
	}
}

func (o *out) flush() {
	if o.err == nil && len(o.buf) > 0 {
		_, o.err = o.w.Write(o.buf)
	}
	o.buf = o.buf[:0]
}

// A document is a graph in the order and with the nesting in which it is
// written. Blank nodes that one named subject refers to, once, are written
// inside it; the others have a label and stand for themselves.
type document struct {
	nodes   []*node
	nested  map[string]*node // by label
	scratch [2][]*rdf2go.Triple
}

func newDocument(g *Graph) *document {
	d := &document{nested: map[string]*node{}}
	refs := map[string]int{}
	if len(g.blanks) > 0 {
		for _, n := range g.nodes {
			_, named := n.subject.(*rdf2go.Resource)
			for _, t := range n.triples {
				b, ok := t.Object.(*rdf2go.BlankNode)
				switch {
				case ok && named:
					refs[b.ID]++
				case ok:
					refs[b.ID] += 2 // inside a blank node nothing is nested
				}
			}
		}
	}
	for _, n := range g.sorted() {
		if b, ok := n.subject.(*rdf2go.BlankNode); ok && refs[b.ID] == 1 {
			d.nested[b.ID] = n
			continue
		}
		d.nodes = append(d.nodes, n)
	}
	return d
}

// inside is the node to write in place of a reference to t, or nil.
func (d *document) inside(t rdf2go.Term) *node {
	if b, ok := t.(*rdf2go.BlankNode); ok {
		return d.nested[b.ID]
	}
	return nil
}

// triples is what n says, in order, until the next call for the same depth:
// 0 for a node that stands for itself, 1 for a nested one.
func (d *document) triples(n *node, depth int) []*rdf2go.Triple {
	d.scratch[depth] = n.sorted(d.scratch[depth])
	return d.scratch[depth]
}

// runs cuts sorted triples by predicate and calls f for each run.
func runs(triples []*rdf2go.Triple, f func(predicate string, same []*rdf2go.Triple)) {
	for len(triples) > 0 {
		n := 1
		for n < len(triples) && triples[n].Predicate == triples[0].Predicate {
			n++
		}
		f(triples[0].Predicate.(*rdf2go.Resource).URI, triples[:n])
		triples = triples[n:]
	}
}
