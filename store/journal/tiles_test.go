package journal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"maillon/catalog/entry"
	"maillon/store"
	"maillon/store/storetest"
)

// A model is the tree as x/mod computes it: all stored hashes in one slice.
type model []tlog.Hash

func (m model) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		out[i] = m[x]
	}
	return out, nil
}

func (m *model) add(t testing.TB, n int64, leaf []byte) {
	t.Helper()
	hs, err := tlog.StoredHashes(n, leaf, *m)
	if err != nil {
		t.Fatal(err)
	}
	*m = append(*m, hs...)
}

// tile is the tile that tlog-tiles wants at level, computed from the model.
func (m model) tile(t testing.TB, level int, index int64, w int) []byte {
	t.Helper()
	data, err := tlog.ReadTileData(tlog.Tile{H: 8, L: level, N: index, W: w}, m)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func at(level int, index, w int) string {
	p := tilePath{kind: "tile", level: level, index: uint64(index), width: w % tileSize}
	return p.String()
}

// checkTiles compares every tile and partial tile that size covers, and asks
// for the ones next to them.
func checkTiles(t *testing.T, l *Log, m model) {
	t.Helper()
	for level := range 3 {
		units := int(l.Size() >> (8 * level))
		for index := 0; index <= units/tileSize; index++ {
			for w := 1; w <= tileSize; w++ {
				r, got, err := get(t, l, at(level, index, w), false)
				if index*tileSize+w > units {
					if !errors.Is(err, store.ErrNotFound) {
						t.Fatalf("size %d has tile %d/%d of width %d: %v", l.Size(), level, index, w, err)
					}
					continue
				}
				if err != nil || !r.Immutable || !bytes.Equal(got, m.tile(t, level, int64(index), w)) {
					t.Fatalf("size %d: tile %d/%d of width %d is wrong: %v", l.Size(), level, index, w, err)
				}
			}
		}
	}
}

// checkEntries compares every partial bundle, and its bodies in both codings.
func checkEntries(t *testing.T, l *Log, es []entry.Entry) {
	t.Helper()
	for start := 0; start < len(es); start += tileSize {
		var bundle, bodies []byte
		for w := 1; w <= min(tileSize, len(es)-start); w++ {
			e := es[start+w-1]
			bundle, _ = entry.AppendBundle(bundle, e.Header)
			h, _ := e.Parse()
			bodies = entry.AppendBody(bodies, entry.BodyOf(e, h))
			p := tilePath{kind: "entries", index: uint64(start / tileSize), width: w % tileSize}
			for _, zstd := range []bool{false, true} {
				p.kind = "entries"
				if got := fetch(t, l, p.String(), zstd); !bytes.Equal(got, bundle) {
					t.Fatalf("size %d: %s is wrong (zstd %v)", len(es), p, zstd)
				}
				p.kind = "bodies"
				if got := fetch(t, l, p.String(), zstd); !bytes.Equal(got, bodies) {
					t.Fatalf("size %d: %s is wrong (zstd %v)", len(es), p, zstd)
				}
			}
		}
	}
}

// fetch is what a client gets in the end.
func fetch(t *testing.T, l *Log, path string, zstd bool) []byte {
	t.Helper()
	r, got, err := get(t, l, path, zstd)
	if err == nil && r.Encoding == "zstd" {
		if !zstd {
			t.Fatalf("%s: zstd to a client that does not take it", path)
		}
		got, err = codec().dec.DecodeAll(got, nil)
	}
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return got
}

func TestTreeIsThatOfTheStandardLibraries(t *testing.T) {
	bothStores(t, func(t *testing.T, db store.DB) {
		k := newKey(t, self, 1)
		l := open(t, db, k)
		var m model
		var es []entry.Entry
		for step, n := range []int{1, 1, 2, 63, 60, 128, 1, 1, 3, 252, 88} {
			next := records(t, uint64(len(es)), uint64(len(es)+n))
			commit(t, l, k, next...)
			for _, e := range next {
				m.add(t, int64(len(es)), e.Header)
				es = append(es, e)
			}
			want, err := tlog.TreeHash(int64(len(es)), m)
			if err != nil || l.Root() != want {
				t.Fatalf("root of %d entries is %x, want %s: %v", len(es), l.Root(), want, err)
			}
			if step%4 == 2 || len(es) == 600 { // the others are covered by their neighbours
				checkTiles(t, l, m)
				checkEntries(t, l, es)
			}
		}
		wantEntries(t, l, es)
		verify(t, l)
	})
}

func TestEverySizeHasTheRightRoot(t *testing.T) {
	k := newKey(t, self, 1)
	db := storetest.Memory()
	l := open(t, db, k)
	var m model
	for i := range uint64(600) {
		e := record(t, i, 1)
		m.add(t, int64(i), e.Header)
		commit(t, l, k, e)
		if want, _ := tlog.TreeHash(int64(i+1), m); l.Root() != want {
			t.Fatalf("root of %d entries is %x, want %s", i+1, l.Root(), want)
		}
		if i%97 == 0 {
			l = open(t, db, k)
		}
	}
	for n := range int64(601) {
		want, _ := tlog.TreeHash(n, m)
		if got, err := l.RootAt(uint64(n)); err != nil || got != want {
			t.Fatalf("root at %d: %x, want %s, %v", n, got, want, err)
		}
	}
	verify(t, l)
	p, err := tlog.ProveTree(600, 257, l.HashReader())
	if err != nil {
		t.Fatal(err)
	}
	old, _ := tlog.TreeHash(257, m)
	if err := tlog.CheckTree(p, 600, l.Root(), 257, old); err != nil {
		t.Error(err)
	}
}

func TestPathsAreCanonical(t *testing.T) {
	k := newKey(t, self, 1)
	l := open(t, storetest.Memory(), k)
	commit(t, l, k, records(t, 0, 300)...)
	for _, path := range []string{
		"", "/", "tile", "tile/", "tile/0", "tile/0/", "tile/00/000", "tile/+0/000", "tile/-1/000", "tile/0/0", "tile/0/0000",
		"tile/0/x000/000", "tile/0/000.p/", "tile/0/000.p/0", "tile/0/000.p/01", "tile/0/000.p/256", "tile/0/000.p/1/", "tile/0/000.p/-1",
		"tile/0/../0/000", "tile/0//000", "tile/8/0/000", "tile/2/000", "tile/2/000.p/1", "tile/1/000", "tile/1/000.p/2", "tile/63/000",
		"tile/entries/001", "tile/entries/001.p/45", "tile/entries/x001/000", "tile/entries/000.p/x", "bodies/001", "bodies/x000/000", "bodies/1",
		"tile/0/x999/x999/x999/x999/x999/x999/x999/999", "tile/0/" + strings.Repeat("x001/", 100) + "000", "CHECKPOINT", "checkpoint/", "tile/entries/\x00",
	} {
		if _, err := l.Resource(path, true); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%q: %v", path, err)
		}
	}
	for path, want := range map[string]tilePath{
		"tile/0/x001/x234/067":       {"tile", 0, 1234067, 0},
		"tile/entries/x001/000.p/17": {"entries", 0, 1000, 17},
		"bodies/999.p/255":           {"bodies", 0, 999, 255},
	} {
		if p, ok := parsePath(path); !ok || p != want {
			t.Errorf("%s: %+v, %v", path, p, ok)
		}
	}
}

