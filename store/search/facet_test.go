package search

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"maillon/catalog/pivot"
	"maillon/store/view"
)

// plainFacets are the values of a contract in some dimensions, read from it alone.
var plainFacets = map[Dimension]func(s *view.Shown) []string{
	ByKind:        func(s *view.Shown) []string { return []string{string(s.Kind)} },
	ByState:       func(s *view.Shown) []string { return []string{string(s.State)} },
	ByProcedure:   func(s *view.Shown) []string { return []string{s.Contract.Procedure} },
	ByDepartement: func(s *view.Shown) []string { return []string{s.Departement} },
	ByDivision:    func(s *view.Shown) []string { return []string{s.CPV[:min(2, len(s.CPV))]} },
	ByNode:        func(s *view.Shown) []string { return []string{s.Node} },
	ByBuyer:       func(s *view.Shown) []string { return []string{s.Buyer} },
	BySupplier:    func(s *view.Shown) []string { return s.Suppliers },
	ByYear: func(s *view.Shown) []string {
		if dayOf(s.Notified) == 0 {
			return []string{""}
		}
		return []string{s.Notified[:4]}
	},
}

// TestFacetsCountWhatAPlainReadingCounts asks for few, many and most of some thousand
// contracts, again and again, while contracts change and go: what is remembered is as
// what is counted.
func TestFacetsCountWhatAPlainReadingCounts(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 3))
	x, all := New(), map[string]view.Shown{}
	x.Loaded()
	for round := range 3 {
		var list []view.Shown
		for range 9000 / (1 + 8*round) {
			s := manyOf(r)
			all[s.Address] = s
			list = append(list, s)
		}
		x.Put(list)
		for _, a := range sortedKeys(all)[:round*700] {
			x.Remove(a)
			delete(all, a)
		}
		for _, raw := range []string{"", "state=conforme", "state=conforme&state=a-corriger&state=withdrawn", "departement=35", "departement=22", "from=2025-03-01", "from=2025-03-05&to=2025-05-10",
			"amount_min=20000", "amount_min=39000&cpv=45", "months_max=24", "ends_to=2026-01-31", "supplier=35600000000003", "buyer=" + rennes} {
			want := map[Dimension]map[string]int{}
			q := query(t, raw+"&facets=all&limit=1")
			for _, s := range all {
				if plainly(s, q) {
					tellPlainly(&s, want)
				}
			}
			for range 4 {
				res, err := x.Search(t.Context(), q)
				if err != nil {
					t.Fatal(err)
				}
				for d := range plainFacets {
					if err := sameFacet(d, res.Facets[d], want[d]); err != nil {
						t.Fatalf("round %d, ?%s, %s: %v", round, raw, d, err)
					}
				}
				for _, list := range res.Facets {
					clear(list) // what a reader does to an answer is its own matter
				}
			}
		}
	}
}

// manyOf is a contract of one of many buyers and suppliers.
func manyOf(r *rand.Rand) view.Shown {
	s := randomContract(r)
	s.Contract.ID = fmt.Sprint(r.IntN(100_000))
	if r.IntN(2) == 0 {
		s.Buyer = fmt.Sprintf("%s%05d", rennes[:9], r.IntN(3000))
		s.Node = fmt.Sprint("node ", r.IntN(40))
	}
	s.ID, s.Address = s.Contract.ID, s.Buyer+"/"+s.Contract.ID
	s.Suppliers = nil
	for range r.IntN(4) {
		id := fmt.Sprintf("356%08d%03d", 0, r.IntN(8000)%(1+r.IntN(8000)))
		if !slices.Contains(s.Suppliers, id) {
			s.Suppliers = append(s.Suppliers, id)
		}
	}
	s.Contract.Procedure = []string{"Procédure adaptée", "Appel d'offres ouvert", ""}[r.IntN(3)]
	s.Contract.Kind, s.Contract.Suppliers = pivot.Kind(s.Kind), nil
	return s
}

func tellPlainly(s *view.Shown, to map[Dimension]map[string]int) {
	for d, of := range plainFacets {
		if to[d] == nil {
			to[d] = map[string]int{}
		}
		for _, v := range of(s) {
			to[d][v]++
		}
	}
}

// sameFacet compares a facet with plain counts. Of values that are as frequent as the
// last of a facet that is cut, any may be there.
func sameFacet(d Dimension, got []Count, want map[string]int) error {
	var numbers []int
	for code, n := range want {
		if code != "" || d.all() {
			numbers = append(numbers, n)
		}
	}
	slices.SortFunc(numbers, func(a, b int) int { return cmp.Compare(b, a) })
	if !d.all() {
		numbers = numbers[:min(len(numbers), mostValues)]
	}
	if len(got) != len(numbers) {
		return fmt.Errorf("%d values, want %d", len(got), len(numbers))
	}
	var counted []int
	for _, c := range got {
		if c.Count != want[c.Code] {
			return fmt.Errorf("%d of %q, want %d", c.Count, c.Code, want[c.Code])
		}
		counted = append(counted, c.Count)
	}
	slices.SortFunc(counted, func(a, b int) int { return cmp.Compare(b, a) })
	if !slices.Equal(counted, numbers) {
		return fmt.Errorf("numbers %v, want %v", counted, numbers)
	}
	return nil
}

// TestEveryDayIsSorted: months that have no number, and days that are not known, stand
// where they belong too.
func TestEveryDayIsSorted(t *testing.T) {
	var list []view.Shown
	for i, day := range []string{"1700-01-01", "2026-03-02", "2500-06-01", "?", "2026-03-31", "1800-01-01", "2299-12-31", "2026-04-01"} {
		list = append(list, made(rennes, fmt.Sprint(i), func(c *pivot.Contract) { c.Notified = day }))
	}
	x := indexOf(list...)
	for raw, want := range map[string]string{"sort=date": "2 6 7 4 1 5 0 3", "sort=end": "0 5 1 4 7 6 2 3"} {
		var got string
		for q := query(t, raw+"&limit=1"); ; {
			res, err := x.Search(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			got += " " + res.Items[0].ID
			if q.After = res.Next; q.After == "" {
				break
			}
		}
		if got[1:] != want {
			t.Errorf("?%s: %s, want %s", raw, got[1:], want)
		}
	}
}
