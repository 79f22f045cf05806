package view

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"maillon/catalog/entry"
	"maillon/store/storetest"
)

func decision(t testing.TB, d entry.Decision) entry.Entry {
	t.Helper()
	if d.Reason == "" {
		d.Reason = "looked at"
	}
	raw, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	return must(t)(entry.NewStatement(zeros{}, entry.KindDecision, entry.DecisionKey(d.Sides), raw, at))
}

// side is the contract at an address as it stands.
func side(t testing.TB, v *Views, buyer, slug string) entry.Side {
	t.Helper()
	d, err := v.Contract(buyer, slug)
	if err != nil {
		t.Fatal(err)
	}
	return d.Side()
}

// told is what the views say of conflicts, a line each.
func conflicts(t testing.TB, v *Views) []string {
	t.Helper()
	page, err := v.Conflicts(ConflictQuery{Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, c := range page.Items {
		line := string(c.Kind)
		if c.Settled {
			line += " settled"
		}
		for _, d := range c.Contracts {
			line += " " + d.Address
			for _, r := range d.Decisions {
				line += fmt.Sprintf(" %s:%v", r.Decision.What, r.Holds)
			}
		}
		out = append(out, line)
	}
	return out
}

func TestConflictsAreWhatSomebodyMayHaveToSettle(t *testing.T) {
	v := open(t, storetest.Memory())
	other2 := func(id string, edit ...string) entry.Entry {
		return put(t, rennes, id, append(edit, `41000`, `52000`)...)
	}
	feed(t, v, rennes, 1,
		put(t, rennes, "A"), put(t, rennes, "B"),
		putIn(t, "later", rennes, "B", `"2026-03-20"`, `"2026-03-25"`, "41000", "42000"), // an update is no contradiction
		put(t, rennes, "C", "papier", "encre"), put(t, rennes, "D", "papier", "tables"))
	feed(t, v, other, 1,
		other2("A"), // contradicts
		put(t, rennes, "C", "papier", "ciment", "2026-03-02", "2025-01-07"), // another contract under the id
		put(t, rennes, "D-bis", "papier", "tables."))                        // the same under another
	want := []string{
		"collision " + side2(t, v, "C", 0) + " " + side2(t, v, "C", 1),
		"duplicates " + rennes + "/D " + rennes + "/D-bis",
		"sources " + rennes + "/A",
	}
	if diff := cmp.Diff(want, conflicts(t, v)); diff != "" {
		t.Fatal(diff)
	}
	for _, q := range []ConflictQuery{{Kind: Sources, Limit: 1}, {Limit: 1}, {Buyer: rennes, Limit: 1}} {
		var got []string
		total := 0
		for {
			page, err := v.Conflicts(q)
			if err != nil {
				t.Fatal(err)
			}
			total = page.Total
			for _, c := range page.Items {
				got = append(got, string(c.Kind))
			}
			if q.After = page.Next; q.After == "" {
				break
			}
		}
		if len(got) != total || q.Kind == Sources && total != 1 {
			t.Errorf("%+v: %v of %d", q, got, total)
		}
	}
}

// side2 is the address of one of the contracts under an id.
func side2(t testing.TB, v *Views, id string, n int) string {
	t.Helper()
	d, err := v.Contract(rennes, id)
	if err != nil {
		t.Fatal(err)
	}
	all := []string{d.Address}
	for _, l := range d.Lots {
		all = append(all, l.Address)
	}
	slices.Sort(all)
	return all[n]
}

func TestADecisionHoldsUntilTheDataChanges(t *testing.T) {
	db := storetest.Memory()
	v := open(t, db)
	feed(t, v, rennes, 1, put(t, rennes, "A"), put(t, rennes, "D", "papier", "tables"))
	feed(t, v, other, 1, put(t, rennes, "A", "41000", "52000", `"2026-03-20"`, `"2026-03-19"`), put(t, rennes, "D-bis", "papier", "tables."))

	a := side(t, v, rennes, "A")
	hash := func(n int) string {
		d, err := v.Contract(rennes, "A")
		if err != nil {
			t.Fatal(err)
		}
		return d.Versions[n].Hash
	}
	loser := hash(1)
	feed(t, v, hub, 1, decision(t, entry.Decision{What: entry.DecideShow, Sides: []entry.Side{a}, Shown: loser}))
	d, err := v.Contract(rennes, "A")
	if err != nil || d.Versions[0].Hash != loser || d.Versions[0].Reason != "shown-decision" || d.Versions[1].Reason != "lost-decision" || len(d.Versions[1].Differs) == 0 {
		t.Fatalf("%+v, %v", d, err)
	}

	// Two ids, one contract: found under both, listed once.
	pair := []entry.Side{side(t, v, rennes, "D"), side(t, v, rennes, "D-bis")}
	feed(t, v, hub, 1, decision(t, entry.Decision{What: entry.DecideSame, Sides: pair}))
	d, err = v.Contract(rennes, "D-bis")
	again, err2 := v.Contract(rennes, "D")
	if err != nil || err2 != nil || d.Address != again.Address || len(d.IDs) != 2 || len(d.Versions) != 2 {
		t.Fatalf("%+v, %v, %v", d, err, err2)
	}
	if page, err := v.Contracts(Query{Limit: 10}); err != nil || page.Total != 2 || len(page.Items) != 2 {
		t.Errorf("%+v, %v", page, err)
	}
	if got := conflicts(t, v); !slices.Equal(got, []string{"sources settled " + rennes + "/A show:true", "sources " + d.Address + " same:true"}) {
		t.Errorf("%q", got)
	}

	// The data changes: the rules speak again, and it is on the list again.
	feed(t, v, other, 1, put(t, rennes, "A", "41000", "53000", `"2026-03-20"`, `"2026-03-18"`))
	if d, err = v.Contract(rennes, "A"); err != nil || d.Versions[0].Reason != "shown-authority" || len(d.Decisions) != 1 || d.Decisions[0].Holds {
		t.Errorf("%+v, %v", d, err)
	}
	// Taken back, both stand alone again.
	feed(t, v, hub, 1, decision(t, entry.Decision{What: entry.DecideSame, Sides: pair, Void: true}))
	want := []string{"duplicates " + rennes + "/D same:false " + rennes + "/D-bis same:false", "sources " + rennes + "/A show:false"}
	if diff := cmp.Diff(want, conflicts(t, v)); diff != "" {
		t.Error(diff)
	}
	feed(t, v, hub, 1, decision(t, entry.Decision{What: entry.DecideApart, Sides: pair}))
	want[0] = "duplicates settled " + rennes + "/D apart:true " + rennes + "/D-bis apart:true"
	if diff := cmp.Diff(want, conflicts(t, v)); diff != "" {
		t.Error(diff)
	}
}

func TestADecisionSeparatesWhatRulesJoin(t *testing.T) {
	v := open(t, storetest.Memory())
	feed(t, v, rennes, 1, put(t, rennes, "A"))
	feed(t, v, other, 1, put(t, rennes, "A", "41000", "52000"))
	all := side(t, v, rennes, "A")
	one, two := all, all
	one.Records, two.Records = all.Records[:1], all.Records[1:]
	feed(t, v, hub, 1, decision(t, entry.Decision{What: entry.DecideApart, Sides: []entry.Side{one, two}}))
	d, err := v.Contract(rennes, "A")
	if err != nil || len(d.Versions) != 1 || len(d.Lots) != 1 || d.Address != rennes+"/A" {
		t.Fatalf("%+v, %v", d, err)
	}
	if got := conflicts(t, v); len(got) != 1 || got[0][:17] != "collision settled" {
		t.Errorf("%q", got)
	}
}

func TestWhoseDecisionCounts(t *testing.T) {
	v := open(t, storetest.Memory())
	const below, stranger = "22350001800013", "20005043900029"
	feed(t, v, rennes, 1, put(t, rennes, "A"))
	feed(t, v, other, 1, put(t, rennes, "A", "41000", "52000", `"2026-03-20"`, `"2026-03-19"`))
	d, err := v.Contract(rennes, "A")
	if err != nil {
		t.Fatal(err)
	}
	show := func(n int) entry.Entry {
		return decision(t, entry.Decision{What: entry.DecideShow, Sides: []entry.Side{d.Side()}, Shown: d.Versions[n].Hash})
	}
	shown := func(what, reason string) {
		t.Helper()
		got, err := v.Contract(rennes, "A")
		if err != nil || got.Versions[0].Reason != reason {
			t.Errorf("%s: %s, %v; want %s", what, got.Versions[0].Reason, err, reason)
		}
	}
	feed(t, v, stranger, 1, show(1))
	shown("a stranger's", "shown-authority")
	feed(t, v, below, 1, show(1))
	shown("one of a hub that is not admitted", "shown-authority")
	feed(t, v, hub, 1, member(t, entry.Member{Node: below, State: "accepted", IsHub: true}))
	shown("one of a hub that vouches for nobody", "shown-authority")
	feed(t, v, below, 1, member(t, entry.Member{Node: rennes, State: "accepted"}), member(t, entry.Member{Node: other, State: "accepted"}))
	shown("one of the hub of both", "shown-decision")
	feed(t, v, hub, 1, show(0))
	if got, err := v.Contract(rennes, "A"); err != nil || got.Versions[0].Hash != d.Versions[0].Hash {
		t.Errorf("the own word does not come first: %+v, %v", got, err)
	}
	feed(t, v, hub, 1, member(t, entry.Member{Node: below, State: "suspended", IsHub: true}))
	if got, err := v.Contract(rennes, "A"); err != nil || got.Versions[0].Reason != "shown-decision" {
		t.Errorf("the own word went with the other: %+v, %v", got, err)
	}
}

// Journals with decisions may come in any order and in any batches.
func TestDecisionsComeInAnyOrder(t *testing.T) {
	first := open(t, storetest.Memory())
	mine := []entry.Entry{put(t, rennes, "A"), put(t, rennes, "D", "papier", "tables"), put(t, rennes, "E", "papier", "chaises")}
	theirs := []entry.Entry{
		put(t, rennes, "A", "41000", "52000"), put(t, rennes, "D-bis", "papier", "tables."), put(t, rennes, "E", "papier", "ciment"), put(t, rennes, "A", "41000", "53000", `"2026-03-20"`, `"2026-03-21"`),
	}
	feed(t, first, rennes, 9, mine...)
	feed(t, first, other, 9, theirs...)
	a := side(t, first, rennes, "A")
	said := []entry.Entry{
		decision(t, entry.Decision{What: entry.DecideShow, Sides: []entry.Side{a}, Shown: a.Records[1]}),
		decision(t, entry.Decision{What: entry.DecideSame, Sides: []entry.Side{side(t, first, rennes, "D"), side(t, first, rennes, "D-bis")}}),
		decision(t, entry.Decision{What: entry.DecideSettled, Sides: []entry.Side{a}}),
		decision(t, entry.Decision{What: entry.DecideApart, Sides: []entry.Side{{Buyer: rennes, ID: "A", Records: a.Records[:1]}, {Buyer: rennes, ID: "A", Records: a.Records[1:]}}}),
	}
	var want string
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 3))
		db := storetest.Memory()
		v := open(t, db)
		left := map[string][]entry.Entry{rennes: mine, other: theirs, hub: said}
		names := []string{rennes, other, hub}
		for len(left) > 0 {
			name := names[r.IntN(3)]
			n := 1 + r.IntN(3)
			if list := left[name]; len(list) > 0 {
				feed(t, v, name, n, list[:min(n, len(list))]...)
				left[name] = list[min(n, len(list)):]
			}
			if len(left[name]) == 0 {
				delete(left, name)
			}
		}
		got := dump(t, db)
		if want == "" {
			want = got
		} else if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("seed %d: %s", seed, diff)
		}
	}
}
