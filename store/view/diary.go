package view

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"maillon/catalog/entry"
	"maillon/store"
)

// The diary says in which order contracts have come to be what they are, so that
// whoever has seen it up to one place need only read on from there. Every address
// has one place in it: a contract that changes moves to the end. What stands under
// no contract any more keeps its place, as gone.
//
// The diary is no view: it is a history of this node's own, and outlives
// [Views.Reset]. While views are made again nothing is written to it; then they are
// compared, and only contracts that are shown otherwise than before move
// ([Views.CatchUp]). A diary that is lost with its file begins again under another
// id. One that is found to be an older copy gets another id ([Views.RenewDiary]): what
// it gives its next places to is not what others have seen under them.
//
// Keys; numbers are big-endian.
//
//	diary     "id"       => 8 random bytes
//	diary     "last"     => the last number given to a place, 8 bytes
//	diary     "home"     => what tells its file from a copy of it
//	diary     "behind"   => anything: the views are being made again, the diary is of those before
//	change    number     => address
//	changeat  address    => see diaryRow.value
const (
	diaryBucket    = "diary"
	changeBucket   = "change"
	changeAtBucket = "changeat"
)

var (
	diaryID     = []byte("id")
	diaryLast   = []byte("last")
	diaryBehind = []byte("behind")
	diaryHome   = []byte("home")
)

// ErrBehind: the views are being made again, and the diary waits for them.
var ErrBehind = errors.New("the views are being made again: changes can be told in a moment")

// What stands at an address.
const (
	Living    = "living"
	TakenBack = "withdrawn" // its publisher took it back; it is still listed
	Erased    = "redacted"  // nothing is left of what it said; it is still listed
	Gone      = "gone"      // no contract has the address any more
)

var whats = []string{Living, TakenBack, Erased, Gone}

// A Change is the place of one contract in the diary.
type Change struct {
	Seq     uint64
	Born    uint64 // the place that it had when it first came, or came back
	Address string // escaped buyer "/" slug
	What    string
	// Departements lists those in which the contract was ever executed, the
	// newest last.
	Departements []string
	// By is the entry that withdrew, redacted or removed the contract, and At
	// when; zero for a living one, or if it is not known any more.
	By entry.Ref
	At time.Time
}

// A diaryRow is what the diary knows of an address.
type diaryRow struct {
	seq, born uint64
	content   uint64 // changes with anything that is shown
	what      string
	deps      []string
	by        cause
}

// A cause is the entry because of which something is so.
type cause struct {
	ref entry.Ref
	at  time.Time
}

// mostDeps bounds the départements that a row remembers.
const mostDeps = 20

// value is the row in its bucket: place, content, what, départements, and the cause
// of what is not living.
func (r *diaryRow) value() []byte {
	dst := binary.AppendUvarint(make([]byte, 0, 32), r.seq)
	dst = binary.AppendUvarint(dst, r.born)
	dst = binary.BigEndian.AppendUint64(dst, r.content)
	dst = appendTexts(append(dst, byte(indexOf(whats, r.what))), r.deps)
	if r.by.ref.Node == "" {
		return dst
	}
	return binary.AppendVarint(appendRefs(dst, []entry.Ref{r.by.ref}), r.by.at.Unix())
}

func indexOf(list []string, s string) int {
	for i, one := range list {
		if one == s {
			return i
		}
	}
	return 0
}

func diaryRowOf(address string, value []byte) (diaryRow, error) {
	d := decoder{b: value}
	r := diaryRow{seq: d.uvarint(), born: d.uvarint(), content: d.uint64()}
	if what := int(d.byte()); what < len(whats) {
		r.what = whats[what]
	} else {
		d.bad = true
	}
	r.deps = d.texts()
	if !d.bad && len(d.b) > 0 {
		if refs := d.refs(1); len(refs) == 1 {
			r.by = cause{refs[0], time.Unix(d.varint(), 0).UTC()}
			d.bad = d.bad || r.by.ref.Node == ""
		}
	}
	if err := d.end(); err != nil {
		return r, fmt.Errorf("diary of %s: %w", address, err)
	}
	return r, nil
}

// openDiary makes sure that there is one.
func openDiary(db store.DB) error {
	err := db.View(func(tx store.Tx) error {
		if len(tx.Bucket(diaryBucket).Get(diaryID)) == 0 {
			return store.ErrNotFound
		}
		return nil
	})
	if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	return db.Update(nameDiary)
}

// nameDiary gives the diary an id that no other has.
func nameDiary(tx store.Tx) error {
	id := make([]byte, 8)
	_, _ = rand.Read(id) // never fails
	return tx.Bucket(diaryBucket).Put(diaryID, id)
}

// RenewDiary gives the diary another id. It is for a node that learns that its data are
// an older copy: cursors of what it told after that are refused, and who has one begins
// with the snapshot again instead of missing what changes from now on.
func (v *Views) RenewDiary() error {
	err := v.db.Update(nameDiary)
	v.news.ring()
	return err
}

// Home says what tells the file of the views from a copy of it. If it is not what it was,
// the file was put back or moved, and the diary gets another id; moved tells. "" is not
// known, and never another.
func (v *Views) Home(file string) (moved bool, err error) {
	if file == "" {
		return false, nil
	}
	err = v.db.Update(func(tx store.Tx) error {
		b := tx.Bucket(diaryBucket)
		was := string(b.Get(diaryHome))
		if was == file {
			return nil
		}
		if moved = was != ""; moved {
			if err := nameDiary(tx); err != nil {
				return err
			}
		}
		return b.Put(diaryHome, []byte(file))
	})
	return moved, err
}

// fallBehind marks the diary as one of views that are no more. One without places
// has nothing to compare them with.
func fallBehind(tx store.Tx) error {
	for range tx.Bucket(changeBucket).Ascend(nil) {
		return tx.Bucket(diaryBucket).Put(diaryBehind, []byte{1})
	}
	return nil
}

func behind(tx store.Tx) bool { return tx.Bucket(diaryBucket).Get(diaryBehind) != nil }

func lastPlace(tx store.Tx) (uint64, error) {
	raw := tx.Bucket(diaryBucket).Get(diaryLast)
	switch len(raw) {
	case 0:
		return 0, nil
	case 8:
		return binary.BigEndian.Uint64(raw), nil
	}
	return 0, fmt.Errorf("last place of the diary: %w", errRow)
}

// Diary names the diary and says which place is its last.
func (v *Views) Diary() (id string, last uint64, err error) {
	err = v.db.View(func(tx store.Tx) (err error) {
		id = hex.EncodeToString(tx.Bucket(diaryBucket).Get(diaryID))
		last, err = lastPlace(tx)
		return err
	})
	return id, last, err
}
