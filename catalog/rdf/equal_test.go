package rdf

import (
	"bytes"
	"hash/fnv"
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// canonical is g as sorted lines in which every blank node is named after what
// is said of it and by it, so that two graphs that differ in labels only are
// the same lines.
func canonical(g *Graph) []string {
	names := map[string]string{}
	name := func(t Term) string {
		if t.IsBlank() {
			return "_:" + names[t.Value()]
		}
		return t.String()
	}
	var lines []string
	for range 5 { // each round sees one step farther
		said := map[string][]string{}
		lines = lines[:0]
		for t := range g.All() {
			line := name(t.Subject) + " " + t.Predicate.String() + " " + name(t.Object)
			lines = append(lines, line)
			if t.Subject.IsBlank() {
				said[t.Subject.Value()] = append(said[t.Subject.Value()], "> "+line)
			}
			if t.Object.IsBlank() {
				said[t.Object.Value()] = append(said[t.Object.Value()], "< "+line)
			}
		}
		for label, what := range said {
			slices.Sort(what)
			h := fnv.New64a()
			for _, line := range what {
				h.Write([]byte(line + "\n"))
			}
			names[label] = strconv.FormatUint(h.Sum64(), 36)
		}
	}
	slices.Sort(lines)
	return lines
}

func sameGraph(t testing.TB, what string, got, want *Graph) {
	t.Helper()
	if diff := cmp.Diff(canonical(want), canonical(got)); diff != "" {
		t.Errorf("%s is another graph (-want +got):\n%s", what, diff)
	}
}

func written(t testing.TB, g *Graph, s Syntax) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, g, s); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// odd is a graph with what syntaxes have trouble with.
func odd(t testing.TB) *Graph {
	t.Helper()
	g := NewGraph()
	add := func(s, p, o Term) {
		t.Helper()
		if err := g.Add(s, p, o); err != nil {
			t.Error(err)
		}
	}
	s := IRI("http://exemple.fr/a b<c>\"d\"?x=1&y=é#f#g")
	p := IRI("http://exemple.fr/ns/été/p.q")
	for _, text := range []string{"", "\"\\\t\n\r\x00\x01\v\uFFFE\uFFFF", "a\xffb", "]]> <!-- &amp; -->", "l'été 🏛\u2028\u0085", `\u0041`, "\"\"\"", "@fr", "%s 100%"} {
		add(s, p, Literal(text))
		add(s, p, LangLiteral(text, "fr-FR"))
		add(s, p, TypedLiteral(text, "http://exemple.fr/type?a&b"))
	}
	add(s, p, TypedLiteral("x", nsXSD+"string"))
	for _, name := range []string{"typÚložiště", "été", "1-è.a", "×ö"} {
		add(s, IRI("http://exemple.fr/slovník/"+name), Literal(name))
	}
	for _, iri := range []string{"urn:isbn:1", "mailto:a@b.fr", "http://exemple.fr", "http://exemple.fr/a/../b/./c", "http://exemple.fr/%zz%41",
		"http://exemple.fr/\U0010FFFF\uE000", nsDCAT + "1-odd", nsDCAT, nsDCAT + "a.b", nsDCAT + "-a", "http://exemple.fr/{x}|^`\\"} {
		add(s, IRI(nsDCT+"relation"), IRI(iri))
		add(s, IRI(rdfType), IRI(iri))
	}
	add(s, IRI(rdfType), Literal("a text as class"))
	add(Blank("loop"), IRI(nsDCT+"relation"), Blank("loop"))
	add(Blank("x"), IRI(nsDCT+"relation"), Blank("y"))
	add(Blank("y"), IRI(nsDCT+"relation"), Blank("x"))
	add(Blank("y"), IRI(nsDCT+"title"), Literal("y"))
	add(s, IRI(nsDCT+"temporal"), Blank("nested"))
	add(Blank("nested"), IRI(rdfType), IRI(nsDCT+"PeriodOfTime"))
	add(Blank("nested"), IRI(nsDCT+"relation"), Blank("inner"))
	add(Blank("inner"), IRI(nsDCT+"title"), Literal("inner"))
	add(s, IRI(nsDCT+"temporal"), Blank("nested2"))
	add(Blank("nested2"), IRI(nsDCT+"title"), Literal("nested2"))
	add(s, IRI(nsDCT+"spatial"), Blank("nothing"))
	add(s, IRI(nsDCT+"spatial"), Blank("shared"))
	add(IRI("http://exemple.fr/z"), IRI(nsDCT+"spatial"), Blank("shared"))
	add(Blank("shared"), IRI(rdfType), IRI(nsRDF+"List"))
	return g
}