func TestCheckpointAndKeyAreText(t *testing.T) {
	k := newKey(t, self, 1)
	l := open(t, storetest.Memory(), k)
	if _, err := l.Resource("checkpoint", false); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a log that has signed nothing has a checkpoint: %v", err)
	}
	commit(t, l, k, records(t, 0, 3)...)
	r, text, err := get(t, l, "checkpoint", true)
	if err != nil || r.Immutable || r.ContentType != "text/plain; charset=utf-8" || !bytes.HasPrefix(text, []byte("maillon/"+self+"/0\n3\n")) {
		t.Errorf("%+v %s %v", r, text, err)
	}
	if _, text, err = get(t, l, "key", false); err != nil || !bytes.HasPrefix(text, []byte("maillon/"+self+"/0+")) {
		t.Errorf("%s %v", text, err)
	}
}

func FuzzResourcePath(f *testing.F) {
	for _, s := range []string{"checkpoint", "tile/0/x001/x234/067", "tile/entries/000.p/17", "bodies/000", "tile/5/000.p/255"} {
		f.Add(s)
	}
	k := newKey(f, self, 1)
	l, err := Open(storetest.Memory(), self, 0, k.v)
	if err != nil {
		f.Fatal(err)
	}
	w, err := l.Writer(context.Background())
	if err == nil {
		err = w.Commit(k, records(f, 0, 300), nil)
	}
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, path string) {
		if p, ok := parsePath(path); ok && p.String() != path {
			t.Fatalf("%q is not how %+v is written", path, p)
		}
		if _, _, err := get(t, l, path, true); err != nil && !errors.Is(err, store.ErrNotFound) {
			t.Fatalf("%q: %v", path, err)
		}
	})
}

