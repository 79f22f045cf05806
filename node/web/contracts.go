package web

import "maillon/catalog/texts"

// ContractsPage is one page of the list of contracts, and the form that
// narrows it.
type ContractsPage struct {
	Total  int // contracts that answer the filter, on all pages
	Items  []ContractRow
	Next   string // "" on the last page
	First  string // "" on the first page
	Filter ContractFilter
}

// A ContractRow is one contract in a list.
type ContractRow struct {
	URL, Title, Buyer, BuyerName, Supplier string
	State, Kind                            string
	Date                                   string // AAAA-MM-JJ
	CPV, Departement                       string
	Amount                                 *float64 // in euros, nil if not given
}

// A ContractFilter holds what the form was sent with, to show it again. Its
// fields are those of the query: buyer, supplier, cpv, departement, state,
// kind, from, to.
type ContractFilter struct {
	Buyer, Supplier, CPV, Departement, State, Kind, From, To string
}

// Used reports whether anything narrows the list.
func (f ContractFilter) Used() bool { return f != ContractFilter{} }

// option is one choice of a list in the form.
type option struct {
	Value  string
	Chosen bool
}

// States are the choices of a contract's state.
func (f ContractFilter) States() []option {
	return choices(f.State, "conforme", "a-corriger", "withdrawn", "redacted")
}

// Kinds are the choices of a contract's kind.
func (f ContractFilter) Kinds() []option { return choices(f.Kind, "marche", "contrat-concession") }

func choices(chosen string, values ...string) []option {
	var all []option
	for _, v := range values {
		all = append(all, option{v, v == chosen})
	}
	return all
}

func (ContractsPage) name() string { return "contracts" }

func (p ContractsPage) title(lang texts.Lang) string { return texts.T(lang, "web.contracts.title") }
