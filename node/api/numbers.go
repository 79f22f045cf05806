package api

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"maillon/catalog/territory"
	"maillon/catalog/texts"
	"maillon/node/web"
	"maillon/store/search"
)

// A blockSpec is a table of a page of numbers: what it groups by, how many groups it
// shows, and the parameter that leads to a group's contracts.
type blockSpec struct {
	by   search.Dimension
	most int
}

// The tables of the pages, in the order in which a reader wants them.
var (
	blocksOfAny     = []blockSpec{{search.ByYear, 30}, {search.ByDivision, 10}, {search.ByBuyer, 10}, {search.BySupplier, 10}, {search.ByProcedure, 10}, {search.ByDepartement, 15}, {search.ByLocal, 6}, {search.ByFirmDep, 10}, {search.BySize, 4}, {search.ByOffers, 10}}
	blocksOfBuyer   = []blockSpec{{search.ByYear, 30}, {search.ByDivision, 10}, {search.BySupplier, 10}, {search.ByLocal, 6}, {search.ByFirmDep, 10}, {search.BySize, 4}, {search.ByProcedure, 10}, {search.ByOffers, 10}}
	blocksOfFirm    = []blockSpec{{search.ByEndMonth, 24}, {search.ByYear, 30}, {search.BySupplier, 12}, {search.ByBuyer, 12}, {search.ByMonth, 24}, {search.ByFirmDep, 10}, {search.BySize, 4}, {search.ByProcedure, 10}, {search.ByOffers, 10}}
	blocksOfCitizen = []blockSpec{{search.ByYear, 30}, {search.ByDivision, 8}, {search.ByBuyer, 8}, {search.BySupplier, 8}}
)

// A counter makes pages of numbers of one query.
type counter struct {
	s    *Server
	ctx  context.Context // of the request, for which a counter lives
	q    search.Query
	lang texts.Lang
}

// numbers are the tables, figures and indicators of what the query finds.
func (c counter) numbers(blocks []blockSpec) (web.Numbers, error) {
	all, err := c.s.indicatorsOf(c.ctx, c.q, c.lang)
	if err != nil {
		return web.Numbers{}, err
	}
	n := web.Numbers{Total: all.Total, Contracts: c.address("/marches", nil)}
	if all.Period.From != "" {
		n.Period = texts.T(c.lang, "numbers.period", month(c.lang, all.Period.From), month(c.lang, all.Period.To))
	}
	for _, i := range all.Items {
		n.Facts = append(n.Facts, web.Indicator{Text: i.Text, Value: amountOf(c.lang, i.Unit, i.Value), Definition: i.Definition, N: i.N, Missing: i.Missing, Rate: int(math.Round(100 * i.MissingRate))})
	}
	for _, id := range []string{"contracts", "amount", "amount-median", "buyers", "suppliers"} {
		if i := slices.IndexFunc(all.Items, func(i Indicator) bool { return i.ID == id }); i >= 0 && all.Items[i].Value != nil {
			n.Figures = append(n.Figures, web.Figure{Label: all.Items[i].Text, Value: amountOf(c.lang, all.Items[i].Unit, all.Items[i].Value)})
		}
	}
	for _, g := range all.NotGiven {
		n.NotGiven = append(n.NotGiven, web.NotGiven{Text: g.Text, Reason: g.Reason})
	}
	var level territory.Level
	if slices.ContainsFunc(blocks, func(b blockSpec) bool { return b.by == search.ByDepartement }) {
		if n.Outline, level, err = c.outlineMap(); err != nil {
			return n, err
		}
	}
	for _, spec := range withTable(blocks, level) {
		b, t, err := c.block(spec)
		if err != nil {
			return n, err
		}
		if len(b.Rows) > 0 && !untold(spec.by, t) {
			n.Blocks = append(n.Blocks, b)
		}
		if spec.by == search.ByDepartement {
			n.Map, n.MapTitle = mapOf(t), texts.T(c.lang, "numbers.map")
			if n.Outline != nil {
				n.Map, n.MapTitle = web.TileMap{}, texts.T(c.lang, "numbers.map."+string(level))
			}
		}
	}
	return n, nil
}

// untold reports whether a table would only say that SIRENE is not known here.
func untold(d search.Dimension, t search.Table) bool {
	return strings.HasPrefix(string(d), "supplier_") && len(t.Groups) == 1 && t.Groups[0].Keys[0].Code == ""
}

