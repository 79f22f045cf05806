package view

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"math"
	"runtime"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"maillon/catalog/contract"
	"maillon/catalog/entry"
	"maillon/catalog/pivot"
	"maillon/store"
)

// A ChangeQuery asks for a part of the diary.
type ChangeQuery struct {
	After uint64 // the last place that was seen; 0 for none
	// Start leaves out what was gone at this place or before: who begins with
	// nothing need not be told. 0 leaves nothing out.
	Start       uint64
	Buyer       string // SIRET; "" for all
	Departement string // contracts that are or were executed in it; "" for all
	Limit       int    // of the changes found
}

// A ChangePage is a part of the diary.
type ChangePage struct {
	Items []Change
	Last  uint64 // the last place that was looked at: go on after it
	More  bool   // there may be more after it
}

// mostLooked bounds the places that one page looks at.
const mostLooked = 100_000

// ChangesAfter lists the contracts that have changed after a place of the diary, in
// its order, each once and with its newest change; at most limit of them. With 0 it
// begins at the beginning: then these are all contracts there are, and some that
// are gone. It fails with [ErrBehind] while the views are being made again.
func (v *Views) ChangesAfter(ctx context.Context, seq uint64, limit int) ([]Change, error) {
	p, err := v.Changes(ctx, ChangeQuery{After: seq, Limit: limit})
	return p.Items, err
}

// Changes lists a part of the diary, like [Views.ChangesAfter]. A filtered page may
// be empty while there is more.
func (v *Views) Changes(ctx context.Context, q ChangeQuery) (ChangePage, error) {
	page := ChangePage{Last: q.After}
	prefix := ""
	if q.Buyer != "" {
		prefix = contract.Escape(q.Buyer) + "/"
	}
	err := v.db.View(func(tx store.Tx) error {
		if behind(tx) {
			return ErrBehind
		}
		if q.After == math.MaxUint64 {
			return nil
		}
		looked := 0
		for k, raw := range tx.Bucket(changeBucket).Ascend(placeKey(q.After + 1)) {
			if err := ctx.Err(); err != nil {
				return err
			}
			if looked == mostLooked || len(page.Items) == q.Limit {
				page.More = true
				return nil
			}
			if len(k) != 8 {
				return errRow
			}
			looked++
			page.Last = binary.BigEndian.Uint64(k)
			if address := string(raw); strings.HasPrefix(address, prefix) {
				row, err := diaryAt(tx, address)
				if err != nil {
					return err
				}
				if row.asked(q) {
					page.Items = append(page.Items, row.change(address))
				}
			}
		}
		return nil
	})
	return page, err
}

func (r *diaryRow) asked(q ChangeQuery) bool {
	return (r.what != Gone || r.seq > q.Start) && (q.Departement == "" || slices.Contains(r.deps, q.Departement))
}

func (r *diaryRow) change(address string) Change {
	return Change{Seq: r.seq, Born: r.born, Address: address, What: r.what, Departements: r.deps, By: r.by.ref, At: r.by.at}
}

// In reports whether the contract is executed in a département now, or was when it
// went.
func (c *Change) In(departement string) bool {
	n := len(c.Departements)
	return n > 0 && c.Departements[n-1] == departement
}

// A Told is a change with what the contract is now.
type Told struct {
	Change
	Row      Row            // as lists have it; this and what follows is zero if the contract is gone
	Shown    entry.Ref      // the record shown
	Hash     string         // of it, in hexadecimal; "" if it has none
	Received time.Time      // by the node that published it
	Record   pivot.Complete // of the version shown; only if it was asked for
}

// An untold is what is to be told of a change, before it is derived.
type untold struct {
	buyer  string
	c      groupContract
	record *record
}

// Tell adds to changes what lists tell of the contracts, and if full is set what is
// known of the record shown. It tells what is true now: a contract that has moved on
// in the diary meanwhile is told as it is, and left out if it is gone; it comes
// again at its new place.
func (v *Views) Tell(ctx context.Context, changes []Change, full bool) ([]Told, error) {
	out, todo := make([]Told, 0, len(changes)), make([]untold, 0, len(changes))
	err := v.db.View(func(tx store.Tx) error {
		if behind(tx) {
			return ErrBehind
		}
		for _, one := range changes {
			u, ok, err := untoldAt(tx, one)
			if err != nil {
				return err
			}
			if ok {
				out, todo = append(out, Told{Change: one}), append(todo, u)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for from := 0; from < len(out); from += prepareRun {
		g.Go(func() error {
			for i := from; i < min(from+prepareRun, len(out)); i++ {
				if err := cmp.Or(out[i].tell(&todo[i], full), ctx.Err()); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return out, g.Wait()
}

// untoldAt looks up what is at the address of a change; ok is false if nothing is
// there any more.
func untoldAt(tx store.Tx, one Change) (u untold, ok bool, err error) {
	if one.What == Gone {
		return u, true, nil
	}
	if u.buyer, u.c, err = contractAt(tx, one.Address); err != nil {
		if errors.Is(err, store.ErrNotFound) {
			err = nil
		}
		return u, false, err
	}
	u.record, err = getRecord(tx, u.c.shown())
	return u, true, err
}

// tell derives what is told.
func (t *Told) tell(u *untold, full bool) error {
	if u.record == nil {
		return nil
	}
	t.What = whatOf(&u.c)
	t.Shown, t.Hash, t.Received = u.record.ref, u.record.hashText(), u.record.at
	if !full {
		said, err := u.record.read()
		if err == nil {
			t.Row = rowOf(u.buyer, &u.c, u.record, said.contract)
		}
		return err
	}
	r, err := u.record.row()
	if err != nil {
		return err
	}
	t.Row, t.Record = rowOf(u.buyer, &u.c, u.record, r.Contract), complete(t.Address, r)
	return nil
}
