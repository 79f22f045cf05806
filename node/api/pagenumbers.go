package api

import (
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/gorilla/mux"

	"maillon/catalog/cpv"
	"maillon/catalog/territory"
	"maillon/catalog/texts"
	"maillon/node/web"
	"maillon/node/web/chart"
	"maillon/store/search"
)

// mostCounts bounds the pages of one kind that are counted at once: each goes through
// all contracts several times.
const mostCounts = 32

// numberRoutes are the pages that show contracts in numbers.
func (s *Server) numberRoutes(r *mux.Router) {
	get := func(path string, h handler) { r.Handle(path, s.answer(atOnce(mostCounts, h))).Methods("GET", "HEAD") }
	get("/chiffres", s.numbersPage)
	get("/chiffres.svg", s.numbersPicture)
	get("/chiffres/carte-{level:departement|epci|commune}.svg", s.numbersMap)
	get("/profils", s.profilesPage)
	get("/profils/acheteur", s.buyerProfile)
	get("/profils/entreprise", s.firmProfile)
	get("/profils/elu", s.electedProfile)
	get("/profils/citoyen", s.citizenProfile)
	get("/territoires/{level:commune|epci|departement|region}/{code}", s.territoryPage)
}

func (s *Server) profilesPage(w http.ResponseWriter, r *http.Request) error {
	lang, page := langOf(r), web.ProfilesPage{}
	for _, who := range []string{"acheteur", "entreprise", "elu", "citoyen"} {
		page.Profiles = append(page.Profiles, web.Profile{Title: texts.T(lang, "numbers."+who+".title"), Lead: texts.T(lang, "numbers."+who+".lead"), URL: s.base() + "/profils/" + who})
	}
	return s.page(w, r, http.StatusOK, page)
}

// counterOf reads the filter of a page of numbers.
func (s *Server) counterOf(r *http.Request, also ...string) (counter, error) {
	if err := s.Ready(); err != nil {
		return counter{}, err
	}
	q, err := queryOf(r.URL.Query(), also...)
	if err != nil {
		return counter{}, err
	}
	return counter{s, r.Context(), counted(q), langOf(r)}, nil
}

// active are the filters of a page, each with the address without it.
func (c counter) active(path string) []web.ActiveFilter {
	q := c.q
	if slices.Equal(q.State, counted(search.Query{}).State) {
		q.State = nil
	}
	return lister{c.s, q, c.lang, c.s.base() + path}.active(nil)
}

func (s *Server) numbersPage(w http.ResponseWriter, r *http.Request) error {
	c, err := s.counterOf(r)
	if err != nil {
		return err
	}
	page := web.NumbersPage{Active: c.active("/chiffres"), Asked: true, Embed: c.embed("/chiffres")}
	if page.Numbers, err = c.numbers(blocksOfAny); err != nil {
		return err
	}
	if err := c.addLargest(&page.Numbers); err != nil {
		return err
	}
	return s.page(w, r, http.StatusOK, page)
}

// embed is the address of a page of this query for a frame.
func (c counter) embed(path string) string {
	v := c.params()
	v.Set("embed", "1")
	return c.s.Self.URL + path + "?" + v.Encode()
}

// numbersPicture draws the amounts of a table by one dimension, or how many contracts
// there are where it has none.
func (s *Server) numbersPicture(w http.ResponseWriter, r *http.Request) error {
	v := r.URL.Query()
	t, err := s.table(r.Context(), v)
	if err != nil {
		return err
	}
	if len(t.By) != 1 {
		return &BadParameter{"by", v.Get("by"), "one dimension"}
	}
	c := counter{s, r.Context(), search.Query{}, langOf(r)}
	spec := blockSpec{t.By[0], 20}
	at := slices.Index(t.Measures, "sum:amount")
	groups, timed := chosen(search.Table{By: t.By, Measures: t.Measures, Groups: pairs(t.Groups, at)}, spec)
	picture := chart.Chart{Title: texts.T(c.lang, "numbers.block."+string(spec.by)), Desc: s.Self.Name + " – " + s.Self.URL, Colour: s.Pages.Site().Theme.Colour}
	for _, g := range groups {
		p := chart.Point{Label: c.labelOf(spec.by, g.Keys[0]), Value: float64(g.N), Text: whole(c.lang, float64(g.N))}
		if at >= 0 {
			p.Value, p.Text = value(g, 1), amountOf(c.lang, "euros", g.Values[1])
		}
		if timed {
			p.Label = g.Keys[0].Code
		}
		picture.Points = append(picture.Points, p)
	}
	draw := chart.Bars
	if timed {
		draw = chart.Columns
	}
	h := w.Header()
	h.Set("Content-Type", "image/svg+xml")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Content-Disposition", `inline; filename="`+string(spec.by)+`.svg"`)
	h.Set("Cache-Control", "no-cache")
	_, _ = w.Write(draw(picture)) // a reader who has gone away is no fault of the node
	return nil
}

// pairs gives each group the value of a measure as its second; none if it has none.
func pairs(groups []search.Group, at int) []search.Group {
	out := slices.Clone(groups)
	for i := range out {
		n := float64(out[i].N)
		v := &n
		if at >= 0 {
			v = out[i].Values[at]
		}
		out[i].Values = []*float64{v, v}
	}
	return out
}

