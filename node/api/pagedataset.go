package api

import (
	"cmp"
	"encoding/xml"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gorilla/mux"

	"maillon/catalog"
	"maillon/catalog/facet"
	"maillon/catalog/rdf"
	"maillon/catalog/texts"
	"maillon/node/shelf"
	"maillon/node/web"
)

// pageID names the page of a dataset: its identifier if this node publishes it,
// else that of its record.
func (s *Server) pageID(d catalog.Dataset) string {
	if id, ok := strings.CutPrefix(d.IRI, s.names()+"/catalog/datasets/"); ok {
		return id
	}
	return shelf.RecordID(d.IRI)
}

// syntaxLinks are the addresses of the same thing as data.
func (s *Server) syntaxLinks(path string, q facet.Query) (list []web.FileRow) {
	query := q.Values().Encode()
	if query != "" {
		query = "?" + query
	}
	for _, x := range rdf.Syntaxes() {
		list = append(list, web.FileRow{Label: x.String(), URL: s.files() + path + x.Suffix() + query})
	}
	return list
}

// cataloguePage shows people what a graph holds: one dataset, a buyer, or a list.
func (s *Server) cataloguePage(w http.ResponseWriter, r *http.Request, make func(*http.Request) (catalog.Catalog, error)) error {
	w.Header().Del("Link")
	path := r.URL.Path
	switch {
	case path == "/register":
		return s.registerPage(w, r)
	case mux.Vars(r)["siret"] != "":
		return s.buyerPage(w, r)
	case path == "/catalog" || path == "/catalog/all":
		return s.cataloguesPage(w, r)
	}
	c, err := make(r)
	if err != nil {
		return err
	}
	if len(c.Datasets) == 1 {
		return s.showDataset(w, r, c.Datasets[0].IRI)
	}
	if siret := shelf.SeriesBuyer(mux.Vars(r)["id"]); siret != "" {
		return s.buyerPage(w, mux.SetURLVars(r, map[string]string{"siret": url.PathEscape(siret)}))
	}
	return s.cataloguesPage(w, r)
}

// datasetsPerView is how many datasets a page for people lists.
const datasetsPerView = 30

func (s *Server) cataloguesPage(w http.ResponseWriter, r *http.Request) error {
	if err := s.Ready(); err != nil {
		return err
	}
	q, err := queryOfFacets(r)
	if err != nil {
		return err
	}
	f, err := s.search(q)
	if err != nil {
		return err
	}
	lang := langOf(r)
	page := web.CataloguePage{Text: q.Text, Total: len(f.listed), Facets: s.facetGroups(q, f, lang), Syntaxes: s.syntaxLinks("/catalog/all", q)}
	for name, values := range q.Values() {
		if name != "q" {
			page.Parameter = append(page.Parameter, web.HiddenField{Name: name, Value: values[0]})
		}
	}
	slices.SortFunc(page.Parameter, func(a, b web.HiddenField) int { return strings.Compare(a.Name, b.Name) })
	if !q.IsZero() {
		page.Clear = s.base() + "/catalogue"
	}
	after := r.URL.Query().Get("after")
	last := ""
	if s.Static {
		page.Facets = nil
		f.listed, page.Next = s.staticList(r, f.listed)
	}
	for _, l := range f.listed {
		if after != "" && l.Dataset.IRI <= after {
			continue
		}
		if len(page.Items) == datasetsPerView {
			v := q.Values()
			v.Set("after", last)
			page.Next = s.base() + "/catalogue?" + v.Encode()
			break
		}
		page.Items = append(page.Items, s.datasetItem(l, f.score(l.Dataset), lang))
		last = l.Dataset.IRI
	}
	page.LD = map[string]any{
		"@context": "https://schema.org/", "@type": "DataCatalog", "@id": s.Self.URL + "/catalog/all", "name": pick(f.catalog.Title, lang),
		"url": s.absolute("/catalogue"), "publisher": map[string]any{"@type": "GovernmentOrganization", "name": s.Self.Name},
	}
	return s.page(w, r, http.StatusOK, page)
}

