package view

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"maillon/catalog/contract"
	"maillon/catalog/entry"
	"maillon/catalog/pivot"
	"maillon/store"
	"maillon/store/storetest"
)

// first makes the entry of a contract of 1.x.
func first(t testing.TB, buyer, id, object string, modifications int) entry.Entry {
	t.Helper()
	mods := ""
	for i := range modifications {
		if i > 0 {
			mods += ","
		}
		mods += fmt.Sprintf(`{"objetModification":"avenant","dateNotificationModification":"2024-0%d-02","datePublicationDonneesModification":"2024-0%d-03","montant":%d}`, i+2, i+2, 50+i)
	}
	raw := fmt.Sprintf(`{"id":%q,"acheteur":{"id":%q},"_type":"Marché","nature":"MARCHE","objet":%q,"codeCPV":"30190000","procedure":"Procédure adaptée",`+
		`"lieuExecution":{"code":"35238","typeCode":"Code commune","nom":"Rennes"},"dureeMois":12,"dateNotification":"2024-01-02","datePublicationDonnees":"2024-01-20",`+
		`"montant":41,"formePrix":"Ferme","titulaires":[{"typeIdentifiant":"SIRET","id":"35600000000048"}],"modifications":[%s]}`, id, buyer, object, mods)
	rec := pivot.Record{Kind: pivot.Marche, Form: pivot.Flat, Raw: []byte(raw), Buyer: buyer, ID: id}
	e, err := entry.NewPut(zeros{}, rec, entry.Source{Deposit: "dep", Series: "s", Pointer: "/marches/0", Form: pivot.Flat}, at)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// neighbours makes a journal of contracts whose ids all fall in one group, of both
// generations, with later versions, lots, withdrawals, redactions and bodies that
// do not say their id.
func neighbours(t *testing.T, r *rand.Rand) []entry.Entry {
	var out []entry.Entry
	var puts []uint64
	era := r.IntN(3) // ids of 2.x alone, of 1.x alone, both
	for range 3 + r.IntN(8) {
		id := fmt.Sprintf("202401%02d", r.IntN(4))
		switch what := r.IntN(10); {
		case what < 2 && len(puts) > 0:
			target := puts[r.IntN(len(puts))]
			if what == 0 {
				out = append(out, must(t)(entry.NewWithdraw("marche", rennes+"/"+id, target, "erreur", at)))
			} else {
				out = append(out, must(t)(entry.NewRedact("marche", rennes+"/"+id, target, "personne", at)))
			}
		case era == 1 && what < 9 || era == 2 && what < 5:
			puts = append(puts, uint64(len(out)))
			out = append(out, first(t, rennes, id, []string{"papier", "papier", "encre"}[r.IntN(3)], int(id[len(id)-1]-'0')))
		case era > 0:
			puts = append(puts, uint64(len(out)))
			out = append(out, put(t, rennes, id, `"id":"`+id+`",`, "", "2026-03-20", fmt.Sprintf("2026-03-2%d", r.IntN(2))))
		default:
			puts = append(puts, uint64(len(out)))
			out = append(out, put(t, rennes, id, "papier", []string{"papier", "encre"}[r.IntN(2)], "2026-03-20", fmt.Sprintf("2026-03-2%d", r.IntN(4))))
		}
	}
	return out
}

// TestAGroupIsTheSameHoweverItsRecordsComeIn: only the ids that are touched are made
// again where that is enough.
func TestAGroupIsTheSameHoweverItsRecordsComeIn(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 3))
		entries := neighbours(t, r)
		var want string
		for _, n := range []int{len(entries), 1, 1 + r.IntN(4)} {
			db := storetest.Memory()
			v := open(t, db)
			feed(t, v, rennes, n, entries...)
			got := dump(t, db)
			if want == "" {
				want = got
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("seed %d, batches of %d: (-first +got)\n%s", seed, n, diff)
			}
			agree(t, v)
			consolidated(t, v)
		}
	}
}

// agree checks that what the views say in several places is the same.
func agree(t *testing.T, v *Views) {
	t.Helper()
	all, err := v.Totals()
	if err != nil {
		t.Fatal(err)
	}
	page, err := v.Contracts(Query{Limit: 1000})
	if err != nil || page.Total != all.Contracts || len(page.Items) != all.Contracts {
		t.Errorf("%d contracts in the list, %d in the totals, %v", len(page.Items), all.Contracts, err)
	}
	for _, state := range states {
		part, err := v.Contracts(Query{State: string(state), Limit: 1})
		want := map[pivot.State]int{pivot.Conforming: all.Conforming, pivot.ToCorrect: all.ToCorrect, Withdrawn: all.Withdrawn, Redacted: all.Redacted}[state]
		if err != nil || part.Total != want {
			t.Errorf("%s: %d in the list, %d in the totals, %v", state, part.Total, want, err)
		}
	}
	exported, last := 0, ""
	for c, err := range v.PartitionContracts(t.Context(), "", "") {
		if err != nil || c.Address <= last {
			t.Errorf("%s after %s, %v", c.Address, last, err)
		}
		exported, last = exported+1, c.Address
	}
	parts, err := v.Partitions(PartitionQuery{})
	for _, p := range parts {
		exported -= p.Contracts
	}
	if exported != 0 || err != nil {
		t.Errorf("%d contracts more in the export than in partitions, %v", exported, err)
	}
	for _, r := range page.Items {
		d, err := v.Contract(r.Buyer, r.Address[len(r.Buyer)+1:])
		if err != nil || cmp.Diff(r, d.Row) != "" {
			t.Errorf("%s: %v, %s", r.Address, err, cmp.Diff(r, d.Row))
		}
	}
	accounts, err := v.Accounts()
	for j, a := range accounts {
		if err != nil || !a.Balanced() {
			t.Errorf("account of %s: %+v, %v", j.Node, a, err)
		}
	}
}

// consolidated checks that the groups are what contract.Consolidate makes of all
// their records together. There must be no families among the buyers.
func consolidated(t *testing.T, v *Views) {
	t.Helper()
	err := v.db.View(func(tx store.Tx) error {
		auth, err := readAuthorities(tx, v.self)
		if err != nil {
			return err
		}
		b := &applying{auth: auth}
		rows := map[string][]*record{}
		for k := range tx.Bucket(recordBucket).Ascend(nil) {
			r, err := getRecord(tx, refOf(k))
			if err != nil {
				return err
			}
			rows[r.group()] = append(rows[r.group()], r)
		}
		for key, list := range rows {
			sources, err := b.sources(list)
			if err != nil {
				return err
			}
			var want, got []string
			for _, c := range contract.Consolidate(sources) {
				line := fmt.Sprint(c.Slug, c.IDs, c.Case)
				for _, one := range c.Versions {
					line += fmt.Sprint(" ", one.Source.Ref, len(one.Also), one.Reason, one.Differs)
				}
				want = append(want, line)
			}
			g, err := getGroup(tx, key)
			if err != nil {
				return err
			}
			for _, c := range g.contracts {
				line := fmt.Sprint(c.slug(), c.ids, c.how)
				for _, one := range c.versions {
					line += fmt.Sprint(" ", one.refs[0], len(one.refs)-1, one.reason, one.differs)
				}
				if c.state != Redacted {
					got = append(got, line)
				}
			}
			if diff := cmp.Diff(want, got); diff != "" && len(sources) > 0 {
				t.Errorf("group %q: (-all together +kept)\n%s", key, diff)
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
