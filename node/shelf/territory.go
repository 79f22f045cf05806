package shelf

import (
	"cmp"
	"strings"
	"time"

	"maillon/catalog"
	"maillon/catalog/territory"
	"maillon/catalog/texts"
	"maillon/node/edition"
	"maillon/store/journal"
)

// Addresses of the schemas of files that are not in the legal format; the first are
// below the node's own address.
const (
	TableSchemaPath    = "/schemas/tableau.json"
	ContractSchemaPath = "/schemas/contrat.json"

	DirectoryPath       = "/annuaire.csv"
	DirectorySchemaPath = "/schemas/annuaire.json"
	RegisterSchemaPath  = "/schemas/repertoire.json"

	schemaOCDS = "https://standard.open-contracting.org/schema/1__1__5/release-package-schema.json"
)

// YearsID and DepartementsID name the series of a hub's datasets.
func YearsID(node string) string        { return ConsolidatedID(node) + "-annees" }
func DepartementsID(node string) string { return ConsolidatedID(node) + "-departements" } //nolint:revive // see above

// A described is a dataset of this node's own with where it comes from.
type described struct {
	set      catalog.Dataset
	source   catalog.Source
	issued   time.Time
	modified time.Time
}

// described lists what this node publishes: a dataset for each buyer and year, and
// those of a hub's territory.
func (s *Shelf) described() (out []described) {
	c := s.base("/catalog", text("catalog.title", s.Who.Name), text("catalog.description", s.Who.Name))
	for _, d := range s.Datasets("") {
		s.add(&c, d)
		out = append(out, described{c.Datasets[len(c.Datasets)-1], s.source(d), d.Issued, d.Modified})
	}
	for _, set := range s.Territory() {
		out = append(out, described{set, catalog.Source{Node: s.Node, Name: s.Who.Name, Journal: journal.Origin(s.Node, 0), At: set.Modified}, set.Issued, set.Modified})
	}
	if s.Editions != nil {
		for _, set := range s.lists() {
			out = append(out, described{set: set, source: catalog.Source{Node: s.Node, Name: s.Who.Name, Journal: journal.Origin(s.Node, 0)}})
		}
	}
	return out
}

// Territory describes the datasets of a hub's territory: the whole first, then years,
// then départements. A node that is no hub has none.
func (s *Shelf) Territory() (out []catalog.Dataset) {
	if s.Editions == nil {
		return nil
	}
	e := s.Editions.Latest()
	if e == nil {
		return nil
	}
	for i := range e.Cuts {
		if c := &e.Cuts[i]; len(c.Files) > 0 {
			out = append(out, s.cut(c))
		}
	}
	return out
}

// lists describes the directory of buyers and the register, as datasets of a hub.
func (s *Shelf) lists() []catalog.Dataset {
	one := func(id, key string, files ...catalog.Distribution) catalog.Dataset {
		d := catalog.Dataset{
			IRI: s.URL + "/catalog/datasets/" + id, Identifier: id, Title: text(key+".title", s.Who.Name), Description: text(key+".description", s.Who.Name),
			Publisher: s.self(), Contact: s.contact(), LandingPage: s.links() + "/register", Themes: []catalog.Theme{catalog.Government}, Frequency: catalog.Continuous,
			Access: catalog.Public, Keywords: []catalog.Text{text("dataset.keywords.1"), text("dataset.keywords.2")}, Coverage: s.coverage(),
		}
		for i := range files {
			files[i].IRI, files[i].Availability = d.IRI+"/"+files[i].IRI, catalog.Available
			files[i].AccessURL = files[i].DownloadURL
			for _, std := range files[i].ConformsTo {
				d.ConformsTo = addStandard(d.ConformsTo, std)
			}
		}
		d.Distributions = files
		return d
	}
	file := func(name, path, described string, format catalog.Format, media string, schemas ...catalog.Standard) catalog.Distribution {
		return catalog.Distribution{
			IRI: name, Title: text("file." + name), Description: text("file.description." + described), DownloadURL: s.links() + path, Format: format, MediaType: media, ConformsTo: schemas,
		}
	}
	return []catalog.Dataset{
		one(s.Node+"-annuaire-acheteurs", "dataset.buyers",
			file("annuaire.csv", DirectoryPath, "annuaire", catalog.CSV, "text/csv", catalog.Standard{IRI: s.links() + DirectorySchemaPath, Title: text("schema.annuaire.title")})),
		one(s.Node+"-repertoire", "dataset.register",
			file("register.csv", "/register.csv", "register", catalog.CSV, "text/csv", catalog.Standard{IRI: s.links() + RegisterSchemaPath, Title: text("schema.register.title")}),
			file("register.json", "/register.json", "register", catalog.JSON, "application/json")),
	}
}

