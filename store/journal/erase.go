package journal

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"maillon/catalog/entry"
	"maillon/store"
)

// How many bodies one transaction erases. What is left is done by the next
// ones; until then a mark in "sweep" keeps readers off.
const sweepStep = 512

// queue marks what the redact entries from old to size erase. It runs in the
// transaction that publishes them. The first redaction of a target counts.
func (p part) queue(old, size uint64) error {
	sweep, erased := p.bucket("sweep"), p.bucket("erased")
	var marks []redact
	for k, v := range p.bucket("redacts").Ascend(indexKey(old)) {
		r := redact{binary.BigEndian.Uint64(k), binary.BigEndian.Uint64(v)}
		if r.by >= size {
			break
		}
		if r.target < r.by {
			marks = append(marks, r)
		}
	}
	for _, r := range marks {
		key := indexKey(r.target)
		if sweep.Get(key) != nil || erased.Get(key) != nil {
			continue
		}
		if err := sweep.Put(key, indexKey(r.by)); err != nil {
			return err
		}
	}
	return nil
}

// sweep erases up to sweepStep of the marked bodies, and says if it has done all.
func (p part) sweep() (done bool, err error) {
	var marks []redact
	for k, v := range p.bucket("sweep").Ascend(nil) {
		if len(marks) == sweepStep {
			break
		}
		marks = append(marks, redact{by: binary.BigEndian.Uint64(v), target: binary.BigEndian.Uint64(k)})
	}
	var bundle openBundle
	for len(marks) > 0 {
		first, run, err := p.run(marks[0].target)
		if err != nil {
			return false, err
		}
		n := 0
		for n < len(marks) && marks[n].target < first+uint64(len(run)) {
			if err := p.erase(&bundle, marks[n], &run[marks[n].target-first]); err != nil {
				return false, err
			}
			n++
		}
		if err := p.bucket("bodies").Put(indexKey(first), packRun(run)); err != nil {
			return false, err
		}
		marks = marks[n:]
	}
	done = true
	for range p.bucket("sweep").Ascend(nil) {
		done = false
		break
	}
	return done, nil
}

// erase does one redaction. Only what a put or a statement brought can be
// erased; a redaction of anything else has no effect.
func (p part) erase(bundle *openBundle, r redact, body *entry.Body) error {
	header, err := bundle.leaf(p, r.target)
	if err != nil {
		return err
	}
	h, err := entry.Entry{Header: header}.Parse()
	if err != nil {
		return damaged("header %d: %w", r.target, err)
	}
	if h.Op == entry.Put || h.Op == entry.Statement {
		*body = entry.Body{Flag: entry.Erased}
		if err := p.bucket("erased").Put(indexKey(r.target), indexKey(r.by)); err != nil {
			return err
		}
	}
	return p.bucket("sweep").Delete(indexKey(r.target))
}

// sweepAll does what is left of published redactions.
func (l *Log) sweepAll() error {
	left := false
	err := l.db.View(func(tx store.Tx) error {
		for range l.in(tx).bucket("sweep").Ascend(nil) {
			left = true
			break
		}
		return nil
	})
	for left && err == nil {
		err = l.db.Update(func(tx store.Tx) error {
			done, err := l.in(tx).sweep()
			left = !done
			return err
		})
	}
	if err != nil {
		return fmt.Errorf("erase redacted bodies: %w", err)
	}
	return nil
}

// hide blanks the bodies of a run that are marked but not erased yet.
func (p part) hide(first uint64, run []entry.Body) {
	for k := range p.bucket("sweep").Ascend(indexKey(first)) {
		i := binary.BigEndian.Uint64(k)
		if i >= first+uint64(len(run)) {
			return
		}
		if run[i-first].Flag == entry.Present {
			run[i-first] = entry.Body{Flag: entry.Erased}
		}
	}
}

// Erased says which published entry redacted the body of entry i. It is not
// ok if none did, even if the body came erased from elsewhere.
func (l *Log) Erased(i uint64) (by uint64, ok bool, err error) {
	err = l.db.View(func(tx store.Tx) error {
		p := l.in(tx)
		if by, ok, err = getIndex(p.bucket("erased"), indexKey(i)); ok || err != nil {
			return err
		}
		by, ok, err = getIndex(p.bucket("sweep"), indexKey(i))
		return err
	})
	return by, ok, err
}

// run returns the run that holds the body of entry i.
func (p part) run(i uint64) (first uint64, run []entry.Body, err error) {
	first, data, err := p.packedRun(i)
	if err != nil {
		return 0, nil, err
	}
	if run, err = unpackRun(data); err != nil {
		return 0, nil, fmt.Errorf("bodies from %d: %w", first, err)
	}
	if i >= first+uint64(len(run)) {
		return 0, nil, damaged("the body of entry %d is missing", i)
	}
	return first, run, nil
}

func (p part) packedRun(i uint64) (first uint64, data []byte, err error) {
	for k, v := range p.bucket("bodies").Descend(indexKey(i)) {
		return binary.BigEndian.Uint64(k), v, nil
	}
	return 0, nil, damaged("the body of entry %d is missing", i)
}

// An openBundle reads single headers, and keeps the last bundle unpacked.
type openBundle struct {
	index  uint64
	leaves [][]byte
}

func (o *openBundle) leaf(p part, i uint64) ([]byte, error) {
	if v := p.bucket("tail").Get(indexKey(i)); v != nil {
		return bytes.Clone(v), nil
	}
	if o.leaves == nil || o.index != i/tileSize {
		data := p.bucket("bundles").Get(indexKey(i / tileSize))
		if data == nil {
			return nil, damaged("bundle %d is missing", i/tileSize)
		}
		leaves, err := unpackBundle(data)
		if err != nil {
			return nil, fmt.Errorf("bundle %d: %w", i/tileSize, err)
		}
		o.index, o.leaves = i/tileSize, leaves
	}
	return o.leaves[i%tileSize], nil
}
