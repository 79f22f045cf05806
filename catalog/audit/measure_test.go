package audit

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"maillon/catalog"
	"maillon/catalog/pivot"
)

func marche(notified, published string) pivot.Complete {
	return pivot.Complete{
		Contract: pivot.Contract{Kind: pivot.Marche, ID: "1", Notified: notified, Published: published},
		State:    pivot.Conforming, Schema: pivot.V204, ReceivedAt: time.Date(2026, 3, 31, 23, 59, 0, 0, time.UTC),
	}
}

func TestDelays(t *testing.T) {
	for _, c := range []struct {
		name, notified, published string
		want                      Delay
	}{
		{"same day", "2026-01-05", "2026-01-05", Delay{N: 1}},
		{"the last day of the two months", "2026-01-05", "2026-03-05", Delay{N: 1, Median: 59, P90: 59}},
		{"the day after", "2026-01-05", "2026-03-06", Delay{N: 1, Median: 60, P90: 60, Late: 1, Share: 1}},
		{"end of December, in time", "2025-12-31", "2026-02-28", Delay{N: 1, Median: 59, P90: 59}},
		{"end of December, late", "2025-12-31", "2026-03-01", Delay{N: 1, Median: 60, P90: 60, Late: 1, Share: 1}},
		{"leap year", "2023-12-30", "2024-02-29", Delay{N: 1, Median: 61, P90: 61}},
		{"across two months of 31 days", "2026-07-01", "2026-09-01", Delay{N: 1, Median: 62, P90: 62}},
		{"before notification", "2026-01-05", "2026-01-04", Delay{Early: 1}},
		{"not given", "2026-01-05", "", Delay{Missing: 1}},
		{"no date", "05/01/2026", "2026-01-05", Delay{Missing: 1}},
		{"no year for a contract", "0218-01-05", "2018-01-05", Delay{Missing: 1}},
		{"a day that is none", "2026-02-30", "2026-03-05", Delay{Missing: 1}},
	} {
		var m Measure
		one := marche(c.notified, c.published)
		m.Add(&one)
		if diff := gocmp.Diff(c.want, m.Delay()); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

func TestConcessionsAreToAppearBeforeTheyBegin(t *testing.T) {
	for _, c := range []struct {
		published, start string
		begun, late      int
	}{{"2026-01-05", "2026-01-05", 1, 0}, {"2026-01-06", "2026-01-05", 1, 1}, {"", "2026-01-05", 0, 0}} {
		var m Measure
		one := marche("2020-01-01", c.published)
		one.Kind, one.Start = pivot.Concession, c.start
		m.Add(&one)
		if d := m.Delay(); d.Concessions != c.begun || d.ConcessionsLate != c.late || d.N != 0 {
			t.Errorf("published %q, began %q: %+v", c.published, c.start, d)
		}
	}
}

func TestMedianAndNinetiethCentileAreDaysThatWereMet(t *testing.T) {
	for _, c := range []struct {
		days        []int16
		median, p90 int
	}{{[]int16{7}, 7, 7}, {[]int16{9, 1}, 1, 9}, {[]int16{3, 1, 2}, 2, 3}, {[]int16{10, 9, 8, 7, 6, 5, 4, 3, 2, 1}, 5, 9}} {
		m := Measure{Days: c.days}
		if d := m.Delay(); d.Median != c.median || d.P90 != c.p90 {
			t.Errorf("of %v: median %d, p90 %d; want %d, %d", c.days, d.Median, d.P90, c.median, c.p90)
		}
	}
}

func TestWhatWasTakenBackCountsAsThatOnly(t *testing.T) {
	var m Measure
	gone, erased := marche("2026-01-05", "2026-01-06"), marche("2026-01-05", "2026-01-06")
	gone.Withdrawn, erased.State = true, "redacted"
	m.Add(&gone)
	m.Add(&erased)
	if diff := gocmp.Diff(Measure{Withdrawn: 1, Redacted: 1}, m, gocmp.AllowUnexported(Measure{})); diff != "" {
		t.Error(diff)
	}
}

func TestARuleCountsOnceAContract(t *testing.T) {
	var m Measure
	one := marche("2026-01-05", "2026-01-06")
	one.State = pivot.ToCorrect
	one.Problems = catalog.Problems{{Rule: "enum", Severity: catalog.Error, Pointer: "/a"}, {Rule: "enum", Severity: catalog.Error, Pointer: "/b"}, {Rule: "siret-key", Severity: catalog.Warning}}
	m.Add(&one)
	if m.Errors.Of("enum") != 1 || m.Doubts.Of("siret-key") != 1 || m.Errors.Of("siret-key") != 0 {
		t.Errorf("errors %v, doubts %v", m.Errors, m.Doubts)
	}
}

func TestFieldsAreAskedOfTheVersionsThatKnowThem(t *testing.T) {
	var m Measure
	old, today := marche("2019-01-05", "2019-01-06"), marche("2026-01-05", "2026-01-06")
	old.Schema = pivot.V150
	yes := false
	today.Innovative = &yes // given, and "no"
	m.Add(&old)
	m.Add(&today)
	got := map[string]FieldShare{}
	for _, f := range m.Fields() {
		got[f.Field] = f
	}
	want := map[string]FieldShare{
		"marcheInnovant": {"marcheInnovant", pivot.Marche, true, 1, 1}, "objet": {"objet", pivot.Marche, true, 2, 0},
		"tauxAvance": {"tauxAvance", pivot.Marche, false, 1, 0}, "id": {"id", pivot.Marche, true, 2, 2},
	}
	for name, f := range want {
		if got[name] != f {
			t.Errorf("%s: %+v, want %+v", name, got[name], f)
		}
	}
}

// Every field of today's schema is looked at, so that none is left out when the
// law adds one. What only XML knows under another name is not.
func TestEveryLegalFieldIsLookedAt(t *testing.T) {
	known := map[string]bool{}
	for _, f := range fields() {
		known[string(f.kind)+f.name] = true
	}
	for _, kind := range []pivot.Kind{pivot.Marche, pivot.Concession} {
		for _, f := range pivot.Dictionary(kind) {
			if slices.Contains([]byte(f.Path), '/') {
				continue
			}
			if _, ok := f.In(pivot.V204); ok && !known[string(kind)+f.Path] {
				t.Errorf("no test tells whether a %s gives %s", kind, f.Path)
			}
		}
	}
}

func anyContract(t *rapid.T) pivot.Complete {
	day := rapid.SampledFrom([]string{"", "2024-01-31", "2024-03-31", "2024-04-01", "2026-02-28", "x"})
	c := marche(day.Draw(t, "notified"), day.Draw(t, "published"))
	c.Kind = rapid.SampledFrom([]pivot.Kind{pivot.Marche, pivot.Concession}).Draw(t, "kind")
	c.State = rapid.SampledFrom([]pivot.State{pivot.Conforming, pivot.ToCorrect, "redacted"}).Draw(t, "state")
	c.Schema = rapid.SampledFrom([]pivot.Version{pivot.V150, pivot.V204, ""}).Draw(t, "schema")
	c.Withdrawn, c.Start = rapid.Bool().Draw(t, "withdrawn"), day.Draw(t, "start")
	c.ReceivedAt = time.Unix(rapid.Int64Range(1.6e9, 1.8e9).Draw(t, "received"), 0)
	for range rapid.IntRange(0, 3).Draw(t, "problems") {
		c.Problems = append(c.Problems, catalog.Problem{Rule: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "rule"), Severity: catalog.Error})
	}
	return c
}

// settled is a measure whose days are sorted: their order says nothing.
func settled(m Measure) Measure {
	m.Days = slices.Clone(m.Days)
	slices.SortFunc(m.Days, cmp.Compare[int16])
	return m
}

func TestMeasuresAddUpToTheSameInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := rapid.SliceOfN(rapid.Custom(anyContract), 0, 30).Draw(t, "contracts")
		var whole Measure
		for i := range all {
			whole.Add(&all[i])
		}
		parts := make([]Measure, 3)
		order := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		for _, i := range order.Perm(len(all)) {
			parts[i%3].Add(&all[i])
		}
		var sum Measure
		for _, i := range order.Perm(len(parts)) {
			sum.Merge(&parts[i])
		}
		if diff := gocmp.Diff(settled(whole), settled(sum), gocmp.AllowUnexported(Measure{})); diff != "" {
			t.Fatal(diff)
		}
		if n := whole.Marches + whole.Concessions; n != whole.Contracts() || whole.Contracts()+whole.Withdrawn+whole.Redacted != len(all) {
			t.Fatalf("%d contracts make %+v", len(all), whole)
		}
		if d := whole.Delay(); d.N+d.Early+d.Missing != whole.Marches || d.Late > d.N || d.Median > d.P90 {
			t.Fatalf("of %d marchés: %+v", whole.Marches, d)
		}
	})
}

func TestPercentIsNoughtAndHundredOnlyWhenItIs(t *testing.T) {
	for _, c := range []struct{ n, all, want int }{{0, 0, 0}, {0, 9, 0}, {1, 1000, 1}, {999, 1000, 99}, {9, 9, 100}, {1, 2, 50}, {2, 3, 67}} {
		if got := Percent(c.n, c.all); got != c.want {
			t.Errorf("Percent(%d, %d) = %d, want %d", c.n, c.all, got, c.want)
		}
	}
}
