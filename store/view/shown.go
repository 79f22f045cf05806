package view

import (
	"context"
	"errors"
	"iter"
	"runtime"

	"golang.org/x/sync/errgroup"

	"maillon/catalog/pivot"
	"maillon/store"
)

// A Shown is a contract as an index takes it: its row in lists, and what the record
// shown says. Content changes with anything that readers see of it.
type Shown struct {
	Row
	Contract pivot.Contract
	Content  uint64
}

// A Listed is the address of a contract and its content, see [Shown].
type Listed struct {
	Address string
	Content uint64
}

// RulesVersion is the version of the rules that views are made by: what is made of
// views by other rules is to be made again.
func RulesVersion() string { return rules }

// Listing yields every contract's address and content, in the order of their groups:
// by it an index finds what has changed, without reading any record. Each chunk has
// its own transaction.
func (v *Views) Listing(ctx context.Context) iter.Seq2[[]Listed, error] {
	return func(yield func([]Listed, error) bool) {
		var from []byte
		for {
			list, next, err := v.listing(from)
			if err = errors.Join(err, ctx.Err()); err != nil {
				yield(nil, err)
				return
			}
			if len(list) > 0 && !yield(list, nil) || next == nil {
				return
			}
			from = next
		}
	}
}

// listingChunk is how many contracts one transaction lists.
const listingChunk = 20_000

func (v *Views) listing(from []byte) (list []Listed, next []byte, err error) {
	err = v.db.View(func(tx store.Tx) error {
		for g, err := range groups(tx, "", from) {
			if err != nil {
				return err
			}
			if len(list) >= listingChunk {
				next = []byte(g.key)
				return nil
			}
			for i := range g.row.contracts {
				c := &g.row.contracts[i]
				list = append(list, Listed{c.address(g.buyer), c.content})
			}
		}
		return nil
	})
	return list, next, err
}

// ShownAt reads the contracts at some addresses, on every core. Those that are there
// no more are left out.
func (v *Views) ShownAt(ctx context.Context, addresses []string) ([]Shown, error) {
	found := make([]Shown, len(addresses))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for from := 0; from < len(addresses); from += shownRun {
		g.Go(func() error {
			to := min(from+shownRun, len(addresses))
			if err := v.readShown(addresses[from:to], found[from:to]); err != nil {
				return err
			}
			return ctx.Err()
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	out := found[:0]
	for _, s := range found {
		if s.Address != "" {
			out = append(out, s)
		}
	}
	return out, nil
}

// shownRun is how many contracts one goroutine reads in one go.
const shownRun = 256

func (v *Views) readShown(addresses []string, out []Shown) error {
	type found struct {
		buyer string
		c     groupContract
		r     *record
	}
	all := make([]found, len(addresses))
	err := v.db.View(func(tx store.Tx) error {
		for i, a := range addresses {
			buyer, c, err := contractAt(tx, a)
			if errors.Is(err, store.ErrNotFound) {
				continue
			}
			if err != nil {
				return err
			}
			r, err := getRecord(tx, c.shown())
			if err != nil {
				return err
			}
			all[i] = found{buyer, c, r}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for i := range all {
		f := &all[i]
		if f.r == nil {
			continue
		}
		t, err := f.r.read()
		if err != nil {
			return err
		}
		out[i] = Shown{Row: rowOf(f.buyer, &f.c, f.r, t.contract), Contract: t.contract, Content: f.c.content}
	}
	return nil
}
