package web

import (
	"time"

	"maillon/catalog/texts"
)

// ContractPage is one contract: what is published of it, what is wrong with
// it, and every version the federation knows.
type ContractPage struct {
	Address   string // the contract's key: buyer "/" number
	Kind      string // marche or contrat-concession
	State     string // conforme, a-corriger, withdrawn or redacted
	Schema    string // version of the official schema it is judged by
	Permalink string // of the version shown
	JSON      string
	Title     string // the contract's object
	Buyer     string // SIRET
	BuyerName string
	BuyerURL  string

	Figures       []Figure   // what one wants to know first
	Fields        []FieldRow // in the order of the arrêté
	Suppliers     []SupplierRow
	Enrichment    Enrichment
	Modifications []ModificationRow
	Problems      []ProblemRow
	Repairs       []string // sentences in the page's language
	Versions      []VersionRow
	Lots          []LotRow      // the other lots of the same procedure
	Reports       []ReportRow   // errors that were reported
	Report        *ReportForm   // nil if nothing can be reported here
	Decisions     []DecisionRow // what operators of hubs decided of it, newest first
	FixURL        string        // where an agent corrects it; "" if that cannot be done here
	Withdrawn     bool
	Redacted      string // the reason, "" if nothing was redacted
}

// A FieldRow is one field with its legal name.
type FieldRow struct{ Label, Legal, Value string }

// A SupplierRow is a titulaire.
type SupplierRow struct {
	ID, IDType, Name string
	URL              string // of its page; "" if it has none
	Note             string // what is known beside: where, how large; "" if nothing
}

// A ModificationRow is one modification of a contract, its values in words.
type ModificationRow struct {
	Number, Date, Published, Months, Amount string
	Suppliers                               []SupplierRow
	Object                                  string
}

// A VersionRow is what one node says of the contract.
type VersionRow struct {
	Node, NodeName           string
	Authority, State, Reason string // why it is shown, or is not: a word
	Shown                    bool
	Index                    uint64 // in the node's journal
	Epoch                    int
	At                       time.Time
	Published                string      // date AAAA-MM-JJ
	Differs                  []DifferRow // from the version shown
}

// A DifferRow is one field in which a version differs from the one shown.
type DifferRow struct{ Label, Legal, Shown, Here string }

// A LotRow is another contract of the same procedure, its amount in words.
type LotRow struct{ Title, URL, Amount string }

func (ContractPage) name() string { return "contract" }

func (p ContractPage) title(texts.Lang) string {
	if p.Title == "" {
		return p.Address
	}
	return short(p.Title, 90) + " (" + p.Address + ")"
}

// short cuts s after n characters.
func short(s string, n int) string {
	for at := range s {
		if n == 0 {
			return s[:at] + "…"
		}
		n--
	}
	return s
}
