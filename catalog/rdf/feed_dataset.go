package rdf

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"maillon/catalog"
)

const (
	nsSchema  = "http://schema.org/"
	nsSchemas = "https://schema.org/"
	nsLOCN    = "http://www.w3.org/ns/locn#"
	nsDC      = "http://purl.org/dc/elements/1.1/"
)

// DatasetOf reads a dataset from the triples that [Found] keeps of it. It is a pure
// function of them: what it reads better tomorrow is mended by a rebuild.
func DatasetOf(triples []byte) (catalog.Dataset, error) {
	g, _, err := Read(strings.NewReader(string(triples)), NTriples, "")
	if err != nil {
		return catalog.Dataset{}, err
	}
	f := feedReader{g: g}
	subjects := g.Subjects(IRI(rdfType), IRI(nsDCAT+"Dataset"))
	if len(subjects) == 0 {
		return catalog.Dataset{}, nil
	}
	d := f.dataset(subjects[0])
	if d.Title.IsZero() {
		if d.Title.French = d.Identifier; d.Title.French == "" {
			d.Title.French = lastSegment(subjects[0].Value())
		}
	}
	return d, nil
}

func (f *feedReader) dataset(s Term) catalog.Dataset {
	d := catalog.Dataset{
		Identifier: f.one(s, nsDCT+"identifier"), Title: f.texts(s, nsDCT+"title"), Description: f.texts(s, nsDCT+"description"),
		LandingPage: f.one(s, nsDCAT+"landingPage"), Issued: f.date(s, nsDCT+"issued"), Modified: f.date(s, nsDCT+"modified"),
		Access: catalog.Access(f.code(s, nsDCT+"accessRights")), Frequency: frequencyOf(f.code(s, nsDCT+"accrualPeriodicity")),
		Publisher: f.agent(s), Contact: f.contactOf(s), Coverage: f.coverageOf(s), Period: f.periodOf(s), Keywords: f.keywords(s),
	}
	if s.IsIRI() {
		d.IRI = s.Value()
	}
	if d.Identifier == "" {
		d.Identifier = f.one(s, nsDC+"identifier")
	}
	if !slices.Contains(catalog.Accesses(), d.Access) {
		d.Access = ""
	}
	for _, o := range f.g.Objects(s, IRI(nsDCAT+"theme")) {
		if code := catalog.Theme(afterSlash(o.Value(), nsEU+"data-theme/")); code != "" && slices.Contains(catalog.Themes(), code) {
			d.Themes = append(d.Themes, code)
		}
	}
	for _, o := range f.g.Objects(s, IRI(nsDCT+"language")) {
		if l := languageOf(o.Value()); l != "" && !slices.Contains(d.Languages, l) {
			d.Languages = append(d.Languages, l)
		}
	}
	d.ConformsTo = f.standardsOf(s)
	licence := f.one(s, nsDCT+"license")
	for _, o := range f.g.Objects(s, IRI(nsDCAT+"distribution")) {
		if x, ok := f.distributionOf(o, licence); ok {
			d.Distributions = append(d.Distributions, x)
		}
	}
	slices.SortStableFunc(d.Distributions, func(a, b catalog.Distribution) int { return strings.Compare(a.IRI, b.IRI) })
	slices.Sort(d.Themes)
	return d
}

func (f *feedReader) distributionOf(s Term, licence string) (catalog.Distribution, bool) {
	d := catalog.Distribution{
		Title: f.texts(s, nsDCT+"title"), Description: f.texts(s, nsDCT+"description"), AccessURL: f.one(s, nsDCAT+"accessURL"),
		DownloadURL: f.one(s, nsDCAT+"downloadURL"), Issued: f.date(s, nsDCT+"issued"), Modified: f.date(s, nsDCT+"modified"),
		Availability: catalog.Availability(f.code(s, nsDCATA+"availability")), ConformsTo: f.standardsOf(s),
	}
	if d.AccessURL == "" && d.DownloadURL == "" {
		return d, false
	}
	if s.IsIRI() {
		d.IRI = s.Value()
	}
	if d.Licence = f.one(s, nsDCT+"license"); d.Licence == "" {
		d.Licence = licence
	}
	if !slices.Contains(catalog.Availabilities(), d.Availability) {
		d.Availability = ""
	}
	f.formatOf(s, &d)
	if n, err := strconv.ParseFloat(f.one(s, nsDCAT+"byteSize"), 64); err == nil && n > 0 && n < 1<<53 {
		d.ByteSize = int64(n)
	}
	for _, sum := range f.g.Objects(s, IRI(nsSPDX+"checksum")) {
		value := strings.ToLower(f.one(sum, nsSPDX+"checksumValue"))
		if strings.HasSuffix(strings.ToLower(f.one(sum, nsSPDX+"algorithm")), "sha256") && len(value) == 64 {
			d.SHA256 = value
		}
	}
	return d, true
}

