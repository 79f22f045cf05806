package view

import (
	"encoding/binary"
	"slices"
	"strconv"
	"strings"
	"time"

	"maillon/catalog/pivot"
	"maillon/catalog/territory"
)

// A Row is a contract in a list: what is shown of it, and what lists are
// filtered by.
type Row struct {
	Address     string      `json:"address"` // escaped buyer "/" slug
	Kind        pivot.Kind  `json:"kind"`
	State       pivot.State `json:"state"` // of the version shown; withdrawn or redacted count here too
	Buyer       string      `json:"buyer"`
	BuyerName   string      `json:"buyerName,omitempty"`
	ID          string      `json:"id"`
	Object      string      `json:"objet"`
	CPV         string      `json:"codeCPV,omitempty"`
	Notified    string      `json:"dateNotification,omitempty"`
	Published   string      `json:"datePublicationDonnees,omitempty"`
	Amount      *float64    `json:"montant,omitempty"` // after modifications
	Months      *int        `json:"dureeMois,omitempty"`
	Suppliers   []string    `json:"titulaires,omitempty"` // identifiers
	Supplier    string      `json:"supplierName,omitempty"`
	Departement string      `json:"departement,omitempty"` // of execution, else of the buyer
	Node        string      `json:"node"`                  // whose record is shown
	Authority   string      `json:"authority"`
	Records     int         `json:"records"`  // versions and repeats, from all sources
	Conflict    bool        `json:"conflict"` // its sources differ
}

// Withdrawn is the state of a contract that its publisher took back.
const Withdrawn pivot.State = "withdrawn"

// dayOf is a date (YYYY-MM-DD) as a number that sorts as the date does, 0 for any
// other text.
func dayOf(date string) uint32 {
	if _, err := time.Parse(time.DateOnly, date); err != nil {
		return 0
	}
	n, _ := strconv.ParseUint(strings.ReplaceAll(date, "-", ""), 10, 32)
	return uint32(n)
}

// appendDate is the reverse of dayOf.
func appendDate(dst []byte, day uint32) []byte {
	for i, unit := uint32(0), uint32(10_000_000); i < 8; i, unit = i+1, unit/10 {
		if i == 4 || i == 6 {
			dst = append(dst, '-')
		}
		dst = append(dst, byte('0'+day/unit%10))
	}
	return dst
}

// dayBytes is how many bytes of the key of a list stand before the address.
const dayBytes = 4

// listKey sorts contracts by notification, newest first, unknown last.
func listKey(day uint32, address string) []byte {
	return append(binary.BigEndian.AppendUint32(make([]byte, 0, dayBytes+len(address)), ^day), address...)
}

// factsOf is what lists are filtered by, all but the state: node, département,
// CPV, notification if it is no day, suppliers.
func factsOf(c pivot.Contract, node string) []byte {
	dst := appendName(make([]byte, 0, 48), node)
	dst = appendText(appendText(dst, departement(c)), c.CPV)
	other := c.Notified
	if dayOf(c.Notified) != 0 {
		other = ""
	}
	dst = appendText(dst, other)
	for _, s := range c.Current().Suppliers {
		dst = appendName(dst, s.ID)
	}
	return dst
}

// listValue is what lists are filtered by: state, kind, facts.
func listValue(c *groupContract, facts []byte) []byte {
	dst := make([]byte, 0, 1+len(facts))
	b := byte(slices.Index(states, c.state))
	if c.kind == pivot.Concession {
		b |= flagKind
	}
	return append(append(dst, b), facts...)
}

// A filter is a Query in the form in which the list has its facts.
type filter struct {
	Query
	node, supplier []byte
}

func filterOf(q Query) filter {
	f := filter{Query: q}
	if q.Node != "" {
		f.node = appendName(nil, q.Node)
	}
	if q.Supplier != "" {
		f.supplier = appendName(nil, q.Supplier)
	}
	return f
}

// all reports whether the filter, but for its buyer, lets everything through.
func (f *filter) all() bool {
	return f.Supplier == "" && f.CPV == "" && f.Departement == "" && f.State == "" && f.Kind == "" && f.From == "" && f.To == "" && f.Node == ""
}

// match reports whether a row of the list is one that the query asks for.
func (f *filter) match(key, value []byte) (bool, error) {
	if f.all() {
		return true, nil
	}
	k, d := decoder{b: key}, decoder{b: value}
	day, head := ^k.uint32(), d.byte()
	kind := pivot.Marche
	if head&flagKind != 0 {
		kind = pivot.Concession
	}
	node, departement, cpv, other := d.rawName(), d.raw(d.count()), d.raw(d.count()), d.raw(d.count())
	ok := (f.State == "" || string(states[head&3]) == f.State) &&
		(f.Kind == "" || string(kind) == f.Kind) &&
		(f.node == nil || string(node) == string(f.node)) &&
		(f.Departement == "" || string(departement) == f.Departement) &&
		(f.CPV == "" || strings.HasPrefix(string(cpv), f.CPV))
	if ok && (f.From != "" || f.To != "") {
		if day != 0 {
			other = appendDate(make([]byte, 0, len(time.DateOnly)), day)
		}
		ok = string(other) >= f.From && (f.To == "" || len(other) > 0 && string(other) <= f.To)
	}
	if ok && f.supplier != nil {
		ok = false
		for !ok && !d.bad && len(d.b) > 0 {
			ok = string(d.rawName()) == string(f.supplier)
		}
	}
	if d.bad || k.bad {
		return false, errRow
	}
	return ok, nil
}

// rowOf is the row of a contract in lists; r is the record that it shows, and said
// what that says.
func rowOf(buyer string, c *groupContract, r *record, said pivot.Contract) Row {
	now := said.Current()
	out := Row{
		Address: c.address(buyer), Kind: c.kind, State: c.state, Buyer: unescape(buyer), BuyerName: said.Buyer.Name,
		ID: r.id, Object: said.Object, CPV: said.CPV, Notified: said.Notified, Published: said.LatestPublication(),
		Amount: now.Amount, Months: now.Months, Departement: departement(said),
		Node: r.ref.Node, Authority: c.versions[0].authority.String(), Records: c.records(), Conflict: c.conflict,
	}
	if c.family {
		out.BuyerName = c.name
	}
	for _, s := range now.Suppliers {
		out.Suppliers = append(out.Suppliers, s.ID)
		if out.Supplier == "" {
			out.Supplier = s.Name
		}
	}
	return out
}

// departement is where the contract is executed, else where the buyer sits.
func departement(c pivot.Contract) string {
	if c.Place != nil {
		if d := territory.DepartementOf(c.Place.Code, c.Place.CodeType); d != "" {
			return d
		}
	}
	if len(c.Buyer.ID) < 9 {
		return ""
	}
	body, ok := territory.BySIREN(c.Buyer.ID[:9])
	if !ok {
		return ""
	}
	if ds := territory.Departements(body.Geozone); len(ds) > 0 {
		return ds[0]
	}
	return ""
}
