package view

import (
	"context"
	"fmt"

	"maillon/store/journal"
)

// takeBatch bounds how many entries one transaction takes in.
const takeBatch = 2000

// CatchUp applies what is published of a journal and was not taken in yet. It
// reports whether there was any. Like [Views.Apply] it is for one goroutine at
// a time.
func (v *Views) CatchUp(ctx context.Context, j Journal, log *journal.Log) (moved bool, err error) {
	from, err := v.Cursor(j)
	if err != nil {
		return false, err
	}
	size := log.Size()
	items := make([]Item, 0, min(takeBatch, size-min(size, from)))
	flush := func() error {
		if len(items) == 0 {
			return nil
		}
		if err := v.Apply(ctx, j, items); err != nil {
			return fmt.Errorf("views of %s from %d: %w", j.Node, items[0].Index, err)
		}
		items = items[:0]
		return nil
	}
	index := from
	for e, err := range log.Entries(ctx, from, size) {
		if err != nil {
			return index > from, fmt.Errorf("read journal of %s: %w", j.Node, err)
		}
		items = append(items, Item{Index: index, Entry: e})
		index++
		if len(items) == takeBatch {
			if err := flush(); err != nil {
				return true, err
			}
		}
	}
	return index > from, flush()
}
