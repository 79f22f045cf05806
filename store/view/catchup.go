package view

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"

	"maillon/store"
	"maillon/store/journal"
)

// takeEntries and takeBytes bound what one transaction takes in: entries, and bytes
// of their bodies. The larger it is, the fewer pages of the file are written over and
// over; memory holds what two batches were made into (about 4 kB an entry), and hardly
// anything of what they were made of. A change comes alone or with few others: it does
// not wait.
const (
	takeEntries = 16 << 10
	takeBytes   = 24 << 20
)

// A Source is a journal from which the views are brought up to date.
type Source struct {
	Journal Journal
	Log     *journal.Log
}

// CatchUp applies what is published of journals, in their order, and was not taken in
// yet. It reports whether there was any. One batch is read and judged, on every core,
// while the one before is written. Like [Views.Apply] it is for one goroutine at a time.
func (v *Views) CatchUp(ctx context.Context, sources ...Source) (moved bool, err error) {
	return v.catchUp(ctx, takeEntries, sources)
}

// Ahead is how many entries are published of journals that were not taken in yet.
func (v *Views) Ahead(sources ...Source) (entries uint64, err error) {
	err = v.db.View(func(tx store.Tx) error {
		for _, s := range sources {
			at, err := cursor(tx, s.Journal)
			if err != nil {
				return err
			}
			if size := s.Log.Size(); size > at {
				entries += size - at
			}
		}
		return nil
	})
	return entries, err
}

// catchUp takes in at most so many entries in one transaction.
func (v *Views) catchUp(ctx context.Context, most int, sources []Source) (moved bool, err error) {
	rest := ctx
	g, ctx := errgroup.WithContext(ctx)
	batches := make(chan *Batch)
	g.Go(func() error {
		defer close(batches)
		r := reading{v: v, most: most, send: func(b *Batch) error {
			select {
			case batches <- b:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}}
		for _, s := range sources {
			if err := r.source(ctx, s); err != nil {
				return errors.Join(err, r.wait())
			}
		}
		return r.flush()
	})
	g.Go(func() error {
		for b := range batches {
			if err := v.Take(b); err != nil {
				return fmt.Errorf("views: %w", err)
			}
			moved = true
		}
		return nil
	})
	if err := g.Wait(); err != nil {
		return moved, err
	}
	settled, err := v.settle(rest)
	return moved || settled, err
}

// reading gathers entries of journals into batches, which are prepared as they grow.
type reading struct {
	v              *Views
	most           int // entries of a batch
	batch          *preparing
	entries, bytes int
	send           func(*Batch) error
}

// wait waits for what is being prepared.
func (r *reading) wait() error {
	if r.batch == nil {
		return nil
	}
	_, err := r.batch.wait()
	return err
}

func (r *reading) source(ctx context.Context, s Source) error {
	index, err := r.v.Cursor(s.Journal)
	if err != nil {
		return err
	}
	size := s.Log.Size()
	if index >= size {
		return nil
	}
	part := Part{Journal: s.Journal}
	give := func() {
		if r.batch == nil {
			r.batch = newPreparing(ctx)
		}
		r.batch.add(part)
		part.Items = nil // they are held on to until they are prepared
	}
	for e, err := range s.Log.Entries(ctx, index, size) {
		if err != nil {
			return fmt.Errorf("read journal of %s: %w", s.Journal.Node, err)
		}
		part.Items = append(part.Items, Item{Index: index, Entry: e})
		index++
		r.entries++
		r.bytes += len(e.Body)
		if full := r.entries >= r.most || r.bytes >= takeBytes; full || len(part.Items) == prepareRun {
			give()
			if !full {
				continue
			}
			if err := r.flush(); err != nil {
				return err
			}
		}
	}
	if len(part.Items) > 0 {
		give()
	}
	return nil
}

// flush sends the batch, if there is one.
func (r *reading) flush() error {
	if r.batch == nil {
		return nil
	}
	b, err := r.batch.wait()
	r.batch, r.entries, r.bytes = nil, 0, 0
	if err != nil {
		return fmt.Errorf("views: %w", err)
	}
	return r.send(b)
}
