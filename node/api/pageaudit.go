package api

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gorilla/mux"

	"maillon/catalog/audit"
	"maillon/catalog/territory"
	"maillon/catalog/texts"
	"maillon/node/web"
)

// Bounds of the page; the API has the rest.
const (
	mostPageRules  = 12
	mostPageMonths = 24
	mostPageUnions = 120
)

// auditPage shows a hub its territory, and any other node its own letter.
func (s *Server) auditPage(w http.ResponseWriter, r *http.Request) error {
	if !s.Self.IsHub {
		return s.showLetter(w, r, bodyOf(s.Self.ID))
	}
	v := withoutEmpty(r.URL.Query())
	f, err := auditFilterOf(v)
	if err != nil {
		return err
	}
	report, err := s.audited(r)
	if err != nil {
		return err
	}
	lang := langOf(r)
	page := s.auditOverview(report, lang)
	if page.Maps, err = s.auditMaps(report, lang); err != nil {
		return err
	}
	page.Filter = web.AuditFilter{
		Level: string(f.level), Territory: f.territory.String(), State: string(f.state), Obstacle: string(f.obstacle),
		AllLevels: strings.Split(words(territory.Levels()), ", "), AllStates: strings.Split(words(audit.States()), ", "), AllObstacles: strings.Split(words(audit.Obstacles()), ", "),
	}
	actors, total, next := f.choose(report.Actors)
	page.Found = total
	for _, a := range actors {
		page.Actors = append(page.Actors, s.auditActor(report, a))
	}
	at := func(after string) string {
		v := cloneValues(v)
		v.Del("after")
		if after != "" {
			v.Set("after", after)
		}
		return s.base() + "/audit?" + v.Encode() + "#actors"
	}
	if next != "" {
		page.Next = at(next)
	}
	if f.after != "" {
		page.First = at("")
	}
	v.Del("after")
	page.JSON, page.CSV = s.base()+"/api/v1/audit?"+v.Encode(), s.base()+"/api/v1/audit.csv?"+v.Encode()
	return s.page(w, r, http.StatusOK, page)
}

// withoutEmpty leaves out what a form sends of fields that nobody filled in.
func withoutEmpty(v url.Values) url.Values {
	for name, values := range v {
		if len(values) == 0 || values[0] == "" {
			v.Del(name)
		}
	}
	return v
}

func cloneValues(v url.Values) url.Values {
	out := url.Values{}
	for name, values := range v {
		out[name] = slices.Clone(values)
	}
	return out
}

// auditOverview is the page without the list of actors.
func (s *Server) auditOverview(report *audit.Report, lang texts.Lang) web.AuditPage {
	m := &report.Measure
	page := web.AuditPage{
		Territory: cmp.Or(territory.Name(report.Territory), s.Self.Name), At: report.At, Total: auditTotal(report.All, ""), Outside: len(report.Outside),
		Conforming: m.Conforming, Delay: auditDelay(m.Delay()), Fields: s.auditFields(m, lang), Rules: auditRules(m.Errors, lang), Trend: auditTrend(m.Months, lang),
	}
	list := func(totals []audit.Total, name, prefix string) (out []web.AuditTotal) {
		for _, t := range totals {
			out = append(out, auditTotal(t, s.base()+"/audit?"+name+"="+url.QueryEscape(prefix+t.Key)+"#actors"))
		}
		return out
	}
	page.Levels = list(report.Levels, "level", "")
	for i, t := range page.Levels {
		page.Levels[i].Name = texts.T(lang, "level."+t.Key)
	}
	page.Counties = list(report.Departements, "territory", "fr:departement:")
	page.Map = web.NewTileMap(page.Counties)
	if len(report.EPCIs) <= mostPageUnions {
		page.Unions = list(report.EPCIs, "territory", "fr:epci:")
	}
	for _, c := range report.Obstacles {
		page.Obstacles = append(page.Obstacles, web.AuditCount{Key: c.Key, Label: texts.T(lang, "audit.obstacle."+c.Key), N: c.N})
	}
	return page
}

func auditTotal(t audit.Total, address string) web.AuditTotal {
	return web.AuditTotal{
		Key: t.Key, Name: t.Name, URL: address, Bodies: t.Bodies, Own: t.States[audit.Own], Other: t.States[audit.Other], Harvested: t.States[audit.Harvested],
		Idle: t.States[audit.Idle], Unknown: t.States[audit.Unknown], DCAT: t.DCAT, Silent: t.Silent, Stuck: t.Obstacles,
		Unanswered: t.Unanswered, UnansweredDays: t.UnansweredDays, Contracts: t.Contracts, ToCorrect: t.ToCorrect, Late: t.Late, Percent: audit.Percent(t.Publishing(), t.Bodies),
	}
}

func auditDelay(d audit.Delay) web.AuditDelay {
	return web.AuditDelay{
		N: d.N, Median: d.Median, P90: d.P90, Late: d.Late, Percent: audit.Percent(d.Late, d.N), Early: d.Early, Missing: d.Missing,
		Concessions: d.Concessions, ConcessionsLate: d.ConcessionsLate,
	}
}

