package storetest

import (
	"bytes"
	"errors"
	"slices"
	"sync"
	"testing"

	"maillon/store"
)

// Run checks that what open returns keeps the promises of package store. Each
// call of open must return a new, empty store.
func Run(t *testing.T, open func(t *testing.T) store.DB) {
	for _, c := range []struct {
		rule string
		test func(*testing.T, store.DB)
	}{
		{"what is put is got, in this transaction and later ones", putGet},
		{"an absent bucket reads as empty", absentBucket},
		{"a failed update leaves nothing", rollback},
		{"an update that panics leaves nothing and lets the next one in", rollbackOnPanic},
		{"ascend starts at the first key not below from", ascend},
		{"descend starts at the last key not above from", descend},
		{"buckets inside a bucket are not among its keys", nesting},
		{"a key cannot be the name of a bucket too", keyAndBucket},
		{"drop removes the bucket and all inside it", drop},
		{"a view refuses writes", viewIsReadOnly},
		{"a view sees one state while updates go on", isolation},
		{"put keeps a copy of key and value", putCopies},
		{"an empty value is not an absent one", emptyValue},
		{"keys are 1 to 32768 bytes", keySizes},
		{"a bucket needs a path with names", badPaths},
		{"updates take turns", turns},
	} {
		t.Run(c.rule, func(t *testing.T) { c.test(t, open(t)) })
	}
}

func update(t *testing.T, db store.DB, f func(store.Tx)) {
	t.Helper()
	if err := db.Update(func(tx store.Tx) error { f(tx); return nil }); err != nil {
		t.Fatal(err)
	}
}

func view(t *testing.T, db store.DB, f func(store.Tx)) {
	t.Helper()
	if err := db.View(func(tx store.Tx) error { f(tx); return nil }); err != nil {
		t.Fatal(err)
	}
}

func put(t *testing.T, b store.Bucket, keys ...string) {
	t.Helper()
	for _, k := range keys {
		if err := b.Put([]byte(k), []byte("="+k)); err != nil {
			t.Fatal(err)
		}
	}
}

func wantKeys(t *testing.T, b store.Bucket, want ...string) {
	t.Helper()
	var got []string
	for k, v := range b.Ascend(nil) {
		if string(v) != "="+string(k) {
			t.Errorf("value of %q is %q", k, v)
		}
		got = append(got, string(k))
	}
	if !slices.Equal(got, want) {
		t.Errorf("keys are %q, want %q", got, want)
	}
}

func putGet(t *testing.T, db store.DB) {
	update(t, db, func(tx store.Tx) {
		b := tx.Bucket("a", "b")
		put(t, b, "k", "gone", "new")
		if err := b.Put([]byte("new"), []byte("=newer")); err != nil {
			t.Error(err)
		}
		if err := errors.Join(b.Delete([]byte("gone")), b.Delete([]byte("never there"))); err != nil {
			t.Error(err)
		}
		if got := b.Get([]byte("k")); string(got) != "=k" {
			t.Errorf("in the update: %q", got)
		}
	})
	view(t, db, func(tx store.Tx) {
		b := tx.Bucket("a", "b")
		if k, n, gone := b.Get([]byte("k")), b.Get([]byte("new")), b.Get([]byte("gone")); string(k) != "=k" || string(n) != "=newer" || gone != nil {
			t.Errorf("later: k %q, new %q, gone %q", k, n, gone)
		}
	})
}

func absentBucket(t *testing.T, db store.DB) {
	view(t, db, func(tx store.Tx) {
		b := tx.Bucket("no", "such")
		wantKeys(t, b)
		for k := range b.Descend(nil) {
			t.Errorf("key %q in an absent bucket", k)
		}
		if v := b.Get([]byte("k")); v != nil {
			t.Errorf("value %q in an absent bucket", v)
		}
		if n := tx.Names("no"); len(n) != 0 {
			t.Errorf("names %q in an absent bucket", n)
		}
	})
	update(t, db, func(tx store.Tx) {
		if err := errors.Join(tx.Drop("no"), tx.Drop("no", "such")); err != nil {
			t.Error(err)
		}
	})
}

