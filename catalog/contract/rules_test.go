package contract

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"maillon/catalog/entry"
	"maillon/catalog/pivot"
)

var day0 = time.Date(2026, 4, 1, 8, 0, 0, 0, time.UTC)

// rec makes a source; change adapts it. Its hash follows from what it says.
func rec(node string, index uint64, id, object string, change func(*Source)) Source {
	amount := 1000.0
	s := Source{
		Ref: entry.Ref{Node: node, Index: index}, Deposit: fmt.Sprint("d", index), At: day0, State: pivot.Conforming, Authority: None,
		Contract: pivot.Contract{
			Kind: pivot.Marche, Generation: pivot.Gen2, ID: id, Buyer: pivot.Buyer{ID: "21350238800019"}, Object: object, Amount: &amount,
			Notified: "2026-03-01", Published: "2026-03-10", Suppliers: []pivot.Supplier{{IDType: "SIRET", ID: "35600000000048"}},
		},
	}
	if change != nil {
		change(&s)
	}
	raw, err := json.Marshal(s.Contract)
	if err != nil {
		panic(err)
	}
	s.Hash = sha256.Sum256(raw)
	return s
}

// shape says what became of the sources: slugs are left out, they have a test
// of their own.
func shape(list []Contract) []string {
	var out []string
	for _, c := range list {
		line := fmt.Sprint(c.Case, " ", c.IDs)
		if c.Withdrawn {
			line += " withdrawn"
		}
		for _, v := range c.Versions {
			line += fmt.Sprintf(" %s/%d+%d:%s", v.Source.Ref.Node, v.Source.Ref.Index, len(v.Also), v.Reason)
		}
		out = append(out, line)
	}
	slices.Sort(out)
	return out
}

