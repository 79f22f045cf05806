package journal

import (
	"testing"

	"maillon/store/storetest"
)

// Whatever the size, an earlier checkpoint is one that the log itself had.
func TestSignAtSignsWhatWasThere(t *testing.T) {
	k := newKey(t, self, 1)
	l, err := Open(storetest.Memory(), self, 0, k.v)
	if err != nil {
		t.Fatal(err)
	}
	var had [][]byte
	for range 5 {
		commit(t, l, k, records(t, l.Size(), l.Size()+130)...)
		had = append(had, l.Checkpoint())
	}
	for i, want := range had {
		got, err := l.SignAt(uint64(130*(i+1)), k)
		if err != nil || string(got) != string(want) {
			t.Errorf("at %d: %s %v", 130*(i+1), got, err)
		}
	}
	if _, err := l.SignAt(651, k); err == nil {
		t.Error("signs what is not there")
	}
	n, err := l.Bytes()
	if err != nil || n < 650*64 {
		t.Errorf("%d bytes, %v", n, err)
	}
}

func TestParsePath(t *testing.T) {
	for path, want := range map[string]Path{
		"tile/0/000":            {"tile", 0, 0, 256},
		"tile/3/x001/234.p/7":   {"tile", 3, 1234, 7},
		"tile/entries/001.p/44": {"entries", 0, 1, 44},
		"bodies/x001/x002/003":  {"bodies", 0, 1002003, 256},
	} {
		if got, ok := ParsePath(path); !ok || got != want {
			t.Errorf("%s: %+v %v", path, got, ok)
		}
	}
	for _, path := range []string{"", "checkpoint", "key", "tile/0/0", "tile/0/000.p/0", "tile/0/000.p/256", "bodies/../000", "tile/6/000", "bodies/001/002"} {
		if got, ok := ParsePath(path); ok {
			t.Errorf("%s: %+v", path, got)
		}
	}
	if p, _ := ParsePath("tile/1/000.p/2"); !p.Within(600) || p.Within(511) {
		t.Error("tile/1/000.p/2 is there from 512 entries on")
	}
}
