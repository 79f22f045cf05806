//go:build processes

package main

import (
	"slices"
	"testing"

	"maillon/store"
	"maillon/store/bolt"
)

// flipByte changes one byte of the first value in one bucket of a journal,
// through the store, so that the store itself stays readable (the buckets are
// described in store/journal/keys.go).
func flipByte(t *testing.T, path, node, bucket string) {
	t.Helper()
	inStore(t, path, func(tx store.Tx) error {
		b := tx.Bucket("journal", node, "0", bucket)
		for k, v := range b.Ascend(nil) {
			key, value := slices.Clone(k), slices.Clone(v)
			value[len(value)/2] ^= 1
			return b.Put(key, value)
		}
		t.Fatalf("the journal of %s has no %s", node, bucket)
		return nil
	})
}

// dropBucket removes a bucket of a stopped node's store.
func dropBucket(t *testing.T, path, bucket string) {
	t.Helper()
	inStore(t, path, func(tx store.Tx) error { return tx.Drop(bucket) })
}

func inStore(t *testing.T, path string, change func(store.Tx) error) {
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
	if err := db.Update(change); err != nil {
		t.Fatal(err)
	}
}
