package search

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"maillon/catalog/entry"
	"maillon/catalog/pivot"
	"maillon/store/storetest"
	"maillon/store/view"
)

// A viewRig is views to which a test adds contracts.
type viewRig struct {
	t     *testing.T
	views *view.Views
	next  uint64
}

func newViewRig(t *testing.T) *viewRig {
	v, err := view.Open(storetest.Memory(), rennes)
	if err != nil {
		t.Fatal(err)
	}
	return &viewRig{t: t, views: v}
}

func (r *viewRig) apply(e entry.Entry, err error) {
	r.t.Helper()
	if err == nil {
		err = r.views.Apply(r.t.Context(), view.Journal{Node: rennes}, []view.Item{{Index: r.next, Entry: e}})
	}
	if err != nil {
		r.t.Fatal(err)
	}
	r.next++
}

func (r *viewRig) put(id, object string) {
	r.t.Helper()
	c := made(rennes, id, func(c *pivot.Contract) { c.Object, c.Generation = object, pivot.Gen2 }).Contract
	var b bytes.Buffer
	if err := pivot.WriteJSON(&b, pivot.Gen2, func(yield func(pivot.Contract) bool) { yield(c) }); err != nil {
		r.t.Fatal(err)
	}
	for item, err := range pivot.NewReader(&b, pivot.Limits{}).Items() {
		if err != nil {
			r.t.Fatal(err)
		}
		r.apply(entry.NewPut(zeros{}, item.Record, entry.Source{Deposit: "dep", Series: "s", Pointer: item.Record.Pointer, Form: item.Record.Form},
			time.Date(2026, 4, 1, 8, 0, int(r.next), 0, time.UTC)))
	}
}

// zeros is salt that does not vary.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// soon waits until a query finds what is wanted.
func soon(t *testing.T, x *Index, raw, want string) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(2 * time.Millisecond) {
		got := "loading"
		if x.Ready() {
			got = found(t, x, raw)
		}
		if got == want {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("?%s finds %q, want %q", raw, got, want)
		}
	}
}

// follow runs a follower until stop is called.
func (r *viewRig) follow(file string) (f *Follower, stop func()) {
	ctx, cancel := context.WithCancel(r.t.Context())
	f = &Follower{Index: New(), Views: r.views, File: file}
	done := make(chan error)
	go func() { done <- f.Run(ctx) }()
	return f, func() {
		cancel()
		if err := <-done; err != nil {
			r.t.Error(err)
		}
	}
}

func TestTheIndexFollowsTheViews(t *testing.T) {
	r, file := newViewRig(t), filepath.Join(t.TempDir(), "search.index")
	r.put("a", "Réfection de l'école")
	f, stop := r.follow(file)
	soon(t, f.Index, "q=école", "a")
	r.put("b", "Nettoyage des écoles")
	soon(t, f.Index, "q=nettoyage", "b")
	r.apply(entry.NewRedact(string(pivot.Marche), rennes+"/a", 0, "erreur", time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)))
	soon(t, f.Index, "q=école", "b")
	r.apply(entry.NewWithdraw(string(pivot.Marche), rennes+"/b", 1, "erreur", time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)))
	soon(t, f.Index, "state=withdrawn", "b")
	stop()

	// It goes on from its snapshot with what changed meanwhile.
	r.put("c", "Achat de sel")
	f, stop = r.follow(file)
	soon(t, f.Index, "q=sel", "c")
	soon(t, f.Index, "state=redacted", "a")
	if err := r.views.Reset(); err != nil {
		t.Fatal(err)
	}
	stop()

	// A damaged snapshot costs nothing but time.
	if err := os.WriteFile(file, []byte("maillon search 2\nx"), 0o600); err != nil {
		t.Fatal(err)
	}
	other := newViewRig(t)
	other.put("d", "Achat de sable")
	f, stop = other.follow(file)
	soon(t, f.Index, "", "d")
	stop()
}

// TestAnotherDiaryIsLookedThrough: a snapshot of other views is brought to these.
func TestAnotherDiaryIsLookedThrough(t *testing.T) {
	file := filepath.Join(t.TempDir(), "search.index")
	r := newViewRig(t)
	r.put("a", "Réfection de l'école")
	f, stop := r.follow(file)
	soon(t, f.Index, "q=école", "a")
	stop()
	other := newViewRig(t)
	other.put("b", "Nettoyage")
	f, stop = other.follow(file)
	soon(t, f.Index, "", "b")
	stop()
}

// TestWhatTheIndexLacksIsFound: what was lost in any way is there again with the next change.
func TestWhatTheIndexLacksIsFound(t *testing.T) {
	r := newViewRig(t)
	r.put("a", "Réfection de l'école")
	r.put("b", "Nettoyage")
	f, stop := r.follow("")
	soon(t, f.Index, "", "a b")
	f.Index.Remove(rennes + "/a")
	r.put("c", "Achat de sel")
	soon(t, f.Index, "", "a b c")
	if n := f.Behind(); n != 0 {
		t.Errorf("%d changes behind", n)
	}
	stop()
}

func TestTheFollowerKnowsTheRegisterAgainWhenThatChanges(t *testing.T) {
	r := newViewRig(t)
	r.put("a", "école")
	var revision atomic.Uint64
	register := func() (Register, uint64) {
		n := revision.Load()
		return Register{Firm: func(string) (string, string) { return []string{"", "35238", "29019"}[n], "PME" }}, n
	}
	x, name := New(), filepath.Join(t.TempDir(), "index")
	run := func() (stop func()) {
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		f := &Follower{Index: x, Views: r.views, File: name, Register: register}
		go func() { done <- f.Run(ctx) }()
		return func() {
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
	}
	stop := run()
	soon(t, x, "supplier_region=53", "")
	revision.Store(1)
	r.put("b", "mairie") // wakes it sooner than its clock
	soon(t, x, "supplier_commune=35238&supplier_local=commune", "a b")
	stop()
	revision.Store(2)
	x = New()
	stop = run()
	soon(t, x, "supplier_commune=29019", "a b")
	stop()
}

// TestFollowerComesLater: while the views are said to change too much the index stays
// as it is, and goes on by itself afterwards.
func TestFollowerComesLater(t *testing.T) {
	r := newViewRig(t)
	r.put("2026M001", "Achat de fournitures")
	var busy atomic.Bool
	f := &Follower{Index: New(), Views: r.views, Later: busy.Load}
	busy.Store(true) // an index that is not there yet is made all the same
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- f.Run(ctx) }()
	defer func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	soon(t, f.Index, "", "2026M001")
	r.put("2026M002", "Entretien des espaces verts")
	time.Sleep(2 * laterLook)
	if n := f.Index.Len(); n != 1 || f.Behind() != 1 {
		t.Fatalf("%d contracts in the index, %d places behind: want 1 and 1 meanwhile", n, f.Behind())
	}
	busy.Store(false)
	soon(t, f.Index, "q=espaces", "2026M002")
}
