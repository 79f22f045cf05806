package rdf

import (
	"strings"
	"testing"
)

func TestNegotiate(t *testing.T) {
	tests := map[string]struct {
		accept string
		want   Syntax
		html   bool
	}{
		"nothing asked":                     {"", RDFXML, false},
		"anything, as data.gouv.fr asks":    {"*/*", RDFXML, false},
		"a browser":                         {"text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8", RDFXML, true},
		"a page or anything":                {"text/html, */*", RDFXML, true},
		"a page less than data":             {"text/html;q=0.5, text/turtle", Turtle, false},
		"a page as much as data":            {"text/html, text/turtle", Turtle, false},
		"a page less than anything":         {"text/html;q=0.1, */*", RDFXML, false},
		"no page":                           {"text/html;q=0", RDFXML, false},
		"XHTML is not named HTML":           {"application/xhtml+xml", RDFXML, false},
		"Turtle":                            {"text/turtle", Turtle, false},
		"Turtle with a charset":             {"text/turtle; charset=utf-8", Turtle, false},
		"JSON-LD with a profile":            {`application/ld+json;profile="http://www.w3.org/ns/json-ld#compacted"`, JSONLD, false},
		"plain JSON":                        {"application/json", JSONLD, false},
		"N-Triples":                         {"application/n-triples", NTriples, false},
		"the higher quality wins":           {"text/turtle;q=0.3, application/ld+json;q=0.7", JSONLD, false},
		"the first of equals wins":          {"application/n-triples, text/turtle", NTriples, false},
		"a named type wins over a wildcard": {"*/*, text/turtle", Turtle, false},
		"but not over a better wildcard":    {"*/*, text/turtle;q=0.9", RDFXML, false},
		"upper case":                        {"TEXT/TURTLE;Q=1.0", Turtle, false},
		"excluded":                          {"text/turtle;q=0, application/n-triples;q=0.1", NTriples, false},
		"any text":                          {"text/*", Turtle, false},
		"what is not there":                 {"image/png", RDFXML, false},
		"a quality that is none":            {"text/turtle;q=high, application/n-triples;q=0.2", NTriples, false},
		"a quality beyond all":              {"text/html;q=NaN, text/turtle;q=2", RDFXML, false},
		"commas without end":                {strings.Repeat(",", 100_000) + "text/turtle", RDFXML, false},
	}
	for name, test := range tests {
		if got, html := Negotiate(test.accept); got != test.want || html != test.html {
			t.Errorf("%s: Negotiate(%.80q) = %s, %t, want %s, %t", name, test.accept, got, html, test.want, test.html)
		}
	}
}

func TestEverySyntaxIsFoundByItsSuffixAndItsMediaType(t *testing.T) {
	for _, s := range Syntaxes() {
		if got, ok := SyntaxOf(s.Suffix()); !ok || got != s {
			t.Errorf("SyntaxOf(%q) = %s, %t", s.Suffix(), got, ok)
		}
		if got, html := Negotiate(s.MediaType()); got != s || html {
			t.Errorf("Negotiate(%q) = %s, %t", s.MediaType(), got, html)
		}
		if !strings.HasSuffix(s.MediaType(), "; charset=utf-8") {
			t.Errorf("%s has media type %q: without charset harvesters garble accents", s, s.MediaType())
		}
	}
	for _, suffix := range []string{"", ".html", "ttl", ".TTL", ".json"} {
		if s, ok := SyntaxOf(suffix); ok {
			t.Errorf("SyntaxOf(%q) = %s", suffix, s)
		}
	}
}

func FuzzNegotiate(f *testing.F) {
	f.Add("text/html,application/xml;q=0.9,*/*;q=0.8")
	f.Add(`application/ld+json;profile="a,b";q=1e-3`)
	f.Fuzz(func(t *testing.T, accept string) {
		s, html := Negotiate(accept)
		if html && !strings.Contains(strings.ToLower(accept), "text/html") {
			t.Errorf("HTML for %q, which does not name it", accept)
		}
		if _, ok := SyntaxOf(s.Suffix()); !ok {
			t.Errorf("Negotiate(%q) = %d", accept, s)
		}
	})
}
