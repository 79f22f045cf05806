package contract

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"maillon/catalog/entry"
	"maillon/catalog/pivot"
)

func TestWhatIsDisputed(t *testing.T) {
	amount := func(v float64) func(*Source) { return func(s *Source) { s.Contract.Amount = &v } }
	later := func(s *Source) { s.Contract.Published, s.Deposit = "2026-03-20", "later" }
	for name, c := range map[string]struct {
		in   []Source
		want bool
	}{
		"one record":                      {[]Source{rec("a", 0, "X", "papier", nil)}, false},
		"the same from two nodes":         {[]Source{rec("a", 0, "X", "papier", nil), rec("b", 0, "X", "papier", nil)}, false},
		"two nodes, two amounts":          {[]Source{rec("a", 0, "X", "papier", nil), rec("b", 0, "X", "papier", amount(4000))}, true},
		"an update by the same node":      {[]Source{rec("a", 0, "X", "papier", nil), rec("a", 1, "X", "papier", func(s *Source) { amount(4000)(s); later(s) })}, false},
		"one node, two tellings of a day": {[]Source{rec("a", 0, "X", "papier", nil), rec("a", 1, "X", "papier", amount(4000))}, true},
		"one deposit, two publications":   {[]Source{rec("a", 0, "X", "papier", nil), rec("a", 1, "X", "papier", func(s *Source) { amount(4000)(s); later(s); s.Deposit = "d0" })}, true},
		"one deposit, a modification": {[]Source{rec("a", 0, "X", "papier", nil), rec("a", 1, "X", "papier", func(s *Source) {
			later(s)
			s.Deposit, s.Contract.Modifications = "d0", []pivot.Modification{{Notified: "2026-03-15"}}
		})}, false},
		"what was withdrawn": {[]Source{rec("a", 0, "X", "papier", nil), rec("b", 1, "X", "papier", func(s *Source) { amount(4000)(s); s.Withdrawn = true })}, false},
		"an update that the other copied": {
			[]Source{rec("a", 0, "X", "papier", nil), rec("b", 0, "X", "papier", nil), rec("a", 1, "X", "papier", func(s *Source) { amount(4000)(s); later(s) }), rec("b", 1, "X", "papier", func(s *Source) { amount(4000)(s); later(s) })},
			false,
		},
		"an update that the other did not see": {[]Source{rec("a", 0, "X", "papier", nil), rec("b", 0, "X", "papier", nil), rec("a", 1, "X", "papier", func(s *Source) { amount(4000)(s); later(s) })}, true},
	} {
		list := Consolidate(c.in)
		if len(list) != 1 || list[0].Disputed() != c.want {
			t.Errorf("%s: %v, disputed %v", name, shape(list), list[0].Disputed())
		}
	}
}

