package rdf

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"maillon/catalog"
	"maillon/catalog/texts"
)

func typedAs(g *Graph, class string) []Term { return g.Subjects(IRI(rdfType), IRI(class)) }

// one is the only object, or fails.
func one(t *testing.T, g *Graph, s Term, predicate string) Term {
	t.Helper()
	all := g.Objects(s, IRI(predicate))
	if len(all) != 1 {
		t.Fatalf("%s has %d %s, want 1", s, len(all), predicate)
	}
	return all[0]
}

// The rules of the harvesters that read the catalogues of French bodies: each
// was measured to lose or garble data when broken.
func TestWhatHarvestersNeed(t *testing.T) {
	g := built(t, sample(3))
	for _, class := range []string{"Dataset", "DataService"} {
		for _, s := range typedAs(g, nsDCAT+class) {
			one(t, g, s, nsDCT+"identifier")
			if len(g.Objects(s, IRI(nsDCT+"title"))) == 0 {
				t.Errorf("%s has no title", s)
			}
		}
	}
	for _, s := range typedAs(g, nsDCAT+"Dataset") {
		if o := one(t, g, s, nsDCT+"temporal"); !o.IsBlank() {
			t.Errorf("the period %s would be fetched", o)
		}
		if box := one(t, g, one(t, g, s, nsDCT+"spatial"), nsDCAT+"bbox").Value(); !strings.HasPrefix(box, "POLYGON((-2.29 47.63,") {
			t.Errorf("bbox %q", box)
		}
	}
	for _, s := range typedAs(g, nsSPDX+"Checksum") {
		if got := one(t, g, s, nsSPDX+"algorithm"); got.Value() != nsSPDX+"checksumAlgorithm_sha256" || !got.IsIRI() {
			t.Errorf("checksum algorithm %s", got)
		}
	}
	for _, s := range typedAs(g, nsDCT+"MediaType") {
		if label := one(t, g, s, nsRDFS+"label"); !strings.HasSuffix(s.Value(), "/"+label.Value()) || label.Lang() != "" {
			t.Errorf("media type %s is labelled %s", s, label)
		}
	}
}

func TestPagesAreLinked(t *testing.T) {
	c := sample(1)
	g := built(t, c)
	page := IRI(c.Page.IRI)
	if got := typedAs(g, nsHydra+"PartialCollectionView"); len(got) != 1 || got[0].Value() != page.Value() {
		t.Fatalf("views %v, want the page", got)
	}
	for name, want := range map[string]string{"first": c.Page.First, "previous": c.Page.Previous, "next": c.Page.Next, "last": c.Page.Last} {
		if got := one(t, g, page, nsHydra+name); !got.IsIRI() || got.Value() != want {
			t.Errorf("hydra:%s is %s, want <%s>", name, got, want)
		}
	}
	if got := one(t, g, IRI(c.IRI), nsHydra+"totalItems").Value(); got != "3" {
		t.Errorf("totalItems %s", got)
	}
	c.Page.Next, c.Page.Previous = "", ""
	if got := built(t, c).Objects(page, IRI(nsHydra+"next")); len(got) != 0 {
		t.Errorf("the last page leads to %v", got)
	}
}

func TestEveryReferenceIsTypedInThePage(t *testing.T) {
	g := built(t, sample(2))
	elsewhere := map[string]bool{nsDCAT + "accessURL": true, nsDCAT + "downloadURL": true, nsVCARD + "hasEmail": true,
		nsHydra + "first": true, nsHydra + "previous": true, nsHydra + "next": true, nsHydra + "last": true, rdfType: true}
	for x := range g.All() {
		if !x.Object.IsLiteral() && !elsewhere[x.Predicate.Value()] && len(g.Objects(x.Object, IRI(rdfType))) == 0 {
			t.Errorf("%s of %s is %s, of which the page says nothing", x.Predicate, x.Subject, x.Object)
		}
	}
}

func TestABadDatasetIsReportedAndLeftOut(t *testing.T) {
	c := sample(3)
	c.Datasets[1].Title = catalog.Text{}
	g, problems := FromCatalog(c)
	if got := len(typedAs(g, nsDCAT+"Dataset")); got != 2 {
		t.Errorf("%d datasets, want 2", got)
	}
	want := catalog.Problem{Pointer: "/datasets/1/title", Rule: catalog.RuleTitle, Severity: catalog.Error}
	if problems.Errors() != 1 || problems[0] != want {
		t.Errorf("problems %v", problems)
	}
	for x := range g.All() {
		if strings.HasPrefix(x.Object.Value(), c.Datasets[1].IRI) {
			t.Errorf("%v still leads to what was left out", x)
		}
	}
}

func TestACatalogueWithoutAddressGivesNothing(t *testing.T) {
	c := sample(1)
	c.IRI = "/catalog"
	if g, problems := FromCatalog(c); g.Len() != 0 || problems.Errors() != 1 {
		t.Errorf("%d triples, %v", g.Len(), problems)
	}
}

