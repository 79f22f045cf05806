package journal

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"maillon/catalog/entry"
	"maillon/store"
	"maillon/store/storetest"
)

func TestCommitOfNothingKeepsTheCheckpoint(t *testing.T) {
	k := newKey(t, self, 1)
	l := open(t, storetest.Memory(), k)
	commit(t, l, k)
	empty := l.Checkpoint()
	if !bytes.HasPrefix(empty, []byte("maillon/"+self+"/0\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n")) {
		t.Errorf("checkpoint of an empty journal: %s", empty)
	}
	commit(t, l, k, records(t, 0, 3)...)
	cp := l.Checkpoint()
	ran := false
	w, err := l.Writer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	err = w.Commit(k, nil, func(_ store.Tx, first uint64) error { ran = first == 3; return nil })
	if err != nil || !ran || !bytes.Equal(cp, l.Checkpoint()) {
		t.Errorf("%v, ran %v", err, ran)
	}
}

func TestCommitsThatAreRefused(t *testing.T) {
	k := newKey(t, self, 1)
	bare := record(t, 3, 5)
	bare.Salt, bare.Body = nil, nil
	forged := record(t, 3, 5)
	forged.Body = bytes.ToUpper(forged.Body)
	long := entry.Entry{Header: bytes.Repeat([]byte("x"), 70_000)}
	stop := errors.New("stop")
	for name, c := range map[string]struct {
		signer note.Signer
		e      entry.Entry
		f      func(store.Tx, uint64) error
		says   string
	}{
		"another key":              {newKey(t, self, 2), record(t, 3, 5), nil, "not the one of this journal"},
		"a key of another name":    {newKey(t, "other", 1), record(t, 3, 5), nil, "not the one of this journal"},
		"own entry without a body": {k, bare, nil, "lack the body"},
		"a body that is not its":   {k, forged, nil, "does not hash"},
		"a header too long":        {k, long, nil, "at most 1024"},
		"what the caller refuses":  {k, record(t, 3, 5), func(store.Tx, uint64) error { return stop }, "stop"},
	} {
		t.Run(name, func(t *testing.T) {
			l := open(t, storetest.Memory(), k)
			commit(t, l, k, records(t, 0, 3)...)
			w, err := l.Writer(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if err := w.Commit(c.signer, []entry.Entry{c.e}, c.f); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("error %v, want %q", err, c.says)
			}
			commit(t, l, k, records(t, 3, 4)...) // the log is free, and as it was
			wantEntries(t, l, records(t, 0, 4))
		})
	}
}

func TestSecondLogOnOneStoreCannotFork(t *testing.T) {
	k := newKey(t, self, 1)
	db := storetest.Memory()
	a, b := open(t, db, k), open(t, db, k)
	commit(t, a, k, records(t, 0, 5)...)
	if err := tryCommit(t, b, k, records(t, 100, 103)...); err == nil || !strings.Contains(err.Error(), "something else has written") {
		t.Fatalf("a stale log has signed: %v", err)
	}
	commit(t, b, k, records(t, 5, 6)...) // it has read the store again
	wantEntries(t, b, records(t, 0, 6))
}

func TestOneWriterAtATime(t *testing.T) {
	k := newKey(t, self, 1)
	l := open(t, storetest.Memory(), k)
	w, err := l.Writer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := l.Writer(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("second writer: %v", err)
	}
	if err := w.Abort(); err != nil {
		t.Fatal(err)
	}
	commit(t, l, k, records(t, 0, 1)...)
}

func TestJournalsThatCannotBeOpened(t *testing.T) {
	k := newKey(t, self, 1)
	for name, c := range map[string]struct {
		node  string
		epoch int
		says  string
	}{
		"key of another epoch": {self, 1, "the key is named"},
		"node with a slash":    {"a/b", 0, "only letters"},
		"no node":              {"", 0, "want 1 to 64"},
		"negative epoch":       {self, -1, "want 0 or more"},
	} {
		if _, err := Open(storetest.Memory(), c.node, c.epoch, k.v); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
	}
	db := storetest.Memory()
	commit(t, open(t, db, k), k, records(t, 0, 1)...)
	if _, err := Open(db, self, 0, newKey(t, self, 2).v); err == nil {
		t.Error("opened with a key that has not signed it")
	}
}

func TestListNamesEveryJournal(t *testing.T) {
	db := storetest.Memory()
	for _, node := range []string{self, "00-2", "zz"} {
		k := newKey(t, node, 1)
		l, err := Open(db, node, 0, k.v)
		if err != nil {
			t.Fatal(err)
		}
		commit(t, l, k)
	}
	got, err := List(db)
	if err != nil || len(got) != 3 || got[0] != (Name{"00-2", 0}) || got[1].Node != self {
		t.Errorf("%v, %v", got, err)
	}
}

func TestEntriesOutsideTheLog(t *testing.T) {
	k := newKey(t, self, 1)
	l := open(t, storetest.Memory(), k)
	commit(t, l, k, records(t, 0, 3)...)
	if _, err := l.Entry(3); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("entry 3 of 3: %v", err)
	}
	for _, err := range l.Entries(t.Context(), 0, 4) {
		if !errors.Is(err, store.ErrNotFound) {
			t.Errorf("entries to 4 of 3: %v", err)
		}
	}
	for range l.Entries(t.Context(), 3, 3) {
		t.Error("an entry between 3 and 3")
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	n := 0
	for _, err := range l.Entries(ctx, 0, 3) {
		if cancel(); err == nil {
			n++
		}
	}
	if n != 3 { // within one run no more is read
		t.Errorf("%d entries", n)
	}
}

func TestLargeBodiesAreRunsOfTheirOwn(t *testing.T) {
	bothStores(t, func(t *testing.T, db store.DB) {
		k := newKey(t, self, 1)
		l := open(t, db, k)
		var es []entry.Entry
		for i, size := range []int{entry.MaxBody - 100, 10, runBytes - 100, runBytes - 100, 10, entry.MaxBody - 100} {
			es = append(es, record(t, uint64(i), size))
		}
		commit(t, l, k, es...)
		wantEntries(t, l, es)
		checkEntries(t, l, es)
		verify(t, l)
	})
}
