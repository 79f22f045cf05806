package pivot

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"maillon/catalog"
)

// A tableReader reads the lines of a table and puts those of one contract
// together: lines in a row with the same buyer and id.
type tableReader struct {
	*Reader
	w    *readWindow
	wide bool // letters beyond ASCII were met, and were UTF-8

	headers []tableHeader
	comma   byte

	// The contract whose lines are being read.
	raw   []byte
	count int
	first int       // its first line in the file, from 1
	at    int       // its place among the contracts, from 0
	key   [3]string // buyer, id, kind
}

// tableHeadLines is the number of lines at the top of a file among which its
// header is looked for.
const tableHeadLines = 20

// file reads the CSV file in the window.
func (t *tableReader) file() error {
	if err := t.head(); err != nil {
		return err
	}
	t.layout = layoutCSV
	t.forget(ruleBOM) // spreadsheets want one
	for {
		mark := t.w.mark(0)
		n, problem := t.span()
		if n == 0 {
			break
		}
		if problem != "" {
			if err := t.refuse(problem, mark.line, n); err != nil {
				return err
			}
			continue
		}
		if t.guessed(n) {
			continue
		}
		cells := tableSplit(t.w.rest()[:n], t.comma)
		t.w.skip(n)
		if err := t.line(cells, mark.line); err != nil {
			return err
		}
	}
	if err := t.flush(); err != nil {
		return err
	}
	if t.w.failed() {
		return t.ended()
	}
	return nil
}

// forget takes back what was said of the whole file.
func (t *tableReader) forget(rule string) {
	t.warnings = slices.DeleteFunc(t.warnings, func(p catalog.Problem) bool { return p.Rule == rule })
}

// head finds the header, and with it what separates cells.
func (t *tableReader) head() error {
	around, mark := t.w.around(), t.w.mark(0)
	for range tableHeadLines {
		n, problem := t.span()
		if n == 0 || problem != "" {
			break
		}
		if t.guessed(n) {
			continue
		}
		line := t.w.rest()[:n]
		for _, comma := range []byte(";,\t|") {
			if cells := tableSplit(line, comma); tableIsHeader(cells) {
				t.comma, t.headers = comma, tableHeaders(cells)
				t.w.skip(n)
				return nil
			}
		}
		t.w.skip(n)
	}
	if t.w.failed() {
		return t.ended()
	}
	t.forget(ruleGuessed)
	return t.failAt(mark, ruleNotPivot, around, "{ [ <, id;acheteur_id;objet;…")
}

// span is the number of bytes of the next line of the table, its end
// included: quoted cells may hold ends of lines. 0 is the end of the file. A line
// that cannot be read ends where its text line does, and breaks the rule.
func (t *tableReader) span() (n int, rule string) {
	quoted, opens, first := false, true, -1 // opens: a quote that stands here opens a cell
	for i := 0; ; i++ {
		for i >= len(t.w.rest()) {
			if i > t.lim.Record {
				return tableLineEnd(first, i), ruleTooLarge
			}
			if t.w.more() {
				continue
			}
			if quoted {
				return tableLineEnd(first, i), ruleQuote
			}
			return i, ""
		}
		switch c := t.w.rest()[i]; {
		case quoted && c == '"':
			quoted, opens = false, true // one that follows is a doubled one
		case quoted:
			if c == '\n' && first < 0 {
				first = i
			}
		case c == '"' && opens:
			quoted = true
		case c == '\n':
			return i + 1, ""
		default:
			opens = c == t.comma || t.comma == 0 && strings.IndexByte(";,\t|", c) >= 0
		}
	}
}

// tableLineEnd is where the first text line ends, of those that span n bytes.
func tableLineEnd(first, n int) int {
	if first >= 0 {
		return first + 1
	}
	return n
}

// guessed reads the file as windows-1252 from here on, if its next n bytes
// prove not to be UTF-8.
func (t *tableReader) guessed(n int) bool {
	line := t.w.rest()[:n]
	if utf8.Valid(line) {
		t.wide = t.wide || bytes.IndexFunc(line, func(c rune) bool { return c >= utf8.RuneSelf }) >= 0
		return false
	}
	if t.wide {
		return false // one bad byte in a file of UTF-8: it reads as a lost letter
	}
	t.warn(ruleGuessed, "", "windows-1252")
	t.wide = true
	t.w.guess()
	t.w.more()
	return true
}

// tableSplit takes a line apart.
func tableSplit(line []byte, comma byte) []string {
	line = bytes.TrimRight(line, "\r\n")
	var cells []string
	for {
		var cell []byte
		if len(line) > 0 && line[0] == '"' {
			cell, line = tableQuoted(line[1:])
		}
		end := bytes.IndexByte(line, comma)
		if end < 0 {
			return append(cells, tableJoin(cell, line))
		}
		cells = append(cells, tableJoin(cell, line[:end]))
		line = line[end+1:]
	}
}

