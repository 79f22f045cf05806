package parse

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// The comparison that the suites rest on tells graphs apart.
func TestIsomorphism(t *testing.T) {
	b := func(label string) Term { return Term{Kind: Blank, Value: label} }
	p := Term{Kind: IRI, Value: "p"}
	ring := func(labels ...string) (list []Quad) {
		for i, l := range labels {
			list = append(list, Quad{Subject: b(l), Predicate: p, Object: b(labels[(i+1)%len(labels)])})
		}
		return list
	}
	if !isomorphic(ring("a", "b", "c", "d"), ring("x", "y", "z", "w")) {
		t.Error("two rings of four differ")
	}
	if isomorphic(ring("a", "b", "c", "d"), append(ring("x", "y"), ring("z", "w")...)) {
		t.Error("a ring of four is two of two")
	}
	if isomorphic(ring("a"), nil) || isomorphic(ring("a", "b"), ring("a", "b", "c")) {
		t.Error("rings of different lengths are one")
	}
}

// A document is the same in whatever pieces it arrives.
func TestPiecesChangeNothing(t *testing.T) {
	for name, c := range map[string]struct {
		syntax Syntax
		doc    string
	}{
		"N-Triples": {NTriples, "# c\n<http://a/é> <http://b> \"x\\u00e9\\\"\"@fr-FR . # d\n_:b1.x <http://b> \"1\"^^<http://t> .\n<http://a><http://b>_:c."},
		"N-Quads":   {NQuads, "<http://a> <http://b> <http://c> <http://g> .\r\n<http://a> <http://b> \"\" _:g ."},
		"Turtle": {Turtle, "\ufeff@prefix p: <http://p/> . PREFIX q: <q#>\n@base <http://base/a/b> .\np:a.b p:c 1, -2.5, 3e0, 4.5, true ;; a <../x>, <?q>, <#f>, <> .\n" +
			"[ p:x \"\"\"long \"quoted\" \\t\"\"\"@en ; p:y ( 1 ( ) 'a' ) ] p:z _:b-1 .\nq:%41\\-b p:c 'x'^^p:t ."},
		"TriG":    {TriG, "@prefix : <http://p/> . { :a :b :c } :g { :a :b [ :c :d ] . } GRAPH _:g { } [] { :x :y :z } :s :p :o ."},
		"RDF/XML": {RDFXML, `<?xml version="1.0"?><!DOCTYPE r [<!ENTITY d "http://d/">]><r:RDF xmlns:r="` + nsRDF + `" xmlns:d="&d;"><d:T r:about="#a" d:p="é"><d:q r:resource="&d;x"/></d:T></r:RDF>`},
	} {
		t.Run(name, func(t *testing.T) {
			whole, err := all(t, []byte(c.doc), c.syntax, "http://base/doc")
			if err != nil {
				t.Fatal(err)
			}
			for how, in := range map[string]io.Reader{
				"byte by byte": iotest.OneByteReader(strings.NewReader(c.doc)), "halves": iotest.HalfReader(strings.NewReader(c.doc)),
				"data with the end": iotest.DataErrReader(strings.NewReader(c.doc)),
			} {
				var got []Quad
				err := Read(in, c.syntax, "http://base/doc", Limits{}, func(q Quad) error { got = append(got, q); return nil })
				if diff := cmp.Diff(whole, got); diff != "" || err != nil {
					t.Errorf("%s: %v\n%s", how, err, diff)
				}
			}
		})
	}
}

