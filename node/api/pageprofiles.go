package api

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"github.com/gorilla/mux"
	"golang.org/x/text/unicode/norm"

	"maillon/catalog/pivot"
	"maillon/catalog/territory"
	"maillon/catalog/texts"
	"maillon/node/web"
	"maillon/store/search"
)

// listed bounds the contracts of a list on a page of numbers.
const listed = 12

// mostLargest is how many of the largest contracts a page lists.
const mostLargest = 6

// addList adds some contracts that a query finds, with the reason to show them.
func (c counter) addList(n *web.Numbers, q search.Query, id, lead string) error {
	q.Limit = listed
	list, err := c.list(q, id, lead)
	n.Lists = append(n.Lists, list)
	return err
}

func (c counter) list(q search.Query, id, lead string) (web.ContractList, error) {
	found, err := c.s.Index.Search(c.ctx, q)
	if err != nil {
		return web.ContractList{}, err
	}
	list := web.ContractList{ID: "list-" + id, Title: texts.T(c.lang, "numbers.list."+id), Lead: lead, None: texts.T(c.lang, "numbers.list."+id+".none"), Total: found.Total}
	for _, row := range found.Items {
		item := c.s.contractRow(row.Row)
		item.End = row.End
		list.Items = append(list.Items, item)
	}
	if found.Total > len(list.Items) {
		list.More = counter{c.s, c.ctx, q, c.lang}.address("/marches", url.Values{"sort": {string(cmp.Or(q.Sort, search.Newest))}})
	}
	return list, nil
}

func (c counter) addEnding(n *web.Numbers, q search.Query, id string, months int) error {
	if q.Ends == (search.Days{}) {
		q.Ends = endsWithin(c.s.Now(), months)
	}
	q.Sort = search.Ending
	return c.addList(n, q, id, texts.T(c.lang, "numbers.list."+id+".lead"))
}

func (c counter) addLargest(n *web.Numbers) error {
	q := c.q
	q.Sort, q.Limit = search.Largest, mostLargest
	list, err := c.list(q, "largest", texts.T(c.lang, "numbers.list.largest.lead", amountOf(c.lang, "euros", new(float64(search.Implausible)))))
	n.After = append(n.After, list)
	return err
}

func (s *Server) buyerProfile(w http.ResponseWriter, r *http.Request) error {
	c, err := s.counterOf(r)
	if err != nil {
		return err
	}
	page := c.profile("acheteur", "buyer")
	if len(c.q.Buyer) == 1 {
		siret := c.q.Buyer[0]
		if page.Numbers, err = c.ofBuyer(); err != nil {
			return err
		}
		page.Asked = page.Numbers.Total > 0
		if page.Asked {
			page.Name = c.buyerName(siret)
			page.Links = []web.FileRow{{Label: texts.T(c.lang, "numbers.page.buyer"), URL: s.base() + "/acheteurs/" + url.PathEscape(siret)}}
			if isNumber(siret) {
				page.Links = append(page.Links, web.FileRow{Label: texts.T(c.lang, "numbers.page.audit"), URL: s.base() + "/audit/" + siret})
			}
		} else {
			page.Unavailable = texts.T(c.lang, "numbers.nobuyer")
		}
	}
	return s.page(w, r, http.StatusOK, page)
}

func (c counter) buyerName(siret string) string {
	found, err := c.s.Index.Search(c.ctx, search.Query{Buyer: []string{siret}, Limit: 1})
	if err == nil && len(found.Items) > 0 && found.Items[0].BuyerName != "" {
		return found.Items[0].BuyerName
	}
	return c.s.Catalog.BuyerName(siret)
}

// ofBuyer are a buyer's numbers, what it has to mend, what ends, and who has the
// same needs.
func (c counter) ofBuyer() (web.Numbers, error) {
	n, err := c.numbers(blocksOfBuyer)
	if err != nil || n.Total == 0 {
		return n, err
	}
	mend := c.q
	mend.State = []string{string(pivot.ToCorrect)}
	if err := c.addList(&n, mend, "mend", texts.T(c.lang, "numbers.list.mend.lead")); err != nil {
		return n, err
	}
	if err := c.addEnding(&n, c.q, "ending", 12); err != nil {
		return n, err
	}
	if n.Targets, err = c.targetsOf(c.q.Buyer[0]); err != nil {
		return n, err
	}
	if n.Finances, err = c.financesOf(c.q.Buyer[0]); err != nil {
		return n, err
	}
	return n, c.addSame(&n, c.q.Buyer[0])
}

