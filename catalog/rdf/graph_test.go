package rdf

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAGraphIsASet(t *testing.T) {
	g := NewGraph()
	for range 2 {
		for i := range 3 * largeNode {
			for _, o := range []Term{Literal(fmt.Sprint(i)), LangLiteral(fmt.Sprint(i), "FR"), IRI(fmt.Sprintf("http://exemple.fr/%d", i))} {
				if err := g.Add(IRI("http://exemple.fr/s"), IRI(nsDCT+"title"), o); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if got, want := g.Len(), 9*largeNode; got != want {
		t.Errorf("%d triples, want %d", got, want)
	}
	if got := len(g.Objects(IRI("http://exemple.fr/s"), IRI(nsDCT+"title"))); got != g.Len() {
		t.Errorf("%d objects, want %d", got, g.Len())
	}
}

func TestWhatNoMendingSavesIsRefused(t *testing.T) {
	s, p, o := IRI("http://exemple.fr/s"), IRI(nsDCT+"title"), Literal("o")
	tests := map[string]struct {
		s, p, o Term
		want    string
	}{
		"a literal as subject":         {o, p, o, "a literal says nothing"},
		"no subject":                   {Term{}, p, o, "no term"},
		"a relative IRI":               {IRI("/catalog"), p, o, "not an absolute IRI"},
		"an empty IRI":                 {s, p, IRI(""), "not an absolute IRI"},
		"a web address without host":   {s, p, IRI("https:///x"), "without host"},
		"a scheme that is our prefix":  {s, p, IRI("dct:title"), "scheme dct of the IRI is one of our prefixes"},
		"a blank predicate":            {s, Blank("b"), o, "not an IRI"},
		"a predicate without name":     {s, IRI("http://exemple.fr/12"), o, "must end in a name"},
		"a predicate of XML":           {s, IRI("http://www.w3.org/2000/xmlns/a"), o, "XML reserves"},
		"a predicate of RDF/XML":       {s, IRI(nsRDF + "li"), o, "RDF/XML reserves"},
		"a label that XML cannot have": {Blank("1-"), p, o, "label"},
		"a language that is none":      {s, p, LangLiteral("x", "fr FR"), "not a language tag"},
		"a relative datatype":          {s, p, TypedLiteral("x", "date"), "datatype: not an absolute IRI"},
	}
	for name, test := range tests {
		g := NewGraph()
		if err := g.Add(test.s, test.p, test.o); err == nil || !strings.Contains(err.Error(), test.want) || g.Len() != 0 {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
}

func TestAFullGraphTakesNoMore(t *testing.T) {
	g := NewGraph()
	g.maxTriples = 1
	s, p := IRI("http://exemple.fr/s"), IRI(nsDCT+"title")
	if err := g.Add(s, p, Literal("1")); err != nil {
		t.Fatal(err)
	}
	if err := g.Add(s, p, Literal("2")); !errors.Is(err, ErrFull) {
		t.Errorf("Add = %v, want ErrFull", err)
	}
}

func TestIRIsAreMended(t *testing.T) {
	for in, want := range map[string]string{
		" http://exemple.fr/a b\n":            "http://exemple.fr/a%20b",
		"http://exemple.fr/<\"{}|\\^`>":       "http://exemple.fr/%3C%22%7B%7D%7C%5C%5E%60%3E",
		"http://exemple.fr/é?q=ç#ü":           "http://exemple.fr/é?q=ç#ü",
		"http://exemple.fr/100%":              "http://exemple.fr/100%25",
		"http://exemple.fr/%C3%A9":            "http://exemple.fr/%C3%A9",
		"http://exemple.fr/\xff\x00":          "http://exemple.fr/%FF%00",
		"http://exemple.fr/a#b#c":             "http://exemple.fr/a#b%23c",
		"http://[::1]/[x]":                    "http://[::1]/%5Bx%5D",
		"http://exemple.fr/a/./b/../../../c/": "http://exemple.fr/c/",
		"http://exemple.fr/a/..":              "http://exemple.fr/",
		"http://exemple.fr/.well-known?a/../": "http://exemple.fr/.well-known?a/../",
		"http://a.fr/x http://b.fr/y":         "http://a.fr/x%20http://b.fr/y",
		"mailto:a b@exemple.fr":               "mailto:a%20b@exemple.fr",
	} {
		got, err := cleanIRI(in)
		if err != nil || got != want {
			t.Errorf("cleanIRI(%q) = %q, %v, want %q", in, got, err, want)
		}
		if again, err := cleanIRI(got); err != nil || again != got {
			t.Errorf("cleanIRI(%q) = %q, %v, want it unchanged", got, again, err)
		}
	}
}

func TestMergedBlankNodesStayApart(t *testing.T) {
	a, b := NewGraph(), NewGraph()
	for i, g := range []*Graph{a, b} {
		if err := g.Add(Blank("m0"), IRI(nsDCT+"title"), Literal(fmt.Sprint(i))); err != nil {
			t.Fatal(err)
		}
		if err := g.Add(Blank("m0"), IRI(nsDCT+"relation"), Blank("m1")); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.Merge(b); err != nil {
		t.Fatal(err)
	}
	if a.Len() != 4 || len(a.Objects(Blank("m0"), IRI(nsDCT+"title"))) != 1 {
		t.Errorf("merged into %v", canonical(a))
	}
}

func TestTheOrderOfAddingDoesNotShow(t *testing.T) {
	g := odd(t)
	triples := slices.Collect(g.All())
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(triples), func(i, j int) { triples[i], triples[j] = triples[j], triples[i] })
	other := NewGraph()
	for _, x := range triples {
		if err := other.Add(x.Subject, x.Predicate, x.Object); err != nil {
			t.Fatal(err)
		}
	}
	for _, s := range Syntaxes() {
		if diff := cmp.Diff(string(written(t, g, s)), string(written(t, other, s))); diff != "" {
			t.Errorf("%s (-in order +shuffled):\n%s", s, diff)
		}
	}
}

func TestSubjects(t *testing.T) {
	g := built(t, sample(3))
	if got := len(g.Subjects(IRI(rdfType), IRI(nsDCAT+"Distribution"))); got != 18 {
		t.Errorf("%d distributions, want 18", got)
	}
}

// read reads a document without anything that a graph refuses.
func read(t testing.TB, doc string, s Syntax) *Graph {
	t.Helper()
	g, refused, err := Read(strings.NewReader(doc), s, "")
	if err != nil || len(refused) > 0 {
		t.Fatalf("%v, %v", refused, err)
	}
	return g
}

// One bad value costs itself: what stands beside it is read.
func TestReadLeavesOutWhatNoGraphTakes(t *testing.T) {
	g, refused, err := Read(strings.NewReader("<http://e.fr/s> <http://e.fr/p> \"1\", \"2\"^^<http://e.fr/> .\n<http://e.fr/s> <http://e.fr/> \"3\", \"4\" ."), Turtle, "")
	if err != nil || g.Len() != 2 || len(refused) != 2 {
		t.Errorf("%d triples, %v, %v", g.Len(), refused, err)
	}
	g, _, err = Read(strings.NewReader("<http://e.fr/s> <http://e.fr/p> 1 .\n<"), Turtle, "")
	if err == nil || g.Len() != 1 || !strings.Contains(err.Error(), "Turtle: line 2") {
		t.Errorf("%d triples, %v", g.Len(), err)
	}
}

func TestReadRenamesBlankNodes(t *testing.T) {
	const s = "<http://e.fr/s> <http://e.fr/p> "
	g := read(t, s+"\"1\"."+"\r\n"+s+"_:a.b. # c\r"+s+"_:a.b .\n"+s+"\"\\u00e9\\t\"@FR .", NTriples)
	want := "<http://e.fr/s> <http://e.fr/p> \"1\" .\n<http://e.fr/s> <http://e.fr/p> \"é\\t\"@fr .\n<http://e.fr/s> <http://e.fr/p> _:b0 .\n"
	if diff := cmp.Diff(want, string(written(t, g, NTriples))); diff != "" {
		t.Error(diff)
	}
}

// Whatever is read is written as the same graph.
func FuzzReadAndWrite(f *testing.F) {
	f.Add([]byte("<http://e.fr/s> <http://e.fr/p> \"o\"@fr .\r_:a <http://e.fr/p> _:b ."))
	f.Add([]byte(`<http://e.fr/\u00e9> <http://e.fr/p> "\U0001F3DB\n"^^<http://e.fr/t> . # c`))
	f.Add([]byte("_:a.\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		g, _, err := Read(bytes.NewReader(raw), Turtle, "http://e.fr/")
		if err != nil {
			return
		}
		for _, s := range Syntaxes() {
			if s == JSONLD {
				continue // its reader leaves out IRIs that net/url does not take
			}
			if again := read(t, string(written(t, g, s)), s); again.Len() != g.Len() {
				t.Errorf("%s: %d triples, want %d", s, again.Len(), g.Len())
			}
		}
	})
}
