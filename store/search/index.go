package search

import (
	"context"
	"errors"
	"iter"
	"sync"

	"maillon/store/view"
)

// ErrLoading: the index is not made yet. It is soon.
var ErrLoading = errors.New("the index is being made")

// An Index answers queries over the contracts that the views of a node show. Any number
// of goroutines may ask while one brings it up to date.
type Index struct {
	mu    sync.RWMutex
	core  *core
	ready bool
}

// New is an index of nothing. It answers [ErrLoading] until [Index.Fill] has gone
// through the views once.
func New() *Index { return &Index{core: newCore()} }

// Ready reports whether the index has all that the views had when it was made.
func (x *Index) Ready() bool {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.ready
}

// Len counts the contracts.
func (x *Index) Len() int {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.core.liveRows
}

// putRun is how many contracts are put under one lock: a query waits no longer than
// that takes, about a millisecond.
const putRun = 64

// Put adds contracts, or puts them in the place of what stood at their addresses.
func (x *Index) Put(list []view.Shown) {
	for len(list) > 0 {
		n := min(putRun, len(list))
		x.mu.Lock()
		for i := range list[:n] {
			x.core.put(&list[i])
		}
		x.mu.Unlock()
		list = list[n:]
	}
}

// Remove takes the contracts at some addresses out.
func (x *Index) Remove(addresses ...string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, a := range addresses {
		x.core.remove(a)
	}
}

// Search answers a query: how many contracts it finds, a page of them, and the facets
// that it asks for.
func (x *Index) Search(ctx context.Context, q Query) (Result, error) {
	if err := ctx.Err(); err != nil {
		return Result{}, err
	}
	x.mu.RLock()
	defer x.mu.RUnlock()
	if !x.ready {
		return Result{}, ErrLoading
	}
	return x.core.search(&q)
}

// rowsRun is how many addresses are read under one lock.
const rowsRun = 1000

// Rows yields the addresses of all contracts that a query finds, in its order; limit
// and cursor do not count. What changes meanwhile may or may not be seen: an address
// can be there no more.
func (x *Index) Rows(ctx context.Context, q Query) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		x.mu.RLock()
		c, ready := x.core, x.ready
		var rows []uint32
		if ready {
			rows = c.sorted(&q)
		}
		x.mu.RUnlock()
		if !ready {
			yield("", ErrLoading)
			return
		}
		list := make([]string, 0, rowsRun)
		for len(rows) > 0 {
			if err := ctx.Err(); err != nil {
				yield("", err)
				return
			}
			n := min(rowsRun, len(rows))
			list = list[:0]
			x.mu.RLock()
			for _, r := range rows[:n] {
				list = append(list, c.address(r))
			}
			x.mu.RUnlock()
			rows = rows[n:]
			for _, a := range list {
				if !yield(a, nil) {
					return
				}
			}
		}
	}
}

// Group groups the contracts that a query finds by up to two dimensions and measures
// each group, amounts as they were published.
func (x *Index) Group(ctx context.Context, q Query, by []Dimension, measures []Measure) (Table, error) {
	return x.group(ctx, q, by, measures, false)
}

// Plausible is [Index.Group], but amounts from [Implausible] on count as not known in
// what adds amounts up: sum, mean, share and amount_rate. [Table.Excluded] says of how
// many contracts.
func (x *Index) Plausible(ctx context.Context, q Query, by []Dimension, measures []Measure) (Table, error) {
	return x.group(ctx, q, by, measures, true)
}

func (x *Index) group(ctx context.Context, q Query, by []Dimension, measures []Measure, plausible bool) (Table, error) {
	if err := ctx.Err(); err != nil {
		return Table{}, err
	}
	x.mu.RLock()
	defer x.mu.RUnlock()
	if !x.ready {
		return Table{}, ErrLoading
	}
	key := memoKey(&q, by, measures, plausible)
	if t, ok := x.core.tables.get(key); ok {
		return t, nil
	}
	t, err := x.core.group(&q, by, measures, plausible)
	if err == nil && len(t.Groups) <= mostKept {
		x.core.tables.keep(key, t)
	}
	return t, err
}

// Loaded says that the index has all there is, where [Index.Fill] did not make it.
func (x *Index) Loaded() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.ready = true
}