func TestWhatCollides(t *testing.T) {
	in := func(where ...string) (out []Deposited) {
		for _, w := range where {
			node, deposit, _ := strings.Cut(w, "/")
			out = append(out, Deposited{node, deposit})
		}
		return out
	}
	for name, c := range map[string]struct {
		published [][]Deposited
		want      bool
	}{
		"one":                         {[][]Deposited{in("a/1")}, false},
		"lots of one file":            {[][]Deposited{in("a/1"), in("a/1", "a/2"), in("a/2")}, false},
		"lots that two nodes publish": {[][]Deposited{in("a/1", "b/1"), in("a/1", "b/1")}, false},
		"one that nobody published beside the others": {[][]Deposited{in("a/1"), in("a/1"), in("a/2")}, true},
		"two files of one node":                       {[][]Deposited{in("a/1"), in("a/2")}, true},
		"two nodes":                                   {[][]Deposited{in("a/1"), in("b/1")}, true},
		"two for one node, one for another":           {[][]Deposited{in("a/1", "b/1"), in("a/1")}, true},
	} {
		if got := Collides(c.published); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestWhatIsTakenForADuplicate(t *testing.T) {
	base := rec("a", 0, "X-1", "Entretien des espaces verts de la commune, lot 2", nil).Contract
	with := func(id string, change func(*pivot.Contract)) pivot.Contract {
		c := base
		c.ID = id
		if change != nil {
			change(&c)
		}
		return c
	}
	small := 1.0
	for name, c := range map[string]struct {
		other    pivot.Contract
		together bool
		want     bool
	}{
		"typed into another tool": {with("Y", func(c *pivot.Contract) { c.Object = "ENTRETIEN DES ESPACES VERTS DE LA COMMUNE - LOT 2" }), false, true},
		"side by side in a file":  {with("Y", nil), true, false},
		"another lot":             {with("Y", func(c *pivot.Contract) { c.Object = strings.Replace(c.Object, "lot 2", "lot 3", 1) }), false, false},
		"another day":             {with("Y", func(c *pivot.Contract) { c.Notified = "2026-03-02" }), false, false},
		"another company":         {with("Y", func(c *pivot.Contract) { c.Suppliers = []pivot.Supplier{{ID: "38103128500491"}} }), false, false},
		"another amount":          {with("Y", func(c *pivot.Contract) { c.Amount = &small }), false, false},
		"other words":             {with("Y", func(c *pivot.Contract) { c.Object = "Réfection de la toiture, lot 2" }), false, false},
		"no amount":               {with("Y", func(c *pivot.Contract) { c.Amount = nil }), false, false},
	} {
		got := Duplicates([]pivot.Contract{base, c.other}, func(int, int) bool { return c.together })
		if (len(got) == 1) != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	chain := []pivot.Contract{with("2026A0100", nil), with("Z", func(c *pivot.Contract) { c.Notified = "2020-01-01" }), with("2026A0101", nil), with("2026A0102", nil)}
	if got := Duplicates(chain, func(int, int) bool { return true }); len(got) != 1 || !slices.Equal(got[0], []int{0, 2, 3}) {
		t.Errorf("ids of 1.x: %v", got)
	}
	tiny := with("Y", func(c *pivot.Contract) { c.Amount = &small })
	if got := Duplicates([]pivot.Contract{tiny, with("W", func(c *pivot.Contract) { c.Amount = &small })}, func(int, int) bool { return false }); len(got) != 0 {
		t.Errorf("placeholders: %v", got)
	}
}

// Whatever is decided, in any order, no record is lost, none is counted twice, and
// the outcome is the same.
func TestDecisionsLoseNothing(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 11))
		var in []Source
		for i := range 2 + r.IntN(6) {
			in = append(in, rec([]string{"a", "b"}[r.IntN(2)], uint64(i), []string{"X", "Y"}[r.IntN(2)], []string{"papier", "encre"}[r.IntN(2)], func(s *Source) {
				v := float64(100 * (1 + r.IntN(3)))
				s.Contract.Amount, s.Withdrawn = &v, r.IntN(5) == 0
			}))
		}
		placed := func() []Placed {
			byID := map[string][]Source{}
			for _, s := range in {
				byID[s.Contract.ID] = append(byID[s.Contract.ID], s)
			}
			var out []Placed
			for _, id := range sortedKeys(byID) {
				for _, c := range Consolidate(byID[id]) {
					out = append(out, Placed{"buyer", c})
				}
			}
			return out
		}
		var rulings []Ruling
		for n := range 1 + r.IntN(5) {
			if d, ok := randomDecision(r, Decide(placed(), rulings)); ok {
				key := entry.DecisionKey(d.Sides) // the newest of a key counts
				rulings = slices.DeleteFunc(rulings, func(old Ruling) bool { return old.Key == key })
				rulings = append(rulings, Ruling{Decision: d, Key: key, At: int64(n / 2)})
			}
		}
		want := outcome(Decide(placed(), rulings))
		seen := strings.Count(want, "/")
		refs := map[entry.Ref]bool{}
		for _, s := range in {
			refs[s.Ref] = true
		}
		if seen != len(refs) {
			t.Fatalf("seed %d: %d of %d records:\n%s", seed, seen, len(refs), want)
		}
		for range 5 {
			r.Shuffle(len(in), func(i, j int) { in[i], in[j] = in[j], in[i] })
			list := placed()
			r.Shuffle(len(rulings), func(i, j int) { rulings[i], rulings[j] = rulings[j], rulings[i] })
			r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
			if diff := cmp.Diff(want, outcome(Decide(list, rulings))); diff != "" {
				t.Fatalf("seed %d: %s", seed, diff)
			}
		}
	}
}

func randomDecision(r *rand.Rand, list []Placed) (entry.Decision, bool) {
	d := entry.Decision{What: []string{entry.DecideShow, entry.DecideSame, entry.DecideApart, entry.DecideSettled}[r.IntN(4)], Reason: "x"}
	side := func(p Placed) entry.Side { return entry.Side{Buyer: p.Buyer, ID: p.IDs[0], Records: p.Living()} }
	one := list[r.IntN(len(list))]
	d.Sides = []entry.Side{side(one)}
	switch records := one.Living(); {
	case d.What == entry.DecideShow && len(records) > 0:
		d.Shown = records[r.IntN(len(records))]
	case d.What == entry.DecideApart && len(records) > 1 && r.IntN(2) == 0:
		a, b := side(one), side(one)
		a.Records, b.Records = records[:1], records[1:]
		d.Sides = []entry.Side{a, b}
	case d.What == entry.DecideSame || d.What == entry.DecideApart:
		d.Sides = append(d.Sides, side(list[r.IntN(len(list))]))
	}
	return d, d.Check() == nil
}

// outcome is what became of everything, a line a contract.
func outcome(list []Placed) string {
	var b strings.Builder
	for _, p := range list {
		fmt.Fprint(&b, p.Slug, p.IDs, p.Case, p.Withdrawn, p.Decisions)
		for _, v := range p.Versions {
			fmt.Fprint(&b, " ", v.Reason, v.Differs)
			for _, s := range append([]Source{v.Source}, v.Also...) {
				fmt.Fprintf(&b, " %s/%d", s.Ref.Node, s.Ref.Index)
			}
		}
		b.WriteString("\n")
	}
	return strings.ReplaceAll(b.String(), "~/", "~")
}
