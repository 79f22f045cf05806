package journal

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"sync"
	"weak"

	"maillon/catalog/entry"
	"maillon/store"
)

// Entry returns the published entry i, or an error that is
// [store.ErrNotFound]. An erased body is nil. The bytes belong to the caller.
func (l *Log) Entry(i uint64) (entry.Entry, error) {
	size := l.Size()
	if i >= size {
		return entry.Entry{}, fmt.Errorf("entry %d of journal %s, which has %d: %w", i, l.origin, size, store.ErrNotFound)
	}
	var e entry.Entry
	err := l.db.View(func(tx store.Tx) (err error) {
		p := l.in(tx)
		if e.Header, err = l.header(p, i, size); err != nil {
			return err
		}
		first, run, err := p.run(i)
		if err != nil {
			return err
		}
		p.hide(first, run)
		e.Salt, e.Body = bytes.Clone(run[i-first].Salt), bytes.Clone(run[i-first].Bytes)
		return nil
	})
	if err != nil {
		return entry.Entry{}, fmt.Errorf("entry %d of journal %s: %w", i, l.origin, err)
	}
	return e, nil
}

func (l *Log) header(p part, i, size uint64) ([]byte, error) {
	bundle := i / tileSize
	if leaves := l.cache.get(bundle); leaves != nil {
		return bytes.Clone(leaves[i%tileSize]), nil
	}
	var o openBundle
	leaf, err := o.leaf(p, i)
	if err != nil {
		return nil, err
	}
	// A bundle that is not published whole could still be cut and made anew.
	if o.leaves != nil && (bundle+1)*tileSize <= size {
		l.cache.put(bundle, o.leaves)
	}
	return bytes.Clone(leaf), nil
}

// Entries yields the published entries from ≤ i < to in order. Between two
// yields no transaction is open and at most one bundle of headers and one run
// of bodies is in memory, which the yielded bytes share: they must not be
// changed, and keeping one keeps its neighbours. The first error ends the
// sequence.
func (l *Log) Entries(ctx context.Context, from, to uint64) iter.Seq2[entry.Entry, error] {
	return func(yield func(entry.Entry, error) bool) {
		fail := func(err error) {
			yield(entry.Entry{}, fmt.Errorf("entries %d to %d of journal %s: %w", from, to, l.origin, err))
		}
		if size := l.Size(); to > size {
			fail(fmt.Errorf("it has %d: %w", size, store.ErrNotFound))
			return
		}
		var leaves [][]byte
		for i := from; i < to; {
			if err := ctx.Err(); err != nil {
				fail(err)
				return
			}
			bundle := i / tileSize * tileSize
			end := min(to, bundle+tileSize)
			if i == from || i == bundle {
				leaves = nil
			}
			first, run, err := l.step(i, end, &leaves)
			if err != nil {
				fail(err)
				return
			}
			for ; i < min(end, first+uint64(len(run))); i++ {
				b := run[i-first]
				if !yield(entry.Entry{Header: leaves[i-bundle], Salt: b.Salt, Body: b.Bytes}, nil) {
					return
				}
			}
		}
	}
}

// step reads the run of entry i and, if *leaves is nil, the headers of its
// bundle up to end.
func (l *Log) step(i, end uint64, leaves *[][]byte) (first uint64, run []entry.Body, err error) {
	err = l.db.View(func(tx store.Tx) error {
		p := l.in(tx)
		if *leaves == nil {
			bundle := i / tileSize
			if *leaves, err = p.leaves(bundle, int(end-bundle*tileSize)); err != nil {
				return err
			}
		}
		if first, run, err = p.run(i); err != nil {
			return err
		}
		p.hide(first, run)
		return nil
	})
	return first, run, err
}

// leaves returns the first n headers of a bundle, stored whole or not.
func (p part) leaves(bundle uint64, n int) ([][]byte, error) {
	if n == 0 {
		return nil, nil
	}
	if data := p.bucket("bundles").Get(indexKey(bundle)); data != nil {
		leaves, err := unpackBundle(data)
		if err != nil {
			return nil, fmt.Errorf("bundle %d: %w", bundle, err)
		}
		return leaves[:n:n], nil
	}
	leaves := make([][]byte, 0, n)
	for k, v := range p.bucket("tail").Ascend(indexKey(bundle * tileSize)) {
		if len(leaves) == n {
			break
		}
		if !bytes.Equal(k, indexKey(bundle*tileSize+uint64(len(leaves)))) {
			break
		}
		leaves = append(leaves, bytes.Clone(v))
	}
	if len(leaves) < n {
		return nil, damaged("bundle %d has %d headers of %d", bundle, len(leaves), n)
	}
	return leaves, nil
}

// A cache keeps the headers of a few bundles as long as the garbage
// collector has no need of the memory: a hub has a thousand logs.
type cache struct {
	mu    sync.Mutex
	slots [4]struct {
		bundle uint64
		leaves weak.Pointer[[][]byte]
	}
	next int
}

func (c *cache) get(bundle uint64) [][]byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.slots {
		if s.bundle == bundle {
			if p := s.leaves.Value(); p != nil {
				return *p
			}
		}
	}
	return nil
}

func (c *cache) put(bundle uint64, leaves [][]byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := &c.slots[c.next]
	s.bundle, s.leaves = bundle, weak.Make(&leaves)
	c.next = (c.next + 1) % len(c.slots)
}
