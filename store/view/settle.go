package view

import (
	"context"
	"errors"
	"fmt"

	"maillon/store"
)

// settle compares views that were made again with the diary of those before, and
// moves in it what is shown otherwise. It is called when every journal was taken in,
// from the goroutine that takes in; after a crash it starts over.
func (v *Views) settle(ctx context.Context) (settled bool, err error) {
	err = v.db.View(func(tx store.Tx) error { settled = behind(tx); return nil })
	if err != nil || !settled {
		return false, err
	}
	for from, more := "", true; more; {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		if from, more, err = v.settleSome(from); err != nil {
			return false, fmt.Errorf("bring the diary up to the views: %w", err)
		}
	}
	err = v.db.Update(func(tx store.Tx) error { return tx.Bucket(diaryBucket).Delete(diaryBehind) })
	if err == nil {
		v.revision.Add(1)
		v.news.ring()
	}
	return err == nil, err
}

// settleGroups is how many groups are compared at once, and a buyer's rest.
const settleGroups = 2000

// settleSome compares the buyers from one on ("" is the first). Only what differs is
// written.
func (v *Views) settleSome(from string) (next string, more bool, err error) {
	var notes []noted
	err = v.db.View(func(tx store.Tx) (err error) {
		here := map[string]bool{}
		if next, notes, err = unsettled(tx, from, here); err != nil {
			return err
		}
		gone, err := left(tx, from, next, here)
		notes = append(notes, gone...)
		return err
	})
	if err != nil || len(notes) == 0 {
		return next, next != "", err
	}
	err = v.db.Update(func(tx store.Tx) error { return (&applying{tx: tx, notes: notes}).saveDiary() })
	return next, next != "", err
}

// unsettled notes the contracts of some buyers that the diary has otherwise; next is
// where the next buyer begins, "" after the last. here gets all their addresses.
func unsettled(tx store.Tx, from string, here map[string]bool) (next string, notes []noted, err error) {
	last, n := "", 0
	for g, err := range groups(tx, "", []byte(from)) {
		if err != nil {
			return "", nil, err
		}
		if g.buyer != last && n >= settleGroups {
			return g.buyer + "/", notes, nil
		}
		last = g.buyer
		n++
		for i := range g.row.contracts {
			c := &g.row.contracts[i]
			one, differs, err := unsettledOne(tx, c.address(g.buyer), c)
			if err != nil {
				return "", nil, err
			}
			if here[one.address] = true; differs {
				notes = append(notes, one)
			}
		}
	}
	return "", notes, nil
}

func unsettledOne(tx store.Tx, address string, c *groupContract) (noted, bool, error) {
	shown, err := getRecord(tx, c.shown())
	if err != nil {
		return noted{}, false, err
	}
	facts := tx.Bucket(listBucket).Get(listKey(c.day, address))
	if len(facts) == 0 {
		return noted{}, false, fmt.Errorf("%s is not in the list: %w", address, errRow)
	}
	facts = facts[1:]
	n := noted{address: address, here: true, content: shownContent(c, shown, facts), what: whatOf(c), dep: departementOf(facts)}
	old, err := diaryAt(tx, address)
	if errors.Is(err, store.ErrNotFound) {
		return n, true, nil
	}
	return n, old.what != n.what || old.content != n.content, err
}

// left notes the addresses in a range of the diary at which nothing stands.
func left(tx store.Tx, from, next string, here map[string]bool) (gone []noted, err error) {
	for k, raw := range tx.Bucket(changeAtBucket).Ascend([]byte(from)) {
		address := string(k)
		if next != "" && address >= next {
			break
		}
		if here[address] {
			continue
		}
		row, err := diaryRowOf(address, raw)
		if err != nil {
			return nil, err
		}
		if row.what != Gone {
			gone = append(gone, noted{address: address, what: Gone})
		}
	}
	return gone, nil
}

func diaryAt(tx store.Tx, address string) (diaryRow, error) {
	raw := tx.Bucket(changeAtBucket).Get([]byte(address))
	if raw == nil {
		return diaryRow{}, fmt.Errorf("diary of %s: %w", address, store.ErrNotFound)
	}
	return diaryRowOf(address, raw)
}