// formatOf reads what a distribution says of its format: dct:format,
// dcat:mediaType or, from before DCAT 2, dcterms:MediaType with a label.
func (f *feedReader) formatOf(s Term, d *catalog.Distribution) {
	var names []string
	for _, p := range []string{nsDCT + "format", nsDCAT + "mediaType"} {
		for _, o := range f.g.Objects(s, IRI(p)) {
			if !o.IsBlank() {
				names = append(names, o.Value())
			}
			for _, label := range []string{nsRDFS + "label", nsSKOS + "prefLabel", nsRDF + "value", nsDCT + "title"} {
				if text := f.one(o, label); text != "" {
					names = append(names, text)
				}
			}
		}
	}
	for _, n := range names {
		if d.Format == "" {
			d.Format = catalog.FormatOf(n)
		}
		if _, media, ok := strings.Cut(n, "/media-types/"); ok {
			d.MediaType = media
		} else if d.MediaType == "" && strings.Count(n, "/") == 1 && !strings.Contains(n, ":") {
			d.MediaType = n
		}
	}
	if d.Format == "" && len(names) > 0 {
		i := slices.IndexFunc(names, func(n string) bool { return !strings.Contains(n, "://") })
		d.FormatName = lastSegment(names[max(i, 0)])
	}
}

func (f *feedReader) agent(s Term) (a catalog.Agent) {
	list := f.g.Objects(s, IRI(nsDCT+"publisher"))
	if len(list) == 0 {
		return a
	}
	o := list[0]
	if o.IsLiteral() {
		return catalog.Agent{Name: o.Value()}
	}
	a.Name = f.one(o, nsFOAF+"name")
	for _, p := range []string{nsVCARD + "fn", nsSKOS + "prefLabel", nsRDFS + "label", nsSchema + "name", nsDCT + "title"} {
		if a.Name == "" {
			a.Name = f.one(o, p)
		}
	}
	if o.IsIRI() {
		a.IRI = o.Value()
	}
	a.Homepage = f.one(o, nsFOAF+"homepage")
	if id := f.one(o, nsDCT+"identifier"); isSIRET(id) {
		a.SIRET = id
	}
	a.Type = catalog.PublisherType(afterSlash(f.one(o, nsDCT+"type"), "http://purl.org/adms/publishertype/"))
	if !slices.Contains(catalog.PublisherTypes(), a.Type) {
		a.Type = ""
	}
	a.Level = afterSlash(f.one(o, nsORG+"classification"), "urn:maillon:level:")
	if a.Name == "" {
		a.Name = lastSegment(a.IRI)
	}
	return a
}

func isSIRET(s string) bool {
	return len(s) == 14 && strings.Trim(s, "0123456789") == ""
}

func (f *feedReader) contactOf(s Term) (c catalog.Contact) {
	for _, o := range f.g.Objects(s, IRI(nsDCAT+"contactPoint")) {
		for _, p := range []string{"fn", "organization-name", "hasFN"} {
			if c.Name == "" {
				c.Name = f.one(o, nsVCARD+p)
			}
		}
		for _, p := range []string{"hasEmail", "email"} {
			if c.Email == "" {
				c.Email = strings.TrimPrefix(f.one(o, nsVCARD+p), "mailto:")
			}
		}
		for _, p := range []string{"hasURL", "url"} {
			if c.Page == "" {
				c.Page = f.one(o, nsVCARD+p)
			}
		}
		if !c.IsZero() {
			return c
		}
	}
	return c
}

