package rdf

import (
	"strconv"

	"maillon/catalog"
)

func (b *builder) dataset(d catalog.Dataset) {
	s := IRI(d.IRI)
	b.class(s, nsDCAT+"Dataset")
	b.plain(s, nsDCT+"identifier", d.Identifier)
	b.text(s, nsDCT+"title", d.Title)
	b.text(s, nsDCT+"description", d.Description)
	b.agent(s, nsDCT+"publisher", d.Publisher)
	b.contact(s, d.IRI, d.Contact)
	b.document(s, nsDCAT+"landingPage", d.LandingPage)
	b.subjects(s, d.Keywords, d.Themes)
	if !d.Foreign || len(d.Languages) > 0 {
		b.languages(s, d.Languages)
	}
	b.word(s, nsDCT+"accrualPeriodicity", nsEU+"frequency/", string(d.Frequency), nsDCT+"Frequency", "dcat.frequency.")
	b.access(s, d.Access)
	b.coverage(s, d.IRI, d.Coverage)
	b.period(s, d.Period)
	b.instant(s, nsDCT+"issued", d.Issued)
	b.instant(s, nsDCT+"modified", d.Modified)
	b.standards(s, d.ConformsTo)
	if b.profile != Profile211 {
		b.link(s, nsDCAT+"inSeries", d.InSeries)
	}
	for _, x := range d.Distributions {
		b.distribution(x, d.Foreign)
		b.link(s, nsDCAT+"distribution", x.IRI)
	}
}

// series adds a series of datasets. No catalogue links to it: harvesters that do
// not know series would take it for a dataset without files.
func (b *builder) series(d catalog.Series) {
	s := IRI(d.IRI)
	b.class(s, nsDCAT+"DatasetSeries")
	b.plain(s, nsDCT+"identifier", d.Identifier)
	b.text(s, nsDCT+"title", d.Title)
	b.text(s, nsDCT+"description", d.Description)
	b.agent(s, nsDCT+"publisher", d.Publisher)
	b.contact(s, d.IRI, d.Contact)
	b.word(s, nsDCT+"accrualPeriodicity", nsEU+"frequency/", string(d.Frequency), nsDCT+"Frequency", "dcat.frequency.")
	b.coverage(s, d.IRI, d.Coverage)
	b.instant(s, nsDCT+"issued", d.Issued)
	b.instant(s, nsDCT+"modified", d.Modified)
}

func (b *builder) distribution(d catalog.Distribution, foreign bool) {
	s := IRI(d.IRI)
	b.class(s, nsDCAT+"Distribution")
	b.text(s, nsDCT+"title", d.Title)
	b.text(s, nsDCT+"description", d.Description)
	b.link(s, nsDCAT+"accessURL", d.AccessURL)
	b.link(s, nsDCAT+"downloadURL", d.DownloadURL)
	b.format(s, d)
	if d.ByteSize > 0 {
		datatype := nsXSD + "nonNegativeInteger"
		if b.profile == Profile211 {
			datatype = nsXSD + "decimal"
		}
		b.typed(s, nsDCAT+"byteSize", strconv.FormatInt(d.ByteSize, 10), datatype)
	}
	if b.profile != Profile211 {
		b.checksum(s, d.IRI, d.SHA256)
	}
	b.licence(s, d.Licence)
	b.word(s, nsDCATA+"availability", nsEU+"planned-availability/", string(d.Availability), nsSKOS+"Concept", "dcat.availability.")
	if !foreign || len(d.Languages) > 0 {
		b.languages(s, d.Languages)
	}
	b.instant(s, nsDCT+"issued", d.Issued)
	b.instant(s, nsDCT+"modified", d.Modified)
	b.standards(s, d.ConformsTo)
}