func (s *Server) auditFields(m *audit.Measure, lang texts.Lang) (out []web.AuditField) {
	for _, f := range m.Fields() {
		row := web.AuditField{
			Legal: f.Field, Kind: string(f.Kind), Required: f.Required, Asked: f.Asked, Given: f.Given, Percent: audit.Percent(f.Given, f.Asked),
			URL: s.base() + "/dictionnaire#" + string(f.Kind) + "." + f.Field,
		}
		if key := "field." + f.Field; texts.Has(key) {
			row.Name = texts.T(lang, key)
		}
		out = append(out, row)
	}
	return out
}

func auditRules(t audit.Tally, lang texts.Lang) (out []web.AuditRule) {
	for _, c := range t.Most(mostPageRules) {
		row := web.AuditRule{Rule: c.Key, N: c.N}
		if key := "rule." + c.Key; texts.Has(key + ".text") {
			row.Text, row.Hint = texts.T(lang, key+".text", "…", "…"), texts.T(lang, key+".hint", "…", "…")
		}
		out = append(out, row)
	}
	return out
}

// auditTrend is the newest months, in words.
func auditTrend(months audit.Tally, lang texts.Lang) (out []web.AuditCount) {
	for _, c := range months[max(0, len(months)-mostPageMonths):] {
		row := web.AuditCount{Key: c.Key, N: c.N}
		if at, err := time.Parse("2006-01", c.Key); err == nil {
			row.Label = texts.T(lang, "web.month."+at.Format("1")) + "\u00a0" + at.Format("2006")
		}
		out = append(out, row)
	}
	return out
}

func (s *Server) auditActor(report *audit.Report, a *audit.Actor) web.AuditActor {
	d := a.Measure.Delay()
	row := web.AuditActor{
		Name: a.Name, ID: a.Number(), Level: string(a.Level), Territory: a.Geozone.String(), State: string(a.State), DCAT: string(a.DCAT),
		Silent: a.Silent, Last: a.Last, Contracts: a.Contracts, Faulty: a.ToCorrect, Median: d.Median, Dated: d.N, Late: a.Late,
		Unanswered: a.Unanswered, UnansweredDays: a.UnansweredDays,
	}
	for _, o := range a.Obstacles {
		row.Obstacles = append(row.Obstacles, string(o))
	}
	if len(a.By) > 0 {
		row.Publisher = report.NodeName(a.By[0])
	}
	if isNumber(row.ID) {
		row.URL = s.base() + "/audit/" + row.ID
	}
	return row
}

// isNumber reports whether s is digits alone, as the address of a letter is.
func isNumber(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

func (s *Server) letterPage(w http.ResponseWriter, r *http.Request) error {
	return s.showLetter(w, r, mux.Vars(r)["siret"])
}

func (s *Server) showLetter(w http.ResponseWriter, r *http.Request, siret string) error {
	lang := langOf(r)
	report, a, letter, err := s.letterTo(r, siret, lang)
	if err != nil {
		return err
	}
	m := a.Measure
	page := web.LetterPage{
		ID: a.ID, SIRET: a.SIRET, Name: a.Name, Level: string(a.Level), Territory: a.Geozone.String(), State: string(a.State), DCAT: string(a.DCAT), At: report.At,
		Contracts: a.Contracts, Conforming: m.Conforming, Faulty: a.ToCorrect, Delay: auditDelay(m.Delay()), Fields: s.auditFields(m, lang),
		Rules: auditRules(m.Doubts, lang), Trend: auditTrend(m.Months, lang),
		JSON: s.base() + "/api/v1/audit/" + siret, Feed: s.base() + "/feeds/audit/" + siret + ".atom",
	}
	if s.Self.IsHub {
		page.Audit = s.base() + "/audit"
	}
	if a.SIRET != "" && a.Contracts > 0 {
		page.ContractsURL = s.base() + "/marches?buyer=" + url.QueryEscape(a.SIRET)
		page.FaultyURL = page.ContractsURL + "&state=a-corriger"
	}
	for _, c := range m.Years {
		page.Years = append(page.Years, web.AuditCount{Key: cmp.Or(c.Key, texts.T(lang, "web.letter.unknown")), N: c.N})
	}
	for _, line := range letter.Well {
		page.Well = append(page.Well, s.letterLine(line, lang))
	}
	for i, line := range letter.Mend {
		if i < audit.First {
			page.First = append(page.First, s.letterLine(line, lang))
		} else {
			page.More = append(page.More, s.letterLine(line, lang))
		}
	}
	for _, n := range a.Nodes {
		page.Nodes = append(page.Nodes, web.NodeRow{
			ID: n.ID, Name: n.Name, Level: n.Level, Territory: n.Geozone, State: n.State, URL: n.URL, Catalog: n.Catalog, Contact: n.Contact,
			Reason: n.Reason, Error: n.Error, Announced: n.Content, Mirrored: n.Content, Seen: n.Seen,
		})
	}
	return s.page(w, r, http.StatusOK, page)
}

// helps name the pages that a letter points to.
var helps = map[string]string{
	"/regles": "rule", "/dictionnaire": "field", "/saisie": "entry", "/register": "register", "/sources": "sources", "/catalogue": "catalogue",
}

func (s *Server) letterLine(l audit.Line, lang texts.Lang) web.LetterLine {
	out := web.LetterLine{Text: l.Text, Hint: l.Hint, Command: l.Command}
	if l.Path != "" {
		page, _, _ := strings.Cut(l.Path, "#")
		out.URL, out.Link = s.base()+l.Path, texts.T(lang, "web.letter.help."+helps[page])
	}
	return out
}
