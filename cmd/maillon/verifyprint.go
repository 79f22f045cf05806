package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"unicode"

	"maillon/federation/audit"
)

// printAudit prints a report as a table, what is wrong below each journal,
// and one line that says it all.
func (c *cli) printAudit(out io.Writer, r *audit.Report) error {
	var b strings.Builder
	b.WriteString(c.t("cli.verify.asked", r.Name, r.Node, r.URL) + "\n\n")
	w := tabwriter.NewWriter(&b, 0, 4, 2, ' ', 0)
	var head []string
	for _, key := range []string{"node", "head", "owner", "here", "hub", "above", "cosigned", "conforming", "tocorrect", "superseded", "withdrawn", "redacted", "verdict"} {
		head = append(head, c.t("cli.verify.column."+key))
	}
	fmt.Fprintln(w, strings.Join(head, "\t"))
	entries := uint64(0)
	for _, row := range r.Rows {
		entries += row.Head
		fmt.Fprintln(w, strings.Join(c.auditLine(row), "\t"))
	}
	_ = w.Flush() // to a builder: it cannot fail
	b.WriteString("\n")
	for _, row := range r.Rows {
		for _, why := range row.Reasons {
			b.WriteString(row.Node + " " + row.Name + ": " + c.auditReason(why) + "\n")
		}
		for _, note := range row.Evidence {
			b.WriteString("\n    " + strings.ReplaceAll(strings.TrimRight(note, "\n"), "\n", "\n    ") + "\n")
		}
	}
	b.WriteString(c.auditSummary(r, entries) + "\n")
	_, err := io.WriteString(out, harmless(b.String()))
	return err
}

// harmless takes control and format characters out: names and reasons come
// from others, and a terminal obeys them.
func harmless(s string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && unicode.Is(unicode.C, r) {
			return '·'
		}
		return r
	}, s)
}

// auditLine is the row of one journal.
func (c *cli) auditLine(r audit.Row) []string {
	line := []string{r.Node + " " + shortened(strings.NewReplacer("\n", "·", "\t", "·").Replace(r.Name)), strconv.FormatUint(r.Head, 10)}
	for _, place := range []string{audit.Owner, audit.Here, audit.Hub, audit.Above} {
		copied, ok := r.At(place)
		switch {
		case !ok:
			line = append(line, "–")
		case copied.Error != "":
			line = append(line, "?")
		default:
			line = append(line, strconv.FormatUint(copied.Size, 10))
		}
	}
	line = append(line, strconv.Itoa(cosigners(r)))
	if e := r.Entries; e != nil {
		for _, n := range []uint64{e.Conforming, e.ToCorrect, e.Superseded, e.Withdrawn, e.Redacted} {
			line = append(line, strconv.FormatUint(n, 10))
		}
	} else {
		line = append(line, "–", "–", "–", "–", "–")
	}
	return append(line, c.t("cli.verify.verdict."+string(r.Verdict)))
}

// cosigners counts the nodes whose cosignature some copy of the journal shows.
func cosigners(r audit.Row) int {
	var names []string
	for _, copied := range r.Copies {
		names = append(names, copied.Cosigned...)
	}
	slices.Sort(names)
	return len(slices.Compact(names))
}

// shortened keeps a table narrow.
func shortened(name string) string {
	const most = 28
	r := []rune(name)
	if len(r) <= most {
		return name
	}
	return string(r[:most-1]) + "…"
}

func (c *cli) auditReason(why audit.Reason) string {
	where := why.Where
	if where != "" {
		where = c.t("cli.verify.place." + where)
	}
	return c.t("cli.verify.reason."+why.Code, where, why.Count, why.Detail)
}

func (c *cli) auditSummary(r *audit.Report, entries uint64) string {
	bad := 0
	for _, row := range r.Rows {
		if row.Verdict.Fatal() {
			bad++
		}
	}
	if r.OK {
		key := "cli.verify.all"
		if r.Deep {
			key = "cli.verify.alldeep"
		}
		return c.t(key, len(r.Rows), entries)
	}
	return c.t("cli.verify.notall", bad, len(r.Rows))
}
