package catalog

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// good is a small catalogue with nothing wrong.
func good() Catalog {
	at := time.Date(2026, 11, 1, 10, 0, 0, 0, time.UTC)
	agent := Agent{IRI: "https://exemple.fr/org", Name: "Commune d’Exemple", SIRET: "21350238800019", Type: LocalAuthority}
	return Catalog{
		IRI: "https://exemple.fr/catalog", Title: Text{French: "Catalogue"}, Description: Text{French: "Tout"}, Publisher: agent,
		Contact: Contact{Name: "Marchés", Email: "marches@exemple.fr"}, Licence: LicenceOuverte,
		Datasets: []Dataset{
			{IRI: "https://exemple.fr/d/0", Identifier: "21350238800019-decp-2024", Title: Text{French: "2024"}, Description: Text{French: "Marchés"},
				Publisher: agent, Contact: Contact{Name: "Ici"}, Keywords: []Text{{French: "decp"}}, Themes: []Theme{Government},
				Distributions: []Distribution{{IRI: "https://exemple.fr/d/0/json", AccessURL: "https://exemple.fr/d/0", DownloadURL: "https://exemple.fr/0.json",
					Format: JSON, MediaType: "application/json", Licence: LicenceOuverte, SHA256: strings.Repeat("ab", 32)}}},
			{IRI: "https://exemple.fr/d/1", Identifier: "21350238800019-decp-2025", Title: Text{English: "2025"}, Description: Text{French: "Marchés"},
				Publisher: agent, Contact: Contact{Name: "Ici"}},
		},
		Services: []DataService{{IRI: "https://exemple.fr/api", Identifier: "api", Title: Text{French: "API"}, Description: Text{French: "API"},
			EndpointURL: "https://exemple.fr/api", Publisher: agent, Contact: Contact{Name: "Ici"}, Licence: LicenceOuverte, Serves: []string{"https://exemple.fr/d/0"}}},
		Parts: []SubCatalog{{IRI: "https://membre.fr/catalog", Title: Text{French: "Membre"}, Description: Text{French: "Membre"},
			Publisher: Agent{IRI: "https://membre.fr/", Name: "Membre"}}},
		Records: []CatalogRecord{{IRI: "https://exemple.fr/r/0", Topic: "https://exemple.fr/d/0", Modified: at}},
		Page:    &Page{IRI: "https://exemple.fr/catalog?page=1", Number: 1, Total: 1, TotalItems: 2, First: "https://exemple.fr/catalog?page=1", Last: "https://exemple.fr/catalog?page=1"},
	}
}

func TestAGoodCatalogueIsPublishedAsItIs(t *testing.T) {
	got, problems := good().Publishable()
	if diff := cmp.Diff(good(), got); diff != "" || len(problems) > 0 {
		t.Errorf("problems %v (-want +got):\n%s", problems, diff)
	}
}

func TestWhatCannotBePublished(t *testing.T) {
	tests := map[string]struct {
		spoil   func(*Catalog)
		rule    string
		pointer string
		left    func(Catalog) bool // true if the rest is as it should
	}{
		"a dataset without title":      {func(c *Catalog) { c.Datasets[0].Title = Text{French: " \x00\u200b"} }, RuleTitle, "/datasets/0/title", without0},
		"a dataset without identifier": {func(c *Catalog) { c.Datasets[0].Identifier = " " }, RuleIdentifier, "/datasets/0/identifier", without0},
		"a dataset without address":    {func(c *Catalog) { c.Datasets[0].IRI = "" }, RuleIRI, "/datasets/0/iri", without0},
		"a relative address":           {func(c *Catalog) { c.Datasets[0].IRI = "/d/0" }, RuleIRI, "/datasets/0/iri", without0},
		"an address that is a script":  {func(c *Catalog) { c.Datasets[0].IRI = "javascript:alert(1)" }, RuleIRI, "/datasets/0/iri", without0},
		"an address without host":      {func(c *Catalog) { c.Datasets[0].IRI = "https:///d" }, RuleIRI, "/datasets/0/iri", without0},
		"an identifier used twice": {func(c *Catalog) { c.Datasets[1].Identifier = c.Datasets[0].Identifier }, RuleTwice, "/datasets/1/identifier",
			func(c Catalog) bool { return len(c.Datasets) == 1 && len(c.Datasets[0].Distributions) == 1 }},
		"an address used twice": {func(c *Catalog) { c.Datasets[1].IRI = c.IRI }, RuleTwice, "/datasets/1/iri",
			func(c Catalog) bool { return len(c.Datasets) == 1 }},
		"a file that leads nowhere": {func(c *Catalog) { d := &c.Datasets[0].Distributions[0]; d.AccessURL, d.DownloadURL = "", "" }, RuleAccess,
			"/datasets/0/distributions/0/accessURL", func(c Catalog) bool { return len(c.Datasets) == 2 && len(c.Datasets[0].Distributions) == 0 }},
		"a service without endpoint": {func(c *Catalog) { c.Services[0].EndpointURL = "" }, RuleAccess, "/services/0/endpointURL",
			func(c Catalog) bool { return len(c.Services) == 0 }},
		"a member without title": {func(c *Catalog) { c.Parts[0].Title = Text{} }, RuleTitle, "/parts/0/title", func(c Catalog) bool { return len(c.Parts) == 0 }},
		"a record of something else": {func(c *Catalog) { c.Records[0].Topic = "https://exemple.fr/d/9" }, RuleTopic, "/records/0/topic",
			func(c Catalog) bool { return len(c.Records) == 0 }},
		"a record without date": {func(c *Catalog) { c.Records[0].Modified = time.Time{} }, RuleModified, "/records/0/modified",
			func(c Catalog) bool { return len(c.Records) == 0 }},
		"a page without address": {func(c *Catalog) { c.Page.IRI = "?page=1" }, RuleIRI, "/page/iri", func(c Catalog) bool { return c.Page == nil }},
		"a catalogue without address": {func(c *Catalog) { c.IRI = "/catalog" }, RuleIRI, "/iri",
			func(c Catalog) bool { return cmp.Equal(c, Catalog{}) }},
	}
	for name, test := range tests {
		c := good()
		test.spoil(&c)
		got, problems := c.Publishable()
		if !cmp.Equal(rules(problems, Error)[:1], []string{test.rule + " " + test.pointer}) || !test.left(got) {
			t.Errorf("%s: %v, left %+v", name, problems, got)
		}
	}
}

