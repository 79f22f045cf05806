package scdl

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// Bounds of a file.
const (
	MaxBytes  = 512 << 20
	maxRecord = 1 << 20   // bytes of a line, quoted line breaks included
	maxKept   = 1_000_000 // budgets or grants of a file
	mostCells = 200
)

// Errors of a file as a whole.
var (
	ErrFile  = errors.New("neither a budget nor grants of the SCDL (want a header with BGT_SIRET, or with idAttribuant)")
	ErrLarge = errors.New("the file is too large")
)

// A Content is what a file says.
type Content struct {
	Kind    Kind
	Lines   int // of data
	Left    int // of them, that could not be read
	Others  int // of them, of stages that are not kept
	Budgets []Budget
	Grants  []Grant
}

// Read reads a file of either schema: CSV in UTF-8, parted by commas, semicolons or tabs,
// its columns in any order. If a line cannot be read the error is [*Problems] and
// nothing is to be kept of the file, since its sums would be wrong; with skip such lines
// are counted and left out, and the error is nil as long as any line could be read.
func Read(r io.Reader, skip bool) (Content, error) {
	in := &guard{in: io.LimitReader(r, MaxBytes+1)}
	head := bufio.NewReaderSize(in, 64<<10)
	t, err := tableOf(head)
	if err != nil {
		return Content{}, err
	}
	c := Content{Kind: t.kind}
	var take func() error
	var done func()
	switch t.kind {
	case Budgets:
		sums := budgets{}
		take, done = func() error { return sums.take(t, &c) }, func() { c.Budgets = sums.list() }
	default:
		var rows grants
		take, done = func() error { return rows.take(t) }, func() { c.Grants = rows.list() }
	}
	bad := &Problems{}
	for {
		in.since = 0
		record, err := t.csv.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if in.total > MaxBytes {
			return c, fmt.Errorf("%w: more than %d MiB", ErrLarge, MaxBytes>>20)
		}
		if errors.Is(err, errLong) || err != nil && !isParse(err) {
			return c, fmt.Errorf("after line %d: %w", t.line, err)
		}
		if err == nil {
			t.line, _ = t.csv.FieldPos(0)
			if blank(record) {
				continue
			}
		}
		c.Lines++
		t.problems = t.problems[:0]
		if err != nil {
			t.broken(err)
		} else if t.row(record) {
			if err := take(); err != nil {
				return c, err
			}
		}
		if len(t.problems) > 0 {
			bad.Lines++
			bad.First = append(bad.First, t.problems[:min(len(t.problems), mostProblems-len(bad.First))]...)
		}
	}
	if in.total > MaxBytes {
		return c, fmt.Errorf("%w: more than %d MiB", ErrLarge, MaxBytes>>20)
	}
	if c.Left = bad.Lines; bad.Lines > 0 && (!skip || bad.Lines == c.Lines) {
		return c, bad
	}
	done()
	return c, nil
}

func isParse(err error) bool { _, ok := errors.AsType[*csv.ParseError](err); return ok }

func blank(record []string) bool {
	return !slices.ContainsFunc(record, func(s string) bool { return strings.TrimSpace(s) != "" })
}

// errLong: a quote that is never closed makes one cell of the rest of the file.
var errLong = fmt.Errorf("more than %d KiB without an end of line: is a quote not closed?", maxRecord>>10)

// A guard counts what is read, and gives up on a line that does not end.
type guard struct {
	in           io.Reader
	since, total int64
}

func (g *guard) Read(p []byte) (int, error) {
	if g.since > maxRecord {
		return 0, errLong
	}
	n, err := g.in.Read(p)
	g.since, g.total = g.since+int64(n), g.total+int64(n)
	return n, err
}

// A table is a file whose header was read.
type table struct {
	kind     Kind
	csv      *csv.Reader
	at       map[string]int // where they stand
	cells    []string       // of the line
	problems []Problem      // of the line
	line     int            // that was read last, from 1
}