func (b *builder) service(d catalog.DataService) {
	s := IRI(d.IRI)
	b.class(s, nsDCAT+"DataService")
	b.plain(s, nsDCT+"identifier", d.Identifier)
	b.text(s, nsDCT+"title", d.Title)
	b.text(s, nsDCT+"description", d.Description)
	b.resource(s, nsDCAT+"endpointURL", d.EndpointURL)
	b.resource(s, nsDCAT+"endpointDescription", d.OpenAPI)
	b.agent(s, nsDCT+"publisher", d.Publisher)
	b.contact(s, d.IRI, d.Contact)
	b.licence(s, d.Licence)
	b.access(s, d.Access)
	b.subjects(s, d.Keywords, d.Themes)
	b.standards(s, d.ConformsTo)
	for _, iri := range d.Serves {
		b.link(s, nsDCAT+"servesDataset", iri)
	}
}

func (b *builder) subjects(s Term, keywords []catalog.Text, themes []catalog.Theme) {
	for _, k := range keywords {
		b.text(s, nsDCAT+"keyword", k)
	}
	for _, t := range themes {
		b.word(s, nsDCAT+"theme", nsEU+"data-theme/", string(t), nsSKOS+"Concept", "dcat.theme.")
	}
}

func (b *builder) access(s Term, a catalog.Access) {
	b.word(s, nsDCT+"accessRights", nsEU+"access-right/", string(a), nsDCT+"RightsStatement", "dcat.access.")
}

// period adds the days that data speaks about as a blank node: one harvester
// fetches the IRI of a period, dataset by dataset.
func (b *builder) period(s Term, p catalog.Period) {
	if p.IsZero() {
		return
	}
	node := anonymous(s, "temporal")
	b.add(s, nsDCT+"temporal", node)
	b.class(node, nsDCT+"PeriodOfTime")
	b.day(node, nsDCAT+"startDate", p.Start)
	b.day(node, nsDCAT+"endDate", p.End)
}

func (b *builder) standards(s Term, list []catalog.Standard) {
	for _, x := range list {
		b.link(s, nsDCT+"conformsTo", x.IRI)
		if b.first(x.IRI) {
			b.class(IRI(x.IRI), nsDCT+"Standard")
			b.text(IRI(x.IRI), nsDCT+"title", x.Title)
		}
	}
}

// format adds the format and the media type, each with the label that
// harvesters show instead of the IRI.
func (b *builder) format(s Term, d catalog.Distribution) {
	f, mediaType := d.Format, d.MediaType
	switch {
	case f == "" && d.FormatName != "":
		node := anonymous(s, "format")
		b.add(s, nsDCT+"format", node)
		b.class(node, nsDCT+"MediaTypeOrExtent")
		b.plain(node, nsRDFS+"label", d.FormatName)
	case f != "":
		iri := nsEU + "file-type/" + string(f)
		if f == catalog.NDJSON {
			// The authority table has no code for it.
			iri = "https://github.com/ndjson/ndjson-spec"
		}
		b.link(s, nsDCT+"format", iri)
		if b.first(iri) {
			b.class(IRI(iri), nsDCT+"MediaTypeOrExtent")
			b.plain(IRI(iri), nsRDFS+"label", string(f))
		}
	}
	if mediaType != "" {
		iri := "http://www.iana.org/assignments/media-types/" + mediaType
		b.link(s, nsDCAT+"mediaType", iri)
		if b.first(iri) {
			b.class(IRI(iri), nsDCT+"MediaType")
			b.plain(IRI(iri), nsRDFS+"label", mediaType)
		}
	}
}

// checksum adds a SHA-256 with the IRI of its algorithm: without it, one
// harvester refuses the dataset.
func (b *builder) checksum(s Term, iri, sum string) {
	if sum == "" {
		return
	}
	const algorithm = nsSPDX + "checksumAlgorithm_sha256"
	node := fragment(iri, "checksum")
	b.link(s, nsSPDX+"checksum", node)
	s = IRI(node)
	b.class(s, nsSPDX+"Checksum")
	b.link(s, nsSPDX+"algorithm", algorithm)
	b.typed(s, nsSPDX+"checksumValue", sum, nsXSD+"hexBinary")
	if b.first(algorithm) {
		b.class(IRI(algorithm), nsSPDX+"ChecksumAlgorithm")
	}
}
