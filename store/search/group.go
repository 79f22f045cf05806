package search

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
)

// A Table is what [Index.Group] answers.
type Table struct {
	By       []Dimension `json:"by"`
	Measures []Measure   `json:"measures"`
	Total    Group       `json:"total"`  // over all contracts that the query finds
	Groups   []Group     `json:"groups"` // the largest first; by time, the oldest first
	Omitted  int         `json:"omitted,omitempty"`
	// Excluded is how many contracts were left out of sums of amounts, see
	// [Index.Plausible].
	Excluded int `json:"-"`
}

// Implausible is an amount that stands for "not known" in many files, or for a slip.
const Implausible = 999_999_999

// A Group is the contracts that share a value of each dimension.
type Group struct {
	Keys []Key `json:"keys,omitempty"`
	N    int   `json:"n"` // contracts
	// Values are those of the measures, in their order; nil where nothing is known.
	Values []*float64 `json:"values"`
	// Missing is, for each measure, how many contracts of the group do not give it.
	Missing []int `json:"missing"`
}

// A Key is the value that a group has of a dimension.
type Key struct {
	Code  string `json:"code"`
	Label string `json:"label,omitempty"`
}

// MaxGroups bounds the groups of one table: the largest ones are given, and how many
// were left out.
const MaxGroups = 5000

// A grouping numbers the groups of rows.
type grouping struct {
	c     *core
	specs []spec
	folds [][]uint32 // of each dimension, its code by that of the base; nil: the same
	cells map[uint64]int
	keys  []uint64
	rows  [][]uint32 // of each group

	plausible bool // see Implausible
}

func (c *core) group(q *Query, by []Dimension, measures []Measure, plausible bool) (Table, error) {
	t := Table{By: by, Measures: measures, Groups: []Group{}}
	if len(by) > 2 {
		return t, &ParamError{Name: "by", Value: joined(by), Want: "one or two dimensions"}
	}
	for _, m := range measures {
		if !m.Known() {
			return t, fmt.Errorf("measure %q is unknown", m)
		}
	}
	g := &grouping{c: c, cells: map[uint64]int{}, plausible: plausible}
	for _, d := range by {
		if !d.Known() {
			return t, &ParamError{Name: "by", Value: string(d), Want: joined(Dimensions())}
		}
		g.add(d)
	}
	all := c.find(q).rows()
	if len(by) > 0 {
		g.split(all)
	}
	t.Total = g.measured(all, all, measures)
	t.Excluded = g.excluded(all, measures)
	order := make([]int, len(g.rows))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(len(g.rows[b]), len(g.rows[a])), cmp.Compare(g.keys[a], g.keys[b]))
	})
	t.Omitted = max(0, len(order)-MaxGroups)
	for _, i := range order[:len(order)-t.Omitted] {
		one := g.measured(g.rows[i], all, measures)
		one.Keys = g.named(g.keys[i])
		t.Groups = append(t.Groups, one)
	}
	if slices.ContainsFunc(by, Dimension.ordered) {
		slices.SortStableFunc(t.Groups, func(a, b Group) int { return compareKeys(by, a, b) })
	}
	return t, nil
}

// compareKeys sorts by the dimensions that have an order of their own.
func compareKeys(by []Dimension, a, b Group) int {
	for i, d := range by {
		if d.ordered() {
			if n := strings.Compare(a.Keys[i].Code, b.Keys[i].Code); n != 0 {
				return n
			}
		}
	}
	return 0
}

func (g *grouping) add(d Dimension) {
	g.specs, g.folds = append(g.specs, dimensions[d]), append(g.folds, g.c.fold(d))
}

// codes are those of a row in a dimension: several for suppliers.
func (g *grouping) codes(i int, row uint32, dst []uint32) []uint32 {
	b := g.specs[i].base
	if b == mostSupplierBase {
		if list := g.c.suppliersOf(row); len(list) > 0 {
			return append(dst, list...)
		}
		return append(dst, 0)
	}
	code := g.c.code(b, row)
	if g.folds[i] != nil {
		code = g.folds[i][code]
	}
	return append(dst, code)
}

// split parts rows into groups.
func (g *grouping) split(rows []uint32) {
	var first, second []uint32
	for _, r := range rows {
		first = g.codes(0, r, first[:0])
		second = append(second[:0], 0)
		if len(g.specs) > 1 {
			second = g.codes(1, r, second[:0])
		}
		for _, a := range first {
			for _, b := range second {
				key := uint64(a)<<32 | uint64(b)
				cell, ok := g.cells[key]
				if !ok {
					cell = len(g.keys)
					g.cells[key] = cell
					g.keys, g.rows = append(g.keys, key), append(g.rows, nil)
				}
				g.rows[cell] = append(g.rows[cell], r)
			}
		}
	}
}

