package rdf

import (
	"strings"

	"github.com/deiu/rdf2go"
)

func writeRDFXML(o *out, d *document) {
	o.str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<rdf:RDF")
	for _, p := range prefixes() {
		o.str("\n    xmlns:", p.name, "=\"", p.namespace, "\"")
	}
	o.str(">\n")
	for _, n := range d.nodes {
		writeElement(o, d, n, 0)
		o.pause()
	}
	o.str("</rdf:RDF>\n")
}

// writeElement writes a node as an element: its first class if that has one of
// our prefixes, otherwise rdf:Description.
func writeElement(o *out, d *document, n *node, depth int) {
	indent := "  "
	if depth > 0 {
		indent = "      "
	}
	triples := d.triples(n, depth)
	element, rest := elementOf(triples)
	o.str(indent, "<", element)
	switch s := n.subject.(type) {
	case *rdf2go.Resource:
		o.str(` rdf:about="`)
		o.buf = appendAttribute(o.buf, s.URI)
		o.str(`"`)
	case *rdf2go.BlankNode:
		if depth == 0 {
			o.str(` rdf:nodeID="`, s.ID, `"`)
		}
	}
	if len(rest) == 0 {
		o.str("/>\n")
		return
	}
	o.str(">\n")
	for _, t := range rest {
		o.str(indent, "  ")
		writeProperty(o, d, t, depth)
		o.pause()
	}
	o.str(indent, "</", element, ">\n")
}

func elementOf(triples []*rdf2go.Triple) (element string, rest []*rdf2go.Triple) {
	if t := triples[0]; t.Predicate.(*rdf2go.Resource).URI == rdfType {
		if class, ok := t.Object.(*rdf2go.Resource); ok {
			if prefix, local, ok := short(class.URI); ok && prefix != "rdf" {
				return prefix + ":" + local, triples[1:]
			}
		}
	}
	return "rdf:Description", triples
}

func writeProperty(o *out, d *document, t *rdf2go.Triple, depth int) {
	iri := t.Predicate.(*rdf2go.Resource).URI
	prefix, local, ok := short(iri)
	o.str("<")
	if !ok {
		// A namespace that has no prefix is declared where it is used.
		var namespace string
		namespace, local = splitName(iri)
		prefix = "p"
		o.str("p:", local, ` xmlns:p="`)
		o.buf = appendAttribute(o.buf, namespace)
		o.str(`"`)
	} else {
		o.str(prefix, ":", local)
	}
	if in := d.inside(t.Object); in != nil {
		o.str(">\n")
		writeElement(o, d, in, depth+1)
		o.str("    </", prefix, ":", local, ">\n")
		return
	}
	switch v := t.Object.(type) {
	case *rdf2go.Resource:
		o.str(` rdf:resource="`)
		o.buf = appendAttribute(o.buf, v.URI)
		o.str("\"/>\n")
	case *rdf2go.BlankNode:
		o.str(` rdf:nodeID="`, v.ID, "\"/>\n")
	case *rdf2go.Literal:
		writeText(o, v)
		o.str("</", prefix, ":", local, ">\n")
	}
}

// writeText writes the rest of the start tag, and the text.
func writeText(o *out, l *rdf2go.Literal) {
	if l.Language != "" {
		o.str(` xml:lang="`, l.Language, `"`)
	}
	if datatype := datatypeOf(l); datatype != "" {
		o.str(` rdf:datatype="`)
		o.buf = appendAttribute(o.buf, datatype)
		o.str(`"`)
	}
	o.str(">")
	o.buf = appendText(o.buf, l.Value)
}

// appendAttribute writes an IRI: of what XML escapes it can only have & and '.
func appendAttribute(b []byte, iri string) []byte {
	for {
		i := strings.IndexByte(iri, '&')
		if i < 0 {
			return append(b, iri...)
		}
		b = append(b, iri[:i]...)
		b = append(b, "&amp;"...)
		iri = iri[i+1:]
	}
}

// appendText escapes what XML readers take for markup, and the carriage
// return, which they would read as a line feed.
func appendText(b []byte, s string) []byte {
	from := 0
	for i := range len(s) {
		var escape string
		switch s[i] {
		case '&':
			escape = "&amp;"
		case '<':
			escape = "&lt;"
		case '>':
			escape = "&gt;"
		case '\r':
			escape = "&#13;"
		default:
			continue
		}
		b = append(b, s[from:i]...)
		b = append(b, escape...)
		from = i + 1
	}
	return append(b, s[from:]...)
}