// needs is how many fields of a buyer count as its main ones.
const needs = 4

// addSame lists contracts of other buyers of the same département, in the fields in
// which this one buys most often, that end soon.
func (c counter) addSame(n *web.Numbers, siret string) error {
	t, err := c.s.Index.Group(c.ctx, c.q, []search.Dimension{search.ByCPV}, []search.Measure{search.CountOf})
	if err != nil {
		return err
	}
	q := counted(search.Query{})
	var labels []string
	for _, g := range t.Groups {
		if code := g.Keys[0].Code; len(code) >= 4 && len(q.CPV) < needs && !slices.Contains(q.CPV, code[:4]) {
			q.CPV = append(q.CPV, code[:4])
			labels = append(labels, dimensionLabel(c.lang, search.ByCPV, code[:4]+"0000", g.Keys[0].Label))
		}
	}
	at, err := c.s.Index.Group(c.ctx, c.q, []search.Dimension{search.ByDepartement}, []search.Measure{search.CountOf})
	if err != nil || len(q.CPV) == 0 {
		return err
	}
	where := ""
	for _, g := range at.Groups {
		if code := g.Keys[0].Code; code != "" && where == "" {
			where = code
			q.Where = []search.Zone{{Level: "departement", Code: code}}
		}
	}
	q.Ends, q.Sort, q.Limit = endsWithin(c.s.Now(), 18), search.Ending, listed*4
	found, err := c.s.Index.Search(c.ctx, q)
	if err != nil {
		return err
	}
	list := web.ContractList{ID: "list-same", Title: texts.T(c.lang, "numbers.list.same"), None: texts.T(c.lang, "numbers.list.same.none"),
		Lead: texts.T(c.lang, "numbers.list.same.lead", cmp.Or(territory.DepartementName(where), texts.T(c.lang, "numbers.everything")), strings.Join(labels, ", "))}
	for _, row := range found.Items {
		if row.Buyer != siret && len(list.Items) < listed {
			item := c.s.contractRow(row.Row)
			item.End = row.End
			list.Items = append(list.Items, item)
		}
	}
	list.Total = len(list.Items)
	list.More = counter{c.s, c.ctx, q, c.lang}.address("/marches", url.Values{"sort": {string(search.Ending)}})
	n.Lists = append(n.Lists, list)
	return nil
}

// electedProfile finds a territory by its name or code and leads to its page.
func (s *Server) electedProfile(w http.ResponseWriter, r *http.Request) error {
	c, err := s.counterOf(r, "name")
	if err != nil {
		return err
	}
	name := strings.TrimSpace(r.URL.Query().Get("name"))
	page := c.profile("elu", "name")
	page.Fields[0].Value = name
	if name != "" && len(name) <= 200 {
		switch found := territoriesNamed(name); {
		case len(found) == 1:
			http.Redirect(w, r, s.zoneURL(found[0])+"?lang="+string(c.lang), http.StatusSeeOther)
			return nil
		case len(found) == 0:
			page.Unavailable = texts.T(c.lang, "numbers.unknown")
		default:
			page.Unavailable = texts.T(c.lang, "numbers.found")
			for _, z := range found {
				page.Links = append(page.Links, web.FileRow{Label: territory.Name(z) + " (" + wordOf(c.lang, "level", string(z.Level())) + ", " + z.Code() + ")", URL: s.zoneURL(z)})
			}
		}
	}
	if s.Self.Geozone != "" && name == "" {
		if z, err := territory.ParseGeozone(s.Self.Geozone); err == nil && z.Code() != "" {
			page.Links = append(page.Links, web.FileRow{Label: territory.Name(z), URL: s.zoneURL(z)})
		}
	}
	return s.page(w, r, http.StatusOK, page)
}

