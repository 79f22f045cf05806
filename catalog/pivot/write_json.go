package pivot

import (
	"io"
	"iter"
)

// WriteJSON writes a file of the content décret in the legal JSON layout of a
// generation: {"marches":[…]} of 1.5.0 for [Gen1], {"marches":{"marche":[…],
// "contrat-concession":[…]}} of 2.0.1 and later for [Gen2]. It holds the legal
// fields only, one record a line.
//
// For Gen2 it goes through contracts twice, marchés first: the sequence must
// give the same contracts in the same order each time.
//
// A contract of the other generation is an error: the caller chooses which
// file a contract belongs to. On an error the file is incomplete and must be
// thrown away.
func WriteJSON(w io.Writer, g Generation, contracts iter.Seq[Contract]) error {
	if err := writeCheckGeneration(g); err != nil {
		return err
	}
	s := &writeSink{w: w}
	if g == Gen1 {
		s.b = append(s.b, `{"marches":[`...)
		if _, err := writeRecords(s, g, contracts, "", ""); err != nil {
			return err
		}
		s.b = append(s.b, "]}\n"...)
		return s.flush()
	}
	s.b = append(s.b, `{"marches":{`...)
	some := false
	for _, kind := range []Kind{Marche, Concession} {
		before := `"` + string(kind) + `":[`
		if some {
			before = "," + before
		}
		n, err := writeRecords(s, g, contracts, kind, before)
		if err != nil {
			return err
		}
		if n > 0 {
			some = true
			s.b = append(s.b, ']')
		}
	}
	if !some { // 2.0.3 wants one kind at least
		s.b = append(s.b, `"marche":[]`...)
	}
	s.b = append(s.b, "}}\n"...)
	return s.flush()
}

// writeRecords writes the contracts of a kind, or all for "", one a line and
// a comma between them; before stands ahead of the first. It gives their number.
func writeRecords(s *writeSink, g Generation, contracts iter.Seq[Contract], kind Kind, before string) (int, error) {
	d := &writeDoc{form: Nested}
	if g == Gen1 {
		d.form = Flat
	}
	n := 0
	for c := range contracts {
		if kind != "" && c.Kind != kind && (c.Kind == Marche || c.Kind == Concession) {
			continue
		}
		if err := writeCheck(g, &c); err != nil {
			return n, err
		}
		if n == 0 {
			s.b = append(s.b, before...)
		} else {
			s.b = append(s.b, ',')
		}
		n++
		d.b = append(s.b, '\n', '{')
		d.record(&c)
		s.b = append(d.b, '}')
		if err := s.spill(); err != nil {
			return n, err
		}
	}
	return n, nil
}
