package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"maillon/catalog/pivot"
	"maillon/catalog/pivot/mapping"
	"maillon/catalog/pivot/report"
	"maillon/catalog/texts"
)

// A validation is one run of `maillon validate`.
type validation struct {
	c      *cli
	out    *bufio.Writer
	asJSON bool
	line   []byte // used again
	by     *mapping.Mapping
	schema pivot.Version // "" judges each record by the newest version that accepts it
}

// validateGC is the share of what is in use, in percent, by which the heap may
// grow before it is cleared.
const validateGC = 50

func (c *cli) validateCommand() *cobra.Command {
	var schema, rule, by string
	var asJSON bool
	cmd := &cobra.Command{
		Use: "validate FILE…",
		Args: func(cmd *cobra.Command, args []string) error {
			if rule != "" {
				return cobra.NoArgs(cmd, args)
			}
			return cobra.MinimumNArgs(1)(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if rule != "" {
				return c.explain(cmd, rule)
			}
			// A file is a stream: what stays in memory is small, and kept so.
			debug.SetGCPercent(validateGC)
			v := validation{c: c, out: bufio.NewWriter(cmd.OutOrStdout()), asJSON: asJSON}
			if schema != "" {
				var err error
				if v.schema, err = pivot.ParseVersion(schema); err != nil {
					return &misuseError{cmd.CommandPath(), err}
				}
			}
			var err error
			if v.by, err = readMapping(by); err != nil {
				return err
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
	cmd.Flags().StringVar(&rule, "explain", "", c.t("cli.validate.flag.explain"))
	cmd.Flags().StringVar(&by, "map", "", c.t("cli.convert.flag.map"))
	cmd.Flags().BoolVar(&asJSON, "json", false, c.t("cli.flag.json"))
	return cmd
}

// explain says what a rule is about and how to mend what breaks it.
func (c *cli) explain(cmd *cobra.Command, id string) error {
	var known []string
	for _, rule := range pivot.Rules() {
		if rule.ID == id {
			const found, expected = "…", "…"
			fmt.Fprintf(cmd.OutOrStdout(), "%s (%s, %s)\n  %s\n  → %s\n", id, c.t("severity."+string(rule.Severity)), rule.Of,
				c.t("rule."+id+".text", found, expected), c.t("rule."+id+".hint", found, expected))
			for _, part := range []string{".explain", ".source"} {
				if texts.Has("rule." + id + part) {
					fmt.Fprintf(cmd.OutOrStdout(), "  %s\n", c.t("rule."+id+part))
				}
			}
			return nil
		}
		known = append(known, rule.ID)
	}
	return &misuseError{cmd.CommandPath(), fmt.Errorf("--explain %q: use one of %s", id, strings.Join(known, " "))}
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
	export := mapped(in, v.by)
	defer export.Close() //nolint:errcheck // it is only read
	sum, err := report.Run(pivot.NewReader(export, pivot.Limits{}), report.Options{
		Name: name, Lang: v.c.language(), Check: pivot.Checking{Schema: v.schema, Today: time.Now()},
	}, v.record)
	if err != nil {
		return false, err
	}
	return sum.Invalid == 0, v.summary(name, sum)
}

// record prints what is wrong with a record, or with the file as a whole.
// Writing errors show at the final flush.
func (v *validation) record(rec report.Record) error {
	if v.asJSON {
		v.line = append(rec.AppendJSON(v.line[:0]), '\n')
		_, err := v.out.Write(v.line)
		return err
	}
	fmt.Fprintf(v.out, "%s%s %s\n", rec.File, rec.Pointer, rec.UID)
	for _, p := range rec.Problems {
		fmt.Fprintf(v.out, "  %s %s: %s [%s]\n", v.c.t("severity."+string(p.Severity)), p.Pointer, p.Text(), p.Rule)
		fmt.Fprintf(v.out, "    → %s\n", p.Hint)
	}
	return nil
}

func (v *validation) summary(name string, sum report.Summary) error {
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
