package api

import (
	"net/http"
	"net/url"

	"github.com/gorilla/mux"

	"maillon/catalog"
	"maillon/catalog/enrich"
	"maillon/catalog/rdf"
	"maillon/catalog/texts"
	"maillon/node/shelf"
	"maillon/node/web"
	"maillon/store/search"
	"maillon/store/view"
)

// pageRoutes serve people. A page is filled from the same queries as the API.
func (s *Server) pageRoutes(r *mux.Router) {
	r.Handle("/", s.answer(s.homePage)).Methods("GET", "HEAD")
	r.Handle("/marches", s.answer(s.contractsPage)).Methods("GET", "HEAD")
	r.Handle("/marches/{buyer}/{slug}", s.answer(s.contractPage)).Methods("GET", "HEAD")
	r.Handle("/conflits", s.answer(s.conflictsPage)).Methods("GET", "HEAD")
	r.Handle("/acheteurs/{siret}", s.answer(s.buyerPage)).Methods("GET", "HEAD")
	r.Handle("/depots/{id}", s.answer(s.depositPage)).Methods("GET", "HEAD")
	for _, topic := range []string{"accessibilite", "mentions-legales", "donnees-personnelles"} {
		r.Handle("/"+topic, s.answer(func(w http.ResponseWriter, r *http.Request) error {
			return s.page(w, r, http.StatusOK, web.About(topic, s.Pages.Site(), langOf(r), s.Now()))
		})).Methods("GET", "HEAD")
	}
	r.PathPrefix("/assets/").Handler(s.Pages.Static()).Methods("GET", "HEAD")
}

func (s *Server) page(w http.ResponseWriter, r *http.Request, status int, p web.Page) error {
	w.Header().Set("Cache-Control", "no-cache")
	return s.Pages.Render(w, r, status, langOf(r), p)
}

func (s *Server) errorPage(w http.ResponseWriter, r *http.Request, p Problem) {
	page := web.ErrorPage{Status: p.Status, Title: p.Title, Detail: p.Detail}
	for _, one := range p.Problems {
		page.Problems = append(page.Problems, problemRow(one, langOf(r)))
	}
	if err := s.page(w, r, p.Status, page); err != nil {
		s.Log.Error().Err(err).Msg("error page")
	}
}

func problemRow(p catalog.Problem, lang texts.Lang) web.ProblemRow {
	e := ExplainProblem(p, lang)
	row := web.ProblemRow{Rule: p.Rule, Severity: string(p.Severity), Pointer: p.Pointer, Line: p.Line}
	if texts.Has("rule." + p.Rule + ".text") {
		row.Text, row.Hint = e.Text, e.Hint
	} else {
		row.Text, row.Hint = p.Found, p.Expected
	}
	return row
}

func (s *Server) homePage(w http.ResponseWriter, r *http.Request) error {
	nodes, err := s.Fed.Nodes()
	if err != nil {
		return err
	}
	page := web.HomePage{Key: s.Self.Key, CanSign: s.Static || s.Desk.Ready() == nil}
	for _, n := range nodes {
		row := nodeRow(n)
		switch n.State {
		case "self":
		case "hub":
			page.Hub = &row
		default:
			page.Members = append(page.Members, row)
		}
	}
	reports, err := s.Desk.Reports(10)
	if err != nil {
		return err
	}
	for _, rep := range reports {
		page.Deposits = append(page.Deposits, depositRow(rep))
	}
	for _, d := range s.Shelf.Datasets("") {
		if len(page.Datasets) == maxDatasets {
			break
		}
		page.Datasets = append(page.Datasets, s.datasetRow(d, langOf(r)))
	}
	size := s.Own.Size()
	for _, step := range s.Fed.Climb(r, s.Self.ID) {
		if step.Node != s.Self.ID {
			page.Climb = append(page.Climb, web.ClimbRow{Node: step.Node, Name: step.Name, Level: step.Level, URL: step.URL, Size: step.Size, Of: size, At: step.At})
		}
	}
	t, err := s.Views.Totals()
	if err != nil {
		return err
	}
	page.Totals = web.Totals{Contracts: t.Contracts, Conforming: t.Conforming, ToCorrect: t.ToCorrect, Withdrawn: t.Withdrawn, Redacted: t.Redacted}
	return s.page(w, r, http.StatusOK, page)
}

// maxDatasets bounds the datasets of a page; the catalogue has them all.
const maxDatasets = 30

func nodeRow(n NodeStatus) web.NodeRow {
	return web.NodeRow{
		ID: n.ID, Name: n.Name, Level: n.Level, Territory: n.Geozone, State: n.State, URL: n.URL, Catalog: n.Catalog, Contact: n.Contact,
		Reason: n.Reason, Error: n.Error, Announced: n.Announced, Mirrored: n.Mirrored, Seen: n.Seen, Publishes: n.Publishes,
	}
}

func (s *Server) datasetRow(d shelf.Dataset, lang texts.Lang) web.DatasetRow {
	row := web.DatasetRow{ID: d.ID, Buyer: d.Buyer, Year: d.Year, Records: d.Total, Conforming: d.Conform, Modified: d.Modified}
	row.BuyerName = s.Catalog.BuyerName(d.Buyer)
	year := d.Year
	if year == "" {
		year = texts.T(lang, "dataset.undated")
	}
	row.Title = texts.T(lang, "dataset.year.title", row.BuyerName, year)
	if s.Static && !isSegment(d.ID) {
		row.Buyer = ""
		return row
	}
	for _, f := range d.Files {
		row.Files = append(row.Files, web.FileRow{
			Label: texts.T(lang, "file."+f.Name), Format: f.Format, Size: f.Size, URL: s.files() + "/files/" + d.ID + "/" + f.Name,
		})
	}
	return row
}