func TestConsolidate(t *testing.T) {
	mod := func(n int) func(*Source) {
		return func(s *Source) {
			s.Contract.Generation = pivot.Gen1
			for i := range n {
				s.Contract.Modifications = append(s.Contract.Modifications, pivot.Modification{Notified: fmt.Sprintf("2026-0%d-01", i+4)})
			}
		}
	}
	for name, c := range map[string]struct {
		in   []Source
		want []string
	}{
		"one record is a contract": {
			[]Source{rec("a", 0, "X-1", "papier", nil)},
			[]string{"alone [X-1] a/0+0:shown-only"},
		},
		"the same record from two nodes is one version, told by who has authority": {
			[]Source{rec("a", 0, "X-1", "papier", nil), rec("b", 7, "X-1", "papier", func(s *Source) { s.Authority = Own })},
			[]string{"alone [X-1] b/7+1:shown-only"},
		},
		"a later publication is shown over an earlier one": {
			[]Source{rec("a", 0, "X-1", "papier", nil), rec("a", 1, "X-1", "Papier !", func(s *Source) { s.Contract.Published = "2026-03-20" })},
			[]string{"versions [X-1] a/1+0:shown-later a/0+0:lost-later"},
		},
		"a date of publication after the receipt decides nothing": {
			[]Source{rec("a", 0, "X-1", "papier", nil), rec("a", 1, "X-1", "papier", func(s *Source) { s.Contract.Published = "2099-01-01" })},
			[]string{"versions [X-1] a/0+0:shown-later a/1+0:lost-later"},
		},
		"authority comes before dates": {
			[]Source{rec("own", 0, "X-1", "papier", func(s *Source) { s.Authority = Own }), rec("x", 1, "X-1", "papier", func(s *Source) { s.Contract.Published = "2026-03-20" })},
			[]string{"versions [X-1] own/0+0:shown-authority x/1+0:lost-authority"},
		},
		"what was withdrawn is not shown over what lives": {
			[]Source{
				rec("own", 0, "X-1", "papier", func(s *Source) { s.Authority = Own; s.Withdrawn = true }),
				rec("x", 1, "X-1", "papier", func(s *Source) { s.Contract.Published = "2026-03-20" }),
			},
			[]string{"versions [X-1] x/1+0:shown-living own/0+0:lost-living"},
		},
		"on one day the richer record is shown": {
			[]Source{rec("a", 0, "X-1", "papier", nil), rec("b", 1, "X-1", "papier", func(s *Source) { s.Contract.CPV = "30190000"; s.Contract.Suppliers[0].Name = "La Poste" })},
			[]string{"versions [X-1] b/1+0:shown-richer a/0+0:lost-richer"},
		},
		"several objets of one deposit under one id are lots": {
			[]Source{
				rec("a", 0, "X-1", "lot 1", func(s *Source) { s.Deposit = "d" }),
				rec("a", 1, "X-1", "lot 2", func(s *Source) { s.Deposit = "d" }),
				rec("a", 2, "X-1", "lot 3", func(s *Source) { s.Deposit = "d" }),
			},
			[]string{"lots [X-1] a/0+0:shown-only", "lots [X-1] a/1+0:shown-only", "lots [X-1] a/2+0:shown-only"},
		},
		"one objet for several companies in one deposit is as many lots": {
			[]Source{
				rec("a", 0, "X-1", "nettoyage", func(s *Source) { s.Deposit = "d" }),
				rec("a", 1, "X-1", "nettoyage", func(s *Source) { s.Deposit = "d"; s.Contract.Suppliers = []pivot.Supplier{{ID: "38103128500491"}} }),
			},
			[]string{"lots [X-1] a/0+0:shown-only", "lots [X-1] a/1+0:shown-only"},
		},
		"two tellings of one contract, by the buyer's software and its treasury": {
			[]Source{
				rec("a", 0, "X-1", "animations pour les gens du voyage", nil),
				rec("a", 1, "X-1", "M18420R ANIMATIONS", func(s *Source) { s.Contract.Published = "2026-03-20"; *s.Contract.Amount = 4000 }),
			},
			[]string{"versions [X-1] a/1+0:shown-later a/0+0:lost-later"},
		},
		"ids of 1.x fold when their number counts the modifications": {
			[]Source{rec("a", 0, "2019ABC00", "papier", mod(0)), rec("a", 1, "2019ABC01", "papier", mod(1))},
			[]string{"folded [2019ABC00 2019ABC01] a/1+0:shown-richer a/0+0:lost-richer"},
		},
		"look-alike ids of 1.x without modification stay apart": {
			[]Source{rec("a", 0, "2019ABC00", "papier", mod(0)), rec("a", 1, "2019ABC01", "papier", mod(0))},
			[]string{"alone [2019ABC00] a/0+0:shown-only", "alone [2019ABC01] a/1+0:shown-only"},
		},
		"ids of 1.x fold when the modifications of one contain the other's": {
			[]Source{rec("a", 0, "2019ABC05", "papier", mod(1)), rec("a", 1, "2019ABC07", "papier", mod(2))},
			[]string{"folded [2019ABC05 2019ABC07] a/1+0:shown-richer a/0+0:lost-richer"},
		},
		"a record of 2.x under an id keeps it from folding": {
			[]Source{
				rec("a", 0, "2019ABC00", "papier", mod(0)), rec("a", 1, "2019ABC01", "papier", mod(1)),
				rec("a", 2, "2019ABC01", "papier", func(s *Source) { s.Contract.Published = "2026-03-20" }),
			},
			[]string{"alone [2019ABC00] a/0+0:shown-only", "versions [2019ABC01] a/2+0:shown-later a/1+0:lost-later"},
		},
		"numbered lots of one day for several companies do not fold when one of them is modified": {
			[]Source{rec("a", 0, "2019ABC00", "lot 1", mod(0)), rec("a", 1, "2019ABC01", "lot 2", func(s *Source) {
				mod(1)(s)
				s.Contract.Suppliers = []pivot.Supplier{{ID: "38103128500491"}}
			})},
			[]string{"alone [2019ABC00] a/0+0:shown-only", "alone [2019ABC01] a/1+0:shown-only"},
		},
		"lots stay apart also when another node's deposit of one of them came first": {
			[]Source{
				rec("a", 0, "X-1", "lot 1", func(s *Source) { s.Deposit = "d" }),
				rec("a", 1, "X-1", "lot 2", func(s *Source) { s.Deposit = "d" }),
				rec("b", 0, "X-1", "lot 1", func(s *Source) { s.At = day0.Add(-time.Hour) }),
				rec("b", 1, "X-1", "lot 2", func(s *Source) { s.At = day0.Add(-time.Hour) }),
			},
			[]string{"lots [X-1] b/0+1:shown-only", "lots [X-1] b/1+1:shown-only"},
		},
		"a modification dated after the receipt leaves the other dates their say": {
			[]Source{
				rec("a", 0, "X-1", "papier", nil),
				rec("a", 1, "X-1", "papier", func(s *Source) {
					s.Contract.Modifications = []pivot.Modification{{Notified: "2026-03-15", Published: "2099-01-01"}}
					s.Contract.Published = "2026-03-20"
				}),
			},
			[]string{"versions [X-1] a/1+0:shown-later a/0+0:lost-later"},
		},
		"a contract whose records were all withdrawn stays, with its history": {
			[]Source{
				rec("a", 0, "X-1", "papier", func(s *Source) { s.Withdrawn = true }),
				rec("a", 1, "X-1", "papier", func(s *Source) { s.Withdrawn = true; s.Contract.Published = "2026-03-20" }),
			},
			[]string{"versions [X-1] withdrawn a/1+0:shown-later a/0+0:lost-later"},
		},
		"ids of 2.x never fold": {
			[]Source{rec("a", 0, "2026ABC00", "papier", nil), rec("a", 1, "2026ABC01", "papier", func(s *Source) {
				s.Contract.Modifications = []pivot.Modification{{Notified: "2026-04-01"}}
			})},
			[]string{"alone [2026ABC00] a/0+0:shown-only", "alone [2026ABC01] a/1+0:shown-only"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, shape(Consolidate(c.in))); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestDiffersNamesTheLegalFields(t *testing.T) {
	a := rec("a", 0, "X", "papier", nil).Contract
	b := rec("a", 0, "X", "carton", func(s *Source) { *s.Contract.Amount = 2; s.Contract.Generation = pivot.Gen1 }).Contract
	if diff := cmp.Diff([]string{"objet", "montant"}, Differs(a, b)); diff != "" {
		t.Error(diff)
	}
}

func TestSlugs(t *testing.T) {
	for id, want := range map[string]string{
		"2024-OCC.1_a": "2024-OCC.1_a", "12/3": "12%2F3", "a b": "a%20b", "#?%": "%23%3F%25", "é": "%C3%A9", ".": "%2E", "..": "%2E%2E", "a~b": "a%7Eb",
	} {
		if got := Escape(id); got != want {
			t.Errorf("Escape(%q) = %q, want %q", id, got, want)
		}
	}
	lot := func(n uint64, object string) Source {
		return rec("a", n, "X/1", object, func(s *Source) { s.Deposit = "d" })
	}
	before := Consolidate([]Source{lot(0, "lot 1"), lot(1, "lot 2"), lot(2, "lot 3")})
	update := rec("a", 9, "X/1", "lot 1", func(s *Source) { s.Contract.Published = "2026-03-30"; s.At = day0.Add(time.Hour) })
	after := Consolidate([]Source{update, lot(2, "lot 3"), lot(1, "lot 2"), lot(0, "lot 1")})
	for i := range before {
		if before[i].Slug != after[i].Slug {
			t.Errorf("a later version changed an address: %s is now %s", before[i].Slug, after[i].Slug)
		}
	}
}

func TestLotsWhoseHashesMeetKeepAddressesOfTheirOwn(t *testing.T) {
	lot := func(n uint64, object string, end byte) Source {
		s := rec("a", n, "X", object, func(s *Source) { s.Deposit = "d"; s.At = day0.Add(time.Duration(n) * time.Hour) })
		s.Hash = pivot.Hash{0: 1, 31: end}
		return s
	}
	both := lot(3, "lot 3", 3)
	both.Contract.Kind = pivot.Concession // the same bytes, put as another kind
	got := Consolidate([]Source{both, lot(2, "lot 2", 2), lot(1, "lot 1", 1), lot(4, "lot 4", 3)})
	var slugs []string
	for _, c := range got {
		slugs = append(slugs, c.Slug)
	}
	want := []string{"X~01000000", "X~0100000000000000", "X~010000000000000000000000", "X~01000000000000000000000000000000"}
	if diff := cmp.Diff(want, slugs); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	for _, c := range got {
		if c.Versions[0].Source.Ref.Index == 1 && c.Slug != "X~01000000" {
			t.Errorf("the lot received first is at %s", c.Slug)
		}
	}
}

// some makes a group at random, with what makes identity hard: few ids, few
// objets, few days.
func some(r *rand.Rand) []Source {
	ids := []string{"2019ABC00", "2019ABC01", "2019ABC02"}
	var out []Source
	for i := range uint64(1 + r.IntN(12)) {
		out = append(out, rec([]string{"a", "b", "c"}[r.IntN(3)], i, ids[r.IntN(3)], []string{"papier", "encre", "lot"}[r.IntN(3)], func(s *Source) {
			s.Deposit = fmt.Sprint("d", r.IntN(3))
			s.Authority = Authority(r.IntN(4))
			s.Withdrawn = r.IntN(5) == 0
			s.At = day0.Add(time.Duration(r.IntN(3)) * time.Hour)
			s.Contract.Published = fmt.Sprintf("2026-03-%02d", 10+r.IntN(3))
			*s.Contract.Amount = float64(1 + r.IntN(2))
			s.Contract.Generation = pivot.Generation(1 + r.IntN(2))
			for range r.IntN(3) {
				s.Contract.Modifications = append(s.Contract.Modifications, pivot.Modification{Notified: fmt.Sprintf("2026-0%d-01", 4+len(s.Contract.Modifications))})
			}
		}))
	}
	return out
}

func TestOrderAndRepetitionChangeNothing(t *testing.T) {
	for seed := range uint64(500) {
		r := rand.New(rand.NewPCG(seed, 1))
		group := some(r)
		want := Consolidate(group)
		mixed := slices.Concat(group, group[:r.IntN(len(group)+1)])
		r.Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
		if diff := cmp.Diff(want, Consolidate(mixed)); diff != "" {
			t.Fatalf("seed %d: (-want +got)\n%s", seed, diff)
		}
		slugs, refs := map[string]bool{}, map[entry.Ref]int{}
		for _, c := range want {
			if slugs[c.Slug] {
				t.Fatalf("seed %d: two contracts at %s", seed, c.Slug)
			}
			slugs[c.Slug] = true
			for _, v := range c.Versions {
				refs[v.Source.Ref]++
				for _, a := range v.Also {
					refs[a.Ref]++
				}
			}
		}
		for _, s := range group {
			if refs[s.Ref] != 1 {
				t.Fatalf("seed %d: source %v stands in %d places, want 1", seed, s.Ref, refs[s.Ref])
			}
		}
	}
}

func TestTwoRecordsWithManyModificationsAreNoBurden(t *testing.T) {
	many := func(n uint64, id string) Source {
		return rec("a", n, id, "papier", func(s *Source) {
			s.Contract.Generation = pivot.Gen1
			for i := range 20_000 {
				s.Contract.Modifications = append(s.Contract.Modifications, pivot.Modification{Notified: fmt.Sprint(i), Suppliers: s.Contract.Suppliers})
			}
			s.Contract.Modifications = append(s.Contract.Modifications, pivot.Modification{Object: id})
		})
	}
	if got := Consolidate([]Source{many(0, "2019ABC05"), many(1, "2019ABC07")}); len(got) != 2 {
		t.Errorf("%d contracts, want 2: neither has all modifications of the other", len(got))
	}
}

func TestAHostileGroupIsNoBurden(t *testing.T) {
	var group []Source
	for i := range uint64(5000) {
		group = append(group, rec("a", i, "X-1", "papier", func(s *Source) {
			s.Deposit = fmt.Sprint(i % 7)
			*s.Contract.Amount = float64(i)
		}))
	}
	n := 0
	for _, c := range Consolidate(group) {
		n += len(c.Versions)
	}
	if n != len(group) {
		t.Errorf("%d versions of %d records", n, len(group))
	}
}
