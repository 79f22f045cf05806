package view

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"slices"
	"strings"

	"maillon/catalog/contract"
	"maillon/catalog/entry"
	"maillon/catalog/pivot"
	"maillon/store"
	"maillon/store/journal"
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
	page := Page{Items: []Row{}}
	var last []byte
	more := false
	err = v.db.View(func(tx store.Tx) error {
		for key, r := range rows(tx, q) {
			if r.err != nil {
				return r.err
			}
			if !q.match(r.row) {
				continue
			}
			page.Total++
			switch {
			case bytes.Compare(key, after) <= 0:
			case len(page.Items) < q.Limit:
				page.Items = append(page.Items, r.row)
				last = bytes.Clone(key)
			default:
				more = true
			}
		}
		return nil
	})
	if more {
		page.Next = base64.RawURLEncoding.EncodeToString(last)
	}
	return page, err
}

type rowOrError struct {
	row Row
	err error
}

// rows yields the rows that a query has to look at, with their place in the
// order of the list: one buyer's, or all.
func rows(tx store.Tx, q Query) iter.Seq2[[]byte, rowOrError] {
	list := tx.Bucket(listBucket)
	decode := func(raw []byte) rowOrError {
		var r Row
		err := json.Unmarshal(raw, &r)
		return rowOrError{r, err}
	}
	return func(yield func([]byte, rowOrError) bool) {
		if q.Buyer == "" {
			for k, raw := range list.Ascend(nil) {
				if !yield(k, decode(raw)) {
					return
				}
			}
			return
		}
		prefix := append([]byte(q.Buyer), 0)
		for k := range tx.Bucket(buyerBucket).Ascend(prefix) {
			key, ok := bytes.CutPrefix(k, prefix)
			if !ok || !yield(key, decode(list.Get(key))) {
				return
			}
		}
	}
}

func (q Query) match(r Row) bool {
	switch {
	case q.Buyer != "" && r.Buyer != q.Buyer,
		q.Supplier != "" && !slices.Contains(r.Suppliers, q.Supplier),
		q.CPV != "" && !strings.HasPrefix(r.CPV, q.CPV),
		q.Departement != "" && r.Departement != q.Departement,
		q.State != "" && string(r.State) != q.State,
		q.Kind != "" && string(r.Kind) != q.Kind,
		q.Node != "" && r.Node != q.Node,
		q.From != "" && r.Notified < q.From,
		q.To != "" && (r.Notified == "" || r.Notified > q.To):
		return false
	}
	return true
}

// A Detail is one contract with all that is known of it.
type Detail struct {
	Row
	Case     contract.Case
	IDs      []string
	Versions []VersionDetail // the first is shown
	Lots     []Row           // the other contracts under its ids
}

// A VersionDetail is one record of a contract.
type VersionDetail struct {
	pivot.Complete
	Epoch     int
	Deposit   string
	Pointer   string
	Authority string
	Reason    string   // key of the texts, after "reason."
	Differs   []string // legal names of the fields that differ from the version shown
	Note      string   // reason of a withdrawal or redaction
	Also      []VersionDetail
}

// Contract finds a contract by its buyer and slug, both as in its address or
// unescaped, by a bare id, or by the hash of any of its versions (id~hash).
func (v *Views) Contract(buyer, slug string) (Detail, error) {
	var d Detail
	err := v.db.View(func(tx store.Tx) error {
		address, err := find(tx, canonical(buyer), slug)
		if err != nil {
			return err
		}
		d, err = detail(tx, address)
		return err
	})
	return d, err
}

// canonical escapes what came from an address in the one way of addresses.
func canonical(part string) string {
	if plain, err := url.PathUnescape(part); err == nil {
		part = plain
	}
	return contract.Escape(part)
}

// find looks for the slug as it was handed out, then as a bare id (which may
// hold a ~ of its own), then as an id with the hash of any version.
func find(tx store.Tx, buyer, slug string) (string, error) {
	id, hash, named := slug, "", false
	if i := strings.LastIndexByte(slug, '~'); i >= 0 {
		id, hash, named = slug[:i], slug[i+1:], true
		if a := buyer + "/" + canonical(id) + "~" + hash; tx.Bucket(contractBucket).Get([]byte(a)) != nil {
			return a, nil
		}
	}
	if a := tx.Bucket(aliasBucket).Get([]byte(buyer + "/" + canonical(slug))); a != nil {
		return string(a), nil
	}
	if named && len(hash) >= 8 {
		for k, a := range tx.Bucket(aliasBucket).Ascend([]byte("#" + hash)) {
			if !strings.HasPrefix(string(k), "#"+hash) {
				break
			}
			if strings.HasPrefix(string(a), buyer+"/") {
				return string(a), nil
			}
		}
	}
	return "", fmt.Errorf("contract %s/%s: %w", buyer, slug, store.ErrNotFound)
}

