package edition

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"runtime"

	"golang.org/x/sync/errgroup"

	"maillon/catalog/pivot/flat"
)

// groupContracts is how many contracts a group has at least, but for the last of a year.
const groupContracts = 1 << 15

// A Group is the row groups of Parquet of pieces of one year that stand together. What
// pieces have of their own is small, which suits the file of a département; in those of a
// year and of the whole, which have hundreds of pieces, a reader would find thousands of
// columns of a few kilobytes and a footer larger than some of them.
type Group struct {
	Year    string `json:"year"`
	Of      string `json:"of"` // sum of the names of its pieces
	File    string `json:"file"`
	Size    int64  `json:"size"`
	Columns Stream `json:"columns"`
	Meta    Stream `json:"meta"`
}

// groups divides the pieces that have rows, in their order: a function of their years and
// of how many contracts they have, so that a change in one piece rarely moves others.
func groups(pieces []Piece) (out [][]*Piece) {
	contracts := 0
	for i := range pieces {
		p := &pieces[i]
		n := p.Streams[columns].Records
		if n == 0 {
			continue
		}
		if last := len(out) - 1; last >= 0 && out[last][0].Year == p.Year && contracts < groupContracts {
			out[last] = append(out[last], p)
			contracts += n
			continue
		}
		out, contracts = append(out, []*Piece{p}), n
	}
	return out
}

// group makes the groups that the edition before does not have.
func (s *Store) group(ctx context.Context, e, before *Edition) error {
	old := map[string]*Group{}
	if before != nil && before.Layout == e.Layout {
		for i := range before.Groups {
			old[before.Groups[i].Of] = &before.Groups[i]
		}
	}
	wanted := groups(e.Pieces)
	e.Groups = make([]Group, len(wanted))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, pieces := range wanted {
		h := sha256.New()
		for _, p := range pieces {
			fmt.Fprintln(h, p.File)
		}
		to := &e.Groups[i]
		to.Year, to.Of = pieces[0].Year, hex.EncodeToString(h.Sum(nil)[:16])
		if len(pieces) == 1 { // it is one already
			p := pieces[0]
			to.File, to.Size, to.Columns, to.Meta = p.File, p.Size, p.Streams[columns], p.Streams[columnsMeta]
			continue
		}
		if was := old[to.Of]; was != nil && s.look(was.File, was.Size) == nil {
			*to = *was
			continue
		}
		g.Go(func() error { return s.join(ctx, to, pieces) })
	}
	return g.Wait()
}

// join writes the rows of pieces again, as one group. It holds one piece and the columns
// of the group.
func (s *Store) join(ctx context.Context, to *Group, pieces []*Piece) error {
	w := flat.NewPieceWriter()
	for _, p := range pieces {
		if err := ctx.Err(); err != nil {
			return err
		}
		data, err := s.plainBytes(p.File, &p.Streams[columns])
		if err != nil {
			return err
		}
		meta, err := s.plainBytes(p.File, &p.Streams[columnsMeta])
		if err != nil {
			return err
		}
		if err := w.Join(data, meta); err != nil {
			return fmt.Errorf("piece %s of an edition: %w", p.File, err)
		}
		to.Columns.Records += p.Streams[columns].Records
	}
	data, meta := w.Close()
	to.Columns.Packed, to.Columns.Plain = int64(len(data)), int64(len(data))
	to.Meta = Stream{At: int64(len(data)), Packed: int64(len(meta)), Plain: int64(len(meta))}
	raw := append(bytes.Clone(data), meta...)
	to.File, to.Size = nameOf(raw), int64(len(raw))
	return s.keepBytes(to.File, raw)
}
