package view

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"maillon/catalog/contract"
	"maillon/catalog/entry"
	"maillon/catalog/pivot"
)

func names() *rapid.Generator[string] {
	return rapid.OneOf(rapid.StringMatching(`[0-9]{0,20}`), rapid.String(), rapid.Just(strings.Repeat("x", 300)), rapid.StringMatching(`0{1,18}`))
}

func refs() *rapid.Generator[[]entry.Ref] {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) entry.Ref {
		return entry.Ref{Node: names().Draw(t, "node"), Epoch: rapid.IntRange(0, 1<<31-1).Draw(t, "epoch"), Index: rapid.Uint64().Draw(t, "index")}
	}), 1, 3)
}

func TestNamesRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOf(names()).Draw(t, "names")
		var b []byte
		for _, s := range list {
			b = appendName(b, s)
		}
		d := decoder{b: b}
		for _, s := range list {
			if got := d.name(); got != s {
				t.Fatalf("%q comes back as %q", s, got)
			}
		}
		if err := d.end(); err != nil {
			t.Fatal(err)
		}
	})
}

func groupContracts() *rapid.Generator[groupContract] {
	version := rapid.Custom(func(t *rapid.T) groupVersion {
		v := groupVersion{
			authority: contract.Authority(rapid.IntRange(0, 3).Draw(t, "authority")), reason: rapid.SampledFrom(reasons).Draw(t, "reason"),
			differs: rapid.SliceOf(rapid.String()).Draw(t, "differs"), refs: refs().Draw(t, "refs"),
			mixes: rapid.Bool().Draw(t, "mixes"), hashed: rapid.Bool().Draw(t, "hashed"),
		}
		if v.hashed {
			v.short = rapid.Uint32().Draw(t, "short")
		}
		return v
	})
	return rapid.Custom(func(t *rapid.T) groupContract {
		c := groupContract{
			kind: rapid.SampledFrom([]pivot.Kind{pivot.Marche, pivot.Concession}).Draw(t, "kind"), state: rapid.SampledFrom(states).Draw(t, "state"),
			how: rapid.SampledFrom(cases).Draw(t, "case"), conflict: rapid.Bool().Draw(t, "conflict"), year: names().Draw(t, "year"),
			day: rapid.Uint32().Draw(t, "day"), content: rapid.Uint64().Draw(t, "content"), newest: rapid.Int64().Draw(t, "newest"),
			ids: rapid.SliceOfN(names(), 1, 3).Draw(t, "ids"), suffix: names().Draw(t, "suffix"), family: rapid.Bool().Draw(t, "family"),
			versions: rapid.SliceOfN(version, 1, 3).Draw(t, "versions"),
		}
		if c.family {
			c.name, c.others = rapid.String().Draw(t, "name"), rapid.SliceOf(names()).Draw(t, "others")
			c.decisions = rapid.SliceOf(rapid.Custom(func(t *rapid.T) contract.Ruled {
				return contract.Ruled{What: names().Draw(t, "what"), Key: names().Draw(t, "key")}
			})).Draw(t, "decisions")
		}
		return c
	})
}

func TestGroupsRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := groupRow{contracts: rapid.SliceOf(groupContracts()).Draw(t, "contracts"), own: refs().Draw(t, "own")}
		id := names().Draw(t, "id")
		got, err := groupOf(id, want.value(id))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(groupRow{}, groupContract{}, groupVersion{}), cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("(-want +got)\n%s", diff)
		}
	})
}

func TestRecordsRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		said := telling{
			Deposit: rapid.String().Draw(t, "deposit"), Series: rapid.String().Draw(t, "series"), Pointer: rapid.String().Draw(t, "pointer"),
			Form: pivot.Form(rapid.String().Draw(t, "form")), Body: rapid.SliceOfN(rapid.Byte(), 1, 2000).Draw(t, "body"),
		}
		want := &record{
			ref: refs().Draw(t, "ref")[0], at: time.Unix(rapid.Int64Range(-1e10, 1e11).Draw(t, "at"), 0).UTC(),
			kind: rapid.SampledFrom([]pivot.Kind{pivot.Marche, pivot.Concession}).Draw(t, "kind"), buyer: names().Draw(t, "buyer"), id: names().Draw(t, "id"),
			state: rapid.SampledFrom([]pivot.State{pivot.Conforming, pivot.ToCorrect, Redacted}).Draw(t, "state"), withdrawn: rapid.Bool().Draw(t, "withdrawn"),
			class: class(rapid.Byte().Draw(t, "class")), hashed: rapid.Bool().Draw(t, "hashed"), reason: rapid.String().Draw(t, "reason"), packed: said.pack(),
		}
		if want.hashed {
			copy(want.hash[:], rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "hash"))
		}
		got, err := recordOf(want.ref, want.value())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(record{})); diff != "" {
			t.Fatalf("(-want +got)\n%s", diff)
		}
		if back, err := unpack(got.packed); err != nil || cmp.Diff(said, back) != "" {
			t.Fatalf("%v, %s", err, cmp.Diff(said, back))
		}
	})
}

func TestDaysSortAsDatesDo(t *testing.T) {
	list := []string{"no date", "0001-01-01", "0218-12-31", "2024-02-28", "2024-02-29", "2024-03-01", "9999-12-31"}
	if !slices.IsSortedFunc(list, func(a, b string) int { return bytes.Compare(listKey(dayOf(b), ""), listKey(dayOf(a), "")) }) {
		t.Error("the list is not sorted by date")
	}
	for _, date := range list[1:] {
		if got := string(appendDate(nil, dayOf(date))); got != date {
			t.Errorf("%s comes back as %s", date, got)
		}
	}
	for _, odd := range []string{"2024-02-30", "2024-2-3", "", "20240-1-01"} {
		if dayOf(odd) != 0 {
			t.Errorf("%q is day %d", odd, dayOf(odd))
		}
	}
}

// FuzzRows reads any bytes as each kind of row: no panic, and what can be read is
// what is written.
func FuzzRows(f *testing.F) {
	r := newRecord(entry.Ref{Node: rennes}, entry.Header{Op: entry.Put, Kind: "marche", Key: rennes + "/A", Source: &entry.Source{Deposit: "d"}}, []byte(`{"id":"A"}`))
	f.Add(r.value())
	g := groupRow{contracts: []groupContract{{kind: pivot.Marche, state: pivot.Conforming, how: contract.Alone, ids: []string{"A"},
		versions: []groupVersion{{reason: "shown-only", hashed: true, refs: []entry.Ref{r.ref}}}}}}
	f.Add(g.value("A"))
	f.Add((&Partition{Nodes: map[string]int{rennes: 1}}).value())
	f.Fuzz(func(t *testing.T, raw []byte) {
		if r, err := recordOf(entry.Ref{}, raw); err == nil {
			_, _ = unpack(r.packed)
			again, err := recordOf(entry.Ref{}, r.value())
			if err != nil || cmp.Diff(r, again, cmp.AllowUnexported(record{})) != "" {
				t.Errorf("record %v: %s", err, cmp.Diff(r, again, cmp.AllowUnexported(record{})))
			}
		}
		if g, err := groupOf("A", raw); err == nil {
			again, err := groupOf("A", g.value("A"))
			opts := []cmp.Option{cmp.AllowUnexported(groupRow{}, groupContract{}, groupVersion{}), cmpopts.EquateEmpty()}
			if err != nil || cmp.Diff(g, again, opts...) != "" {
				t.Errorf("group %v: %s", err, cmp.Diff(g, again, opts...))
			}
		}
		_, _ = partitionOf([]byte("b\x002024"), raw)
		q := filterOf(Query{Supplier: "1", Node: "2", CPV: "3", From: "2024"})
		_, _ = q.match(listKey(0, "a/b"), raw)
		_ = refOf(raw)
	})
}
