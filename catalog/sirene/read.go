package sirene

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Stats is what reading a file has shown.
type Stats struct {
	Kind      Kind   `json:"kind"`
	Rows      int    `json:"rows"`      // of the file, without the header
	Kept      int    `json:"kept"`      // that were asked for
	Malformed int    `json:"malformed"` // without a number, or with too few cells
	Newest    string `json:"newest"`    // day of the newest change seen, AAAA-MM-JJ; "" if none
}

// ErrFile: the input is not one of the two stock files.
var ErrFile = errors.New("not a stock file of SIRENE (want StockEtablissement or StockUniteLegale, as CSV)")

// maxLine bounds one row; real ones have under 1 KiB.
const maxLine = 64 << 10

// sample is one row of how many is looked at for the date of the file.
const sample = 64

// columns of the two files, by their names. The order in the file does not matter.
var (
	keyOf   = map[Kind]string{Establishments: "siret", Units: "siren"}
	columns = map[Kind][]string{
		Establishments: {
			"statutDiffusionEtablissement", "dateDernierTraitementEtablissement", "etatAdministratifEtablissement", "trancheEffectifsEtablissement",
			"activitePrincipaleEtablissement", "codeCommuneEtablissement", "enseigne1Etablissement", "denominationUsuelleEtablissement",
		},
		Units: {
			"statutDiffusionUniteLegale", "dateDernierTraitementUniteLegale", "etatAdministratifUniteLegale", "trancheEffectifsUniteLegale",
			"activitePrincipaleUniteLegale", "categorieEntreprise", "categorieJuridiqueUniteLegale", "denominationUniteLegale",
			"nomUniteLegale", "nomUsageUniteLegale", "prenomUsuelUniteLegale", "prenom1UniteLegale",
		},
	}
)

// Places in columns: of both files, of establishments, of units.
const (
	colStatus = iota
	colDate
	colState
	colSize
	colActivity
	shared // how many both have

	colCommune = shared
	colSign    = shared + 1
	colUsual   = shared + 2

	colCategory  = shared
	colLegal     = shared + 1
	colName      = shared + 2
	colSurname   = shared + 3
	colUsedName  = shared + 4
	colUsedFirst = shared + 5
	colFirst     = shared + 6
)

