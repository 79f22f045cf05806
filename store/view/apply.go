package view

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"maillon/catalog/entry"
	"maillon/catalog/pivot"
	"maillon/store"
)

// An Item is one entry of a journal in its place.
type Item struct {
	Index uint64
	Entry entry.Entry
}

// A Part is entries of one journal, the first of which is the one at the cursor.
type Part struct {
	Journal Journal
	Items   []Item
}

// A Batch is parts that were judged and read, ready to be taken in. Of the items it
// was made of it holds on to the bodies of statements only.
type Batch struct{ parts []preparedPart }

type preparedPart struct {
	journal Journal
	entries []prepared
}

// prepared is an entry with all that can be said of it alone.
type prepared struct {
	index  uint64
	header entry.Header
	body   []byte  // of a statement
	record *record // of a put
}

// errGap: the entries do not follow those that the views have.
var errGap = errors.New("entries do not follow the cursor")

// Apply takes in entries of one journal. Data and cursor are written in one transaction.
func (v *Views) Apply(ctx context.Context, j Journal, items []Item) error {
	b, err := v.Prepare(ctx, []Part{{j, items}})
	if err != nil {
		return err
	}
	return v.Take(b)
}

// Prepare judges and reads the records of the parts, on every core and outside any
// transaction, so that one batch can be prepared while another is taken in.
func (v *Views) Prepare(ctx context.Context, parts []Part) (*Batch, error) {
	b := newPreparing(ctx)
	for _, part := range parts {
		for from := 0; from < len(part.Items); from += prepareRun {
			b.add(Part{part.Journal, part.Items[from:min(from+prepareRun, len(part.Items))]})
		}
	}
	return b.wait()
}

// preparing is a batch that grows while it is prepared.
type preparing struct {
	batch Batch
	group *errgroup.Group
	ctx   context.Context
}

func newPreparing(ctx context.Context) *preparing {
	b := &preparing{}
	b.group, b.ctx = errgroup.WithContext(ctx)
	b.group.SetLimit(runtime.GOMAXPROCS(0))
	return b
}

// add has a part prepared; it waits until a core is free.
func (b *preparing) add(part Part) {
	p := preparedPart{part.Journal, make([]prepared, len(part.Items))}
	b.batch.parts = append(b.batch.parts, p)
	b.group.Go(func() error { return prepare(b.ctx, p.journal, part.Items, p.entries) })
}

// wait ends the batch.
func (b *preparing) wait() (*Batch, error) {
	err := b.group.Wait()
	return &b.batch, err
}

// prepareRun is how many entries one goroutine prepares in one go.
const prepareRun = 64

func prepare(ctx context.Context, j Journal, items []Item, out []prepared) error {
	for i, it := range items {
		if err := ctx.Err(); err != nil {
			return err
		}
		var err error
		if out[i], err = prepareOne(j, it); err != nil {
			return fmt.Errorf("entry %d of %s: %w", it.Index, j.Node, err)
		}
	}
	return nil
}

func prepareOne(j Journal, it Item) (prepared, error) {
	h, err := it.Entry.Parse()
	if err != nil {
		return prepared{}, err
	}
	p := prepared{index: it.Index, header: h}
	switch {
	case h.Op == entry.Statement:
		p.body = it.Entry.Body
	case h.Op == entry.Put && h.Source != nil && known(h):
		p.record = newRecord(entry.Ref{Node: j.Node, Epoch: j.Epoch, Index: it.Index}, h, it.Entry.Body)
	}
	return p, nil
}

// known reports whether a put is a record that the views read.
func known(h entry.Header) bool {
	return pivot.Kind(h.Kind) == pivot.Marche || pivot.Kind(h.Kind) == pivot.Concession
}

// Take takes a batch in, in one transaction. It changes the batch, which is of no
// use afterwards.
func (v *Views) Take(batch *Batch) error {
	var b *applying
	err := v.db.Update(func(tx store.Tx) error {
		b = &applying{
			tx: tx, v: v, auth: v.auth, groups: map[string]*touched{}, records: map[entry.Ref]*record{},
			list: map[string][]byte{}, parts: map[string]*Partition{}, deposits: map[string][]byte{}, accounts: map[Journal]*Account{},
		}
		var err error
		if b.totals, err = totals(tx); err != nil {
			return err
		}
		b.behind = behind(tx)
		for _, part := range batch.parts {
			if err := b.take(part); err != nil {
				return err
			}
		}
		return b.finish()
	})
	if err == nil {
		v.auth = b.auth
		if b.heard {
			v.told.changes.Add(1)
		}
		v.revision.Add(1)
		if b.found {
			v.datasets.Add(1)
		}
		v.news.ring()
	}
	return err
}

