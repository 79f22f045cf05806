package pivot

import (
	"bytes"
	"io"
)

// A readWindow holds the part of a file that is being read. The records of a
// file are parsed where they stand in it; it grows to the largest of them.
type readWindow struct {
	src  io.Reader
	buf  []byte
	pos  int   // what stands before it has been read
	end  int   // of what buf holds
	base int64 // offset of buf[0] in the file
	seen int   // up to where lines are counted, at most pos
	line int   // lines that end before seen
	err  error // why src gives no more: io.EOF, or what went wrong
}

const readWindowSize = 256 << 10

// A readMark is a place in the file.
type readMark struct {
	offset int64
	line   int // from 1
}

// rest is what stands in the window and is not read yet. It holds until the
// next call of more.
func (w *readWindow) rest() []byte { return w.buf[w.pos:w.end] }

func (w *readWindow) skip(n int) { w.pos += n }

// mark is the place ahead bytes after the one where the reading stands.
func (w *readWindow) mark(ahead int) readMark {
	w.line += bytes.Count(w.buf[w.seen:w.pos], []byte{'\n'})
	w.seen = w.pos
	at := min(w.pos+ahead, w.end)
	return readMark{w.base + int64(at), w.line + bytes.Count(w.buf[w.pos:at], []byte{'\n'}) + 1}
}

// ended reports whether the window holds all that is left of the file.
func (w *readWindow) ended() bool { return w.err != nil }

// failed reports whether the file could not be read to its end.
func (w *readWindow) failed() bool { return w.err != nil && w.err != io.EOF }

// more reads on, as much again as is not read yet so that what is parsed anew
// each time never costs more than twice. It reports false at the end.
func (w *readWindow) more() bool {
	if w.err != nil {
		return false
	}
	if w.buf == nil {
		w.buf = make([]byte, readWindowSize)
	}
	if w.pos > 0 {
		w.line += bytes.Count(w.buf[w.seen:w.pos], []byte{'\n'})
		w.base += int64(w.pos)
		w.end = copy(w.buf, w.buf[w.pos:w.end])
		w.pos, w.seen = 0, 0
	}
	if w.end > len(w.buf)/2 {
		w.buf = append(w.buf, make([]byte, len(w.buf))...)
	}
	return w.read(max(w.end, 1))
}

// read reads at least n bytes, if there are as many.
func (w *readWindow) read(n int) bool {
	from, idle := w.end, 0
	for w.end-from < n && w.err == nil {
		got, err := w.src.Read(w.buf[w.end:])
		w.end, w.err = w.end+got, err
		if idle++; got > 0 {
			idle = 0
		} else if idle > 100 {
			w.err = io.ErrNoProgress
		}
	}
	return w.end > from
}

// next skips white space and gives the byte after it, false at the end.
func (w *readWindow) next() (byte, bool) {
	for {
		for ; w.pos < w.end; w.pos++ {
			switch c := w.buf[w.pos]; c {
			case ' ', '\n', '\t', '\r':
			default:
				return c, true
			}
		}
		if !w.more() {
			return 0, false
		}
	}
}

// around is the text where the reading stands, enough to find it again.
func (w *readWindow) around() string {
	rest := w.rest()
	return judgeCut(rest[:min(40, len(rest))])
}
