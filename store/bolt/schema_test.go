package bolt

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"go.etcd.io/bbolt"

	"maillon/store"
)

// past unpacks the store of an earlier layout. To add one: before a new migration is
// written, make a store with this test's bucket and key, and gzip it.
func past(t *testing.T, layout int) string {
	t.Helper()
	packed, err := os.Open(fmt.Sprintf("testdata/layout-%d.db.gz", layout))
	if err != nil {
		t.Fatalf("the store of layout %d is not kept: %v", layout, err)
	}
	defer packed.Close()
	r, err := gzip.NewReader(packed)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "maillon.db")
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// A store of every layout there has been is opened, and holds what it held.
func TestStoresOfEveryPastLayoutAreOpened(t *testing.T) {
	for layout := 1; layout <= len(migrations); layout++ {
		db, err := Open(past(t, layout), Options{})
		if err != nil {
			t.Fatalf("layout %d: %v", layout, err)
		}
		var got []byte
		err = db.View(func(tx store.Tx) error {
			got = bytes.Clone(tx.Bucket("journal", "21350238800019").Get([]byte("since")))
			return nil
		})
		if err := errors.Join(err, db.Close()); err != nil || string(got) != fmt.Sprintf("layout %d", layout) {
			t.Errorf("layout %d: %q, %v", layout, got, err)
		}
	}
}

// Before a store is brought up to date it is kept as it is; if that fails half way, what
// was there is there still, and the copy opens with the older program.
func TestAStoreIsKeptBeforeItIsBroughtUpToDate(t *testing.T) {
	path := past(t, 1)
	open := func() *DB {
		b, err := bbolt.Open(path, 0o600, nil)
		if err != nil {
			t.Fatal(err)
		}
		return &DB{bolt: b, path: path}
	}
	broken := errors.New("broken")
	steps := append(migrations[:1:1], func(tx *bbolt.Tx) error {
		return errors.Join(tx.DeleteBucket([]byte("journal")), broken)
	})
	db := open()
	if err := migrate(db, steps, false); !errors.Is(err, broken) {
		t.Fatalf("a step that fails: %v", err)
	}
	steps[1] = func(tx *bbolt.Tx) error { return tx.DeleteBucket([]byte("journal")) }
	if err := migrate(db, steps, false); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path, Options{}); err == nil || !bytes.Contains([]byte(err.Error()), []byte("newer maillon")) {
		t.Errorf("the older program opens what the newer one wrote: %v", err)
	}
	old, err := Open(KeptAs(path, 1), Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	err = old.View(func(tx store.Tx) error {
		if got := tx.Bucket("journal", "21350238800019").Get([]byte("since")); string(got) != "layout 1" {
			return fmt.Errorf("the copy holds %q", got)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if left, _ := filepath.Glob(path + "*.new"); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}
