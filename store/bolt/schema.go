package bolt

import (
	"encoding/binary"
	"errors"
	"fmt"

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
