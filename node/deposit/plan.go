package deposit

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"maillon/catalog/entry"
	"maillon/catalog/pivot"
	"maillon/store"
)

// What is live: for each record that the journal has put and not withdrawn,
// where it stands. It is a pure function of the own journal (see [Reindex])
// and is written in the transaction that publishes the entries.
//
// Keys:
//
//	live   kind, 0, buyer "/" id, 0, record hash (32 bytes)  => liveValue in JSON
const liveBucket = "live"

type liveValue struct {
	Index  uint64 `json:"i"`
	Series string `json:"s"`
}

func liveKey(kind string, key string, hash pivot.Hash) []byte {
	k := make([]byte, 0, len(kind)+len(key)+2+len(hash))
	k = append(append(k, kind...), 0)
	k = append(append(k, key...), 0)
	return append(k, hash[:]...)
}

// A plan is what a file will change: which of its records are new, and which
// entries are gone from its series.
type plan struct {
	seen  map[string]liveValue // live key of every record of the file; Index is noIndex for new ones
	fresh map[string]bool      // live keys to append
	gone  []goneEntry
}

const noIndex = ^uint64(0)

type goneEntry struct {
	key   []byte
	kind  string
	id    string // buyer "/" id
	index uint64
}

// kept counts the live entries of the series that the file still holds.
func (p *plan) kept(series string) int {
	n := 0
	for _, v := range p.seen {
		if v.Index != noIndex && v.Series == series {
			n++
		}
	}
	return n
}

// plan judges every record for the report and finds out which are new.
func (d *Desk) plan(ctx context.Context, rep *Report, file string) (*plan, error) {
	f, r, err := d.open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	p := &plan{seen: map[string]liveValue{}, fresh: map[string]bool{}}
	err = func() error {
		for item, err := range r.Items() {
			if err = errors.Join(err, ctx.Err()); err != nil {
				return err
			}
			if err := d.planItem(rep, p, item); err != nil {
				return err
			}
		}
		return nil
	}()
	rep.Layout = r.Layout()
	rep.Warnings = r.Warnings()
	if bad, ok := errors.AsType[*pivot.FileError](err); ok {
		rep.refuseFile(bad)
		return p, nil
	}
	return p, err
}

// live returns where a record stands in the journal, if it does. Each look is
// a short transaction: a long one would keep pages of the store from being
// reused while a large file is read.
func (d *Desk) live(key string) (v liveValue, ok bool, err error) {
	err = d.DB.View(func(tx store.Tx) error {
		raw := tx.Bucket(liveBucket).Get([]byte(key))
		if ok = raw != nil; ok {
			return json.Unmarshal(raw, &v)
		}
		return nil
	})
	return v, ok, err
}

func (d *Desk) planItem(rep *Report, p *plan, item pivot.Item) error {
	rep.Counts.Records++
	if len(item.Problems) > 0 {
		rep.add(RecordReport{Pointer: item.Record.Pointer, Line: item.Record.Line, State: pivot.Refused, Problems: item.Problems})
		return nil
	}
	rec := item.Record
	verdict := pivot.Checking{Today: rep.At}.Judge(rec)
	hash, err := pivot.HashOf(rec.Raw)
	if err != nil {
		return fmt.Errorf("hash of %s: %w", rec.Pointer, err)
	}
	_, repairs := pivot.Normalise(rec)
	row := RecordReport{
		Pointer: rec.Pointer, Line: rec.Line, Kind: rec.Kind, Key: rec.Buyer + "/" + rec.ID,
		State: verdict.State, Schema: verdict.Version, Problems: verdict.Problems, Repairs: repairs,
	}
	key := string(liveKey(string(rec.Kind), row.Key, hash))
	known, live, err := d.live(key)
	if err != nil {
		return fmt.Errorf("live index: %w (run maillon rebuild)", err)
	}
	switch {
	case d.Strict && verdict.State != pivot.Conforming:
		row.Kept = KeptOut
	case p.fresh[key]:
		row.Kept = Repeated
	case live:
		row.Kept = Known
		p.seen[key] = known
	default:
		row.Kept = Appended
		p.fresh[key] = true
		p.seen[key] = liveValue{Index: noIndex}
	}
	rep.add(row)
	return nil
}

