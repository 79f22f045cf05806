package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A queryTable prints the items of answers in columns or as CSV; an answer that has
// no items as one line for each value. Columns are fixed by the first page.
type queryTable struct {
	w       io.Writer
	columns []string // names, with dots between the parts; nil for those of the first items
	csv     bool
	begun   bool
}

// A cell is a value of an item and its name.
type queryCell struct{ name, value string }

func (t *queryTable) print(raw []byte) error {
	var answer struct {
		Items *[]json.RawMessage `json:"items"`
	}
	if json.Unmarshal(raw, &answer) != nil || answer.Items == nil {
		return t.printValues(raw)
	}
	rows := make([][]queryCell, 0, len(*answer.Items))
	for _, item := range *answer.Items {
		rows = append(rows, cellsOf(item))
	}
	if t.columns == nil {
		for _, row := range rows {
			for _, c := range row {
				if !slices.Contains(t.columns, c.name) {
					t.columns = append(t.columns, c.name)
				}
			}
		}
		if !t.csv && len(t.columns) > mostQueryColumns {
			t.columns = t.columns[:mostQueryColumns]
		}
	}
	var lines [][]string
	if !t.begun {
		lines = append(lines, t.columns)
	}
	t.begun = true
	for _, row := range rows {
		line := make([]string, len(t.columns))
		for _, c := range row {
			if i := slices.Index(t.columns, c.name); i >= 0 {
				line[i] = c.value
			}
		}
		lines = append(lines, line)
	}
	return t.write(lines)
}

const (
	mostQueryColumns = 6  // on a screen, if none are asked for
	mostQueryCell    = 60 // characters of a cell on a screen
)

func (t *queryTable) write(lines [][]string) error {
	if t.csv {
		c := csv.NewWriter(t.w)
		c.Comma = ';'
		for _, line := range lines {
			for i, cell := range line {
				line[i] = safeCell(cell)
			}
			_ = c.Write(line)
		}
		c.Flush()
		return c.Error()
	}
	widths := make([]int, len(t.columns))
	for _, line := range lines {
		for i, cell := range line {
			line[i] = shownCell(cell)
			widths[i] = max(widths[i], utf8.RuneCountInString(line[i]))
		}
	}
	for _, line := range lines {
		var b strings.Builder
		for i, cell := range line {
			if b.WriteString(cell); i < len(line)-1 {
				b.WriteString(strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)+2))
			}
		}
		if _, err := fmt.Fprintln(t.w, strings.TrimRight(b.String(), " ")); err != nil {
			return err
		}
	}
	return nil
}

// printValues prints what is no list: a name and a value a line.
func (t *queryTable) printValues(raw []byte) error {
	t.columns = []string{"", ""}
	var lines [][]string
	for _, c := range cellsOf(raw) {
		lines = append(lines, []string{c.name, c.value})
	}
	return t.write(lines)
}

// shownCell is a value as a terminal may be given it: no control characters, one
// line, not too long.
func shownCell(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return ' '
		}
		return r
	}, s)
	if r := []rune(s); len(r) > mostQueryCell {
		return string(r[:mostQueryCell-1]) + "…"
	}
	return s
}

// safeCell keeps spreadsheets from taking a cell for a formula; numbers are none.
func safeCell(s string) string {
	if s == "" || !strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return s
	}
	if _, err := strconv.ParseFloat(s, 64); err == nil {
		return s
	}
	return "'" + s
}

// cellsOf lists the values of a JSON object in the order in which they stand, with
// the names of those within it joined by dots. Lists of values stand in one cell.
func cellsOf(raw []byte) []queryCell {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var cells []queryCell
	if readCells(d, "", &cells, 0) != nil {
		return append(cells, queryCell{"", strings.TrimSpace(string(raw))})
	}
	return cells
}

// deepestCell bounds the depth to which objects are opened.
const deepestCell = 32

func readCells(d *json.Decoder, name string, cells *[]queryCell, depth int) error {
	var raw json.RawMessage
	t, err := d.Token()
	if err != nil {
		return err
	}
	switch t {
	case json.Delim('{'):
		if depth == deepestCell {
			return fmt.Errorf("%s: too deep", name)
		}
		for d.More() {
			key, err := d.Token()
			if err != nil {
				return err
			}
			inner, _ := key.(string)
			if name != "" {
				inner = name + "." + inner
			}
			if err := readCells(d, inner, cells, depth+1); err != nil {
				return err
			}
		}
	case json.Delim('['):
		var list []string
		for d.More() {
			if err := d.Decode(&raw); err != nil {
				return err
			}
			var s string
			if json.Unmarshal(raw, &s) != nil {
				s = string(raw)
			}
			list = append(list, s)
		}
		*cells = append(*cells, queryCell{name, strings.Join(list, " | ")})
	default:
		value := ""
		if t != nil {
			value = fmt.Sprint(t)
		}
		*cells = append(*cells, queryCell{name, value})
		return nil
	}
	_, err = d.Token() // the closing one
	return err
}
