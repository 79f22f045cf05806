package pivot

import (
	"io"
	"iter"
)

// WriteXML writes a file of the content décret in the layout of the XSD of a
// generation: 1.5.0 for [Gen1], 2.0.2 for [Gen2]. It holds the legal fields
// only, in the order of contracts, one record a line, and goes through
// contracts once.
//
// A contract of the other generation is an error, as in [WriteJSON].
func WriteXML(w io.Writer, g Generation, contracts iter.Seq[Contract]) error {
	if err := writeCheckGeneration(g); err != nil {
		return err
	}
	s := &writeSink{w: w}
	s.b = append(s.b, `<?xml version="1.0" encoding="UTF-8"?>`+"\n<marches>"...)
	d := &writeDoc{form: XML}
	for c := range contracts {
		if err := writeCheck(g, &c); err != nil {
			return err
		}
		d.b = append(s.b, '\n')
		d.object(string(c.Kind), func() { d.record(&c) })
		s.b = d.b
		if err := s.spill(); err != nil {
			return err
		}
	}
	s.b = append(s.b, "\n</marches>\n"...)
	return s.flush()
}
