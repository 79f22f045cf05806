package rdf

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"maillon/catalog"
)

// What we publish is read back as it was meant.
func TestAFeedOfOursIsReadBack(t *testing.T) {
	c := sample(3)
	want, _ := c.Publishable()
	f := FeedOf(built(t, c))
	if len(f.Found) != 3 || f.Next != c.Page.Next || f.Total != c.Page.TotalItems || f.Title != c.Title || len(f.Problems) > 0 {
		t.Fatalf("%d datasets, next %q, total %d, title %v, problems %v", len(f.Found), f.Next, f.Total, f.Title, f.Problems)
	}
	// Of several sources, only the nodes that all came through count: the others are another way.
	if diff := cmp.Diff([]string{"24350013900189"}, f.Found[0].Through); diff != "" {
		t.Error(diff)
	}
	byName := cmpopts.SortSlices(func(a, b catalog.Distribution) bool { return a.IRI < b.IRI })
	byText := cmpopts.SortSlices(func(a, b catalog.Text) bool { return a.French+a.English < b.French+b.English })
	byTheme := cmpopts.SortSlices(func(a, b catalog.Theme) bool { return a < b })
	for i, d := range f.Found {
		got, exp := d.Dataset, want.Datasets[i]
		exp.InSeries = ""
		exp.Languages = []catalog.Language{catalog.French}
		for j := range exp.Distributions {
			x := &exp.Distributions[j]
			x.Languages = nil
			x.DownloadURL = strings.ReplaceAll(x.DownloadURL, " ", "%20")
			x.AccessURL = strings.ReplaceAll(x.AccessURL, " ", "%20")
		}
		// A keyword in two languages is two keywords in RDF.
		exp.Keywords = []catalog.Text{{French: "marchés publics"}, {English: "public contracts"}, {French: "decp"}, {French: "commande publique"}}
		exp.Issued, exp.Modified = exp.Issued.UTC(), exp.Modified.UTC()
		for j := range exp.Distributions {
			exp.Distributions[j].Modified = exp.Distributions[j].Modified.UTC()
			if !exp.Distributions[j].Issued.IsZero() {
				exp.Distributions[j].Issued = exp.Distributions[j].Issued.UTC()
			}
		}
		if diff := cmp.Diff(exp, got, byName, byText, byTheme, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("dataset %d (-published +read):\n%s", i, diff)
		}
		again, err := DatasetOf(d.Triples)
		if diff := cmp.Diff(got, again); err != nil || diff != "" {
			t.Errorf("dataset %d from its own triples: %v\n%s", i, err, diff)
		}
	}
}

// The triples that are kept of a dataset are the same bytes at every visit,
// whatever the names of its blank nodes.
func TestTheSameDescriptionIsTheSameBytes(t *testing.T) {
	const doc = `@prefix dcat: <http://www.w3.org/ns/dcat#> . @prefix dct: <http://purl.org/dc/terms/> .
<http://a.fr/d> a dcat:Dataset ; dct:title "T" ; dcat:contactPoint _:x ; dct:temporal _:y, _:z .
_:x <http://www.w3.org/2006/vcard/ns#fn> "Qui" . _:y dcat:startDate "2020" . _:z dcat:startDate "2021" .`
	var first []byte
	for _, doc := range []string{doc, strings.NewReplacer("_:x", "_:q9", "_:y", "_:a", "_:z", "_:b").Replace(doc)} {
		g, _, err := Read(strings.NewReader(doc), Turtle, "")
		if err != nil {
			t.Fatal(err)
		}
		f := FeedOf(g)
		if len(f.Found) != 1 {
			t.Fatalf("%+v", f)
		}
		if first == nil {
			first = f.Found[0].Triples
		} else if !bytes.Equal(first, f.Found[0].Triples) {
			t.Errorf("%s\n%s", first, f.Found[0].Triples)
		}
	}
}

func TestOneBrokenDatasetCostsOnlyItself(t *testing.T) {
	const doc = `@prefix dcat: <http://www.w3.org/ns/dcat#> . @prefix dct: <http://purl.org/dc/terms/> . @prefix hydra: <http://www.w3.org/ns/hydra/core#> .
<http://a.fr/c> a dcat:Catalog ; dct:title "C" ; dcat:dataset <http://a.fr/1>, <http://a.fr/2>, [ a dcat:Dataset ; dct:identifier "n" ; dct:title "N" ], <http://a.fr/3> .
<http://a.fr/1> a dcat:Dataset ; dct:title "Un"@fr, "One"@en, "Eins"@de ; dct:relation <http://a.fr/stub> .
<http://a.fr/stub> a dcat:Dataset .
<http://a.fr/2> a dcat:Dataset ; dct:description "sans titre" .
<http://a.fr/3> a dcat:Dataset ; dct:title "Trois" ; dcat:distribution [ dcat:downloadURL <http://a.fr/3.csv> ; dct:format "csv" ] .
<http://a.fr/c?p=1> a hydra:PagedCollection ; hydra:nextPage "http://a.fr/c?p=2" ; hydra:totalItems 7 .`
	g, _, err := Read(strings.NewReader(doc), Turtle, "")
	if err != nil {
		t.Fatal(err)
	}
	f := FeedOf(g)
	var keys []string
	for _, d := range f.Found {
		keys = append(keys, d.Key)
	}
	if diff := cmp.Diff([]string{"http://a.fr/1", "http://a.fr/2", "http://a.fr/3", "n"}, keys); diff != "" {
		t.Error(diff)
	}
	if f.Next != "http://a.fr/c?p=2" || f.Total != 7 {
		t.Errorf("next %q, total %d", f.Next, f.Total)
	}
	if got := f.Found[0].Dataset.Title; got != (catalog.Text{French: "Eins", English: "One"}) && got != (catalog.Text{French: "Un", English: "One"}) {
		t.Errorf("title %+v", got)
	}
	if got := f.Found[2].Dataset.Distributions; len(got) != 1 || got[0].Format != catalog.CSV {
		t.Errorf("%+v", got)
	}
	var said []string
	for _, p := range f.Problems {
		said = append(said, p.Rule+" "+p.Pointer)
	}
	want := []string{RuleFoundFiles + " http://a.fr/1", RuleFoundTitle + " http://a.fr/2", RuleFoundFiles + " http://a.fr/2",
		RuleFoundStub + " http://a.fr/stub", RuleFoundFiles + " b0"}
	if diff := cmp.Diff(want, said); diff != "" {
		t.Error(diff)
	}
}