func without0(c Catalog) bool {
	return len(c.Datasets) == 1 && c.Datasets[0].Identifier == "21350238800019-decp-2025" && len(c.Services[0].Serves) == 0 && len(c.Records) == 0
}

// rules lists the rule and place of each problem of a severity.
func rules(ps Problems, s Severity) []string {
	list := []string{}
	for _, p := range ps {
		if p.Severity == s {
			list = append(list, p.Rule+" "+p.Pointer)
		}
	}
	return list
}

func TestWhatIsMended(t *testing.T) {
	tests := map[string]struct {
		spoil   func(*Catalog)
		rule    string
		pointer string
		got     func(Catalog) any
		want    any
	}{
		"the title stands in for a description": {func(c *Catalog) { c.Datasets[1].Description = Text{} }, RuleDescription, "/datasets/1/description",
			func(c Catalog) any { return c.Datasets[1].Description }, Text{English: "2025"}},
		"the publisher stands in for the catalogue's title": {func(c *Catalog) { c.Title = Text{} }, RuleTitle, "/title",
			func(c Catalog) any { return c.Title.French }, "Commune d’Exemple"},
		"the SIRET stands in for a name": {func(c *Catalog) { c.Publisher.Name = "" }, RulePublisher, "/publisher/name",
			func(c Catalog) any { return c.Publisher.Name }, "21350238800019"},
		"a publisher without address gets one": {func(c *Catalog) { c.Publisher.IRI = "" }, RuleIRI, "/publisher/iri",
			func(c Catalog) any { return c.Publisher.IRI }, "https://exemple.fr/catalog#publisher"},
		"a SIRET of thirteen digits": {func(c *Catalog) { c.Publisher.SIRET = "2135023880001" }, RuleSIRET, "/publisher/siret",
			func(c Catalog) any { return c.Publisher.SIRET }, ""},
		"an e-mail that is two": {func(c *Catalog) { c.Contact.Email = "a@b.fr, c@d.fr" }, RuleEmail, "/contact/email", func(c Catalog) any { return c.Contact.Email }, ""},
		"a licence that is a name": {func(c *Catalog) { c.Datasets[0].Distributions[0].Licence = "LO 2.0" }, RuleIRI, "/datasets/0/distributions/0/licence",
			func(c Catalog) any { return c.Datasets[0].Distributions[0].Licence }, LicenceOuverte},
		"a checksum that is none": {func(c *Catalog) { c.Datasets[0].Distributions[0].SHA256 = "abc" }, RuleChecksum, "/datasets/0/distributions/0/sha256",
			func(c Catalog) any { return c.Datasets[0].Distributions[0].SHA256 }, ""},
		"a negative size": {func(c *Catalog) { c.Datasets[0].Distributions[0].ByteSize = -1 }, RuleSize, "/datasets/0/distributions/0/byteSize",
			func(c Catalog) any { return c.Datasets[0].Distributions[0].ByteSize }, int64(0)},
		"a media type that is none": {func(c *Catalog) { c.Datasets[0].Distributions[0].MediaType = "text/a b" }, RuleWord, "/datasets/0/distributions/0/mediaType",
			func(c Catalog) any { return c.Datasets[0].Distributions[0].MediaType }, ""},
		"a theme that is none": {func(c *Catalog) { c.Datasets[0].Themes = []Theme{"MARCHES", Economy, Economy} }, RuleWord, "/datasets/0/themes/0",
			func(c Catalog) any { return c.Datasets[0].Themes }, []Theme{Economy}},
		"a box off the earth": {func(c *Catalog) { c.Coverage.Box = Box{West: math.NaN(), East: 1} }, RuleBox, "/coverage/box",
			func(c Catalog) any { return c.Coverage.Box }, Box{}},
		"a period that ends first": {func(c *Catalog) { c.Datasets[0].Period = Period{time.Unix(1e9, 0), time.Unix(1e8, 0)} }, RulePeriod, "/datasets/0/period",
			func(c Catalog) any { return c.Datasets[0].Period }, Period{}},
	}
	for name, test := range tests {
		c := good()
		test.spoil(&c)
		mended, problems := c.Publishable()
		if diff := cmp.Diff([]string{test.rule + " " + test.pointer}, rules(problems, Warning)); diff != "" || problems.Errors() > 0 {
			t.Errorf("%s: problems %v (-want +got):\n%s", name, problems, diff)
		}
		if diff := cmp.Diff(test.want, test.got(mended)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestWhatIsNotSaidIsTakenFromTheCatalogue(t *testing.T) {
	c := good()
	c.Licence, c.Datasets[0].Publisher, c.Datasets[0].Contact = "", Agent{}, Contact{}
	d := &c.Datasets[0].Distributions[0]
	d.Licence, d.AccessURL, d.MediaType = "", "", ""
	got, problems := c.Publishable()
	if diff := cmp.Diff(c.Publisher, got.Datasets[0].Publisher); diff != "" || len(problems) > 0 {
		t.Errorf("%v\n%s", problems, diff)
	}
	x := got.Datasets[0].Distributions[0]
	if x.Licence != LicenceOuverte || x.AccessURL != x.DownloadURL || x.MediaType != "application/json" || got.Datasets[0].Contact != c.Contact {
		t.Errorf("got %+v", got.Datasets[0])
	}
}

func TestPublishableDoesNotChangeItsCatalogue(t *testing.T) {
	c := good()
	c.Datasets[0].Title.French = " 2024 "
	c.Datasets[0].Distributions[0].SHA256 = "no"
	c.Datasets[1].IRI = ""
	want := c.Datasets[0].Distributions[0]
	c.Publishable()
	if c.Datasets[0].Title.French != " 2024 " || len(c.Datasets) != 2 || !cmp.Equal(want, c.Datasets[0].Distributions[0]) {
		t.Errorf("changed: %+v", c.Datasets)
	}
}

func TestIdentifiersAreFixed(t *testing.T) {
	if got, err := DECPIdentifier("21350238800019", 2024); err != nil || got != "21350238800019-decp-2024" {
		t.Errorf("got %q, %v", got, err)
	}
	for _, bad := range []struct {
		siret string
		year  int
	}{{"2135023880001", 2024}, {"2135023880001é", 2024}, {"21350238800019", 24}, {"21350238800019", 12024}} {
		if got, err := DECPIdentifier(bad.siret, bad.year); err == nil {
			t.Errorf("DECPIdentifier(%q, %d) = %q", bad.siret, bad.year, got)
		}
	}
}

func TestFormatsHaveAMediaType(t *testing.T) {
	for _, f := range Formats() {
		service := strings.HasSuffix(string(f), "_SRVC") || f == "GTFS" // no file of one type
		if f.MediaType() == "" && !service {
			t.Errorf("%s has none", f)
		}
		if got := FormatOf(string(f)); got != f {
			t.Errorf("FormatOf(%q) = %q", f, got)
		}
		if m := f.MediaType(); m != "" && FormatOf("http://www.iana.org/assignments/media-types/"+m+"; charset=utf-8") != f {
			t.Errorf("FormatOf(%q) is not %s", m, f)
		}
	}
}

func TestFormatsByTheNamesThatCataloguesGive(t *testing.T) {
	for name, want := range map[string]Format{".csv": CSV, "csv": CSV, "JSONL": NDJSON, "shapefile": "SHP", "OGC:WMS": "WMS_SRVC", "": "",
		"http://publications.europa.eu/resource/authority/file-type/CSV": CSV, "text/csv;charset=utf-8": CSV, "unheard of": "", "://": ""} {
		if got := FormatOf(name); got != want {
			t.Errorf("FormatOf(%q) = %q, want %q", name, got, want)
		}
	}
	if Format("XLS").Open() || !CSV.Open() || Format("PDF").MachineReadable() || Format("?").Open() {
		t.Error("what is open, what programs read")
	}
}

func TestPublisherTypeOf(t *testing.T) {
	for level, want := range map[string]PublisherType{"commune": LocalAuthority, "epci": LocalAuthority, "departement": LocalAuthority,
		"region": RegionalAuthority, "national": NationalAuthority, "organisme": ""} {
		if got := PublisherTypeOf(level); got != want {
			t.Errorf("PublisherTypeOf(%q) = %q, want %q", level, got, want)
		}
	}
}
