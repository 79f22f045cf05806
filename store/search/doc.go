// Package search is the index over all contracts that a node shows: it filters,
// searches French text, counts facets, sorts, pages, and groups into tables of numbers.
// The API, the pages, the exports and the statistics all ask it in one way.
//
//	q, err := search.ParseQuery(r.URL.Query(), "lang")     // the filter is the URL
//	res, err := index.Search(ctx, q)                       // total, a page, facets
//	for address, err := range index.Rows(ctx, q) { … }     // all matches, for exports
//	by, _ := search.ParseDimensions("cpv2,year")
//	ms, _ := search.ParseMeasures("count,sum:amount,median:amount,rate:single_offer")
//	table, err := index.Group(ctx, q, by, ms)              // n and missing for each measure
//
// # Queries
//
// All parameters, of which several of one name are alternatives: q, buyer, supplier,
// commune, epci, departement, region (of execution, or of the buyer where that is not
// known), the same after buyer_ and place_, cpv (first digits), procedure, nature,
// technique, level, state, kind (marche, contrat-concession), node, considerations
// (sociale, environnementale: all of them), conflict=1, amount_min, amount_max,
// months_min, months_max, offers_min, offers_max, from, to (notification), ends_from,
// ends_to (notification plus duration), sort (date, amount, relevance, end),
// facets (all, or names of dimensions), limit, after.
//
//	?q=réfection+toiture+école&departement=35&facets=all
//	?q="maîtrise+d'œuvre"&buyer_region=53&amount_min=90000&sort=amount
//	?cpv=45&ends_from=2026-12-01&ends_to=2027-05-31&sort=end
//
// In q every word must be found, in the object, a name of the buyer or of a supplier,
// or the French label of the CPV code; words in quotes must stand together. The last
// word may go on, as it is being typed, unless a space follows it. Numbers of 9 or 14
// digits find buyers and suppliers, numbers of 8 the CPV. The number that the buyer gave
// to a contract finds it, alone or after the buyer's SIRET (uid, address); capitals and
// signs between do not count.
//
// A cursor names a place in the order (what is sorted by, and the address), not a
// number: while contracts come in or go, the pages still show each of the others once.
// By relevance that holds as long as the weights of the words stay the same; they move
// in steps.
//
// # How it is made
//
// Every contract is a row of columns of small codes, in memory. Bitmaps of rows for
// each value (and each stem) make the set that a query asks for, the columns test what
// is left (ranges of numbers and days) and are counted for the facets: counting
// columns is faster than intersecting a bitmap for each value (docs/decisions/0076). What
// facets count of a row stands on one card; sets and facets that are asked for often are
// remembered (docs/decisions/0089).
// Rows are only added; a changed contract is a new row and its old one dies.
//
// The index is a view like the others (package view): [Index.Fill] makes it, or brings
// it to what the views show; nothing in it cannot be made again. Queries take a read
// lock, changes a write lock of about a millisecond.
//
// # What it does not do
//
// It holds no versions and no problems of records: [view.Views.Contract] has these. It
// does not correct spelling, and it knows of a place only what the geographic code
// says of the contract or of a buyer that is a collectivity.
package search
