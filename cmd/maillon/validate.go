package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"maillon/catalog"
	"maillon/catalog/pivot"
	"maillon/catalog/texts"
)

// A validation is one run of `maillon validate`.
type validation struct {
	c      *cli
	out    *bufio.Writer
	asJSON bool
	schema pivot.Version // "" judges each record by the newest version that accepts it
}

func (c *cli) validateCommand() *cobra.Command {
	var schema string
	var asJSON bool
	cmd := &cobra.Command{
		Use:  "validate FILE…",
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			v := validation{c: c, out: bufio.NewWriter(cmd.OutOrStdout()), asJSON: asJSON}
			if schema != "" {
				var err error
				if v.schema, err = pivot.ParseVersion(schema); err != nil {
					return &misuseError{cmd.CommandPath(), err}
				}
			}
			bad := false
			for _, file := range args {
				ok, err := v.file(file)
				if err != nil {
					return errors.Join(v.out.Flush(), err)
				}
				bad = bad || !ok
			}
			if err := v.out.Flush(); err != nil {
				return err
			}
			if bad {
				return errBad
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&schema, "schema", "", c.t("cli.validate.flag.schema"))
	cmd.Flags().BoolVar(&asJSON, "json", false, c.t("cli.flag.json"))
	return cmd
}

// A recordLine is what --json prints of a record with problems.
type recordLine struct {
	File     string        `json:"file"`
	Pointer  string        `json:"pointer"`
	Line     int           `json:"line,omitempty"`
	Kind     pivot.Kind    `json:"kind,omitempty"`
	UID      string        `json:"uid,omitempty"`
	Schema   pivot.Version `json:"schema,omitempty"`
	Problems []problemLine `json:"problems"`
}

type problemLine struct {
	Pointer  string           `json:"pointer"`
	Line     int              `json:"line,omitempty"`
	Rule     string           `json:"rule"`
	Severity catalog.Severity `json:"severity"`
	Found    string           `json:"found"`
	Expected string           `json:"expected"`
	Hint     string           `json:"hint"`
}

// A summary is the last line of --json for a file.
type summary struct {
	Layout   string  `json:"layout"`
	Records  int     `json:"records"`
	Valid    int     `json:"valid"`
	Invalid  int     `json:"invalid"`
	Warnings int     `json:"warnings"`
	Seconds  float64 `json:"seconds"`
}

// file judges every record of one file; ok says that none is invalid.
func (v *validation) file(name string) (ok bool, err error) {
	in := io.Reader(os.Stdin)
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return false, err
		}
		defer f.Close()
		in = f
	}
	start := time.Now()
	var sum summary
	r := pivot.NewReader(in, pivot.Limits{})
	for checked, err := range r.Check(pivot.Checking{Schema: v.schema, Today: start}) {
		if bad, ok := errors.AsType[*pivot.FileError](err); ok {
			p := bad.Problem
			p.Line = bad.Line
			sum.Invalid++
			v.record(name, pivot.Record{}, "", catalog.Problems{p})
			break
		}
		if err != nil {
			return false, fmt.Errorf("%s: %w", name, err)
		}
		sum.Records++
		v.item(name, &checked, &sum)
	}
	if w := r.Warnings(); len(w) > 0 {
		sum.Warnings += len(w)
		v.record(name, pivot.Record{}, "", w)
	}
	sum.Layout, sum.Seconds = r.Layout(), time.Since(start).Seconds()
	return sum.Invalid == 0, v.summary(name, sum)
}

func (v *validation) item(name string, checked *pivot.Checked, sum *summary) {
	problems := checked.Verdict.Problems
	errs := problems.Errors()
	sum.Warnings += len(problems) - errs
	if errs > 0 {
		sum.Invalid++
	} else {
		sum.Valid++
	}
	if len(problems) > 0 {
		v.record(name, checked.Record, checked.Verdict.Version, problems)
	}
}

// record prints what is wrong with a record, or with the file as a whole
// (an empty record). Writing errors show at the final flush.
func (v *validation) record(name string, rec pivot.Record, schema pivot.Version, problems catalog.Problems) {
	lang := v.c.language()
	line := recordLine{File: name, Pointer: rec.Pointer, Line: rec.Line, Kind: rec.Kind, UID: rec.Buyer + rec.ID, Schema: schema}
	for _, p := range problems {
		line.Problems = append(line.Problems, problemLine{
			Pointer: p.Pointer, Line: p.Line, Rule: p.Rule, Severity: p.Severity, Found: p.Found, Expected: p.Expected,
			Hint: texts.T(lang, "rule."+p.Rule+".hint", p.Found, p.Expected),
		})
	}
	if v.asJSON {
		raw, _ := json.Marshal(line) // plain strings and numbers: always possible
		_, _ = v.out.Write(append(raw, '\n'))
		return
	}
	fmt.Fprintf(v.out, "%s%s %s\n", name, rec.Pointer, line.UID)
	for _, p := range problems {
		fmt.Fprintf(v.out, "  %s %s: %s [%s]\n", v.c.t("severity."+string(p.Severity)), p.Pointer,
			texts.T(lang, "rule."+p.Rule+".text", p.Found, p.Expected), p.Rule)
		fmt.Fprintf(v.out, "    → %s\n", texts.T(lang, "rule."+p.Rule+".hint", p.Found, p.Expected))
	}
}

func (v *validation) summary(name string, sum summary) error {
	if v.asJSON {
		raw, err := json.Marshal(map[string]any{"file": name, "summary": sum})
		if err != nil {
			return err
		}
		_, err = v.out.Write(append(raw, '\n'))
		return err
	}
	_, err := fmt.Fprintln(v.out, v.c.t("cli.validate.summary", name, sum.Layout, sum.Records, sum.Valid, sum.Invalid, sum.Warnings))
	return err
}
