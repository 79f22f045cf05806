package web

import "maillon/catalog/texts"

// An Enrichment is what follows from a contract's codes.
type Enrichment struct {
	Buyer, Place []AreaRow // the smallest territory first
	CPV          []LabelRow
}

// Any reports whether anything follows.
func (e Enrichment) Any() bool { return len(e.Buyer)+len(e.Place)+len(e.CPV) > 0 }

// An AreaRow is a territory, and where it is known from, in words.
type AreaRow struct{ Level, Code, Name, Source, Note string }

// A LabelRow is a code of the CPV and what it means, in a language.
type LabelRow struct{ Code, Name, Lang string }

// A PartyFact is one thing that is known of a body, in words.
type PartyFact struct{ Label, Value, Source string }

// SupplierPage is one supplier.
type SupplierPage struct {
	ID, Name     string
	Found        bool // SIRENE knows it here
	Facts        []PartyFact
	Where        []AreaRow
	Contracts    int
	ContractsURL string
	Numbers      *Numbers // of its contracts; nil for none
	JSON         string
	Met, Known   int // suppliers named on this node, and those of them that SIRENE knows
	Percent      int
	Sources      []string // in words
}

func (SupplierPage) name() string { return "supplier" }

func (p SupplierPage) title(lang texts.Lang) string {
	if p.Name == "" {
		return texts.T(lang, "web.supplier.title", p.ID)
	}
	return p.Name + " (" + p.ID + ")"
}

// Known is how much of those whom contracts name is known.
type Known struct {
	Sources []string // in words
	Rows    []KnownRow
	Others  int // mentions under identifiers that SIRENE does not have
}

// A KnownRow is the count of one kind of parties.
type KnownRow struct {
	Who                                    string
	Met, Known, Withheld, Invalid, Unknown int
	Percent                                int
}
