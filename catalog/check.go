package catalog

import "strings"

// catalog mends what belongs to the catalogue itself: only its datasets and
// other items are ever left out.
func (k *checker) catalog(c *Catalog) {
	if !k.publisher("/publisher", &c.Publisher) {
		c.Publisher.IRI = c.IRI + "#publisher"
	}
	trim(&c.Title)
	if c.Title.IsZero() {
		k.say(Warning, RuleTitle, "/title", "", "")
		c.Title.French = c.Publisher.Name
	}
	k.describe("", &c.Title, &c.Description)
	k.contact("/contact", &c.Contact)
	k.link("/homepage", &c.Homepage)
	k.link("/licence", &c.Licence)
	if c.Licence == "" {
		c.Licence = LicenceOuverte
	}
	c.Languages = words(k, "/languages", c.Languages, Languages())
	k.coverage("/coverage", &c.Coverage)
	if c.Page != nil {
		c.Page = k.page(*c.Page)
	}
	k.publisherOf, k.contactOf, k.licenceOf = c.Publisher, c.Contact, c.Licence
}

// page returns the page without the links that lead nowhere.
func (k *checker) page(p Page) *Page {
	if !isWeb(p.IRI) {
		k.say(Error, RuleIRI, "/page/iri", p.IRI, wantWeb)
		return nil
	}
	k.taken[p.IRI] = true
	k.link("/page/first", &p.First)
	k.link("/page/previous", &p.Previous)
	k.link("/page/next", &p.Next)
	k.link("/page/last", &p.Last)
	return &p
}

func (k *checker) dataset(p string, d *Dataset) bool {
	d.Identifier = trimmed(d.Identifier)
	if !k.describe(p, &d.Title, &d.Description) || !k.identified(p, d.Identifier) || !k.own(p, d.IRI) {
		return false
	}
	k.identifiers[d.Identifier] = true
	if licence := k.licenceOf; d.Foreign {
		contact := k.contactOf
		k.contactOf, k.licenceOf = Contact{}, ""
		defer func() { k.contactOf, k.licenceOf = contact, licence }()
	}
	k.authors(p, &d.Publisher, &d.Contact)
	k.link(p+"/landingPage", &d.LandingPage)
	d.Keywords = k.keywords(d.Keywords)
	d.Themes = words(k, p+"/themes", d.Themes, Themes())
	d.Languages = words(k, p+"/languages", d.Languages, Languages())
	word(k, p+"/frequency", &d.Frequency, Frequencies())
	word(k, p+"/access", &d.Access, Accesses())
	k.coverage(p+"/coverage", &d.Coverage)
	k.period(p+"/period", &d.Period)
	d.ConformsTo = k.standards(p+"/conformsTo", d.ConformsTo)
	d.Distributions = keep(d.Distributions, func(i int, x *Distribution) bool {
		return k.distribution(at(p+"/distributions", i), x)
	})
	return true
}

// identified checks that an identifier is there and is no other item's.
func (k *checker) identified(p, id string) bool {
	switch {
	case id == "":
		k.say(Error, RuleIdentifier, p+"/identifier", "", "")
		return false
	case k.identifiers[id]:
		k.say(Error, RuleTwice, p+"/identifier", id, "")
		return false
	}
	return true
}

func (k *checker) distribution(p string, d *Distribution) bool {
	trim(&d.Title)
	trim(&d.Description)
	k.link(p+"/downloadURL", &d.DownloadURL)
	k.link(p+"/accessURL", &d.AccessURL)
	if d.AccessURL == "" {
		d.AccessURL = d.DownloadURL
	}
	if d.AccessURL == "" {
		k.say(Error, RuleAccess, p+"/accessURL", "", wantWeb)
		return false
	}
	if !k.own(p, d.IRI) {
		return false
	}
	word(k, p+"/format", &d.Format, Formats())
	d.FormatName = trimmed(d.FormatName)
	if d.MediaType == "" {
		d.MediaType = d.Format.MediaType()
	}
	k.mediaType(p+"/mediaType", &d.MediaType)
	if d.ByteSize < 0 {
		k.say(Warning, RuleSize, p+"/byteSize", "", "")
		d.ByteSize = 0
	}
	if d.SHA256 = strings.ToLower(d.SHA256); d.SHA256 != "" && !isSHA256(d.SHA256) {
		k.say(Warning, RuleChecksum, p+"/sha256", d.SHA256, "")
		d.SHA256 = ""
	}
	k.licence(p+"/licence", &d.Licence)
	word(k, p+"/availability", &d.Availability, Availabilities())
	d.Languages = words(k, p+"/languages", d.Languages, Languages())
	d.ConformsTo = k.standards(p+"/conformsTo", d.ConformsTo)
	return true
}

func (k *checker) series(p string, s *Series) bool {
	s.Identifier = trimmed(s.Identifier)
	if !k.describe(p, &s.Title, &s.Description) || !k.identified(p, s.Identifier) || !k.own(p, s.IRI) {
		return false
	}
	k.identifiers[s.Identifier] = true
	k.authors(p, &s.Publisher, &s.Contact)
	word(k, p+"/frequency", &s.Frequency, Frequencies())
	k.coverage(p+"/coverage", &s.Coverage)
	return true
}

func (k *checker) service(p string, s *DataService) bool {
	s.Identifier = trimmed(s.Identifier)
	if !k.describe(p, &s.Title, &s.Description) || !k.identified(p, s.Identifier) {
		return false
	}
	if !isWeb(s.EndpointURL) {
		k.say(Error, RuleAccess, p+"/endpointURL", s.EndpointURL, wantWeb)
		return false
	}
	if !k.own(p, s.IRI) {
		return false
	}
	k.identifiers[s.Identifier] = true
	k.authors(p, &s.Publisher, &s.Contact)
	k.link(p+"/openAPI", &s.OpenAPI)
	k.licence(p+"/licence", &s.Licence)
	word(k, p+"/access", &s.Access, Accesses())
	s.Themes = words(k, p+"/themes", s.Themes, Themes())
	s.Keywords = k.keywords(s.Keywords)
	s.ConformsTo = k.standards(p+"/conformsTo", s.ConformsTo)
	return true
}

func (k *checker) part(p string, s *SubCatalog) bool {
	if !k.describe(p, &s.Title, &s.Description) || !k.own(p, s.IRI) {
		return false
	}
	if s.Publisher.IsZero() {
		s.Publisher.Name = s.Title.first()
	}
	if !k.publisher(p+"/publisher", &s.Publisher) {
		s.Publisher.IRI = s.IRI + "#publisher"
	}
	k.link(p+"/homepage", &s.Homepage)
	k.coverage(p+"/coverage", &s.Coverage)
	return true
}

func (k *checker) record(p string, r *CatalogRecord, topics map[string]bool) bool {
	if !topics[r.Topic] {
		k.say(Error, RuleTopic, p+"/topic", r.Topic, "")
		return false
	}
	if r.Modified.IsZero() {
		k.say(Error, RuleModified, p+"/modified", "", "")
		return false
	}
	return k.own(p, r.IRI)
}
