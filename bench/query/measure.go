package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/url"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"maillon/store/search"
)

// timings are durations, sorted by end.
type timings []time.Duration

func (t timings) at(p float64) time.Duration {
	if len(t) == 0 {
		return 0
	}
	slices.Sort(t)
	return t[min(len(t)-1, int(p*float64(len(t))))]
}

func (t timings) sum() (s time.Duration) {
	for _, d := range t {
		s += d
	}
	return s
}

// mixed are searches as people make them: filters by one to three things, text in one
// of three, a page of 20 in one of the orders, all facets.
func mixed(r *rand.Rand) string {
	v := url.Values{"facets": {"all"}, "limit": {"20"}}
	parts := []func(){
		func() { v.Set("departement", fmt.Sprintf("%02d", 21+r.IntN(70))) },
		func() { v.Set("region", []string{"53", "84", "11", "75", "32"}[r.IntN(5)]) },
		func() { v.Set("cpv", []string{"45", "452", "71", "33", "9091", "79", "48"}[r.IntN(7)]) },
		func() { y := 2018 + r.IntN(8); v.Set("from", fmt.Sprintf("%d-01-01", y)) },
		func() { v.Set("amount_min", fmt.Sprint(1000*(1+r.IntN(200)))) },
		func() { v.Set("considerations", "sociale") },
		func() { v.Set("ends_from", "2026-01-01"); v.Set("ends_to", "2026-12-31") },
		func() { v.Set("procedure", "Procédure adaptée") },
		func() { v.Set("level", "commune") },
	}
	for range 1 + r.IntN(3) {
		parts[r.IntN(len(parts))]()
	}
	if r.IntN(3) == 0 {
		words := []string{"école", "médiathèque", "entretien espaces verts", "logiciel", "ascenseurs", "toiture", "travaux voirie", "nettoy", "fourniture", `"centre hospitalier"`}
		v.Set("q", words[r.IntN(len(words))])
	}
	v.Set("sort", []string{"date", "date", "amount", "relevance", "end"}[r.IntN(5)])
	return v.Encode()
}

func parse(raw string) (search.Query, error) {
	v, err := url.ParseQuery(raw)
	if err != nil {
		return search.Query{}, err
	}
	return search.ParseQuery(v)
}

// mostSearches is more than what is asked in a second, of all that ask.
const mostSearches = 6000

// measureSearches measures one after another, then on two goroutines.
func measureSearches(ctx context.Context, x *search.Index, o options) error {
	r := rand.New(rand.NewPCG(o.seed, 3))
	var list []search.Query // none is asked twice, but for those that chance makes alike
	for range int(mostSearches * o.each.Seconds()) {
		q, err := parse(mixed(r))
		if err != nil {
			return err
		}
		list = append(list, q)
	}
	var took, used timings
	slowest, slow := time.Duration(0), 0
	runtime.LockOSThread() // what the thread uses is told apart from waiting on a busy machine
	i, again := 0, firstOf(o)
	for end := time.Now().Add(o.each); time.Now().Before(end); i++ {
		x.Put(again) // what was counted before is counted again
		start, before := time.Now(), threadCPU()
		if _, err := x.Search(ctx, list[i%len(list)]); err != nil {
			return err
		}
		d := threadCPU() - before
		took, used = append(took, time.Since(start)), append(used, d)
		if d > slowest {
			slowest, slow = d, i%len(list)
		}
	}
	runtime.UnlockOSThread()
	fmt.Printf("filtered searches with all facets, each after a change: p50 %.2f ms, p99 %.2f ms; of processor p50 %.2f ms, p99 %.2f ms (of %d; the slowest, %.1f ms, is ?%s)\n",
		ms(took.at(0.5)), ms(took.at(0.99)), ms(used.at(0.5)), ms(used.at(0.99)), len(took), ms(slowest), list[slow].Values().Encode())
	one := used.sum() / time.Duration(len(used))
	fmt.Printf("that is %.2f ms of processor each, or %.0f/s for each two seconds of processor\n", ms(one), 2/one.Seconds())
	var done atomic.Int64
	var wait sync.WaitGroup
	start, before := time.Now(), cpu()
	for g := range 2 {
		wait.Go(func() {
			for i := i + g; time.Since(start) < o.each; i += 2 {
				if _, err := x.Search(ctx, list[i%len(list)]); err != nil {
					return
				}
				done.Add(1)
			}
		})
	}
	wait.Wait()
	wall, of := time.Since(start), cpu()-before
	fmt.Printf("searches on two goroutines, no contract changes: %.0f/s (%.0f/s for each two seconds of processor)\n", float64(done.Load())/wall.Seconds(), 2*float64(done.Load())/of.Seconds())
	return ctx.Err()
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
