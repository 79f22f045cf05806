// Package scdl reads budgets and grants as local bodies publish them in the schemas of
// the Socle commun des données locales: "budget" (columns BGT_…, the lines of a budget
// document) and "subventions" (the essential data of grants). The pivot format knows
// neither; both are crossed with contracts by SIRET and year.
//
// Lines are added up while they are read: a [Budget] is a body, a year and a stage, a
// [Grant] is a giver, a beneficiary and a year. What is kept of a file is small.
// A beneficiary without SIRET or number of association (RNA) may be a person: its name
// is not kept. The package does no I/O of its own; any input is bounded, and what cannot
// be read is a list of [Problems].
package scdl

import (
	"fmt"
	"strings"
)

// Kind is which of the two schemas.
type Kind string

// The schemas.
const (
	Budgets Kind = "budget"
	Grants  Kind = "subventions"
)

// A Stage is what a budget document is: what was spent, or what was voted.
type Stage string

// The stages. Supplementary budgets and amending decisions are read and left out: they
// change a vote by amounts that these files give in different ways.
const (
	Realised Stage = "realise" // compte administratif, compte financier unique
	Voted    Stage = "vote"    // budget primitif
)

// A Budget is what one document of a body says, in euros; real operations alone, without
// those that only move money between its own accounts.
type Budget struct {
	SIRET      string  `json:"siret"`
	Year       int     `json:"year"`
	Stage      Stage   `json:"stage"`
	Name       string  `json:"name,omitempty"`
	Operating  float64 `json:"operating"`  // real expenditure of the section de fonctionnement
	Investment float64 `json:"investment"` // real expenditure of the section d'investissement
	Purchases  float64 `json:"purchases"`  // of both, what is bought, see [Bought]
	Income     float64 `json:"income"`     // real income of both sections
	Lines      int     `json:"lines"`      // of the document
}

// Spent is the real expenditure of both sections.
func (b *Budget) Spent() float64 { return b.Operating + b.Investment }

// A Grant is what a body gave to a beneficiary in a year (of the convention).
type Grant struct {
	Giver       string  `json:"giver"` // SIRET
	GiverName   string  `json:"giverName,omitempty"`
	Beneficiary string  `json:"beneficiary,omitempty"` // SIRET, or RNA; "" for all others together
	Name        string  `json:"name,omitempty"`
	Year        int     `json:"year"`
	N           int     `json:"n"`
	Amount      float64 `json:"amount"` // euros
}

// Bought reports whether an account of the local plans of accounts (M14, M57, M4) is of
// what is bought: 60 purchases without changes of stock (603), 61 and 62 services
// without outside staff (621), 20 without grants for equipment (204), 21 and 23 assets.
// Where only chapters are given, 011 is charges à caractère général.
func Bought(account string) bool {
	switch {
	case strings.HasPrefix(account, "603"), strings.HasPrefix(account, "621"), strings.HasPrefix(account, "204"):
		return false
	}
	for _, p := range []string{"60", "61", "62", "20", "21", "23", "011"} {
		if strings.HasPrefix(account, p) {
			return true
		}
	}
	return false
}

// A Problem is a cell, or a line, that cannot be read.
type Problem struct {
	Line   int    `json:"line"`             // of the file, from 1
	Column int    `json:"column,omitempty"` // from 1; 0 for the line as a whole
	Name   string `json:"name,omitempty"`   // of the column
	Found  string `json:"found,omitempty"`
	Want   string `json:"want"` // what would do
}

func (p Problem) String() string {
	switch {
	case p.Column == 0:
		return fmt.Sprintf("line %d: want %s", p.Line, p.Want)
	case p.Found == "":
		return fmt.Sprintf("line %d, column %d (%s): empty, want %s", p.Line, p.Column, p.Name, p.Want)
	}
	return fmt.Sprintf("line %d, column %d (%s): %q, want %s", p.Line, p.Column, p.Name, p.Found, p.Want)
}

// mostProblems is how many are told; all are counted.
const mostProblems = 100

// Problems is what is wrong with a file: the first ones, and how many lines there are.
type Problems struct {
	First []Problem
	Lines int
}

func (p *Problems) Error() string {
	said := make([]string, 0, 6)
	for _, one := range p.First[:min(5, len(p.First))] {
		said = append(said, one.String())
	}
	if more := p.Lines - len(said); more > 0 {
		said = append(said, fmt.Sprintf("and %d more lines", more))
	}
	return strings.Join(said, "; ")
}

// shown cuts what came from outside.
func shown(s string) string {
	const most = 60
	if len(s) > most {
		s = s[:most] + "…"
	}
	return strings.ToValidUTF8(s, "�")
}