func (s *Server) zoneURL(z territory.Geozone) string {
	return s.base() + "/territoires/" + string(z.Level()) + "/" + url.PathEscape(z.Code())
}

// mostNamed bounds the territories that a name finds.
const mostNamed = 30

// territoriesNamed finds territories by code or by name, whatever its accents.
func territoriesNamed(name string) (found []territory.Geozone) {
	wanted := plainName(name)
	add := func(z territory.Geozone) {
		if (z.Code() == name || plainName(territory.Name(z)) == wanted) && len(found) < mostNamed {
			found = append(found, z)
		}
	}
	coded := func(level territory.Level, code string) {
		if z, err := zone(level, code); err == nil {
			add(z)
		}
	}
	for code := range territory.RegionCodes() {
		coded(territory.Region, code)
	}
	for code := range territory.DepartementCodes() {
		coded(territory.Departement, code)
	}
	for z := range territory.EPCIs() {
		add(z)
	}
	for m := range territory.Communes() {
		if m.Code == name || plainName(m.Name) == wanted {
			coded(territory.Commune, m.Code)
		}
	}
	return found
}

// plainName is a name in lower case without accents and marks.
func plainName(s string) string {
	var b strings.Builder
	for _, r := range norm.NFD.String(strings.ToLower(s)) {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func (s *Server) territoryPage(w http.ResponseWriter, r *http.Request) error {
	c, err := s.counterOf(r)
	if err != nil {
		return err
	}
	v := mux.Vars(r)
	z, err := territory.ParseGeozone("fr:" + v["level"] + ":" + v["code"])
	if err != nil {
		return notFound("territory", v["code"])
	}
	c.q.Where = append(c.q.Where, search.Zone{Level: v["level"], Code: v["code"]})
	path := "/territoires/" + v["level"] + "/" + v["code"]
	page := web.NumbersPage{Who: "territoire", Name: territory.Name(z), Lead: wordOf(c.lang, "level", v["level"]), Asked: true, Embed: s.Self.URL + path + "?embed=1"}
	if page.Numbers, err = c.numbers(blocksOfAny); err != nil {
		return err
	}
	targets, err := c.targetsIn(z)
	if err != nil {
		return err
	}
	finances, err := c.financesIn(z)
	if err != nil {
		return err
	}
	if page.Numbers.Total == 0 {
		// Contracts of the territory's own body may be executed elsewhere.
		page.Asked, page.Unavailable = len(targets)+len(finances) > 0, texts.T(c.lang, "numbers.none")
		page.Numbers = web.Numbers{Targets: targets, Finances: finances}
		return s.page(w, r, http.StatusOK, page)
	}
	page.Numbers.Targets, page.Numbers.Finances = targets, finances
	if page.Numbers.Compared, err = c.compare(z); err != nil {
		return err
	}
	if err := c.addEnding(&page.Numbers, c.q, "ending", 12); err != nil {
		return err
	}
	return s.page(w, r, http.StatusOK, page)
}

// ofSupplier are a supplier's numbers and what ends of its contracts.
func (c counter) ofSupplier() (web.Numbers, error) {
	n, err := c.numbers([]blockSpec{{search.ByYear, 30}, {search.ByBuyer, 12}, {search.ByDivision, 10}, {search.ByDepartement, 15}})
	if err != nil || n.Total == 0 {
		return n, err
	}
	if n.Finances, err = c.financesOf(c.q.Supplier...); err != nil {
		return n, err
	}
	return n, c.addEnding(&n, c.q, "ending", 12)
}

// numbersAbout are the numbers of a page that is about someone; nil while the index is
// being made, and for nothing.
func (s *Server) numbersAbout(r *http.Request, q search.Query, of func(counter) (web.Numbers, error)) (*web.Numbers, error) {
	n, err := of(counter{s, r.Context(), counted(q), langOf(r)})
	if errors.Is(err, search.ErrLoading) || err == nil && n.Total == 0 {
		return nil, nil
	}
	return &n, err
}
