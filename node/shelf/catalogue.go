package shelf

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"strings"
	"time"

	"maillon/catalog"
	"maillon/catalog/territory"
	"maillon/catalog/texts"
)

// schemas of the legal format that files conform to, by generation.
const (
	schemaGen1 = "https://schema.data.gouv.fr/schemas/139bercy/format-commande-publique/1.5.0/marches.json"
	schemaGen2 = "https://schema.data.gouv.fr/schemas/139bercy/format-commande-publique/2.0.3/marches.json"
)

// A Publisher is the body whose node this is.
type Publisher struct {
	NodeID, SIRET, Name, Level, Contact string
	Territory                           territory.Geozone
	Box                                 catalog.Box // around the territory; zero for none
}

func text(key string, args ...any) catalog.Text {
	return catalog.Text{French: texts.T(texts.French, key, args...), English: texts.T(texts.English, key, args...)}
}

// Catalogue describes every dataset of this node: its own and those of the
// buyers it publishes for, so that a harvester needs one address only. Titled
// links lead to the catalogue of each such buyer and of each member.
func (s *Shelf) Catalogue(members []catalog.SubCatalog) catalog.Catalog {
	c := s.base("/catalog", text("catalog.title", s.Who.Name), text("catalog.description", s.Who.Name))
	for _, d := range s.described() {
		c.Datasets = append(c.Datasets, d.set)
		c.Modified = later(c.Modified, d.modified)
		if !d.issued.IsZero() && (c.Issued.IsZero() || d.issued.Before(c.Issued)) {
			c.Issued = d.issued
		}
		if d.modified.IsZero() {
			continue // a record has a date
		}
		c.Records = append(c.Records, s.record(catalog.Listed{Dataset: d.set, Sources: []catalog.Source{d.source}, First: d.issued, Modified: d.modified}))
	}
	s.addSeries(&c)
	for _, b := range s.Buyers() {
		if b != s.Who.SIRET {
			c.Parts = append(c.Parts, s.BuyerLink(b))
		}
	}
	c.Parts = append(c.Parts, members...)
	s.addService(&c)
	return c
}

// BuyerCatalogue describes one buyer's datasets; ok is false if there are none.
func (s *Shelf) BuyerCatalogue(siret string) (c catalog.Catalog, ok bool) {
	sets := s.Datasets(siret)
	if len(sets) == 0 || siret == "" {
		return c, false
	}
	name := s.buyerName(siret)
	c = s.base("/buyers/"+url.PathEscape(siret)+"/catalog", text("catalog.buyer.title", name), text("catalog.buyer.description", name, siret))
	c.Publisher = s.buyer(siret)
	for _, d := range sets {
		s.add(&c, d)
		s.addRecord(&c, d)
	}
	s.addSeries(&c)
	s.addLineage(&c, siret)
	return c, true
}

// addLineage links a buyer's catalogue with those of the bodies that it follows and
// of those that follow it, as far as they are here.
func (s *Shelf) addLineage(c *catalog.Catalog, siret string) {
	l, err := s.Views.Lineage()
	if err != nil {
		return // the links come back with the views
	}
	links := func(buyers []string) (out []string) {
		for _, b := range buyers {
			if len(s.Datasets(b)) > 0 {
				out = append(out, s.URL+"/buyers/"+url.PathEscape(b)+"/catalog")
			}
		}
		return out
	}
	c.Replaces, c.ReplacedBy = links(l.Predecessors(siret)), links(l.Successors(siret))
}

func (s *Shelf) addRecord(c *catalog.Catalog, d Dataset) {
	set := c.Datasets[len(c.Datasets)-1]
	c.Records = append(c.Records, s.record(catalog.Listed{Dataset: set, Sources: []catalog.Source{s.source(d)}, First: d.Issued, Modified: d.Modified}))
}

// addSeries describes the series of the catalogue's datasets: a buyer's years.
func (s *Shelf) addSeries(c *catalog.Catalog) {
	at, taken := map[string]int{}, map[string]bool{}
	for _, d := range c.Datasets {
		if d.InSeries == "" {
			continue
		}
		i, ok := at[d.InSeries]
		if own, is := s.territorySeries(d); is && !ok {
			i, ok = len(c.Series), true
			at[d.InSeries] = i
			c.Series = append(c.Series, own)
		}
		if !ok {
			i = len(c.Series)
			at[d.InSeries] = i
			id := d.InSeries[strings.LastIndexByte(d.InSeries, '/')+1:]
			siret := SeriesBuyer(id)
			if siret == "" || taken[id] { // it is of no buyer, or two nodes publish for one
				id = d.InSeries
			}
			taken[id] = true
			c.Series = append(c.Series, catalog.Series{
				IRI: d.InSeries, Identifier: id, Title: text("series.title", d.Publisher.Name), Description: text("series.description", d.Publisher.Name, siret),
				Publisher: d.Publisher, Contact: d.Contact, Frequency: catalog.Continuous, Coverage: d.Coverage,
			})
		}
		series := &c.Series[i]
		series.Modified = later(series.Modified, d.Modified)
		if series.Issued.IsZero() || !d.Issued.IsZero() && d.Issued.Before(series.Issued) {
			series.Issued = d.Issued
		}
	}
}