// Every feed that others read gives as many datasets as it holds, but for stubs,
// which are said.
func TestRealFeedsGiveEveryDataset(t *testing.T) {
	dir := os.Getenv("MAILLON_CONFORMANCE")
	if dir == "" {
		t.Skip("SKIPPED: needs MAILLON_CONFORMANCE")
	}
	dir = filepath.Join(dir, "dcat", "feeds")
	index, err := os.ReadFile(filepath.Join(dir, "INDEX.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	feeds, datasets := 0, 0
	for _, line := range strings.Split(strings.TrimSpace(string(index)), "\n")[1:] {
		col := strings.Split(line, "\t")
		if col[10] != "ok" && col[11] != "ok" {
			continue
		}
		s, ok := map[string]Syntax{"turtle": Turtle, "rdfxml": RDFXML, "jsonld": JSONLD, "ntriples": NTriples, "trig": TriG}[col[3]]
		if !ok {
			t.Fatalf("syntax %s", col[3])
		}
		raw, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(col[0])))
		if err != nil {
			t.Fatal(err)
		}
		g, _, _, err := ReadOn(bytes.NewReader(raw), s, "https://exemple.fr/feed")
		if err != nil {
			t.Logf("%s: %v", col[0], err)
			continue // parse's own test lists these
		}
		f := FeedOf(g)
		left := 0
		for _, p := range f.Problems {
			if p.Severity == catalog.Error {
				left++
				if p.Rule != RuleFoundStub {
					t.Logf("%s: %s %s", col[0], p.Rule, p.Pointer)
				}
			}
		}
		want, err := strconv.Atoi(col[7])
		if err != nil {
			t.Fatal(err)
		}
		if len(f.Found)+left != want {
			t.Errorf("%s: %d datasets and %d left out, want %d", col[0], len(f.Found), left, want)
		}
		feeds, datasets = feeds+1, datasets+len(f.Found)
		for _, d := range f.Found {
			again, err := DatasetOf(d.Triples)
			if diff := cmp.Diff(d.Dataset, again); err != nil || diff != "" && again.IRI != "" {
				t.Errorf("%s: %s from its own triples: %v\n%s", col[0], d.Key, err, diff)
			}
		}
	}
	if feeds < 200 {
		t.Errorf("only %d feeds were read", feeds)
	}
	t.Logf("%d feeds, %d datasets", feeds, datasets)
}

// Blank nodes that lead to each other in every way are no trap.
func TestATangleOfBlankNodesIsReadInTime(t *testing.T) {
	var b strings.Builder
	b.WriteString("<http://a.fr/d> a <http://www.w3.org/ns/dcat#Dataset> ; <http://purl.org/dc/terms/title> \"T\" ; <http://p> _:n0 .\n")
	const n = 60
	for i := range n {
		for j := range n {
			b.WriteString("_:n" + strconv.Itoa(i) + " <http://p> _:n" + strconv.Itoa(j) + " .\n")
		}
	}
	g, _, err := Read(strings.NewReader(b.String()), Turtle, "")
	if err != nil {
		t.Fatal(err)
	}
	if f := FeedOf(g); len(f.Found) != 1 {
		t.Errorf("%d found, %v", len(f.Found), f.Problems)
	}
}

// Whatever a server answers, reading it as a catalogue ends, and what is kept of a
// dataset can be read again.
func FuzzFeed(f *testing.F) {
	f.Add("@prefix dcat: <http://www.w3.org/ns/dcat#> . <http://a.fr/d> a dcat:Dataset ; <http://purl.org/dc/terms/title> \"T\" ; dcat:distribution [ dcat:downloadURL <http://a.fr/x> ] .")
	f.Add("<http://a> a <http://www.w3.org/ns/dcat#Dataset> ; <http://p> _:b . _:b <http://p> _:b , _:c . _:c <http://p> _:b .")
	f.Fuzz(func(t *testing.T, doc string) {
		g, _, _, _ := ReadOn(strings.NewReader(doc), Turtle, "http://base.invalid/")
		for _, d := range FeedOf(g).Found {
			if _, err := DatasetOf(d.Triples); err != nil {
				t.Errorf("%v\n%s", err, d.Triples)
			}
			if len(d.Triples) > 2*maxFound {
				t.Errorf("%d bytes", len(d.Triples))
			}
		}
	})
}
