// Package view keeps the views over journals: the state of each record, the
// contracts that records make together, the partitions from which datasets
// are written, and the register of members and heads that hubs state.
//
// A view is a pure function of journals and of the rules' version. It is kept
// with its cursor, the next entry of each journal, in one transaction; a
// crash repeats a little work and loses none. [Views.Reset], or another rules
// version, throws everything away; the journals make it again, and the same.
//
// The order in which journals are taken in does not matter: records are
// gathered by group, and a group is consolidated as a whole whenever one of
// its records, or the authority of one of its publishers, changes.
package view

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"maillon/catalog/entry"
	"maillon/store"
)

// rules is the version of everything the views are a function of beside the
// journals: reading, judging, identity, the shape of the rows. A change of
// any of these raises it, and the views are made again.
const rules = "7"

// Keys. A ref is node, 0, epoch (4 bytes), index (8 bytes); numbers are
// big-endian. A group is the buyer's SIRET, 0, and contract.GroupKey of the id.
//
//	meta      "rules"                    => the rules' version
//	meta      "totals"                   => Totals in JSON
//	cursor    node, 0, epoch             => next index of that journal, 8 bytes
//	record    group, 0, ref              => recordRow in JSON
//	ref       ref                        => key in record
//	deposit   deposit id, 0, ref         => key in record
//	group     group                      => addresses of its contracts, in JSON
//	contract  address                    => contractRow in JSON
//	list      date reversed, 0, address  => Row in JSON: newest notification first
//	buyer     buyer, 0, date reversed, 0, address  => nothing
//	alias     buyer "/" escaped id, or "#" and record hash in hex  => address
//	conflict  address                    => nothing; contracts whose sources differ
//	part      buyer, 0, year             => Partition in JSON
//	member    speaker, 0, node           => MemberRow in JSON
//	head      speaker, 0, node           => HeadRow in JSON
//	account   node, 0, epoch             => Account in JSON
//	class     ref                        => in which number of its account a record is, 1 byte
//	dataset   speaker, 0, key            => DatasetRow in JSON; foreign datasets
//	lineage   speaker, 0, from "/" to    => SuccessionRow in JSON
//
// An address is the escaped buyer, "/", and the contract's slug.
const (
	metaBucket     = "meta"
	cursorBucket   = "cursor"
	recordBucket   = "record"
	refBucket      = "ref"
	depositBucket  = "deposit"
	groupBucket    = "group"
	contractBucket = "contract"
	listBucket     = "list"
	buyerBucket    = "buyer"
	aliasBucket    = "alias"
	conflictBucket = "conflict"
	partBucket     = "part"
	memberBucket   = "member"
	headBucket     = "head"
	datasetBucket  = "dataset"
	accountBucket  = "account"
	classBucket    = "class"
	lineageBucket  = "lineage"
)

var buckets = []string{
	metaBucket, cursorBucket, recordBucket, refBucket, depositBucket, groupBucket, contractBucket,
	listBucket, buyerBucket, aliasBucket, conflictBucket, partBucket, memberBucket, headBucket, datasetBucket, accountBucket, classBucket, lineageBucket,
}

var (
	rulesKey  = []byte("rules")
	totalsKey = []byte("totals")
)

// Views are the views of one node. Apply is for one goroutine at a time; the
// queries may be called concurrently with it and each other.
type Views struct {
	db       store.DB
	self     string
	revision atomic.Uint64
	datasets atomic.Uint64 // changes with the foreign datasets
}

// A Journal names one journal.
type Journal struct {
	Node  string
	Epoch int
}

// An Item is one entry of a journal in its place.
type Item struct {
	Index uint64
	Entry entry.Entry
}

// Open returns the views kept in db, for the node self. Views made by other
// rules are dropped: they start again from nothing.
func Open(db store.DB, self string) (*Views, error) {
	v := &Views{db: db, self: self}
	var have string
	if err := db.View(func(tx store.Tx) error { have = string(tx.Bucket(metaBucket).Get(rulesKey)); return nil }); err != nil {
		return nil, fmt.Errorf("open views: %w", err)
	}
	if have != rules {
		return v, v.Reset()
	}
	return v, nil
}

// Reset drops everything.
func (v *Views) Reset() error {
	err := v.db.Update(func(tx store.Tx) error {
		for _, b := range buckets {
			if err := tx.Drop(b); err != nil {
				return err
			}
		}
		return tx.Bucket(metaBucket).Put(rulesKey, []byte(rules))
	})
	if err != nil {
		return fmt.Errorf("reset views: %w", err)
	}
	v.revision.Add(1)
	v.datasets.Add(1)
	return nil
}

// Revision changes whenever the views do.
func (v *Views) Revision() uint64 { return v.revision.Load() }

