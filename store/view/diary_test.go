package view

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/note"

	"maillon/catalog/entry"
	"maillon/store"
	"maillon/store/bolt"
	"maillon/store/journal"
	"maillon/store/storetest"
)

// A growing is a journal that is published little by little.
type growing struct {
	t      testing.TB
	log    *journal.Log
	signer note.Signer
	left   []entry.Entry
	source Source
}

func grow(t testing.TB, db store.DB, node string, entries []entry.Entry) *growing {
	t.Helper()
	skey, vkey, err := note.GenerateKey(bytes.NewReader(bytes.Repeat([]byte{1}, ed25519.SeedSize)), journal.Origin(node, 0))
	if err != nil {
		t.Fatal(err)
	}
	g := &growing{t: t, left: entries}
	if g.signer, err = note.NewSigner(skey); err != nil {
		t.Fatal(err)
	}
	verifier, err := journal.NewVerifier(vkey)
	if err != nil {
		t.Fatal(err)
	}
	if g.log, err = journal.Open(db, node, 0, verifier); err != nil {
		t.Fatal(err)
	}
	g.source = Source{Journal{Node: node}, g.log}
	return g
}

// publish adds the next n entries.
func (g *growing) publish(n int) {
	g.t.Helper()
	n = min(n, len(g.left))
	if n == 0 {
		return
	}
	w, err := g.log.Writer(context.Background())
	if err != nil {
		g.t.Fatal(err)
	}
	if err := w.Commit(g.signer, g.left[:n], nil); err != nil {
		g.t.Fatal(err)
	}
	g.left = g.left[n:]
}

// A consumer keeps a copy of the contracts from what the diary says alone, as
// docs/changes.md tells it to.
type consumer struct {
	at, start uint64
	rows      map[string]Row
}

// read takes in one page; more tells whether there is another.
func (c *consumer) read(t testing.TB, v *Views, limit int) (more bool) {
	t.Helper()
	if c.at == 0 {
		_, last, err := v.Diary()
		if err != nil {
			t.Fatal(err)
		}
		c.start, c.rows = last, map[string]Row{}
	}
	page, err := v.Changes(t.Context(), ChangeQuery{After: c.at, Start: c.start, Limit: limit})
	if errors.Is(err, ErrBehind) {
		return false
	}
	if err != nil {
		t.Fatal(err)
	}
	told, err := v.Tell(t.Context(), page.Items, false)
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range told {
		if one.What == Gone {
			delete(c.rows, one.Address)
		} else {
			c.rows[one.Address] = one.Row
		}
	}
	c.at = page.Last
	return page.More
}

func listing(t testing.TB, v *Views) map[string]Row {
	t.Helper()
	page, err := v.Contracts(Query{Limit: 10_000})
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]Row{}
	for _, r := range page.Items {
		out[r.Address] = r
	}
	return out
}

// TestAConsumerEndsWithWhatIsListed: whatever happens to the node (records come in,
// updates fail before or after they are on disk, the views are made again, the
// process starts again) and to the consumer (it falls back on an older copy with its
// older cursor), who reads the diary to its end has what lists show.
func TestAConsumerEndsWithWhatIsListed(t *testing.T) {
	for seed := range uint64(120) {
		r := rand.New(rand.NewPCG(seed, 5))
		all := successors(t)
		all[rennes] = append(all[rennes], neighbours(t, r)...)
		main, db := storetest.Memory(), storetest.Memory()
		var logs []*growing
		for _, node := range []string{hub, rennes, other} {
			logs = append(logs, grow(t, main, node, all[node]))
		}
		sources := func() (out []Source) {
			for _, g := range logs {
				out = append(out, g.source)
			}
			return out
		}
		v, c := open(t, db), consumer{}
		old := c
		for range 60 {
			switch r.IntN(9) {
			case 0, 1, 2:
				logs[r.IntN(3)].publish(1 + r.IntN(4))
			case 3, 4:
				if _, err := v.catchUp(t.Context(), 1+r.IntN(4), sources()); err != nil {
					t.Fatal(err)
				}
			case 5:
				fail, happens := 1+r.IntN(4), r.IntN(2) == 0
				db.Fail(func(op string) (bool, error) {
					if op == "update" {
						if fail--; fail == 0 {
							return happens, errors.New("crash")
						}
					}
					return true, nil
				})
				if r.IntN(3) == 0 {
					_ = v.Reset() // a crash, if it fails: the process starts again below
				}
				_, _ = v.catchUp(t.Context(), 1+r.IntN(2), sources())
				db.Fail(nil)
				v = open(t, db)
			case 6:
				if r.IntN(3) == 0 {
					if err := v.Reset(); err != nil {
						t.Fatal(err)
					}
				}
			case 7:
				c.read(t, v, 1+r.IntN(5))
			case 8:
				if r.IntN(2) == 0 {
					old = consumer{c.at, c.start, maps.Clone(c.rows)}
				} else {
					c = consumer{old.at, old.start, maps.Clone(old.rows)}
				}
			}
		}
		for _, g := range logs {
			g.publish(len(g.left))
		}
		if _, err := v.CatchUp(t.Context(), sources()...); err != nil {
			t.Fatal(err)
		}
		for c.read(t, v, 1+r.IntN(5)) {
		}
		if diff := cmp.Diff(listing(t, v), c.rows); diff != "" {
			t.Fatalf("seed %d: (-listed +consumer)\n%s", seed, diff)
		}
		oncePerAddress(t, v)
	}
}

