package journal

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"slices"
	"testing"

	"maillon/catalog/entry"
	"maillon/store"
	"maillon/store/storetest"
)

// batchesOf yields es in batches of n, then err if it is not nil.
func batchesOf(es []entry.Entry, n int, err error) iter.Seq2[[]entry.Entry, error] {
	return func(yield func([]entry.Entry, error) bool) {
		for c := range slices.Chunk(es, n) {
			if !yield(c, nil) {
				return
			}
		}
		if err != nil {
			yield(nil, err)
		}
	}
}

// source is a journal that others mirror.
func source(t *testing.T, k keyPair, n uint64) *Log {
	t.Helper()
	l := open(t, storetest.Memory(), k)
	commit(t, l, k, records(t, 0, n)...)
	return l
}

func extend(t *testing.T, m, from *Log, n int) {
	t.Helper()
	if err := m.Extend(t.Context(), from.Checkpoint(), batchesOf(all(t, from)[m.Size():], n, nil)); err != nil {
		t.Fatal(err)
	}
}

// wantSame compares all that two logs show.
func wantSame(t *testing.T, a, b *Log) {
	t.Helper()
	wantEntries(t, a, all(t, b))
	paths := []string{"checkpoint"}
	for i := uint64(0); i <= b.Size()/tileSize; i++ {
		for level := range 2 {
			for _, kind := range []string{"tile", "entries", "bodies"} {
				for _, w := range []int{0, width(b.Size(), level)} {
					if p := (tilePath{kind, level, i, w}); (kind == "tile" || level == 0) && p.within(b.Size()) {
						paths = append(paths, p.String())
					}
				}
			}
		}
	}
	for _, p := range paths {
		if !bytes.Equal(fetch(t, a, p, false), fetch(t, b, p, false)) {
			t.Errorf("%s differs", p)
		}
	}
}

func TestMirrorIsExact(t *testing.T) {
	bothStores(t, func(t *testing.T, db store.DB) {
		k := newKey(t, self, 1)
		src := source(t, k, 0)
		m := open(t, db, k)
		for _, n := range []uint64{1, 1, 5, 300, 1500, 43} {
			commit(t, src, k, records(t, src.Size(), src.Size()+n)...)
			extend(t, m, src, 256)
			wantSame(t, m, src)
		}
		verify(t, m)
		extend(t, m, src, 256) // nothing new: no error, nothing changes
		m = open(t, db, k)
		wantSame(t, m, src)
	})
}

func TestMirrorTakesOnlyWhatWasSigned(t *testing.T) {
	k := newKey(t, self, 1)
	src := source(t, k, 700)
	broken := errors.New("connection reset")
	es := all(t, src)
	other := slices.Clone(es)
	other[650] = record(t, 9999, 3)
	badBody := slices.Clone(es)
	badBody[650].Body = []byte("{}")
	forged := bytes.Replace(src.Checkpoint(), []byte("\n700\n"), []byte("\n699\n"), 1)
	for name, c := range map[string]struct {
		cp    []byte
		es    []entry.Entry
		err   error
		wants error
	}{
		"an entry replaced":            {src.Checkpoint(), other, nil, ErrRoot},
		"an entry missing":             {src.Checkpoint(), es[:699], nil, ErrRoot},
		"an entry too many":            {src.Checkpoint(), append(es[:700:700], record(t, 700, 1)), nil, ErrRoot},
		"entries in another order":     {src.Checkpoint(), append(es[600:], es[:600]...), nil, ErrRoot},
		"a body that is not its":       {src.Checkpoint(), badBody, nil, entry.ErrInvalid},
		"the connection is cut":        {src.Checkpoint(), es[:600], broken, broken},
		"a checkpoint changed":         {forged, es[:699], nil, nil},
		"a checkpoint of another key":  {source(t, newKey(t, self, 2), 700).Checkpoint(), es, nil, nil},
		"a checkpoint of another name": {sourceOf(t, "other"), es, nil, nil},
		"a checkpoint without end":     {bytes.Repeat([]byte("x"), 1<<20), es, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			db := storetest.Memory()
			m := open(t, db, k)
			if err := m.Extend(t.Context(), c.cp, batchesOf(c.es, 256, c.err)); err == nil || c.wants != nil && !errors.Is(err, c.wants) {
				t.Fatalf("error %v, want %v", err, c.wants)
			}
			if m.Size() != 0 || m.Checkpoint() != nil {
				t.Errorf("published %d entries", m.Size())
			}
			extend(t, m, src, 256)
			wantSame(t, m, src)
		})
	}
}