func (s *Server) datasetItem(l catalog.Listed, score catalog.Score, lang texts.Lang) web.DatasetItem {
	d := l.Dataset
	item := web.DatasetItem{
		Title: pick(d.Title, lang), URL: s.at("/jeux/" + s.pageID(d)), Publisher: d.Publisher.Name, Description: shortened(pick(d.Description, lang)),
		Modified: d.Modified, Foreign: d.Foreign, Rating: texts.T(lang, "quality.rating."+string(score.Rating)),
	}
	if s.Static && !isSegment(s.pageID(d)) {
		item.URL = ""
	}
	for _, x := range d.Distributions {
		if name := cmp.Or(string(x.Format), x.FormatName); name != "" && !slices.Contains(item.Formats, name) && len(item.Formats) < 8 {
			item.Formats = append(item.Formats, name)
		}
	}
	return item
}

// shortened is the beginning of a text, at the end of a word.
func shortened(s string) string {
	const most = 300
	if len(s) <= most {
		return s
	}
	if i := strings.LastIndexByte(s[:most], ' '); i > 0 {
		return s[:i] + "…"
	}
	return s[:most-100] + "…"
}

// valuesShown bounds the values of a facet on a page.
const valuesShown = 12

func (s *Server) facetGroups(q facet.Query, f found, lang texts.Lang) []web.FacetGroup {
	counts := facet.Count(f.all, f.score)
	chosen := q.Values()
	var out []web.FacetGroup
	for _, group := range []struct {
		name   string
		values []facet.Value
		label  func(facet.Value) string
	}{
		{"theme", counts.Theme, func(v facet.Value) string { return texts.T(lang, "dcat.theme."+v.Value) }},
		{"publisher", counts.Publisher, func(v facet.Value) string { return cmp.Or(v.Name, v.Value) }},
		{"level", counts.Level, func(v facet.Value) string { return texts.T(lang, "level."+v.Value) }},
		{"territory", counts.Territory, func(v facet.Value) string { return cmp.Or(v.Name, v.Value) }},
		{"format", counts.Format, func(v facet.Value) string { return v.Value }},
		{"quality", counts.Quality, func(v facet.Value) string { return texts.T(lang, "quality.rating."+v.Value) }},
	} {
		g := web.FacetGroup{Label: texts.T(lang, "web.facet."+group.name)}
		for _, v := range group.values[:min(len(group.values), valuesShown)] {
			to := q.Values()
			is := strings.EqualFold(chosen.Get(group.name), v.Value)
			if to.Set(group.name, v.Value); is {
				to.Del(group.name)
			}
			g.Values = append(g.Values, web.FacetValue{Label: group.label(v), URL: s.base() + "/catalogue?" + to.Encode(), Count: v.Count, Chosen: is})
		}
		if len(g.Values) > 0 {
			out = append(out, g)
		}
	}
	return out
}

// datasetPage shows one dataset by the name of its page.
func (s *Server) datasetPage(w http.ResponseWriter, r *http.Request) error {
	f, l, err := s.named(mux.Vars(r)["id"])
	if err != nil {
		return err
	}
	return s.showListed(w, r, f, l)
}

func (s *Server) showDataset(w http.ResponseWriter, r *http.Request, iri string) error {
	f, err := s.search(facet.Query{})
	if err != nil {
		return err
	}
	for _, l := range f.listed {
		if l.Dataset.IRI == iri {
			return s.showListed(w, r, f, l)
		}
	}
	return notFound("dataset", iri)
}

