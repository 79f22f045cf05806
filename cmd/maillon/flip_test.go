//go:build processes

package main

import (
	"slices"
	"testing"

	"maillon/store"
	"maillon/store/bolt"
)

// flipByte changes one byte of the first stored value of a journal's bundles,
// tail or tiles, through the store, so that the store itself stays readable.
func flipByte(t *testing.T, path, node string) {
	t.Helper()
	db, err := bolt.Open(path, bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}()
	err = db.Update(func(tx store.Tx) error {
		for _, name := range []string{"bundles", "tiles", "bodies"} { // see store/journal/keys.go
			b := tx.Bucket("journal", node, "0", name)
			for k, v := range b.Ascend(nil) {
				key, value := slices.Clone(k), slices.Clone(v)
				value[len(value)/2] ^= 1
				return b.Put(key, value)
			}
		}
		t.Fatalf("%s holds nothing of the journal of %s", path, node)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
