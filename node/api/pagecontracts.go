package api

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"maillon/catalog/cpv"
	"maillon/catalog/texts"
	"maillon/node/web"
	"maillon/store/search"
)

// contractsPage is the search for people: the same query as the API's, with its
// facets, each value of which leads to the narrower search.
func (s *Server) contractsPage(w http.ResponseWriter, r *http.Request) error {
	if err := s.Ready(); err != nil {
		return err
	}
	q, err := queryOf(r.URL.Query())
	if err != nil {
		return err
	}
	lang := langOf(r)
	q.Facets, q.Limit = search.Facets(), search.DefaultLimit
	found, err := s.Index.Search(r.Context(), q)
	if err != nil {
		return err
	}
	list := lister{s, q, lang, s.base() + "/marches"}
	page := web.ContractsPage{
		Total: found.Total, Filter: list.form(), Active: list.active(found.Facets), Facets: list.facets(found.Facets), Exports: list.exports(),
		Numbers: s.base() + "/chiffres?" + q.Filter().Values().Encode(), Reset: s.base() + "/marches",
	}
	page.Follow, page.Feed = s.base()+"/alertes", s.base()+"/feeds/marches.atom"
	if v := filtersOf(q).Encode(); v != "" {
		page.Follow, page.Feed = page.Follow+"?"+v, page.Feed+"?"+v
	}
	for _, row := range found.Items {
		item := s.contractRow(row.Row)
		item.End = row.End
		page.Items = append(page.Items, item)
	}
	if found.Next != "" {
		next := list.page()
		next.After = found.Next
		page.Next = list.url(next)
	}
	if q.After != "" {
		page.First = list.url(list.page())
	}
	return s.page(w, r, http.StatusOK, page)
}

// A lister writes the addresses around one search.
type lister struct {
	s    *Server
	q    search.Query
	lang texts.Lang
	path string
}

// page is the query of its first page, as addresses have it.
func (l lister) page() search.Query {
	q := l.q.Filter()
	q.Sort, q.Limit = l.q.Sort, search.DefaultLimit
	return q
}

func (l lister) url(q search.Query) string {
	if v := q.Values().Encode(); v != "" {
		return l.path + "?" + v
	}
	return l.path
}

// form is what the form is filled with.
func (l lister) form() web.ContractFilter {
	q := l.q
	f := web.ContractFilter{
		Text: q.Text, Buyer: first(q.Buyer), Supplier: first(q.Supplier), CPV: first(q.CPV), State: first(q.State), Kind: first(q.Kind),
		From: q.Notified.From, To: q.Notified.To, EndsFrom: q.Ends.From, EndsTo: q.Ends.To, Least: bound(q.Amount.Min), Most: bound(q.Amount.Max), Sort: string(q.Sort), Size: first(q.Size), NoRegister: len(l.s.Firms.Sources()) == 0,
	}
	for _, z := range q.Where {
		switch {
		case z.Level == "departement" && z.Side == search.Either:
			f.Departement = z.Code
		case z.Level == "departement" && z.Side == search.SupplierSide:
			f.SupplierDepartement = z.Code
		}
	}
	shown := search.Query{
		Text: q.Text, Buyer: q.Buyer[:min(1, len(q.Buyer))], Supplier: q.Supplier[:min(1, len(q.Supplier))], CPV: q.CPV[:min(1, len(q.CPV))],
		State: q.State[:min(1, len(q.State))], Kind: q.Kind[:min(1, len(q.Kind))], Notified: q.Notified, Ends: q.Ends, Amount: q.Amount, Sort: q.Sort, Limit: search.DefaultLimit,
		Size: q.Size[:min(1, len(q.Size))],
	}
	own := shown.Values()
	for name, values := range l.page().Values() { // what the form has no field for goes with it
		for i, value := range values {
			if own.Has(name) && i == 0 || name == "departement" && value == f.Departement || name == "supplier_departement" && value == f.SupplierDepartement {
				continue
			}
			f.Hidden = append(f.Hidden, web.HiddenField{Name: name, Value: value})
		}
	}
	slices.SortFunc(f.Hidden, func(a, b web.HiddenField) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Value, b.Value))
	})
	for _, sort := range search.Sorts() {
		f.Sorts = append(f.Sorts, web.Option{Value: string(sort), Label: texts.T(l.lang, "web.contracts.sort."+string(sort)), Chosen: sort == q.Sort})
	}
	return f
}

func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}

func bound(f *float64) string {
	if f == nil {
		return ""
	}
	return strconv.FormatFloat(*f, 'f', -1, 64)
}

// facetParam is the parameter that a value of a facet sets.
var facetParam = map[search.Dimension]string{
	search.ByKind: "kind", search.ByState: "state", search.ByProcedure: "procedure", search.ByNature: "nature", search.ByTechnique: "technique",
	search.ByDivision: "cpv", search.ByLevel: "level", search.ByRegion: "region", search.ByDepartement: "departement", search.ByEPCI: "epci", search.ByCommune: "commune", search.ByBuyer: "buyer",
	search.BySupplier: "supplier", search.ByNode: "node", search.ByYear: "from", search.BySize: "supplier_size", search.ByLocal: "supplier_local",
	search.ByFirmCommune: "supplier_commune", search.ByFirmEPCI: "supplier_epci", search.ByFirmDep: "supplier_departement", search.ByFirmRegion: "supplier_region",
}

