package pivot

import (
	"fmt"
	"io"
	"math"
	"strconv"
)

// The writers append to one buffer and hand it on when it is full, so that a
// file of any size needs little memory. Same contracts in the same order,
// same bytes.
const writeFlush = 64 << 10

// A writeSink is where the bytes of a file gather.
type writeSink struct {
	w io.Writer
	b []byte
}

// spill hands the buffer on when it is full.
func (s *writeSink) spill() error {
	if len(s.b) < writeFlush {
		return nil
	}
	return s.flush()
}

func (s *writeSink) flush() error {
	_, err := s.w.Write(s.b)
	s.b = s.b[:0]
	return err
}

// writeCheck refuses a contract whose words have no place in a file of g.
func writeCheck(g Generation, c *Contract) error {
	switch {
	case c.Generation != g:
		return fmt.Errorf("contract %s of %s has the words of generation %d, this file is of generation %d: write it to a file of its own",
			c.ID, c.Buyer.ID, c.Generation, g)
	case c.Kind != Marche && c.Kind != Concession:
		return fmt.Errorf("contract %s of %s is of kind %q, want %q or %q", c.ID, c.Buyer.ID, c.Kind, Marche, Concession)
	}
	return nil
}

func writeCheckGeneration(g Generation) error {
	if g != Gen1 && g != Gen2 {
		return fmt.Errorf("no legal layout for generation %d, want 1 or 2", g)
	}
	return nil
}

// writeNumber appends f in decimal notation, exactly as far as a float64
// goes: 1.1, 1000000.
func writeNumber(b []byte, f float64) []byte {
	if f == 0 { // no "-0"
		return append(b, '0')
	}
	return strconv.AppendFloat(b, f, 'f', -1, 64)
}

// writeGiven reports whether f is a number that a file can hold.
func writeGiven(f *float64) bool {
	return f != nil && !math.IsNaN(*f) && !math.IsInf(*f, 0)
}