func rollback(t *testing.T, db store.DB) {
	update(t, db, func(tx store.Tx) { put(t, tx.Bucket("a"), "1", "2") })
	stop := errors.New("stop")
	err := db.Update(func(tx store.Tx) error {
		put(t, tx.Bucket("a"), "3")
		put(t, tx.Bucket("new"), "4")
		return errors.Join(tx.Bucket("a").Delete([]byte("1")), stop)
	})
	if !errors.Is(err, stop) {
		t.Errorf("update returned %v", err)
	}
	view(t, db, func(tx store.Tx) {
		wantKeys(t, tx.Bucket("a"), "1", "2")
		if n := tx.Names(); !slices.Equal(n, []string{"a"}) {
			t.Errorf("buckets %q", n)
		}
	})
}

func rollbackOnPanic(t *testing.T, db store.DB) {
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		_ = db.Update(func(tx store.Tx) error {
			put(t, tx.Bucket("a"), "1")
			panic("in an update")
		})
	}()
	update(t, db, func(tx store.Tx) { put(t, tx.Bucket("a"), "2") })
	view(t, db, func(tx store.Tx) { wantKeys(t, tx.Bucket("a"), "2") })
}

func walk(t *testing.T, db store.DB, from string, down bool) string {
	t.Helper()
	var got []byte
	view(t, db, func(tx store.Tx) {
		b, start := tx.Bucket("a"), []byte(from)
		if from == "" {
			start = nil
		}
		seq := b.Ascend(start)
		if down {
			seq = b.Descend(start)
		}
		for k := range seq {
			got = append(got, k...)
			if string(k) == "x" {
				break
			}
		}
	})
	return string(got)
}

func ascend(t *testing.T, db store.DB) {
	update(t, db, func(tx store.Tx) { put(t, tx.Bucket("a"), "f", "b", "d", "x", "z") })
	for from, want := range map[string]string{"": "bdfx", "b": "bdfx", "c": "dfx", "zz": "", "z": "z"} {
		if got := walk(t, db, from, false); got != want {
			t.Errorf("from %q: %q, want %q", from, got, want)
		}
	}
}

func descend(t *testing.T, db store.DB) {
	update(t, db, func(tx store.Tx) { put(t, tx.Bucket("a"), "f", "b", "d") })
	for from, want := range map[string]string{"": "fdb", "z": "fdb", "f": "fdb", "e": "db", "a": "", "b": "b"} {
		if got := walk(t, db, from, true); got != want {
			t.Errorf("from %q: %q, want %q", from, got, want)
		}
	}
}

func nesting(t *testing.T, db store.DB) {
	update(t, db, func(tx store.Tx) {
		put(t, tx.Bucket("a"), "1", "9")
		put(t, tx.Bucket("a", "5"), "inner")
		put(t, tx.Bucket("a", "3", "deep"), "inner")
		put(t, tx.Bucket("ab"), "other")
	})
	view(t, db, func(tx store.Tx) {
		wantKeys(t, tx.Bucket("a"), "1", "9")
		var down []string
		for k := range tx.Bucket("a").Descend(nil) {
			down = append(down, string(k))
		}
		if !slices.Equal(down, []string{"9", "1"}) {
			t.Errorf("descending: %q", down)
		}
		if got := tx.Names("a"); !slices.Equal(got, []string{"3", "5"}) {
			t.Errorf("names in a: %q", got)
		}
		if got := tx.Names(); !slices.Equal(got, []string{"a", "ab"}) {
			t.Errorf("names: %q", got)
		}
		if v := tx.Bucket("a").Get([]byte("5")); v != nil {
			t.Errorf("a bucket reads as the value %q", v)
		}
	})
}

func keyAndBucket(t *testing.T, db store.DB) {
	update(t, db, func(tx store.Tx) { tx.Bucket("a", "b") })
	err := db.Update(func(tx store.Tx) error { return tx.Bucket("a").Put([]byte("b"), []byte("x")) })
	if err == nil {
		t.Error("a key was put over a bucket")
	}
}

func drop(t *testing.T, db store.DB) {
	update(t, db, func(tx store.Tx) {
		put(t, tx.Bucket("a", "b"), "1")
		put(t, tx.Bucket("a", "b", "c"), "2")
		put(t, tx.Bucket("a", "bb"), "3")
	})
	update(t, db, func(tx store.Tx) {
		if err := tx.Drop("a", "b"); err != nil {
			t.Error(err)
		}
		wantKeys(t, tx.Bucket("a", "b"))
		put(t, tx.Bucket("a", "b"), "4")
	})
	view(t, db, func(tx store.Tx) {
		wantKeys(t, tx.Bucket("a", "b"), "4")
		wantKeys(t, tx.Bucket("a", "b", "c"))
		wantKeys(t, tx.Bucket("a", "bb"), "3")
	})
	update(t, db, func(tx store.Tx) {
		if err := tx.Drop("a"); err != nil {
			t.Error(err)
		}
	})
	view(t, db, func(tx store.Tx) {
		if n := tx.Names(); len(n) != 0 {
			t.Errorf("left after the drop: %q", n)
		}
	})
}

