package reports

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/mod/sumdb/note"

	"maillon/federation"
	"maillon/store"
	"maillon/store/storetest"
)

const (
	hub      = "23350001600040"
	light    = "21350238800019"
	stranger = "25351449100047"
	contract = light + "/P-1"
	words    = "Le montant de ce marché est faux."
	mail     = "lectrice@exemple.example"
)

// A world is nodes that speak to each other without a network.
type world struct {
	t     *testing.T
	now   time.Time
	desks map[string]*Desk
	down  map[string]bool
	sent  int
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, now: time.Date(2026, 4, 1, 8, 0, 0, 0, time.UTC), desks: map[string]*Desk{}, down: map[string]bool{}}
	places := map[string]Place{}
	for _, id := range []string{hub, light, stranger} {
		private, public, err := note.GenerateKey(rand.Reader, "maillon/"+id+"/0")
		if err != nil {
			t.Fatal(err)
		}
		signer, err := note.NewSigner(private)
		if err != nil {
			t.Fatal(err)
		}
		places[id] = Place{Node: id, Key: public, URL: "https://" + id + ".example", Hub: hub, Fetch: id == light}
		d := &Desk{
			Book: Book{storetest.Memory()}, Self: id, Key: func() string { return public }, Sign: func() note.Signer { return signer }, URL: "https://" + id + ".example",
			Now: func() time.Time { return w.now }, Log: zerolog.Nop(), Wake: func() {},
			Find: func(string) (Fact, error) {
				return Fact{Address: contract, Buyer: places[light], Record: strings.Repeat("ab", 32)}, nil
			},
			Hub: func() (Place, bool) { return places[hub], id != hub },
		}
		d.Ask = w.ask
		d.Node = func(other string) (Place, bool) { p, ok := places[other]; return p, ok && (id == hub || other == hub) }
		w.desks[id] = d
	}
	return w
}

// ask hands a body to the desk at an address, as the handlers of a node do.
func (w *world) ask(_ context.Context, url string, body []byte, answer any) error {
	id, path, _ := strings.Cut(strings.TrimPrefix(url, "https://"), ".example")
	d := w.desks[id]
	if d == nil || w.down[id] {
		return errors.New("no connection")
	}
	w.sent++
	var c struct{ Report, Outcome, Request string }
	if err := json.Unmarshal(body, &c); err != nil {
		return err
	}
	switch path {
	case "/federation/v1/reports":
		_, err := d.Take([]byte(c.Report))
		return err
	case "/federation/v1/reports/outcomes":
		return d.Hear([]byte(c.Outcome))
	}
	q, err := federation.OpenRequest([]byte(c.Request), id, w.now)
	if err != nil {
		return err
	}
	items, err := d.Waiting(q.Node)
	if err != nil {
		return err
	}
	raw, _ := json.Marshal(map[string]any{"items": items})
	return json.Unmarshal(raw, answer)
}

func (w *world) send() {
	w.t.Helper()
	for _, d := range w.desks {
		if err := d.Send(w.t.Context()); err != nil {
			w.t.Fatal(err)
		}
	}
}

