package bolt

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	"go.etcd.io/bbolt"
)

// Key of the store itself:
//
//	_store / "schema" → version of the file's layout, uint32 BE
//
// It is the number of migrations the file has been through.
const ownBucket = "_store"

var schemaKey = []byte("schema")

// A migration brings a file from one version to the next, in the transaction
// that also writes the new version.
type migration func(*bbolt.Tx) error

// migrations is append-only: files written by every earlier release go
// through the rest of it.
var migrations = []migration{
	func(*bbolt.Tx) error { return nil }, // 1: the first layout
}

// migrate brings db to version len(steps).
func migrate(db *DB, steps []migration, readOnly bool) error {
	var have int
	err := db.bolt.View(func(tx *bbolt.Tx) (err error) {
		have, err = schemaOf(tx)
		return err
	})
	switch {
	case err != nil:
		return fmt.Errorf("open the store %s: %w", db.path, err)
	case have > len(steps):
		return fmt.Errorf("open the store %s: it was written by a newer maillon (layout %d, this one knows %d): run that version, or restore an older backup", db.path, have, len(steps))
	case have == len(steps):
		return nil
	case readOnly:
		return fmt.Errorf("open the store %s: it was written by an older maillon (layout %d, this one has %d): start the node once to bring it up to date", db.path, have, len(steps))
	}
	if have > 0 { // there is something to lose
		if err := db.keep(have); err != nil {
			return fmt.Errorf("keep the store %s as it is before it is brought up to date: %w", db.path, err)
		}
	}
	err = db.bolt.Update(func(tx *bbolt.Tx) error {
		for i, step := range steps[have:] {
			if err := step(tx); err != nil {
				return fmt.Errorf("to layout %d: %w", have+i+1, err)
			}
		}
		b, err := tx.CreateBucketIfNotExists([]byte(ownBucket))
		if err != nil {
			return err
		}
		return b.Put(schemaKey, binary.BigEndian.AppendUint32(nil, uint32(len(steps))))
	})
	if err != nil {
		return fmt.Errorf("bring the store %s up to date: %w", db.path, err)
	}
	return nil
}

// Layout is the version that stores have once this program has opened them.
func Layout() int { return len(migrations) }

// KeptAs is where a store is kept as it was in an older layout.
func KeptAs(path string, layout int) string { return fmt.Sprintf("%s.layout-%d", path, layout) }

// keep writes a copy of the whole file beside it, if there is none yet, and only then
// lets it be changed: going back to the older program is putting the copy back.
func (d *DB) keep(layout int) error {
	to := KeptAs(d.path, layout)
	if _, err := os.Stat(to); err == nil {
		return nil // kept when an earlier try was cut short
	}
	f, err := os.OpenFile(to+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	err = d.Snapshot(func(_ int64, content io.WriterTo) error {
		_, err := content.WriteTo(f)
		return err
	})
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(to+".new"))
	}
	return os.Rename(to+".new", to)
}

// schemaOf is 0 for a file that holds nothing yet.
func schemaOf(tx *bbolt.Tx) (int, error) {
	b := tx.Bucket([]byte(ownBucket))
	if b == nil {
		if k, _ := tx.Cursor().First(); k != nil {
			return 0, errors.New("a bbolt file, but not one of maillon")
		}
		return 0, nil
	}
	v := b.Get(schemaKey)
	if len(v) != 4 {
		return 0, fmt.Errorf("the layout's version has %d bytes, want 4: the file is damaged, restore it from a backup", len(v))
	}
	return int(binary.BigEndian.Uint32(v)), nil
}
