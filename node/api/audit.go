package api

import (
	"encoding/csv"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/mux"

	"maillon/catalog/audit"
	"maillon/catalog/territory"
	"maillon/catalog/texts"
	"maillon/federation"
	"maillon/store/view"
)

func (s *Server) auditRoutes(r, v1 *mux.Router) {
	v1.Handle("/audit", s.answer(s.getAudit)).Methods("GET", "HEAD")
	v1.Handle("/audit.csv", s.answer(s.auditCSV)).Methods("GET", "HEAD")
	v1.Handle("/audit/{siret:[0-9]+}", s.answer(s.getLetter)).Methods("GET", "HEAD")
	r.Handle("/audit", s.answer(s.auditPage)).Methods("GET", "HEAD")
	r.Handle("/audit/{siret:[0-9]+}", s.answer(s.letterPage)).Methods("GET", "HEAD")
	r.Handle("/audit/carte-{level:departement|epci|commune}.svg", s.answer(s.auditMap)).Methods("GET", "HEAD")
	r.Handle("/feeds/audit/{siret:[0-9]+}.atom", s.answer(s.letterFeed)).Methods("GET", "HEAD")
}

// audited is the audit of this node's territory as of now.
func (s *Server) audited(r *http.Request) (*audit.Report, error) {
	if err := s.Ready(); err != nil {
		return nil, err
	}
	in := audit.Input{Self: s.Self.ID, Now: s.Now()}
	var err error
	if s.Self.Geozone != "" {
		if in.Territory, err = territory.ParseGeozone(s.Self.Geozone); err != nil {
			return nil, err
		}
	}
	if in.Nodes, err = s.auditNodes(); err != nil {
		return nil, err
	}
	if s.Reports != nil {
		open, err := s.Reports.Book.Unanswered()
		if err != nil {
			return nil, err
		}
		for _, o := range open {
			in.Reports = append(in.Reports, audit.Unanswered{Buyer: o.Buyer, N: o.N, Oldest: o.Oldest})
		}
	}
	failing := map[string]string{}
	if s.Sources != nil {
		sources, err := s.Sources()
		if err != nil {
			return nil, err
		}
		for _, source := range sources {
			if source.Error != "" {
				failing[source.URL] = source.Error
			}
		}
	}
	return s.Audits.Report(r.Context(), in, failing)
}

// auditNodes are the nodes of the federation as an audit takes them; the hub
// above is audited by itself.
func (s *Server) auditNodes() ([]audit.Node, error) {
	nodes, err := s.Fed.Nodes()
	if err != nil {
		return nil, err
	}
	members, err := s.Views.Members()
	if err != nil {
		return nil, err
	}
	expires := s.expires.of(members)
	var out []audit.Node
	for _, n := range nodes {
		if n.State == "hub" {
			continue
		}
		out = append(out, audit.Node{
			ID: n.ID, Name: n.Name, Level: n.Level, Geozone: n.Geozone, State: n.State, Hub: n.Hub, URL: n.URL, Catalog: n.Catalog,
			Contact: n.Contact, Seen: n.Seen, Error: n.Error, Reason: n.Reason, Expires: expires[n.ID], Content: n.Mirrored,
		})
	}
	return out, nil
}

// expiries remembers when charters expire: to open one costs a signature's check.
type expiries struct {
	mu    sync.Mutex
	notes map[string]time.Time // of the members' charters, and no others
}

// of tells by node when its charter expires, as members tell; the latest counts.
func (e *expiries) of(members []view.MemberRow) map[string]time.Time {
	e.mu.Lock()
	defer e.mu.Unlock()
	notes, byNode := map[string]time.Time{}, map[string]time.Time{}
	for _, m := range members {
		note := m.Member.Charter
		if note == "" {
			continue
		}
		at, known := e.notes[note]
		if !known {
			if c, err := federation.OpenCharter([]byte(note)); err == nil {
				at = c.Expires
			}
		}
		notes[note] = at
		if at.After(byNode[m.Member.Node]) {
			byNode[m.Member.Node] = at
		}
	}
	e.notes = notes
	return byNode
}

// An auditFilter chooses among the actors of an audit.
type auditFilter struct {
	level     territory.Level
	territory territory.Geozone
	state     audit.State
	obstacle  audit.Obstacle
	after     string // id of the last actor of the page before
	limit     int
}