// An error says the line and what was wanted; what stands before it was given.
func TestErrorsSayWhere(t *testing.T) {
	for name, c := range map[string]struct {
		syntax Syntax
		doc    string
		quads  int
		want   string
	}{
		"a relative IRI":       {Turtle, "<http://a> <http://b> 1 .\n<c> <d> 2 .", 1, `line 2: the IRI "c" is relative`},
		"an unknown prefix":    {Turtle, "\n\np:a p:b p:c .", 0, `line 3: the prefix "p:" is not declared`},
		"an open string":       {Turtle, `<http://a> <http://b> "abc`, 0, "line 1: no term can be read here"},
		"an open IRI":          {Turtle, `<http://a> <b`, 0, "line 1: no term"},
		"no point":             {Turtle, "<http://a> <http://b> 1\n<http://c> <http://d> 2 .", 1, "want ."},
		"a point too many":     {NTriples, "<http://a> <http://b> <http://c> . .", 1, "something follows the point"},
		"half a triple":        {NTriples, "<http://a> <http://b>", 0, "no term can be read"},
		"bytes that are no":    {NTriples, "<http://a> <http://b> \"\xff\" .", 0, "no term"},
		"brackets without end": {Turtle, "<http://a> <http://b> " + strings.Repeat("[ <http://b> ", 200), 0, "nested deeper than 128"},
		"lists without end":    {Turtle, "<http://a> <http://b> " + strings.Repeat("( ", 200), 0, "nested deeper than 128"},
		"elements without end": {RDFXML, strings.Repeat(`<a xmlns="http://a/">`, 300), 128, "nested deeper than 128"},
		"an entity":            {RDFXML, `<a xmlns="http://a/">&x;</a>`, 1, "line 1"},
		"entities in entities": {RDFXML, `<!DOCTYPE a [<!ENTITY x "1"><!ENTITY y "&x;&x;">]><a xmlns="http://a/"><b>&y;</b></a>`, 1, "line 1"},
		"an open element":      {RDFXML, `<a xmlns="http://a/"><b>`, 1, "ends too early"},
		"two roots":            {RDFXML, `<a xmlns="http://a/"/><a xmlns="http://a/"/>`, 1, "follows the root"},
		"tags that cross":      {RDFXML, `<a xmlns="http://a/"><b></a></b>`, 1, "ends <b>"},
		"an unknown encoding":  {RDFXML, `<?xml version="1.0" encoding="ebcdic"?><a/>`, 0, "ebcdic"},
	} {
		t.Run(name, func(t *testing.T) {
			list, err := all(t, []byte(c.doc), c.syntax, "")
			if err == nil || !strings.Contains(err.Error(), c.want) || len(list) != c.quads {
				t.Errorf("%d quads, %v; want %d, %q", len(list), err, c.quads, c.want)
			}
		})
	}
}

func TestLimitsHold(t *testing.T) {
	for name, c := range map[string]struct {
		syntax Syntax
		lim    Limits
		doc    string
	}{
		"a document":    {NTriples, Limits{Bytes: 100}, strings.Repeat("<http://a> <http://b> <http://c> .\n", 10)},
		"a literal":     {Turtle, Limits{Token: 100}, "<http://a> <http://b> \"" + strings.Repeat("x", 300<<10) + `" .`},
		"an IRI":        {NTriples, Limits{Token: 100}, "<http://a" + strings.Repeat("x", 300<<10) + "> <http://b> <http://c> ."},
		"prefixes":      {Turtle, Limits{Names: 2}, "@prefix a: <http://a> . @prefix b: <http://a> . @prefix c: <http://a> ."},
		"an XML":        {RDFXML, Limits{Bytes: 100}, `<a xmlns="http://a/">` + strings.Repeat("<b>x</b>", 100) + "</a>"},
		"an XML's text": {RDFXML, Limits{Token: 100}, `<a xmlns="http://a/"><b>` + strings.Repeat("x", 1000) + "</b></a>"},
	} {
		if err := Read(strings.NewReader(c.doc), c.syntax, "", c.lim, func(Quad) error { return nil }); err == nil {
			t.Errorf("%s has no limit", name)
		}
	}
	stop := errors.New("stop")
	if err := Read(strings.NewReader("<http://a> <http://b> <http://c> ."), NTriples, "", Limits{}, func(Quad) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("got %v", err)
	}
	broken := errors.New("broken")
	for s := NTriples; s <= RDFXML; s++ {
		if err := Read(iotest.ErrReader(broken), s, "", Limits{}, func(Quad) error { return nil }); !errors.Is(err, broken) {
			t.Errorf("syntax %d: got %v", s, err)
		}
	}
}