func sourceOf(t *testing.T, node string) []byte {
	k := newKey(t, node, 1)
	l, err := Open(storetest.Memory(), node, 0, k.v)
	if err != nil {
		t.Fatal(err)
	}
	commit(t, l, k, records(t, 0, 3)...)
	return l.Checkpoint()
}

func TestTwoHistoriesAreToldFromAnOldCheckpoint(t *testing.T) {
	k := newKey(t, self, 1)
	src := source(t, k, 300)
	early := src.Checkpoint()
	commit(t, src, k, records(t, 300, 310)...)
	m := open(t, storetest.Memory(), k)
	extend(t, m, src, 256)

	none := func(func([]entry.Entry, error) bool) { t.Error("entries were asked for") }
	if err := m.Extend(t.Context(), early, none); !errors.Is(err, ErrOld) || errors.Is(err, ErrFork) {
		t.Errorf("an old checkpoint: %v", err)
	}
	if err := m.Extend(t.Context(), src.Checkpoint(), none); err != nil {
		t.Errorf("the same checkpoint: %v", err)
	}
	for _, n := range []uint64{1, 299, 310} {
		fork := open(t, storetest.Memory(), k)
		commit(t, fork, k, records(t, 1000, 1000+n)...)
		err := m.Extend(t.Context(), fork.Checkpoint(), none)
		f, ok := errors.AsType[*ForkError](err)
		if !ok || !errors.Is(err, ErrFork) || !bytes.Equal(f.Ours, src.Checkpoint()) || !bytes.Equal(f.Theirs, fork.Checkpoint()) {
			t.Errorf("another history of %d: %v", n, err)
		}
	}
	longer := open(t, storetest.Memory(), k)
	commit(t, longer, k, records(t, 1000, 1400)...)
	if err := m.Extend(t.Context(), longer.Checkpoint(), batchesOf(all(t, longer)[310:], 256, nil)); !errors.Is(err, ErrRoot) {
		t.Errorf("a longer other history: %v", err)
	}
	wantSame(t, m, src)
}

func TestMirrorRetriesAfterAPowerCut(t *testing.T) {
	k := newKey(t, self, 1)
	src := source(t, k, 10)
	for _, happens := range []bool{false, true} {
		for n := 1; n <= 3; n++ {
			src := open(t, copyOf(t, src), k)
			db := storetest.Memory()
			m := open(t, db, k)
			extend(t, m, src, 256)
			commit(t, src, k, records(t, 10, 2500)...)
			failAt(db, n, happens)
			from := all(t, src)[10:]
			if err := m.Extend(t.Context(), src.Checkpoint(), batchesOf(from, 256, nil)); !errors.Is(err, errPower) {
				t.Fatalf("update %d: %v", n, err)
			}
			db.Fail(nil)
			verify(t, m)
			extend(t, m, src, 256)
			wantSame(t, m, src)
		}
	}
}

func copyOf(t *testing.T, l *Log) store.DB {
	t.Helper()
	m, ok := l.db.(*storetest.Mem)
	if !ok {
		t.Fatal("not in memory")
	}
	return m.Copy()
}

// A node restored from a backup catches up from its hub's mirror.
func TestRestoredJournalContinuesWithoutFork(t *testing.T) {
	k := newKey(t, self, 1)
	src := source(t, k, 100)
	backup := copyOf(t, src)
	commit(t, src, k, records(t, 100, 400)...)
	mirror := open(t, storetest.Memory(), k)
	extend(t, mirror, src, 256)

	restored := open(t, backup, k)
	extend(t, restored, mirror, 100)
	commit(t, restored, k, records(t, 400, 450)...)
	extend(t, mirror, restored, 256)
	wantSame(t, mirror, restored)
	verify(t, mirror)
}

func TestMirrorStopsWhenAsked(t *testing.T) {
	k := newKey(t, self, 1)
	src := source(t, k, 600)
	m := open(t, storetest.Memory(), k)
	ctx, cancel := context.WithCancel(t.Context())
	err := m.Extend(ctx, src.Checkpoint(), func(yield func([]entry.Entry, error) bool) {
		es := all(t, src)
		_ = yield(es[:256], nil)
		cancel()
		if yield(es[256:512], nil) {
			t.Error("more was wanted after the end")
		}
	})
	if !errors.Is(err, context.Canceled) || m.Size() != 0 {
		t.Errorf("%v, size %d", err, m.Size())
	}
}
