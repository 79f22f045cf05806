package journal

import (
	"bytes"
	"errors"
	"testing"

	"maillon/catalog/entry"
	"maillon/store"
	"maillon/store/storetest"
)

var errPower = errors.New("power cut")

// failAt lets the n-th update from now fail, in one of the two ways.
func failAt(m *storetest.Mem, n int, happens bool) {
	m.Fail(func(op string) (bool, error) {
		if op != "update" {
			return true, nil
		}
		if n--; n == 0 {
			return happens, errPower
		}
		return true, nil
	})
}

// deposit stores es in steps of 100 and publishes them with the last.
func deposit(t *testing.T, l *Log, k keyPair, es []entry.Entry) error {
	t.Helper()
	w, err := l.Writer(t.Context())
	if err != nil {
		return err
	}
	for len(es) > 100 {
		if err := w.Append(es[:100], nil); err != nil {
			return errors.Join(err, w.Abort())
		}
		es = es[100:]
	}
	return w.Commit(k, es, func(tx store.Tx, first uint64) error {
		return tx.Bucket("live").Put([]byte("size"), indexKey(first+uint64(len(es))))
	})
}

// live is what deposits wrote beside the entries.
func live(t *testing.T, db store.DB) (n uint64) {
	t.Helper()
	err := db.View(func(tx store.Tx) (err error) {
		n, _, err = getIndex(tx.Bucket("live"), []byte("size"))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestPowerCutAtEveryUpdate(t *testing.T) {
	k := newKey(t, self, 1)
	before, added := records(t, 0, 250), append(records(t, 250, 640), redaction(t, 3))
	for _, happens := range []bool{false, true} {
		for n := 1; n <= 4; n++ {
			for _, restart := range []bool{false, true} {
				db := storetest.Memory()
				l := open(t, db, k)
				commit(t, l, k, before...)
				old := l.Checkpoint()
				failAt(db, n, happens)
				if err := deposit(t, l, k, added); !errors.Is(err, errPower) {
					t.Fatalf("update %d: %v", n, err)
				}
				db.Fail(nil)
				if restart {
					l = open(t, db, k)
				}
				done := happens && n == 4
				switch {
				case done && l.Size() != 641, !done && (l.Size() != 250 || !bytes.Equal(l.Checkpoint(), old)):
					t.Fatalf("update %d, happens %v, restart %v: size %d", n, happens, restart, l.Size())
				case done != (live(t, db) == 641):
					t.Fatalf("update %d: the live index says %d, the journal %d", n, live(t, db), l.Size())
				}
				verify(t, l)
				if l.Size() == 250 { // what the one who deposits finds out by asking
					if err := deposit(t, l, k, added); err != nil {
						t.Fatal(err)
					}
				}
				checkRetried(t, db, l, k, append(before[:250:250], added...))
			}
		}
	}
}

func checkRetried(t *testing.T, db *storetest.Mem, l *Log, k keyPair, want []entry.Entry) {
	t.Helper()
	want = append([]entry.Entry(nil), want...)
	want[3].Salt, want[3].Body = nil, nil
	wantEntries(t, l, want)
	wantEntries(t, open(t, db.Copy(), k), want)
	if r := verify(t, l); r.Erased != 1 || r.Unexplained != 0 {
		t.Fatalf("%+v", r)
	}
}

// A failure that lasts: the writer cannot even clean up behind itself.
func TestStoreThatStaysBroken(t *testing.T) {
	k := newKey(t, self, 1)
	db := storetest.Memory()
	l := open(t, db, k)
	commit(t, l, k, records(t, 0, 10)...)
	w, err := l.Writer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Append(records(t, 10, 400), nil); err != nil {
		t.Fatal(err)
	}
	db.Fail(func(op string) (bool, error) { return op == "view", map[string]error{"update": errPower}[op] })
	if err := w.Commit(k, nil, nil); !errors.Is(err, errPower) {
		t.Fatalf("commit: %v", err)
	}
	if _, err := l.Writer(t.Context()); !errors.Is(err, errPower) {
		t.Fatalf("writer on a broken store: %v", err)
	}
	if l.Size() != 10 {
		t.Errorf("size %d", l.Size())
	}
	wantEntries(t, l, records(t, 0, 10))
	db.Fail(nil)
	commit(t, l, k, records(t, 10, 20)...)
	wantEntries(t, l, records(t, 0, 20))
	if l.Cut() != 390 {
		t.Errorf("cut %d", l.Cut())
	}
}

func TestTailIsCutAtOpen(t *testing.T) {
	bothStores(t, func(t *testing.T, db store.DB) {
		k := newKey(t, self, 1)
		l := open(t, db, k)
		for _, size := range []uint64{0, 1, 255, 256, 257, 600} {
			commit(t, l, k, records(t, l.Size(), size)...)
			for _, tail := range []uint64{1, 255, 256, 700} {
				w, err := l.Writer(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				es := append(records(t, 5000, 5000+tail), redaction(t, 0)) // not what comes there later
				if err := errors.Join(w.Append(es[:tail/2], nil), w.Append(es[tail/2:], nil)); err != nil {
					t.Fatal(err)
				}
				// The process ends here; the next one opens what is there.
				if l = open(t, db, k); l.Size() != size || l.Cut() != tail+1 {
					t.Fatalf("size %d, want %d; cut %d, want %d", l.Size(), size, l.Cut(), tail+1)
				}
				verify(t, l)
			}
		}
		wantEntries(t, l, records(t, 0, 600))
		commit(t, l, k, records(t, 600, 1300)...)
		wantEntries(t, l, records(t, 0, 1300))
	})
}

func TestCutInsideARun(t *testing.T) {
	k := newKey(t, self, 1)
	db := storetest.Memory()
	l := open(t, db, k)
	commit(t, l, k, records(t, 0, 300)...)
	if err := db.Update(func(tx store.Tx) error {
		p := l.in(tx)
		if err := p.cutTo(290); err != nil { // 256 to 300 is one run
			return err
		}
		return p.bucket("meta").Delete(checkpointKey)
	}); err != nil {
		t.Fatal(err)
	}
	err := db.View(func(tx store.Tx) error {
		first, run, err := l.in(tx).run(289)
		if first != 256 || len(run) != 34 {
			t.Errorf("run of %d from %d", len(run), first)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestBundleThatWasCutIsNotRemembered(t *testing.T) {
	k := newKey(t, self, 1)
	l := open(t, storetest.Memory(), k)
	commit(t, l, k, records(t, 0, 250)...)
	w, err := l.Writer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Append(records(t, 5000, 5010), nil); err != nil { // completes the bundle
		t.Fatal(err)
	}
	if _, err := l.Entry(100); err != nil {
		t.Fatal(err)
	}
	if err := w.Abort(); err != nil {
		t.Fatal(err)
	}
	commit(t, l, k, records(t, 250, 260)...)
	wantEntries(t, l, records(t, 0, 260))
}

func TestAbortedWriterLeavesNothing(t *testing.T) {
	k := newKey(t, self, 1)
	l := open(t, storetest.Memory(), k)
	commit(t, l, k, records(t, 0, 10)...)
	w, err := l.Writer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Append(records(t, 10, 300), nil), w.Abort(), w.Abort()); err != nil {
		t.Fatal(err)
	}
	if err := w.Commit(k, nil, nil); !errors.Is(err, errDone) {
		t.Errorf("commit after abort: %v", err)
	}
	commit(t, l, k, records(t, 10, 12)...)
	wantEntries(t, l, records(t, 0, 12))
}
