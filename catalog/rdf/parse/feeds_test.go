package parse

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Every real DCAT file that rapper reads is read as the same graph.
func TestFeedsAreTheGraphsThatRapperReads(t *testing.T) {
	root := os.Getenv("MAILLON_CONFORMANCE")
	if root == "" {
		t.Skip("MAILLON_CONFORMANCE is not set: no real feeds")
	}
	rapper, err := exec.LookPath("rapper")
	if err != nil {
		t.Skip("rapper is not installed (Debian: raptor2-utils): feeds are not compared")
	}
	folder := filepath.Join(root, "dcat", "feeds")
	index, err := os.ReadFile(filepath.Join(folder, "INDEX.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	syntaxes := map[string]struct {
		syntax Syntax
		name   string
	}{"turtle": {Turtle, "turtle"}, "rdfxml": {RDFXML, "rdfxml"}, "ntriples": {NTriples, "ntriples"}, "trig": {TriG, "trig"}}
	read, refused := 0, 0
	for line := range strings.Lines(string(index)) {
		cells := strings.Split(strings.TrimSpace(line), "\t")
		s, known := syntaxes[cells[3]]
		if !known {
			continue
		}
		file := filepath.Join(folder, cells[0])
		doc, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		const base = "http://feed.invalid/x"
		theirs, err := exec.Command(rapper, "-q", "-i", s.name, "-o", "nquads", file, base).Output()
		if err != nil {
			refused++
			continue
		}
		want, err := all(t, theirs, NQuads, "")
		if err != nil {
			t.Errorf("%s: what rapper writes: %v", cells[0], err)
			continue
		}
		got, err := all(t, doc, s.syntax, base)
		switch {
		case err != nil:
			t.Errorf("%s: %v", cells[0], err)
		case !isomorphic(got, want):
			a, b := lines(got, colours(got, nil)), lines(want, colours(want, nil))
			t.Errorf("%s: %d triples, rapper %d: %s", cells[0], len(a), len(b), firstDifference(a, b))
		default:
			read++
		}
	}
	t.Logf("%d feeds are the graphs that rapper reads; it refuses %d", read, refused)
	if read < 200 {
		t.Errorf("only %d feeds were compared", read)
	}
}

func firstDifference(a, b []string) string {
	var out bytes.Buffer
	in := map[string]bool{}
	for _, l := range b {
		in[l] = true
	}
	for _, l := range a {
		if !in[l] {
			out.WriteString("\n  only ours: " + l[:min(300, len(l))])
			break
		}
	}
	in = map[string]bool{}
	for _, l := range a {
		in[l] = true
	}
	for _, l := range b {
		if !in[l] {
			out.WriteString("\n  only rapper: " + l[:min(300, len(l))])
			break
		}
	}
	return out.String()
}

// rdflibDiffers are files that rdflib reads as another graph, and why we do not.
var rdflibDiffers = map[string]string{
	"catalog.json":             "an @id in base 64 with colons: rdflib puts what it takes for a scheme in lower case",
	"catalog_of_catalogs.json": "the same",

	"conformance-standards.jsonld": "50.0 is an integer in JSON-LD 1.1 (Object to RDF Conversion, step 10): rdflib makes a double of it",
}

// Every real JSON-LD file that rdflib reads is read as the same graph.
func TestFeedsAreTheGraphsThatRdflibReads(t *testing.T) {
	root := os.Getenv("MAILLON_CONFORMANCE")
	if root == "" {
		t.Skip("MAILLON_CONFORMANCE is not set: no real feeds")
	}
	python := "/usr/bin/python3"
	if exec.Command(python, "-c", "import rdflib").Run() != nil {
		t.Skip("rdflib is not installed (Debian: python3-rdflib): JSON-LD feeds are not compared")
	}
	folder := filepath.Join(root, "dcat", "feeds")
	index, err := os.ReadFile(filepath.Join(folder, "INDEX.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	const base = "http://feed.invalid/x"
	const program = `import rdflib, sys
rdflib.NORMALIZE_LITERALS = False
for name in sys.stdin:
    g = rdflib.ConjunctiveGraph()
    try:
        g.parse(name.strip(), format="json-ld", publicID="http://feed.invalid/x")
        g.serialize(destination=sys.argv[1] + "/" + name.strip().replace("/", "_"), format="nquads", encoding="utf-8")
    except Exception as e:
        print(name.strip(), e)
`
	dir := t.TempDir()
	var names []string
	for line := range strings.Lines(string(index)) {
		if cells := strings.Split(strings.TrimSpace(line), "\t"); cells[3] == "jsonld" {
			names = append(names, filepath.Join(folder, cells[0]))
		}
	}
	cmd := exec.Command(python, "-c", program, dir)
	cmd.Stdin = strings.NewReader(strings.Join(names, "\n"))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	read := 0
	for _, name := range names {
		theirs, err := os.ReadFile(filepath.Join(dir, strings.ReplaceAll(name, "/", "_")))
		if err != nil {
			continue // rdflib refuses it
		}
		want, err := all(t, theirs, NQuads, "")
		if err != nil {
			t.Errorf("%s: what rdflib writes: %v", name, err)
			continue
		}
		for i := range want {
			want[i].Graph = Term{} // rdflib names the default graph
		}
		doc, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		got, err := all(t, doc, JSONLD, base)
		for i := range got {
			got[i].Graph = Term{}
		}
		switch {
		case rdflibDiffers[filepath.Base(name)] != "":
			read++
		case err != nil:
			t.Errorf("%s: %v", name, err)
		case !isomorphic(got, want):
			a, b := lines(got, colours(got, nil)), lines(want, colours(want, nil))
			t.Errorf("%s: %d triples, rdflib %d: %s", name, len(a), len(b), firstDifference(a, b))
		default:
			read++
		}
	}
	t.Logf("%d of %d JSON-LD feeds are the graphs that rdflib reads", read, len(names))
}
