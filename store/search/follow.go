package search

import (
	"context"
	"errors"
	"io/fs"
	"sync/atomic"
	"time"

	"maillon/store/view"
)

// A Follower keeps an index at what the views show, and its snapshot on disk.
type Follower struct {
	Index *Index
	Views *view.Views
	File  string // of the snapshot; "" for none
	// Save is how long after a change the snapshot is written at the earliest; 0 is
	// ten minutes.
	Save time.Duration
	// Register is where suppliers and buyers sit, and a number that changes whenever
	// that does; nil if nobody knows.
	Register func() (Register, uint64)
	// Later reports whether the views change so much just now that the index had better
	// follow when that is over, with less work; nil is never.
	Later func() bool
	// Note is told what is worth a line in a log: what was done, of how many contracts,
	// in what time.
	Note func(what string, contracts int, took time.Duration, err error)

	made    Made
	dirty   bool
	saved   time.Time
	seen    atomic.Uint64
	sited   *uint64 // of the register that the index knows
	checked uint64  // the place at which it was last found to lack something
}

// updateRun is how many changes are read in one go.
const updateRun = 2000

// Run loads the snapshot, brings the index to what the views show, and keeps it there
// until ctx ends; then it saves. What the views cannot tell, as while they are made
// again, is asked again when they change: an index that is late is no reason to stop.
func (f *Follower) Run(ctx context.Context) error {
	f.site()
	f.load()
	tick := time.NewTicker(30 * time.Second)
	defer tick.Stop()
	for {
		news, again := f.Views.News(), (<-chan time.Time)(nil)
		var err error
		if !f.Index.Ready() || !f.later() {
			f.site()
			err = f.step(ctx)
		}
		if f.later() {
			news, again = nil, time.After(laterLook)
		}
		switch {
		case ctx.Err() != nil:
			f.save(true)
			return nil
		case err != nil && !errors.Is(err, view.ErrBehind):
			f.note("index not brought up", f.Index.Len(), time.Now(), err)
			news = nil // what is broken is not tried at every change
		}
		f.save(false)
		select {
		case <-ctx.Done():
		case <-news:
		case <-again:
		case <-tick.C:
		}
	}
}

// laterLook is how often it is looked whether later has come.
const laterLook = 500 * time.Millisecond

func (f *Follower) later() bool { return f.Later != nil && f.Later() }

// Once brings the index to what the views show now, for who does not Run it. It writes no
// snapshot.
func (f *Follower) Once(ctx context.Context) error {
	f.site()
	f.load()
	return f.step(ctx)
}

// Behind is how many places of the views' diary the index has not seen yet.
func (f *Follower) Behind() uint64 {
	_, last, err := f.Views.Diary()
	if seen := f.seen.Load(); err == nil && last > seen {
		return last - seen
	}
	return 0
}

// step brings the index to the views' last change. After another diary, other rules or
// a gap it looks through all contracts.
func (f *Follower) step(ctx context.Context) error {
	id, last, err := f.Views.Diary()
	if err != nil {
		return err
	}
	if !f.Index.Ready() || f.made.Diary != id || f.made.Rules != view.RulesVersion() || f.made.Seq > last {
		return f.fill(ctx, Made{view.RulesVersion(), id, last})
	}
	for {
		changes, err := f.Views.ChangesAfter(ctx, f.made.Seq, updateRun)
		if err != nil {
			return err
		}
		if len(changes) == 0 {
			return f.check(ctx)
		}
		addresses := make([]string, len(changes))
		for i, c := range changes {
			addresses[i] = c.Address
		}
		if err := f.Index.Update(ctx, f.Views, addresses); err != nil {
			return err
		}
		f.reach(changes[len(changes)-1].Seq)
		f.dirty = true
		f.compact()
		if f.later() {
			return nil
		}
	}
}

// site makes the index know the register again if that has changed.
func (f *Follower) site() {
	if f.Register == nil {
		return
	}
	r, revision := f.Register()
	if f.sited != nil && *f.sited == revision {
		return
	}
	start := time.Now()
	f.Index.Site(r)
	f.sited = &revision
	f.note("places of suppliers", f.Index.Len(), start, nil)
}

// check looks whether the index has as many contracts as the views, once it has seen
// all changes, and looks through all of them if not: views that were made again while
// it did so before may have looked as if they had fewer.
func (f *Follower) check(ctx context.Context) error {
	totals, err := f.Views.Totals()
	if err != nil {
		return err
	}
	id, last, err := f.Views.Diary()
	if err != nil || last != f.made.Seq || totals.Contracts == f.Index.Len() || f.checked == last+1 {
		return err
	}
	f.checked = last + 1
	return f.fill(ctx, Made{view.RulesVersion(), id, last})
}

func (f *Follower) reach(seq uint64) {
	f.made.Seq = seq
	f.seen.Store(seq)
}

// fill looks through all contracts. What changes meanwhile is after the place from
// which the diary is then read on.
func (f *Follower) fill(ctx context.Context, made Made) error {
	if _, err := f.Views.ChangesAfter(ctx, made.Seq, 1); err != nil {
		return err // the views are being made again: they would look empty
	}
	start := time.Now()
	n, err := f.Index.Fill(ctx, f.Views)
	f.note("index made", n, start, err)
	if err != nil {
		return err
	}
	f.made, f.dirty = made, f.dirty || n > 0
	f.reach(made.Seq)
	return nil
}

func (f *Follower) note(what string, n int, start time.Time, err error) {
	if f.Note != nil {
		f.Note(what, n, time.Since(start), err)
	}
}

// load takes the snapshot if there is one that fits: what is wrong with it costs time
// and nothing else.
func (f *Follower) load() {
	if f.File == "" || f.Index.Ready() {
		return
	}
	start := time.Now()
	made, err := f.Index.Load(f.File)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	f.note("index loaded", f.Index.Len(), start, err)
	if err == nil {
		f.made, f.saved = made, time.Now()
		f.reach(made.Seq)
	}
}

// save writes the snapshot if it is due, or now.
func (f *Follower) save(now bool) {
	every := f.Save
	if every == 0 {
		every = 10 * time.Minute
	}
	if f.File == "" || !f.dirty || !f.Index.Ready() || !now && time.Since(f.saved) < every {
		return
	}
	start := time.Now()
	err := f.Index.Save(f.File, f.made)
	f.note("index saved", f.Index.Len(), start, err)
	f.dirty, f.saved = err != nil, time.Now()
}

// compact makes the index anew without its dead rows when there are many.
func (f *Follower) compact() {
	start := time.Now()
	if n, err := f.Index.Compact(f.File, f.made); n > 0 || err != nil {
		f.note("index compacted", n, start, err)
	}
}
