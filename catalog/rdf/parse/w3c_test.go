package parse

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// all reads a document into a list.
func all(t testing.TB, doc []byte, s Syntax, base string) ([]Quad, error) {
	t.Helper()
	var list []Quad
	err := Read(bytes.NewReader(doc), s, base, Limits{}, func(q Quad) error {
		list = append(list, q)
		return nil
	})
	return list, err
}

// text is a term as a line of N-Quads has it.
func text(t Term, names map[string]string) string {
	switch t.Kind {
	case IRI:
		return "<" + t.Value + ">"
	case Blank:
		return "_:" + names[t.Value]
	case Literal:
		return fmt.Sprintf("%q@%s^^%s", t.Value, strings.ToLower(t.Lang), t.Datatype)
	}
	return ""
}

func line(q Quad, names map[string]string) string {
	return text(q.Subject, names) + " " + text(q.Predicate, names) + " " + text(q.Object, names) + " " + text(q.Graph, names)
}

// isomorphic reports whether two sets of quads differ in labels only. Blank
// nodes are told apart by what surrounds them, and then by trying.
func isomorphic(a, b []Quad) bool { return match(a, b, map[string]string{}, map[string]string{}, 0) }

func match(a, b []Quad, fixedA, fixedB map[string]string, deep int) bool {
	namesA, namesB := colours(a, fixedA), colours(b, fixedB)
	if !slices.Equal(lines(a, namesA), lines(b, namesB)) {
		return false
	}
	// Nodes of one colour: fix one of a, and try each of b.
	byColour := map[string][]string{}
	for label, c := range namesA {
		byColour[c] = append(byColour[c], label)
	}
	for c, labels := range byColour {
		if len(labels) < 2 {
			continue
		}
		slices.Sort(labels)
		for label, d := range namesB {
			if d != c || deep > 50 {
				continue
			}
			fa, fb := clone(fixedA), clone(fixedB)
			fa[labels[0]], fb[label] = fmt.Sprint("fixed", deep), fmt.Sprint("fixed", deep)
			if match(a, b, fa, fb, deep+1) {
				return true
			}
		}
		return false
	}
	return true
}

func clone(m map[string]string) map[string]string {
	c := map[string]string{}
	for k, v := range m {
		c[k] = v
	}
	return c
}

func lines(list []Quad, names map[string]string) []string {
	var all []string
	for _, q := range list {
		all = append(all, line(q, names))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// colours names each blank node after what is said of it and by it.
func colours(list []Quad, fixed map[string]string) map[string]string {
	names := map[string]string{}
	for _, q := range list {
		for _, t := range []Term{q.Subject, q.Object, q.Graph} {
			if t.Kind == Blank {
				names[t.Value] = fixed[t.Value]
			}
		}
	}
	for range 8 {
		said := map[string][]string{}
		for _, q := range list {
			l := line(q, names)
			for i, t := range []Term{q.Subject, q.Object, q.Graph} {
				if t.Kind == Blank {
					said[t.Value] = append(said[t.Value], fmt.Sprint(i, l))
				}
			}
		}
		next := map[string]string{}
		for label, what := range said {
			slices.Sort(what)
			h := fnv.New64a()
			fmt.Fprint(h, fixed[label], slices.Compact(what))
			next[label] = fmt.Sprint(h.Sum64())
		}
		names = next
	}
	return names
}

// A w3cTest is one entry of a manifest.
type w3cTest struct{ name, kind, action, result string }

// manifest reads the manifest of a suite, with our own reader.
func manifest(t *testing.T, suite string) (tests []w3cTest, folder, base string) {
	t.Helper()
	root := os.Getenv("MAILLON_CONFORMANCE")
	if root == "" {
		t.Skip("MAILLON_CONFORMANCE is not set: no W3C test suites")
	}
	folder = filepath.Join(root, "dcat", "w3c", suite)
	raw, err := os.ReadFile(filepath.Join(folder, "manifest.ttl"))
	if err != nil {
		t.Fatal(err)
	}
	const here = "http://here.invalid/"
	quads, err := all(t, raw, Turtle, here)
	if err != nil {
		t.Fatal(err)
	}
	by := map[string]*w3cTest{}
	var order []string
	for _, q := range quads {
		e := by[q.Subject.Value]
		if e == nil {
			e = &w3cTest{}
			by[q.Subject.Value] = e
			order = append(order, q.Subject.Value)
		}
		_, what, _ := strings.Cut(q.Predicate.Value, "#")
		switch what {
		case "type":
			_, e.kind, _ = strings.Cut(q.Object.Value, "#")
		case "name":
			e.name = q.Object.Value
		case "action":
			e.action = strings.TrimPrefix(q.Object.Value, here)
		case "result":
			e.result = strings.TrimPrefix(q.Object.Value, here)
		case "assumedTestBase":
			base = q.Object.Value
		}
	}
	for _, id := range order {
		if e := by[id]; e.action != "" && strings.HasPrefix(e.kind, "Test") {
			tests = append(tests, *e)
		}
	}
	if base == "" {
		base = "https://w3c.github.io/rdf-tests/rdf/rdf11/" + suite + "/"
	}
	return tests, folder, base
}

// Every test of the W3C's suites of RDF 1.1, for the syntaxes that are read.
func TestW3C(t *testing.T) {
	for suite, c := range map[string]struct {
		syntax, result Syntax
		least          int
	}{
		"rdf-n-triples": {NTriples, NTriples, 70}, "rdf-n-quads": {NQuads, NQuads, 80},
		"rdf-turtle": {Turtle, NTriples, 300}, "rdf-trig": {TriG, NQuads, 350}, "rdf-xml": {RDFXML, NTriples, 160},
	} {
		t.Run(suite, func(t *testing.T) {
			tests, folder, base := manifest(t, suite)
			if len(tests) < c.least {
				t.Fatalf("%d tests, want %d at least", len(tests), c.least)
			}
			passed := 0
			for _, e := range tests {
				if err := w3c(t, e, folder, base, c.syntax, c.result); err != nil {
					t.Errorf("%s (%s): %v", e.name, e.kind, err)
					continue
				}
				passed++
			}
			t.Logf("%s: %d of %d", suite, passed, len(tests))
		})
	}
}

func w3c(t *testing.T, e w3cTest, folder, base string, syntax, result Syntax) error {
	action, err := url.PathUnescape(e.action)
	if err != nil {
		return err
	}
	doc, err := os.ReadFile(filepath.Join(folder, action))
	if err != nil {
		return err
	}
	got, err := all(t, doc, syntax, base+e.action)
	switch {
	case strings.Contains(e.kind, "Negative"):
		if err == nil {
			return fmt.Errorf("is read: %v", got)
		}
		return nil
	case err != nil:
		return err
	case e.result == "":
		return nil
	}
	raw, err := os.ReadFile(filepath.Join(folder, e.result))
	if err != nil {
		return err
	}
	want, err := all(t, raw, result, "")
	if err != nil {
		return fmt.Errorf("the result cannot be read: %w", err)
	}
	if !isomorphic(got, want) {
		return fmt.Errorf("\ngot  %v\nwant %v", lines(got, colours(got, nil)), lines(want, colours(want, nil)))
	}
	return nil
}
