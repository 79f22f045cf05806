package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"maillon/bench/query/made"
	"maillon/store/search"
	"maillon/store/view"
)

// An answer is what an engine says to a question: lines "facet code number", sorted. Of
// facets cut to their most frequent values only the numbers are given: which of equal
// values come last is nobody's matter.
type answer []string

// An engine is how long it took to answer each question, and what it said.
type engine struct {
	name    string
	took    []time.Duration
	answers []answer
}

func lineOf(facet, code string, n int, top bool) string {
	if top {
		code = "-"
	}
	return fmt.Sprintf("%s %s %d", facet, code, n)
}

// askIndex asks every question, warm, as often as there is time for. A contract comes in
// each time, so that nothing that was counted is only remembered.
func askIndex(ctx context.Context, x *search.Index, o options) (engine, error) {
	e := engine{name: "maillon"}
	again := firstOf(o)
	var facets []search.Dimension
	for _, c := range compared {
		facets = append(facets, c.facet)
	}
	for _, q := range questions {
		sq, err := parse(q.query)
		if err != nil {
			return e, err
		}
		sq.Facets, sq.Limit = facets, 0
		var took timings
		var res search.Result
		for end := time.Now().Add(o.each / 10); len(took) < 6 || time.Now().Before(end); {
			x.Put(again)
			start := time.Now()
			if res, err = x.Search(ctx, sq); err != nil {
				return e, err
			}
			took = append(took, time.Since(start))
		}
		e.took = append(e.took, took.at(0.5))
		e.answers = append(e.answers, answerOf(res))
	}
	return e, nil
}

// firstOf is the first contract of the index: putting it in once more changes no answer.
func firstOf(o options) []view.Shown {
	var list []view.Shown
	for _, c := range made.New(o.seed, o.n).Contracts(1) {
		list = append(list, shown(c))
	}
	return list
}

func answerOf(res search.Result) answer {
	a := answer{lineOf("total", "", res.Total, false)}
	for _, c := range compared {
		for _, v := range res.Facets[c.facet] {
			a = append(a, lineOf(string(c.facet), v.Code, v.Count, c.top))
		}
	}
	slices.Sort(a)
	return a
}

// compare prints both engines' times and fails if an answer differs.
func compare(ours, other engine) error {
	var sumOurs, sumOther time.Duration
	fmt.Printf("\n%-28s %12s %12s %8s\n", "question", ours.name+" ms", other.name+" ms", "ratio")
	for i, q := range questions {
		if !slices.Equal(ours.answers[i], other.answers[i]) {
			return fmt.Errorf("%s: %s answers otherwise:\n%s", q.name, other.name, difference(ours.answers[i], other.answers[i]))
		}
		sumOurs, sumOther = sumOurs+ours.took[i], sumOther+other.took[i]
		fmt.Printf("%-28s %12.2f %12.2f %8.1f\n", q.name, ms(ours.took[i]), ms(other.took[i]), float64(other.took[i])/float64(ours.took[i]))
	}
	fmt.Printf("%-28s %12.2f %12.2f %8.1f\n", "all twenty", ms(sumOurs), ms(sumOther), float64(sumOther)/float64(sumOurs))
	fmt.Printf("all answers are equal; the throughput on these twenty is %.1f times that of %s\n", float64(sumOther)/float64(sumOurs), other.name)
	return nil
}

func difference(a, b answer) string {
	var out []string
	for _, line := range a {
		if !slices.Contains(b, line) {
			out = append(out, "ours only: "+line)
		}
	}
	for _, line := range b {
		if !slices.Contains(a, line) {
			out = append(out, "theirs only: "+line)
		}
	}
	return strings.Join(out[:min(len(out), 20)], "\n")
}