func TestAnAgentIsDescribedOnce(t *testing.T) {
	c := sample(2)
	c.Datasets[1].Publisher = c.Datasets[0].Publisher
	c.Datasets[1].Publisher.Type = catalog.RegionalAuthority
	one(t, built(t, c), IRI(c.Datasets[0].Publisher.IRI), nsDCT+"type")
}

func TestDatesThatXMLSchemaCannotWriteAreLeftOut(t *testing.T) {
	c := sample(1)
	c.Modified = time.Date(12026, 1, 1, 0, 0, 0, 0, time.UTC)
	if got := built(t, c).Objects(IRI(c.IRI), IRI(nsDCT+"modified")); len(got) != 0 {
		t.Errorf("modified %v", got)
	}
}

func TestEveryWordHasItsLabel(t *testing.T) {
	keys := []string{"dcat.country.FRA", "dcat.licencetype.Attribution", "dcat.licence.title"}
	for _, w := range catalog.PublisherTypes() {
		keys = append(keys, "dcat.publisher."+string(w))
	}
	for _, w := range catalog.Themes() {
		keys = append(keys, "dcat.theme."+string(w))
	}
	for _, w := range catalog.Languages() {
		keys = append(keys, "dcat.language."+string(w))
	}
	for _, w := range catalog.Frequencies() {
		keys = append(keys, "dcat.frequency."+string(w))
	}
	for _, w := range catalog.Accesses() {
		keys = append(keys, "dcat.access."+string(w))
	}
	for _, w := range catalog.Availabilities() {
		keys = append(keys, "dcat.availability."+string(w))
	}
	for _, r := range append(catalog.Rules(), FeedRules()...) {
		keys = append(keys, "rule."+r+".text", "rule."+r+".hint")
	}
	for _, k := range keys {
		if !texts.Has(k) {
			t.Errorf("the table of texts has no %s", k)
		}
	}
}

func TestWriteIsReadable(t *testing.T) {
	g := NewGraph()
	s := IRI("https://exemple.fr/d?a=1&b=2")
	for p, o := range map[string]Term{
		rdfType: IRI(nsDCAT + "Dataset"), nsDCT + "title": LangLiteral("L'été & <l'hiver>", "fr"), nsDCT + "temporal": Blank("p"),
		nsDCT + "issued": TypedLiteral("2024-01-01", nsXSD+"date"), "https://exemple.fr/ns#note": Literal("a\nb"),
	} {
		if err := g.Add(s, IRI(p), o); err != nil {
			t.Fatal(err)
		}
	}
	if err := g.Add(Blank("p"), IRI(rdfType), IRI(nsDCT+"PeriodOfTime")); err != nil {
		t.Fatal(err)
	}
	for syntax, want := range map[Syntax]string{
		Turtle: `
<https://exemple.fr/d?a=1&b=2>
    a dcat:Dataset ;
    dct:issued "2024-01-01"^^xsd:date ;
    dct:temporal [
        a dct:PeriodOfTime ] ;
    dct:title "L'été & <l'hiver>"@fr ;
    <https://exemple.fr/ns#note> "a\nb" .
`,
		JSONLD: `
{"@id":"https://exemple.fr/d?a=1&b=2",
 "@type":["dcat:Dataset"],
 "dct:issued":{"@type":"xsd:date","@value":"2024-01-01"},
 "dct:temporal":{"@type":["dct:PeriodOfTime"]},
 "dct:title":{"@language":"fr","@value":"L'été & <l'hiver>"},
 "https://exemple.fr/ns#note":"a\nb"}
]
}
`,
		RDFXML: `
  <dcat:Dataset rdf:about="https://exemple.fr/d?a=1&amp;b=2">
    <dct:issued rdf:datatype="http://www.w3.org/2001/XMLSchema#date">2024-01-01</dct:issued>
    <dct:temporal>
      <dct:PeriodOfTime/>
    </dct:temporal>
    <dct:title xml:lang="fr">L'été &amp; &lt;l'hiver&gt;</dct:title>
    <p:note xmlns:p="https://exemple.fr/ns#">a
b</p:note>
  </dcat:Dataset>
</rdf:RDF>
`,
		NTriples: `<https://exemple.fr/d?a=1&b=2> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <http://www.w3.org/ns/dcat#Dataset> .
<https://exemple.fr/d?a=1&b=2> <http://purl.org/dc/terms/issued> "2024-01-01"^^<http://www.w3.org/2001/XMLSchema#date> .
<https://exemple.fr/d?a=1&b=2> <http://purl.org/dc/terms/temporal> _:p .
_:p <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <http://purl.org/dc/terms/PeriodOfTime> .
<https://exemple.fr/d?a=1&b=2> <http://purl.org/dc/terms/title> "L'été & <l'hiver>"@fr .
<https://exemple.fr/d?a=1&b=2> <https://exemple.fr/ns#note> "a\nb" .
`,
	} {
		got := string(written(t, g, syntax))
		if diff := cmp.Diff(want, got[max(len(got)-len(want), 0):]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", syntax, diff)
		}
	}
}