// oncePerAddress checks that the two halves of the diary agree.
func oncePerAddress(t *testing.T, v *Views) {
	t.Helper()
	list, err := v.ChangesAfter(t.Context(), 0, 10_000)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, one := range list {
		if seen[one.Address] || one.Born > one.Seq {
			t.Errorf("%+v: a second time, or before it was born", one)
		}
		seen[one.Address] = true
	}
	n := 0
	err = v.db.View(func(tx store.Tx) error {
		for range tx.Bucket(changeAtBucket).Ascend(nil) {
			n++
		}
		return nil
	})
	if err != nil || n != len(list) {
		t.Errorf("%d addresses, %d places, %v", n, len(list), err)
	}
}

func diaryOf(t *testing.T, v *Views) (id string, list []Change) {
	t.Helper()
	id, last, err := v.Diary()
	if err != nil {
		t.Fatal(err)
	}
	list, err = v.ChangesAfter(t.Context(), 0, 10_000)
	if err != nil || len(list) > 0 && list[len(list)-1].Seq != last {
		t.Fatalf("last %d, %v", last, err)
	}
	return id, list
}

// TestARebuildChangesNothingInTheDiary: nobody has to read anything again, even if
// the process dies while the views are made.
func TestARebuildChangesNothingInTheDiary(t *testing.T) {
	db, sources := storetest.Memory(), sourcesOf(t)
	v := open(t, db)
	if _, err := v.catchUp(t.Context(), 2, sources); err != nil {
		t.Fatal(err)
	}
	id, before := diaryOf(t, v)
	if err := v.Reset(); err != nil {
		t.Fatal(err)
	}
	n := 0
	db.Fail(func(op string) (bool, error) {
		if op == "update" {
			if n++; n == 2 {
				return false, errors.New("crash")
			}
		}
		return true, nil
	})
	if _, err := v.catchUp(t.Context(), 2, sources); err == nil {
		t.Fatal("no error")
	}
	db.Fail(nil)
	v = open(t, db)
	if _, err := v.ChangesAfter(t.Context(), 0, 1); !errors.Is(err, ErrBehind) {
		t.Errorf("while the views are made: %v, want ErrBehind", err)
	}
	news := v.News()
	if moved, err := v.catchUp(t.Context(), 1, sources); !moved || err != nil {
		t.Fatal(moved, err)
	}
	select {
	case <-news:
	default:
		t.Error("no news of the end")
	}
	again, after := diaryOf(t, v)
	if diff := cmp.Diff(before, after); diff != "" || id != again {
		t.Errorf("diary %s, then %s: (-before +after)\n%s", id, again, diff)
	}
}

