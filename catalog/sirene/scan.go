package sirene

import (
	"bufio"
	"bytes"
	"errors"
)

var errLong = errors.New("row too long")

// A scanner parts a file into rows: lines, and lines that a quoted cell joins.
type scanner struct {
	in   *bufio.Reader
	join []byte
}

// line gives the next row without its end; it is good until the next call. A row
// that is too long is skipped and errLong.
func (s *scanner) line() ([]byte, error) {
	s.join = s.join[:0]
	for {
		part, err := s.in.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			return nil, s.skip()
		}
		row := part
		if len(s.join) > 0 || err == nil && open(part) {
			s.join = append(s.join, part...)
			row = s.join
		}
		switch {
		case len(row) > maxLine:
			return nil, errLong
		case err == nil && open(row): // it ends within a quoted cell
		default:
			return bytes.TrimRight(row, "\r\n"), err
		}
	}
}

// open reports whether text ends within a quoted cell.
func open(text []byte) bool { return bytes.Count(text, []byte{'"'})%2 == 1 }

// skip reads to the end of a line that does not fit.
func (s *scanner) skip() error {
	for {
		_, err := s.in.ReadSlice('\n')
		switch {
		case err == nil:
			return errLong
		case !errors.Is(err, bufio.ErrBufferFull):
			return err
		}
	}
}
