package contract

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"maillon/catalog/entry"
	"maillon/catalog/pivot"
)

const (
	townA, townB, townN = "21350001000011", "21350238800019", "21220001800019"
	townN2              = "21220001800027" // townN at another address
)

func merged(from, to, on string) entry.Succession {
	return entry.Succession{From: from, To: to, On: on, Why: entry.WhyMerger}
}

func TestLineage(t *testing.T) {
	l := NewLineage([]entry.Succession{
		merged(townB, townN, "2026-01-01"), merged(townA, townN, "2026-01-01"), {From: townN, To: townN2, On: "2026-06-01", Why: entry.WhyMove},
		merged(townN2, townA, "2027-01-01"),                                                    // round in a circle
		{From: townA, To: townB, On: "2025-01-01", Why: entry.WhyMerger, Void: true},           // taken back
		{From: townA, To: townB, On: "2025-01-01", Why: entry.WhyMove}, {From: "x", To: townB}, // nonsense
	})
	for what, got := range map[string][]string{
		"heirs of A":        l.Heirs(townA),
		"ancestors of N2":   l.Ancestors(townN2),
		"family of B":       l.Family(townB),
		"family of another": l.Family("25351449100047"),
	} {
		want := map[string][]string{
			"heirs of A": {townN, townN2}, "ancestors of N2": {townN, townA, townB},
			"family of B": {townA, townB, townN, townN2}, "family of another": {"25351449100047"},
		}[what]
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", what, diff)
		}
	}
}

// family makes records of contract 1 of each town, and of what became of them.
func family() map[string][]Source {
	at := func(buyer string, published string) func(*Source) {
		return func(s *Source) { s.Contract.Buyer.ID, s.Contract.Published = buyer, published }
	}
	return map[string][]Source{
		townA:  {rec("a", 0, "1", "papier", at(townA, "2025-03-10"))},
		townB:  {rec("b", 0, "1", "routes", at(townB, "2025-03-10"))},
		townN:  {rec("n", 0, "1", "Routes !", at(townN, "2026-03-10")), rec("n", 1, "1", "école", func(s *Source) { at(townN, "2026-03-10")(s); s.Contract.Notified = "2026-02-02" })},
		townN2: {rec("n", 2, "1", "ecole", func(s *Source) { at(townN2, "2026-03-20")(s); s.Contract.Notified = "2026-02-02" })},
	}
}

func TestAFamilyKeepsItsAddressesInAnyOrder(t *testing.T) {
	all := []entry.Succession{merged(townB, townN, "2026-01-01"), merged(townA, townN, "2026-01-01"), {From: townN, To: townN2, On: "2026-06-01", Why: entry.WhyMove}}
	want := []string{
		townA + " alone [1] a/0+0:shown-only",
		townB + " versions [1] n/0+0:shown-later b/0+0:lost-later",
		townN + " versions [1] n/2+0:shown-later n/1+0:lost-later",
	}
	for seed := range uint64(100) {
		r := rand.New(rand.NewPCG(seed, 1))
		r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		records := family()
		for _, list := range records {
			r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		}
		var got []string
		for _, share := range ConsolidateFamily(NewLineage(all), records) {
			for _, line := range shape(share.Contracts) {
				got = append(got, share.Buyer+" "+line)
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("seed %d: (-want +got)\n%s", seed, diff)
		}
	}
}

// Whatever happens to bodies, no record is lost and none is counted twice.
func TestAFamilyLosesNothing(t *testing.T) {
	towns := []string{townA, townB, townN, townN2}
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 7))
		var said []entry.Succession
		for range r.IntN(5) {
			s := entry.Succession{From: towns[r.IntN(4)], To: towns[r.IntN(4)], On: fmt.Sprintf("202%d-01-01", r.IntN(9)), Why: entry.WhyMerger}
			if s.From[:9] == s.To[:9] {
				s.Why = entry.WhyMove
			}
			said = append(said, s)
		}
		l := NewLineage(said)
		records, n := map[string][]Source{}, 0
		for _, buyer := range l.Family(towns[r.IntN(4)]) {
			for i := range r.IntN(4) {
				n++
				records[buyer] = append(records[buyer], rec(buyer, uint64(i), "1", []string{"papier", "routes", "école"}[r.IntN(3)], func(s *Source) {
					s.Contract.Buyer = pivot.Buyer{ID: buyer}
					s.Contract.Published = fmt.Sprintf("2026-0%d-01", 1+r.IntN(9))
				}))
			}
		}
		seen, addresses := map[entry.Ref]int{}, map[string]bool{}
		for _, share := range ConsolidateFamily(l, records) {
			for _, c := range share.Contracts {
				if a := share.Buyer + "/" + c.Slug; addresses[a] {
					t.Fatalf("seed %d: two contracts at %s", seed, a)
				} else {
					addresses[a] = true
				}
				for _, s := range c.sources() {
					seen[s.Ref]++
				}
			}
		}
		for ref, times := range seen {
			if times != 1 {
				t.Errorf("seed %d: %v stands in %d contracts", seed, ref, times)
			}
		}
		if len(seen) != n {
			t.Errorf("seed %d: %d of %d records", seed, len(seen), n)
		}
	}
}