// RecordID names the record of a dataset that stands elsewhere.
func RecordID(iri string) string {
	sum := sha256.Sum256([]byte(iri))
	return hex.EncodeToString(sum[:8])
}

// Register is a catalogue that leads to all others.
func (s *Shelf) Register(all []catalog.SubCatalog) catalog.Catalog {
	c := s.base("/register", text("catalog.register.title", s.Who.Name), text("catalog.register.description", s.Who.Name))
	c.Parts = all
	return c
}

// BuyerLink is the titled link to a buyer's catalogue on this node.
func (s *Shelf) BuyerLink(siret string) catalog.SubCatalog {
	name := s.buyerName(siret)
	return catalog.SubCatalog{
		IRI: s.URL + "/buyers/" + url.PathEscape(siret) + "/catalog", Title: text("catalog.buyer.title", name),
		Description: text("catalog.buyer.description", name, siret), Publisher: s.buyer(siret),
	}
}

// MemberLink is the titled link to the catalogue of another node.
func (s *Shelf) MemberLink(iri, name, siret, level string) catalog.SubCatalog {
	return catalog.SubCatalog{
		IRI: iri, Title: text("catalog.title", name), Description: text("catalog.member.description", s.Who.Name),
		Publisher: catalog.Agent{IRI: s.URL + "/agents/" + siret, Name: name, SIRET: siret, Type: catalog.PublisherTypeOf(level), Level: level},
	}
}

// links is the base of addresses that are asked for, beside those that name.
func (s *Shelf) links() string {
	if s.Links != "" {
		return s.Links
	}
	return s.URL
}

func (s *Shelf) base(path string, title, description catalog.Text) catalog.Catalog {
	return catalog.Catalog{
		IRI: s.URL + path, Title: title, Description: description, Publisher: s.self(), Homepage: s.links() + "/",
		Contact: s.contact(), Coverage: s.coverage(),
	}
}

func (s *Shelf) contact() catalog.Contact {
	return catalog.Contact{Name: s.Who.Name, Email: s.Who.Contact, Page: s.links() + "/mentions-legales"}
}

func (s *Shelf) coverage() catalog.Coverage {
	return catalog.Coverage{Geozone: s.Who.Territory.String(), Name: territory.Name(s.Who.Territory), Box: s.Who.Box}
}

func (s *Shelf) self() catalog.Agent {
	return catalog.Agent{IRI: s.URL + "/agents/" + s.Who.SIRET, Name: s.Who.Name, SIRET: s.Who.SIRET, Type: catalog.PublisherTypeOf(s.Who.Level), Level: s.Who.Level}
}

func (s *Shelf) buyer(siret string) catalog.Agent {
	if siret == s.Who.SIRET {
		return s.self()
	}
	a := catalog.Agent{IRI: s.URL + "/agents/" + siret, Name: s.buyerName(siret), SIRET: siret}
	if b, ok := body(siret); ok {
		a.Type, a.Level = catalog.PublisherTypeOf(string(b.Level)), string(b.Level)
	}
	return a
}

// body finds a buyer in the geographic code.
func body(siret string) (territory.Body, bool) {
	const siren = 9
	if len(siret) < siren {
		return territory.Body{}, false
	}
	return territory.BySIREN(siret[:siren])
}

// buyerName is the name that records give, else that of the geographic code,
// else the SIRET.
func (s *Shelf) buyerName(siret string) string {
	if siret == s.Who.SIRET {
		return s.Who.Name
	}
	if name := s.recordedName(siret); name != "" {
		return name
	}
	if b, ok := body(siret); ok {
		return b.Name
	}
	return siret
}

// BuyerName is the best name known here for a buyer.
func (s *Shelf) BuyerName(siret string) string { return s.buyerName(siret) }