// coverageOf reads a place: a geozone of ours, a name, an IRI, and a rectangle
// around its geometry.
func (f *feedReader) coverageOf(s Term) (c catalog.Coverage) {
	for _, o := range f.g.Objects(s, IRI(nsDCT+"spatial")) {
		if o.IsLiteral() {
			if c.Name == "" {
				c.Name = o.Value()
			}
			continue
		}
		if o.Value() == nsEU+"country/FRA" {
			c.Geozone = "fr"
		} else if id := f.one(o, nsDCT+"identifier"); c.Geozone == "" && (id == "fr" || strings.HasPrefix(id, "fr:")) {
			c.Geozone = id
		} else if c.Geozone == "" && o.IsIRI() && strings.HasPrefix(o.Value(), "http") && !strings.Contains(o.Value(), "#") {
			c.Geozone = o.Value()
		}
		for _, p := range []string{nsSKOS + "prefLabel", nsRDFS + "label", nsLOCN + "geographicName"} {
			if c.Name == "" {
				c.Name = f.one(o, p)
			}
		}
		for _, p := range []string{nsDCAT + "bbox", nsLOCN + "geometry", nsDCAT + "centroid"} {
			for _, text := range f.g.Objects(o, IRI(p)) {
				if box, ok := boxOf(text.Value()); ok && c.Box.IsZero() {
					c.Box = box
				}
			}
		}
	}
	return c
}

// boxOf is the rectangle around the numbers of a WKT or GeoJSON geometry, in
// longitude and latitude.
func boxOf(text string) (catalog.Box, bool) {
	const most = 1 << 20
	if i := strings.Index(text, "coordinates"); i >= 0 {
		text = text[i:]
	} else if i := strings.IndexByte(text, '('); i >= 0 {
		text = text[i:]
	} else {
		return catalog.Box{}, false
	}
	if len(text) > most {
		return catalog.Box{}, false
	}
	var numbers []float64
	for _, w := range strings.FieldsFunc(text, func(r rune) bool { return !strings.ContainsRune("0123456789.-+eE", r) }) {
		if n, err := strconv.ParseFloat(w, 64); err == nil {
			numbers = append(numbers, n)
		}
	}
	if len(numbers) < 4 || len(numbers)%2 != 0 {
		return catalog.Box{}, false
	}
	b := catalog.Box{West: numbers[0], East: numbers[0], South: numbers[1], North: numbers[1]}
	for i := 0; i < len(numbers); i += 2 {
		b.West, b.East = min(b.West, numbers[i]), max(b.East, numbers[i])
		b.South, b.North = min(b.South, numbers[i+1]), max(b.North, numbers[i+1])
	}
	return b, b.West < b.East && b.South < b.North && b.West >= -180 && b.East <= 180 && b.South >= -90 && b.North <= 90
}

func (f *feedReader) periodOf(s Term) (p catalog.Period) {
	for _, o := range f.g.Objects(s, IRI(nsDCT+"temporal")) {
		for _, name := range []string{nsDCAT + "startDate", nsSchema + "startDate", nsSchemas + "startDate"} {
			if p.Start.IsZero() {
				p.Start = f.date(o, name)
			}
		}
		for _, name := range []string{nsDCAT + "endDate", nsSchema + "endDate", nsSchemas + "endDate"} {
			if p.End.IsZero() {
				p.End = f.date(o, name)
			}
		}
		if from, to, ok := strings.Cut(o.Value(), "/"); o.IsLiteral() && ok {
			p.Start, p.End = dateOf(from), dateOf(to)
		}
	}
	return p
}

func (f *feedReader) keywords(s Term) (list []catalog.Text) {
	for _, o := range f.g.Objects(s, IRI(nsDCAT+"keyword")) {
		switch {
		case !o.IsLiteral():
		case strings.HasPrefix(o.Lang(), "en"):
			list = append(list, catalog.Text{English: o.Value()})
		default:
			list = append(list, catalog.Text{French: o.Value()})
		}
	}
	slices.SortFunc(list, func(a, b catalog.Text) int {
		return strings.Compare(a.French+"\x00"+a.English, b.French+"\x00"+b.English)
	})
	return list
}

