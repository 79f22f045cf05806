package view

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"maillon/catalog/entry"
	"maillon/catalog/pivot"
	"maillon/store"
	"maillon/store/bolt"
	"maillon/store/storetest"
)

const (
	hub    = "23350001600040"
	rennes = "21350238800019"
	other  = "25351449100047"
	acigne = "21350001000011" // goes on as rennes
	moved  = "21350238800027" // rennes at another address
)

var at = time.Date(2026, 4, 1, 8, 0, 0, 0, time.UTC)

// zeros is salt that does not vary, so that dumps can be compared.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// put makes the entry of a contract; edit changes its JSON.
func put(t testing.TB, buyer, id string, edit ...string) entry.Entry {
	t.Helper()
	return putIn(t, "dep", buyer, id, edit...)
}

// putIn is put in a deposit.
func putIn(t testing.TB, deposit, buyer, id string, edit ...string) entry.Entry {
	t.Helper()
	raw := fmt.Sprintf(`{"id":%q,"acheteur":{"id":%q},"nature":"Marché","objet":"Exemple : papier","codeCPV":"30190000",`+
		`"techniques":{"technique":["Sans objet"]},"modalitesExecution":{"modaliteExecution":["Sans objet"]},"marcheInnovant":false,"ccag":"Pas de CCAG",`+
		`"offresRecues":3,"attributionAvance":false,"typeGroupementOperateurs":"Pas de groupement","sousTraitanceDeclaree":false,"procedure":"Procédure adaptée",`+
		`"lieuExecution":{"code":"35238","typeCode":"Code commune"},"dureeMois":12,"dateNotification":"2026-03-02","datePublicationDonnees":"2026-03-20",`+
		`"montant":41000,"typesPrix":{"typePrix":["Définitif ferme"]},"formePrix":"Forfaitaire","titulaires":[{"titulaire":{"typeIdentifiant":"SIRET","id":"35600000000048"}}],`+
		`"considerationsSociales":{"considerationSociale":["Pas de considération sociale"]},"considerationsEnvironnementales":{"considerationEnvironnementale":["Pas de considération environnementale"]}}`,
		id, buyer)
	raw = strings.NewReplacer(edit...).Replace(raw)
	rec := pivot.Record{Kind: pivot.Marche, Form: pivot.Nested, Raw: []byte(raw), Buyer: buyer, ID: id}
	e, err := entry.NewPut(zeros{}, rec, entry.Source{Deposit: deposit, Series: "s", Pointer: "/marches/marche/0", Form: pivot.Nested}, at)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func must(t testing.TB) func(entry.Entry, error) entry.Entry {
	return func(e entry.Entry, err error) entry.Entry {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
}

func member(t testing.TB, m entry.Member) entry.Entry {
	t.Helper()
	raw, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return must(t)(entry.NewStatement(zeros{}, entry.KindMember, m.Node, raw, at))
}

func succession(t testing.TB, s entry.Succession) entry.Entry {
	t.Helper()
	raw, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return must(t)(entry.NewStatement(zeros{}, entry.KindSuccession, entry.SuccessionKey(s.From, s.To), raw, at))
}

// feed applies entries to a journal, from its cursor on, in batches of n.
func feed(t testing.TB, v *Views, node string, n int, entries ...entry.Entry) {
	t.Helper()
	j := Journal{Node: node}
	from, err := v.Cursor(j)
	if err != nil {
		t.Fatal(err)
	}
	for part := range slices.Chunk(entries, n) {
		var items []Item
		for _, e := range part {
			items = append(items, Item{Index: from, Entry: e})
			from++
		}
		if err := v.Apply(t.Context(), j, items); err != nil {
			t.Fatal(err)
		}
	}
}

func open(t testing.TB, db store.DB) *Views {
	t.Helper()
	v, err := Open(db, hub)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func dump(t testing.TB, db store.DB) string {
	t.Helper()
	var b strings.Builder
	err := db.View(func(tx store.Tx) error {
		for _, name := range buckets {
			for k, val := range tx.Bucket(name).Ascend(nil) {
				fmt.Fprintf(&b, "%s %q = %q\n", name, k, val)
				if name == recordBucket {
					r, err := getRecord(tx, refOf(k))
					if err != nil {
						return err
					}
					said, err := unpack(r.packed)
					fmt.Fprintf(&b, "  %+v says %+v %s %v\n", r, said, said.Body, err)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// journals are three journals that concern each other.
func journals(t *testing.T) map[string][]entry.Entry {
	return map[string][]entry.Entry{
		hub: {
			member(t, entry.Member{Node: rennes, State: "accepted", Publishes: []string{}}),
			member(t, entry.Member{Node: other, State: "accepted", Publishes: []string{acigne}}),
		},
		rennes: {
			put(t, rennes, "A"), put(t, rennes, "B", `"dureeMois":12`, `"dureeMois":0`), put(t, rennes, "C"),
			must(t)(entry.NewWithdraw("marche", rennes+"/C", 2, "erreur", at)),
			put(t, rennes, "D", "papier", "secret médical"),
			must(t)(entry.NewRedact("marche", rennes+"/D", 4, "donnée personnelle", at)),
		},
		other: {
			put(t, rennes, "A", "41000", "99000", "2026-03-20", "2026-03-25"), put(t, acigne, "E/1 #?%"),
			put(t, acigne, "F", "papier", "lot 1"), put(t, acigne, "F", "papier", "lot 2"),
		},
	}
}

// successors are the same journals, with bodies that go on as others.
func successors(t *testing.T) map[string][]entry.Entry {
	all := journals(t)
	all[hub] = append(all[hub],
		succession(t, entry.Succession{From: acigne, To: rennes, On: "2026-02-01", Why: entry.WhyMerger}),
		succession(t, entry.Succession{From: rennes, To: moved, On: "2026-03-01", Why: entry.WhyMove}))
	all[rennes] = append(all[rennes], put(t, moved, "A", "41000", "43000", "2026-03-20", "2026-03-28"),
		put(t, moved, "E/1 #?%", "2026-03-20", "2026-03-29"), put(t, rennes, "F", "papier", "autre", "2026-03-02", "2026-03-03"))
	return all
}

func TestAnyInterleavingGivesTheSameViews(t *testing.T) {
	all := successors(t)
	var want string
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 2))
		db := storetest.Memory()
		v := open(t, db)
		left := map[string][]entry.Entry{}
		for k, e := range all {
			left[k] = e
		}
		for len(left) > 0 {
			names := []string{hub, rennes, other}
			name := names[r.IntN(3)]
			if len(left[name]) == 0 {
				delete(left, name)
				continue
			}
			n := 1 + r.IntN(len(left[name]))
			feed(t, v, name, n, left[name][:n]...)
			left[name] = left[name][n:]
		}
		got := dump(t, db)
		if want == "" {
			want = got
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("seed %d: (-first +got)\n%s", seed, diff)
		}
		agree(t, v)
	}
	if strings.Contains(want, "secret médical") {
		t.Error("the views still hold what was redacted")
	}
}

func TestRebuildGetsTheSame(t *testing.T) {
	db := storetest.Memory()
	v := open(t, db)
	build := func() string {
		for _, node := range []string{hub, rennes, other} {
			feed(t, v, node, 100, successors(t)[node]...)
		}
		return dump(t, db)
	}
	first := build()
	if err := v.Reset(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first, build()); diff != "" {
		t.Error(diff)
	}
}

// TestACrashRepeatsWorkAndLosesNone fails each update in turn, both ways.
func TestACrashRepeatsWorkAndLosesNone(t *testing.T) {
	entries := journals(t)[rennes]
	clean := storetest.Memory()
	feed(t, open(t, clean), rennes, 1, entries...)
	want := dump(t, clean)
	for _, happens := range []bool{false, true} {
		for fail := range len(entries) {
			db := storetest.Memory()
			v := open(t, db)
			n := 0
			db.Fail(func(op string) (bool, error) {
				if op != "update" {
					return true, nil
				}
				if n++; n == fail+1 {
					return happens, errors.New("crash")
				}
				return true, nil
			})
			for {
				from, err := v.Cursor(Journal{Node: rennes})
				if err != nil {
					t.Fatal(err)
				}
				if from == uint64(len(entries)) {
					break
				}
				// an error is a crash: the next round starts at the cursor
				_ = v.Apply(t.Context(), Journal{Node: rennes}, []Item{{Index: from, Entry: entries[from]}})
			}
			if diff := cmp.Diff(want, dump(t, db)); diff != "" {
				t.Fatalf("update %d, happens %v: %s", fail, happens, diff)
			}
		}
	}
}

func TestAGapIsRefused(t *testing.T) {
	v := open(t, storetest.Memory())
	if err := v.Apply(t.Context(), Journal{Node: rennes}, []Item{{Index: 1, Entry: put(t, rennes, "A")}}); !errors.Is(err, errGap) {
		t.Errorf("error %v", err)
	}
}

func full(t *testing.T) *Views {
	v := open(t, storetest.Memory())
	for _, node := range []string{hub, rennes, other} {
		feed(t, v, node, 100, journals(t)[node]...)
	}
	return v
}

func TestStatesAndTotals(t *testing.T) {
	v := full(t)
	got, err := v.Totals()
	if err != nil {
		t.Fatal(err)
	}
	want := Totals{Records: 8, Contracts: 7, Conforming: 4, ToCorrect: 1, Withdrawn: 1, Redacted: 1, Conflicts: 1, Kinds: map[string]int{"marche": 7}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for state, n := range map[string]int{"conforme": 4, "a-corriger": 1, "withdrawn": 1, "redacted": 1} {
		if p, err := v.Contracts(Query{State: state, Limit: 10}); err != nil || p.Total != n || len(p.Items) != n {
			t.Errorf("%s: %d of %d, %v; want %d", state, len(p.Items), p.Total, err, n)
		}
	}
	d, err := v.Contract(rennes, "D")
	if err != nil || d.State != Redacted || d.Versions[0].Note != "donnée personnelle" || d.Object != "" {
		t.Errorf("the redacted contract: %+v, %v", d.Row, err)
	}
}

func TestTheBuyersOwnIsShownOverOneWithoutAuthority(t *testing.T) {
	d, err := full(t).Contract(rennes, "A")
	if err != nil {
		t.Fatal(err)
	}
	shown, lost := d.Versions[0], d.Versions[1]
	if shown.Node != rennes || shown.Authority != "own" || lost.Authority != "none" || lost.Reason != "lost-authority" {
		t.Errorf("shown %s (%s), other %s (%s: %s)", shown.Node, shown.Authority, lost.Node, lost.Authority, lost.Reason)
	}
	if diff := cmp.Diff([]string{"datePublicationDonnees", "montant"}, lost.Differs); diff != "" {
		t.Error(diff)
	}
	if got := conflicts(t, full(t)); len(got) != 1 || got[0] != "sources "+rennes+"/A" {
		t.Errorf("conflicts %q", got)
	}
}

func TestAuthorityChangesWithStatements(t *testing.T) {
	v := full(t)
	authority := func() string {
		d, err := v.Contract(acigne, "E/1 #?%")
		if err != nil {
			t.Fatal(err)
		}
		return d.Authority
	}
	if got := authority(); got != "charter" {
		t.Errorf("listed in publishes: %s", got)
	}
	feed(t, v, hub, 1, member(t, entry.Member{Node: other, State: "suspended"}))
	if got := authority(); got != "none" {
		t.Errorf("suspended: %s", got)
	}
	feed(t, v, hub, 1, member(t, entry.Member{Node: other, State: "accepted", Publishes: []string{"*"}}))
	if got := authority(); got != "charter" {
		t.Errorf("publishes for any: %s", got)
	}
	feed(t, v, rennes, 1, member(t, entry.Member{Node: other, State: "suspended"}))
	if got := authority(); got != "charter" {
		t.Errorf("a stranger's statement is believed: %s", got)
	}
	feed(t, v, hub, 1, member(t, entry.Member{Node: rennes, State: "accepted", IsHub: true}))
	if got := authority(); got != "none" {
		t.Errorf("an accepted hub's statement is not believed: %s", got)
	}
}

func TestAContractIsFoundByEveryAddressItHad(t *testing.T) {
	v := full(t)
	before, err := v.Contract(acigne, "E%2F1%20%23%3F%25")
	if err != nil {
		t.Fatal(err)
	}
	feed(t, v, other, 1, put(t, acigne, "E/1 #?%", "41000", "42000", "2026-03-20", "2026-03-28"))
	for _, slug := range []string{"E/1 #?%", "E%2F1%20%23%3F%25", before.Address[len("21350001000011/"):], "E%2F1~" + before.Versions[0].Hash[:8]} {
		d, err := v.Contract(acigne, slug)
		if err != nil || len(d.Versions) != 2 || *d.Amount != 42000 {
			t.Errorf("%s: %+v, %v", slug, d.Row, err)
		}
	}
	lot, err := v.Contract(acigne, "F")
	if err != nil || lot.Case != "lots" || len(lot.Lots) != 1 {
		t.Errorf("a bare id of lots: %+v, %v", lot, err)
	}
	for _, miss := range []string{"Z", "", "F~00000000", "..", "%zz"} {
		if _, err := v.Contract(acigne, miss); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%q: %v, want ErrNotFound", miss, err)
		}
	}
}

func TestPagesVisitEachContractOnceWhileDataComesIn(t *testing.T) {
	v := open(t, storetest.Memory())
	for i := range 25 {
		feed(t, v, rennes, 1, put(t, rennes, fmt.Sprintf("N%02d", i), "2026-03-02", fmt.Sprintf("2026-02-%02d", 1+i%9)))
	}
	seen := map[string]int{}
	q := Query{Limit: 4}
	for page := 0; ; page++ {
		p, err := v.Contracts(q)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range p.Items {
			seen[r.ID]++
		}
		if p.Next == "" {
			break
		}
		q.After = p.Next
		feed(t, v, rennes, 1, put(t, rennes, fmt.Sprintf("new%d", page))) // newer: before the place of the cursor
	}
	for i := range 25 {
		if n := seen[fmt.Sprintf("N%02d", i)]; n != 1 {
			t.Errorf("N%02d was seen %d times", i, n)
		}
	}
	if _, err := v.Contracts(Query{After: "!!", Limit: 1}); !errors.Is(err, ErrCursor) {
		t.Errorf("error %v, want ErrCursor", err)
	}
}

func TestFilters(t *testing.T) {
	v := full(t)
	for name, c := range map[string]struct {
		q    Query
		want int
	}{
		"buyer":            {Query{Buyer: rennes}, 4},
		"supplier":         {Query{Supplier: "35600000000048"}, 6},
		"CPV prefix":       {Query{CPV: "3019"}, 6},
		"another CPV":      {Query{CPV: "45"}, 0},
		"département":      {Query{Departement: "35"}, 7},
		"from":             {Query{From: "2026-03-02"}, 6},
		"to, too early":    {Query{To: "2026-03-01"}, 0},
		"kind":             {Query{Kind: "contrat-concession"}, 0},
		"node":             {Query{Node: other}, 3},
		"buyer and filter": {Query{Buyer: rennes, State: "conforme"}, 1},
	} {
		c.q.Limit = 100
		if p, err := v.Contracts(c.q); err != nil || p.Total != c.want {
			t.Errorf("%s: %d, %v; want %d", name, p.Total, err, c.want)
		}
	}
}

func TestAPartitionsRevisionChangesOnlyWithItsContent(t *testing.T) {
	v := full(t)
	revision := func() uint64 {
		parts, err := v.Partitions(PartitionQuery{Buyer: acigne})
		if err != nil || len(parts) != 1 {
			t.Fatalf("partitions %v, %v", parts, err)
		}
		if p := parts[0]; p.Contracts != 3 || p.Conforming != 3 || p.Nodes[other] < 3 {
			t.Errorf("partition %+v", p)
		}
		return parts[0].Revision
	}
	before := revision()
	feed(t, v, rennes, 1, put(t, rennes, "another buyer's"))
	if revision() != before {
		t.Error("another buyer's contract changed the revision")
	}
	feed(t, v, other, 1, put(t, acigne, "E/1 #?%", "41000", "43000", "2026-03-20", "2026-03-29"))
	if revision() == before {
		t.Error("a changed contract left the revision as it was")
	}
	n := 0
	for c, err := range v.PartitionContracts(t.Context(), acigne, "2026") {
		if err != nil || c.Buyer.ID != acigne {
			t.Errorf("%+v, %v", c, err)
		}
		n++
	}
	if n != 3 {
		t.Errorf("%d contracts in the partition, want 3", n)
	}
}

func TestAnErasedBodyAndAnUnknownOperationAreNoObstacle(t *testing.T) {
	v := open(t, storetest.Memory())
	gone := put(t, rennes, "A")
	gone.Body, gone.Salt = nil, nil
	odd := entry.Entry{Header: []byte(`{"v":1,"op":"dance","at":"2026-04-01T08:00:00Z"}`)}
	feed(t, v, rennes, 10, gone, odd, put(t, rennes, "B"))
	if p, err := v.Contracts(Query{Limit: 10}); err != nil || p.Total != 2 {
		t.Errorf("%+v, %v", p, err)
	}
	if d, err := v.Contract(rennes, "A"); err != nil || d.State != Redacted {
		t.Errorf("%+v, %v", d.Row, err)
	}
}

func TestHeadsAreBelievedFromSelfAndHubs(t *testing.T) {
	v := open(t, storetest.Memory())
	head := func(node string) entry.Entry {
		raw, err := json.Marshal(entry.Head{Node: node, Checkpoint: "c"})
		if err != nil {
			t.Fatal(err)
		}
		return must(t)(entry.NewStatement(zeros{}, entry.KindHead, node, raw, at))
	}
	feed(t, v, rennes, 1, head("x"))
	feed(t, v, hub, 1, head("y"))
	count := func() int {
		h, err := v.Heads()
		if err != nil {
			t.Fatal(err)
		}
		return len(h)
	}
	if n := count(); n != 1 {
		t.Errorf("%d heads, want the own one", n)
	}
	feed(t, v, hub, 1, member(t, entry.Member{Node: rennes, State: "accepted", IsHub: true}))
	if n := count(); n != 2 {
		t.Errorf("%d heads, want those of the accepted hub too", n)
	}
}

func TestOtherRulesStartFromNothing(t *testing.T) {
	db := storetest.Memory()
	feed(t, open(t, db), rennes, 1, put(t, rennes, "A"))
	if err := db.Update(func(tx store.Tx) error { return tx.Bucket(metaBucket).Put(rulesKey, []byte("0")) }); err != nil {
		t.Fatal(err)
	}
	if n, err := open(t, db).Cursor(Journal{Node: rennes}); err != nil || n != 0 {
		t.Errorf("cursor %d, %v", n, err)
	}
}

func FuzzFind(f *testing.F) {
	db := storetest.Memory()
	v := open(f, db)
	feed(f, v, rennes, 1, put(f, rennes, "A"))
	f.Add(rennes, "A")
	f.Add("%", "~")
	f.Add("", "A~0123456789")
	f.Fuzz(func(t *testing.T, buyer, slug string) {
		if d, err := v.Contract(buyer, slug); err == nil && d.ID != "A" {
			t.Errorf("%q/%q leads to %q", buyer, slug, d.ID)
		}
	})
}

func BenchmarkApply(b *testing.B) {
	db, err := bolt.Open(filepath.Join(b.TempDir(), "views.db"), bolt.Options{Churn: true})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	v := open(b, db)
	const batch = 2000
	n := 0
	for b.Loop() {
		var items []Item
		for i := range batch {
			items = append(items, Item{Index: uint64(n + i), Entry: put(b, fmt.Sprintf("2135%010d", (n+i)%500), fmt.Sprint("N", n+i))})
		}
		b.StopTimer()
		b.StartTimer()
		if err := v.Apply(b.Context(), Journal{Node: rennes}, items); err != nil {
			b.Fatal(err)
		}
		n += batch
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "records/s")
}

func TestAccountsAddUp(t *testing.T) {
	db := storetest.Memory()
	v := open(t, db)
	all := journals(t)
	all[rennes] = append(all[rennes], entry.Entry{Header: []byte(`{"v":1,"op":"later","at":"2026-03-01T12:00:00Z"}`)})
	for _, name := range []string{rennes, hub, other} { // authority comes after the records
		feed(t, v, name, 1, all[name]...)
	}
	got, err := v.Accounts()
	if err != nil {
		t.Fatal(err)
	}
	want := map[Journal]Account{
		{Node: hub}:    {Entries: 2, Statements: 2},
		{Node: rennes}: {Entries: 7, Puts: 4, Withdraws: 1, Redacts: 1, Unknown: 1, Conforming: 1, ToCorrect: 1, Withdrawn: 1, Redacted: 1},
		{Node: other}:  {Entries: 4, Puts: 4, Conforming: 3, Superseded: 1},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	for j, a := range got {
		if !a.Balanced() {
			t.Errorf("account of %s does not add up: %+v", j.Node, a)
		}
	}
	// Withdrawn by its buyer, the other node's record is shown.
	feed(t, v, rennes, 1, must(t)(entry.NewWithdraw("marche", rennes+"/A", 0, "erreur", at)))
	if got, err = v.Accounts(); err != nil || got[Journal{Node: rennes}].Withdrawn != 2 || got[Journal{Node: other}].Superseded != 0 {
		t.Errorf("after a withdrawal: %+v, %v", got, err)
	}
}

// Briefs say of every partition what the whole list does; the département of one buyer is
// that of all.
func TestBriefsAgreeWithPartitions(t *testing.T) {
	v := open(t, storetest.Memory())
	if _, err := v.CatchUp(t.Context(), sourcesOf(t)...); err != nil {
		t.Fatal(err)
	}
	parts, err := v.Partitions(PartitionQuery{})
	if err != nil {
		t.Fatal(err)
	}
	var want []Brief
	buyers := map[string]bool{}
	for _, p := range parts {
		want = append(want, Brief{p.Buyer, p.Year, p.Contracts, p.Revision, p.Changed})
		buyers[p.Buyer] = true
	}
	got, err := v.Briefs()
	if diff := cmp.Diff(want, got); diff != "" || err != nil || len(got) == 0 {
		t.Errorf("%v %s", err, diff)
	}
	mains, err := v.MainDepartements(buyers)
	if err != nil {
		t.Fatal(err)
	}
	for buyer := range buyers {
		if one, err := v.MainDepartement(buyer); one != mains[buyer] || err != nil {
			t.Errorf("%s: %q, want %q, %v", buyer, one, mains[buyer], err)
		}
	}
}