func (s *Server) showListed(w http.ResponseWriter, r *http.Request, f found, l catalog.Listed) error {
	d, lang := l.Dataset, langOf(r)
	score := f.score(d)
	nine := s.nineOf(d, f.catalog)
	page := web.DatasetPage{
		Name: pick(d.Title, lang), IRI: d.IRI, Identifier: d.Identifier, Description: pick(d.Description, lang), Publisher: d.Publisher.Name, Foreign: d.Foreign,
		Score: score.Got, Of: score.Of, Nine: nine.Got, Rating: texts.T(lang, "quality.rating."+string(score.Rating)), Fields: s.datasetFields(d, lang),
	}
	if d.Publisher.SIRET != "" && (!s.Static || s.isBuyer(d.Publisher.SIRET)) {
		page.PublisherURL = s.at("/acheteurs/" + url.PathEscape(d.Publisher.SIRET))
	}
	for _, k := range d.Keywords {
		page.Keywords = append(page.Keywords, pick(k, lang))
	}
	for _, x := range d.Distributions {
		page.Files = append(page.Files, web.DatasetFile{
			FileRow:     web.FileRow{Label: pick(x.Title, lang), Format: cmp.Or(string(x.Format), x.FormatName), URL: cmp.Or(x.DownloadURL, x.AccessURL), Size: x.ByteSize},
			Description: pick(x.Description, lang), SHA256: x.SHA256,
		})
	}
	for _, from := range l.Sources {
		page.Sources = append(page.Sources, web.DatasetSource{Node: from.Node, Name: from.Name, Journal: from.Journal, Location: from.Location, Index: from.Index, At: from.At})
	}
	for _, m := range mends(score, nine, lang) {
		page.Missing = append(page.Missing, web.QualityRow{Text: m.Text, Hint: m.Hint})
	}
	path := "/catalog/records/" + shelf.RecordID(d.IRI)
	if id := s.pageID(d); strings.HasPrefix(d.IRI, s.names()+"/catalog/datasets/") {
		path = "/catalog/datasets/" + id
	}
	page.Syntaxes = s.syntaxLinks(path, facet.Query{})
	page.LD = schemaOrg(d, lang)
	return s.page(w, r, http.StatusOK, page)
}

// datasetFields are what people are told of a dataset, in their order.
func (s *Server) datasetFields(d catalog.Dataset, lang texts.Lang) (list []web.FactRow) {
	add := func(label, text, address string) {
		if text != "" || address != "" {
			list = append(list, web.FactRow{Label: texts.T(lang, "web.dataset."+label), Text: text, URL: address})
		}
	}
	day := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return web.FormatDate(lang, t.Format(time.DateOnly))
	}
	for _, t := range d.Themes {
		of := s.base() + "/catalogue?theme=" + string(t)
		if s.Static {
			of = ""
		}
		add("theme", texts.T(lang, "dcat.theme."+string(t)), of)
	}
	if d.Publisher.Level != "" {
		add("level", texts.T(lang, "level."+d.Publisher.Level), "")
	}
	if !strings.HasPrefix(d.Coverage.Geozone, "http") {
		add("place", cmp.Or(d.Coverage.Name, d.Coverage.Geozone), "")
	} else {
		add("place", d.Coverage.Name, d.Coverage.Geozone)
	}
	if !d.Period.IsZero() {
		add("period", strings.Trim(day(d.Period.Start)+" – "+day(d.Period.End), " –"), "")
	}
	if d.Frequency != "" {
		add("frequency", texts.T(lang, "dcat.frequency."+string(d.Frequency)), "")
	}
	licence := ""
	if !d.Foreign {
		licence = catalog.LicenceOuverte
	}
	for _, x := range d.Distributions {
		licence = cmp.Or(x.Licence, licence)
	}
	add("licence", licence, webOnly(licence))
	add("issued", day(d.Issued), "")
	add("changed", day(d.Modified), "")
	for _, x := range d.ConformsTo {
		add("schema", cmp.Or(pick(x.Title, lang), x.IRI), webOnly(x.IRI))
	}
	add("contact", cmp.Or(d.Contact.Name, d.Contact.Email), webOnly(d.Contact.Page))
	if d.Foreign {
		add("page", "", webOnly(d.LandingPage))
	}
	return list
}

// webOnly is an address that may be followed, or nothing.
func webOnly(s string) string {
	if strings.HasPrefix(s, "https://") || strings.HasPrefix(s, "http://") {
		return s
	}
	return ""
}