// gone lists what the series holds and the file does not.
func (d *Desk) gone(series string, seen map[string]liveValue) ([]goneEntry, error) {
	var gone []goneEntry
	err := d.DB.View(func(tx store.Tx) error {
		for k, v := range tx.Bucket(liveBucket).Ascend(nil) {
			var lv liveValue
			if err := json.Unmarshal(v, &lv); err != nil {
				return fmt.Errorf("live index: %w (run maillon rebuild)", err)
			}
			if _, still := seen[string(k)]; lv.Series != series || still {
				continue
			}
			kind, id := splitLiveKey(k)
			gone = append(gone, goneEntry{key: []byte(string(k)), kind: kind, id: id, index: lv.Index})
		}
		return nil
	})
	return gone, err
}

func splitLiveKey(k []byte) (kind, id string) {
	s := string(k[:len(k)-len(pivot.Hash{})-1])
	for i := range len(s) {
		if s[i] == 0 {
			return s[:i], s[i+1:]
		}
	}
	return "", s
}

// commit appends what the plan says and publishes it with the last batch.
func (d *Desk) commit(ctx context.Context, rep *Report, file string, p *plan) (err error) {
	w, err := d.Log.Writer(ctx)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.Abort())
		}
	}()
	rep.First = d.Log.Size()
	next := rep.First
	var pending []entry.Entry
	var put []liveChange
	flush := func() error {
		if len(pending) < batch {
			return nil
		}
		err := w.Append(pending, nil)
		pending = nil
		return err
	}
	for e, change := range d.entries(ctx, rep, file, p, &err) {
		change.index = next
		next++
		put = append(put, change)
		pending = append(pending, e)
		if err := flush(); err != nil {
			return err
		}
	}
	if err != nil {
		return err
	}
	err = w.Commit(d.Signer, pending, func(tx store.Tx, _ uint64) error { return applyLive(tx, put) })
	if err != nil {
		return err
	}
	rep.Size = d.Log.Size()
	return nil
}

// A liveChange is one line of the live index to write or, when remove is
// set, to delete.
type liveChange struct {
	key    []byte
	series string
	index  uint64
	remove bool
}

func applyLive(tx store.Tx, changes []liveChange) error {
	live := tx.Bucket(liveBucket)
	for _, c := range changes {
		if c.remove {
			if err := live.Delete(c.key); err != nil {
				return err
			}
			continue
		}
		v, err := json.Marshal(liveValue{Index: c.index, Series: c.series})
		if err != nil {
			return err
		}
		if err := live.Put(c.key, v); err != nil {
			return err
		}
	}
	return nil
}

// entries yields the new entries of a deposit with what each changes in the
// live index: the fresh records in the file's order, then the withdrawals.
// A failure ends the sequence and is left in *fail.
func (d *Desk) entries(ctx context.Context, rep *Report, file string, p *plan, fail *error) func(func(entry.Entry, liveChange) bool) {
	return func(yield func(entry.Entry, liveChange) bool) {
		f, r, err := d.open(file)
		if err != nil {
			*fail = err
			return
		}
		defer f.Close()
		wanted := p.fresh
		for item, err := range r.Items() {
			if err = errors.Join(err, ctx.Err()); err != nil {
				*fail = fmt.Errorf("%w: %s changed while it was read: %w", ErrStorage, file, err)
				return
			}
			e, change, ok, err := d.put(rep, item, wanted)
			if err != nil {
				*fail = err
				return
			}
			if ok && !yield(e, change) {
				return
			}
		}
		for _, g := range p.gone {
			e, err := entry.NewWithdraw(g.kind, g.id, g.index, "replaced by deposit "+rep.ID, rep.At)
			if err != nil {
				*fail = err
				return
			}
			if !yield(e, liveChange{key: g.key, remove: true}) {
				return
			}
		}
	}
}

