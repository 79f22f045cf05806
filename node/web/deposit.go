package web

import (
	"slices"

	"maillon/catalog/texts"
)

// DepositPage is the report on one deposit: what was taken, and what its
// author should mend, rule by rule.
type DepositPage struct {
	DepositRow
	Mode        string // merge or replace: what the absence of a contract means
	SHA256      string // of the file as received
	Layout      string // pivot layout that was recognised
	Bytes       int64
	First, Size uint64 // journal index of the first entry appended, size afterwards
	Known       int    // records the journal had already
	Repeated    int    // records that stand twice in the file
	KeptOut     int    // records kept out by a withdrawal or a redaction
	Problem     *ProblemRow
	Warnings    []ProblemRow // about the file as a whole
	Rules       []RuleRow    // the most serious first
	Cut         bool         // more records had problems than are shown
	JSON, CSV   string
}

// A RuleRow is one rule and the places of a file that break it.
type RuleRow struct {
	Rule, Severity, Text, Hint string
	Count                      int // occurrences, of which Places shows some
	Places                     []PlaceRow
}

// A PlaceRow is one occurrence of a problem.
type PlaceRow struct {
	Key, Pointer                        string
	Line                                int // 0 if not known
	State, Found, Expected, ContractURL string
}

// A ProblemRow is one problem on its own, texts in the page's language.
type ProblemRow struct {
	Rule, Severity, Text, Hint, Pointer string
	Line                                int   // 0 if not known
	Offset                              int64 // byte of the file, 0 if not known
}

// More is how many occurrences are not shown.
func (r RuleRow) More() int { return max(0, r.Count-len(r.Places)) }

// HasState reports whether any place shown has a state to tell.
func (r RuleRow) HasState() bool {
	return slices.ContainsFunc(r.Places, func(p PlaceRow) bool { return p.State != "" })
}

// Alone is the problem that had the file rejected, as a list.
func (p DepositPage) Alone() []ProblemRow { return []ProblemRow{*p.Problem} }

// Left is how many records brought nothing new to the journal.
func (p DepositPage) Left() int { return p.Known + p.Repeated + p.KeptOut }

func (DepositPage) name() string { return "deposit" }

func (p DepositPage) title(lang texts.Lang) string {
	if p.Name == "" {
		return texts.T(lang, "web.deposit.title", p.ID)
	}
	return texts.T(lang, "web.deposit.title", p.Name) + " (" + p.ID + ")"
}
