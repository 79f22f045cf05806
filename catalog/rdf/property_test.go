package rdf

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"

	"maillon/catalog"
)

// anything is text that somebody could have typed, or sent.
func anything() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.String(),
		rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }),
		rapid.SampledFrom([]string{"", " ", "\x00", "\xff\xfe", "]]>", "<!--", `"\`, "a b", "@fr", "\r\n", "\uFFFF", "%", "é"}),
	)
}

func anyIRI() *rapid.Generator[string] {
	return rapid.OneOf(anything(), rapid.Map(anything(), func(s string) string { return "https://exemple.fr/" + s }))
}

func anyText(t *rapid.T, name string) catalog.Text {
	return catalog.Text{French: anything().Draw(t, name), English: anything().Draw(t, name+" in English")}
}

// holds checks that g is written in every syntax such that it can be read.
func holds(t *rapid.T, g *Graph) {
	for _, s := range Syntaxes() {
		var b bytes.Buffer
		if err := Write(&b, g, s); err != nil {
			t.Fatal(err)
		}
		again, refused, err := Read(&b, s, "")
		if err != nil || len(refused) > 0 {
			t.Fatalf("%s: %v, %v", s, refused, err)
		}
		want, got := canonical(g), canonical(again)
		for i := range max(len(want), len(got)) {
			if i >= len(want) || i >= len(got) || want[i] != got[i] {
				t.Fatalf("%s: read back as %q, want %q", s, got, want)
			}
		}
	}
}

func TestNoTextBreaksAPage(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := sample(2)
		c.Title, c.Description = anyText(t, "title"), anyText(t, "description")
		c.Publisher.Name, c.Homepage = anything().Draw(t, "name"), anyIRI().Draw(t, "homepage")
		c.Coverage.Name, c.Page.Next = anything().Draw(t, "place"), anyIRI().Draw(t, "next")
		d := &c.Datasets[0]
		d.IRI, d.Identifier, d.Title = anyIRI().Draw(t, "IRI"), anything().Draw(t, "identifier"), anyText(t, "dataset")
		d.Contact = catalog.Contact{Name: anything().Draw(t, "contact"), Email: anything().Draw(t, "email"), Page: anyIRI().Draw(t, "page")}
		d.Keywords = append(d.Keywords, anyText(t, "keyword"))
		d.ConformsTo = []catalog.Standard{{IRI: anyIRI().Draw(t, "standard")}}
		x := &d.Distributions[0]
		x.IRI, x.DownloadURL, x.MediaType = anyIRI().Draw(t, "file"), anyIRI().Draw(t, "download"), anything().Draw(t, "media type")
		g, _ := FromCatalog(c)
		if n := len(g.Subjects(IRI(rdfType), IRI(nsDCAT+"Dataset"))); n < 1 {
			t.Fatal("the good dataset is lost")
		}
		for _, s := range g.Subjects(IRI(rdfType), IRI(nsDCAT+"Dataset")) {
			if len(g.Objects(s, IRI(nsDCT+"title"))) == 0 || len(g.Objects(s, IRI(nsDCT+"identifier"))) == 0 {
				t.Fatalf("%s has no title or identifier", s)
			}
		}
		holds(t, g)
	})
}

func TestNoTripleBreaksADocument(t *testing.T) {
	label := rapid.SampledFrom([]string{"a", "b", "c", "d"})
	subject := rapid.OneOf(rapid.Map(anyIRI(), IRI), rapid.Map(label, Blank))
	object := rapid.OneOf(subject, rapid.Map(anything(), Literal),
		rapid.Custom(func(t *rapid.T) Term {
			return LangLiteral(anything().Draw(t, "text"), rapid.SampledFrom([]string{"fr", "EN-gb"}).Draw(t, "lang"))
		}),
		rapid.Custom(func(t *rapid.T) Term { return TypedLiteral(anything().Draw(t, "value"), anyIRI().Draw(t, "type")) }))
	predicate := rapid.OneOf(rapid.SampledFrom([]Term{IRI(rdfType), IRI(nsDCT + "title"), IRI("http://exemple.fr/p")}), rapid.Map(anyIRI(), IRI))
	rapid.Check(t, func(t *rapid.T) {
		g := NewGraph()
		for range rapid.IntRange(0, 12).Draw(t, "triples") {
			// What is refused is not there; the point is what remains.
			_ = g.Add(subject.Draw(t, "subject"), predicate.Draw(t, "predicate"), object.Draw(t, "object"))
		}
		holds(t, g)
	})
}
