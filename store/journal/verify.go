package journal

import (
	"bytes"
	"context"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"maillon/catalog/entry"
	"maillon/store"
)

// A Report is what [Verify] has found in a log that is as it should be.
type Report struct {
	Size   uint64   // entries
	Root   [32]byte // computed from the entries
	Bodies uint64   // bodies that are there and hash to what their header says
	Erased uint64   // bodies that were erased
	// Unexplained counts erased bodies that no entry of this log redacts:
	// they came erased from where the log was mirrored.
	Unexplained uint64
}

// A BadError says which entry is not what was signed.
type BadError struct {
	Index uint64 // of the first bad entry
	Err   error
}

func (e *BadError) Error() string { return fmt.Sprintf("entry %d: %v", e.Index, e.Err) }

// Unwrap makes the cause visible to errors.Is.
func (e *BadError) Unwrap() error { return e.Err }

// Verify reads the published log from its first entry, computes the tree
// anew, and compares with it the checkpoint, all tiles and all bodies. The
// error is a [*BadError] where one entry is to blame, and the report then
// tells how far all was well.
func Verify(ctx context.Context, l *Log) (Report, error) {
	v := verifier{l: l, s: l.pub.Load()}
	err := v.run(ctx)
	if err != nil {
		return v.report, fmt.Errorf("verify journal %s: %w", l.origin, err)
	}
	return v.report, nil
}

type verifier struct {
	l      *Log
	s      *state
	head   head
	report Report
}

func (v *verifier) run(ctx context.Context) (err error) {
	if v.s.checkpoint != nil {
		if _, err := parseCheckpoint(v.s.checkpoint, v.l.origin, v.l.key); err != nil {
			return err
		}
	}
	v.head = head{tree: rangeFactory().NewEmptyRange(0)}
	for v.head.size < v.s.size && err == nil {
		if err = ctx.Err(); err == nil {
			err = v.bundle(min(v.s.size, v.head.size+tileSize))
		}
	}
	v.report.Size = v.head.size
	if err != nil {
		return err
	}
	if err := v.edges(); err != nil {
		return err
	}
	r, err := v.head.root()
	if err != nil {
		return err
	}
	if r != v.s.root {
		return damaged("root of %d entries is %s, the checkpoint says %s", v.s.size, r, v.s.root)
	}
	v.report.Root = r
	return nil
}

// bundle verifies the entries up to end, which are all of one bundle.
func (v *verifier) bundle(end uint64) error {
	start := v.head.size
	var leaves [][]byte
	err := v.l.db.View(func(tx store.Tx) (err error) {
		p := v.l.in(tx)
		if leaves, err = p.leaves(start/tileSize, int(end-start)); err != nil {
			return &BadError{start, err}
		}
		return v.firstTile(p, leaves)
	})
	for i := start; i < end && err == nil; {
		i, err = v.bodies(i, leaves[i-start:])
	}
	if err != nil {
		return err
	}
	var full []tile
	for _, leaf := range leaves {
		err := v.head.grow(leaf, func(level int, index uint64, hashes []byte) {
			full = append(full, tile{level, index, hashes})
		})
		if err != nil {
			return err
		}
	}
	for _, t := range full {
		if err := v.compare(t); err != nil {
			return err
		}
	}
	return nil
}

// firstTile compares leaves with the tile above them, to name the bad one.
func (v *verifier) firstTile(p part, leaves [][]byte) error {
	start := v.head.size
	hashes, err := p.tileBytes(0, start/tileSize, len(leaves))
	if err != nil {
		return &BadError{start, err}
	}
	for i, leaf := range leaves {
		h := tlog.RecordHash(leaf)
		if !bytes.Equal(h[:], hashes[i*hashSize:(i+1)*hashSize]) {
			return &BadError{start + uint64(i), damaged("the header does not hash to what the tile says")}
		}
	}
	return nil
}

// bodies verifies the run of entry i, whose header is leaves[0], and returns
// the entry after it.
func (v *verifier) bodies(i uint64, leaves [][]byte) (next uint64, err error) {
	var first uint64
	var run []entry.Body
	redacted := map[uint64]bool{}
	err = v.l.db.View(func(tx store.Tx) error {
		p := v.l.in(tx)
		if first, run, err = p.run(i); err != nil {
			return &BadError{i, err}
		}
		p.hide(first, run)
		for k := range run {
			j := first + uint64(k)
			_, erased, err := getIndex(p.bucket("erased"), indexKey(j))
			_, marked, err2 := getIndex(p.bucket("sweep"), indexKey(j))
			if err != nil || err2 != nil {
				return damaged("marks of entry %d", j)
			}
			redacted[j] = erased || marked
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	for _, b := range run[i-first:] {
		if len(leaves) == 0 {
			break
		}
		if err := v.entry(leaves[0], b, redacted[i]); err != nil {
			return 0, &BadError{i, err}
		}
		i, leaves = i+1, leaves[1:]
	}
	return i, nil
}

func (v *verifier) entry(header []byte, b entry.Body, redacted bool) error {
	e := entry.Entry{Header: header, Salt: b.Salt, Body: b.Bytes}
	h, err := e.Check()
	switch {
	case err != nil:
		return damaged("%w", err)
	case entry.BodyOf(e, h).Flag != b.Flag:
		return damaged("its body is marked %d, its header says %d", b.Flag, entry.BodyOf(e, h).Flag)
	case redacted && b.Flag == entry.Present:
		return damaged("it was redacted, and its body is still there")
	case b.Flag == entry.Present:
		v.report.Bodies++
	case b.Flag == entry.Erased:
		v.report.Erased++
		if !redacted {
			v.report.Unexplained++
		}
	}
	return nil
}

// edges compares the partial tiles.
func (v *verifier) edges() error {
	for level, hashes := range v.head.edges {
		if len(hashes) == 0 {
			continue
		}
		if err := v.compare(tile{level, v.s.size >> (8 * level) / tileSize, hashes}); err != nil {
			return err
		}
	}
	return nil
}

func (v *verifier) compare(t tile) error {
	return v.l.db.View(func(tx store.Tx) error {
		have, err := v.l.in(tx).tileBytes(t.level, t.index, len(t.hashes)/hashSize)
		if err != nil {
			return err
		}
		if !bytes.Equal(have, t.hashes) {
			return damaged("tile %d of level %d is not that of the entries", t.index, t.level)
		}
		return nil
	})
}
