package edition

import (
	"crypto/sha256"
	"encoding"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"iter"
)

// A segment is a part of a file: a text, or a range of a file on the disk.
type segment struct {
	text       string
	file       string // "" for a text
	at, packed int64
	plain      int64
	crc        uint32
	deflated   bool
}

// A part is a stream in its file.
type part struct {
	file string
	Stream
}

// parts yields the parts of a file of the cut in their order, each with the list that it
// is of; of no cut, those of every file of the format, in an order in which each file has
// its own.
func (e *Edition) parts(c *Cut, f Format) iter.Seq2[int, part] {
	return func(yield func(int, part) bool) {
		grouped := f.lists[0] == columns && (c == nil || c.Kind != ByDepartement)
		for i := range e.Groups {
			if g := &e.Groups[i]; grouped && (c == nil || c.Kind == Whole || c.Code == g.Year) && !yield(columns, part{g.File, g.Columns}) {
				return
			}
		}
		if grouped && c != nil {
			return
		}
		for _, lists := range f.rounds() {
			for i := range e.Pieces {
				p := &e.Pieces[i]
				for _, l := range lists {
					if p.Streams[l].Packed > 0 && (c == nil || c.has(p)) && !yield(l, part{p.File, p.Streams[l]}) {
						return
					}
				}
			}
		}
	}
}

// rounds says how often a file goes through the pieces, and for which lists.
func (f Format) rounds() (out [][]int) {
	if f.mixed {
		return [][]int{f.lists}
	}
	for i := range f.lists {
		out = append(out, f.lists[i:i+1])
	}
	return out
}

// segments puts a file together.
func (s *Store) segments(e *Edition, c *Cut, f Format, file *File) ([]segment, error) {
	around, err := s.frame(f, s.Dataset+c.Suffix(), c.Modified)
	if err != nil {
		return nil, err
	}
	out := make([]segment, 0, 2*len(e.Pieces)+3)
	text := func(t string) {
		if t != "" {
			out = append(out, segment{text: t, plain: int64(len(t))})
		}
	}
	text(around.head)
	some := make([]bool, streams)
	for list, p := range e.parts(c, f) {
		between := list
		if f.mixed {
			between = f.lists[0]
		}
		switch {
		case some[between]:
			text(f.comma)
		case between != f.lists[0]:
			text(around.between)
		}
		some[between] = true
		out = append(out, segment{file: p.file, at: p.At, packed: p.Packed, plain: p.Plain, crc: p.CRC, deflated: list < columns})
	}
	text(around.tail)
	if file.Tail != nil {
		out = append(out, segment{file: file.Tail.File, packed: file.Tail.Size, plain: file.Tail.Size})
	}
	return out, nil
}

// measure fills in what follows from the segments: sizes and checksum of the CRC.
func (f *File) measure(segments []segment) {
	f.Size, f.Gzipped, f.CRC = 0, int64(len(gzipHead)+len(lastBlock)+8), 0
	packed := true
	for _, g := range segments {
		f.Size += g.plain
		switch {
		case g.file == "":
			f.Gzipped += int64(len(stored([]byte(g.text))))
		case g.deflated:
			f.Gzipped += g.packed
		default:
			packed = false
			continue
		}
		f.CRC = combine(f.CRC, g.sum(), g.plain)
	}
	if !packed {
		f.Gzipped, f.CRC = 0, 0
	}
}

// A chain tells files apart by their segments, after each of them.
type chain struct{ h hash.Hash }

func newChain() chain { return chain{sha256.New()} }

func (c chain) add(g *segment) {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], uint64(g.at))     //nolint:gosec // not negative
	binary.BigEndian.PutUint64(b[8:], uint64(g.packed)) //nolint:gosec // not negative
	fmt.Fprintf(c.h, "%q %s %x\n", g.text, g.file, b)
}

func (c chain) sum() string { return hex.EncodeToString(c.h.Sum(nil)[:16]) }

// A mark is the state of a file's SHA-256 after some of its segments, so that a file
// whose end alone has changed is not hashed from its beginning.
type mark struct {
	Segments int    `json:"segments"`
	Chain    string `json:"chain"`
	State    []byte `json:"state"`
}

// marksMost is how many marks a file has, about.
const marksMost = 16

func markOf(n int, c chain, h hash.Hash) (mark, error) {
	state, err := h.(encoding.BinaryMarshaler).MarshalBinary()
	return mark{n, c.sum(), state}, err
}
