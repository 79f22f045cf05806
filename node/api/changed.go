package api

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"sync"

	"maillon/node/alerts"
	"maillon/store/search"
	"maillon/store/view"
)

// Changed implements [alerts.Search]: of what has changed since a place in the diary,
// the contracts that a search finds. They are put into an index of their own, so that
// a search finds there just what it finds on its page.
func (s *Server) Changed(ctx context.Context, after alerts.Place, filters url.Values, limit int) (alerts.Found, error) {
	q, err := queryOf(filters, "lang")
	if err != nil {
		return alerts.Found{}, err
	}
	id, last, err := s.Views.Diary()
	if err != nil || after.Diary != id {
		return alerts.Found{Next: alerts.Place{Diary: id, Seq: last}}, err
	}
	w, err := s.stretch(ctx, id, after.Seq, limit)
	if err != nil {
		return alerts.Found{}, err
	}
	rows, err := w.find(ctx, s.Views, q.Filter())
	return alerts.Found{Rows: rows, Next: alerts.Place{Diary: id, Seq: w.last}, More: w.more}, err
}

// A stretch is a part of the diary with an index over what changed in it.
type stretch struct {
	changes []view.Change // of contracts that there are, in their order
	index   *search.Index
	last    uint64
	more    bool
}

// stretches are those read last: many follow different searches over the same news.
type stretches struct {
	mu   sync.Mutex
	list []keptStretch
}

type keptStretch struct {
	key string
	of  *stretch
}

const mostStretches = 4

// stretch reads a part of the diary. One at the diary's end is read anew each time.
func (s *Server) stretch(ctx context.Context, diary string, after uint64, limit int) (*stretch, error) {
	key := fmt.Sprint(diary, after, limit, s.Views.Revision())
	c := &s.stretches
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, kept := range c.list {
		if kept.key == key {
			return kept.of, nil
		}
	}
	page, err := s.Views.Changes(ctx, view.ChangeQuery{After: after, Limit: limit})
	if err != nil {
		return nil, err
	}
	w := &stretch{last: page.Last, more: page.More}
	if w.changes, w.index, err = s.indexed(ctx, page.Items); err != nil {
		return nil, err
	}
	if c.list = append(c.list, keptStretch{key, w}); len(c.list) > mostStretches {
		c.list = slices.Delete(c.list, 0, 1)
	}
	return w, nil
}

// indexed makes an index of the contracts of changes, and leaves out those that are gone.
func (s *Server) indexed(ctx context.Context, changes []view.Change) ([]view.Change, *search.Index, error) {
	changes = slices.DeleteFunc(changes, func(c view.Change) bool { return c.What == view.Gone })
	x := search.New()
	x.Loaded()
	if len(changes) == 0 {
		return nil, x, nil
	}
	addresses := make([]string, len(changes))
	for i, c := range changes {
		addresses[i] = c.Address
	}
	return changes, x, x.Update(ctx, s.Views, addresses)
}

// find gives the contracts that a search finds, in the order of their changes.
func (w *stretch) find(ctx context.Context, v *view.Views, q search.Query) ([]view.Row, error) {
	if len(w.changes) == 0 {
		return nil, nil
	}
	found := map[string]bool{}
	for address, err := range w.index.Rows(ctx, q) {
		if err != nil {
			return nil, err
		}
		found[address] = true
	}
	var changes []view.Change
	for _, c := range w.changes {
		if found[c.Address] {
			changes = append(changes, c)
		}
	}
	if len(changes) == 0 {
		return nil, nil
	}
	told, err := v.Tell(ctx, changes, false)
	if err != nil {
		return nil, err
	}
	var rows []view.Row
	for i := range told {
		if told[i].Row.Address != "" {
			rows = append(rows, told[i].Row)
		}
	}
	return rows, nil
}
