package view

import (
	"testing"

	"maillon/catalog/entry"
	"maillon/store/storetest"
)

// whole takes in all journals of the tests.
func whole(t *testing.T, more ...entry.Entry) *Views {
	v := open(t, storetest.Memory())
	all := successors(t)
	for _, node := range []string{rennes, other, hub} {
		feed(t, v, node, 100, all[node]...)
	}
	feed(t, v, hub, 100, more...)
	return v
}

func shown(t *testing.T, v *Views, buyer, id string) (address string, amount float64, versions int) {
	t.Helper()
	d, err := v.Contract(buyer, id)
	if err != nil {
		t.Fatalf("%s/%s: %v", buyer, id, err)
	}
	return d.Address, *d.Amount, len(d.Versions)
}

func TestAContractGoesOnUnderItsFirstAddress(t *testing.T) {
	v := whole(t)
	// The town hall moved: what it publishes under its new SIRET is the next version.
	for _, buyer := range []string{rennes, moved} {
		if address, amount, versions := shown(t, v, buyer, "A"); address != rennes+"/A" || amount != 43000 || versions != 3 {
			t.Errorf("by %s: %s shows %v of %d versions", buyer, address, amount, versions)
		}
	}
	// The commune merged: its contract goes on, told by the body that followed.
	for _, buyer := range []string{acigne, moved} {
		address, _, versions := shown(t, v, buyer, "E/1 #?%")
		if d, _ := v.Contract(buyer, "E/1 #?%"); address != acigne+"/E%2F1%20%23%3F%25" || versions != 2 || d.Published != "2026-03-29" || d.Authority != "own" {
			t.Errorf("by %s: %s, %d versions, %+v", buyer, address, versions, d.Row)
		}
	}
	// Another contract of the follower under an id that was used before is its own.
	if address, _, versions := shown(t, v, rennes, "F"); address != rennes+"/F" || versions != 1 {
		t.Errorf("%s, %d versions", address, versions)
	}
	if d, err := v.Contract(acigne, "F"); err != nil || len(d.Lots) != 1 {
		t.Errorf("the lots of the commune that was: %+v, %v", d, err)
	}
}

func TestASuccessionCanBeTakenBack(t *testing.T) {
	plain := successors(t)
	without := open(t, storetest.Memory())
	for _, node := range []string{rennes, other} {
		feed(t, without, node, 100, plain[node]...)
	}
	feed(t, without, hub, 100, plain[hub][:2]...)
	void := func(s entry.Succession) entry.Entry { s.Void = true; return succession(t, s) }
	v := whole(t, void(entry.Succession{From: acigne, To: rennes, On: "2026-02-01", Why: entry.WhyMerger}),
		void(entry.Succession{From: rennes, To: moved, On: "2026-03-01", Why: entry.WhyMove}))
	for _, one := range []*Views{v, without} {
		page, err := one.Contracts(Query{Limit: 100})
		if err != nil {
			t.Fatal(err)
		}
		if page.Total != 10 {
			t.Errorf("%d contracts, want 10", page.Total)
		}
		if address, _, versions := shown(t, one, moved, "A"); address != moved+"/A" || versions != 1 {
			t.Errorf("%s, %d versions", address, versions)
		}
	}
}

// Nobody but a hub and the body that goes may say who follows it.
func TestWhoMaySayThatABodyIsFollowed(t *testing.T) {
	said := succession(t, entry.Succession{From: acigne, To: other, On: "2026-02-01", Why: entry.WhyMerger})
	for speaker, want := range map[string]int{other: 0, rennes: 0, acigne: 1, hub: 1} {
		v := open(t, storetest.Memory())
		feed(t, v, speaker, 1, said)
		rows, err := v.Successions()
		if err != nil || len(rows) != want {
			t.Errorf("said by %s: %+v, %v; want %d", speaker, rows, err, want)
		}
	}
	v := open(t, storetest.Memory())
	feed(t, v, other, 1, said)
	feed(t, v, other, 1, put(t, acigne, "Z"))
	if d, err := v.Contract(acigne, "Z"); err != nil || d.Authority != "none" {
		t.Errorf("%+v, %v", d.Row, err)
	}
}
