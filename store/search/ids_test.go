package search

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"maillon/catalog/pivot"
	"maillon/store/view"
)

// TestAPastedNumberFindsItsContract: as it is, after the SIRET of the buyer, as an
// address, in capitals or with other signs between; beside other words; and the words
// that it is made of are still found.
func TestAPastedNumberFindsItsContract(t *testing.T) {
	x := indexOf(
		made(rennes, "2026-014", nil),
		made(bretagne, "2026-014", func(c *pivot.Contract) { c.Object = "Toiture du lycée" }),
		made(rennes, "24_TIC/07-É", func(c *pivot.Contract) { c.Object = "Réseaux" }),
		made(rennes, "12", func(c *pivot.Contract) { c.Object, c.Notified = "Groupe 2026 n° 014", "2020-01-01" }),
		made(hospital, "x", func(c *pivot.Contract) { c.Suppliers = []pivot.Supplier{{ID: "11111111100001"}} }),
	)
	for raw, want := range map[string]string{
		"q=2026-014":                          rennes + "/2026-014 " + bretagne + "/2026-014 " + rennes + "/12",
		"q=2026/014":                          rennes + "/2026-014 " + bretagne + "/2026-014 " + rennes + "/12",
		"q=2026014":                           rennes + "/2026-014 " + bretagne + "/2026-014",
		"q=2026-014+toiture":                  bretagne + "/2026-014",
		"q=" + rennes + "2026-014":            rennes + "/2026-014",
		"q=" + rennes + "/2026-014":           rennes + "/2026-014 " + rennes + "/12",
		"q=" + rennes + "2026-015":            "",
		"q=24+tic+07+e":                       rennes + "/24_TIC/07-É",
		"q=%2224_TIC/07-%C3%89%22":            rennes + "/24_TIC/07-É",
		"q=24_tic/07-e&cpv=45":                "",
		"q=12":                                "",
		"q=111+111+111+00001":                 hospital + "/x",
		"q=111%C2%A0111%C2%A0111":             hospital + "/x",
		"q=2026-014&buyer=" + bretagne:        bretagne + "/2026-014",
		"q=2026-014&sort=date&state=conforme": rennes + "/2026-014 " + bretagne + "/2026-014 " + rennes + "/12",
	} {
		res, err := x.Search(t.Context(), query(t, raw))
		if err != nil {
			t.Fatal(err)
		}
		if got := addresses(res); got != want {
			t.Errorf("?%s finds %q, want %q", raw, got, want)
		}
	}
	x.Remove(rennes + "/2026-014")
	if got := found(t, x, "q="+rennes+"2026-014"); got != "" {
		t.Errorf("what is gone is found: %s", got)
	}
}

// TestEveryNumberIsFoundWhileContractsComeIn is for the sorting in of new ones, and for
// what a snapshot restores.
func TestEveryNumberIsFoundWhileContractsComeIn(t *testing.T) {
	x := New()
	x.Loaded()
	r := rand.New(rand.NewPCG(8, 1))
	numbers := r.Perm(1_000_000)[:9000]
	for run := range slices.Chunk(numbers, 1000) {
		var list []view.Shown
		for _, n := range run {
			list = append(list, made(rennes, fmt.Sprintf("M-%06d", n), nil))
		}
		x.Put(list)
	}
	file := t.TempDir() + "/index"
	if err := x.Save(file, Made{}); err != nil {
		t.Fatal(err)
	}
	y := New()
	if _, err := y.Load(file); err != nil {
		t.Fatal(err)
	}
	for _, n := range append(numbers[:50:50], numbers[8950:]...) {
		id := fmt.Sprintf("M-%06d", n)
		for _, one := range []*Index{x, y} {
			if got := found(t, one, "sort=date&q="+strings.ToLower(id)); got != id {
				t.Fatalf("%s: found %q", id, got)
			}
		}
	}
}

// TestRealNumbersAreFound pastes the numbers of real contracts: after the SIRET of the
// buyer the contract is the first that is found; alone it is among those that share the
// number.
func TestRealNumbersAreFound(t *testing.T) {
	x, list := realIndex(t)
	asked, missed := 0, 0
	for i := 0; i < len(list); i += max(1, len(list)/400) {
		s := list[i]
		if bare := bareID(s.ID); len(bare) < leastID || !strings.ContainsAny(bare, "0123456789") {
			continue
		}
		asked++
		for _, text := range []string{s.Buyer + s.ID, s.Buyer + "/" + s.ID, s.ID} {
			res, err := x.Search(t.Context(), Query{Text: text, Sort: Relevance, Limit: 10, Facets: []Dimension{ByBuyer}})
			if err != nil {
				t.Fatal(err)
			}
			same := func(r Row) bool { return r.ID == s.ID && r.Buyer == s.Buyer }
			if text != s.ID && (len(res.Items) == 0 || !same(res.Items[0])) || text == s.ID && len(res.Items) < 10 && !slices.ContainsFunc(res.Items, same) {
				missed++
				t.Logf("%q finds %d contracts, not %s", text, res.Total, s.Address)
			}
		}
	}
	if t.Logf("%d numbers pasted in three ways, %d not found", asked, missed); asked < 50 || missed > 0 {
		t.Errorf("%d of %d numbers are not found", missed, 3*asked)
	}
}
