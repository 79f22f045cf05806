package node

import (
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"maillon/catalog/entry"
	"maillon/catalog/pivot"
	"maillon/node/doctor"
	"maillon/node/edition"
	"maillon/store/storetest"
	"maillon/store/view"
)

// An edition that cannot be written is tried again by the clock, without a change, and
// doctor says meanwhile that it fails.
func TestAnEditionThatFailsIsTriedAgainByTheClock(t *testing.T) {
	const hub = "23350001600040"
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		v, err := view.Open(storetest.Memory(), hub)
		if err != nil {
			t.Fatal(err)
		}
		raw := `{"id":"1","acheteur":{"id":"21350238800019"},"objet":"Toiture","dateNotification":"2024-01-02"}`
		e, err := entry.NewPut(zeros{}, pivot.Record{Kind: pivot.Marche, Form: pivot.Nested, Raw: []byte(raw), Buyer: "21350238800019", ID: "1"},
			entry.Source{Deposit: "d", Series: "s", Pointer: "/0", Form: pivot.Nested}, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if err := v.Apply(t.Context(), view.Journal{Node: hub}, []view.Item{{Entry: e}}); err != nil {
			t.Fatal(err)
		}
		n := &Node{log: zerolog.Nop(), editions: &edition.Store{Dir: dir, Views: v, Dataset: "d", URL: "https://x.example", Publisher: edition.Publisher{SIRET: hub, Name: "H"}, Now: time.Now}}
		if err := n.editions.Load(); err != nil {
			t.Fatal(err)
		}
		said := func() string { return doctor.Examine(doctor.Facts{Editions: n.editionFact()})[1].Case }
		pieces := filepath.Join(dir, "pieces") // a file in its place, as a disk on which nothing can be written
		if err := os.Remove(pieces); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(pieces, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		begun, done := time.Now(), make(chan bool, 1)
		go func() { done <- n.makeEdition(t.Context()) }()
		time.Sleep(time.Minute) // after 15 and 45 seconds
		if got := n.editions.Trouble(); got.Tries != 3 || !got.Since.Equal(begun) || said() != "failing" {
			t.Errorf("trouble %+v, doctor says %s", got, said())
		}
		if err := os.Remove(pieces); err != nil {
			t.Fatal(err)
		}
		if !<-done || n.editions.Latest() == nil || n.editions.Trouble() != (edition.Trouble{}) || said() != "made" {
			t.Errorf("trouble %+v, doctor says %s", n.editions.Trouble(), said())
		}
		if took := time.Since(begun); took < 105*time.Second || took > 3*time.Minute {
			t.Errorf("it was made after %s", took)
		}
	})
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestRetriesComeLaterAndLater(t *testing.T) {
	for n, want := range map[int]time.Duration{0: retryFirst, 1: retryFirst, 2: 2 * retryFirst, 4: 8 * retryFirst, 7: retryMost, 1 << 40: retryMost} {
		if got := retryIn(n); got != want {
			t.Errorf("after %d: %s, want %s", n, got, want)
		}
	}
}
