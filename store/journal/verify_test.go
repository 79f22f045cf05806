package journal

import (
	"bytes"
	"errors"
	"testing"

	"maillon/store"
	"maillon/store/storetest"
)

// flip changes one bit in the middle of a value of the store.
func flip(t *testing.T, db store.DB, l *Log, bucket string, key []byte) {
	t.Helper()
	err := db.Update(func(tx store.Tx) error {
		b := l.in(tx).bucket(bucket)
		v := bytes.Clone(b.Get(key))
		if len(v) == 0 {
			t.Fatalf("nothing at %x of %s", key, bucket)
		}
		v[len(v)/2] ^= 1
		return b.Put(key, v)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestOneByteChangedIsFound(t *testing.T) {
	k := newKey(t, self, 1)
	good := storetest.Memory()
	commit(t, open(t, good, k), k, append(records(t, 0, 600), redaction(t, 5))...)
	for name, c := range map[string]struct {
		bucket string
		key    []byte
		index  uint64 // of the entry to blame; none if 1000
	}{
		"bundle":             {"bundles", indexKey(1), 256},
		"header in the tail": {"tail", indexKey(577), 577},
		"bodies":             {"bodies", indexKey(320), 320},
		"first tile":         {"tiles", tileKey(0, 1), 256 + 128},
		"partial first tile": {"edge", tileKey(0, 2), 512 + 44},
		"upper tile":         {"edge", tileKey(1, 0), 1000},
		"checkpoint":         {"meta", checkpointKey, 1000},
	} {
		t.Run(name, func(t *testing.T) {
			db := good.Copy()
			l := open(t, db, k)
			flip(t, db, l, c.bucket, c.key)
			if c.bucket == "meta" { // seen at open, before Verify could be asked
				if _, err := Open(db, self, 0, k.v); err == nil {
					t.Error("opened with a checkpoint that was changed")
				}
				return
			}
			r, err := Verify(t.Context(), l)
			bad, ok := errors.AsType[*BadError](err)
			switch {
			case !errors.Is(err, ErrDamaged):
				t.Errorf("error %v", err)
			case ok != (c.index < 1000):
				t.Errorf("error %v, want one that names an entry: %v", err, c.index < 1000)
			case ok && bad.Index != c.index:
				t.Errorf("entry %d is blamed, want %d", bad.Index, c.index)
			case ok && r.Size > c.index:
				t.Errorf("all was well up to %d", r.Size)
			}
		})
	}
}

func TestRedactedBodyThatCameBackIsFound(t *testing.T) {
	k := newKey(t, self, 1)
	db := storetest.Memory()
	l := open(t, db, k)
	commit(t, l, k, records(t, 0, 10)...)
	var run []byte
	_ = db.View(func(tx store.Tx) error {
		run = bytes.Clone(l.in(tx).bucket("bodies").Get(indexKey(0)))
		return nil
	})
	commit(t, l, k, redaction(t, 5))
	if err := db.Update(func(tx store.Tx) error { return l.in(tx).bucket("bodies").Put(indexKey(0), run) }); err != nil {
		t.Fatal(err)
	}
	_, err := Verify(t.Context(), l)
	if bad, ok := errors.AsType[*BadError](err); !ok || bad.Index != 5 {
		t.Errorf("error %v", err)
	}
}

func TestMissingPiecesAreErrorsNotPanics(t *testing.T) {
	k := newKey(t, self, 1)
	good := storetest.Memory()
	commit(t, open(t, good, k), k, records(t, 0, 600)...)
	for _, bucket := range []string{"bundles", "tail", "tiles", "edge", "bodies"} {
		t.Run(bucket, func(t *testing.T) {
			db := good.Copy()
			l := open(t, db, k)
			if err := db.Update(func(tx store.Tx) error { return tx.Drop(root, self, "0", bucket) }); err != nil {
				t.Fatal(err)
			}
			if _, err := Verify(t.Context(), l); !errors.Is(err, ErrDamaged) {
				t.Errorf("verify: %v", err)
			}
			var failed error
			for _, path := range []string{"tile/0/001", "tile/0/002.p/88", "tile/1/000.p/2", "tile/entries/001", "tile/entries/002.p/88", "bodies/001"} {
				_, _, err := get(t, l, path, false)
				failed = errors.Join(failed, err)
			}
			if !errors.Is(failed, ErrDamaged) {
				t.Errorf("resources: %v", failed)
			}
		})
	}
}

func FuzzStoredBlocks(f *testing.F) {
	f.Add([]byte{})
	f.Add(pack([]byte{1, 2, 3}))
	f.Add(pack(bytes.Repeat([]byte{0}, maxUnpacked-1)))
	f.Fuzz(func(t *testing.T, block []byte) {
		if leaves, err := unpackBundle(block); err == nil && len(leaves) != tileSize {
			t.Errorf("bundle of %d", len(leaves))
		}
		if run, err := unpackRun(block); err == nil && len(run) > tileSize {
			t.Errorf("run of %d", len(run))
		}
		if _, err := unpackRun(pack(block)); err != nil && !errors.Is(err, ErrDamaged) {
			t.Error(err)
		}
	})
}