// TestOtherRulesMoveWhatTheyShowOtherwise, and what they do not show any more.
func TestOtherRulesMoveWhatTheyShowOtherwise(t *testing.T) {
	db, sources := storetest.Memory(), sourcesOf(t)
	v := open(t, db)
	if _, err := v.CatchUp(t.Context(), sources...); err != nil {
		t.Fatal(err)
	}
	_, before := diaryOf(t, v)
	moved := before[1]
	err := db.Update(func(tx store.Tx) error {
		row, err := diaryAt(tx, moved.Address)
		if err != nil {
			return err
		}
		row.content++ // other rules had made another content of it
		stray := diaryRow{seq: 1000, born: 1000, what: Living}
		return errors.Join(tx.Bucket(changeAtBucket).Put([]byte(moved.Address), row.value()),
			tx.Bucket(changeAtBucket).Put([]byte("99/nowhere"), stray.value()), tx.Bucket(changeBucket).Put(placeKey(1000), []byte("99/nowhere")),
			tx.Bucket(diaryBucket).Put(diaryLast, placeKey(1000)), tx.Bucket(metaBucket).Put(rulesKey, []byte("0")))
	})
	if err != nil {
		t.Fatal(err)
	}
	v = open(t, db)
	if _, err := v.CatchUp(t.Context(), sources...); err != nil {
		t.Fatal(err)
	}
	list, err := v.ChangesAfter(t.Context(), 1000, 10)
	if err != nil || len(list) != 2 || list[0].Address != moved.Address || list[0].Born != moved.Born || list[0].What != moved.What ||
		list[1].Address != "99/nowhere" || list[1].What != Gone {
		t.Errorf("moved: %+v, %v", list, err)
	}
}

func TestTheDiaryTellsWhatAContractBecame(t *testing.T) {
	v := open(t, storetest.Memory())
	at := func() (last uint64) { _, last, _ = v.Diary(); return last }
	news := func(after uint64, what ...string) {
		t.Helper()
		list, err := v.ChangesAfter(t.Context(), after, 100)
		var got []string
		for _, one := range list {
			kind := one.What
			if kind == Living && one.Born > after {
				kind = "new"
			}
			got = append(got, one.Address[15:]+" "+kind)
		}
		if diff := cmp.Diff(what, got); diff != "" || err != nil {
			t.Errorf("%v (-want +got)\n%s", err, diff)
		}
	}
	feed(t, v, rennes, 10, put(t, rennes, "A"), put(t, rennes, "B"))
	one := at()
	news(0, "A new", "B new")
	feed(t, v, rennes, 10, put(t, rennes, "A", "41000", "42000", "2026-03-20", "2026-03-25"), put(t, rennes, "C"))
	news(one, "A living", "C new")
	news(0, "B new", "A new", "C new")
	two := at()
	feed(t, v, rennes, 1, must(t)(entry.NewWithdraw("marche", rennes+"/B", 1, "erreur", at2)))
	feed(t, v, rennes, 1, must(t)(entry.NewRedact("marche", rennes+"/C", 3, "personne", at2)))
	list, err := v.ChangesAfter(t.Context(), two, 10)
	if err != nil || len(list) != 2 || list[0].What != TakenBack || list[0].By.Index != 4 || !list[0].At.Equal(at2) ||
		list[1].What != Erased || list[1].By != (entry.Ref{Node: rennes, Index: 5}) {
		t.Errorf("%+v, %v", list, err)
	}
	three := at()
	feed(t, v, rennes, 1, put(t, rennes, "A", "41000", "42000", "2026-03-20", "2026-03-25")) // the same again
	feed(t, v, rennes, 1, put(t, rennes, "D", "papier", "lot 1"))
	four := at()
	feed(t, v, rennes, 1, put(t, rennes, "D", "papier", "lot 2")) // its address goes to two lots
	news(three, append([]string{"A living", "D gone"}, lotsOf(t, v, four)...)...)
	if page, err := v.Changes(t.Context(), ChangeQuery{Start: at(), Limit: 100}); err != nil || len(page.Items) != 5 || page.More {
		t.Errorf("a snapshot has what is gone: %+v, %v", page, err)
	}
}

var at2 = at.AddDate(0, 0, 1)

// lotsOf are the lots that came after a place.
func lotsOf(t *testing.T, v *Views, after uint64) (out []string) {
	for address := range listing(t, v) {
		if len(address) > 16 && address[15:17] == "D~" {
			out = append(out, address[15:]+" new")
		}
	}
	slices.Sort(out)
	if len(out) != 2 {
		t.Errorf("lots %q", out)
	}
	return out
}