func (s *Shelf) add(c *catalog.Catalog, d Dataset) {
	set := catalog.Dataset{
		IRI: s.URL + "/catalog/datasets/" + d.ID, Identifier: d.ID, Publisher: s.self(),
		Themes: []catalog.Theme{catalog.Government}, Frequency: catalog.Continuous, Access: catalog.Public,
		Keywords: []catalog.Text{text("dataset.keywords.1"), text("dataset.keywords.2"), text("dataset.keywords.3")},
		Period:   catalog.Period{Start: day(d.First), End: day(d.Last)}, Modified: d.Modified, Issued: d.Issued,
		Coverage: c.Coverage,
	}
	s.describeYear(&set, d)
	for _, f := range d.Files {
		set.Distributions = append(set.Distributions, s.distribution(d, f))
	}
	if len(set.Distributions) > 0 {
		set.ConformsTo = standards(d)
	}
	c.Datasets = append(c.Datasets, set)
	if d.Modified.After(c.Modified) {
		c.Modified = d.Modified
	}
	if !d.Issued.IsZero() && (c.Issued.IsZero() || d.Issued.Before(c.Issued)) {
		c.Issued = d.Issued
	}
}

func (s *Shelf) describeYear(set *catalog.Dataset, d Dataset) {
	name := s.buyerName(d.Buyer)
	when := func(l texts.Lang) string {
		if d.Year == "" {
			return texts.T(l, "dataset.undated")
		}
		return d.Year
	}
	set.Title = catalog.Text{
		French:  texts.T(texts.French, "dataset.year.title", name, when(texts.French)),
		English: texts.T(texts.English, "dataset.year.title", name, when(texts.English)),
	}
	set.Description = catalog.Text{
		French:  texts.T(texts.French, "dataset.year.description", name, d.Buyer, when(texts.French), d.Total, d.Conform),
		English: texts.T(texts.English, "dataset.year.description", name, d.Buyer, when(texts.English), d.Total, d.Conform),
	}
	set.Publisher = s.buyer(d.Buyer)
	set.InSeries = s.URL + "/catalog/series/" + SeriesID(d.Buyer)
	set.LandingPage = s.links() + "/acheteurs/" + url.PathEscape(d.Buyer)
	if b, ok := body(d.Buyer); ok {
		set.Coverage = catalog.Coverage{Geozone: b.Geozone.String(), Name: b.Name}
		if b.Geozone == s.Who.Territory {
			set.Coverage.Box = s.Who.Box
		}
	}
}

func (s *Shelf) distribution(d Dataset, f File) catalog.Distribution {
	u := s.links() + "/files/" + d.ID + "/" + f.Name
	out := catalog.Distribution{
		IRI: s.URL + "/catalog/datasets/" + d.ID + "/" + f.Name, Title: text("file." + f.Name),
		Description: text("file.description."+f.Content, f.Records), AccessURL: u, DownloadURL: u,
		Format: catalog.Format(f.Format), MediaType: f.Media, ByteSize: f.Size, SHA256: f.SHA256,
		Availability: catalog.Available, Modified: f.Modified, Issued: d.Issued,
	}
	if f.Content == "decret" && f.Format != "CSV" {
		out.ConformsTo = []catalog.Standard{standard(f.Gen)}
	}
	return out
}

// standards are the schemas that the dataset's legal files conform to.
func standards(d Dataset) []catalog.Standard {
	var out []catalog.Standard
	seen := map[int]bool{}
	for _, f := range d.Files {
		if f.Gen != 0 && !seen[f.Gen] {
			seen[f.Gen] = true
			out = append(out, standard(f.Gen))
		}
	}
	return out
}

func standard(gen int) catalog.Standard {
	iri := schemaGen2
	if gen == 1 {
		iri = schemaGen1
	}
	return catalog.Standard{IRI: iri, Title: text("schema.decp.title")}
}

func (s *Shelf) addService(c *catalog.Catalog) {
	var serves []string
	for _, d := range c.Datasets {
		serves = append(serves, d.IRI)
	}
	if len(serves) == 0 {
		return
	}
	c.Services = []catalog.DataService{{
		IRI: s.URL + "/catalog/services/api", Identifier: s.Who.NodeID + "-api", Title: text("service.api.title", s.Who.Name),
		Description: text("service.api.description"), EndpointURL: s.links() + "/api/v1", Access: catalog.Public,
		Themes: []catalog.Theme{catalog.Government}, Serves: serves,
	}}
}

// day reads YYYY-MM-DD; anything else is no day.
func day(s string) time.Time {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return time.Time{}
	}
	return t
}
