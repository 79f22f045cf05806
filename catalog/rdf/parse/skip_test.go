package parse

import (
	"strings"
	"testing"
	"testing/iotest"
)

func TestAStatementThatCannotBeReadCostsOnlyItself(t *testing.T) {
	for name, c := range map[string]struct {
		syntax Syntax
		doc    string
		want   string // objects that are read
		bad    int
	}{
		"nothing is wrong":         {Turtle, "<a:s> <a:p> 1 .\n<a:s> <a:p> 2 .\n", "12", 0},
		"a term":                   {Turtle, "<a:s> <a:p> 1 .\n<a:s> <a:p> 2, 3x, 4 .\n<a:s> <a:p> 5 .\n", "15", 1},
		"an IRI with a space":      {Turtle, "<a:s> <a:p> 1 .\n<a: s> <a:p> <a:b c> .\n<a:s> <a:p> 3 .", "1a:b%20c3", 0},
		"an IRI that is not ended": {Turtle, "<a:s> <a:p> 1 .\n<a: s <a:p> 2 .\n<a:s> <a:p> 3 .", "13", 1},
		"a line with a space":      {NTriples, "<a:s> <a:p> <a:b c> .\n", "a:b%20c", 0},
		"an unknown prefix":        {Turtle, "<a:s> x:p 1 .\n<a:s> <a:p> 2 .\n", "2", 1},
		"a usual prefix":           {Turtle, "<a:s> xsd:p 1 .\n<a:s> <a:p> 2 .\n", "12", 0},
		"a point too early":        {Turtle, "<a:s> <a:p> .\n<a:s> <a:p> 2 .\n", "2", 1},
		"a bracket that is open":   {Turtle, "<a:s> <a:p> [ <a:p> 1 .\n<a:s> <a:p> 2 .\n", "2", 1},
		"the first token":          {Turtle, "& .\n<a:s> <a:p> 2 .\n", "2", 1},
		"no point after it":        {Turtle, "<a:s> <a:p> 1 .\n<a:s> <a:p> ", "1", 1},
		"two of them":              {Turtle, "! .\n<a:s> <a:p> 1 .\n? .\n\n? .\n<a:s> <a:p> 2 .", "12", 3},
		"a text that is not ended": {Turtle, "<a:s> <a:p> \"x .\n<a:s> <a:p> 2 .\n", "2", 1},
		"lines":                    {NTriples, "<a:s> <a:p> \"1\" .\n<a:s> <a:p> .\nx\n<a:s> <a:p> \"2\" .\n", "12", 2},
		"the last line":            {NTriples, "<a:s> <a:p> \"1\" .\n<a:s>", "1", 1},
	} {
		for _, oneByte := range []bool{false, true} {
			r := strings.NewReader(c.doc)
			got, bad := "", 0
			lim := Limits{Skip: func(*Error) { bad++ }}
			each := func(q Quad) error { got += q.Object.Value; return nil }
			var err error
			if oneByte {
				err = Read(iotest.OneByteReader(r), c.syntax, "", lim, each)
			} else {
				err = Read(r, c.syntax, "", lim, each)
			}
			if err != nil || got != c.want || bad != c.bad {
				t.Errorf("%s: %v, read %q, %d bad; want %q, %d", name, err, got, bad, c.want, c.bad)
			}
		}
	}
}
