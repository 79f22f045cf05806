package main

import "maillon/store/search"

// A question is a search with all its facets, and the same in SQL.
type question struct {
	name  string
	query string   // as an address
	where string   // over the table contracts; words are put in by each engine
	words []string // of the text; whole, with their accents
}

// questions are asked of every engine.
var questions = []question{
	{"everything", "", "true", nil},
	{"a département", "departement=35", "departement = '35'", nil},
	{"a région", "region=53", "region = '53'", nil},
	{"two régions", "region=53&region=52", "region in ('53','52')", nil},
	{"works", "cpv=45", "cpv like '45%'", nil},
	{"a branch of the CPV", "cpv=4521", "cpv like '4521%'", nil},
	{"a year", "from=2024-01-01&to=2024-12-31", "notified between '2024-01-01' and '2024-12-31'", nil},
	{"a month of a région", "from=2023-03-01&to=2023-03-31&region=84", "notified between '2023-03-01' and '2023-03-31' and region = '84'", nil},
	{"large", "amount_min=90000", "amount >= 90000", nil},
	{"small in a département", "amount_max=25000&departement=59", "amount <= 25000 and departement = '59'", nil},
	{"a procedure", "procedure=Appel+d%27offres+ouvert", "procedure = 'Appel d''offres ouvert'", nil},
	{"a procedure in a région", "procedure=Proc%C3%A9dure+adapt%C3%A9e&region=75", "procedure = 'Procédure adaptée' and region = '75'", nil},
	{"ends soon", "ends_from=2026-01-01&ends_to=2026-06-30", "ends between '2026-01-01' and '2026-06-30'", nil},
	{"social clauses of services", "considerations=sociale&cpv=7", "social = 'oui' and cpv like '7%'", nil},
	{"one offer", "offers_max=1&from=2022-01-01", "offers <= 1 and notified >= '2022-01-01'", nil},
	{"school", "q=%C3%A9cole+", "true", []string{"école"}},
	{"two words", "q=m%C3%A9diath%C3%A8que+entretien+", "true", []string{"médiathèque", "entretien"}},
	{"a word in a département", "q=gymnase+&departement=35", "departement = '35'", []string{"gymnase"}},
	{"a rare word", "q=ascenseurs+", "true", []string{"ascenseurs"}},
	{"words, large, recent", "q=logiciels+&amount_min=10000&from=2023-01-01", "amount >= 10000 and notified >= '2023-01-01'", []string{"logiciels"}},
}

type comparedFacet struct {
	facet search.Dimension
	col   string
	top   bool
}

// compared are the facets that are counted; of those that are marked only the 20 most
// frequent values.
var compared = []comparedFacet{
	{search.ByKind, "kind", false}, {search.ByYear, "year", false}, {search.ByRegion, "region", false}, {search.ByDepartement, "departement", false},
	{search.ByDivision, "cpv2", false}, {search.ByProcedure, "procedure", false}, {search.ByNature, "nature", false}, {search.ByTechnique, "technique", false},
	{search.BySocial, "social", false}, {search.ByEnvironment, "environmental", false}, {search.ByBuyer, "buyer", true}, {search.BySupplier, "supplier", true},
}
