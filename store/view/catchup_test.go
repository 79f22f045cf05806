package view

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/note"

	"maillon/catalog/entry"
	"maillon/store"
	"maillon/store/journal"
	"maillon/store/storetest"
)

// published is a journal that holds the entries.
func published(t testing.TB, db store.DB, node string, entries []entry.Entry) Source {
	t.Helper()
	skey, vkey, err := note.GenerateKey(bytes.NewReader(bytes.Repeat([]byte{1}, ed25519.SeedSize)), journal.Origin(node, 0))
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := journal.NewVerifier(vkey)
	if err != nil {
		t.Fatal(err)
	}
	log, err := journal.Open(db, node, 0, verifier)
	if err != nil {
		t.Fatal(err)
	}
	w, err := log.Writer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Commit(signer, entries, nil); err != nil {
		t.Fatal(err)
	}
	return Source{Journal{Node: node}, log}
}

// sourcesOf publishes the journals of the tests.
func sourcesOf(t *testing.T) []Source {
	db, all := storetest.Memory(), successors(t)
	var out []Source
	for _, node := range []string{hub, rennes, other} {
		out = append(out, published(t, db, node, all[node]))
	}
	return out
}

func TestCatchingUpGivesTheSameInBatchesOfAnySize(t *testing.T) {
	plain := storetest.Memory()
	for _, node := range []string{hub, rennes, other} {
		feed(t, open(t, plain), node, 100, successors(t)[node]...)
	}
	want := dump(t, plain)
	for _, most := range []int{1, 2, 5, 1000} {
		db := storetest.Memory()
		v := open(t, db)
		sources, entries := sourcesOf(t), uint64(0)
		for _, s := range sources {
			entries += s.Log.Size()
		}
		if ahead, err := v.Ahead(sources...); ahead != entries || err != nil {
			t.Fatalf("%d entries ahead, want %d: %v", ahead, entries, err)
		}
		defer func() {
			if ahead, err := v.Ahead(sources...); ahead != 0 || err != nil {
				t.Errorf("%d entries ahead of views that have caught up: %v", ahead, err)
			}
		}()
		if moved, err := v.catchUp(t.Context(), most, sourcesOf(t)); !moved || err != nil {
			t.Fatalf("moved %v, %v", moved, err)
		}
		if diff := cmp.Diff(want, dump(t, db)); diff != "" {
			t.Errorf("batches of %d: (-want +got)\n%s", most, diff)
		}
		if moved, err := v.CatchUp(t.Context(), sourcesOf(t)...); moved || err != nil {
			t.Errorf("nothing new: moved %v, %v", moved, err)
		}
	}
}

// TestCatchingUpGoesOnAfterAFailure: what was written stays, and the rest follows.
func TestCatchingUpGoesOnAfterAFailure(t *testing.T) {
	db := storetest.Memory()
	v := open(t, db)
	down, n := errors.New("disk full"), 0
	db.Fail(func(op string) (bool, error) {
		if op == "update" {
			if n++; n == 3 {
				return false, down
			}
		}
		return true, nil
	})
	if _, err := v.catchUp(t.Context(), 2, sourcesOf(t)); !errors.Is(err, down) {
		t.Fatalf("error %v", err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := v.catchUp(gone, 2, sourcesOf(t)); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want canceled", err)
	}
	if _, err := v.catchUp(t.Context(), 2, sourcesOf(t)); err != nil {
		t.Fatal(err)
	}
	clean := storetest.Memory()
	if _, err := open(t, clean).CatchUp(t.Context(), sourcesOf(t)...); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(dump(t, clean), dump(t, db)); diff != "" {
		t.Error(diff)
	}
}