func (s *Server) firmProfile(w http.ResponseWriter, r *http.Request) error {
	c, err := s.counterOf(r)
	if err != nil {
		return err
	}
	page := c.profile("entreprise", "q", "cpv", "departement", "region")
	page.Active, page.Asked, page.Embed = c.active("/profils/entreprise"), true, c.embed("/profils/entreprise")
	if page.Numbers, err = c.numbers(blocksOfFirm); err != nil {
		return err
	}
	if err := c.addEnding(&page.Numbers, c.q, "ending", 12); err != nil {
		return err
	}
	return s.page(w, r, http.StatusOK, page)
}

func (s *Server) citizenProfile(w http.ResponseWriter, r *http.Request) error {
	c, err := s.counterOf(r)
	if err != nil {
		return err
	}
	page := c.profile("citoyen", "departement")
	page.Active, page.Asked, page.Embed = c.active("/profils/citoyen"), true, c.embed("/profils/citoyen")
	if page.Numbers, err = c.numbers(blocksOfCitizen); err != nil {
		return err
	}
	if page.Numbers.Sentences, err = c.sentences(); err != nil {
		return err
	}
	page.Numbers.Figures, page.Numbers.Facts = nil, nil
	if err := c.addLargest(&page.Numbers); err != nil {
		return err
	}
	return s.page(w, r, http.StatusOK, page)
}

// profile is the head of a page and its form.
func (c counter) profile(who string, fields ...string) web.NumbersPage {
	p := web.NumbersPage{Who: who, Lead: texts.T(c.lang, "numbers."+who+".lead"), Action: c.s.base() + "/profils/" + who}
	v := c.q.Values()
	for _, name := range fields {
		f := web.AskField{Name: name, Label: texts.T(c.lang, "numbers.ask."+name), Value: v.Get(name)}
		if key := "numbers.ask." + name + ".hint"; texts.Has(key) {
			f.Hint = texts.T(c.lang, key)
		}
		f.Options = c.options(name, f.Value)
		p.Fields = append(p.Fields, f)
	}
	return p
}

// options are the choices of a field that has few.
func (c counter) options(name, chosen string) (list []web.Option) {
	add := func(code, label string) {
		list = append(list, web.Option{Value: code, Label: label, Chosen: code == chosen})
	}
	switch name {
	case "departement":
		for code := range territory.DepartementCodes() {
			add(code, code+" – "+territory.DepartementName(code))
		}
	case "region":
		for code := range territory.RegionCodes() {
			add(code, territory.RegionName(code))
		}
	case "cpv":
		for n := range 100 {
			code := strconv.Itoa(n)
			if n < 10 {
				code = "0" + code
			}
			if label := cpv.French(code + "000000"); label != "" {
				add(code, dimensionLabel(c.lang, search.ByDivision, code, label))
			}
		}
	default:
		return nil
	}
	slices.SortStableFunc(list, func(a, b web.Option) int { return strings.Compare(a.Value, b.Value) })
	return list
}

// sentences say the numbers in plain words.
func (c counter) sentences() ([]string, error) {
	t, err := c.s.Index.Plausible(c.ctx, c.q, []search.Dimension{}, []search.Measure{"sum:amount", "median:amount", "rate:single_offer", "rate:environmental", "rate:social", "rate:late"})
	if err != nil || t.Total.N == 0 {
		return nil, err
	}
	percent := func(i int) string { return decimal(c.lang, math.Round(100*value(t.Total, i)), 0) }
	contracts := "web.contracts.many"
	if t.Total.N == 1 {
		contracts = "web.contracts.one"
	}
	say := []string{texts.T(c.lang, "numbers.say.total", texts.T(c.lang, contracts, countWords(c.lang, t.Total.N)), amountOf(c.lang, "euros", t.Total.Values[0]))}
	if t.Total.Values[1] != nil {
		say = append(say, texts.T(c.lang, "numbers.say.half", amountOf(c.lang, "euros", t.Total.Values[1])))
	}
	fields, err := c.s.Index.Plausible(c.ctx, c.q, []search.Dimension{search.ByDivision}, blockMeasures)
	if err != nil {
		return nil, err
	}
	if groups, _ := chosen(fields, blockSpec{search.ByDivision, 1}); len(groups) > 0 && value(t.Total, 0) > 0 && groups[0].Keys[0].Code != "" {
		_, label, _ := strings.Cut(c.labelOf(search.ByDivision, groups[0].Keys[0]), " – ")
		say = append(say, texts.T(c.lang, "numbers.say.field", label, decimal(c.lang, math.Round(100*value(groups[0], 1)/value(t.Total, 0)), 0)))
	}
	if t.Total.Values[2] != nil {
		say = append(say, texts.T(c.lang, "numbers.say.single", percent(2)))
	}
	if t.Total.Values[3] != nil && t.Total.Values[4] != nil {
		say = append(say, texts.T(c.lang, "numbers.say.green", percent(3), percent(4)))
	}
	if t.Total.Values[5] != nil {
		say = append(say, texts.T(c.lang, "numbers.say.late", percent(5)))
	}
	return say, nil
}