func TestTheDiaryIsFilteredByBuyerAndDepartement(t *testing.T) {
	v := open(t, storetest.Memory())
	feed(t, v, other, 10, put(t, rennes, "A"), put(t, acigne, "B"), put(t, acigne, "C", `"35238"`, `"29019"`))
	_, start, err := v.Diary()
	if err != nil {
		t.Fatal(err)
	}
	found := func(q ChangeQuery) (out []string) {
		t.Helper()
		q.Limit = 10
		page, err := v.Changes(t.Context(), q)
		if err != nil || page.More {
			t.Fatalf("%+v, %v", page, err)
		}
		for _, one := range page.Items {
			out = append(out, one.Address[15:])
		}
		return out
	}
	for want, q := range map[string]ChangeQuery{"A": {Buyer: rennes}, "C": {Departement: "29"}} {
		if got := found(q); !slices.Equal(got, []string{want}) {
			t.Errorf("%+v finds %q", q, got)
		}
	}
	// A contract that leaves the département is told once more to those who follow it.
	feed(t, v, other, 1, put(t, acigne, "C", `"35238"`, `"22113"`, "2026-03-20", "2026-03-29"))
	page, err := v.Changes(t.Context(), ChangeQuery{After: start, Departement: "29", Limit: 10})
	if err != nil || len(page.Items) != 1 || page.Items[0].In("29") || !page.Items[0].In("22") {
		t.Errorf("%+v, %v", page, err)
	}
}

func FuzzDiaryRow(f *testing.F) {
	f.Add((&diaryRow{seq: 3, born: 2, content: 1, what: Living, deps: []string{"35"}}).value())
	f.Add((&diaryRow{seq: 1 << 40, what: Gone, by: cause{entry.Ref{Node: rennes, Epoch: 1, Index: 9}, at}}).value())
	f.Fuzz(func(t *testing.T, raw []byte) {
		row, err := diaryRowOf("x", raw)
		if err != nil {
			return
		}
		again, err := diaryRowOf("x", row.value())
		if diff := cmp.Diff(row, again, cmp.AllowUnexported(diaryRow{}, cause{})); diff != "" || err != nil {
			t.Errorf("%v %s", err, diff)
		}
	})
}

// BenchmarkChanges reads a diary of 100,000 contracts from the start: what a first
// copy of them costs.
func BenchmarkChanges(b *testing.B) {
	db, err := bolt.Open(filepath.Join(b.TempDir(), "views.db"), bolt.Options{Churn: true})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	v, n := open(b, db), 0
	makeLarge(20_000).batches(b, 10_000, func(parts []Part) {
		batch, err := v.Prepare(b.Context(), parts)
		if err == nil {
			err = v.Take(batch)
		}
		if err != nil {
			b.Fatal(err)
		}
	})
	for _, full := range []bool{false, true} {
		b.Run(map[bool]string{false: "rows", true: "records"}[full], func(b *testing.B) {
			for b.Loop() {
				for after, more := uint64(0), true; more; {
					page, err := v.Changes(b.Context(), ChangeQuery{After: after, Limit: 200})
					if err != nil {
						b.Fatal(err)
					}
					told, err := v.Tell(b.Context(), page.Items, full)
					if err != nil {
						b.Fatal(err)
					}
					n, after, more = n+len(told), page.Last, page.More
				}
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "contracts/s")
		})
	}
}

// A diary gets another id if its file is another than before, or when it is asked to; its
// places stay.
func TestADiaryOfACopyIsAnother(t *testing.T) {
	db, sources := storetest.Memory(), sourcesOf(t)
	v := open(t, db)
	if _, err := v.CatchUp(t.Context(), sources...); err != nil {
		t.Fatal(err)
	}
	first, places := diaryOf(t, v)
	id := first
	for _, c := range []struct {
		home  string
		moved bool
	}{{"", false}, {"17", false}, {"17", false}, {"", false}, {"18", true}, {"18", false}} {
		if moved, err := v.Home(c.home); moved != c.moved || err != nil {
			t.Errorf("home %q: moved %v, %v", c.home, moved, err)
		}
		now, still := diaryOf(t, v)
		if (now != id) != c.moved || cmp.Diff(places, still) != "" {
			t.Errorf("home %q: diary %s after %s, places %v", c.home, now, id, still)
		}
		id = now
	}
	if err := v.RenewDiary(); err != nil {
		t.Fatal(err)
	}
	if now, _ := diaryOf(t, open(t, db)); now == id || now == first {
		t.Errorf("renewed, the diary is %s", now)
	}
}
