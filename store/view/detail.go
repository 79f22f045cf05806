package view

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"maillon/catalog/contract"
	"maillon/catalog/entry"
	"maillon/catalog/pivot"
	"maillon/store"
	"maillon/store/journal"
)

// A Detail is one contract with all that is known of it.
type Detail struct {
	Row
	Case     contract.Case
	IDs      []string
	Versions []VersionDetail // the first is shown
	Lots     []Row           // the other contracts under its ids

	Decisions []DecisionDetail // what operators decided of it, newest first
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
// unescaped, by a bare id, or by its id and the hash of any of its versions
// (id~hash).
func (v *Views) Contract(buyer, slug string) (Detail, error) {
	var d Detail
	err := v.db.View(func(tx store.Tx) error {
		buyer, c, err := find(tx, contract.Escape(unescape(buyer)), slug)
		if err != nil {
			return err
		}
		d, err = detail(tx, buyer, &c)
		return err
	})
	return d, err
}

// find looks for the slug as it was handed out, then as a bare id (which may
// hold a ~ of its own), then as an id with the hash of any version. The buyer
// that it returns is that of the contract's address.
func find(tx store.Tx, buyer, slug string) (string, groupContract, error) {
	plain := unescape(buyer)
	id, hash, named := cutLast(slug, '~')
	id = unescape(id)
	if named {
		g, err := getGroup(tx, groupKey(plain, id))
		if err != nil {
			return buyer, groupContract{}, err
		}
		for _, c := range g.contracts {
			if c.slug() == contract.Escape(id)+"~"+hash {
				return buyer, c, nil
			}
		}
	}
	bare := unescape(slug)
	g, err := getGroup(tx, groupKey(plain, bare))
	if err != nil {
		return buyer, groupContract{}, err
	}
	for _, c := range g.contracts { // the bare id of lots leads to the first of them
		if slices.Contains(c.ids, bare) {
			return buyer, c, nil
		}
	}
	if a := tx.Bucket(aliasBucket).Get([]byte(buyer + "/" + contract.Escape(bare))); a != nil {
		return contractAt(tx, string(a))
	}
	if named && len(hash) >= 2*shortBytes {
		// What was handed out is in the group of the id; an id that was cut or
		// mistyped costs a look at all that the buyer has.
		for _, prefix := range []string{groupKey(plain, id), buyer + "/"} {
			if c, ok, err := hashed(tx, prefix, hash); ok || err != nil {
				return buyer, c, err
			}
		}
	}
	return buyer, groupContract{}, fmt.Errorf("contract %s/%s: %w", buyer, slug, store.ErrNotFound)
}

func cutLast(s string, sep byte) (before, after string, found bool) {
	if i := strings.LastIndexByte(s, sep); i >= 0 {
		return s[:i], s[i+1:], true
	}
	return s, "", false
}

// shortBytes is how much of a hash a group keeps.
const shortBytes = 4

// hashed finds the contract, in the groups whose keys have the prefix, that has a
// version whose hash begins so.
func hashed(tx store.Tx, prefix, hash string) (groupContract, bool, error) {
	raw, err := hex.DecodeString(hash[:2*shortBytes])
	if err != nil {
		return groupContract{}, false, nil
	}
	short := binary.BigEndian.Uint32(raw)
	for g, err := range groups(tx, prefix, nil) {
		if err != nil {
			return groupContract{}, false, err
		}
		for _, c := range g.row.contracts {
			if ok, err := c.hasHash(tx, short, hash); ok || err != nil {
				return c, ok, err
			}
		}
	}
	return groupContract{}, false, nil
}

// hasHash reports whether a version of the contract has a hash that begins so.
func (c *groupContract) hasHash(tx store.Tx, short uint32, hash string) (bool, error) {
	for _, v := range c.versions {
		if !v.hashed || v.short != short {
			continue
		}
		r, err := getRecord(tx, v.refs[0])
		if err != nil || strings.HasPrefix(r.hashText(), hash) {
			return err == nil, err
		}
	}
	return false, nil
}

func detail(tx store.Tx, buyer string, c *groupContract) (Detail, error) {
	d := Detail{Case: c.how, IDs: c.ids}
	for i, v := range c.versions {
		var all []VersionDetail
		for _, ref := range v.refs {
			one, row, err := version(tx, buyer, c, v, ref)
			if err != nil {
				return d, err
			}
			if i == 0 && len(all) == 0 {
				d.Row = rowOf(buyer, c, row.record, row.Contract)
			}
			all = append(all, one)
		}
		one := all[0]
		if len(all) > 1 {
			one.Also = all[1:]
		}
		d.Versions = append(d.Versions, one)
	}
	hashes := map[string]bool{}
	for _, v := range d.Versions {
		hashes[v.Hash] = true
	}
	var err error
	if d.Decisions, err = decisionDetails(tx, buyer, c, hashes); err != nil {
		return d, err
	}
	return d, lots(tx, buyer, c, &d)
}

// lots adds the other contracts under the ids of c.
func lots(tx store.Tx, buyer string, c *groupContract, d *Detail) error {
	if c.how != contract.Lots {
		return nil
	}
	g, err := getGroup(tx, groupKey(unescape(buyer), c.ids[0]))
	if err != nil {
		return err
	}
	for i := range g.contracts {
		other := &g.contracts[i]
		same := slices.ContainsFunc(other.ids, func(id string) bool { return slices.Contains(c.ids, id) })
		if other.slug() == c.slug() || !same {
			continue
		}
		row, err := shownRow(tx, buyer, other)
		if err != nil {
			return err
		}
		d.Lots = append(d.Lots, row)
	}
	return nil
}

func version(tx store.Tx, buyer string, c *groupContract, v groupVersion, ref entry.Ref) (VersionDetail, recordRow, error) {
	stored, err := getRecord(tx, ref)
	if err != nil {
		return VersionDetail{}, recordRow{}, err
	}
	r, err := stored.row()
	if err != nil {
		return VersionDetail{}, r, fmt.Errorf("record %d of %s: %w", ref.Index, ref.Node, err)
	}
	return VersionDetail{
		Complete: complete(c.address(buyer), r), Epoch: ref.Epoch, Deposit: r.Deposit, Pointer: r.Pointer,
		Authority: v.authority.String(), Reason: v.reason, Differs: v.differs, Note: r.reason,
	}, r, nil
}

func complete(address string, r recordRow) pivot.Complete {
	return pivot.Complete{
		Contract: r.Contract, State: r.state, Schema: r.Schema, Problems: r.Problems, Repairs: r.Repairs, Address: address, Hash: r.hashText(),
		Node: r.ref.Node, Journal: journal.Origin(r.ref.Node, r.ref.Epoch), Index: r.ref.Index, ReceivedAt: r.at, Withdrawn: r.withdrawn,
	}
}
