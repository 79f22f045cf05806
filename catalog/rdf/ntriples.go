package rdf

import "github.com/deiu/rdf2go"

func writeNTriples(o *out, d *document) {
	for _, n := range d.nodes {
		writeLines(o, d, n, 0)
	}
}

// writeLines writes one triple a line, and the lines of a nested node after
// the line that refers to it.
func writeLines(o *out, d *document, n *node, depth int) {
	for _, t := range d.triples(n, depth) {
		o.buf = appendTerm(o.buf, t.Subject)
		o.buf = append(o.buf, ' ')
		o.buf = appendTerm(o.buf, t.Predicate)
		o.buf = append(o.buf, ' ')
		o.buf = appendTerm(o.buf, t.Object)
		o.buf = append(o.buf, " .\n"...)
		o.pause()
		if in := d.inside(t.Object); in != nil {
			writeLines(o, d, in, 1)
		}
	}
}

// appendTerm writes a term as N-Triples and Turtle both read it.
func appendTerm(b []byte, t rdf2go.Term) []byte {
	switch t := t.(type) {
	case *rdf2go.Resource:
		b = append(b, '<')
		b = append(b, t.URI...)
		return append(b, '>')
	case *rdf2go.BlankNode:
		b = append(b, "_:"...)
		return append(b, t.ID...)
	case *rdf2go.Literal:
		b = appendQuoted(b, t.Value)
		if t.Language != "" {
			b = append(b, '@')
			return append(b, t.Language...)
		}
		if t.Datatype != nil {
			b = append(b, "^^"...)
			return appendTerm(b, t.Datatype)
		}
	}
	return b
}

func appendQuoted(b []byte, s string) []byte {
	b = append(b, '"')
	from := 0
	for i := range len(s) {
		var escape string
		switch s[i] {
		case '"':
			escape = `\"`
		case '\\':
			escape = `\\`
		case '\n':
			escape = `\n`
		case '\r':
			escape = `\r`
		case '\t':
			escape = `\t`
		default:
			continue
		}
		b = append(b, s[from:i]...)
		b = append(b, escape...)
		from = i + 1
	}
	b = append(b, s[from:]...)
	return append(b, '"')
}