var auditParameters = []string{"level", "territory", "state", "obstacle", "after", "limit", "lang"}

// auditFilterOf reads the filters from an address; an empty one filters nothing.
func auditFilterOf(v url.Values) (f auditFilter, err error) {
	f.limit = defaultPage
	for name := range v {
		value := v.Get(name)
		if !slices.Contains(auditParameters, name) {
			return f, &BadParameter{name, value, strings.Join(auditParameters, ", ")}
		}
		if value == "" {
			continue
		}
		bad := func(want string) error { return &BadParameter{name, value, want} }
		switch name {
		case "level":
			if f.level, err = territory.ParseLevel(value); err != nil {
				return f, bad(words(territory.Levels()))
			}
		case "territory":
			if f.territory, err = territory.ParseGeozone(value); err != nil {
				return f, bad("fr:departement:35, fr:epci:SIREN, fr:region:53…")
			}
		case "state":
			if f.state = audit.State(value); !slices.Contains(audit.States(), f.state) {
				return f, bad(words(audit.States()))
			}
		case "obstacle":
			if f.obstacle = audit.Obstacle(value); !slices.Contains(audit.Obstacles(), f.obstacle) {
				return f, bad(words(audit.Obstacles()))
			}
		case "after":
			f.after = value
		case "limit":
			if f.limit, err = strconv.Atoi(value); err != nil || f.limit < 1 || f.limit > maxPage {
				return f, bad("1 to " + strconv.Itoa(maxPage))
			}
		}
	}
	return f, nil
}

func words[T ~string](list []T) string {
	out := make([]string, len(list))
	for i, w := range list {
		out[i] = string(w)
	}
	return strings.Join(out, ", ")
}

func (f auditFilter) takes(a *audit.Actor) bool {
	switch {
	case f.level != "" && a.Level != f.level,
		f.state != "" && a.State != f.state,
		f.obstacle != "" && !slices.Contains(a.Obstacles, f.obstacle),
		!f.territory.IsZero() && !territory.Contains(f.territory, a.Geozone):
		return false
	}
	return true
}

// choose lists the actors that the filter takes, one page of them; next is the
// cursor of the page after it. A cursor whose actor is gone begins again.
func (f auditFilter) choose(all []*audit.Actor) (page []*audit.Actor, total int, next string) {
	var taken []*audit.Actor
	from := 0
	for _, a := range all {
		if !f.takes(a) {
			continue
		}
		taken = append(taken, a)
		if a.ID == f.after {
			from = len(taken)
		}
	}
	page = taken[from:]
	if len(page) > f.limit {
		page = page[:f.limit]
		next = page[f.limit-1].ID
	}
	return page, len(taken), next
}

// An AuditFigures is what the contracts of one or all bodies amount to.
type AuditFigures struct {
	Contracts   int                `json:"contracts"`
	Conforming  int                `json:"conforming"`
	ToCorrect   int                `json:"toCorrect"`
	Withdrawn   int                `json:"withdrawn"`
	Redacted    int                `json:"redacted"`
	Marches     int                `json:"marches"`
	Concessions int                `json:"concessions"`
	Years       audit.Tally        `json:"years"`
	Delay       audit.Delay        `json:"delays"`
	Fields      []audit.FieldShare `json:"fields"`
	Errors      []audit.Count      `json:"errors"`   // rule → contracts, the most frequent first
	Warnings    []audit.Count      `json:"warnings"` // likewise
	Trend       audit.Tally        `json:"trend"`    // month of receipt → contracts
}

// mostRules bounds the rules that an answer lists.
const mostRules = 30

func figuresOf(m *audit.Measure) AuditFigures {
	return AuditFigures{
		Contracts: m.Contracts(), Conforming: m.Conforming, ToCorrect: m.ToCorrect, Withdrawn: m.Withdrawn, Redacted: m.Redacted,
		Marches: m.Marches, Concessions: m.Concessions, Years: orEmpty(m.Years), Delay: m.Delay(), Fields: orEmpty(m.Fields()),
		Errors: orEmpty(m.Errors.Most(mostRules)), Warnings: orEmpty(m.Doubts.Most(mostRules)), Trend: orEmpty(m.Months),
	}
}

