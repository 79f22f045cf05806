package edition

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/klauspost/compress/flate"
)

// inflating reads deflate that has no last block.
func inflating(r io.Reader) io.ReadCloser {
	return flate.NewReader(io.MultiReader(r, strings.NewReader(string(lastBlock))))
}

// open opens a segment that is in a file; plain or as it stands.
func (s *Store) openSegment(g *segment, plain bool) (io.ReadCloser, error) {
	f, err := os.Open(s.piecePath(g.file))
	if err != nil {
		return nil, fmt.Errorf("piece of an edition: %w", err)
	}
	var r io.Reader = io.NewSectionReader(f, g.at, g.packed)
	if !plain || !g.deflated {
		return both{r, f}, nil
	}
	return both{inflating(r), f}, nil
}

type both struct {
	io.Reader
	f *os.File
}

func (b both) Close() error { return b.f.Close() }

// copySegment writes the plain bytes of a segment, all of them or an error.
func (s *Store) copySegment(w io.Writer, g *segment) error {
	r, err := s.openSegment(g, true)
	if err != nil {
		return err
	}
	defer r.Close()
	n, err := io.Copy(w, r)
	if err == nil && n != g.plain {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return fmt.Errorf("piece %s of an edition: %w", g.file, err)
	}
	return nil
}

// A stretch is a part of what a reader gives: a text, or a segment.
type stretch struct {
	start, size int64
	text        []byte
	segment     *segment
}

// A Reader reads one file of an edition, plain or compressed by gzip, from any place.
// It keeps its edition's pieces on the disk until it is closed.
type Reader struct {
	store  *Store
	held   *Edition
	plain  bool
	list   []stretch
	size   int64
	at     int64
	open   io.ReadCloser // of list[now], at the offset at
	now    int
	failed error
}

func newReader(s *Store, held *Edition, segments []segment, f *File, plain bool) *Reader {
	r := &Reader{store: s, held: held, plain: plain}
	put := func(n int64, text []byte, g *segment) {
		r.list = append(r.list, stretch{r.size, n, text, g})
		r.size += n
	}
	if !plain {
		put(int64(len(gzipHead)), gzipHead, nil)
	}
	for i := range segments {
		g := &segments[i]
		switch {
		case g.file == "" && plain:
			put(g.plain, []byte(g.text), nil)
		case g.file == "":
			b := stored([]byte(g.text))
			put(int64(len(b)), b, nil)
		case plain:
			put(g.plain, nil, g)
		default:
			put(g.packed, nil, g)
		}
	}
	if !plain {
		b := gzipTail(f.CRC, f.Size)
		put(int64(len(b)), b, nil)
	}
	return r
}

// Size is the number of bytes.
func (r *Reader) Size() int64 { return r.size }

// Err is the error that a Read has ended with, other than the end of the file.
func (r *Reader) Err() error { return r.failed }

// Seek goes to a place; nothing is read yet.
func (r *Reader) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += r.at
	case io.SeekEnd:
		offset += r.size
	}
	if offset < 0 {
		return 0, errors.New("seek before the beginning")
	}
	if offset != r.at {
		r.shut()
		r.at = offset
	}
	return offset, nil
}

// Read gives the next bytes. A piece that is shorter or longer than it should be is
// an error, never an end.
func (r *Reader) Read(b []byte) (int, error) {
	if r.failed != nil {
		return 0, r.failed
	}
	n, err := r.read(b)
	if err != nil && err != io.EOF {
		r.failed = err
	}
	return n, err
}

func (r *Reader) read(b []byte) (int, error) {
	if r.at >= r.size {
		return 0, io.EOF
	}
	if len(b) == 0 {
		return 0, nil
	}
	i := r.find()
	s := &r.list[i]
	if s.segment == nil {
		n := copy(b, s.text[r.at-s.start:])
		r.at += int64(n)
		return n, nil
	}
	if r.open == nil || r.now != i {
		if err := r.enter(i); err != nil {
			return 0, err
		}
	}
	n, err := r.open.Read(b[:min(int64(len(b)), s.start+s.size-r.at)])
	r.at += int64(n)
	switch {
	case err == io.EOF && r.at < s.start+s.size:
		return n, fmt.Errorf("piece %s of an edition: %w", s.segment.file, io.ErrUnexpectedEOF)
	case err == io.EOF:
		err = nil
	}
	if r.at == s.start+s.size {
		r.shut()
	}
	return n, err
}

// find is the stretch at the place.
func (r *Reader) find() int {
	i, found := slices.BinarySearchFunc(r.list, r.at, func(s stretch, at int64) int {
		switch {
		case s.start > at:
			return 1
		case s.start+s.size <= at:
			return -1
		}
		return 0
	})
	if !found {
		panic("a file of an edition has a hole")
	}
	return i
}

// enter opens a stretch at the place.
func (r *Reader) enter(i int) (err error) {
	r.shut()
	s := &r.list[i]
	if r.open, err = r.store.openSegment(s.segment, r.plain); err != nil {
		return err
	}
	r.now = i
	if _, err := io.CopyN(io.Discard, r.open, r.at-s.start); err != nil {
		return fmt.Errorf("piece %s of an edition: %w", s.segment.file, err)
	}
	return nil
}

func (r *Reader) shut() {
	if r.open != nil {
		_ = r.open.Close() // it was only read
		r.open = nil
	}
}

// Close lets go of the edition.
func (r *Reader) Close() error {
	r.shut()
	if r.held != nil {
		r.store.release(r.held)
		r.held = nil
	}
	return nil
}
