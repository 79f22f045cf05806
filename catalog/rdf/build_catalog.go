package rdf

import (
	"strconv"
	"strings"

	"maillon/catalog"
	"maillon/catalog/texts"
)

func (b *builder) catalog(c catalog.Catalog) {
	s := IRI(c.IRI)
	b.class(s, nsDCAT+"Catalog")
	b.text(s, nsDCT+"title", c.Title)
	b.text(s, nsDCT+"description", c.Description)
	b.agent(s, nsDCT+"publisher", c.Publisher)
	b.document(s, nsFOAF+"homepage", c.Homepage)
	b.licence(s, c.Licence)
	b.languages(s, c.Languages)
	b.coverage(s, c.IRI, c.Coverage)
	b.instant(s, nsDCT+"issued", c.Issued)
	b.instant(s, nsDCT+"modified", c.Modified)
	for _, iri := range c.Replaces {
		b.link(s, nsDCT+"replaces", iri)
	}
	for _, iri := range c.ReplacedBy {
		b.link(s, nsDCT+"isReplacedBy", iri)
	}
	if c.Page != nil {
		b.page(s, *c.Page)
	}
}

// page adds the links by which harvesters walk from page to page; the Hydra
// vocabulary is the only one that they know.
func (b *builder) page(c Term, p catalog.Page) {
	s := IRI(p.IRI)
	b.class(c, nsHydra+"Collection")
	b.typed(c, nsHydra+"totalItems", strconv.Itoa(max(p.TotalItems, 0)), nsXSD+"integer")
	b.link(c, nsHydra+"view", p.IRI)
	b.class(s, nsHydra+"PartialCollectionView")
	b.link(s, nsHydra+"first", p.First)
	b.link(s, nsHydra+"previous", p.Previous)
	b.link(s, nsHydra+"next", p.Next)
	b.link(s, nsHydra+"last", p.Last)
}

func (b *builder) part(p catalog.SubCatalog) {
	s := IRI(p.IRI)
	b.class(s, nsDCAT+"Catalog")
	b.text(s, nsDCT+"title", p.Title)
	b.text(s, nsDCT+"description", p.Description)
	b.agent(s, nsDCT+"publisher", p.Publisher)
	b.document(s, nsFOAF+"homepage", p.Homepage)
	b.coverage(s, p.IRI, p.Coverage)
	b.instant(s, nsDCT+"modified", p.Modified)
}

func (b *builder) record(r catalog.CatalogRecord) {
	s := IRI(r.IRI)
	b.class(s, nsDCAT+"CatalogRecord")
	b.link(s, nsFOAF+"primaryTopic", r.Topic)
	b.class(IRI(r.Topic), nsDCAT+"Resource") // the shapes infer nothing from dcat:Dataset
	b.instant(s, nsDCT+"issued", r.Issued)
	b.instant(s, nsDCT+"modified", r.Modified)
	for i, from := range r.Sources {
		b.source(s, fragment(r.IRI, "source-"+strconv.Itoa(i+1)), from)
	}
}

// source adds from where a dataset is known, in the words of PROV: the entry of a
// journal, whose it is, where it was found, and through whom it came.
func (b *builder) source(record Term, iri string, d catalog.Source) {
	s := IRI(iri)
	b.link(record, nsPROV+"wasDerivedFrom", iri)
	b.class(s, nsPROV+"Entity")
	b.plain(s, nsDCT+"identifier", d.Journal+"#"+strconv.FormatUint(d.Index, 10))
	b.instant(s, nsPROV+"generatedAtTime", d.At)
	b.resource(s, nsPROV+"atLocation", d.Location)
	for _, node := range append([]string{d.Node}, d.Through...) {
		who := nodeURN + node
		b.link(s, nsPROV+"wasAttributedTo", who)
		if b.first(who) {
			b.class(IRI(who), nsPROV+"Agent")
			b.plain(IRI(who), nsDCT+"identifier", node)
			if node == d.Node {
				b.plain(IRI(who), nsFOAF+"name", d.Name)
			}
		}
	}
}

// nodeURN is what stands before a node id in the name of a node.
const nodeURN = "urn:maillon:node:"

