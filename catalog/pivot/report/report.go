// Package report says what the official schemas find in a pivot file, record
// by record as it is read: what `maillon validate` prints and the validation
// API answers. It keeps nothing.
package report

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"maillon/catalog"
	"maillon/catalog/pivot"
	"maillon/catalog/texts"
)

// A Record is what is to be said of one record, or, without pointer, of the
// file as a whole.
type Record struct {
	File     string        `json:"file"`
	Pointer  string        `json:"pointer"`
	Line     int           `json:"line,omitempty"` // from 1, where the format has lines
	Kind     pivot.Kind    `json:"kind,omitempty"`
	UID      string        `json:"uid,omitempty"`    // buyer, then id, as written
	Schema   pivot.Version `json:"schema,omitempty"` // by which it was judged
	Problems []Problem     `json:"problems"`
}

// A Problem is one thing that is wrong, with what to do about it.
type Problem struct {
	Pointer  string           `json:"pointer"` // relative to the record
	Line     int              `json:"line,omitempty"`
	Rule     string           `json:"rule"`
	Severity catalog.Severity `json:"severity"`
	Found    string           `json:"found"`
	Expected string           `json:"expected"`
	Hint     string           `json:"hint"`

	lang texts.Lang
}

// Text says what is wrong, in one sentence.
func (p Problem) Text() string {
	return texts.T(p.lang, "rule."+p.Rule+".text", p.Found, p.Expected)
}

// A Summary counts what was found in a file. A file that breaks off counts as
// one more invalid record.
type Summary struct {
	Layout   string  `json:"layout"`
	Records  int     `json:"records"`
	Valid    int     `json:"valid"`
	Invalid  int     `json:"invalid"`
	Warnings int     `json:"warnings"`
	Seconds  float64 `json:"seconds"`
}

// Options say how a file is to be reported on.
type Options struct {
	Name  string // of the file, as the report names it
	Lang  texts.Lang
	Check pivot.Checking
	All   bool // also tell records without problems
}

// Run reads the file in r to its end and calls each with every record that has
// problems, in their order, then with what is to be said of the whole file. An
// error is that of each, or of the reading where it is not the file's fault.
func Run(r *pivot.Reader, o Options, each func(Record) error) (Summary, error) {
	start := time.Now()
	var sum Summary
	for checked, err := range r.Check(o.Check) {
		if bad, ok := errors.AsType[*pivot.FileError](err); ok {
			p := bad.Problem
			p.Line = bad.Line
			sum.Invalid++
			if err := each(o.record(pivot.Record{}, "", catalog.Problems{p})); err != nil {
				return sum, err
			}
			break
		}
		if err != nil {
			return sum, fmt.Errorf("%s: %w", o.Name, err)
		}
		problems := checked.Verdict.Problems
		sum.add(problems)
		if o.All || len(problems) > 0 {
			if err := each(o.record(checked.Record, checked.Verdict.Version, problems)); err != nil {
				return sum, err
			}
		}
	}
	sum.Layout, sum.Seconds = r.Layout(), time.Since(start).Seconds()
	if w := r.Warnings(); len(w) > 0 {
		sum.Warnings += len(w)
		return sum, each(o.record(pivot.Record{}, "", w))
	}
	return sum, nil
}

func (s *Summary) add(problems catalog.Problems) {
	errs := problems.Errors()
	s.Records++
	s.Warnings += len(problems) - errs
	if errs > 0 {
		s.Invalid++
	} else {
		s.Valid++
	}
}

func (o Options) record(rec pivot.Record, schema pivot.Version, problems catalog.Problems) Record {
	line := Record{
		File: o.Name, Pointer: rec.Pointer, Line: rec.Line, Kind: rec.Kind, UID: rec.Buyer + rec.ID, Schema: schema,
		Problems: make([]Problem, len(problems)),
	}
	for i, p := range problems {
		line.Problems[i] = Problem{
			Pointer: p.Pointer, Line: p.Line, Rule: p.Rule, Severity: p.Severity, Found: p.Found, Expected: p.Expected,
			Hint: texts.T(o.Lang, "rule."+p.Rule+".hint", p.Found, p.Expected),
			lang: o.Lang,
		}
	}
	return line
}

// AppendJSON appends the record as a JSON object: what [json.Marshal] writes,
// but for < > and &, which stand as they are.
func (r Record) AppendJSON(b []byte) []byte {
	text := func(name, s string) {
		b = append(b, name...)
		quoted, err := jsontext.AppendQuote(b, s)
		if err != nil { // s is not UTF-8
			quoted, _ = jsontext.AppendQuote(b, strings.ToValidUTF8(s, "\ufffd"))
		}
		b = quoted
	}
	number := func(name string, n int) {
		if n != 0 {
			b = strconv.AppendInt(append(b, name...), int64(n), 10)
		}
	}
	text(`{"file":`, r.File)
	text(`,"pointer":`, r.Pointer)
	number(`,"line":`, r.Line)
	for _, f := range [...]struct{ name, value string }{
		{`,"kind":`, string(r.Kind)}, {`,"uid":`, r.UID}, {`,"schema":`, string(r.Schema)},
	} {
		if f.value != "" {
			text(f.name, f.value)
		}
	}
	b = append(b, `,"problems":[`...)
	for i, p := range r.Problems {
		if i > 0 {
			b = append(b, ',')
		}
		text(`{"pointer":`, p.Pointer)
		number(`,"line":`, p.Line)
		text(`,"rule":`, p.Rule)
		text(`,"severity":`, string(p.Severity))
		text(`,"found":`, p.Found)
		text(`,"expected":`, p.Expected)
		text(`,"hint":`, p.Hint)
		b = append(b, '}')
	}
	return append(b, "]}"...)
}