// blockMeasures are those of each table.
var blockMeasures = []search.Measure{search.CountOf, "sum:amount", "median:amount"}

// block is one table: the largest amounts first, or in the order of time.
func (c counter) block(spec blockSpec) (web.Block, search.Table, error) {
	q := c.q
	if spec.by == search.ByEndMonth { // what has ended is no opportunity
		q.Ends = endsWithin(c.s.Now(), spec.most)
	}
	t, err := c.s.Index.Plausible(c.ctx, q, []search.Dimension{spec.by}, blockMeasures)
	if err != nil {
		return web.Block{}, t, err
	}
	key := "numbers.block." + string(spec.by)
	b := web.Block{ID: "by-" + string(spec.by), Title: texts.T(c.lang, key), By: texts.T(c.lang, "web.facet.contracts."+string(spec.by)),
		Head: []string{texts.T(c.lang, "numbers.head.count"), texts.T(c.lang, "numbers.head.sum"), texts.T(c.lang, "numbers.head.median")}}
	if !texts.Has("web.facet.contracts." + string(spec.by)) {
		b.By = texts.T(c.lang, key)
	}
	v := counter{c.s, c.ctx, q, c.lang}.params()
	v.Set("by", string(spec.by))
	v.Set("measures", "count,sum:amount,median:amount")
	b.SVG = c.s.base() + "/chiffres.svg?" + v.Encode() + "&lang=" + string(c.lang)
	b.CSV = c.s.base() + "/api/v1/stats?" + v.Encode() + "&format=csv"
	groups, timed := chosen(t, spec)
	b.More = len(t.Groups) - len(groups)
	most := 0.0
	for _, g := range groups {
		most = max(most, value(g, 1))
	}
	for _, g := range groups {
		k := g.Keys[0]
		row := web.BlockRow{Label: c.labelOf(spec.by, k), URL: c.groupURL(spec.by, k.Code), Cells: []string{
			whole(c.lang, float64(g.N)), amountOf(c.lang, "euros", g.Values[1]), amountOf(c.lang, "euros", g.Values[2]),
		}}
		if most > 0 {
			row.Share = int(math.Round(100 * max(0, value(g, 1)) / most))
		}
		b.Rows = append(b.Rows, row)
	}
	if missing := t.Total.Missing[1]; missing > 0 {
		b.Note = texts.T(c.lang, "numbers.lack", countWords(c.lang, missing))
	}
	if texts.Has(key + ".text") {
		b.Text = texts.T(c.lang, key+".text")
	} else if sum := value(t.Total, 1); !timed && sum > 0 && len(groups) > 1 && groups[0].Keys[0].Code != "" {
		b.Text = texts.T(c.lang, "numbers.first", b.Rows[0].Label, int(math.Round(100*value(groups[0], 1)/sum)))
	}
	return b, t, nil
}

// chosen are the groups that a table shows, and whether they are times.
func chosen(t search.Table, spec blockSpec) (groups []search.Group, timed bool) {
	groups = slices.Clone(t.Groups)
	switch spec.by {
	case search.ByYear, search.ByMonth, search.ByEndMonth, search.ByQuarter, search.ByEndYear:
		groups = slices.DeleteFunc(groups, func(g search.Group) bool { return g.Keys[0].Code == "" })
		if spec.by != search.ByEndMonth && len(groups) > spec.most {
			groups = groups[len(groups)-spec.most:]
		}
		timed = true
	case search.ByLocal: // the nearest first, not known last
		order := []string{"commune", "epci", "departement", "region", "ailleurs", ""}
		slices.SortStableFunc(groups, func(a, b search.Group) int {
			return cmp.Compare(slices.Index(order, a.Keys[0].Code), slices.Index(order, b.Keys[0].Code))
		})
		timed = true // no one is the first of them
	case search.ByOffers:
		slices.SortStableFunc(groups, func(a, b search.Group) int {
			x, _ := strconv.Atoi(a.Keys[0].Code)
			y, _ := strconv.Atoi(b.Keys[0].Code)
			return cmp.Or(cmp.Compare(len(b.Keys[0].Code)/9, len(a.Keys[0].Code)/9), cmp.Compare(x, y))
		})
		groups = slices.DeleteFunc(groups, func(g search.Group) bool { return g.Keys[0].Code == "" })
		timed = true
	default:
		slices.SortStableFunc(groups, func(a, b search.Group) int { return cmp.Compare(value(b, 1), value(a, 1)) })
	}
	return groups[:min(len(groups), spec.most)], timed
}

