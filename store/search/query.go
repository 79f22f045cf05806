package search

import (
	"slices"
	"time"

	"maillon/catalog/pivot"
)

// A Query says which contracts, in what order, and what to count of them. The zero
// value asks for all, newest first. [ParseQuery] reads one from an address and
// [Query.Values] writes the address: the filter is the URL.
//
// Several values of one field are alternatives, several fields must all hold.
type Query struct {
	Text       string   // q: French text over object, buyer, suppliers and CPV; see package french
	Buyer      []string // SIRET
	Supplier   []string // identifier
	Where      []Zone   // territories; alternatives within one side, sides must all hold
	CPV        []string // prefixes of codes: 45, 4521, 45210000
	Procedure  []string // as the law writes it
	Nature     []string // as the law writes it
	Technique  []string // as the law writes it
	Level      []string // of the buyer: commune, epci, departement, region, organisme
	State      []string // conforme, a-corriger, withdrawn, redacted
	Kind       []string // marche, contrat-concession
	Node       []string // whose record is shown
	Considered []string // sociale, environnementale: all of them must be there
	Conflict   bool     // only contracts whose sources differ
	Size       []string // of the supplier that is named first, as a register knows it: PME, ETI, GE
	Local      []string // the smallest territory that it shares with the buyer; see [ByLocal]

	Amount   Range // euros without tax, after modifications
	Months   Range // duration
	Offers   Range // received
	Notified Days  // from, to
	Ends     Days  // ends_from, ends_to: notification plus duration

	Sort   Sort
	Facets []Dimension // to be counted
	Limit  int         // of the rows; 0 counts only
	After  string      // cursor: [Result.Next] of the page before
}

// A Side says whose place a territory is.
type Side string

// The sides. The empty one is the place of execution, or the seat of the buyer where
// that place is not known: the side of lists and maps.
const (
	Either    Side = ""
	BuyerSide Side = "buyer"
	PlaceSide Side = "place" // of execution, only where it is given
	// SupplierSide is where the supplier sits that is named first, as a register knows it.
	SupplierSide Side = "supplier"
)

// A Zone is a territory as a filter: level is commune, epci, departement or region.
type Zone struct {
	Side  Side
	Level string
	Code  string
}

// A Range is a range of numbers; an absent bound does not bound. A contract that does
// not give the number is in no range.
type Range struct{ Min, Max *float64 }

func (r Range) open() bool { return r.Min == nil && r.Max == nil }

// Days is a range of days, YYYY-MM-DD, both included; "" does not bound. A contract
// without the day is in no range.
type Days struct{ From, To string }

func (d Days) open() bool { return d.From == "" && d.To == "" }

// bounds are the days as numbers, see dayOf.
func (d Days) bounds() (from, to uint32) {
	from, to = 1, 99991231
	if d.From != "" {
		from = dayOf(d.From)
	}
	if d.To != "" {
		to = dayOf(d.To)
	}
	return from, to
}

// dayOf is a date as the number YYYYMMDD; 0 for what is no date.
func dayOf(date string) uint32 {
	t, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return 0
	}
	return dayNumber(t)
}

func dayNumber(t time.Time) uint32 {
	y, m, d := t.Date()
	if y < 1 || y > 9999 {
		return 0
	}
	return uint32(y*10000 + int(m)*100 + d)
}

// dateOf is the reverse of dayOf.
func dateOf(day uint32) string {
	if day == 0 {
		return ""
	}
	return timeOf(day).Format(time.DateOnly)
}

func timeOf(day uint32) time.Time {
	return time.Date(int(day/10000), time.Month(day/100%100), int(day%100), 0, 0, 0, 0, time.UTC)
}

// A Sort is an order of contracts. Contracts that lack what it sorts by stand last;
// equals are sorted by address.
type Sort string

// The orders.
const (
	Newest    Sort = "date"      // latest notification first
	Largest   Sort = "amount"    // largest amount first
	Relevance Sort = "relevance" // best match of the text first; without text as Newest
	Ending    Sort = "end"       // the one that ends soonest first
)

// Sorts lists the orders.
func Sorts() []Sort { return []Sort{Newest, Largest, Relevance, Ending} }

// order is the sort that is used: without text there is no relevance.
func (q *Query) order() Sort {
	if q.Sort == "" || q.Sort == Relevance && q.Text == "" {
		return Newest
	}
	return q.Sort
}

// All reports whether the query lets every contract through.
func (q *Query) All() bool {
	return q.Text == "" && len(q.Buyer)+len(q.Supplier)+len(q.Where)+len(q.CPV)+len(q.Procedure)+len(q.Nature)+len(q.Technique)+
		len(q.Level)+len(q.State)+len(q.Kind)+len(q.Node)+len(q.Considered)+len(q.Size)+len(q.Local) == 0 && !q.Conflict &&
		q.Amount.open() && q.Months.open() && q.Offers.open() && q.Notified.open() && q.Ends.open()
}

// Filter is the query without what concerns only the page: order, facets, limit, cursor.
func (q Query) Filter() Query {
	q.Sort, q.Facets, q.Limit, q.After = "", nil, 0, ""
	return q
}

var (
	kinds  = []string{string(pivot.Marche), string(pivot.Concession)}
	levels = []string{"commune", "epci", "departement", "region", "organisme"}
	zones  = []string{"commune", "epci", "departement", "region"}
	wishes = []string{"sociale", "environnementale"}
)

// oneOf reports whether every value is in the list; else the first that is not.
func oneOf(values, list []string) (string, bool) {
	for _, v := range values {
		if !slices.Contains(list, v) {
			return v, false
		}
	}
	return "", true
}