// CutName is the year of a cut, or the name of its département; "" for the whole.
func CutName(c *edition.Cut, l texts.Lang) string {
	switch c.Kind {
	case edition.ByYear:
		return cmp.Or(c.Code, texts.T(l, "dataset.undated"))
	case edition.ByDepartement:
		return cmp.Or(territory.DepartementName(c.Code), c.Code)
	}
	return ""
}

func (s *Shelf) cut(c *edition.Cut) catalog.Dataset {
	id := s.Editions.Dataset + c.Suffix()
	key := map[string]string{edition.Whole: "dataset.all", edition.ByYear: "dataset.all.year", edition.ByDepartement: "dataset.all.departement"}[c.Kind]
	words := func(name string) catalog.Text {
		t := func(l texts.Lang) string {
			return texts.T(l, key+"."+name, s.Who.Name, c.Contracts, c.Conforming, CutName(c, l))
		}
		return catalog.Text{French: t(texts.French), English: t(texts.English)}
	}
	set := catalog.Dataset{
		IRI: s.URL + "/catalog/datasets/" + id, Identifier: id, Title: words("title"), Description: words("description"), Publisher: s.self(),
		Contact: s.contact(), LandingPage: s.links() + "/telechargements", Themes: []catalog.Theme{catalog.Government}, Frequency: catalog.Continuous, Access: catalog.Public,
		Keywords: []catalog.Text{text("dataset.keywords.1"), text("dataset.keywords.2"), text("dataset.keywords.3")},
		Period:   catalog.Period{Start: day(c.First), End: day(c.Last)}, Issued: c.Issued, Modified: c.Modified, Coverage: s.coverage(),
	}
	switch c.Kind {
	case edition.ByYear:
		set.InSeries = s.URL + "/catalog/series/" + YearsID(s.Node)
	case edition.ByDepartement:
		set.InSeries = s.URL + "/catalog/series/" + DepartementsID(s.Node)
		if z, err := territory.ParseGeozone("fr:departement:" + c.Code); err == nil {
			set.Coverage = catalog.Coverage{Geozone: z.String(), Name: territory.Name(z)}
		}
	}
	for _, f := range c.Files {
		x := s.cutFile(id, c, f)
		set.Distributions = append(set.Distributions, x)
		for _, std := range x.ConformsTo {
			set.ConformsTo = addStandard(set.ConformsTo, std)
		}
	}
	return set
}

func addStandard(list []catalog.Standard, one catalog.Standard) []catalog.Standard {
	for _, s := range list {
		if s.IRI == one.IRI {
			return list
		}
	}
	return append(list, one)
}

func (s *Shelf) cutFile(id string, c *edition.Cut, f edition.File) catalog.Distribution {
	format, _ := edition.FormatOf(f.Name)
	u := s.links() + "/files/" + id + "/" + f.Name
	return catalog.Distribution{
		IRI: s.URL + "/catalog/datasets/" + id + "/" + f.Name, Title: text("file." + f.Name), Description: text("file.description."+format.Content, f.Records),
		AccessURL: u, DownloadURL: u, Format: format.Format, MediaType: format.Media, ByteSize: f.Size, SHA256: f.SHA256,
		Availability: catalog.Available, Modified: c.Modified, Issued: c.Issued, ConformsTo: []catalog.Standard{s.SchemaOf(format)},
	}
}

// SchemaOf is the schema that files of a format conform to.
func (s *Shelf) SchemaOf(f edition.Format) catalog.Standard {
	switch f.Content {
	case "tableau":
		return catalog.Standard{IRI: s.links() + TableSchemaPath, Title: text("schema.table.title")}
	case "etendu", "complet":
		return catalog.Standard{IRI: s.links() + ContractSchemaPath, Title: text("schema.contract.title")}
	case "ocds":
		return catalog.Standard{IRI: schemaOCDS, Title: text("schema.ocds.title")}
	}
	return standard(int(f.Gen))
}

// territorySeries describes a series of a hub's datasets; ok is false for another.
func (s *Shelf) territorySeries(d catalog.Dataset) (catalog.Series, bool) {
	id := strings.TrimPrefix(d.InSeries, s.URL+"/catalog/series/")
	key := ""
	switch id {
	case YearsID(s.Node):
		key = "series.years"
	case DepartementsID(s.Node):
		key = "series.departements"
	default:
		return catalog.Series{}, false
	}
	return catalog.Series{
		IRI: d.InSeries, Identifier: id, Title: text(key+".title", s.Who.Name), Description: text(key+".description", s.Who.Name),
		Publisher: s.self(), Contact: s.contact(), Frequency: catalog.Continuous, Coverage: s.coverage(),
	}, true
}