func getContract(tx store.Tx, address string) (contractRow, error) {
	var c contractRow
	raw := tx.Bucket(contractBucket).Get([]byte(address))
	if raw == nil {
		return c, fmt.Errorf("contract %s: %w", address, store.ErrNotFound)
	}
	err := json.Unmarshal(raw, &c)
	return c, err
}

func detail(tx store.Tx, address string) (Detail, error) {
	c, err := getContract(tx, address)
	if err != nil {
		return Detail{}, err
	}
	d := Detail{Row: c.Row, Case: c.Case, IDs: c.IDs}
	for _, vr := range c.Versions {
		one, err := version(tx, c, vr, vr.Key)
		if err != nil {
			return d, err
		}
		for _, k := range vr.Also {
			more, err := version(tx, c, vr, k)
			if err != nil {
				return d, err
			}
			one.Also = append(one.Also, more)
		}
		d.Versions = append(d.Versions, one)
	}
	return d, lots(tx, c, &d)
}

// lots adds the other contracts under the ids of c.
func lots(tx store.Tx, c contractRow, d *Detail) error {
	if c.Case != contract.Lots {
		return nil
	}
	var group []string
	raw := tx.Bucket(groupBucket).Get([]byte(groupKey(c.Buyer, c.ID)))
	if raw == nil {
		return nil
	}
	if err := json.Unmarshal(raw, &group); err != nil {
		return err
	}
	for _, address := range group {
		other, err := getContract(tx, address)
		if err != nil {
			return err
		}
		same := slices.ContainsFunc(other.IDs, func(id string) bool { return slices.Contains(c.IDs, id) })
		if address != c.Address && same {
			d.Lots = append(d.Lots, other.Row)
		}
	}
	return nil
}

func version(tx store.Tx, c contractRow, vr versionRow, key []byte) (VersionDetail, error) {
	r, err := getRecord(tx, key)
	if err != nil {
		return VersionDetail{}, err
	}
	return VersionDetail{
		Complete: complete(c, r), Epoch: r.Ref.Epoch, Deposit: r.Deposit, Pointer: r.Pointer,
		Authority: vr.Authority, Reason: vr.Reason, Differs: vr.Differs, Note: r.Reason,
	}, nil
}

