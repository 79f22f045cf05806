package pivot

import (
	"bytes"
	"compress/gzip"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "write the reports of testdata/hostile as they are now")

// hostileFile makes the file of a recipe. Each line adds a text in Go's quotes,
// as often as the number before it says; "gzip" packs what stands so far.
func hostileFile(t *testing.T, recipe string) []byte {
	t.Helper()
	var b bytes.Buffer
	for line := range strings.Lines(recipe) {
		line = strings.TrimSpace(line)
		switch {
		case line == "":
		case line == "gzip":
			var packed bytes.Buffer
			z := gzip.NewWriter(&packed)
			_, _ = z.Write(b.Bytes())
			_ = z.Close()
			b = packed
		default:
			times := 1
			if n, rest, ok := strings.Cut(line, " "); ok && line[0] != '"' {
				var err error
				if times, err = strconv.Atoi(n); err != nil {
					t.Fatalf("%s: %v", line, err)
				}
				line = rest
			}
			text, err := strconv.Unquote(line)
			if err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			for range times {
				b.WriteString(text)
			}
		}
	}
	return b.Bytes()
}

// hostileReport is what reading and judging a file says, a line for each
// element: where it stands, whose it is or by which rules it is refused.
func hostileReport(file []byte) string {
	var b strings.Builder
	r := NewReader(bytes.NewReader(file), Limits{Record: 64 << 10})
	for c, err := range r.Check(Checking{}) {
		if bad, ok := errors.AsType[*FileError](err); ok {
			fmt.Fprintf(&b, "file ends at line %d: %s\n", bad.Line, bad.Problem.Rule)
			break
		}
		fmt.Fprintf(&b, "%s %s", cmpEmpty(c.Record.Pointer, "/"), c.Verdict.State)
		for _, p := range c.Verdict.Problems {
			if p.Rule != ruleRequired { // short records lack most fields
				fmt.Fprintf(&b, " %s%s", p.Rule, p.Pointer)
			}
		}
		b.WriteByte('\n')
	}
	for _, w := range r.Warnings() {
		fmt.Fprintf(&b, "warning: %s %s\n", w.Rule, w.Pointer)
	}
	return b.String()
}

func cmpEmpty(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// Each file of testdata/hostile says what it is, how it is made, and what is
// to be said of it: nothing is lost but what is named.
func TestHostileFiles(t *testing.T) {
	names, err := filepath.Glob("testdata/hostile/*.txtar")
	if err != nil || len(names) < 30 {
		t.Fatalf("%d hostile files, want 30 at least: %v", len(names), err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			raw, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			a := txtar.Parse(raw)
			if len(a.Files) != 2 || len(bytes.TrimSpace(a.Comment)) == 0 {
				t.Fatal("want a comment, the recipe of a file, and its report")
			}
			got := hostileReport(hostileFile(t, string(a.Files[0].Data)))
			if *update {
				a.Files[1].Data = []byte(got)
				if err := os.WriteFile(name, txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(string(a.Files[1].Data), got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
