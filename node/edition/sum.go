package edition

import (
	"context"
	"crypto/sha256"
	"encoding"
	"encoding/hex"
	"hash"
	"hash/crc32"
	"io"
	"runtime"

	"golang.org/x/sync/errgroup"
)

func (g *segment) sum() uint32 {
	if g.file == "" {
		return crc32.ChecksumIEEE([]byte(g.text))
	}
	return g.crc
}

// A summing is a file on its way to its SHA-256.
type summing struct {
	file     *File
	segments []segment
	next     int
	sha      hash.Hash
	chain    chain
	marks    bool
}

// sums gives every file of the edition its SHA-256. A format is read once for all of
// its files, and what the edition before had already is taken from there.
func (s *Store) sums(ctx context.Context, e, before *Edition) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for _, f := range Formats {
		if f.Name == "etendu.ndjson" {
			continue // complet has its parts: both are fed by one reading
		}
		together := []Format{f}
		if f.mixed {
			etendu, _ := FormatOf("etendu.ndjson")
			together = append(together, etendu)
		}
		g.Go(func() error { return s.sumFormats(ctx, e, before, together) })
	}
	return g.Wait()
}

// sumFormats sums up formats of which the first has all parts of the others.
func (s *Store) sumFormats(ctx context.Context, e, before *Edition, together []Format) error {
	var list []*summing
	for _, f := range together {
		for i := range e.Cuts {
			c := &e.Cuts[i]
			file, ok := c.File(f.Name)
			if !ok {
				continue
			}
			segments, err := s.segments(e, c, f, file)
			if err != nil {
				return err
			}
			m := &summing{file: file, segments: segments, marks: c.Kind != ByDepartement}
			if err := m.begin(olderFile(before, c, f.Name)); err != nil {
				return err
			}
			list = append(list, m)
		}
	}
	for _, p := range e.parts(nil, together[0]) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := s.feed(list, p.file, p.At); err != nil {
			return err
		}
	}
	for _, m := range list {
		if err := m.end(s); err != nil {
			return err
		}
	}
	return nil
}

func olderFile(before *Edition, c *Cut, name string) *File {
	if before == nil {
		return nil
	}
	old, ok := before.Cut(c.Suffix())
	if !ok {
		return nil
	}
	f, _ := old.File(name)
	return f
}

// begin starts from the last mark of the older file up to which both are the same.
func (m *summing) begin(old *File) error {
	m.sha, m.chain = sha256.New(), newChain()
	if old == nil {
		return nil
	}
	try, at := newChain(), 0
	best := mark{}
	for _, k := range old.Marks {
		for ; at < min(k.Segments, len(m.segments)); at++ {
			try.add(&m.segments[at])
		}
		if at != k.Segments || try.sum() != k.Chain {
			break
		}
		best = k
		m.file.Marks = append(m.file.Marks, k)
	}
	if best.Segments == 0 {
		m.file.Marks = nil
		return nil
	}
	for ; m.next < best.Segments; m.next++ {
		m.chain.add(&m.segments[m.next])
	}
	return m.sha.(encoding.BinaryUnmarshaler).UnmarshalBinary(best.State)
}

// feed reads a stream of a piece, for the files that have it next.
func (s *Store) feed(list []*summing, file string, at int64) error {
	var to []io.Writer
	var fed []*summing
	var g *segment
	for _, m := range list {
		if err := m.texts(); err != nil {
			return err
		}
		if m.next < len(m.segments) && m.segments[m.next].file == file && m.segments[m.next].at == at {
			g = &m.segments[m.next]
			to, fed = append(to, m.sha), append(fed, m)
		}
	}
	if len(to) == 0 {
		return nil
	}
	if err := s.copySegment(io.MultiWriter(to...), g); err != nil {
		return err
	}
	for _, m := range fed {
		if err := m.pass(); err != nil {
			return err
		}
	}
	return nil
}

// texts takes in the texts that come next.
func (m *summing) texts() error {
	for m.next < len(m.segments) && m.segments[m.next].file == "" {
		m.sha.Write([]byte(m.segments[m.next].text)) //nolint:errcheck // never fails
		if err := m.pass(); err != nil {
			return err
		}
	}
	return nil
}

// pass goes on to the next segment, and leaves a mark now and then and at the end.
func (m *summing) pass() error {
	m.chain.add(&m.segments[m.next])
	m.next++
	step := max(1, len(m.segments)/marksMost)
	if m.next < len(m.segments) && (!m.marks || m.next%step != 0) {
		return nil
	}
	k, err := markOf(m.next, m.chain, m.sha)
	m.file.Marks = append(m.file.Marks, k)
	return err
}

// end takes in what is left: texts, and the tail of a Parquet file.
func (m *summing) end(s *Store) error {
	for {
		if err := m.texts(); err != nil {
			return err
		}
		if m.next == len(m.segments) {
			m.file.SHA256 = hex.EncodeToString(m.sha.Sum(nil))
			return nil
		}
		if err := s.copySegment(m.sha, &m.segments[m.next]); err != nil {
			return err
		}
		if err := m.pass(); err != nil {
			return err
		}
	}
}