// put makes the entry of one record, unless the plan does not want it.
func (d *Desk) put(rep *Report, item pivot.Item, wanted map[string]bool) (entry.Entry, liveChange, bool, error) {
	rec := item.Record
	if len(item.Problems) > 0 {
		return entry.Entry{}, liveChange{}, false, nil
	}
	hash, err := pivot.HashOf(rec.Raw)
	if err != nil {
		return entry.Entry{}, liveChange{}, false, fmt.Errorf("hash of %s: %w", rec.Pointer, err)
	}
	key := liveKey(string(rec.Kind), rec.Buyer+"/"+rec.ID, hash)
	if !wanted[string(key)] {
		return entry.Entry{}, liveChange{}, false, nil
	}
	delete(wanted, string(key))
	src := entry.Source{Deposit: rep.ID, Series: rep.Series, Pointer: rec.Pointer, Form: rec.Form}
	e, err := entry.NewPut(rand.Reader, rec, src, rep.At)
	return e, liveChange{key: key, series: rep.Series}, err == nil, err
}

// Reindex makes the live index anew from the journal. It is needed after the
// journal got entries that this desk did not append (a tail fetched back
// after a restore).
func (d *Desk) Reindex(ctx context.Context) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	live := map[uint64]liveChange{}
	var index uint64
	for e, err := range d.Log.Entries(ctx, 0, d.Log.Size()) {
		if err != nil {
			return err
		}
		h, err := e.Parse()
		if err != nil {
			return fmt.Errorf("journal entry %d: %w", index, err)
		}
		switch {
		case h.Op == entry.Put && e.Body != nil && h.Source != nil:
			hash, err := pivot.HashOf(e.Body)
			if err != nil {
				return fmt.Errorf("journal entry %d: %w", index, err)
			}
			live[index] = liveChange{key: liveKey(h.Kind, h.Key, hash), series: h.Source.Series, index: index}
		case (h.Op == entry.Withdraw || h.Op == entry.Redact) && h.Target != nil:
			delete(live, *h.Target)
		}
		index++
	}
	return d.DB.Update(func(tx store.Tx) error {
		if err := tx.Drop(liveBucket); err != nil {
			return err
		}
		changes := make([]liveChange, 0, len(live))
		for _, c := range live {
			changes = append(changes, c)
		}
		return applyLive(tx, changes)
	})
}

// Retract appends an entry that withdraws or redacts what stands at target
// in the own journal, for the reason given. Erasing the body of a redacted
// entry is the journal's own rule.
func (d *Desk) Retract(ctx context.Context, op entry.Op, target uint64, reason string) (uint64, error) {
	if err := d.Ready(); err != nil {
		return 0, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	old, err := d.Log.Entry(target)
	if err != nil {
		return 0, fmt.Errorf("journal entry %d: %w", target, err)
	}
	h, err := old.Parse()
	if err != nil {
		return 0, fmt.Errorf("journal entry %d: %w", target, err)
	}
	if h.Op != entry.Put {
		return 0, &RequestError{Field: "target", Found: fmt.Sprintf("%d: %s", target, h.Op), Expected: string(entry.Put)}
	}
	at := d.Now().UTC().Truncate(time.Second)
	var e entry.Entry
	if op == entry.Redact {
		e, err = entry.NewRedact(h.Kind, h.Key, target, reason, at)
	} else {
		e, err = entry.NewWithdraw(h.Kind, h.Key, target, reason, at)
	}
	if err != nil {
		return 0, err
	}
	var gone []liveChange
	if old.Body != nil { // an erased record is live no more
		hash, err := pivot.HashOf(old.Body)
		if err != nil {
			return 0, fmt.Errorf("journal entry %d: %w", target, err)
		}
		gone = append(gone, liveChange{key: liveKey(h.Kind, h.Key, hash), remove: true})
	}
	w, err := d.Log.Writer(ctx)
	if err != nil {
		return 0, err
	}
	if err := w.Commit(d.Signer, []entry.Entry{e}, func(tx store.Tx, _ uint64) error { return applyLive(tx, gone) }); err != nil {
		return 0, errors.Join(err, w.Abort())
	}
	if op == entry.Redact && h.Source != nil {
		err = d.forget(h.Source.Deposit, h.Source.Pointer)
	}
	return d.Log.Size() - 1, err
}

// State appends statements of the node itself to its journal.
func (d *Desk) State(ctx context.Context, statements []entry.Entry) error {
	if err := d.Ready(); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	w, err := d.Log.Writer(ctx)
	if err != nil {
		return err
	}
	if err := w.Commit(d.Signer, statements, nil); err != nil {
		return errors.Join(err, w.Abort())
	}
	return nil
}