func TestRelativeIRIsAreResolved(t *testing.T) {
	base, ok := parseBase("http://a/b/c/d;p?q#f")
	if !ok {
		t.Fatal("no base")
	}
	// RFC 3986, section 5.4.
	for ref, want := range map[string]string{
		"g:h": "g:h", "g": "http://a/b/c/g", "./g": "http://a/b/c/g", "g/": "http://a/b/c/g/", "/g": "http://a/g", "//g": "http://g",
		"?y": "http://a/b/c/d;p?y", "g?y": "http://a/b/c/g?y", "#s": "http://a/b/c/d;p?q#s", "g#s": "http://a/b/c/g#s", ";x": "http://a/b/c/;x",
		"": "http://a/b/c/d;p?q", ".": "http://a/b/c/", "..": "http://a/b/", "../g": "http://a/b/g", "../..": "http://a/", "../../g": "http://a/g",
		"../../../g": "http://a/g", "/./g": "http://a/g", "/../g": "http://a/g", "g.": "http://a/b/c/g.", "..g": "http://a/b/c/..g",
		"./../g": "http://a/b/g", "g/./h": "http://a/b/c/g/h", "g;x=1/../y": "http://a/b/c/y", "g?y/../x": "http://a/b/c/g?y/../x",
	} {
		got := ref
		if schemeLength(ref) == 0 {
			got = string(base.resolve(nil, []byte(ref)))
		}
		if got != want {
			t.Errorf("%q is %q, want %q", ref, got, want)
		}
	}
}

func TestJSONLDIsBoundedAndFetchesNothing(t *testing.T) {
	for name, c := range map[string]struct{ doc, want string }{
		"a context elsewhere": {`{"@context":"http://elsewhere.invalid/c","a":1}`, "http://elsewhere.invalid/c is elsewhere"},
		"depth":               {strings.Repeat("[", 200) + strings.Repeat("]", 200), "nested deeper than 128"},
		"half a document":     {"{\n\"a\":", "line 2"},
		"two documents":       {"{}\n{}", "something follows"},
		"nothing":             {"", "line 1"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := all(t, []byte(c.doc), JSONLD, ""); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
	got, err := all(t, []byte(`{"@context":{"p":"http://p/"},"@id":"x","p:a":[{"@value":"é","@language":"fr"},1,1.5,true,{"p:b":{"@id":"#y"}}]}`), JSONLD, "http://base/d")
	if err != nil || len(got) != 6 {
		t.Errorf("%d quads, %v", len(got), err)
	}
}

func FuzzJSONLD(f *testing.F) {
	f.Add([]byte(`{"@context":{"p":"http://p/","q":{"@id":"p:q","@type":"@id"}},"@graph":[{"@id":"_:a","q":"x","p:l":{"@list":[1,{"@value":"v","@language":"fr"}]}}]}`))
	f.Fuzz(func(t *testing.T, doc []byte) {
		err := Read(bytes.NewReader(doc), JSONLD, "http://base/", Limits{}, func(q Quad) error {
			if q.Predicate.Kind != IRI || q.Subject.Kind == None || q.Object.Kind == None {
				t.Fatalf("%+v is no triple", q)
			}
			return nil
		})
		_ = err
	})
}

func FuzzRead(f *testing.F) {
	for s, doc := range map[Syntax]string{
		NTriples: "<http://a> <http://b> \"c\"@fr .\n_:a <http://b> _:c .", NQuads: "<http://a> <http://b> <http://c> <http://d> .",
		Turtle: "@prefix p: <http://p/> . p:a p:b [ p:c ( 1 'x' ) ] , \"\"\"y\"\"\"^^p:t .", TriG: "{ <http://a> a _:b } <http://g> { }",
		RDFXML: `<r:RDF xmlns:r="` + nsRDF + `"><r:Description r:ID="x"><r:li r:parseType="Literal"><b>x</b></r:li></r:Description></r:RDF>`,
	} {
		f.Add(byte(s), []byte(doc))
	}
	f.Fuzz(func(t *testing.T, s byte, doc []byte) {
		syntax := Syntax(s % 5)
		var first []Quad
		err := Read(bytes.NewReader(doc), syntax, "http://base/", Limits{Token: 1 << 12}, func(q Quad) error {
			if q.Predicate.Kind != IRI || q.Subject.Kind == Literal || q.Subject.Kind == None || q.Object.Kind == None {
				t.Fatalf("%+v is no triple", q)
			}
			first = append(first, q)
			return nil
		})
		var second []Quad
		again := Read(iotest.OneByteReader(bytes.NewReader(doc)), syntax, "http://base/", Limits{Token: 1 << 12}, func(q Quad) error {
			second = append(second, q)
			return nil
		})
		if (err == nil) != (again == nil) || err == nil && !cmp.Equal(first, second) {
			t.Fatalf("in pieces: %v and %v", err, again)
		}
	})
}