// applying is one batch being taken in.
type applying struct {
	tx       store.Tx
	v        *Views
	j        Journal               // of the entry being taken in
	groups   map[string]*touched   // to consolidate again
	records  map[entry.Ref]*record // in memory
	list     map[string][]byte     // keys of the list with their new values; nil to delete
	parts    map[string]*Partition // see part
	deposits map[string][]byte     // see deposited
	accounts map[Journal]*Account  // see account
	totals   Totals
	auth     *authorities    // those of the last batch, or read when first asked for; nil once they change
	heard    bool            // a word on a member or a head
	before   *authorities    // those before the first word on a member; nil for none
	made     map[string]bool // groups that were made with another of their family
	family   []string        // whose contracts are being written
	found    bool            // a foreign dataset has changed
	now      cause           // the entry being taken in
	notes    []noted         // for the diary, in the order of the work
	behind   bool            // the diary waits

	undecided *bool // no decision is known; nil until asked for
}

func (b *applying) take(part preparedPart) error {
	b.j = part.journal
	at, err := cursor(b.tx, b.j)
	if err != nil {
		return err
	}
	for _, p := range part.entries {
		if p.index != at {
			return fmt.Errorf("%w: entry %d of %s, want %d", errGap, p.index, b.j.Node, at)
		}
		at++
		if err := b.entry(p); err != nil {
			return fmt.Errorf("entry %d of %s: %w", p.index, b.j.Node, err)
		}
	}
	return b.tx.Bucket(cursorBucket).Put(journalKey(b.j), binary.BigEndian.AppendUint64(nil, at))
}

// entry does what one entry asks.
func (b *applying) entry(p prepared) error {
	if err := b.count(p.header); err != nil {
		return err
	}
	b.now = cause{entry.Ref{Node: b.j.Node, Epoch: b.j.Epoch, Index: p.index}, p.header.At}
	switch p.header.Op {
	case entry.Put:
		b.put(p)
	case entry.Withdraw, entry.Redact:
		return b.retract(p)
	case entry.Statement:
		return b.state(p)
	}
	return nil // of a newer program: nothing these views know of
}

func (b *applying) put(p prepared) {
	r := p.record
	if r == nil {
		return
	}
	r.fresh = true
	b.records[r.ref] = r
	t := b.touch(r.group())
	t.ids[r.id] = true
	t.fresh = append(t.fresh, r)
	b.deposited(p.header.Source.Deposit, r.ref)
	b.totals.Records++
}

// A touched is what has changed in a group.
type touched struct {
	all   bool            // anything may have
	ids   map[string]bool // of records that are new or retracted
	fresh []*record
	by    cause            // the last entry that touched it
	took  map[string]cause // and, by id, the last that took a record back; nil for none
}

func (b *applying) touch(group string) *touched {
	t := b.groups[group]
	if t == nil {
		t = &touched{ids: map[string]bool{}}
		b.groups[group] = t
	}
	t.by = b.now
	return t
}

// retract marks the record that an entry withdraws or redacts. A target that
// is no record of this journal is passed over.
func (b *applying) retract(p prepared) error {
	if p.header.Target == nil {
		return nil
	}
	r, err := b.record(entry.Ref{Node: b.j.Node, Epoch: b.j.Epoch, Index: *p.header.Target})
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil
	case err != nil:
		return err
	case p.header.Op == entry.Redact:
		if err := r.redact(p.header.Reason); err != nil {
			return err
		}
	default:
		r.withdrawn, r.reason = true, p.header.Reason
	}
	r.changed = true
	t := b.touch(r.group())
	t.ids[r.id] = true
	if t.took == nil {
		t.took = map[string]cause{}
	}
	t.took[r.id] = b.now
	return nil
}

// record is a record in memory.
func (b *applying) record(ref entry.Ref) (*record, error) {
	if r, ok := b.records[ref]; ok {
		return r, nil
	}
	r, err := getRecord(b.tx, ref)
	if err == nil {
		b.records[ref] = r
	}
	return r, err
}

// finish makes contracts of what was taken in and writes what was gathered.
func (b *applying) finish() error {
	for _, step := range []func() error{b.reauthorise, b.consolidate, b.saveRecords, b.saveList, b.suspect, b.saveDiary, b.saveParts, b.saveDeposits, b.saveAccounts} {
		if err := step(); err != nil {
			return err
		}
	}
	return putJSON(b.tx.Bucket(metaBucket), totalsKey, b.totals)
}

// saveRecords writes the new records, in the order of their keys: they stand at the
// end of their journal, which costs a store the least.
func (b *applying) saveRecords() error {
	bucket := b.tx.Bucket(recordBucket)
	for _, ref := range slices.SortedFunc(maps.Keys(b.records), compareRefs) {
		if err := bucket.Put(refKey(ref), b.records[ref].value()); err != nil {
			return err
		}
	}
	return nil
}

// saveList writes what changes in the list, in its order: what is put out of order
// into one leaf of the store moves all that stands behind it.
func (b *applying) saveList() error {
	list := b.tx.Bucket(listBucket)
	for _, key := range slices.Sorted(maps.Keys(b.list)) {
		value := b.list[key]
		var err error
		if value == nil {
			err = list.Delete([]byte(key))
		} else {
			err = list.Put([]byte(key), value)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func putJSON(b store.Bucket, key []byte, what any) error {
	raw, err := json.Marshal(what)
	if err != nil {
		return err
	}
	return b.Put(key, raw)
}