func (b *builder) agent(s Term, predicate string, a catalog.Agent) {
	b.link(s, predicate, a.IRI)
	if !b.first(a.IRI) {
		return
	}
	s = IRI(a.IRI)
	b.class(s, nsFOAF+"Agent")
	b.add(s, nsFOAF+"name", LangLiteral(a.Name, "fr"))
	b.plain(s, nsDCT+"identifier", a.SIRET)
	b.document(s, nsFOAF+"homepage", a.Homepage)
	b.word(s, nsDCT+"type", "http://purl.org/adms/publishertype/", string(a.Type), nsSKOS+"Concept", "dcat.publisher.")
	b.word(s, nsORG+"classification", "urn:maillon:level:", a.Level, nsSKOS+"Concept", "level.")
}

func (b *builder) contact(s Term, iri string, c catalog.Contact) {
	if c.IsZero() {
		return
	}
	k := fragment(iri, "contact")
	b.link(s, nsDCAT+"contactPoint", k)
	s = IRI(k)
	b.class(s, nsVCARD+"Kind", nsVCARD+"Organization")
	b.plain(s, nsVCARD+"fn", c.Name)
	if c.Email != "" {
		b.link(s, nsVCARD+"hasEmail", "mailto:"+c.Email)
	}
	b.link(s, nsVCARD+"hasURL", c.Page)
}

func (b *builder) licence(s Term, iri string) {
	b.link(s, nsDCT+"license", iri)
	if !b.first(iri) {
		return
	}
	b.class(IRI(iri), nsDCT+"LicenseDocument")
	if iri == catalog.LicenceOuverte {
		b.plain(IRI(iri), nsDCT+"title", texts.T(texts.French, "dcat.licence.title"))
		b.word(IRI(iri), nsDCT+"type", "http://purl.org/adms/licencetype/", "Attribution", nsSKOS+"Concept", "dcat.licencetype.")
	}
}

// languages of texts and data; French if nothing else is said.
func (b *builder) languages(s Term, list []catalog.Language) {
	if len(list) == 0 {
		list = []catalog.Language{catalog.French}
	}
	for _, l := range list {
		b.word(s, nsDCT+"language", nsEU+"language/", string(l), nsDCT+"LinguisticSystem", "dcat.language.")
	}
}

// coverage adds a territory. France has an IRI in the authority table; the
// other territories of the geographic code are parts of the dataset.
func (b *builder) coverage(s Term, iri string, c catalog.Coverage) {
	if c.IsZero() {
		return
	}
	if strings.HasPrefix(c.Geozone, "http://") || strings.HasPrefix(c.Geozone, "https://") {
		b.link(s, nsDCT+"spatial", c.Geozone)
		if b.first(c.Geozone) {
			b.class(IRI(c.Geozone), nsDCT+"Location")
			b.plain(IRI(c.Geozone), nsSKOS+"prefLabel", c.Name)
		}
		return
	}
	if c.Geozone == "fr" && c.Box.IsZero() {
		b.word(s, nsDCT+"spatial", nsEU+"country/", "FRA", nsDCT+"Location", "dcat.country.")
		return
	}
	place := fragment(iri, "territory")
	b.link(s, nsDCT+"spatial", place)
	s = IRI(place)
	b.class(s, nsDCT+"Location")
	b.plain(s, nsDCT+"identifier", c.Geozone)
	if c.Name != "" {
		b.add(s, nsSKOS+"prefLabel", LangLiteral(c.Name, "fr"))
	}
	if !c.Box.IsZero() {
		b.typed(s, nsDCAT+"bbox", wkt(c.Box), nsGSP+"wktLiteral")
	}
}

// wkt is a rectangle as harvesters read it: a polygon in longitude and
// latitude, counter-clockwise, without the IRI of a reference system.
func wkt(b catalog.Box) string {
	corners := [...][2]float64{{b.West, b.South}, {b.East, b.South}, {b.East, b.North}, {b.West, b.North}, {b.West, b.South}}
	text := []byte("POLYGON((")
	for i, c := range corners {
		if i > 0 {
			text = append(text, ',')
		}
		text = strconv.AppendFloat(text, c[0], 'f', -1, 64)
		text = append(text, ' ')
		text = strconv.AppendFloat(text, c[1], 'f', -1, 64)
	}
	return string(append(text, "))"...))
}
