package view

import (
	"cmp"
	"encoding/binary"
	"hash/fnv"
	"slices"
	"strings"

	"maillon/store"
)

// A noted is what became of one address while a batch was taken in.
type noted struct {
	address string
	here    bool // a contract stands there now
	content uint64
	what    string
	dep     string
	by      cause
}

// note remembers that a contract was put at an address.
func (b *applying) note(buyer, address string, c *groupContract, shown *record) error {
	if b.behind {
		return nil
	}
	one, err := noteOf(address, c, shown)
	if err != nil {
		return err
	}
	if one.what != Living {
		one.by = b.why(buyer, c)
	}
	b.notes = append(b.notes, one)
	return nil
}

func noteOf(address string, c *groupContract, shown *record) (noted, error) {
	t, err := shown.read()
	if err != nil {
		return noted{}, err
	}
	return noted{address: address, here: true, content: shownContent(c, shown, t.facts), what: whatOf(c), dep: departementOf(t.facts)}, nil
}

// noteGone remembers that a contract was taken from an address; if another is put
// there in the same batch, that counts.
func (b *applying) noteGone(buyer, address string, c *groupContract) {
	if !b.behind {
		b.notes = append(b.notes, noted{address: address, what: Gone, by: b.why(buyer, c)})
	}
}

func whatOf(c *groupContract) string {
	switch c.state {
	case Withdrawn:
		return TakenBack
	case Redacted:
		return Erased
	}
	return Living
}

// shownContent changes with anything that is told of a contract. [groupContract].content
// holds for one version of the rules; what these made of the record is added.
func shownContent(c *groupContract, shown *record, facts []byte) uint64 {
	h := fnv.New64a()
	b := binary.BigEndian.AppendUint64(make([]byte, 0, 128), c.content)
	b = binary.BigEndian.AppendUint64(b, shown.digest)
	b = appendText(append(b, bit(c.conflict, 1)), c.name)
	_, _ = h.Write(append(b, facts...))
	return h.Sum64()
}

// departementOf reads it from the facts of a list.
func departementOf(facts []byte) string {
	d := decoder{b: facts}
	d.rawName()
	return d.text()
}

// why is the entry that took a contract's records back, or else the last that
// touched its group.
func (b *applying) why(buyer string, c *groupContract) cause {
	t := b.groups[groupKey(unescape(buyer), c.ids[0])]
	if t == nil {
		return cause{}
	}
	for _, id := range c.ids {
		if by, ok := t.took[id]; ok {
			return by
		}
	}
	return t.by
}

// saveDiary gives what was noted its places, in the order of the addresses.
func (b *applying) saveDiary() error {
	if len(b.notes) == 0 {
		return nil
	}
	slices.SortStableFunc(b.notes, func(x, y noted) int { return strings.Compare(x.address, y.address) })
	w, err := newDiaryWriter(b.tx)
	if err != nil {
		return err
	}
	for i := range b.notes {
		if i+1 < len(b.notes) && b.notes[i+1].address == b.notes[i].address {
			continue // the later word counts
		}
		if err := w.write(&b.notes[i]); err != nil {
			return err
		}
	}
	return w.finish()
}

// A diaryWriter writes places.
type diaryWriter struct {
	tx          store.Tx
	change, at  store.Bucket
	first, last uint64
}

func newDiaryWriter(tx store.Tx) (*diaryWriter, error) {
	last, err := lastPlace(tx)
	return &diaryWriter{tx, tx.Bucket(changeBucket), tx.Bucket(changeAtBucket), last, last}, err
}

// write moves an address to the end if it is not as it was.
func (w *diaryWriter) write(n *noted) error {
	var old diaryRow
	had := false
	if raw := w.at.Get([]byte(n.address)); raw != nil {
		var err error
		if old, err = diaryRowOf(n.address, raw); err != nil {
			return err
		}
		had = true
	}
	stood := had && old.what != Gone
	if !n.here && !stood || n.here && stood && old.content == n.content && old.what == n.what {
		return nil
	}
	if had {
		if err := w.change.Delete(placeKey(old.seq)); err != nil {
			return err
		}
	}
	w.last++
	row := diaryRow{seq: w.last, born: cmp.Or(old.born, w.last), content: n.content, what: n.what, deps: old.deps, by: n.by}
	if had && old.what == Gone {
		row.born = w.last
	}
	if n.here { // also if it is unknown
		row.deps = append(slices.DeleteFunc(row.deps, func(d string) bool { return d == n.dep }), n.dep)
		row.deps = row.deps[max(0, len(row.deps)-mostDeps):]
	}
	if err := w.change.Put(placeKey(row.seq), []byte(n.address)); err != nil {
		return err
	}
	return w.at.Put([]byte(n.address), row.value())
}

func (w *diaryWriter) finish() error {
	if w.last == w.first {
		return nil
	}
	return w.tx.Bucket(diaryBucket).Put(diaryLast, placeKey(w.last))
}

func placeKey(seq uint64) []byte { return binary.BigEndian.AppendUint64(make([]byte, 0, 8), seq) }