// Read reads a stock file as a stream and hands on the rows whose number is wanted.
// Memory does not grow with the file. A row that cannot be read is counted and left
// out; a file that is neither of the two is ErrFile.
func Read(r io.Reader, wanted func(Kind, uint64) bool, take func(Row) error) (Stats, error) {
	s := scanner{in: bufio.NewReaderSize(r, 1<<20)}
	header, err := s.line()
	if err != nil && !errors.Is(err, io.EOF) {
		return Stats{}, err
	}
	l, err := layoutOf(header)
	if err != nil {
		return Stats{}, err
	}
	stats := Stats{Kind: l.kind}
	for {
		line, err := s.line()
		if len(line) > 0 {
			if err := l.row(line, &stats, wanted, take); err != nil {
				return stats, err
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return stats, nil
		case errors.Is(err, errLong):
			stats.Rows++
			stats.Malformed++
		case err != nil:
			return stats, fmt.Errorf("row %d: %w", stats.Rows+1, err)
		}
	}
}

// A layout is where the columns stand in a file.
type layout struct {
	kind  Kind
	comma byte
	key   int
	at    []int // by place in columns; -1 if the file does not have it
	last  int   // the last column that matters
	cells [][]byte
	spare []byte
}

func layoutOf(header []byte) (*layout, error) {
	text := strings.TrimPrefix(string(header), "\uFEFF")
	l := &layout{comma: ','}
	if !strings.Contains(text, ",") {
		l.comma = ';'
	}
	place := map[string]int{}
	for i, name := range strings.Split(text, string(l.comma)) {
		place[strings.Trim(strings.TrimSpace(name), `"`)] = i
	}
	if _, ok := place["statutDiffusionEtablissement"]; ok {
		l.kind = Establishments
	} else if _, ok := place["statutDiffusionUniteLegale"]; ok {
		l.kind = Units
	} else {
		return nil, ErrFile
	}
	var ok bool
	if l.key, ok = place[keyOf[l.kind]]; !ok {
		return nil, fmt.Errorf("%w: it has no column %s", ErrFile, keyOf[l.kind])
	}
	l.last = l.key
	for i, name := range columns[l.kind] {
		at, ok := place[name]
		if !ok {
			if i <= colState { // without them nobody knows what may be shown
				return nil, fmt.Errorf("%w: it has no column %s", ErrFile, name)
			}
			at = -1
		}
		l.at = append(l.at, at)
		l.last = max(l.last, at)
	}
	return l, nil
}

// row reads one line of the file.
func (l *layout) row(line []byte, stats *Stats, wanted func(Kind, uint64) bool, take func(Row) error) error {
	stats.Rows++
	quoted := bytes.IndexByte(line, '"') >= 0
	key, ok := Number(l.cellsUpTo(line, l.key, quoted))
	if !ok {
		stats.Malformed++
		return nil
	}
	keep := wanted(l.kind, key)
	if !keep && stats.Rows%sample != 0 {
		return nil
	}
	if l.cellsUpTo(line, l.last, quoted) == nil && len(l.cells) <= l.last {
		if keep {
			stats.Malformed++
		}
		return nil
	}
	if day := l.cell(colDate); len(day) >= 10 && string(day[:10]) > stats.Newest && isDay(day[:10]) {
		stats.Newest = string(day[:10])
	}
	if !keep {
		return nil
	}
	stats.Kept++
	return take(l.make(key))
}

func (l *layout) make(key uint64) Row {
	r := Row{Key: key, Size: said(l.cell(colSize)), Activity: said(l.cell(colActivity)), Withheld: string(l.cell(colStatus)) != "O"}
	if r.Size == "NN" { // no employees, or not told
		r.Size = ""
	}
	state := string(l.cell(colState))
	if l.kind == Units {
		r.Closed, r.Category, r.Legal = state == "C", said(l.cell(colCategory)), said(l.cell(colLegal))
		if !r.Withheld {
			r.Name = l.unitName()
		}
		return r
	}
	r.Closed = state == "F"
	if !r.Withheld {
		r.Commune, r.Name = said(l.cell(colCommune)), said(l.cell(colUsual))
		if r.Name == "" {
			r.Name = said(l.cell(colSign))
		}
	}
	return r
}

// unitName is the name of a legal person, or first and last name of a natural one.
func (l *layout) unitName() string {
	if name := said(l.cell(colName)); name != "" {
		return name
	}
	first, last := said(l.cell(colUsedFirst)), said(l.cell(colUsedName))
	if first == "" {
		first = said(l.cell(colFirst))
	}
	if last == "" {
		last = said(l.cell(colSurname))
	}
	return strings.TrimSpace(first + " " + last)
}

// cell is a column of the line that cellsUpTo has read last.
func (l *layout) cell(column int) []byte {
	if at := l.at[column]; at >= 0 && at < len(l.cells) {
		return l.cells[at]
	}
	return nil
}

// cellsUpTo parts a line into its cells up to the nth, which it returns; nil if there
// are fewer.
func (l *layout) cellsUpTo(line []byte, n int, quoted bool) []byte {
	l.cells, l.spare = l.cells[:0], l.spare[:0]
	for len(l.cells) <= n {
		var cell []byte
		more := false
		if quoted && len(line) > 0 && line[0] == '"' {
			cell, line, more = l.quotedCell(line[1:])
		} else {
			cell, line, more = bytes.Cut(line, []byte{l.comma})
		}
		l.cells = append(l.cells, cell)
		if !more {
			break
		}
	}
	if len(l.cells) <= n {
		return nil
	}
	return l.cells[n]
}

// quotedCell reads a cell after its first quote; two quotes stand for one.
func (l *layout) quotedCell(line []byte) (cell, rest []byte, more bool) {
	from := len(l.spare)
	for {
		at := bytes.IndexByte(line, '"')
		if at < 0 { // never closed: the rest of the line
			l.spare = append(l.spare, line...)
			return l.spare[from:], nil, false
		}
		l.spare = append(l.spare, line[:at]...)
		line = line[at+1:]
		if len(line) == 0 || line[0] != '"' {
			break
		}
		l.spare, line = append(l.spare, '"'), line[1:]
	}
	_, rest, more = bytes.Cut(line, []byte{l.comma})
	return l.spare[from:], rest, more
}

func isDay(s []byte) bool {
	for i, c := range s {
		if i == 4 || i == 7 {
			if c != '-' {
				return false
			}
		} else if c < '0' || c > '9' {
			return false
		}
	}
	return true
}