func viewIsReadOnly(t *testing.T, db store.DB) {
	update(t, db, func(tx store.Tx) { put(t, tx.Bucket("a"), "1") })
	view(t, db, func(tx store.Tx) {
		if tx.Bucket("a").Put([]byte("2"), nil) == nil || tx.Bucket("a").Delete([]byte("1")) == nil || tx.Drop("a") == nil {
			t.Error("a view was written")
		}
		if tx.Bucket("absent").Put([]byte("2"), nil) == nil {
			t.Error("an absent bucket was written in a view")
		}
	})
	view(t, db, func(tx store.Tx) { wantKeys(t, tx.Bucket("a"), "1") })
}

func isolation(t *testing.T, db store.DB) {
	update(t, db, func(tx store.Tx) { put(t, tx.Bucket("a"), "1") })
	view(t, db, func(tx store.Tx) {
		done := make(chan error)
		go func() {
			done <- db.Update(func(tx store.Tx) error {
				return errors.Join(tx.Bucket("a").Put([]byte("2"), []byte("=2")), tx.Bucket("a").Delete([]byte("1")))
			})
		}()
		if err := <-done; err != nil {
			t.Error(err)
		}
		wantKeys(t, tx.Bucket("a"), "1")
	})
	view(t, db, func(tx store.Tx) { wantKeys(t, tx.Bucket("a"), "2") })
}

func putCopies(t *testing.T, db store.DB) {
	update(t, db, func(tx store.Tx) {
		k, v := []byte("k"), []byte("=k")
		if err := tx.Bucket("a").Put(k, v); err != nil {
			t.Error(err)
		}
		k[0], v[0] = 'X', 'X'
	})
	view(t, db, func(tx store.Tx) { wantKeys(t, tx.Bucket("a"), "k") })
}

func emptyValue(t *testing.T, db store.DB) {
	check := func(tx store.Tx) {
		b := tx.Bucket("a")
		for _, k := range []string{"nil", "empty"} {
			if v := b.Get([]byte(k)); v == nil || len(v) != 0 {
				t.Errorf("%s: got %v", k, v)
			}
		}
		n := 0
		for range b.Ascend(nil) {
			n++
		}
		if n != 2 {
			t.Errorf("%d pairs, want 2", n)
		}
	}
	update(t, db, func(tx store.Tx) {
		if err := errors.Join(tx.Bucket("a").Put([]byte("nil"), nil), tx.Bucket("a").Put([]byte("empty"), []byte{})); err != nil {
			t.Error(err)
		}
		check(tx)
	})
	view(t, db, check)
}

func keySizes(t *testing.T, db store.DB) {
	update(t, db, func(tx store.Tx) {
		b := tx.Bucket("a")
		if b.Put(nil, nil) == nil || b.Put(make([]byte, 32769), nil) == nil {
			t.Error("a key out of bounds was put")
		}
		if b.Get(nil) != nil {
			t.Error("the empty key has a value")
		}
		if err := b.Put(bytes.Repeat([]byte("k"), 32768), []byte("v")); err != nil {
			t.Error(err)
		}
	})
}

func badPaths(t *testing.T, db store.DB) {
	for _, path := range [][]string{nil, {""}, {"a", ""}} {
		err := db.Update(func(tx store.Tx) error { tx.Bucket(path...); return nil })
		if err == nil {
			t.Errorf("bucket %q was made", path)
		}
	}
}

func turns(t *testing.T, db store.DB) {
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 5 {
				err := db.Update(func(tx store.Tx) error {
					b, k := tx.Bucket("a"), []byte("n")
					return b.Put(k, append(bytes.Clone(b.Get(k)), '.'))
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	view(t, db, func(tx store.Tx) {
		if n := len(tx.Bucket("a").Get([]byte("n"))); n != 40 {
			t.Errorf("%d steps of 40", n)
		}
	})
}
