package scdl

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Table is what was kept of all files of one kind, as text: the format's name, the
// [Source]s in JSON, then a budget or a grant a line, its cells parted by tabs.
type Table struct {
	Kind    Kind
	Sources []Source
	Budgets []Budget // by SIRET, year and stage
	Grants  []Grant  // by giver, year and beneficiary
}

// A Source says what was read of a file.
type Source struct {
	Kind     Kind      `json:"kind"`
	File     string    `json:"file"` // its name, without folders
	Imported time.Time `json:"imported"`
	Lines    int       `json:"lines"`
	Left     int       `json:"left"`   // of them, that could not be read
	Others   int       `json:"others"` // of them, of stages that are not kept
	Kept     int       `json:"kept"`   // budgets, or grants added up
}

const (
	magic       = "maillon scdl 1"
	maxText     = 1 << 30
	mostSources = 200 // the latest
)

// ErrTable: the text is not that of a table.
var ErrTable = errors.New("not a table of budgets or grants: import the files again")

// Merge puts what a file says in place of what was known of the same budgets, or of the
// same givers and years.
func (t *Table) Merge(c Content, src Source) {
	t.Kind = c.Kind
	t.Sources = append(t.Sources, src)
	t.Sources = t.Sources[max(0, len(t.Sources)-mostSources):]
	type budgetOf struct {
		siret string
		year  int
		stage Stage
	}
	type grantsOf struct {
		giver string
		year  int
	}
	budgets, grants := map[budgetOf]bool{}, map[grantsOf]bool{}
	for _, b := range c.Budgets {
		budgets[budgetOf{b.SIRET, b.Year, b.Stage}] = true
	}
	for _, g := range c.Grants {
		grants[grantsOf{g.Giver, g.Year}] = true
	}
	t.Budgets = append(slices.DeleteFunc(t.Budgets, func(b Budget) bool { return budgets[budgetOf{b.SIRET, b.Year, b.Stage}] }), c.Budgets...)
	t.Grants = append(slices.DeleteFunc(t.Grants, func(g Grant) bool { return grants[grantsOf{g.Giver, g.Year}] }), c.Grants...)
	slices.SortFunc(t.Budgets, compareBudgets)
	slices.SortFunc(t.Grants, compareGrants)
}

// Write writes the table as text.
func (t *Table) Write(w io.Writer) error {
	head, err := json.Marshal(t.Sources)
	if err != nil {
		return err
	}
	b := bufio.NewWriterSize(w, 64<<10)
	fmt.Fprintf(b, "%s %s\n%s\n", magic, t.Kind, head) // an error stays with b until Flush
	euros := func(v float64) string { return strconv.FormatFloat(v, 'f', 2, 64) }
	line := func(cells ...string) {
		for i, cell := range cells {
			if i > 0 {
				_ = b.WriteByte('\t')
			}
			_, _ = b.WriteString(cell)
		}
		_ = b.WriteByte('\n')
	}
	for _, o := range t.Budgets {
		line(o.SIRET, strconv.Itoa(o.Year), string(o.Stage), said(o.Name), euros(o.Operating), euros(o.Investment), euros(o.Purchases), euros(o.Income), strconv.Itoa(o.Lines))
	}
	for _, g := range t.Grants {
		line(g.Giver, said(g.GiverName), g.Beneficiary, said(g.Name), strconv.Itoa(g.Year), strconv.Itoa(g.N), euros(g.Amount))
	}
	return b.Flush()
}

// ReadTable reads the text of a table.
func ReadTable(text []byte) (*Table, error) {
	first, rest, _ := bytes.Cut(text, []byte{'\n'})
	head, body, ok := bytes.Cut(rest, []byte{'\n'})
	name, isTable := strings.CutPrefix(string(first), magic+" ")
	t := &Table{Kind: Kind(name)}
	if !ok || !isTable || len(text) > maxText || t.Kind != Budgets && t.Kind != Grants {
		return nil, ErrTable
	}
	if err := json.Unmarshal(head, &t.Sources); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTable, err)
	}
	n := 2
	for len(body) > 0 {
		n++
		var line []byte
		if line, body, ok = bytes.Cut(body, []byte{'\n'}); !ok || !t.add(strings.Split(string(line), "\t")) {
			return nil, fmt.Errorf("%w: line %d", ErrTable, n)
		}
	}
	return t, nil
}

// add reads a line; false if it is none.
func (t *Table) add(c []string) bool {
	p := parser{}
	if t.Kind == Budgets {
		if len(c) != 9 {
			return false
		}
		t.Budgets = append(t.Budgets, Budget{c[0], p.whole(c[1]), Stage(c[2]), c[3], p.euros(c[4]), p.euros(c[5]), p.euros(c[6]), p.euros(c[7]), p.whole(c[8])})
		return !p.bad && (c[2] == string(Realised) || c[2] == string(Voted))
	}
	if len(c) != 7 {
		return false
	}
	t.Grants = append(t.Grants, Grant{c[0], c[1], c[2], c[3], p.whole(c[4]), p.whole(c[5]), p.euros(c[6])})
	return !p.bad
}

// A parser reads cells; bad stays once one could not be read.
type parser struct{ bad bool }

func (p *parser) whole(s string) int {
	n, err := strconv.Atoi(s)
	p.bad = p.bad || err != nil
	return n
}

func (p *parser) euros(s string) float64 {
	v, err := strconv.ParseFloat(s, 64) // a sum: not bounded as a cell is
	p.bad = p.bad || err != nil || math.IsNaN(v) || math.IsInf(v, 0)
	return v
}