// mapOf shades each département by its part of the largest amount.
func mapOf(t search.Table) web.TileMap {
	var totals []web.AuditTotal
	for code, percent := range partsOf(t) {
		totals = append(totals, web.AuditTotal{Key: code, Percent: percent})
	}
	return web.NewTileMap(totals)
}

func (c counter) labelOf(d search.Dimension, k search.Key) string {
	if k.Code == "" {
		return texts.T(c.lang, "numbers.undated")
	}
	switch d {
	case search.ByMonth, search.ByEndMonth:
		return month(c.lang, k.Code)
	case search.ByBuyer:
		if k.Label == "" {
			return c.s.Catalog.BuyerName(k.Code)
		}
	}
	return dimensionLabel(c.lang, d, k.Code, k.Label)
}

// groupURL leads to what a group is made of; "" if no parameter asks for it.
func (c counter) groupURL(d search.Dimension, code string) string {
	switch {
	case code == "":
		return ""
	case d == search.ByBuyer:
		return c.s.base() + "/acheteurs/" + url.PathEscape(code)
	case d == search.BySupplier:
		return c.s.base() + "/titulaires/" + url.PathEscape(code)
	}
	v := c.params()
	switch name := facetParam[d]; {
	case d == search.ByYear:
		toggle(v, d, name, code)
	case d == search.ByMonth, d == search.ByEndMonth:
		first, err := time.Parse("2006-01", code)
		if err != nil {
			return ""
		}
		from, to := "from", "to"
		if d == search.ByEndMonth {
			from, to = "ends_from", "ends_to"
		}
		v.Set(from, first.Format(time.DateOnly))
		v.Set(to, first.AddDate(0, 1, -1).Format(time.DateOnly))
	case d == search.ByOffers:
		v.Set("offers_min", code)
		v.Set("offers_max", code)
	case name == "":
		return ""
	default:
		v.Del(name)
		v.Set(name, code)
	}
	return c.s.base() + "/marches?" + v.Encode()
}

// params are the query as an address has it, without the states that every number
// leaves out.
func (c counter) params() url.Values {
	q := c.q.Filter()
	if slices.Equal(q.State, counted(search.Query{}).State) {
		q.State = nil
	}
	q.Limit = search.DefaultLimit
	return q.Values()
}

func (c counter) address(path string, more url.Values) string {
	v := c.params()
	for name, values := range more {
		v[name] = values
	}
	if len(v) == 0 {
		return c.s.base() + path
	}
	return c.s.base() + path + "?" + v.Encode()
}

// amountOf writes a number with its unit.
func amountOf(lang texts.Lang, unit string, v *float64) string {
	if v == nil {
		return "–"
	}
	switch unit {
	case "euros":
		return web.FormatMoney(lang, math.Round(*v))
	case "share":
		return texts.T(lang, "web.percent", decimal(lang, 100**v, 1))
	case "index":
		return decimal(lang, *v, 3)
	case "kilometres":
		return texts.T(lang, "numbers.km", decimal(lang, *v, 0))
	case "days":
		return texts.T(lang, "web.days.many", decimal(lang, *v, 0))
	}
	return decimal(lang, *v, 1)
}

// decimal writes a number with some decimals at most.
func decimal(lang texts.Lang, v float64, most int) string {
	s := strconv.FormatFloat(v, 'f', most, 64)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	digits, rest, _ := strings.Cut(s, ".")
	if n, err := strconv.Atoi(digits); err == nil && n > 999 {
		digits = countWords(lang, n)
	}
	if rest == "" {
		return digits
	}
	if lang == texts.English {
		return digits + "." + rest
	}
	return digits + "," + rest
}

func whole(lang texts.Lang, v float64) string { return countWords(lang, int(v)) }

// countWords writes a whole number as the language does.
func countWords(lang texts.Lang, n int) string { return web.FormatCount(lang, n) }

// month writes AAAA-MM in words.
func month(lang texts.Lang, code string) string {
	y, m, ok := strings.Cut(code, "-")
	n, err := strconv.Atoi(m)
	if !ok || err != nil {
		return code
	}
	return fmt.Sprintf("%s\u00a0%s", texts.T(lang, "web.month."+strconv.Itoa(n)), y)
}