func (g *grouping) named(key uint64) []Key {
	var out []Key
	for i, code := range []uint32{uint32(key >> 32), uint32(key)}[:len(g.specs)] {
		sp := g.specs[i]
		k := Key{Code: sp.code(g.c, code)}
		if sp.name != nil && k.Code != "" {
			k.Label = sp.name(g.c, k.Code, code)
		}
		out = append(out, k)
	}
	return out
}

// measured measures the rows of a group; all are those of the query.
func (g *grouping) measured(rows, all []uint32, measures []Measure) Group {
	out := Group{N: len(rows), Values: make([]*float64, len(measures)), Missing: make([]int, len(measures))}
	for i, m := range measures {
		v, missing := g.measure(rows, all, m)
		if out.Missing[i] = missing; !math.IsNaN(v) && !math.IsInf(v, 0) {
			out.Values[i] = &v
		}
	}
	return out
}

func (g *grouping) measure(rows, all []uint32, m Measure) (value float64, missing int) {
	op, of := m.parts()
	switch {
	case m == CountOf:
		return float64(len(rows)), 0
	case m == ShareOf:
		return float64(len(rows)) / float64(len(all)), 0
	case op == "rate":
		return rate(rows, g.c.fact(of))
	case op == "amount_rate":
		return amountRate(rows, g.number(op, "amount"), g.c.fact(of))
	case op == "distinct":
		return g.distinct(rows, of), 0
	}
	number := g.number(op, of)
	values := known(rows, number)
	missing = len(rows) - len(values)
	if len(values) == 0 {
		return math.NaN(), missing
	}
	switch op {
	case "sum":
		return sum(values), missing
	case "share":
		return sum(values) / sum(known(all, number)), missing
	case "mean":
		return sum(values) / float64(len(values)), missing
	case "min":
		return slices.Min(values), missing
	case "max":
		return slices.Max(values), missing
	}
	p, _ := percent(op)
	slices.Sort(values)
	return percentile(values, p), missing
}

// adds reports whether an operation adds amounts up.
func adds(op, of string) bool {
	return op == "amount_rate" || (of == "amount" || of == "initial") && (op == "sum" || op == "mean" || op == "share")
}

// number gives what an operation takes of a row.
func (g *grouping) number(op, of string) func(row uint32) float64 {
	number := g.c.number(of)
	if !g.plausible || !adds(op, of) {
		return number
	}
	return func(row uint32) float64 {
		if v := number(row); v < Implausible {
			return v
		}
		return math.NaN()
	}
}

// excluded counts the rows that have an amount which what is measured leaves out.
func (g *grouping) excluded(rows []uint32, measures []Measure) (n int) {
	of := map[string]bool{}
	for _, m := range measures {
		if op, what := m.parts(); g.plausible && adds(op, what) {
			if op == "amount_rate" {
				what = "amount"
			}
			of[what] = true
		}
	}
	for _, r := range rows {
		if of["amount"] && g.c.amount[r] >= Implausible || of["initial"] && g.c.initialOf(r) >= Implausible {
			n++
		}
	}
	return n
}

// percentile is by linear interpolation between the two nearest of the sorted values,
// as percentile_cont of SQL.
func percentile(sorted []float64, p float64) float64 {
	at := p * float64(len(sorted)-1)
	low := int(at)
	if low+1 >= len(sorted) {
		return sorted[low]
	}
	return sorted[low] + (sorted[low+1]-sorted[low])*(at-float64(low))
}

func known(rows []uint32, of func(uint32) float64) []float64 {
	out := make([]float64, 0, len(rows))
	for _, r := range rows {
		if v := of(r); v == v {
			out = append(out, v)
		}
	}
	return out
}

func sum(values []float64) (s float64) {
	for _, v := range values {
		s += v
	}
	return s
}

func rate(rows []uint32, fact func(uint32) (is, known bool)) (float64, int) {
	n, yes := 0, 0
	for _, r := range rows {
		is, known := fact(r)
		if known {
			n++
		}
		if known && is {
			yes++
		}
	}
	if n == 0 {
		return math.NaN(), len(rows)
	}
	return float64(yes) / float64(n), len(rows) - n
}

// amountRate is the part of the amount of those rows of which a fact is so, among the
// rows that tell both.
func amountRate(rows []uint32, amount func(uint32) float64, fact func(uint32) (is, known bool)) (float64, int) {
	n, yes, all := 0, 0.0, 0.0
	for _, r := range rows {
		is, known := fact(r)
		v := amount(r)
		if !known || v != v {
			continue
		}
		n++
		if all += v; is {
			yes += v
		}
	}
	if n == 0 || all == 0 {
		return math.NaN(), len(rows) - n
	}
	return yes / all, len(rows) - n
}

func (g *grouping) distinct(rows []uint32, of string) float64 {
	seen := map[uint32]bool{}
	for _, r := range rows {
		if of == "buyer" {
			seen[g.c.cols[baseBuyer].at(r)] = true
			continue
		}
		for _, s := range g.c.suppliersOf(r) {
			seen[s] = true
		}
	}
	return float64(len(seen))
}