func complete(c contractRow, r recordRow) pivot.Complete {
	return pivot.Complete{
		Contract: r.Contract, State: r.State, Schema: r.Schema, Problems: r.Problems, Repairs: r.Repairs, Address: c.Address, Hash: r.Hash,
		Node: r.Ref.Node, Journal: journal.Origin(r.Ref.Node, r.Ref.Epoch), Index: r.Ref.Index, ReceivedAt: r.At, Withdrawn: r.Withdrawn,
	}
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
		from = partKey(q.Buyer, "")
	}
	err := v.db.View(func(tx store.Tx) error {
		for k, raw := range tx.Bucket(partBucket).Ascend(from) {
			if !bytes.HasPrefix(k, from) {
				break
			}
			var p Partition
			if err := json.Unmarshal(raw, &p); err != nil {
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

// chunk is how many contracts one transaction of an export reads.
const chunk = 500

// PartitionContracts yields the shown versions of a buyer's contracts that
// were notified in a year, or with buyer "" of all contracts, by address.
// Memory is bounded: each chunk has its own transaction, so what changes
// meanwhile may or may not be seen; the partition's revision tells.
func (v *Views) PartitionContracts(ctx context.Context, buyer, year string) iter.Seq2[pivot.Complete, error] {
	var prefix []byte
	if buyer != "" {
		prefix = []byte(contract.Escape(buyer) + "/")
	}
	return func(yield func(pivot.Complete, error) bool) {
		from := prefix
		for {
			part, next, err := v.exportChunk(prefix, from, buyer, year)
			if err = errors.Join(err, ctx.Err()); err != nil {
				yield(pivot.Complete{}, err)
				return
			}
			for _, c := range part {
				if !yield(c, nil) {
					return
				}
			}
			if next == nil {
				return
			}
			from = next
		}
	}
}

func (v *Views) exportChunk(prefix, from []byte, buyer, year string) (out []pivot.Complete, next []byte, err error) {
	err = v.db.View(func(tx store.Tx) error {
		seen := 0
		for k, raw := range tx.Bucket(contractBucket).Ascend(from) {
			if !bytes.HasPrefix(k, prefix) {
				return nil
			}
			if seen++; seen > chunk {
				next = bytes.Clone(k)
				return nil
			}
			var c contractRow
			if err := json.Unmarshal(raw, &c); err != nil {
				return fmt.Errorf("contract %s: %w", k, err)
			}
			if buyer != "" && (c.Buyer != buyer || c.Year != year) {
				continue
			}
			r, err := getRecord(tx, c.Versions[0].Key)
			if err != nil {
				return err
			}
			out = append(out, complete(c, r))
		}
		return nil
	})
	return out, next, err
}

// partKeys yields the keys of all records of a buyer's contracts that were notified
// in a year, or with buyer "" of all contracts.
func partKeys(tx store.Tx, buyer, year string) iter.Seq2[[]byte, error] {
	var prefix []byte
	if buyer != "" {
		prefix = []byte(contract.Escape(buyer) + "/")
	}
	return func(yield func([]byte, error) bool) {
		for k, raw := range tx.Bucket(contractBucket).Ascend(prefix) {
			if !bytes.HasPrefix(k, prefix) {
				return
			}
			var c contractRow
			if err := json.Unmarshal(raw, &c); err != nil {
				yield(nil, fmt.Errorf("contract %s: %w", k, err))
				return
			}
			if buyer != "" && (c.Buyer != buyer || c.Year != year) {
				continue
			}
			for _, version := range c.Versions {
				for _, key := range append([][]byte{version.Key}, version.Also...) {
					if !yield(key, nil) {
						return
					}
				}
			}
		}
	}
}

// Newest is the newest entry of each node among the records of a buyer's
// contracts that were notified in a year, or with buyer "" of all contracts.
func (v *Views) Newest(buyer, year string) (map[string]entry.Ref, error) {
	newest := map[string]entry.Ref{}
	err := v.db.View(func(tx store.Tx) error {
		for key, err := range partKeys(tx, buyer, year) {
			if err != nil {
				return err
			}
			r := refOf(nodeOf(key), key)
			old, ok := newest[r.Node]
			if !ok || cmp.Or(cmp.Compare(r.Epoch, old.Epoch), cmp.Compare(r.Index, old.Index)) > 0 {
				newest[r.Node] = r
			}
		}
		return nil
	})
	return newest, err
}

// HarvestedThrough tells of a node's records among a buyer's contracts of a year,
// or with buyer "" among all, through which nodes all of them came; none if one was
// not harvested.
func (v *Views) HarvestedThrough(node, buyer, year string) ([]string, error) {
	var shared []string
	first := true
	err := v.db.View(func(tx store.Tx) error {
		for key, err := range partKeys(tx, buyer, year) {
			if err != nil {
				return err
			}
			if nodeOf(key) != node {
				continue
			}
			r, err := getRecord(tx, key)
			if err != nil {
				return err
			}
			through, ok := entry.HarvestedThrough(r.Series)
			if !ok || len(through) == 0 {
				shared = nil
				return nil
			}
			if first {
				shared, first = through, false
				continue
			}
			shared = slices.DeleteFunc(shared, func(n string) bool { return !slices.Contains(through, n) })
		}
		return nil
	})
	return shared, err
}

// Totals counts what the views hold.
func (v *Views) Totals() (Totals, error) {
	var t Totals
	err := v.db.View(func(tx store.Tx) (err error) { t, err = totals(tx); return err })
	return t, err
}

// A DepositRow is what became of one record of a deposit.
type DepositRow struct {
	Index   uint64      `json:"index"`
	Pointer string      `json:"pointer"`
	State   pivot.State `json:"state"`
	Buyer   string      `json:"buyer"`
	ID      string      `json:"id"`
}

// Deposit lists the records that the views hold of a deposit, in the journal's order.
func (v *Views) Deposit(id string) ([]DepositRow, error) {
	var out []DepositRow
	prefix := append([]byte(id), 0)
	err := v.db.View(func(tx store.Tx) error {
		for k, key := range tx.Bucket(depositBucket).Ascend(prefix) {
			if !bytes.HasPrefix(k, prefix) {
				break
			}
			r, err := getRecord(tx, key)
			if err != nil {
				return err
			}
			out = append(out, DepositRow{r.Ref.Index, r.Pointer, r.State, r.Contract.Buyer.ID, r.Contract.ID})
		}
		return nil
	})
	return out, err
}

// Conflicts lists contracts whose versions or sources differ, by address,
// from the one after the address given.
func (v *Views) Conflicts(after string, limit int) ([]Detail, error) {
	var out []Detail
	err := v.db.View(func(tx store.Tx) error {
		for k := range tx.Bucket(conflictBucket).Ascend([]byte(after)) {
			if string(k) == after && after != "" {
				continue
			}
			if len(out) == limit {
				return nil
			}
			d, err := detail(tx, string(k))
			if err != nil {
				return err
			}
			out = append(out, d)
		}
		return nil
	})
	return out, err
}