// base is the path before every address of this node; among files, before the pages of
// a language.
func (s *Server) base() string {
	if s.Static {
		return s.Pages.Site().Base
	}
	return s.files()
}

// at is the address of a page, by its path.
func (s *Server) at(path string) string {
	if s.Static {
		return s.Pages.Site().Page(path)
	}
	return s.base() + path
}

// absolute is the address of a page for those who are elsewhere.
func (s *Server) absolute(path string) string {
	if s.Static {
		return s.Self.URL + web.Site{Static: true}.Page(path)
	}
	return s.Self.URL + path
}

func (s *Server) contractRow(row view.Row) web.ContractRow {
	c := web.ContractRow{
		URL: s.at("/marches/" + row.Address), Title: row.Object, Buyer: row.Buyer, BuyerName: row.BuyerName, Supplier: row.Supplier,
		State: string(row.State), Kind: string(row.Kind), Date: row.Notified, CPV: row.CPV, Departement: row.Departement, Amount: row.Amount,
	}
	if c.BuyerName == "" {
		c.BuyerName = s.Catalog.BuyerName(row.Buyer)
	}
	if c.Supplier == "" && len(row.Suppliers) > 0 {
		c.Supplier = row.Suppliers[0]
	}
	if c.Title == "" {
		c.Title = row.ID
	}
	if s.Static && !isSegment(c.Buyer) {
		c.Buyer = "" // it has no page
	}
	return c
}

func (s *Server) registerPage(w http.ResponseWriter, r *http.Request) error {
	if _, html := rdf.Negotiate(r.Header.Get("Accept")); !html {
		return s.graph(s.registerGraph)(w, r)
	}
	nodes, err := s.Fed.Nodes()
	if err != nil {
		return err
	}
	rows, err := s.register()
	if err != nil {
		return err
	}
	var page web.RegisterPage
	name := map[string]string{}
	for _, n := range nodes {
		name[n.ID] = n.Name
		if n.State != "hub" {
			page.Nodes = append(page.Nodes, nodeRow(n))
		}
	}
	for _, row := range rows {
		if row.Buyer {
			b := web.BuyerRow{
				SIRET: row.SIRET, Name: row.Name, Node: row.Node, NodeName: name[row.Node], Catalog: row.URLDCAT, Territory: row.Geozone, Contracts: row.Contracts,
			}
			if s.Static && !isSegment(b.SIRET) {
				b.SIRET, b.Catalog = "", ""
			}
			page.Buyers = append(page.Buyers, b)
		}
	}
	w.Header().Add("Vary", "Accept")
	return s.page(w, r, http.StatusOK, page)
}

func (s *Server) buyerPage(w http.ResponseWriter, r *http.Request) error {
	if err := s.Ready(); err != nil {
		return err
	}
	siret := pathVar(r, "siret")
	found, err := s.Views.Contracts(view.Query{Buyer: siret, Limit: 1})
	if err != nil {
		return err
	}
	sets := s.Shelf.Datasets(siret)
	lineage, err := s.Views.Lineage()
	if err != nil {
		return err
	}
	if found.Total == 0 && len(sets) == 0 && len(lineage.Family(siret)) == 1 {
		return notFound("buyer", siret)
	}
	page := web.BuyerPage{
		SIRET: siret, Name: s.Catalog.BuyerName(siret), Contracts: found.Total, ContractsURL: s.base() + "/marches?buyer=" + url.QueryEscape(siret),
	}
	if len(found.Items) > 0 && found.Items[0].BuyerName != "" && page.Name == siret {
		page.Name = found.Items[0].BuyerName
	}
	if isNumber(siret) && found.Total > 0 && !s.Static {
		page.Audit = s.base() + "/audit/" + siret
	}
	if len(sets) > 0 {
		page.Catalog = s.files() + "/buyers/" + url.PathEscape(siret) + "/catalog"
	}
	if s.Static {
		page.ContractsURL = "" // there are lists by year, of all buyers
		if all, err := s.Views.Totals(); err == nil && all.Contracts == found.Total {
			page.ContractsURL = s.at("/marches")
		}
		if page.Catalog != "" {
			page.Catalog += ".ttl" // the page of the catalogue is this one
		}
	}
	if page.Lineage, err = s.lineageRows(siret, langOf(r)); err != nil {
		return err
	}
	about := enrich.Buyer(siret, "", s.Firms.Firm)
	page.Facts = firmFacts(about, langOf(r))
	if about.Where != nil {
		page.Where = areaRows(*about.Where, langOf(r))
	}
	if page.Name == siret && about.Name != nil {
		page.Name = about.Name.Value
	}
	page.LD = map[string]any{
		"@context": "https://schema.org/", "@type": "GovernmentOrganization", "@id": s.Self.URL + "/agents/" + siret, "name": page.Name,
		"identifier": siret, "url": s.Self.URL + "/acheteurs/" + url.PathEscape(siret),
	}
	for _, d := range sets {
		page.Datasets = append(page.Datasets, s.datasetRow(d, langOf(r)))
	}
	if s.Static { // each number would lead to a search
		return s.page(w, r, http.StatusOK, page)
	}
	if page.Numbers, err = s.numbersAbout(r, search.Query{Buyer: []string{siret}}, counter.ofBuyer); err != nil {
		return err
	}
	return s.page(w, r, http.StatusOK, page)
}
