package web

import "maillon/catalog/texts"

// BuyerPage is one buyer: its datasets and the way to its contracts.
type BuyerPage struct {
	SIRET, Name, Catalog string
	Contracts            int
	ContractsURL         string
	Audit                string // its letter
	Datasets             []DatasetRow
	Numbers              *Numbers // of its contracts; nil for none
	Lineage              []LineageRow
	Where                []AreaRow
	Facts                []PartyFact
	LD                   any // schema.org, for search engines
}

// A LineageRow is a body that the buyer follows, or that follows it.
type LineageRow struct {
	SIRET, Name, URL string
	Follows          bool   // the buyer follows it
	Since            string // YYYY-MM-DD
	Why, Reason      string
}

func (BuyerPage) name() string { return "buyer" }

func (p BuyerPage) title(lang texts.Lang) string {
	if p.Name == "" {
		return texts.T(lang, "web.buyer.unnamed", p.SIRET)
	}
	return p.Name + " (" + p.SIRET + ")"
}