// columns of the schemas that are read, and whether a file must have them.
var columns = map[Kind]map[string]bool{
	Budgets: {"BGT_NATDEC": true, "BGT_ANNEE": true, "BGT_SIRET": true, "BGT_NOM": false, "BGT_CONTNAT": false, "BGT_NATURE": true, "BGT_SECTION": true,
		"BGT_OPBUDG": true, "BGT_CODRD": true, "BGT_MTREAL": false, "BGT_MTPREV": false, "BGT_MTPROPNOUV": false},
	Grants: {"nomAttribuant": false, "idAttribuant": true, "dateConvention": true, "referenceDecision": false, "nomBeneficiaire": false, "idBeneficiaire": false,
		"rnaBeneficiaire": false, "montant": true, "pourcentageSubvention": false},
}

func tableOf(in *bufio.Reader) (*table, error) {
	if mark, err := in.Peek(3); err == nil && bytes.Equal(mark, []byte("\xef\xbb\xbf")) {
		_, _ = in.Discard(3)
	}
	first, _ := in.Peek(in.Size())
	line, _, _ := bytes.Cut(first, []byte{'\n'})
	t := &table{csv: csv.NewReader(in), at: map[string]int{}, line: 1}
	t.csv.FieldsPerRecord, t.csv.ReuseRecord, t.csv.LazyQuotes = -1, true, true
	for _, comma := range []rune{';', '\t'} {
		if bytes.Count(line, []byte(string(comma))) > bytes.Count(line, []byte(string(t.csv.Comma))) {
			t.csv.Comma = comma
		}
	}
	head, err := t.csv.Read()
	if err != nil {
		if errors.Is(err, io.EOF) || isParse(err) {
			return nil, ErrFile
		}
		return nil, err
	}
	if len(head) > mostCells {
		return nil, fmt.Errorf("%w: %d columns", ErrFile, len(head))
	}
	place := map[string]int{}
	for i, name := range head {
		place[strings.ToLower(strings.TrimSpace(name))] = i
	}
	switch {
	case has(place, "bgt_siret"):
		t.kind = Budgets
	case has(place, "idattribuant"):
		t.kind = Grants
	default:
		return nil, ErrFile
	}
	var missing []string
	for name, must := range columns[t.kind] {
		at, ok := place[strings.ToLower(name)]
		if ok {
			t.at[name] = at
		} else if must {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		slices.Sort(missing)
		return nil, fmt.Errorf("line 1: the file (%s) has no column %s: add it, the schema wants it", t.kind, strings.Join(missing, ", "))
	}
	return t, nil
}

func has(m map[string]int, name string) bool { _, ok := m[name]; return ok }

// row takes the cells of a line; false if they are not what a line may be.
func (t *table) row(record []string) bool {
	t.cells = record
	if len(record) > mostCells {
		t.problems = append(t.problems, Problem{Line: t.line, Want: fmt.Sprintf("at most %d cells: is the separator %q?", mostCells, t.csv.Comma)})
		return false
	}
	for i, cell := range record {
		if !utf8.ValidString(cell) {
			t.problems = append(t.problems, Problem{Line: t.line, Column: i + 1, Name: t.name(i), Found: shown(cell), Want: "UTF-8: save the file in that encoding"})
			return false
		}
	}
	return true
}

func (t *table) broken(err error) {
	p := Problem{Line: t.line, Want: "a line of CSV: " + err.Error()}
	if bad, ok := errors.AsType[*csv.ParseError](err); ok {
		p.Line, p.Want = bad.Line, "a line of CSV ("+bad.Err.Error()+"): write a quote inside a cell twice"
	}
	t.problems = append(t.problems, p)
}

func (t *table) name(column int) string {
	for name, at := range t.at {
		if at == column {
			return name
		}
	}
	return ""
}

// cell is that of a column, "" if the file or the line does not have it.
func (t *table) cell(name string) string {
	at, ok := t.at[name]
	if !ok || at >= len(t.cells) {
		return ""
	}
	return strings.TrimSpace(t.cells[at])
}

// bad notes that a cell of the line is not what is wanted.
func (t *table) bad(name, want string) {
	column := t.at[name] + 1
	t.problems = append(t.problems, Problem{Line: t.line, Column: column, Name: name, Found: shown(t.cell(name)), Want: want})
}
