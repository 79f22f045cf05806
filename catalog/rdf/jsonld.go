package rdf

import "github.com/deiu/rdf2go"

// writeJSONLD writes a document with its context inside: readers fetch a
// remote one, and fail when its host is down.
func writeJSONLD(o *out, d *document) {
	o.str("{\n\"@context\": {")
	for i, p := range prefixes() {
		if i > 0 {
			o.str(",")
		}
		o.str("\n  \"", p.name, "\": \"", p.namespace, "\"")
	}
	o.str("\n},\n\"@graph\": [")
	for i, n := range d.nodes {
		if i > 0 {
			o.str(",")
		}
		o.str("\n{\"@id\":")
		o.buf = appendID(o.buf, n.subject)
		writeMembers(o, d, n, 0)
		o.str("}")
		o.pause()
	}
	o.str("\n]\n}\n")
}

// writeMembers writes what n says, each member after a comma.
func writeMembers(o *out, d *document, n *node, depth int) {
	comma := depth == 0 // the @id stands before
	runs(d.triples(n, depth), func(predicate string, same []*rdf2go.Triple) {
		if predicate == rdfType {
			same = writeTypes(o, same, &comma)
			if len(same) == 0 {
				return
			}
		}
		separate(o, &comma)
		o.str("\"")
		o.buf = appendCompact(o.buf, predicate)
		o.str("\":")
		if len(same) > 1 {
			o.str("[")
		}
		for i, t := range same {
			if i > 0 {
				o.str(",")
			}
			if in := d.inside(t.Object); in != nil {
				o.str("{")
				writeMembers(o, d, in, depth+1)
				o.str("}")
			} else {
				o.buf = appendValue(o.buf, t.Object)
			}
			o.pause()
		}
		if len(same) > 1 {
			o.str("]")
		}
	})
}

func separate(o *out, comma *bool) {
	if *comma {
		o.str(",\n ")
	}
	*comma = true
}

// writeTypes writes the classes that are IRIs as @type, and returns the rest:
// classes sort before literals and blank nodes.
func writeTypes(o *out, types []*rdf2go.Triple, comma *bool) []*rdf2go.Triple {
	n := 0
	for n < len(types) && rank(types[n].Object) == 0 {
		n++
	}
	if n == 0 {
		return types
	}
	separate(o, comma)
	o.str("\"@type\":[")
	for i, t := range types[:n] {
		if i > 0 {
			o.str(",")
		}
		o.str("\"")
		o.buf = appendCompact(o.buf, t.Object.(*rdf2go.Resource).URI)
		o.str("\"")
	}
	o.str("]")
	return types[n:]
}

// appendValue writes an object. A bare string is a text without language.
func appendValue(b []byte, t rdf2go.Term) []byte {
	l, ok := t.(*rdf2go.Literal)
	if !ok {
		b = append(b, `{"@id":`...)
		b = appendID(b, t)
		return append(b, '}')
	}
	if l.Language == "" && l.Datatype == nil {
		return appendJSON(b, l.Value)
	}
	if l.Language != "" {
		b = append(b, `{"@language":"`...)
		b = append(b, l.Language...)
	} else {
		b = append(b, `{"@type":"`...)
		b = appendCompact(b, datatypeOf(l))
	}
	b = append(b, `","@value":`...)
	b = appendJSON(b, l.Value)
	return append(b, '}')
}

func appendID(b []byte, t rdf2go.Term) []byte {
	b = append(b, '"')
	if blank, ok := t.(*rdf2go.BlankNode); ok {
		b = append(b, "_:"...)
		b = append(b, blank.ID...)
	} else {
		b = append(b, t.(*rdf2go.Resource).URI...) // no IRI has a character that JSON escapes
	}
	return append(b, '"')
}

func appendCompact(b []byte, iri string) []byte {
	if prefix, local, ok := short(iri); ok {
		b = append(b, prefix...)
		b = append(b, ':')
		return append(b, local...)
	}
	return append(b, iri...)
}

func appendJSON(b []byte, s string) []byte {
	b = append(b, '"')
	from := 0
	for i := range len(s) {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		b = append(b, s[from:i]...)
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, `\n`...)
		case '\r':
			b = append(b, `\r`...)
		case '\t':
			b = append(b, `\t`...)
		default:
			b = append(b, `\u00`...)
			b = append(b, hexDigits[c>>4], hexDigits[c&15])
		}
		from = i + 1
	}
	b = append(b, s[from:]...)
	return append(b, '"')
}