// schemaOrg is a dataset in the words that search engines read
// (https://schema.org/Dataset).
func schemaOrg(d catalog.Dataset, lang texts.Lang) map[string]any {
	out := map[string]any{
		"@context": "https://schema.org/", "@type": "Dataset", "@id": d.IRI, "name": pick(d.Title, lang), "description": pick(d.Description, lang),
		"identifier": d.Identifier, "url": d.IRI, "isAccessibleForFree": true,
		"creator": map[string]any{"@type": "Organization", "name": d.Publisher.Name},
	}
	set := func(name string, value any, ok bool) {
		if ok {
			out[name] = value
		}
	}
	set("dateModified", d.Modified.Format(time.RFC3339), !d.Modified.IsZero())
	set("datePublished", d.Issued.Format(time.RFC3339), !d.Issued.IsZero())
	set("spatialCoverage", d.Coverage.Name, d.Coverage.Name != "")
	set("temporalCoverage", d.Period.Start.Format(time.DateOnly)+"/"+d.Period.End.Format(time.DateOnly), !d.Period.Start.IsZero() && !d.Period.End.IsZero())
	set("license", catalog.LicenceOuverte, !d.Foreign)
	var words []string
	for _, k := range d.Keywords {
		words = append(words, pick(k, lang))
	}
	set("keywords", words, len(words) > 0)
	var files []any
	for _, x := range d.Distributions {
		file := map[string]any{"@type": "DataDownload", "contentUrl": cmp.Or(x.DownloadURL, x.AccessURL)}
		if m := cmp.Or(x.MediaType, x.Format.MediaType()); m != "" {
			file["encodingFormat"] = m
		}
		files = append(files, file)
	}
	set("distribution", files, len(files) > 0)
	return out
}

func (s *Server) sourcesPage(w http.ResponseWriter, r *http.Request) error {
	all, err := s.sources()
	if err != nil {
		return err
	}
	lang := langOf(r)
	var page web.SourcesPage
	for _, one := range all {
		row := web.SourceRow{
			URL: one.URL, Name: pick(one.Title, lang), Error: one.Error, Datasets: one.Datasets, Missing: one.Missing, Held: one.Held, Own: one.Own,
			Pivot: one.Pivot, Requests: one.Requests, Failures: one.Failures, Visited: one.Visited, Next: one.Next,
		}
		for _, p := range one.Problems {
			row.Problems = append(row.Problems, problemRow(p, lang))
		}
		page.Sources = append(page.Sources, row)
	}
	return s.page(w, r, http.StatusOK, page)
}

// sitemap lists the pages that search engines should know (https://www.sitemaps.org).
func (s *Server) sitemap(w http.ResponseWriter, r *http.Request) error {
	if err := s.Ready(); err != nil {
		return err
	}
	f, err := s.search(facet.Query{})
	if err != nil {
		return err
	}
	type address struct {
		Loc     string `xml:"loc"`
		LastMod string `xml:"lastmod,omitempty"`
	}
	var list struct {
		XMLName xml.Name  `xml:"http://www.sitemaps.org/schemas/sitemap/0.9 urlset"`
		URL     []address `xml:"url"`
	}
	for _, path := range []string{"/", "/catalogue", "/marches", "/register", "/qualite", "/sources", "/valider", "/regles", "/dictionnaire"} {
		if !s.Static || path != "/valider" {
			list.URL = append(list.URL, address{Loc: s.absolute(path)})
		}
	}
	for _, b := range s.Shelf.Buyers() {
		if s.Static && !isSegment(b) {
			continue
		}
		list.URL = append(list.URL, address{Loc: s.absolute("/acheteurs/" + url.PathEscape(b))})
	}
	const most = 50_000 // of one sitemap
	for _, l := range f.listed {
		if len(list.URL) == most {
			break
		}
		if s.Static && !isSegment(s.pageID(l.Dataset)) {
			continue
		}
		a := address{Loc: s.absolute("/jeux/" + s.pageID(l.Dataset))}
		if !l.Modified.IsZero() {
			a.LastMod = l.Modified.UTC().Format(time.RFC3339)
		}
		list.URL = append(list.URL, a)
	}
	raw, err := xml.Marshal(list)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/xml; charset=utf-8")
	w.Header().Set("Cache-Control", "public, max-age=3600")
	return serveBytes(w, r, append([]byte(xml.Header), raw...), time.Time{})
}

func (s *Server) robots(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	return serveBytes(w, r, []byte("User-agent: *\nAllow: /\nSitemap: "+s.Self.URL+"/sitemap.xml\n"), time.Time{})
}
