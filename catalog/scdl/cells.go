package scdl

import (
	"math"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"maillon/catalog/territory"
)

// The years that a budget or a grant may be of.
const (
	firstYear = 1990
	lastYear  = 2099
)

// mostAmount is what no cell goes beyond, in euros.
const mostAmount = 1e13

func (t *table) siret(name string) string {
	id := strings.ReplaceAll(strings.ReplaceAll(t.cell(name), " ", ""), "\u00a0", "")
	if !territory.IsSIRET(id) {
		t.bad(name, "a SIRET: 14 digits whose key is right (in a spreadsheet, make the column text)")
	}
	return id
}

func (t *table) year(name string) int {
	cell := t.cell(name)
	n, err := strconv.Atoi(cell)
	if err != nil || len(cell) != 4 || n < firstYear || n > lastYear {
		t.bad(name, "a year such as 2025")
	}
	return n
}

// yearOf is that of a date, AAAA-MM-JJ or as spreadsheets write it.
func (t *table) yearOf(name string) int {
	cell := t.cell(name)
	for _, layout := range []string{time.DateOnly, "02/01/2006", "2006-01-02T15:04:05Z07:00", "2006-01-02 15:04:05"} {
		if day, err := time.Parse(layout, cell); err == nil && day.Year() >= firstYear && day.Year() <= lastYear {
			return day.Year()
		}
	}
	t.bad(name, "a date such as 2025-06-27")
	return 0
}

// amount is a number of euros; 0, and false, for an empty cell.
func (t *table) amount(name string) (v float64, given bool) {
	cell := t.cell(name)
	if cell == "" {
		return 0, false
	}
	v, ok := number(strings.TrimSpace(strings.TrimSuffix(cell, "€")))
	if !ok {
		t.bad(name, "a number such as 47800.20")
	}
	return v, true
}

// number reads a number as people write them: 47800.20, 47 800,20.
func number(s string) (float64, bool) {
	s = strings.NewReplacer(" ", "", "\u00a0", "", "\u202f", "").Replace(s)
	if strings.Count(s, ",") == 1 && !strings.Contains(s, ".") {
		s = strings.Replace(s, ",", ".", 1)
	}
	if strings.Trim(s, "0123456789.-+eE") != "" {
		return 0, false // no hexadecimals, no infinity
	}
	v, err := strconv.ParseFloat(s, 64)
	return v, err == nil && math.Abs(v) <= mostAmount
}

// one is the value of a closed list that a cell means, whatever its accents and capitals.
func (t *table) one(name string, list map[string]string) string {
	if v, ok := list[plain(t.cell(name))]; ok {
		return v
	}
	want := map[string]string{
		"BGT_NATDEC": "budget primitif, budget supplémentaire, décision modificative, compte administratif, compte financier unique", "BGT_SECTION": "fonctionnement or investissement",
		"BGT_OPBUDG": "réel or ordre", "BGT_CODRD": "dépense or recette",
	}[name]
	t.bad(name, want)
	return ""
}

// plain is a text in lower case without accents.
func plain(s string) string {
	if len(s) > 80 {
		return ""
	}
	var b strings.Builder
	for _, r := range norm.NFD.String(strings.ToLower(strings.TrimSpace(s))) {
		if r < 0x300 || r > 0x36f {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// said is a name on one line, and not endless.
func said(s string) string {
	const most = 160
	s = strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)), " ")
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "")
	}
	return strings.Clone(s)
}

// beneficiary is a SIRET, else a number of association; "" for neither.
func beneficiary(siret, rna string) string {
	siret = strings.ReplaceAll(siret, " ", "")
	if territory.IsSIRET(siret) {
		return strings.Clone(siret)
	}
	for _, id := range []string{rna, siret} {
		id = strings.ToUpper(strings.TrimSpace(id))
		if len(id) == 10 && id[0] == 'W' && strings.Trim(id[1:], "0123456789") == "" {
			return id
		}
	}
	return ""
}
