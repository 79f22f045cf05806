package rdf

import (
	"strconv"
	"strings"
)

// A Syntax is one of the four in which a graph is written, or one of two more in
// which the default graph of a document is read. The zero value is
// RDF/XML, which harvesters read fastest and which is the answer to whoever
// does not ask for another.
type Syntax uint8

// The syntaxes.
const (
	RDFXML Syntax = iota
	Turtle
	JSONLD
	NTriples
	TriG   // read only
	NQuads // read only
)

// Syntaxes lists every syntax that is written, the default one first.
func Syntaxes() []Syntax { return []Syntax{RDFXML, Turtle, JSONLD, NTriples} }

// MediaType is the Content-Type of s. It always names its charset: harvesters
// that find none guess, slowly and wrongly.
func (s Syntax) MediaType() string { return s.essence() + "; charset=utf-8" }

func (s Syntax) essence() string {
	switch s {
	case Turtle:
		return "text/turtle"
	case JSONLD:
		return "application/ld+json"
	case NTriples:
		return "application/n-triples"
	case TriG:
		return "application/trig"
	case NQuads:
		return "application/n-quads"
	}
	return "application/rdf+xml"
}

// Suffix is the end of a path that asks for s: ".rdf", ".ttl", ".jsonld", ".nt".
func (s Syntax) Suffix() string {
	switch s {
	case Turtle:
		return ".ttl"
	case JSONLD:
		return ".jsonld"
	case NTriples:
		return ".nt"
	case TriG:
		return ".trig"
	case NQuads:
		return ".nq"
	}
	return ".rdf"
}

// String is the name of s for people.
func (s Syntax) String() string {
	switch s {
	case Turtle:
		return "Turtle"
	case JSONLD:
		return "JSON-LD"
	case NTriples:
		return "N-Triples"
	case TriG:
		return "TriG"
	case NQuads:
		return "N-Quads"
	}
	return "RDF/XML"
}

// SyntaxOf finds the syntax that a suffix asks for, dot included.
func SyntaxOf(suffix string) (Syntax, bool) {
	for _, s := range Syntaxes() {
		if s.Suffix() == suffix {
			return s, true
		}
	}
	return RDFXML, false
}

// Negotiate chooses what an Accept header wants most. The page for people
// (html) is the answer only if text/html is named with a higher quality than
// any syntax, as browsers do: harvesters send */* or nothing, and get RDF/XML,
// and so does whoever wants only what is not there. Among equals a named type
// wins over a wildcard, then the first one. What is malformed is passed over.
func Negotiate(accept string) (s Syntax, html bool) {
	const mostBytes, mostRanges = 4096, 64
	best, bestNamed, htmlQ := 0, false, 0
	ranges := 0
	for part := range strings.SplitSeq(accept[:min(len(accept), mostBytes)], ",") {
		if ranges++; ranges > mostRanges {
			break
		}
		essence, params, _ := strings.Cut(part, ";")
		essence = strings.ToLower(strings.TrimSpace(essence))
		q := quality(params)
		if essence == "text/html" || essence == "application/xhtml+xml" {
			if essence == "text/html" {
				htmlQ = max(htmlQ, q)
			}
			continue
		}
		if found, named, ok := match(essence); ok && (q > best || q == best && q > 0 && named && !bestNamed) {
			s, best, bestNamed = found, q, named
		}
	}
	return s, htmlQ > best || htmlQ == best && htmlQ > 0 && !bestNamed
}

// match finds the syntax of a media range, and whether the range names it.
func match(essence string) (s Syntax, named, ok bool) {
	switch essence {
	case "application/rdf+xml", "application/xml", "text/xml":
		return RDFXML, true, true
	case "text/turtle", "application/x-turtle", "text/n3":
		return Turtle, true, true
	case "application/ld+json", "application/json":
		return JSONLD, true, true
	case "application/n-triples":
		return NTriples, true, true
	case "*/*", "application/*":
		return RDFXML, false, true
	case "text/*":
		return Turtle, false, true
	}
	return RDFXML, false, false
}

// quality reads the q of a media range, in thousandths. None is 1; one that
// is malformed is 0.
func quality(params string) int {
	for p := range strings.SplitSeq(params, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(p), "=")
		if !strings.EqualFold(strings.TrimSpace(name), "q") {
			continue
		}
		q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
		if err != nil || !(q >= 0 && q <= 1) {
			return 0
		}
		return int(q*1000 + 0.5)
	}
	return 1000
}