// orEmpty is a list that JSON writes as [] and not as null.
func orEmpty[S ~[]E, E any](s S) S {
	if s == nil {
		return S{}
	}
	return s
}

func (s *Server) getAudit(w http.ResponseWriter, r *http.Request) error {
	f, err := auditFilterOf(r.URL.Query())
	if err != nil {
		return err
	}
	report, err := s.audited(r)
	if err != nil {
		return err
	}
	page, total, next := f.choose(report.Actors)
	return writeJSON(w, map[string]any{
		"territory": report.Territory, "vintage": territory.Vintage, "at": report.At.UTC().Truncate(time.Second),
		"summary": report.All, "outside": len(report.Outside), "obstacles": orEmpty(report.Obstacles),
		"levels": orEmpty(report.Levels), "departements": orEmpty(report.Departements), "epcis": orEmpty(report.EPCIs),
		"figures": figuresOf(&report.Measure),
		"actors":  map[string]any{"total": total, "items": orEmpty(page), "next": next},
	})
}

// auditColumns name the columns of /api/v1/audit.csv.
var auditColumns = []string{
	"id", "siret", "nom", "echelon", "geozone", "departements", "epci", "population", "publication", "catalogue", "noeuds", "publiePar",
	"dernierEnvoi", "silencieux", "obstacles", "contrats", "conformes", "aCorriger", "marches", "concessions", "delaiMedianJours", "delaiP90Jours", "horsDelai", "sansDate",
	"signalementsSansReponse", "plusAncienSignalementJours",
}

// auditCSV has one line for each actor that the filters take.
func (s *Server) auditCSV(w http.ResponseWriter, r *http.Request) error {
	f, err := auditFilterOf(r.URL.Query())
	if err != nil {
		return err
	}
	report, err := s.audited(r)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="audit.csv"`)
	c := csv.NewWriter(w)
	c.Comma = ';'
	_ = c.Write(auditColumns)
	for _, a := range report.Actors {
		if f.takes(a) {
			_ = c.Write(safeCells(auditCells(a)...))
		}
	}
	c.Flush()
	return nil // the client is gone if writing failed
}

func auditCells(a *audit.Actor) []string {
	n := strconv.Itoa
	d := a.Measure.Delay()
	median, p90, last := "", "", ""
	if d.N > 0 {
		median, p90 = n(d.Median), n(d.P90)
	}
	if !a.Last.IsZero() {
		last = a.Last.UTC().Format(time.RFC3339)
	}
	var nodes []string
	for _, node := range a.Nodes {
		nodes = append(nodes, node.ID)
	}
	return []string{
		a.ID, a.SIRET, a.Name, string(a.Level), a.Geozone.String(), strings.Join(a.Departements, "|"), a.EPCI, n(a.Population), string(a.State), string(a.DCAT),
		strings.Join(nodes, "|"), strings.Join(a.By, "|"), last, strconv.FormatBool(a.Silent), strings.ReplaceAll(words(a.Obstacles), ", ", "|"),
		n(a.Contracts), n(a.Measure.Conforming), n(a.ToCorrect), n(a.Measure.Marches), n(a.Measure.Concessions), median, p90, n(a.Late), n(d.Missing),
		n(a.Unanswered), n(a.UnansweredDays),
	}
}

// letterTo finds the body that an address names, and writes its letter.
func (s *Server) letterTo(r *http.Request, siret string, lang texts.Lang) (*audit.Report, *audit.Actor, audit.Letter, error) {
	report, err := s.audited(r)
	if err != nil {
		return nil, nil, audit.Letter{}, err
	}
	a, ok := report.Find(siret)
	if !ok {
		return nil, nil, audit.Letter{}, notFound("body", siret)
	}
	return report, a, audit.LetterOf(report, a, lang), nil
}

func (s *Server) getLetter(w http.ResponseWriter, r *http.Request) error {
	report, a, letter, err := s.letterTo(r, mux.Vars(r)["siret"], langOf(r))
	if err != nil {
		return err
	}
	letter.Well, letter.Mend = orEmpty(letter.Well), orEmpty(letter.Mend)
	return writeJSON(w, map[string]any{"at": report.At.UTC().Truncate(time.Second), "actor": a, "figures": figuresOf(a.Measure), "letter": letter})
}
