package search

import (
	"bufio"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"

	"maillon/store/whole"
)

// A snapshot is the index in a file, so that a start need not read every record again:
//
//	"maillon search 2\n"
//	what the index was made of: texts (see Made)
//	the rows, columns and texts that live, in the order of write
//	CRC-32C of all before, 4 bytes
//
// Numbers are little-endian or varints; texts and lists stand after their length.
// Bitmaps, hashes and the text index are made again from these. A file that does not
// fit in any way is refused as a whole ([ErrSnapshot]); the index is then made from
// the views. The reader never makes more of a length than the file has bytes for.

const snapshotMagic = "maillon search 2\n"

// ErrSnapshot: the file is no snapshot of this program's, or is damaged.
var ErrSnapshot = errors.New("not a snapshot of the index")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Made says of what state of the views an index is.
type Made struct {
	Rules string // of the views
	Diary string // its id
	Seq   uint64 // its last place that the index has seen
}

// Save writes a snapshot of the index in place of the file, all or nothing. Queries go
// on meanwhile; whoever changes the index waits.
func (x *Index) Save(name string, made Made) (err error) {
	f, err := whole.Create(name, 0o600)
	if err != nil {
		return fmt.Errorf("save index: %w", err)
	}
	defer func() { err = errors.Join(err, f.Cleanup()) }()
	x.mu.RLock()
	c := x.core
	err = c.save(f, made)
	x.mu.RUnlock()
	if err != nil {
		return fmt.Errorf("save index in %s: %w", name, err)
	}
	return f.CloseAtomicallyReplace()
}

// Load reads a snapshot in place of what the index holds.
func (x *Index) Load(name string) (Made, error) {
	f, err := os.Open(name)
	if err != nil {
		return Made{}, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return Made{}, err
	}
	c, made, err := readCore(f, st.Size())
	if err != nil {
		return Made{}, fmt.Errorf("index in %s: %w", name, err)
	}
	if r := x.core.sites.register; r.Firm != nil {
		c.take(c.sited(r))
	}
	x.mu.Lock()
	x.core, x.ready = c, true
	x.mu.Unlock()
	return made, nil
}

func (c *core) save(to io.Writer, made Made) error {
	w := newWriter(to)
	w.raw([]byte(snapshotMagic))
	w.text(made.Rules)
	w.text(made.Diary)
	w.number(made.Seq)
	c.write(w)
	return w.end()
}

func readCore(from io.Reader, size int64) (*core, Made, error) {
	r := newReader(from, size)
	if string(r.raw(len(snapshotMagic))) != snapshotMagic {
		return nil, Made{}, ErrSnapshot
	}
	made := Made{Rules: r.text(), Diary: r.text(), Seq: r.number()}
	c := newCore()
	c.read(r)
	if err := r.end(); err != nil {
		return nil, made, err
	}
	return c, made, c.restore()
}

// A writer writes the parts of a snapshot; the first error stays.
type writer struct {
	w   *bufio.Writer
	sum uint32
	buf []byte
	err error
}

func newWriter(to io.Writer) *writer { return &writer{w: bufio.NewWriterSize(to, 1<<20)} }

func (w *writer) raw(b []byte) {
	if w.err == nil {
		w.sum = crc32.Update(w.sum, castagnoli, b)
		_, w.err = w.w.Write(b)
	}
}

// A reader reads the parts of a snapshot. After what cannot be read everything is zero.
type reader struct {
	r    *bufio.Reader
	sum  uint32
	left int64 // bytes, without the sum
	err  error
}

func newReader(from io.Reader, size int64) *reader {
	return &reader{r: bufio.NewReaderSize(from, 1<<20), left: size - 4}
}

// raw reads n bytes; nil if there are not so many.
func (r *reader) raw(n int) []byte {
	if r.err != nil || n < 0 || int64(n) > r.left {
		r.fail()
		return nil
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(r.r, b); err != nil {
		r.fail()
		return nil
	}
	r.left -= int64(n)
	r.sum = crc32.Update(r.sum, castagnoli, b)
	return b
}

func (r *reader) fail() {
	if r.err == nil {
		r.err = ErrSnapshot
	}
}

// end checks that all was read, and its sum.
func (r *reader) end() error {
	if r.err != nil || r.left != 0 {
		return ErrSnapshot
	}
	var sum [4]byte
	if _, err := io.ReadFull(r.r, sum[:]); err != nil || le.Uint32(sum[:]) != r.sum {
		return ErrSnapshot
	}
	return nil
}

func (w *writer) end() error {
	if w.err != nil {
		return w.err
	}
	if _, err := w.w.Write(le.AppendUint32(nil, w.sum)); err != nil {
		return err
	}
	return w.w.Flush()
}
