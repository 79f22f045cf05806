package rdf

import "github.com/deiu/rdf2go"

func writeTurtle(o *out, d *document) {
	for _, p := range prefixes() {
		o.str("@prefix ", p.name, ": <", p.namespace, "> .\n")
	}
	for _, n := range d.nodes {
		o.str("\n")
		o.buf = appendTurtle(o.buf, n.subject)
		writePredicates(o, d, n, 0)
		o.str(" .\n")
		o.pause()
	}
}

// writePredicates writes what n says, one predicate a line.
func writePredicates(o *out, d *document, n *node, depth int) {
	indent := "\n    "
	if depth > 0 {
		indent = "\n        "
	}
	first := true
	runs(d.triples(n, depth), func(predicate string, same []*rdf2go.Triple) {
		if !first {
			o.str(" ;")
		}
		first = false
		o.str(indent)
		if predicate == rdfType {
			o.str("a")
		} else {
			o.buf = appendName(o.buf, predicate)
		}
		for i, t := range same {
			if i > 0 {
				o.str(",")
			}
			o.str(" ")
			if in := d.inside(t.Object); in != nil {
				o.str("[")
				writePredicates(o, d, in, depth+1)
				o.str(" ]")
			} else {
				o.buf = appendTurtle(o.buf, t.Object)
			}
			o.pause()
		}
	})
}

// appendTurtle writes a term with our prefixes.
func appendTurtle(b []byte, t rdf2go.Term) []byte {
	switch t := t.(type) {
	case *rdf2go.Resource:
		return appendName(b, t.URI)
	case *rdf2go.Literal:
		if datatype := datatypeOf(t); datatype != "" {
			b = appendQuoted(b, t.Value)
			b = append(b, "^^"...)
			return appendName(b, datatype)
		}
	}
	return appendTerm(b, t)
}

func appendName(b []byte, iri string) []byte {
	if prefix, local, ok := short(iri); ok {
		b = append(b, prefix...)
		b = append(b, ':')
		return append(b, local...)
	}
	b = append(b, '<')
	b = append(b, iri...)
	return append(b, '>')
}