func (w *world) state(node, id string) string {
	w.t.Helper()
	r, err := w.desks[node].Book.Get(id)
	if errors.Is(err, store.ErrNotFound) {
		return ""
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return r.State
}

// Made at a stranger's, for a member that only fetches: its hub carries it, and both
// hear what became of it. Links fail meanwhile.
func TestAReportFindsItsWay(t *testing.T) {
	w := newWorld(t)
	w.desks[hub].Find = nil // it carries without looking
	p, _ := w.desks[hub].Node(light)
	p.URL = "https://" + hub + ".example" // of a member that fetches, where its hub is
	w.desks[stranger].Find = func(string) (Fact, error) { return Fact{Address: contract, Buyer: p}, nil }
	made, err := w.desks[stranger].Make(Entry{Contract: contract, Topic: "wrong", Text: words, Mail: mail})
	if err != nil || made.State != Waiting || made.Text != "" {
		t.Fatalf("%+v %v", made, err)
	}
	w.down[hub] = true
	w.send()
	if got := w.state(hub, made.ID); got != "" {
		t.Fatalf("hub: %q", got)
	}
	sent := w.sent
	w.down[hub] = false
	if w.send(); w.sent != sent {
		t.Error("it is tried again at once")
	}
	w.now = w.now.Add(firstWait + time.Second)
	w.send()
	if got := w.state(hub, made.ID); got != Waiting {
		t.Fatalf("hub: %q", got)
	}
	if _, err := w.desks[hub].Answer(made.ID, Answer{State: federation.ReportRejected, Text: "non"}); !errors.Is(err, ErrNotOurs) {
		t.Errorf("the hub answers for the buyer: %v", err)
	}
	for range 2 { // fetched twice, it is there once
		if err := w.desks[light].Fetch(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	here, err := w.desks[light].Book.Get(made.ID)
	if err != nil || here.Text != words || here.Mail != mail || here.State != federation.ReportReceived {
		t.Fatalf("%+v %v", here, err)
	}
	w.send()
	for _, n := range []string{hub, stranger} {
		r, err := w.desks[n].Book.Get(made.ID)
		if err != nil || r.State != federation.ReportReceived || r.Note != "" || r.Carry || r.Text != "" || r.Mail != "" {
			t.Errorf("%s keeps %+v %v", n, r, err)
		}
	}
	if _, err := w.desks[light].Answer(made.ID, Answer{State: federation.ReportCorrected}); !errors.Is(err, ErrNoRecord) {
		t.Errorf("corrected by nothing: %v", err)
	}
	w.now = w.now.Add(time.Hour)
	w.desks[light].Find = func(string) (Fact, error) {
		return Fact{Address: contract, Record: strings.Repeat("cd", 32), Since: w.now}, nil
	}
	if _, err := w.desks[light].Answer(made.ID, Answer{State: federation.ReportCorrected, Show: true}); err != nil {
		t.Fatal(err)
	}
	w.send()
	for _, n := range []string{hub, stranger, light} {
		if r, err := w.desks[n].Book.Get(made.ID); err != nil || r.State != federation.ReportCorrected || r.Record != strings.Repeat("cd", 32) || len(r.Out) > 0 {
			t.Errorf("%s: %+v %v", n, r, err)
		}
	}
	// What was written goes after a month, what is public after two years.
	w.now = w.now.Add(PrivateAfterClose + time.Hour)
	if err := w.desks[light].Book.Sweep(w.now); err != nil {
		t.Fatal(err)
	}
	if r, err := w.desks[light].Book.Get(made.ID); err != nil || r.Mail != "" || r.Text != words { // published by the buyer
		t.Errorf("%+v %v", r, err)
	}
	w.now = w.now.Add(PublicAtMost)
	if err := w.desks[light].Book.Sweep(w.now); err != nil || w.state(light, made.ID) != "" {
		t.Errorf("it is kept for ever: %v", err)
	}
	if list, err := w.desks[light].Book.On(contract); err != nil || len(list) != 0 {
		t.Errorf("%v %v", list, err)
	}
}

func TestWhoMayTellAnOutcome(t *testing.T) {
	w := newWorld(t)
	made, err := w.desks[hub].Make(Entry{Contract: contract, Topic: "person", Text: words})
	if err != nil || !strings.Contains(made.Note, words) || len(made.Out) > 0 { // carried here
		t.Fatalf("%+v %v", made, err)
	}
	outcome := func(by string, change func(*federation.Outcome)) error {
		d := w.desks[by]
		o := federation.Outcome{ID: made.ID, To: hub, Node: by, Key: d.Key(), At: w.now, Contract: contract, Topic: "person", Made: w.now, State: federation.ReportAnswered, Answer: "oui"}
		change(&o)
		signed, err := federation.SignOutcome(o, d.Sign())
		if err != nil {
			t.Fatal(err)
		}
		return w.desks[hub].Hear(signed)
	}
	if err := outcome(stranger, func(*federation.Outcome) {}); err == nil {
		t.Error("another node answers")
	}
	if err := outcome(light, func(o *federation.Outcome) { o.To = light }); !errors.Is(err, federation.ErrAudience) {
		t.Errorf("one for another: %v", err)
	}
	if err := outcome(light, func(*federation.Outcome) {}); err != nil {
		t.Errorf("sign: %v", err)
	}
	if got := w.state(hub, made.ID); got != federation.ReportAnswered {
		t.Error(got)
	}
	if err := outcome(light, func(o *federation.Outcome) {
		o.At, o.State, o.Answer = w.now.Add(-time.Hour), federation.ReportReceived, ""
	}); err != nil || w.state(hub, made.ID) != federation.ReportAnswered {
		t.Errorf("an older word counts: %v", err)
	}
}

func TestABookIsBounded(t *testing.T) {
	w := newWorld(t)
	d := w.desks[light]
	for i := range mostPerContract + 1 {
		_, err := d.Make(Entry{Contract: contract, Topic: "other", Text: fmt.Sprint(words, i)})
		if (i < mostPerContract) != (err == nil) || err != nil && !errors.Is(err, ErrFull) {
			t.Fatalf("%d: %v", i, err)
		}
	}
	for name, e := range map[string]Entry{
		"short": {contract, "other", "non", ""}, "long": {contract, "other", strings.Repeat("x", federation.MaxReportText+1), ""}, "topic": {contract, "x", words, ""}, "mail": {contract, "other", words, "a b@c.d"},
		"control": {contract, "other", words + "\x1b[31m", ""},
	} {
		if _, err := w.desks[hub].Make(e); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}
