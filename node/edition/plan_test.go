package edition

import (
	"fmt"
	"strings"
	"testing"

	"maillon/catalog/pivot"
)

// A buyer that the geographic code does not place is where most of its contracts are
// executed: its pieces move when that changes.
func TestABuyerWithoutAPlaceIsWhereItBuys(t *testing.T) {
	r := newRack(t)
	n := 0
	put := func(commune string) {
		n++
		r.put(pivot.Marche, pivot.Nested, nobody, fmt.Sprint("S", n), "2025", "timbres", strings.Replace(marche, "56260", commune, 1))
	}
	seat := func(want string) {
		t.Helper()
		e := r.refresh(true)
		for _, p := range e.Pieces {
			if p.Departement != want {
				t.Errorf("after %d contracts it is in %q, want %q", n, p.Departement, want)
			}
		}
		again := &Store{Dir: t.TempDir(), Views: r.Views, Dataset: r.Dataset, URL: r.URL, Publisher: r.Publisher, Keep: r.Keep, Now: r.Now}
		if err := again.Load(); err != nil {
			t.Fatal(err)
		}
		if _, err := again.Refresh(t.Context()); err != nil || again.Latest().Hash != e.Hash {
			t.Errorf("a store that remembers nothing makes another edition: %v", err)
		}
	}
	for _, c := range []struct{ commune, want string }{{"35238", "35"}, {"29019", "29"}, {"35001", "35"}, {"29019", "29"}, {"29019", "29"}} {
		put(c.commune)
		seat(c.want)
	}
}
