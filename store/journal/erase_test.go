package journal

import (
	"errors"
	"slices"
	"sync"
	"testing"

	"maillon/catalog/entry"
	"maillon/store"
	"maillon/store/storetest"
)

// without is es with the bodies at some indexes erased.
func without(es []entry.Entry, at ...int) []entry.Entry {
	es = slices.Clone(es)
	for _, i := range at {
		es[i].Salt, es[i].Body = nil, nil
	}
	return es
}

func TestRedactionErasesHereAndInMirrors(t *testing.T) {
	bothStores(t, func(t *testing.T, db store.DB) {
		k := newKey(t, self, 1)
		l := open(t, db, k)
		es := records(t, 0, 300)
		commit(t, l, k, es...)
		before := open(t, storetest.Memory(), k)
		extend(t, before, l, 256)

		es = append(es, redaction(t, 7), redaction(t, 8), redaction(t, 290), redaction(t, 7))
		commit(t, l, k, es[300:]...)
		want := without(es, 7, 8, 290)
		wantEntries(t, l, want)
		checkEntries(t, l, want)

		extend(t, before, l, 256) // had the bodies
		after := open(t, storetest.Memory(), k)
		extend(t, after, l, 256) // never saw them
		for _, m := range []*Log{l, before, after} {
			wantSame(t, m, l)
			if r := verify(t, m); r.Erased != 3 || r.Unexplained != 0 || r.Bodies != 297 {
				t.Errorf("%+v", r)
			}
			if by, ok, err := m.Erased(7); by != 300 || !ok || err != nil {
				t.Errorf("erased by %d, %v, %v", by, ok, err)
			}
			if _, ok, _ := m.Erased(9); ok {
				t.Error("entry 9 is erased")
			}
		}
	})
}

func TestRedactionWaitsForItsPublication(t *testing.T) {
	k := newKey(t, self, 1)
	db := storetest.Memory()
	l := open(t, db, k)
	commit(t, l, k, records(t, 0, 5)...)
	w, err := l.Writer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Append([]entry.Entry{redaction(t, 2)}, nil); err != nil {
		t.Fatal(err)
	}
	wantEntries(t, l, records(t, 0, 5))
	wantEntries(t, open(t, db.Copy(), k), records(t, 0, 5)) // as after a power cut
	if err := w.Commit(k, nil, nil); err != nil {
		t.Fatal(err)
	}
	if e, err := l.Entry(2); err != nil || e.Body != nil {
		t.Errorf("%s, %v", e.Body, err)
	}
}

func TestRedactionsWithoutEffect(t *testing.T) {
	k := newKey(t, self, 1)
	l := open(t, storetest.Memory(), k)
	gone, err := entry.NewWithdraw("marche", "k", 0, "mistake", noon)
	if err != nil {
		t.Fatal(err)
	}
	es := append(records(t, 0, 3), gone, redaction(t, 3), redaction(t, 4), redaction(t, 5), redaction(t, 7), redaction(t, 99), record(t, 9, 1))
	commit(t, l, k, es...)
	wantEntries(t, l, es)
	for i := range uint64(len(es)) {
		if _, ok, err := l.Erased(i); ok || err != nil {
			t.Errorf("entry %d: %v, %v", i, ok, err)
		}
	}
	verify(t, l)
}

func TestStatementsCanBeRedacted(t *testing.T) {
	k := newKey(t, self, 1)
	l := open(t, storetest.Memory(), k)
	said, err := entry.NewStatement(salts(0), entry.KindMember, "n", []byte(`{"node":"n","contact":"a@b"}`), noon)
	if err != nil {
		t.Fatal(err)
	}
	commit(t, l, k, said, redaction(t, 0))
	if e, err := l.Entry(0); err != nil || e.Body != nil {
		t.Errorf("%s, %v", e.Body, err)
	}
}