// facetsShown bounds the values that a page shows of a facet.
const facetsShown = 12

// facets are the values that narrow the search; one that is chosen widens it again.
func (l lister) facets(all map[search.Dimension][]search.Count) []web.FacetGroup {
	var groups []web.FacetGroup
	for _, d := range search.Facets() {
		name, ok := facetParam[d]
		if !ok {
			continue
		}
		g := web.FacetGroup{Label: texts.T(l.lang, "web.facet.contracts."+string(d))}
		for _, c := range all[d] {
			if c.Code == "" || len(g.Values) == facetsShown {
				continue
			}
			v := l.page().Values()
			chosen := toggle(v, d, name, c.Code)
			g.Values = append(g.Values, web.FacetValue{Label: l.label(d, c), Count: c.Count, Chosen: chosen, URL: l.path + "?" + v.Encode()})
		}
		if len(g.Values) > 1 || len(g.Values) == 1 && g.Values[0].Chosen {
			groups = append(groups, g)
		}
	}
	return groups
}

// toggle sets the value of a facet in an address, or takes it away.
func toggle(v url.Values, d search.Dimension, name, code string) (chosen bool) {
	if d == search.ByYear {
		if chosen = v.Get("from") == code+"-01-01" && v.Get("to") == code+"-12-31"; chosen {
			v.Del("from")
			v.Del("to")
			return true
		}
		v.Set("from", code+"-01-01")
		v.Set("to", code+"-12-31")
		return false
	}
	if i := slices.Index(v[name], code); i >= 0 {
		if v[name] = slices.Delete(slices.Clone(v[name]), i, i+1); len(v[name]) == 0 {
			v.Del(name)
		}
		return true
	}
	v.Add(name, code)
	return false
}

// label names a value for people.
func (l lister) label(d search.Dimension, c search.Count) string {
	return dimensionLabel(l.lang, d, c.Code, c.Label)
}

func dimensionLabel(lang texts.Lang, d search.Dimension, code, label string) string {
	switch d {
	case search.ByKind:
		return wordOf(lang, "kind", code)
	case search.ByState:
		return wordOf(lang, "state", code)
	case search.ByLevel:
		return wordOf(lang, "level", code)
	case search.BySize:
		return wordOf(lang, "size", code)
	case search.ByLocal:
		return wordOf(lang, "local", code)
	case search.BySocial, search.ByEnvironment, search.ByModified:
		return wordOf(lang, "web.answer", code)
	case search.ByDivision, search.ByCPV:
		if lang == texts.English {
			label = cmp.Or(cpv.Name(code+strings.Repeat("0", max(0, 8-len(code)))), label)
		}
		if label != "" {
			return code + " – " + label
		}
	case search.ByDepartement, search.ByBuyerDep, search.ByFirmDep:
		if label != "" {
			return label + " (" + code + ")"
		}
	}
	return cmp.Or(label, code)
}

func wordOf(lang texts.Lang, family, code string) string {
	if key := family + "." + code; texts.Has(key) {
		return texts.T(lang, key)
	}
	return code
}

// active are the filters in force, each with the address without it.
func (l lister) active(all map[search.Dimension][]search.Count) []web.ActiveFilter {
	v := l.page().Values()
	v.Del("sort")
	labels := map[string]string{}
	for d, name := range facetParam {
		for _, c := range all[d] {
			labels[name+"\x00"+c.Code] = l.label(d, c)
		}
	}
	var list []web.ActiveFilter
	for _, name := range slices.Sorted(keysOf(v)) {
		for i, value := range v[name] {
			without := l.page().Values()
			without[name] = slices.Delete(slices.Clone(without[name]), i, i+1)
			label := cmp.Or(labels[name+"\x00"+value], value)
			list = append(list, web.ActiveFilter{Label: paramName(l.lang, name), Value: label, URL: l.path + "?" + without.Encode()})
		}
	}
	return list
}

func keysOf(v url.Values) func(func(string) bool) {
	return func(yield func(string) bool) {
		for name := range v {
			if !yield(name) {
				return
			}
		}
	}
}

func paramName(lang texts.Lang, name string) string { return wordOf(lang, "web.param", name) }

// exports are the files of what the search finds.
func (l lister) exports() []web.FileRow {
	v := l.page().Values()
	v.Set("lang", string(l.lang))
	var list []web.FileRow
	for _, e := range exporters {
		list = append(list, web.FileRow{
			Label: texts.T(l.lang, "web.export."+e.name), Format: strings.ToUpper(e.name), URL: l.s.base() + "/api/v1/contracts." + e.name + "?" + v.Encode(),
		})
	}
	return list
}