func FuzzOrigin(f *testing.F) {
	f.Add("maillon/21350238800019-2/3")
	f.Fuzz(func(t *testing.T, s string) {
		if node, epoch, err := ParseOrigin(s); err == nil && (Origin(node, epoch) != s || strings.ContainsAny(s, " +\n")) {
			t.Fatalf("%q is read as %s, %d", s, node, epoch)
		}
	})
}

func TestOrigins(t *testing.T) {
	if node, epoch, err := ParseOrigin(Origin("21350238800019-2", 3)); err != nil || node != "21350238800019-2" || epoch != 3 {
		t.Errorf("%s %d %v", node, epoch, err)
	}
	for _, bad := range []string{"", "maillon", "maillon//0", "maillon/a", "maillon/a/", "maillon/a/01", "maillon/a/-1", "maillon/a/+1", "maillon/a/b/0", "maillon/a b/0", "Maillon/a/0", fmt.Sprintf("maillon/%065d/0", 1)} {
		if _, _, err := ParseOrigin(bad); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}

// What is kept in files is what a journal of that size serves: every full resource, and of
// partial ones the last.
func TestResourcesAreThoseOfTheSize(t *testing.T) {
	for _, size := range []uint64{0, 1, 255, 256, 257, 511, 512, 65535, 65536, 65537, 256*256*2 + 256*3 + 7} {
		listed := map[string]bool{}
		for path := range Resources(size) {
			p, ok := parsePath(path)
			if !ok || !p.within(size) || listed[path] {
				t.Fatalf("size %d: %s is no resource, or not the only one of its name", size, path)
			}
			listed[path] = true
		}
		want := 0
		for _, kind := range []string{"tile", "entries", "bodies"} {
			for level := 0; level == 0 || kind == "tile" && size>>(8*level) > 0; level++ {
				units := size >> (8 * level)
				for p := (tilePath{kind: kind, level: level}); p.index*tileSize < units; p.index++ {
					if p.width = 0; !p.within(size) {
						p.width = int(units % tileSize)
					}
					if want++; !listed[p.String()] {
						t.Errorf("size %d: %s is not listed", size, p)
					}
				}
			}
		}
		if want != len(listed) {
			t.Errorf("size %d: %d are listed, want %d", size, len(listed), want)
		}
	}
	for range Resources(1000) {
		break // whoever has enough is not asked again
	}
	for text, want := range map[string]uint64{"o\n7\nroot\n\n— sig\n": 7, "o\n7\n": 0, "o\nx\nroot\n\n": 0, "": 0} {
		if got, err := SizeOf([]byte(text)); got != want || (err == nil) != (want > 0) {
			t.Errorf("%q: %d %v", text, got, err)
		}
	}
}
