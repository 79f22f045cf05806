package api

import (
	"cmp"
	"context"
	"encoding/csv"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"maillon/catalog/pivot"
	"maillon/catalog/texts"
	"maillon/store/search"
	"maillon/store/view"
)

// statParameters are what /api/v1/stats reads beside the filter.
var statParameters = []string{"by", "measures", "format", "as_published"}

// A StatsAnswer is how many contracts the node shows and in what state and, of those
// that a filter finds, a table of numbers.
type StatsAnswer struct {
	view.Totals
	Table    *search.Table `json:"table,omitempty"`
	Excluded *Excluded     `json:"excluded,omitempty"` // null where amounts are as published
}

// An Excluded says which amounts sums, means and shares leave out, as on pages.
type Excluded struct {
	Contracts  int     `json:"contracts"`  // of those that the filter finds
	AmountFrom float64 `json:"amountFrom"` // euros; such amounts and larger ones
	Definition string  `json:"definition"`
}

// counted is the query of numbers: unless a state is asked for, what was withdrawn
// or redacted does not count.
func counted(q search.Query) search.Query {
	if q = q.Filter(); len(q.State) == 0 {
		q.State = []string{string(pivot.Conforming), string(pivot.ToCorrect)}
	}
	return q
}

// stats answers a table by up to two dimensions, as JSON or CSV.
func (s *Server) stats(w http.ResponseWriter, r *http.Request) error {
	v := r.URL.Query()
	table, err := s.table(r.Context(), v)
	if err != nil {
		return err
	}
	switch format := v.Get("format"); format {
	case "", "json":
	case "csv":
		return tableCSV(w, table)
	default:
		return &BadParameter{"format", format, "json, csv"}
	}
	totals, err := s.Views.Totals()
	if err != nil {
		return err
	}
	answer := StatsAnswer{Totals: totals, Table: &table}
	if !asPublished(v) {
		answer.Excluded = &Excluded{table.Excluded, search.Implausible, texts.T(langOf(r), "stats.excluded")}
	}
	return writeJSON(w, answer)
}

// asPublished reports whether sums take every amount.
func asPublished(v url.Values) bool { return v.Get("as_published") == "1" }

func (s *Server) table(ctx context.Context, v url.Values) (search.Table, error) {
	if err := s.Ready(); err != nil {
		return search.Table{}, err
	}
	q, err := queryOf(v, statParameters...)
	if err != nil {
		return search.Table{}, err
	}
	by, err := search.ParseDimensions(v.Get("by"))
	if err != nil {
		return search.Table{}, wrongParameter(err)
	}
	measures, err := search.ParseMeasures(v.Get("measures"))
	if err != nil {
		return search.Table{}, wrongParameter(err)
	}
	if by == nil {
		by = []search.Dimension{}
	}
	switch v.Get("as_published") {
	case "", "0":
		return s.Index.Plausible(ctx, counted(q), by, measures)
	case "1":
		return s.Index.Group(ctx, counted(q), by, measures)
	}
	return search.Table{}, &BadParameter{"as_published", v.Get("as_published"), "1, 0"}
}

// tableCSV writes a table: the keys, their labels, how many contracts, and for each
// measure its value and how many contracts do not give it.
func tableCSV(w http.ResponseWriter, t search.Table) error {
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="statistiques.csv"`)
	out := csv.NewWriter(w)
	out.Comma = ';'
	var head []string
	for _, d := range t.By {
		head = append(head, string(d), string(d)+"_label")
	}
	head = append(head, "n")
	for _, m := range t.Measures {
		head = append(head, string(m), string(m)+"_missing")
	}
	_ = out.Write(head)
	for _, g := range t.Groups {
		var line []string
		for _, k := range g.Keys {
			line = append(line, safeCells(k.Code, k.Label)...)
		}
		line = append(line, strconv.Itoa(g.N))
		for i, value := range g.Values {
			cell := ""
			if value != nil {
				cell = strconv.FormatFloat(*value, 'f', -1, 64)
			}
			line = append(line, cell, strconv.Itoa(g.Missing[i]))
		}
		_ = out.Write(line)
	}
	out.Flush()
	return nil // the client is gone if writing failed
}

// value is that of a measure in a group, 0 if nothing is known.
func value(g search.Group, i int) float64 {
	if g.Values[i] == nil {
		return 0
	}
	return *g.Values[i]
}

// concentration tells how much of the sum of a table's first measure its five
// largest groups have, and the Herfindahl-Hirschman index of all of them: 0 to 1.
func concentration(t search.Table) (top5, hhi float64, ok bool) {
	var all []float64
	sum := 0.0
	for _, g := range t.Groups {
		if v := value(g, 0); v > 0 && g.Keys[0].Code != "" {
			all = append(all, v)
			sum += v
		}
	}
	if sum <= 0 {
		return 0, 0, false
	}
	slices.SortFunc(all, func(a, b float64) int { return cmp.Compare(b, a) })
	for i, v := range all {
		if i < 5 {
			top5 += v / sum
		}
		hhi += v / sum * v / sum
	}
	return top5, hhi, true
}
