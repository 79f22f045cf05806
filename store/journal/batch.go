package journal

import (
	"bytes"
	"fmt"

	"maillon/catalog/entry"
)

// A batch is what one transaction adds, prepared before the transaction
// begins: checking, hashing and compressing are most of the work.
type batch struct {
	first   uint64 // index of the first entry
	next    head   // after the last one
	bundles []block
	tiles   []tile
	runs    []block
	redacts []redact
	bare    uint64 // number of entries whose body came erased
}

type block struct {
	index uint64
	data  []byte
}

type tile struct {
	level  int
	index  uint64
	hashes []byte
}

type redact struct{ by, target uint64 }

// prepare checks entries and computes all that h grows by.
func prepare(h *head, entries []entry.Entry) (*batch, error) {
	next, err := h.clone()
	if err != nil {
		return nil, err
	}
	b := &batch{first: h.size, next: next}
	var run runBuilder
	for _, e := range entries {
		i := b.next.size
		hdr, err := e.Check()
		if err != nil {
			return nil, fmt.Errorf("entry %d: %w", i, err)
		}
		if hdr.Op == entry.Redact {
			b.redacts = append(b.redacts, redact{i, *hdr.Target})
		}
		body := entry.BodyOf(e, hdr)
		if body.Flag == entry.Erased {
			b.bare++
		}
		b.runs = run.add(b.runs, i, body)
		if err := b.grow(e.Header); err != nil {
			return nil, fmt.Errorf("entry %d: %w", i, err)
		}
	}
	b.runs = run.end(b.runs)
	return b, nil
}

func (b *batch) grow(header []byte) error {
	b.next.tail = append(b.next.tail, bytes.Clone(header))
	err := b.next.grow(header, func(level int, index uint64, hashes []byte) {
		b.tiles = append(b.tiles, tile{level, index, hashes})
	})
	if err != nil || len(b.next.tail) < tileSize {
		return err
	}
	data, err := packBundle(b.next.tail)
	b.bundles = append(b.bundles, block{b.next.size/tileSize - 1, data})
	b.next.tail = nil
	return err
}

// A runBuilder cuts the bodies of a batch into runs.
type runBuilder struct {
	first uint64
	n     int
	raw   []byte
}

func (r *runBuilder) add(runs []block, i uint64, body entry.Body) []block {
	full := r.n == runEntries || i%tileSize == 0 || len(r.raw)+len(body.Bytes) > runBytes
	if full {
		runs = r.end(runs)
	}
	if r.n == 0 {
		r.first = i
	}
	r.n++
	r.raw = entry.AppendBody(r.raw, body)
	return runs
}

func (r *runBuilder) end(runs []block) []block {
	if r.n == 0 {
		return runs
	}
	runs = append(runs, block{r.first, pack(r.raw)})
	*r = runBuilder{raw: r.raw[:0]}
	return runs
}

// apply writes the batch. The store must be as it was when b was prepared.
func (b *batch) apply(p part) error {
	switch have, err := p.size(); {
	case err != nil:
		return err
	case have != b.first:
		return fmt.Errorf("append at %d to a journal that has %d entries: something else has written to it", b.first, have)
	}
	for _, write := range []func(part) error{b.putHeaders, b.putTiles, b.putBodies} {
		if err := write(p); err != nil {
			return err
		}
	}
	return p.bucket("meta").Put(sizeKey, indexKey(b.next.size))
}

func (b *batch) putHeaders(p part) error {
	bundles, tail := p.bucket("bundles"), p.bucket("tail")
	for _, blk := range b.bundles {
		if err := bundles.Put(indexKey(blk.index), blk.data); err != nil {
			return err
		}
	}
	if len(b.bundles) > 0 {
		if err := deleteFrom(tail, nil, nil); err != nil {
			return err
		}
	}
	start := b.next.size / tileSize * tileSize
	for i := max(b.first, start); i < b.next.size; i++ {
		if err := tail.Put(indexKey(i), b.next.tail[i-start]); err != nil {
			return err
		}
	}
	return nil
}

func (b *batch) putTiles(p part) error {
	tiles, edge := p.bucket("tiles"), p.bucket("edge")
	for _, t := range b.tiles {
		if err := tiles.Put(tileKey(t.level, t.index), t.hashes); err != nil {
			return err
		}
		if err := edge.Delete(tileKey(t.level, t.index)); err != nil {
			return err
		}
	}
	for level, hashes := range b.next.edges {
		units := b.next.size >> (8 * level)
		if len(hashes) == 0 || units == b.first>>(8*level) {
			continue
		}
		if err := edge.Put(tileKey(level, units/tileSize), hashes); err != nil {
			return err
		}
	}
	return nil
}

func (b *batch) putBodies(p part) error {
	bodies, redacts := p.bucket("bodies"), p.bucket("redacts")
	for _, r := range b.runs {
		if err := bodies.Put(indexKey(r.index), r.data); err != nil {
			return err
		}
	}
	for _, r := range b.redacts {
		if err := redacts.Put(indexKey(r.by), indexKey(r.target)); err != nil {
			return err
		}
	}
	return nil
}