func (f *feedReader) standardsOf(s Term) (list []catalog.Standard) {
	for _, o := range f.g.Objects(s, IRI(nsDCT+"conformsTo")) {
		switch {
		case o.IsIRI():
			list = append(list, catalog.Standard{IRI: o.Value(), Title: f.texts(o, nsDCT+"title")})
		case o.IsBlank():
			if iri := f.one(o, nsDCT+"identifier"); iri != "" {
				list = append(list, catalog.Standard{IRI: iri, Title: f.texts(o, nsDCT+"title")})
			}
		}
	}
	slices.SortFunc(list, func(a, b catalog.Standard) int { return strings.Compare(a.IRI, b.IRI) })
	return list
}

// texts reads a text in French and in English. One without language, or in
// another language where there is no French, is taken as French.
func (f *feedReader) texts(s Term, predicate string) (t catalog.Text) {
	other := ""
	for _, o := range f.g.Objects(s, IRI(predicate)) {
		lang, _, _ := strings.Cut(o.Lang(), "-")
		switch {
		case !o.IsLiteral() || strings.TrimSpace(o.Value()) == "":
		case lang == "fr":
			t.French = least(t.French, o.Value())
		case lang == "en":
			t.English = least(t.English, o.Value())
		default:
			other = least(other, o.Value())
		}
	}
	if t.French == "" && t.English == "" || t.French == "" && other != "" {
		t.French = other
	}
	return t
}

// least chooses among several values, the same whatever their order.
func least(a, b string) string {
	if a == "" || b < a {
		return b
	}
	return a
}

// one is a value of a property: the least, if there are several.
func (f *feedReader) one(s Term, predicate string) (v string) {
	for _, o := range f.g.Objects(s, IRI(predicate)) {
		if !o.IsBlank() && o.Value() != "" {
			v = least(v, o.Value())
		}
	}
	return v
}

// code is the last part of an IRI of a vocabulary, or a text in capitals.
func (f *feedReader) code(s Term, predicate string) string {
	v := f.one(s, predicate)
	if i := strings.LastIndexAny(v, "/#"); i >= 0 {
		v = v[i+1:]
	}
	return strings.ToUpper(v)
}

func afterSlash(s, prefix string) string {
	code, ok := strings.CutPrefix(s, prefix)
	if !ok {
		return ""
	}
	return code
}

// frequencies of other vocabularies (purl.org/cld/freq, and words), by the code
// of the authority table.
var frequencyNames = map[string]catalog.Frequency{
	"CONTINUOUS": catalog.Continuous, "CONT": catalog.Continuous, "SEMIMONTHLY": catalog.Biweekly, "FORTNIGHTLY": catalog.Biweekly,
	"SEMIANNUAL": catalog.Semiannual, "BIANNUAL": catalog.Semiannual, "ANNUALLY": catalog.Annual, "YEARLY": catalog.Annual,
	"IRREGULAR": catalog.Irregular, "ASNEEDED": catalog.AsNeeded, "NOTPLANNED": catalog.Never, "PUNCTUAL": catalog.Never,
}

func frequencyOf(code string) catalog.Frequency {
	if f, ok := frequencyNames[code]; ok {
		return f
	}
	if f := catalog.Frequency(code); slices.Contains(catalog.Frequencies(), f) {
		return f
	}
	return ""
}

var languageNames = map[string]catalog.Language{
	"FR": catalog.French, "FRE": catalog.French, "EN": catalog.English, "BR": catalog.Breton, "DE": catalog.German, "GER": catalog.German,
	"ES": catalog.Spanish, "IT": catalog.Italian, "NL": catalog.Dutch, "PT": catalog.Portuguese, "CA": catalog.Catalan, "EU": catalog.Basque,
	"OC": catalog.Occitan,
}

func languageOf(s string) catalog.Language {
	code := strings.ToUpper(lastSegment(s))
	if l, ok := languageNames[code]; ok {
		return l
	}
	if l := catalog.Language(code); slices.Contains(catalog.Languages(), l) {
		return l
	}
	return ""
}

func (f *feedReader) date(s Term, predicate string) time.Time { return dateOf(f.one(s, predicate)) }

// dateOf reads the dates and times that XML Schema and people write.
func dateOf(s string) time.Time {
	s = strings.TrimSpace(s)
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05", "2006-01-02T15:04", time.DateOnly,
		"2006-01-02Z07:00", "2006-01", "2006", "02/01/2006"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}
