package edition

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"maillon/catalog/pivot"
)

// Row groups of whole and year hold many pieces; those of a département are its pieces'.
func TestSmallPiecesShareRowGroups(t *testing.T) {
	r := newRack(t)
	r.fill()
	e := r.refresh(true)
	for suffix, want := range map[string]int{"": 4, "-2025": 1, "-dep-35": 4} {
		raw := r.read("", suffix, "tableau.parquet", true)
		f, err := parquet.OpenFile(bytes.NewReader(raw), int64(len(raw)))
		if err != nil {
			t.Fatal(err)
		}
		if n := len(f.RowGroups()); n != want {
			t.Errorf("%q: %d row groups, want %d", suffix, n, want)
		}
	}
	// A group is made again only if one of its pieces was.
	before := map[string]string{}
	for _, g := range e.Groups {
		before[g.Year] = g.File
	}
	r.marche(brest, "NEW", "2025", "filets")
	for _, g := range r.refresh(true).Groups {
		if same := g.File == before[g.Year]; same == (g.Year == "2025") {
			t.Errorf("group of %s: same %v", g.Year, same)
		}
	}
	r.check()
}

func TestGroups(t *testing.T) {
	pieces := func(list ...string) (out []Piece) {
		for _, s := range list {
			p := Piece{}
			if _, err := fmt.Sscanf(s, "%4s:%d", &p.Year, &p.Streams[columns].Records); err != nil {
				t.Fatal(err)
			}
			out = append(out, p)
		}
		return out
	}
	for _, c := range []struct{ pieces, want string }{
		{"", ""},
		{"2024:1 2024:2 2025:3", "1+2 3"},
		{"2024:0 2024:2", "2"},
		{"2024:32767 2024:1 2024:1 2024:1", "32767+1 1+1"},
		{"2024:40000 2024:1 2025:1", "40000 1 1"},
	} {
		var got []string
		for _, g := range groups(pieces(strings.Fields(c.pieces)...)) {
			var sizes []string
			for _, p := range g {
				sizes = append(sizes, fmt.Sprint(p.Streams[columns].Records))
			}
			got = append(got, strings.Join(sizes, "+"))
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %v, want %s", c.pieces, got, c.want)
		}
	}
}

// Lots under one id, of which one was notified in another year, stand in two pieces: their
// releases have ids of their own all the same, in the file of all and in that of the buyer.
func TestReleaseIDsAreUniqueInTheWhole(t *testing.T) {
	r := newRack(t)
	for i, year := range []string{"2023", "2024", "2024"} {
		lot := strings.Replace(marche, `"datePublicationDonnees":"YEAR-03-20"`, `"datePublicationDonnees":"2024-04-01"`, 1)
		r.put(pivot.Marche, pivot.Nested, rennes, "L", year, fmt.Sprint("lot ", i), lot)
	}
	r.refresh(true)
	ids := func(raw []byte) (out map[string]bool) {
		var doc struct{ Releases []struct{ ID string } }
		if err := json.Unmarshal(raw, &doc); err != nil {
			t.Fatal(err)
		}
		out = map[string]bool{}
		for _, one := range doc.Releases {
			out[one.ID] = true
		}
		return out
	}
	whole := ids(r.read("", "", "ocds.json", true))
	if len(whole) != 3 {
		t.Errorf("ids %v, want 3", whole)
	}
	var b bytes.Buffer
	if err := r.WriteBuyer(t.Context(), &b, rennes, "ocds.json"); err != nil {
		t.Fatal(err)
	}
	for id := range ids(b.Bytes()) {
		if !whole[id] {
			t.Errorf("%s is not in the whole: %v", id, whole)
		}
	}
}

// What complet has more than étendu stands between: both are put together from the same
// pieces.
func TestCompletHoldsTheLinesOfEtendu(t *testing.T) {
	r := newRack(t)
	r.fill()
	r.refresh(true)
	all := map[string]bool{}
	for line := range strings.Lines(string(r.read("", "", "complet.ndjson", true))) {
		all[line] = true
	}
	n := 0
	for line := range strings.Lines(string(r.read("", "", "etendu.ndjson", true))) {
		if n++; !all[line] {
			t.Errorf("not in complet: %s", line)
		}
	}
	if n != 39 || len(all) != 40 {
		t.Errorf("%d and %d lines", n, len(all))
	}
}

// Two stores over the same views make the same files.
func TestAnEditionIsAFunctionOfItsContracts(t *testing.T) {
	one, two := newRack(t), newRack(t)
	one.fill()
	two.fill()
	for i := range 2 {
		for _, r := range []*rack{one, two} {
			r.marche(brest, fmt.Sprint("NEW", i), "2025", "filets")
		}
		one.refresh(true) // the other makes both changes at once
		for _, r := range []*rack{one, two} {
			r.marche(rennes, fmt.Sprint("NEW", i), "2024", "filets")
		}
		if a, b := one.refresh(true), two.refresh(true); a.Hash != b.Hash {
			t.Errorf("hashes %s and %s", a.Hash, b.Hash)
		}
	}
}
