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