// Cursor is the index of the next entry that the views want of a journal.
func (v *Views) Cursor(j Journal) (uint64, error) {
	var n uint64
	err := v.db.View(func(tx store.Tx) (err error) { n, err = cursor(tx, j); return err })
	return n, err
}

func cursor(tx store.Tx, j Journal) (uint64, error) {
	raw := tx.Bucket(cursorBucket).Get(journalKey(j))
	switch len(raw) {
	case 0:
		return 0, nil
	case 8:
		return binary.BigEndian.Uint64(raw), nil
	}
	return 0, fmt.Errorf("cursor of %s has %d bytes", j.Node, len(raw))
}

func journalKey(j Journal) []byte {
	return binary.BigEndian.AppendUint32(append([]byte(j.Node), 0), uint32(j.Epoch))
}

func refKey(r entry.Ref) []byte {
	return binary.BigEndian.AppendUint64(journalKey(Journal{r.Node, r.Epoch}), r.Index)
}

// errGap: the entries do not follow those that the views have.
var errGap = errors.New("entries do not follow the cursor")

// Apply takes in entries of one journal, the first of which is the one at the
// cursor. Data and cursor are written in one transaction.
func (v *Views) Apply(ctx context.Context, j Journal, items []Item) error {
	prepared, err := prepare(ctx, j, items)
	if err != nil {
		return err
	}
	found := false
	err = v.db.Update(func(tx store.Tx) error {
		at, err := cursor(tx, j)
		if err != nil {
			return err
		}
		b := &applying{tx: tx, v: v, j: j, groups: map[string]bool{}}
		if b.totals, err = totals(tx); err != nil {
			return err
		}
		for _, p := range prepared {
			if p.index != at {
				return fmt.Errorf("%w: entry %d of %s, want %d", errGap, p.index, j.Node, at)
			}
			at++
			if err := b.take(p); err != nil {
				return fmt.Errorf("entry %d of %s: %w", p.index, j.Node, err)
			}
		}
		if err := b.consolidate(); err != nil {
			return err
		}
		if err := b.saveAccounts(); err != nil {
			return err
		}
		found = b.found
		if err := putJSON(tx.Bucket(metaBucket), totalsKey, b.totals); err != nil {
			return err
		}
		return tx.Bucket(cursorBucket).Put(journalKey(j), binary.BigEndian.AppendUint64(nil, at))
	})
	if err == nil {
		v.revision.Add(1)
		if found {
			v.datasets.Add(1)
		}
	}
	return err
}

// applying is one call of Apply.
type applying struct {
	tx     store.Tx
	v      *Views
	j      Journal
	groups map[string]bool // to consolidate again
	totals Totals
	auth   *authorities    // read when first asked for
	made   map[string]bool // groups that were made with another of their family
	found  bool            // a foreign dataset has changed

	accounts map[Journal]*Account // read when first asked for
}

// take does what one entry asks.
func (b *applying) take(p prepared) error {
	if err := b.count(p.header); err != nil {
		return err
	}
	switch p.header.Op {
	case entry.Put:
		return b.put(p)
	case entry.Withdraw, entry.Redact:
		return b.retract(p)
	case entry.Statement:
		return b.state(p)
	}
	return nil // of a newer program: nothing these views know of
}

func (b *applying) put(p prepared) error {
	if !known(p.header) {
		return nil
	}
	raw, err := json.Marshal(p.row)
	if err != nil {
		return err
	}
	key := append(append([]byte(p.group), 0), refKey(p.row.Ref)...)
	if err := b.tx.Bucket(recordBucket).Put(key, raw); err != nil {
		return err
	}
	ref := refKey(p.row.Ref)
	if err := b.tx.Bucket(refBucket).Put(ref, key); err != nil {
		return err
	}
	if err := b.tx.Bucket(depositBucket).Put(append(append([]byte(p.row.Deposit), 0), ref...), key); err != nil {
		return err
	}
	b.totals.Records++
	b.groups[p.group] = true
	return nil
}

// retract marks the record that an entry withdraws or redacts. A target that
// is no record of this journal is passed over.
func (b *applying) retract(p prepared) error {
	if p.header.Target == nil {
		return nil
	}
	key := slices.Clone(b.tx.Bucket(refBucket).Get(refKey(entry.Ref{Node: b.j.Node, Epoch: b.j.Epoch, Index: *p.header.Target})))
	if key == nil {
		return nil
	}
	row, err := getRecord(b.tx, key)
	if err != nil {
		return err
	}
	if p.header.Op == entry.Redact {
		row = row.redacted(p.header.Reason)
	} else {
		row.Withdrawn, row.Reason = true, p.header.Reason
	}
	b.groups[groupOf(key)] = true
	return putJSON(b.tx.Bucket(recordBucket), key, row)
}

func putJSON(b store.Bucket, key []byte, what any) error {
	raw, err := json.Marshal(what)
	if err != nil {
		return err
	}
	return b.Put(key, raw)
}
