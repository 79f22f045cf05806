package federation

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/note"
)

func (k testKey) verifier(t testing.TB) note.Verifier {
	t.Helper()
	v, err := note.NewVerifier(k.text)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestATicketOpensOneHubForAWhile(t *testing.T) {
	const hub = "23350001600040"
	k, other := keyFrom(t, rennes, 0, 1), keyFrom(t, rennes, 0, 2)
	good := Ticket{Node: rennes, Hub: hub, Until: noon.Add(TicketFor)}
	for name, c := range map[string]struct {
		ticket Ticket
		by     testKey
		change func(string) string
		want   string // part of the error
	}{
		"good":             {good, k, nil, ""},
		"by another key":   {good, other, nil, "not open"},
		"of another node":  {Ticket{Node: brest, Hub: hub, Until: good.Until}, k, nil, "the key of"},
		"of another epoch": {Ticket{Node: rennes, Epoch: 1, Hub: hub, Until: good.Until}, k, nil, "the key of"},
		"for another hub":  {Ticket{Node: rennes, Hub: brest, Until: good.Until}, k, nil, "federation.join.hub"},
		"over":             {Ticket{Node: rennes, Hub: hub, Until: noon}, k, nil, "good until"},
		"for too long":     {Ticket{Node: rennes, Hub: hub, Until: noon.Add(3 * time.Hour)}, k, nil, "clock"},
		"another scheme":   {good, k, func(s string) string { return strings.Replace(s, "Maillon", "Bearer", 1) }, "want Authorization"},
		"cut":              {good, k, func(s string) string { return s[:len(s)-8] }, "not open"},
		"huge":             {good, k, func(s string) string { return s + strings.Repeat("A", 3*MaxTicket) }, "want Authorization"},
		"nothing":          {good, k, func(string) string { return "" }, "want Authorization"},
	} {
		text, err := SignTicket(c.by.signer, c.ticket)
		if err != nil {
			t.Fatal(err)
		}
		if c.change != nil {
			text = c.change(text)
		}
		err = OpenTicket(text, k.verifier(t), hub, noon)
		if (err == nil) != (c.want == "") || err != nil && (!errors.Is(err, ErrTicket) || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

var profileOfRennes = Profile{
	Node: rennes, Seq: uint64(noon.Unix()), Base: "https://hub.bretagne.example/n/" + rennes, Name: "Ville de Rennes", Contact: "marches@rennes.example", Box: []float64{-1.75, 48.07, -1.62, 48.16},
}

func TestAProfileIsSignedAndChecked(t *testing.T) {
	k := keyFrom(t, rennes, 0, 1)
	raw, err := SignProfile(k.signer, profileOfRennes)
	if err != nil {
		t.Fatal(err)
	}
	got, err := OpenProfile(raw, k.verifier(t))
	if err != nil || !cmp.Equal(got, profileOfRennes) {
		t.Errorf("%v %s", err, cmp.Diff(profileOfRennes, got))
	}
	if _, err := OpenProfile(raw, keyFrom(t, rennes, 0, 2).verifier(t)); err == nil {
		t.Error("another key opens it")
	}
	if _, err := OpenProfile([]byte(strings.Replace(string(raw), "Ville", "ville", 1)), k.verifier(t)); err == nil {
		t.Error("a changed one opens")
	}
	for name, change := range map[string]func(*Profile){
		"no node":           func(p *Profile) { p.Node = "x" },
		"another node":      func(p *Profile) { p.Node = brest },
		"no number":         func(p *Profile) { p.Seq = 0 },
		"no base":           func(p *Profile) { p.Base = "" },
		"a base to nothing": func(p *Profile) { p.Base = "javascript:x" },
		"no name":           func(p *Profile) { p.Name = "" },
		"a name that turns": func(p *Profile) { p.Name = "a\u202eb" },
		"no address":        func(p *Profile) { p.Contact = "Rennes <a@b>" },
		"a box of three":    func(p *Profile) { p.Box = p.Box[:3] },
		"a box inside out":  func(p *Profile) { p.Box = []float64{1, 1, 0, 0} },
	} {
		p := profileOfRennes
		change(&p)
		raw, err := writeNote(profileLine, p, k.signer)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := OpenProfile(raw, k.verifier(t)); err == nil {
			t.Errorf("%s: opens", name)
		}
	}
}

func FuzzOpenProfile(f *testing.F) {
	k := keyFrom(f, rennes, 0, 1)
	raw, err := SignProfile(k.signer, profileOfRennes)
	if err != nil {
		f.Fatal(err)
	}
	v := k.verifier(f)
	f.Add(string(raw))
	f.Add(profileLine + "\n{}\n\n— x AAAA\n")
	f.Fuzz(func(t *testing.T, s string) {
		if p, err := OpenProfile([]byte(s), v); err == nil && p.check() != nil {
			t.Errorf("opens %+v", p)
		}
	})
}

func FuzzOpenTicket(f *testing.F) {
	k := keyFrom(f, rennes, 0, 1)
	text, err := SignTicket(k.signer, Ticket{Node: rennes, Hub: brest, Until: noon.Add(time.Hour)})
	if err != nil {
		f.Fatal(err)
	}
	v := k.verifier(f)
	f.Add(text)
	f.Add("Maillon AAAA")
	f.Fuzz(func(t *testing.T, s string) {
		if OpenTicket(s, v, rennes, noon) == nil {
			t.Errorf("%q opens another hub", s)
		}
	})
}

// The vectors of docs/protocol.md are what this package makes and reads.
func TestPushVectorsOfTheProtocol(t *testing.T) {
	raw, err := os.ReadFile("../docs/protocol.md")
	if err != nil {
		t.Fatal(err)
	}
	k := keyFrom(t, rennes, 0, 1)
	ticket, err := SignTicket(k.signer, Ticket{Node: rennes, Hub: "23350001600040", Until: noon.Add(TicketFor)})
	if err != nil {
		t.Fatal(err)
	}
	profile, err := SignProfile(k.signer, profileOfRennes)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"ticket": "Authorization: " + ticket, "profile": string(profile)} {
		if block := indent(want); !strings.Contains(string(raw), "\n\n"+block+"\n") {
			t.Errorf("docs/protocol.md does not show this %s:\n%s", name, block)
		}
	}
}
