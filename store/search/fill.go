package search

import (
	"context"
	"hash/maphash"

	"maillon/store/view"
)

// fillRun is how many contracts are read from the views in one go.
const fillRun = 4096

// Fill brings the index to what the views show: it compares the content of every
// contract with what it has, reads those that differ, and drops those that are gone.
// It is for one goroutine at a time. It reports how many contracts it changed.
func (x *Index) Fill(ctx context.Context, v *view.Views) (changed int, err error) {
	seen := map[uint64]bool{}
	var wanted []string
	flush := func() error {
		list, err := v.ShownAt(ctx, wanted)
		if err != nil {
			return err
		}
		x.Put(list)
		changed, wanted = changed+len(list), wanted[:0]
		return nil
	}
	for list, err := range v.Listing(ctx) {
		if err != nil {
			return changed, err
		}
		for _, l := range list {
			h, same := x.has(l)
			seen[h] = true
			if !same {
				wanted = append(wanted, l.Address)
			}
			if len(wanted) == fillRun {
				if err := flush(); err != nil {
					return changed, err
				}
			}
		}
	}
	if err := flush(); err != nil {
		return changed, err
	}
	changed += x.dropUnseen(seen)
	x.mu.Lock()
	x.ready = true
	x.mu.Unlock()
	return changed, nil
}

// has reports whether the index has a contract with that content.
func (x *Index) has(l view.Listed) (hash uint64, same bool) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	hash = maphash.String(x.core.seed, l.Address)
	row, ok := x.core.at[hash]
	return hash, ok && x.core.content[row] == l.Content
}

// dropUnseen takes out what the views have no more.
func (x *Index) dropUnseen(seen map[uint64]bool) (dropped int) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for h, row := range x.core.at {
		if !seen[h] {
			x.core.kill(row)
			delete(x.core.at, h)
			dropped++
		}
	}
	return dropped
}

// Update reads the contracts at some addresses again: those that the views have no
// more are dropped.
func (x *Index) Update(ctx context.Context, v *view.Views, addresses []string) error {
	list, err := v.ShownAt(ctx, addresses)
	if err != nil {
		return err
	}
	there := make(map[string]bool, len(list))
	for _, s := range list {
		there[s.Address] = true
	}
	x.Put(list)
	for _, a := range addresses {
		if !there[a] {
			x.Remove(a)
		}
	}
	return nil
}
