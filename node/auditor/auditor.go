// Package auditor makes the audits of a node's territory: it measures the
// views' contracts, joins them with the nodes and catalogues known, and keeps
// what it has measured.
//
// A partition (one buyer's contracts of one year) is measured once for each of
// its revisions. An audit is made in the background, one at a time, only when
// somebody asks; while nothing changes the same one is given, and on a busy node
// a new one no more often than a small share of the time that it takes.
//
// What an audit says is decided in catalog/audit.
package auditor

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"sync"
	"time"

	"maillon/catalog/audit"
	"maillon/store"
	"maillon/store/view"
)

// ErrMaking: the audit is being made and takes longer than whoever asked waits.
var ErrMaking = errors.New("the audit is being made; ask again in a moment")

// Bounds.
const (
	patience  = 8 * time.Second // how long a question waits
	idleShare = 5               // at most about one part in this many of the time goes into audits
	mostParts = 400_000         // partitions whose measures are kept, about 800 bytes each; with more all are measured each time
)

// An Auditor audits over views. It is safe for concurrent use.
type Auditor struct {
	views *view.Views
	ctx   context.Context
	stop  context.CancelFunc
	busy  sync.WaitGroup

	mu     sync.Mutex
	closed bool
	last   made
	flight *flight // nil if none is under way

	// Used by the flight only.
	parts      map[partKey]part
	harvesters map[string]bool // nodes that harvest
}

// A made is a report, what it was made of, and what that took.
type made struct {
	report *audit.Report
	of     stamp
	at     time.Time
	took   time.Duration
}

// A stamp changes with anything that a report tells.
type stamp struct {
	views, datasets, others uint64
	day                     string
}

// New returns an auditor, to be closed before the views' store is.
func New(views *view.Views) *Auditor {
	ctx, stop := context.WithCancel(context.Background())
	return &Auditor{views: views, ctx: ctx, stop: stop, parts: map[partKey]part{}}
}

// Close stops what is being made and waits for it.
func (a *Auditor) Close() error {
	a.mu.Lock()
	a.closed = true
	a.mu.Unlock()
	a.stop()
	a.busy.Wait()
	return nil
}

// Report gives the audit of the facts in: territory, nodes and time. Buyers and
// foreign catalogues are those of the views; failing says by the address of a
// catalogue why its last visit failed. It gives [ErrMaking] when the report is
// not ready soon.
func (a *Auditor) Report(ctx context.Context, in audit.Input, failing map[string]string) (*audit.Report, error) {
	now := stamp{a.views.Revision(), a.views.DatasetsRevision(), sumOf(in, failing), in.Now.UTC().Format(time.DateOnly)}
	a.mu.Lock()
	last, closed := a.last, a.closed
	if closed {
		a.mu.Unlock()
		return nil, ErrMaking
	}
	if last.report != nil && (last.of == now || time.Since(last.at) < last.took*idleShare) {
		a.mu.Unlock()
		return last.report, nil
	}
	f := a.flight
	if f == nil {
		f = &flight{done: make(chan struct{})}
		a.flight = f
		a.busy.Go(func() { a.fly(f, in, failing, now) })
	}
	a.mu.Unlock()
	select {
	case <-f.done:
		return f.report, f.err
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(patience):
		return nil, ErrMaking
	}
}

// A flight is a report that is being made; it goes on when nobody waits any more.
type flight struct {
	done   chan struct{}
	report *audit.Report
	err    error
}

func (a *Auditor) fly(f *flight, in audit.Input, failing map[string]string, of stamp) {
	start := time.Now()
	f.report, f.err = a.make(in, failing)
	if errors.Is(f.err, store.ErrNotFound) || errors.Is(f.err, context.Canceled) {
		f.err = ErrMaking // the views are being made anew, or the node stops
	}
	a.mu.Lock()
	if f.err == nil {
		a.last = made{f.report, of, time.Now(), time.Since(start)}
	}
	a.flight = nil
	a.mu.Unlock()
	close(f.done)
}

// sumOf is a sum of what a report tells of nodes. When a node was last seen is
// left out: it changes all the time.
func sumOf(in audit.Input, failing map[string]string) uint64 {
	sum := fnv.New64a()
	_, _ = fmt.Fprintf(sum, "%s %s\n", in.Territory, in.Self)
	for _, n := range in.Nodes {
		n.Seen = time.Time{}
		_, _ = fmt.Fprintf(sum, "%+v\n", n)
	}
	for _, u := range in.Reports {
		_, _ = fmt.Fprintf(sum, "%+v\n", u)
	}
	for _, source := range slices.Sorted(maps.Keys(failing)) {
		_, _ = fmt.Fprintf(sum, "%q %q\n", source, failing[source])
	}
	return sum.Sum64()
}
