package api

import (
	"context"
	"net/http"
	"slices"
	"time"

	"maillon/catalog/texts"
	"maillon/store/search"
)

// An Indicator is a number about the contracts that a filter finds, with what one
// needs to know to believe it.
type Indicator struct {
	ID          string   `json:"id"`
	Text        string   `json:"text"`
	Unit        string   `json:"unit"`  // contracts, euros, days, months, offers, bodies, kilometres, share (0 to 1), index (0 to 1)
	Value       *float64 `json:"value"` // null where nothing is known
	N           int      `json:"n"`     // contracts it is made of
	Missing     int      `json:"missing"`
	MissingRate float64  `json:"missingRate"`
	Definition  string   `json:"definition"`
}

// A Period is the first and the last month of notification, YYYY-MM.
type Period struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// A NotGiven is a number that people ask for and contracts do not tell.
type NotGiven struct {
	ID     string `json:"id"`
	Text   string `json:"text"`
	Reason string `json:"reason"` // and what data would give it
}

// An IndicatorsAnswer is every indicator of what a filter finds.
type IndicatorsAnswer struct {
	Total    int         `json:"total"`
	Period   Period      `json:"period"`
	Items    []Indicator `json:"items"`
	NotGiven []NotGiven  `json:"notGiven"`
}

// indicators are those that one measure over all contracts gives.
var indicators = []struct {
	id, unit string
	measure  search.Measure
}{
	{"contracts", "contracts", search.CountOf}, {"amount", "euros", "sum:amount"}, {"amount-median", "euros", "median:amount"},
	{"amount-mean", "euros", "mean:amount"}, {"amount-p90", "euros", "p90:amount"}, {"buyers", "bodies", "distinct:buyer"},
	{"suppliers", "bodies", "distinct:supplier"}, {"offers-median", "offers", "median:offers"}, {"offers-mean", "offers", "mean:offers"},
	{"single-offer", "share", "rate:single_offer"}, {"social", "share", "rate:social"}, {"environmental", "share", "rate:environmental"},
	{"innovative", "share", "rate:innovative"}, {"concessions", "share", "rate:concession"}, {"modified", "share", "rate:modified"},
	{"growth", "share", "median:growth"}, {"delay-median", "days", "median:delay"}, {"delay-p90", "days", "p90:delay"}, {"late", "share", "rate:late"},
	{"months-median", "months", "median:months"}, {"conforming", "share", "rate:conforme"},
}

// firmIndicators are made of what SIRENE says of the first supplier.
var firmIndicators = []struct {
	id, unit string
	measure  search.Measure
}{
	{"local-commune", "share", "rate:local_commune"}, {"local-epci", "share", "rate:local_epci"}, {"local-epci-amount", "share", "amount_rate:local_epci"},
	{"local-departement", "share", "rate:local_departement"}, {"local-departement-amount", "share", "amount_rate:local_departement"},
	{"local-region", "share", "rate:local_region"}, {"local-region-amount", "share", "amount_rate:local_region"},
	{"distance-median", "kilometres", "median:distance"}, {"distance-p90", "kilometres", "p90:distance"},
	{"sme", "share", "rate:sme"}, {"sme-amount", "share", "amount_rate:sme"},
}

// ofFirms are the indicators of where suppliers sit and of what size they are.
func (s *Server) ofFirms(ctx context.Context, q search.Query, n int, lang texts.Lang) (list []Indicator, err error) {
	var measures []search.Measure
	for _, one := range firmIndicators {
		measures = append(measures, one.measure)
	}
	t, err := s.Index.Plausible(ctx, q, []search.Dimension{}, measures)
	if err != nil {
		return nil, err
	}
	for i, one := range firmIndicators {
		list = append(list, indicatorOf(one.id, one.unit, t.Total.Values[i], n, t.Total.Missing[i], lang))
	}
	return list, nil
}

// unknownTo tells which of notGiven these indicators do give.
func unknownTo(list []Indicator, id string) bool {
	made := map[string]string{"local": "local-region", "sme": "sme", "distance": "distance-median"}[id]
	return made == "" || !slices.ContainsFunc(list, func(i Indicator) bool { return i.ID == made && i.Value != nil })
}

// notGiven are the keys, below "indicator.not.", of what the pivot format cannot tell.
var notGiven = []string{"success", "bidders", "criteria", "budget", "gdp", "local", "sme", "distance"}

