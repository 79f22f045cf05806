// Package report says what the official schemas find in a pivot file, record
// by record as it is read: what `maillon validate` prints and the validation
// API answers. It keeps nothing.
package report

import (
	"errors"
	"fmt"
	"time"

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
