package sirene

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Table is the rows that were kept of one stock file, sorted by number.
//
// As text it is two lines and then a row a line, its cells parted by tabs: number,
// name, commune, size, category, activity, legal form, and flags (C closed, W
// withheld). The first line is the format's name, the second a [Source] in JSON.
type Table struct {
	Source Source
	keys   []uint64
	at     []uint32 // where each row begins in text
	text   []byte
}

// A Source says what a table was made of.
type Source struct {
	Stats
	File     string    `json:"file"` // its name, without folders
	Imported time.Time `json:"imported"`
	Met      int       `json:"met"` // numbers that the node's contracts named then
}

const (
	magic   = "maillon sirene 1"
	maxText = 1 << 30 // of a table: seven million rows
	cells   = 8
)

// ErrTable: the text is not that of a table.
var ErrTable = errors.New("not a table of SIRENE: import the stock file again")

// WriteTable writes rows, which it sorts, as the text of a table. Of two rows of one
// number the first stays.
func WriteTable(w io.Writer, s Source, rows []Row) error {
	slices.SortStableFunc(rows, func(a, b Row) int { return cmp.Compare(a.Key, b.Key) })
	head, err := json.Marshal(s)
	if err != nil {
		return err
	}
	b := bufio.NewWriterSize(w, 64<<10)
	fmt.Fprintf(b, "%s\n%s\n", magic, head) // an error stays with b until Flush
	var line []byte
	for i := range rows {
		r := &rows[i]
		if i > 0 && rows[i-1].Key == r.Key {
			continue
		}
		line = strconv.AppendUint(line[:0], r.Key, 10)
		for _, cell := range []string{r.Name, r.Commune, r.Size, r.Category, r.Activity, r.Legal} {
			line = append(append(line, '\t'), said([]byte(cell))...)
		}
		line = append(line, '\t')
		if r.Closed {
			line = append(line, 'C')
		}
		if r.Withheld {
			line = append(line, 'W')
		}
		if _, err := b.Write(append(line, '\n')); err != nil {
			return err
		}
	}
	return b.Flush()
}

// ReadTable reads the text of a table, of which it keeps hold.
func ReadTable(text []byte) (*Table, error) {
	first, rest, ok := bytes.Cut(text, []byte{'\n'})
	head, body, more := bytes.Cut(rest, []byte{'\n'})
	if !ok || !more || string(first) != magic || len(text) > maxText {
		return nil, ErrTable
	}
	t := &Table{text: body}
	if err := json.Unmarshal(head, &t.Source); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTable, err)
	}
	for at := 0; at < len(body); {
		end := bytes.IndexByte(body[at:], '\n')
		if end < 0 {
			return nil, fmt.Errorf("%w: its last line is broken off", ErrTable)
		}
		digits, _, _ := bytes.Cut(body[at:at+end], []byte{'\t'})
		key, ok := Number(digits)
		if !ok || bytes.Count(body[at:at+end], []byte{'\t'}) != cells-1 || len(t.keys) > 0 && t.keys[len(t.keys)-1] >= key {
			return nil, fmt.Errorf("%w: line %d", ErrTable, len(t.keys)+3)
		}
		t.keys, t.at = append(t.keys, key), append(t.at, uint32(at))
		at += end + 1
	}
	return t, nil
}

// Len counts the rows.
func (t *Table) Len() int { return len(t.keys) }

// Has reports whether the table has a row for a number; a nil table has none.
func (t *Table) Has(key uint64) bool {
	if t == nil {
		return false
	}
	_, found := slices.BinarySearch(t.keys, key)
	return found
}

// Row finds a row by its number; nil if there is none. A nil table has none.
func (t *Table) Row(key uint64) *Row {
	if t == nil {
		return nil
	}
	i, found := slices.BinarySearch(t.keys, key)
	if !found {
		return nil
	}
	line, _, _ := bytes.Cut(t.text[t.at[i]:], []byte{'\n'})
	c := strings.Split(string(line), "\t")
	return &Row{
		Key: key, Name: c[1], Commune: c[2], Size: c[3], Category: c[4], Activity: c[5], Legal: c[6],
		Closed: strings.Contains(c[7], "C"), Withheld: strings.Contains(c[7], "W"),
	}
}
