package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"maillon/bench/query/made"
	"maillon/catalog/entry"
	"maillon/catalog/pivot"
	"maillon/store/bolt"
	"maillon/store/search"
	"maillon/store/view"
)

// measureViews makes views of some contracts, an index from them, and reads contracts
// as their pages do.
func measureViews(ctx context.Context, o options) (err error) {
	n := min(o.views, o.n)
	db, err := bolt.Open(filepath.Join(o.dir, "views.db"), bolt.Options{Churn: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	node := made.SIRET("213502388", 1)
	v, err := view.Open(db, node)
	if err != nil {
		return err
	}
	if err := applyAll(ctx, v, node, n, o.seed); err != nil {
		return err
	}
	x := search.New()
	start, used := time.Now(), cpu()
	if _, err := x.Fill(ctx, v); err != nil {
		return err
	}
	fmt.Printf("index of %d contracts from the views: %.0f contracts/s (%.0f/s for each two seconds of processor)\n", x.Len(),
		float64(n)/time.Since(start).Seconds(), 2*float64(n)/(cpu()-used).Seconds())
	return readPages(ctx, v, x, o)
}

func applyAll(ctx context.Context, v *view.Views, node string, n int, seed uint64) error {
	var items []view.Item
	at := time.Date(2026, 4, 1, 8, 0, 0, 0, time.UTC)
	flush := func() error {
		err := v.Apply(ctx, view.Journal{Node: node}, items)
		items = nil
		return err
	}
	for i, c := range made.New(seed, n).Contracts(n) {
		var b bytes.Buffer
		if err := pivot.WriteJSON(&b, pivot.Gen2, func(yield func(pivot.Contract) bool) { yield(c) }); err != nil {
			return err
		}
		for item, err := range pivot.NewReader(&b, pivot.Limits{}).Items() {
			if err != nil {
				return err
			}
			e, err := entry.NewPut(zeros{}, item.Record, entry.Source{Deposit: "bench", Series: "bench", Pointer: item.Record.Pointer, Form: item.Record.Form}, at)
			if err != nil {
				return err
			}
			items = append(items, view.Item{Index: uint64(i), Entry: e})
		}
		if len(items) == 20_000 {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

// zeros is salt that does not vary.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// readPages reads contracts, with their versions and lots.
func readPages(ctx context.Context, v *view.Views, x *search.Index, o options) error {
	var took timings
	end := time.Now().Add(o.each)
	for address, err := range x.Rows(ctx, search.Query{Sort: search.Largest}) {
		if err != nil {
			return err
		}
		if time.Now().After(end) {
			break
		}
		buyer, slug, _ := bytes.Cut([]byte(address), []byte("/"))
		start := time.Now()
		if _, err := v.Contract(string(buyer), string(slug)); err != nil {
			return err
		}
		took = append(took, time.Since(start))
	}
	fmt.Printf("contract pages, what they read: p50 %.2f ms, p99 %.2f ms (of %d)\n", ms(took.at(0.5)), ms(took.at(0.99)), len(took))
	return nil
}
