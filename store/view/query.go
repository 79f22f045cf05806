package view

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"maillon/catalog/contract"
	"maillon/store"
)

// A Query filters contracts. Empty fields do not filter.
type Query struct {
	Buyer       string // SIRET
	Supplier    string // identifier
	CPV         string // prefix
	Departement string
	State       string
	Kind        string
	From, To    string // notification, YYYY-MM-DD, both included
	Node        string // whose record is shown
	After       string // cursor of the page before
	Limit       int
}

// A Page is a part of the contracts that a query finds.
type Page struct {
	Total int    `json:"total"` // of all pages
	Items []Row  `json:"items"`
	Next  string `json:"next,omitempty"` // cursor of the next page; "" on the last
}

// ErrCursor: the cursor is not one that was handed out.
var ErrCursor = errors.New("not a cursor of this list")

// Contracts lists contracts, newest notification first. A cursor names a
// place in that order, not a number, so it stays good while data comes in.
func (v *Views) Contracts(q Query) (Page, error) {
	after, err := base64.RawURLEncoding.DecodeString(q.After)
	if err != nil {
		return Page{}, fmt.Errorf("%w: %q", ErrCursor, q.After)
	}
	var page Page
	err = v.db.View(func(tx store.Tx) (err error) { page, err = contracts(tx, q, after); return err })
	return page, err
}

func contracts(tx store.Tx, q Query, after []byte) (Page, error) {
	page, f := Page{Items: []Row{}}, filterOf(q)
	counted := q.Buyer == "" && f.all() // then the number is known, and the list read from the cursor on
	var from []byte
	if counted {
		all, err := totals(tx)
		if err != nil {
			return page, err
		}
		page.Total, from = all.Contracts, after
	}
	var keys [][]byte
	more := false
	for key, err := range places(tx, &f, from) {
		if err != nil {
			return page, err
		}
		if !counted {
			page.Total++
		}
		switch {
		case bytes.Compare(key, after) <= 0:
		case len(keys) < q.Limit:
			keys = append(keys, bytes.Clone(key))
		default:
			more = true
		}
		if more && counted {
			break
		}
	}
	for _, key := range keys {
		row, err := rowAt(tx, string(key[dayBytes:]))
		if err != nil {
			return page, err
		}
		page.Items = append(page.Items, row)
	}
	if more && len(keys) > 0 {
		page.Next = base64.RawURLEncoding.EncodeToString(keys[len(keys)-1])
	}
	return page, nil
}

// places yields the keys of the list that a filter lets through: those of one buyer,
// or of all from a key on.
func places(tx store.Tx, f *filter, from []byte) iter.Seq2[[]byte, error] {
	list := tx.Bucket(listBucket)
	return func(yield func([]byte, error) bool) {
		if f.Buyer == "" {
			for k, raw := range list.Ascend(from) {
				if ok, err := f.match(k, raw); (ok || err != nil) && !yield(k, err) {
					return
				}
			}
			return
		}
		keys, err := buyerPlaces(tx, f.Buyer)
		if err != nil {
			yield(nil, err)
			return
		}
		for _, k := range keys {
			ok := f.all()
			if !ok {
				ok, err = f.match(k, list.Get(k))
			}
			if (ok || err != nil) && !yield(k, err) {
				return
			}
		}
	}
}

// buyerPlaces are the keys that the contracts of one buyer have in the list, in order.
func buyerPlaces(tx store.Tx, buyer string) ([][]byte, error) {
	var keys [][]byte
	for g, err := range groups(tx, contract.Escape(buyer)+"/", nil) {
		if err != nil {
			return nil, err
		}
		for i := range g.row.contracts {
			keys = append(keys, listKey(g.row.contracts[i].day, g.row.contracts[i].address(g.buyer)))
		}
	}
	slices.SortFunc(keys, bytes.Compare)
	return keys, nil
}

// A keyedGroup is a group with what its key says.
type keyedGroup struct {
	key, buyer string
	row        groupRow
}

// groups yields the groups whose keys have the prefix, from a key on.
func groups(tx store.Tx, prefix string, from []byte) iter.Seq2[keyedGroup, error] {
	if from == nil {
		from = []byte(prefix)
	}
	return func(yield func(keyedGroup, error) bool) {
		for k, raw := range tx.Bucket(groupBucket).Ascend(from) {
			key := string(k)
			if !strings.HasPrefix(key, prefix) {
				return
			}
			buyer, id := splitGroup(key)
			g, err := groupOf(id, raw)
			if err != nil {
				err = fmt.Errorf("group %q: %w", key, err)
			}
			if !yield(keyedGroup{key, buyer, g}, err) {
				return
			}
		}
	}
}

// rowAt is the row of the contract at an address.
func rowAt(tx store.Tx, address string) (Row, error) {
	buyer, c, err := contractAt(tx, address)
	if err != nil {
		return Row{}, err
	}
	return shownRow(tx, buyer, &c)
}

func shownRow(tx store.Tx, buyer string, c *groupContract) (Row, error) {
	r, err := getRecord(tx, c.shown())
	if err != nil {
		return Row{}, err
	}
	t, err := r.read()
	if err != nil {
		return Row{}, err
	}
	return rowOf(buyer, c, r, t.contract), nil
}

// A PartitionQuery filters partitions. Empty fields do not filter.
type PartitionQuery struct {
	Buyer string
	Node  string // whose journal contributes
}

// Partitions lists partitions by buyer and year.
func (v *Views) Partitions(q PartitionQuery) ([]Partition, error) {
	var out []Partition
	var from []byte
	if q.Buyer != "" {
		from = []byte(partKey(q.Buyer, ""))
	}
	err := v.db.View(func(tx store.Tx) error {
		for k, raw := range tx.Bucket(partBucket).Ascend(from) {
			if !bytes.HasPrefix(k, from) {
				break
			}
			p, err := partitionOf(k, raw)
			if err != nil {
				return err
			}
			if q.Node == "" || p.Nodes[q.Node] > 0 {
				out = append(out, p)
			}
		}
		return nil
	})
	return out, err
}

// Totals counts what the views hold.
func (v *Views) Totals() (Totals, error) {
	var t Totals
	err := v.db.View(func(tx store.Tx) (err error) { t, err = totals(tx); return err })
	return t, err
}
