package api

import (
	"context"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"maillon/catalog/territory"
	"maillon/catalog/texts"
	"maillon/node/web"
	"maillon/store/search"
)

// A Target is what a buyer has set itself for a year, as in a schéma de promotion des
// achats socialement et écologiquement responsables (SPASER).
type Target struct {
	Buyer  string  // SIRET
	Year   int     // of notification
	Of     string  // an indicator, one of [TargetsOf]
	Least  float64 // share, 0 to 1
	Source string  // address of the decision; "" for none
}

// TargetsOf lists the indicators that there can be targets of: shares of contracts or
// of the amount.
func TargetsOf() []string {
	return []string{"social", "environmental", "innovative", "sme", "sme-amount", "local-commune", "local-epci", "local-epci-amount",
		"local-departement", "local-departement-amount", "local-region", "local-region-amount"}
}

// A TargetJSON is a target beside what was reached.
type TargetJSON struct {
	Buyer       string   `json:"buyer"`
	Name        string   `json:"name,omitempty"`
	Year        int      `json:"year"`
	Indicator   string   `json:"indicator"`
	Text        string   `json:"text"`
	Target      float64  `json:"target"` // share, 0 to 1
	Actual      *float64 `json:"actual"` // null where nothing is known
	Reached     bool     `json:"reached"`
	N           int      `json:"n"` // contracts it is made of
	Missing     int      `json:"missing"`
	MissingRate float64  `json:"missingRate"`
	Definition  string   `json:"definition"`
	Source      string   `json:"source,omitempty"`
}

func (s *Server) getTargets(w http.ResponseWriter, r *http.Request) error {
	if err := s.Ready(); err != nil {
		return err
	}
	if err := onlyParams(r.URL.Query(), "buyer", "lang"); err != nil {
		return err
	}
	buyer := r.URL.Query().Get("buyer")
	list, err := s.targets(r.Context(), langOf(r), func(t Target) bool { return buyer == "" || t.Buyer == buyer })
	if err != nil {
		return err
	}
	return writeJSON(w, items[TargetJSON]{list})
}

// onlyParams refuses parameters that a handler does not read.
func onlyParams(v url.Values, known ...string) error {
	for name := range v {
		if !slices.Contains(known, name) {
			return &BadParameter{name, v.Get(name), strings.Join(known, ", ")}
		}
	}
	return nil
}

// targets sets those that are wanted beside what contracts of their buyer and year say.
func (s *Server) targets(ctx context.Context, lang texts.Lang, wanted func(Target) bool) ([]TargetJSON, error) {
	list := []TargetJSON{}
	for _, t := range s.Targets {
		if !wanted(t) {
			continue
		}
		year := strconv.Itoa(t.Year)
		q := counted(search.Query{Buyer: []string{t.Buyer}, Notified: search.Days{From: year + "-01-01", To: year + "-12-31"}})
		a, err := s.indicatorsOf(ctx, q, lang)
		if err != nil {
			return nil, err
		}
		at := slices.IndexFunc(a.Items, func(i Indicator) bool { return i.ID == t.Of })
		if at < 0 {
			continue
		}
		i := a.Items[at]
		name := s.Catalog.BuyerName(t.Buyer)
		if name == t.Buyer {
			name = ""
		}
		list = append(list, TargetJSON{
			Buyer: t.Buyer, Name: name, Year: t.Year, Indicator: t.Of, Text: i.Text, Target: t.Least, Actual: i.Value, Reached: i.Value != nil && *i.Value >= t.Least,
			N: i.N, Missing: i.Missing, MissingRate: i.MissingRate, Definition: i.Definition, Source: t.Source,
		})
	}
	slices.SortStableFunc(list, func(a, b TargetJSON) int { return b.Year - a.Year })
	return list, nil
}

// targetsOf are the targets of a buyer for its pages.
func (c counter) targetsOf(siret string) ([]web.Target, error) {
	return c.targetRows(func(t Target) bool { return t.Buyer == siret })
}

// targetsIn are those of the bodies that stand for a territory.
func (c counter) targetsIn(z territory.Geozone) ([]web.Target, error) {
	return c.targetRows(func(t Target) bool {
		body, ok := territory.BySIREN(t.Buyer[:min(9, len(t.Buyer))])
		return ok && body.Geozone == z
	})
}

func (c counter) targetRows(wanted func(Target) bool) (rows []web.Target, err error) {
	list, err := c.s.targets(c.ctx, c.lang, wanted)
	for _, t := range list {
		row := web.Target{
			Label: t.Text, Definition: t.Definition, Year: t.Year, Aim: amountOf(c.lang, "share", &t.Target), Actual: amountOf(c.lang, "share", t.Actual),
			AimAt: share(t.Target), N: t.N, Missing: t.Missing, Rate: int(math.Round(100 * t.MissingRate)), Source: t.Source,
		}
		switch {
		case t.Actual == nil:
			row.State = texts.T(c.lang, "targets.unknown")
		case t.Reached:
			row.State, row.At = texts.T(c.lang, "targets.reached"), share(*t.Actual)
		default:
			row.State, row.At = texts.T(c.lang, "targets.short", decimal(c.lang, 100*(t.Target-*t.Actual), 1)), share(*t.Actual)
		}
		rows = append(rows, row)
	}
	return rows, err
}

// share is a part as a length of a bar, 0 to 100.
func share(v float64) int { return int(math.Round(100 * min(1, max(0, v)))) }
