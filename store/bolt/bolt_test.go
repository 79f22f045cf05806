package bolt

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.etcd.io/bbolt"

	"maillon/store"
	"maillon/store/storetest"
)

func open(t *testing.T, path string, o Options) *DB {
	t.Helper()
	db, err := Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() }) // closing twice does no harm
	return db
}

func TestContract(t *testing.T) {
	for name, o := range map[string]Options{"journal": {}, "views": {Churn: true}} {
		o.InitialMmap = 1 << 20 // so that a view does not hold up the file's growth
		t.Run(name, func(t *testing.T) {
			storetest.Run(t, func(t *testing.T) store.DB { return open(t, filepath.Join(t.TempDir(), "db"), o) })
		})
	}
}

func fill(t *testing.T, db *DB) {
	t.Helper()
	if err := db.Update(func(tx store.Tx) error { return tx.Bucket("a").Put([]byte("k"), make([]byte, 100_000)) }); err != nil {
		t.Fatal(err)
	}
}

func wantError(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	for _, p := range parts {
		if !strings.Contains(err.Error(), p) {
			t.Errorf("error %q does not say %q", err, p)
		}
	}
}

func TestFileIsForItsOwnerOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	open(t, path, Options{})
	st, err := os.Stat(path)
	if err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", st.Mode(), err)
	}
}

func TestSecondProcessIsTold(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	open(t, path, Options{})
	_, err := Open(path, Options{})
	wantError(t, err, "another maillon is running on this folder", path)
	if !errors.Is(err, ErrLocked) {
		t.Errorf("%v is not ErrLocked", err)
	}
}

func TestContentOutlivesTheProcess(t *testing.T) {
	for _, churn := range []bool{false, true} {
		path := filepath.Join(t.TempDir(), "db")
		db := open(t, path, Options{Churn: churn})
		fill(t, db)
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		db = open(t, path, Options{ReadOnly: true})
		_ = db.View(func(tx store.Tx) error {
			if len(tx.Bucket("a").Get([]byte("k"))) != 100_000 {
				t.Error("the value is gone")
			}
			return nil
		})
		if err := db.Update(func(store.Tx) error { return nil }); !errors.Is(err, store.ErrReadOnly) {
			t.Errorf("update of a read-only file: %v", err)
		}
	}
}

func TestFilesThatAreRefused(t *testing.T) {
	newer := func(t *testing.T, path string) {
		db := open(t, path, Options{})
		err := db.bolt.Update(func(tx *bbolt.Tx) error {
			return tx.Bucket([]byte(ownBucket)).Put(schemaKey, []byte{0, 0, 0, 200})
		})
		if err := errors.Join(err, db.Close()); err != nil {
			t.Fatal(err)
		}
	}
	short := func(t *testing.T, path string) {
		db := open(t, path, Options{})
		fill(t, db)
		if err := errors.Join(db.Close(), os.Truncate(path, 20_000)); err != nil {
			t.Fatal(err)
		}
	}
	text := func(t *testing.T, path string) {
		if err := os.WriteFile(path, []byte(strings.Repeat("not a store\n", 5000)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	foreign := func(t *testing.T, path string) {
		b, err := bbolt.Open(path, 0o600, nil)
		if err != nil {
			t.Fatal(err)
		}
		err = b.Update(func(tx *bbolt.Tx) error { _, err := tx.CreateBucket([]byte("theirs")); return err })
		if err := errors.Join(err, b.Close()); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name string
		make func(*testing.T, string)
		says []string
	}{
		{"written by a newer version", newer, []string{"newer maillon", "layout 200"}},
		{"cut short", short, []string{"20000 bytes", "cut short", "backup"}},
		{"not a store", text, []string{"not a store of maillon"}},
		{"another program's", foreign, []string{"not one of maillon"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "db")
			c.make(t, path)
			_, err := Open(path, Options{})
			wantError(t, err, append(c.says, path)...)
		})
	}
}

func TestMigrationsRunOnceAndInOneTransaction(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	db := open(t, path, Options{})
	runs := 0
	step := func(tx *bbolt.Tx) error {
		runs++
		_, err := tx.CreateBucket([]byte("new"))
		return err
	}
	bad := func(*bbolt.Tx) error { return errors.New("disk full") }
	steps := append(migrations[:len(migrations):len(migrations)], step)
	wantError(t, migrate(db, append(steps, bad), false), "disk full", "to layout 3")
	if err := db.View(func(tx store.Tx) error {
		if n := tx.Names(); len(n) != 0 {
			t.Errorf("left by a failed migration: %q", n)
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
	wantError(t, migrate(db, steps, true), "older maillon")
	for range 2 {
		if err := migrate(db, steps, false); err != nil {
			t.Fatal(err)
		}
	}
	if runs != 2 { // once rolled back, once kept
		t.Errorf("the migration ran %d times", runs)
	}
}
