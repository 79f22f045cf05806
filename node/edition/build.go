package edition

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"maillon/catalog/pivot/flat"
	"maillon/store/view"
)

// Refresh makes the edition of what the views hold now, if it differs from the newest.
// Only pieces whose contracts changed are written. What fails leaves the edition before,
// and nothing of its own on the disk; [Store.Trouble] tells of it until one is made.
func (s *Store) Refresh(ctx context.Context) (changed bool, err error) {
	s.work.Lock()
	defer s.work.Unlock()
	if changed, err = s.refresh(ctx); err != nil && ctx.Err() == nil {
		_ = s.sweep() // the next one tries again; room is what may be lacking
	}
	s.note(ctx, err)
	return changed, err
}

func (s *Store) refresh(ctx context.Context) (changed bool, err error) {
	if err := s.freeze(); err != nil {
		return false, err
	}
	before := s.Latest()
	wanted, err := s.wanted()
	if err != nil {
		return false, err
	}
	e := &Edition{Layout: layout, Rules: view.Rules()}
	written, err := s.pieces(ctx, e, before, wanted)
	if err != nil {
		return false, err
	}
	if before != nil && written == 0 && len(e.Pieces) == len(before.Pieces) {
		return false, nil
	}
	if err := s.group(ctx, e, before); err != nil {
		return false, err
	}
	if err := s.cuts(e); err != nil {
		return false, err
	}
	if err := s.sums(ctx, e, before); err != nil {
		return false, err
	}
	e.Made = s.Now().UTC().Truncate(time.Second)
	e.Day, e.Hash = e.Made.Format(time.DateOnly), e.hash()
	if err := s.keepEdition(latestName, e); err != nil {
		return false, err
	}
	s.mu.Lock()
	s.latest = e
	s.version++
	s.mu.Unlock()
	return true, s.sweep()
}

// hash is that of all content.
func (e *Edition) hash() string {
	h := sha256.New()
	for i := range e.Cuts {
		for _, f := range e.Cuts[i].Files {
			fmt.Fprintf(h, "%s %s %s\n", e.Cuts[i].Suffix(), f.Name, f.SHA256)
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

func (s *Store) wanted() ([]*plan, error) {
	parts, err := s.Views.Briefs()
	if err != nil {
		return nil, err
	}
	seat, err := s.seats(parts)
	if err != nil {
		return nil, err
	}
	return plans(parts, seat), nil
}

// pieces takes over the pieces that did not change and makes the others.
func (s *Store) pieces(ctx context.Context, e, before *Edition, wanted []*plan) (written int, err error) {
	old := map[Piece]*Piece{}
	if before != nil && before.Layout == e.Layout && before.Rules == e.Rules {
		for i := range before.Pieces {
			p := &before.Pieces[i]
			old[Piece{Year: p.Year, Departement: p.Departement, Part: p.Part, Parts: p.Parts}] = p
		}
	}
	work := make(chan *plan)
	g, ctx := errgroup.WithContext(ctx)
	for range runtime.GOMAXPROCS(0) {
		g.Go(func() error { return s.write(ctx, work) })
	}
	g.Go(func() error {
		defer close(work)
		for _, p := range wanted {
			if was := old[Piece{Year: p.Year, Departement: p.Departement, Part: p.Part, Parts: p.Parts}]; was != nil && p.same(was) {
				p.Piece = *was
				continue
			}
			written++
			select {
			case work <- p:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	if err := g.Wait(); err != nil {
		return 0, err
	}
	for _, p := range wanted {
		if p.Contracts > 0 {
			e.Pieces = append(e.Pieces, p.Piece)
		}
	}
	return written, nil
}

// write makes pieces until there are no more.
func (s *Store) write(ctx context.Context, work <-chan *plan) error {
	var enc *encoder
	for p := range work {
		if enc == nil { // it is large, and most refreshes need one
			var err error
			if enc, err = newEncoder(); err != nil {
				return err
			}
		}
		for _, part := range p.parts {
			for c, err := range s.Views.PartitionContracts(ctx, part.Buyer, part.Year) {
				if err == nil {
					err = enc.add(&c)
				}
				if err != nil {
					return fmt.Errorf("contracts of %s in %q: %w", part.Buyer, part.Year, err)
				}
			}
		}
		raw, err := enc.piece(&p.Piece)
		if err != nil {
			return err
		}
		if p.Contracts == 0 {
			continue
		}
		if err := s.keepBytes(p.File, raw); err != nil {
			return fmt.Errorf("write a piece of the edition: %w", err)
		}
	}
	return nil
}

// cuts lists the datasets and files that the pieces make together.
func (s *Store) cuts(e *Edition) error {
	e.Cuts = []Cut{{Kind: Whole}}
	for _, kind := range []string{ByYear, ByDepartement} {
		codes := map[string]bool{}
		for i := range e.Pieces {
			if kind == ByYear {
				codes[e.Pieces[i].Year] = true
			} else if d := e.Pieces[i].Departement; d != "" {
				codes[d] = true
			}
		}
		for code := range codes {
			e.Cuts = append(e.Cuts, Cut{Kind: kind, Code: code})
		}
	}
	slices.SortStableFunc(e.Cuts[1:], func(a, b Cut) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Code, b.Code)) })
	for i := range e.Cuts {
		if err := s.fill(e, &e.Cuts[i]); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) fill(e *Edition, c *Cut) error {
	records := [streams]int{}
	for i := range e.Pieces {
		p := &e.Pieces[i]
		if !c.has(p) {
			continue
		}
		c.add(p.Facts)
		for l := range p.Streams {
			records[l] += p.Streams[l].Records
		}
	}
	for _, f := range Formats {
		file := File{Name: f.Name}
		for _, l := range f.lists {
			file.Records += records[l]
		}
		if file.Records == 0 {
			continue
		}
		if f.lists[0] == columns {
			var err error
			if file.Tail, err = s.footer(e, c); err != nil {
				return err
			}
		}
		segments, err := s.segments(e, c, f, &file)
		if err != nil {
			return err
		}
		file.measure(segments)
		c.Files = append(c.Files, file)
	}
	return nil
}

// footer makes the end of a Parquet file from what its parts say of themselves.
func (s *Store) footer(e *Edition, c *Cut) (*Blob, error) {
	var all flat.Footer
	add := func(file string, meta *Stream) error {
		raw, err := s.plainBytes(file, meta)
		if err != nil {
			return err
		}
		return all.Add(raw)
	}
	if c.Kind == ByDepartement {
		for i := range e.Pieces {
			p := &e.Pieces[i]
			if p.Streams[columns].Packed == 0 || !c.has(p) {
				continue
			}
			if err := add(p.File, &p.Streams[columnsMeta]); err != nil {
				return nil, err
			}
		}
	} else {
		for i := range e.Groups {
			g := &e.Groups[i]
			if c.Kind == ByYear && c.Code != g.Year {
				continue
			}
			if err := add(g.File, &g.Meta); err != nil {
				return nil, err
			}
		}
	}
	raw, err := all.Bytes()
	if err != nil {
		return nil, err
	}
	name := nameOf(raw)
	return &Blob{name, int64(len(raw))}, s.keepBytes(name, raw)
}

// plainBytes reads a stream that is not compressed.
func (s *Store) plainBytes(file string, m *Stream) ([]byte, error) {
	var b bytes.Buffer
	err := s.copySegment(&b, &segment{file: file, at: m.At, packed: m.Packed, plain: m.Plain})
	return b.Bytes(), err
}
