package web

import "maillon/catalog/texts"

// RegisterPage lists who publishes, for which buyers and where.
type RegisterPage struct {
	Nodes  []NodeRow
	Buyers []BuyerRow
}

// A BuyerRow is one buyer and the node whose data of it is shown.
type BuyerRow struct {
	SIRET, Name, Node, NodeName string
	Catalog, Territory          string
	Contracts                   int
}

func (RegisterPage) name() string { return "register" }

func (RegisterPage) title(lang texts.Lang) string { return texts.T(lang, "web.register.title") }
