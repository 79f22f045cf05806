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
	"encoding/binary"
	"fmt"
	"sync"
	"sync/atomic"

	"maillon/catalog/entry"
	"maillon/store"
)

// rules is the version of everything the views are a function of beside the
// journals: reading, judging, identity, the shape of the rows. A change of
// any of these raises it, and the views are made again.
const rules = "12"

// Keys. A ref is node, 0, epoch (4 bytes), index (8 bytes); numbers are
// big-endian. A group is the escaped buyer, "/", and contract.GroupKey of the id.
//
//	meta      "rules"                    => the rules' version
//	meta      "totals"                   => Totals in JSON
//	cursor    node, 0, epoch             => next index of that journal, 8 bytes
//	record    ref                        => see record.value
//	group     group                      => see groupRow.value: its contracts, as references to records
//	list      day, address               => see listValue: newest notification first, with what lists are filtered by
//	deposit   see depositKey             => which records a deposit has in a run of a journal, a byte each
//	alias     buyer "/" escaped id       => address; for what does not follow from the group: see applying.alias
//	conflict  see conflictKey            => see conflictValue; what an operator may settle
//	part      buyer, 0, year             => see Partition.value
//	member    speaker, 0, node           => MemberRow in JSON
//	head      speaker, 0, node           => HeadRow in JSON
//	account   node, 0, epoch             => Account in JSON
//	dataset   speaker, 0, key            => DatasetRow in JSON; foreign datasets
//	lineage   speaker, 0, from "/" to    => SuccessionRow in JSON
//	decision  speaker, 0, key            => DecisionRow in JSON
//	decided   group, 0, speaker, 0, key  => nothing; what decisions are about
//
// An address is the escaped buyer, "/", and the contract's slug.
const (
	metaBucket     = "meta"
	cursorBucket   = "cursor"
	recordBucket   = "record"
	depositBucket  = "deposit"
	groupBucket    = "group"
	listBucket     = "list"
	aliasBucket    = "alias"
	conflictBucket = "conflict"
	partBucket     = "part"
	memberBucket   = "member"
	headBucket     = "head"
	datasetBucket  = "dataset"
	accountBucket  = "account"
	lineageBucket  = "lineage"
	decisionBucket = "decision"
	decidedBucket  = "decided"
)

var buckets = []string{
	metaBucket, cursorBucket, recordBucket, depositBucket, groupBucket, listBucket, aliasBucket, conflictBucket, partBucket,
	memberBucket, headBucket, datasetBucket, accountBucket, lineageBucket, decisionBucket, decidedBucket,
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
	news     bell
	told     hearsay
	auth     *authorities  // as they are since the last batch; nil if they are not known
	datasets atomic.Uint64 // changes with the foreign datasets
}

// A Journal names one journal.
type Journal struct {
	Node  string
	Epoch int
}

// Open returns the views kept in db, for the node self. Views made by other
// rules are dropped: they start again from nothing.
func Open(db store.DB, self string) (*Views, error) {
	v := &Views{db: db, self: self}
	if err := openDiary(db); err != nil {
		return nil, fmt.Errorf("open views: %w", err)
	}
	var have string
	if err := db.View(func(tx store.Tx) error { have = string(tx.Bucket(metaBucket).Get(rulesKey)); return nil }); err != nil {
		return nil, fmt.Errorf("open views: %w", err)
	}
	if have != rules {
		return v, v.Reset()
	}
	return v, nil
}

// OpenReadOnly returns the views kept in db for queries alone, as they are: those that
// other rules made are an error.
func OpenReadOnly(db store.DB) (*Views, error) {
	v := &Views{db: db}
	err := db.View(func(tx store.Tx) error {
		if have := string(tx.Bucket(metaBucket).Get(rulesKey)); have != rules {
			return fmt.Errorf("open views: they were made by rules %q, want %q (start the node once)", have, rules)
		}
		return nil
	})
	return v, err
}

// Reset drops everything but the diary.
func (v *Views) Reset() error {
	err := v.db.Update(func(tx store.Tx) error {
		if err := fallBehind(tx); err != nil {
			return err
		}
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
	v.auth = nil
	v.told.changes.Add(1)
	v.revision.Add(1)
	v.datasets.Add(1)
	v.news.ring()
	return nil
}

// Revision changes whenever the views do.
func (v *Views) Revision() uint64 { return v.revision.Load() }

// News is closed when the views next change. Take it before looking: what comes
// after the look is not missed then.
func (v *Views) News() <-chan struct{} { return v.news.listen() }

// A bell wakes all who listen.
type bell struct {
	mu sync.Mutex
	c  chan struct{}
}

func (b *bell) listen() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.c == nil {
		b.c = make(chan struct{})
	}
	return b.c
}

func (b *bell) ring() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.c != nil {
		close(b.c)
		b.c = nil
	}
}

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

// refOf reads the key of a ref; keys come from the store.
func refOf(key []byte) entry.Ref {
	if len(key) < 13 {
		return entry.Ref{}
	}
	tail := key[len(key)-12:]
	return entry.Ref{Node: string(key[:len(key)-13]), Epoch: int(binary.BigEndian.Uint32(tail)), Index: binary.BigEndian.Uint64(tail[4:])}
}

func refKey(r entry.Ref) []byte {
	return binary.BigEndian.AppendUint64(journalKey(Journal{r.Node, r.Epoch}), r.Index)
}