func (s *Server) getIndicators(w http.ResponseWriter, r *http.Request) error {
	if err := s.Ready(); err != nil {
		return err
	}
	q, err := queryOf(r.URL.Query())
	if err != nil {
		return err
	}
	answer, err := s.indicatorsOf(r.Context(), counted(q), langOf(r))
	if err != nil {
		return err
	}
	return writeJSON(w, answer)
}

func (s *Server) indicatorsOf(ctx context.Context, q search.Query, lang texts.Lang) (IndicatorsAnswer, error) {
	measures := make([]search.Measure, len(indicators))
	for i, one := range indicators {
		measures[i] = one.measure
	}
	t, err := s.Index.Plausible(ctx, q, []search.Dimension{}, measures)
	if err != nil {
		return IndicatorsAnswer{}, err
	}
	a := IndicatorsAnswer{Total: t.Total.N, Items: []Indicator{}}
	for i, one := range indicators {
		a.Items = append(a.Items, indicatorOf(one.id, one.unit, t.Total.Values[i], t.Total.N, t.Total.Missing[i], lang))
	}
	if a.Period, err = s.periodOf(ctx, q); err != nil {
		return a, err
	}
	more, err := s.moreIndicators(ctx, q, t.Total.N, lang)
	if err != nil {
		return a, err
	}
	firms, err := s.ofFirms(ctx, q, t.Total.N, lang)
	a.Items = append(append(a.Items, more...), firms...)
	for _, id := range notGiven {
		if !unknownTo(firms, id) {
			continue
		}
		a.NotGiven = append(a.NotGiven, NotGiven{id, texts.T(lang, "indicator.not."+id), texts.T(lang, "indicator.not."+id+".reason")})
	}
	return a, err
}

func indicatorOf(id, unit string, v *float64, n, missing int, lang texts.Lang) Indicator {
	i := Indicator{ID: id, Unit: unit, Value: v, N: n - missing, Missing: missing, Text: texts.T(lang, "indicator."+id), Definition: texts.T(lang, "indicator."+id+".definition")}
	if n > 0 {
		i.MissingRate = float64(missing) / float64(n)
	}
	return i
}

// periodOf is when the contracts of a query were notified.
func (s *Server) periodOf(ctx context.Context, q search.Query) (p Period, err error) {
	t, err := s.Index.Group(ctx, q, []search.Dimension{search.ByMonth}, []search.Measure{search.CountOf})
	for _, g := range t.Groups {
		if code := g.Keys[0].Code; code != "" {
			if p.From == "" {
				p.From = code
			}
			p.To = code
		}
	}
	return p, err
}

// moreIndicators are those that one measure does not give: how concentrated suppliers
// are, and what ends soon.
func (s *Server) moreIndicators(ctx context.Context, q search.Query, n int, lang texts.Lang) (list []Indicator, err error) {
	t, err := s.Index.Plausible(ctx, q, []search.Dimension{search.BySupplier}, []search.Measure{"sum:amount"})
	if err != nil {
		return nil, err
	}
	var top, hhi *float64
	if a, b, ok := concentration(t); ok {
		top, hhi = &a, &b
	}
	missing := t.Total.Missing[0]
	list = append(list, indicatorOf("top5", "share", top, n, missing, lang), indicatorOf("hhi", "index", hhi, n, missing, lang))
	known, err := s.Index.Group(ctx, q, []search.Dimension{}, []search.Measure{"median:months"})
	if err != nil {
		return nil, err
	}
	for _, months := range []int{6, 12} {
		ending := q
		if ending.Ends.From == "" && ending.Ends.To == "" {
			ending.Ends = endsWithin(s.Now(), months)
		}
		t, err := s.Index.Group(ctx, ending, []search.Dimension{}, []search.Measure{search.CountOf})
		if err != nil {
			return nil, err
		}
		v := float64(t.Total.N)
		id := map[int]string{6: "ending6", 12: "ending12"}[months]
		list = append(list, indicatorOf(id, "contracts", &v, n, known.Total.Missing[0], lang))
	}
	return list, nil
}

// endsWithin are the days from today over some months.
func endsWithin(now time.Time, months int) search.Days {
	return search.Days{From: now.UTC().Format(time.DateOnly), To: now.UTC().AddDate(0, months, 0).Format(time.DateOnly)}
}