// tableQuoted reads a cell up to the quote that closes it.
func tableQuoted(line []byte) (cell, rest []byte) {
	for {
		end := bytes.IndexByte(line, '"')
		if end < 0 {
			return append(cell, line...), nil
		}
		cell, line = append(cell, line[:end]...), line[end+1:]
		if len(line) == 0 || line[0] != '"' {
			return cell, line
		}
		cell, line = append(cell, '"'), line[1:]
	}
}

// tableJoin is the text of a cell: what was quoted, and what follows it.
func tableJoin(quoted, plain []byte) string {
	s := string(quoted) + string(plain)
	// WriteCSV guards what a spreadsheet would run as a formula.
	if len(s) > 1 && s[0] == '\'' && strings.IndexByte("=+-@\t\r", s[1]) >= 0 {
		s = s[1:]
	}
	return strings.ToValidUTF8(s, "\ufffd")
}

// line adds a line to the contract it belongs to.
func (t *tableReader) line(cells []string, line int) error {
	empty := true
	for _, c := range cells {
		empty = empty && strings.TrimSpace(c) == ""
	}
	if empty {
		return nil
	}
	for len(t.headers) < len(cells) {
		t.headers = append(t.headers, tableNamed("colonne "+strconv.Itoa(len(t.headers)+1)))
	}
	key := t.identity(cells)
	if t.count == 0 || key != t.key || key[1] == "" || t.count >= tableMostLines {
		if err := t.flush(); err != nil {
			return err
		}
		t.key, t.first = key, line
		t.raw = append(t.raw[:0], `{"`+tableLines+`":[`...)
	} else {
		t.raw = append(t.raw, ',')
	}
	t.count++
	t.raw = append(t.raw, '{')
	some := false
	for i, c := range cells {
		if strings.TrimSpace(c) == "" {
			continue
		}
		if some {
			t.raw = append(t.raw, ',')
		}
		some = true
		t.raw = append(tableQuote(t.raw, t.headers[i].name), ':')
		t.raw = tableQuote(t.raw, c)
	}
	t.raw = append(t.raw, '}')
	return nil
}

// identity is the buyer, the id and the kind that a line names.
func (t *tableReader) identity(cells []string) (key [3]string) {
	uid := ""
	for i, c := range cells {
		column := t.headers[i].column
		if column == nil {
			continue
		}
		cell := tableCell{text: c, sort: column.sort}
		switch column.name {
		case "acheteur_id":
			if key[0] == "" {
				key[0], _, _ = cell.value()
			}
		case "id":
			if key[1] == "" {
				key[1], _, _ = cell.value()
			}
		case "type":
			key[2] = cell.said()
		case "uid":
			uid = cell.said()
		}
	}
	if key[0] == "" {
		key[0] = readBuyerOf(uid, key[1])
	}
	return key
}

// flush hands on the contract whose lines are complete.
func (t *tableReader) flush() error {
	if t.count == 0 {
		return nil
	}
	t.raw = append(t.raw, "]}"...)
	rec := Record{Kind: Marche, Form: Table, Pointer: "/" + strconv.Itoa(t.at), Line: t.first, Buyer: t.key[0], ID: t.key[1]}
	t.at, t.count = t.at+1, 0
	if len(t.raw) > t.lim.Record {
		return t.emit(tableRefused(rec, catalog.Problem{Rule: ruleTooLarge, Expected: strconv.Itoa(t.lim.Record)}))
	}
	rec.Raw = t.hold(t.raw)
	rec.Kind = tableRead(rec).legal.Kind
	if p, bad := readIdentified(&rec); bad {
		return t.emit(tableRefused(rec, p))
	}
	return t.emit(Item{Record: rec})
}

// refuse emits a line that cannot be read, of n bytes, and leaves it.
func (t *tableReader) refuse(rule string, line, n int) error {
	if err := t.flush(); err != nil {
		return err
	}
	p := catalog.Problem{Rule: rule, Found: t.w.around()}
	if rule == ruleTooLarge {
		p.Found, p.Expected = "", strconv.Itoa(t.lim.Record)
	}
	rec := Record{Kind: Marche, Form: Table, Pointer: "/" + strconv.Itoa(t.at), Line: line}
	t.at++
	for ended := t.w.rest()[n-1] == '\n'; !ended; {
		t.w.skip(n)
		if len(t.w.rest()) == 0 && !t.w.more() {
			return t.emit(tableRefused(rec, p))
		}
		if n = bytes.IndexByte(t.w.rest(), '\n') + 1; n > 0 {
			break
		}
		n = len(t.w.rest())
	}
	t.w.skip(n)
	return t.emit(tableRefused(rec, p))
}

func tableRefused(rec Record, p catalog.Problem) Item {
	p.Severity, p.Line = catalog.Error, rec.Line
	return Item{Record: rec, Problems: catalog.Problems{p}}
}
