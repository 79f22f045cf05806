package web

import "maillon/catalog/texts"

// ContractsPage is one page of a search for contracts, and what narrows it.
type ContractsPage struct {
	Total   int // contracts that answer the filter, on all pages
	Items   []ContractRow
	Next    string // "" on the last page
	First   string // "" on the first page
	Filter  ContractFilter
	Active  []ActiveFilter
	Facets  []FacetGroup
	Exports []FileRow // of all that is found
	Numbers string    // the same contracts in numbers
	Reset   string    // without any filter
	Follow  string    // page of the ways to follow this search
	Feed    string    // the same as Atom
}

// A ContractRow is one contract in a list.
type ContractRow struct {
	URL, Title, Buyer, BuyerName, Supplier string
	State, Kind                            string
	Date                                   string // AAAA-MM-JJ
	End                                    string // likewise; "" if not known
	CPV, Departement                       string
	Amount                                 *float64 // in euros, nil if not given
}

// A ContractFilter holds what the form was sent with, to show it again. Hidden holds
// what the form has no field for.
type ContractFilter struct {
	Text, Buyer, Supplier, CPV, Departement, State, Kind string
	From, To, EndsFrom, EndsTo, Least, Most, Sort        string
	SupplierDepartement, Size                            string
	NoRegister                                           bool // nothing is known of where suppliers sit
	Hidden                                               []HiddenField
	Sorts                                                []Option
}

// An ActiveFilter is a filter in force, with the address without it.
type ActiveFilter struct{ Label, Value, URL string }

// An Option is one choice of a list.
type Option struct {
	Value, Label string
	Chosen       bool
}

// Detailed reports whether anything but the text narrows the list.
func (f ContractFilter) Detailed() bool {
	return f.Buyer+f.Supplier+f.CPV+f.Departement+f.State+f.Kind+f.From+f.To+f.EndsFrom+f.EndsTo+f.Least+f.Most+f.SupplierDepartement+f.Size != ""
}

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

// Sizes are the choices of a supplier's size.
func (f ContractFilter) Sizes() []option { return choices(f.Size, "PME", "ETI", "GE") }

func choices(chosen string, values ...string) []option {
	var all []option
	for _, v := range values {
		all = append(all, option{v, v == chosen})
	}
	return all
}

func (ContractsPage) name() string { return "contracts" }

func (p ContractsPage) title(lang texts.Lang) string {
	if p.Filter.Text != "" {
		return short(p.Filter.Text, 60) + " – " + texts.T(lang, "web.contracts.title")
	}
	return texts.T(lang, "web.contracts.title")
}