func TestBodiesThatCameErasedAreSaidSo(t *testing.T) {
	k := newKey(t, self, 1)
	src := source(t, k, 20)
	m := open(t, storetest.Memory(), k)
	es := without(all(t, src), 4)
	if err := m.Extend(t.Context(), src.Checkpoint(), batchesOf(es, 256, nil)); err != nil {
		t.Fatal(err)
	}
	wantEntries(t, m, es)
	if r := verify(t, m); r.Erased != 1 || r.Unexplained != 1 {
		t.Errorf("%+v", r)
	}
	commit(t, src, k, redaction(t, 4))
	extend(t, m, src, 256)
	if r := verify(t, m); r.Erased != 1 || r.Unexplained != 0 {
		t.Errorf("after the redaction has arrived: %+v", r)
	}
}

// More redactions than one transaction erases, on a store that fails after
// the first of them: they are published, and no body is shown again.
func TestManyRedactions(t *testing.T) {
	k := newKey(t, self, 1)
	db := storetest.Memory()
	l := open(t, db, k)
	n := sweepStep + 300
	es := records(t, 0, uint64(n))
	commit(t, l, k, es...)
	erased := make([]int, n)
	for i := range n {
		es = append(es, redaction(t, uint64(n-1-i)))
		erased[i] = i
	}
	updates := 0
	db.Fail(func(op string) (bool, error) {
		if op == "update" {
			updates++
		}
		if updates > 1 && op == "update" {
			return false, errPower
		}
		return true, nil
	})
	commit(t, l, k, es[n:]...)
	want := without(es, erased...)
	check := func(l *Log) {
		t.Helper()
		wantEntries(t, l, want)
		if r := verify(t, l); r.Erased != uint64(n) || r.Unexplained != 0 {
			t.Errorf("%+v", r)
		}
		if _, ok, err := l.Erased(uint64(n - 1)); !ok || err != nil {
			t.Errorf("the last one: %v %v", ok, err)
		}
	}
	check(l)
	checkEntries(t, l, want)
	db.Fail(nil)
	check(open(t, db.Copy(), k))
	commit(t, l, k, record(t, uint64(len(es)), 1))
	want = append(want, record(t, uint64(len(es)), 1))
	check(l)
}

// Readers see only what is published, whole, while a writer appends, aborts,
// redacts and commits.
func TestReadersWhileWriting(t *testing.T) {
	bothStores(t, func(t *testing.T, db store.DB) {
		k := newKey(t, self, 1)
		l := open(t, db, k)
		commit(t, l, k, records(t, 0, 100)...)
		done := make(chan struct{})
		var wg sync.WaitGroup
		for r := range 3 {
			wg.Go(func() {
				for {
					select {
					case <-done:
						return
					default:
						read(t, l, k, uint64(r))
					}
				}
			})
		}
		for i := range 12 {
			w, err := l.Writer(t.Context())
			if err != nil {
				t.Error(err)
				break
			}
			size := l.Size()
			err = w.Append(records(t, size, size+70), nil)
			if i%3 == 0 {
				err = errors.Join(err, w.Abort())
			} else {
				err = errors.Join(err, w.Commit(k, []entry.Entry{redaction(t, size-1), record(t, size+71, 2)}, nil))
			}
			if err != nil {
				t.Error(err)
			}
		}
		close(done)
		wg.Wait()
		verify(t, l)
	})
}

func read(t *testing.T, l *Log, k keyPair, r uint64) {
	cp := l.Checkpoint()
	s, err := parseCheckpoint(cp, l.origin, k.v)
	if err != nil {
		t.Error(err)
		return
	}
	if s.size > l.Size() {
		t.Errorf("checkpoint of %d, size %d", s.size, l.Size())
	}
	if root, err := l.RootAt(s.size); err != nil || root != s.root {
		t.Errorf("root at %d: %v", s.size, err)
	}
	n := uint64(0)
	for e, err := range l.Entries(t.Context(), 0, s.size) {
		if err == nil {
			_, err = e.Check()
		}
		if err != nil {
			t.Errorf("entry %d: %v", n, err)
			return
		}
		n++
	}
	for _, p := range []tilePath{{"bodies", 0, 0, 100}, {"entries", 0, 0, 100}, {"tile", 0, 0, 100}} {
		if _, _, err := get(t, l, p.String(), r == 0); err != nil {
			t.Error(err)
		}
	}
	if e, err := l.Entry(s.size - 1); err != nil {
		t.Error(err)
	} else if _, err := e.Check(); err != nil {
		t.Error(err)
	}
}
