package parse

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// An input is the part of a document that is being read. A token is read where
// it stands; one that is cut by the end of the part is read anew with more.
type input struct {
	src  io.Reader
	lim  Limits
	buf  []byte
	pos  int   // up to where it is read
	end  int   // of what buf holds
	read int64 // bytes taken from src
	line int   // of buf[seen]
	seen int
	err  error // why src gives no more

	begun bool // the first bytes were looked at

	terms map[string]string // IRIs met, to hold each once
	held  int
}

const inputSize = 128 << 10

func newInput(r io.Reader, lim Limits) *input {
	return &input{src: r, lim: lim, line: 1, terms: map[string]string{}}
}

// rest is what stands in the part and is not read.
func (in *input) rest() []byte { return in.buf[in.pos:in.end] }

// more reads on; false at the end of the document.
func (in *input) more() bool {
	if in.err != nil {
		return false
	}
	if in.pos > 0 {
		in.count()
		in.end = copy(in.buf, in.buf[in.pos:in.end])
		in.pos, in.seen = 0, 0
	}
	if in.end >= len(in.buf)/2 {
		in.buf = append(in.buf, make([]byte, max(inputSize, len(in.buf)))...)
	}
	from, idle := in.end, 0
	for in.err == nil && (in.end == from || in.read < 3) { // 3: as many as a byte order mark has
		n, err := in.src.Read(in.buf[in.end:])
		in.end += n
		if in.read += int64(n); in.read > in.lim.Bytes {
			in.end, err = from, errTooLarge
		}
		if in.err = err; n > 0 {
			idle = 0
		} else if idle++; idle > 100 && err == nil {
			in.err = io.ErrNoProgress
		}
	}
	if !in.begun {
		in.begun = true
		in.unmark()
	}
	return in.end > from
}

// unmark takes a byte order mark off the beginning.
func (in *input) unmark() {
	if bytes.HasPrefix(in.buf[in.pos:in.end], []byte("\xef\xbb\xbf")) {
		in.pos += 3
	}
}

func (in *input) count() {
	in.line += bytes.Count(in.buf[in.seen:in.pos], []byte{'\n'})
	in.seen = in.pos
}

// fail makes the error for what stands where the reading is.
func (in *input) fail(format string, args ...any) error {
	if in.err != nil && !errors.Is(in.err, io.EOF) {
		return in.err
	}
	in.count()
	return &Error{in.line, fmt.Sprintf(format, args...)}
}

// around is some text where the reading stands.
func (in *input) around() string {
	rest := in.rest()
	return string(bytes.ToValidUTF8(rest[:min(30, len(rest))], []byte("\ufffd")))
}

// skipStatement goes behind the next point at the end of a line; false if there is
// none.
func (in *input) skipStatement() bool {
	for {
		for rest := in.rest(); ; rest = in.rest() {
			i := bytes.IndexByte(rest, '.')
			if i < 0 {
				in.pos = in.end
				break
			}
			after := bytes.TrimLeft(rest[i+1:], " \t\r")
			if len(after) == 0 && in.err == nil {
				in.pos += i
				break // more is needed to tell
			}
			in.pos += i + 1
			if len(after) == 0 || after[0] == '\n' {
				return true
			}
		}
		if !in.more() {
			return false
		}
	}
}

// skipLine goes behind the end of the line; false if there is none.
func (in *input) skipLine() bool {
	for {
		if i := bytes.IndexByte(in.rest(), '\n'); i >= 0 {
			in.pos += i + 1
			return true
		}
		if in.pos = in.end; !in.more() {
			return false
		}
	}
}

// inputHeld is the number of bytes of IRIs that are held to be found again.
const inputHeld = 8 << 20

// iri holds each IRI once: documents repeat them.
func (in *input) iri(b []byte) string {
	if s, ok := in.terms[string(b)]; ok {
		return s
	}
	s := string(b)
	if in.held += len(s); in.held < inputHeld {
		in.terms[s] = s
	}
	return s
}
