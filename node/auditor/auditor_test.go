package auditor

import (
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"maillon/catalog/audit"
	"maillon/catalog/entry"
	"maillon/catalog/pivot"
	"maillon/catalog/territory"
	"maillon/store/storetest"
	"maillon/store/view"
)

const (
	hub    = "23350001600040"
	rennes = "21350238800019"
	acigne = "21350001000011"
	source = "0123456789abcdef"
)

var now = time.Date(2026, 4, 1, 8, 0, 0, 0, time.UTC)

// put is the entry of a contract; the series is that of its deposit.
func put(t testing.TB, buyer, id, year, series string) entry.Entry {
	t.Helper()
	raw := fmt.Sprintf(`{"id":%q,"acheteur":{"id":%q},"nature":"Marché","objet":"Papier %s","codeCPV":"30190000","dateNotification":"%s-01-02","datePublicationDonnees":"%s-01-20","montant":41000}`,
		id, buyer, id, year, year)
	rec := pivot.Record{Kind: pivot.Marche, Form: pivot.Nested, Raw: []byte(raw), Buyer: buyer, ID: id}
	e, err := entry.NewPut(rand.Reader, rec, entry.Source{Deposit: "d", Series: series, Pointer: "/marches/marche/0", Form: pivot.Nested}, now)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func newViews(t testing.TB) *view.Views {
	t.Helper()
	v, err := view.Open(storetest.Memory(), hub)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// feed adds entries to a node's journal.
func feed(t testing.TB, v *view.Views, node string, entries ...entry.Entry) {
	t.Helper()
	j := view.Journal{Node: node}
	from, err := v.Cursor(j)
	if err != nil {
		t.Fatal(err)
	}
	var items []view.Item
	for i, e := range entries {
		items = append(items, view.Item{Index: from + uint64(i), Entry: e})
	}
	if err := v.Apply(t.Context(), j, items); err != nil {
		t.Fatal(err)
	}
}

func input(t testing.TB) audit.Input {
	z, err := territory.ParseGeozone("fr:departement:35")
	if err != nil {
		t.Fatal(err)
	}
	return audit.Input{Territory: z, Self: hub, Now: now, Nodes: []audit.Node{{ID: rennes, State: "accepted", Contact: "a@b.example"}}}
}

// brief is what a report says, in a form to compare.
func brief(r *audit.Report) (out []string) {
	for _, a := range append(r.Actors, r.Outside...) {
		if a.State != audit.Unknown {
			out = append(out, fmt.Sprint(a.ID, a.State, a.DCAT, a.By, a.Contracts, a.Measure.Delay(), a.Measure.Years, a.Measure.Fields()))
		}
	}
	return out
}

func TestOnlyWhatChangedIsMeasuredAgain(t *testing.T) {
	v := newViews(t)
	feed(t, v, rennes, put(t, rennes, "A", "2024", "s"), put(t, rennes, "B", "2025", "s"))
	for i := range 20 {
		feed(t, v, hub, put(t, fmt.Sprintf("2135%03d0000001", i), "X", "2025", "s"))
	}
	a := New(v)
	defer a.Close()
	before, err := a.make(input(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	kept := a.parts
	feed(t, v, rennes, put(t, rennes, "C", "2025", "s"))
	after, err := a.make(input(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	changed := 0
	for k, p := range a.parts {
		if kept[k].measure != p.measure {
			changed++
		}
	}
	if changed != 1 || len(a.parts) != len(kept) || cmp.Equal(brief(before), brief(after)) {
		t.Errorf("%d of %d partitions were measured again, want 1", changed, len(a.parts))
	}
	fresh := New(v)
	defer fresh.Close()
	whole, err := fresh.make(input(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(brief(whole), brief(after)); diff != "" {
		t.Errorf("bit by bit it is not what it is at once: %s", diff)
	}
}

func TestHarvestedContractsAreToldApart(t *testing.T) {
	v := newViews(t)
	series := entry.HarvestSeries(source, nil)
	body := []byte(`{"source":"https://p.example/catalog","dataset":"https://p.example/d","gone":true}`)
	stated, err := entry.NewStatement(rand.Reader, entry.KindDataset, entry.DatasetKey("https://p.example/catalog", "https://p.example/d"), body, now)
	if err != nil {
		t.Fatal(err)
	}
	feed(t, v, hub, stated, put(t, rennes, "A", "2024", series), put(t, rennes, "B", "2025", "s"), put(t, acigne, "A", "2024", series), put(t, acigne, "B", "2025", series))
	a := New(v)
	defer a.Close()
	r, err := a.Report(t.Context(), input(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]audit.State{rennes: audit.Other, acigne: audit.Harvested} {
		if got, _ := r.Find(id); got.State != want {
			t.Errorf("%s: %s, want %s", id, got.State, want)
		}
	}
}

func TestAReportIsKeptWhileNothingChanges(t *testing.T) {
	v := newViews(t)
	a := New(v)
	in := input(t)
	ask := func() *audit.Report {
		t.Helper()
		r, err := a.Report(t.Context(), in, map[string]string{"s": "503"})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	first := ask()
	in.Nodes[0].Seen, in.Now = now, now.Add(time.Hour)
	if ask() != first {
		t.Error("a node that was seen again changes nothing")
	}
	a.last.took = 0
	in.Now = now.AddDate(0, 0, 1)
	second := ask()
	a.last.took = 0
	in.Nodes[0].Error = "refused"
	if third := ask(); second == first || third == second {
		t.Error("another day, or another state of a node, is another report")
	}
	a.last.took = time.Hour
	in.Nodes[0].Error = ""
	if r, err := a.Report(t.Context(), in, nil); err != nil || r.Obstacles == nil {
		t.Error("a report that took long is not made again at once")
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Report(t.Context(), in, nil); !errors.Is(err, ErrMaking) {
		t.Errorf("after Close: %v", err)
	}
}

func TestAskersAtOnceShareOneReport(t *testing.T) {
	v := newViews(t)
	feed(t, v, rennes, put(t, rennes, "A", "2024", "s"))
	a := New(v)
	defer a.Close()
	in := input(t)
	got := make(chan *audit.Report)
	for range 8 {
		go func() {
			r, _ := a.Report(t.Context(), in, nil)
			got <- r
		}()
	}
	first := <-got
	for range 7 {
		if r := <-got; r == nil || r != first {
			t.Fatal("askers got different reports")
		}
	}
}

// BenchmarkAudit measures a large hub: 20,000 buyers, three contracts each, in
// memory; first all of it, then after one contract changed.
func BenchmarkAudit(b *testing.B) {
	v := newViews(b)
	var all []entry.Entry
	n := 0
	for m := range territory.Communes() {
		if m.SIREN == "" || n == 20_000 {
			continue
		}
		n++
		for i := range 3 {
			all = append(all, put(b, m.SIREN+"00000", fmt.Sprint("C", i), fmt.Sprint(2023+i), "s"))
		}
	}
	for len(all) > 0 {
		some := all[:min(5000, len(all))]
		feed(b, v, hub, some...)
		all = all[len(some):]
	}
	in := input(b)
	in.Territory, _ = territory.ParseGeozone("fr")
	a := New(v)
	defer a.Close()
	b.Run("whole", func(b *testing.B) {
		for b.Loop() {
			a.parts = map[partKey]part{}
			if _, err := a.make(in, nil); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("one changed", func(b *testing.B) {
		i := 0
		for b.Loop() {
			i++
			feed(b, v, hub, put(b, rennes, strings.Repeat("Z", i%9+1), "2025", "s"))
			if _, err := a.make(in, nil); err != nil {
				b.Fatal(err)
			}
		}
	})
}
