package federation

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestAdmission(t *testing.T) {
	k := keyFrom(t, rennes, 0, 1)
	a := k.sign(t, k.announcement(t))
	gone := k.announcement(t)
	gone.Status = Gone
	known := func(key string, suspended bool) map[string]Known { return map[string]Known{rennes: {key, suspended}} }
	inside := func(outer, inner string) bool { return outer == "fr:region:53" && inner == "fr:commune:35238" }
	for name, c := range map[string]struct {
		p    Policy
		a    Announcement
		want Verdict
		says string
	}{
		"an unknown node waits for the operator":            {Policy{}, a, Pending, "maillon members accept " + rennes},
		"an open hub takes a node of its territory":         {Policy{Mode: ModeOpen, Territory: "fr:region:53", Contains: inside}, a, Accepted, ""},
		"an open hub lets a node of elsewhere wait":         {Policy{Mode: ModeOpen, Territory: "fr:region:11", Contains: inside}, a, Pending, "not inside fr:region:11"},
		"an open hub that knows no territory lets all wait": {Policy{Mode: ModeOpen, Territory: "fr"}, a, Pending, "not inside"},
		"a hub that is not open never looks at territory":   {Policy{Territory: "fr:region:53", Contains: inside}, a, Pending, "not known"},
		"a member is accepted":                              {Policy{Known: known(k.text, false)}, a, Accepted, ""},
		"a member under another key is refused":             {Policy{Known: known("other", false)}, a, Refused, "another key"},
		"that key is refused by an open hub too":            {Policy{Mode: ModeOpen, Territory: "fr:region:53", Contains: inside, Known: known("other", false)}, a, Refused, "another key"},
		"a suspended member is refused":                     {Policy{Known: known(k.text, true)}, a, Refused, "suspended"},
		"a member may say that it is gone":                  {Policy{Known: known(k.text, false)}, k.sign(t, gone), Accepted, ""},
		"a stranger that is gone is of no interest":         {Policy{Mode: ModeOpen, Territory: "fr:region:53", Contains: inside}, k.sign(t, gone), Refused, "never a member"},
	} {
		t.Run(name, func(t *testing.T) {
			d := Admit(c.p, c.a)
			if d.Status != c.want || !strings.Contains(d.Reason, c.says) || (d.Reason == "") != (d.Status == Accepted) {
				t.Errorf("%+v, want %s that says %q", d, c.want, c.says)
			}
		})
	}
}

func TestNextVisit(t *testing.T) {
	p := Pace{Every: time.Hour, First: time.Minute, Most: 24 * time.Hour}
	for name, c := range map[string]struct {
		failures int
		after    time.Duration
		dice     float64
		want     time.Duration
	}{
		"after a success":                     {0, 0, 0.5, time.Hour},
		"after a failure":                     {1, 0, 0.5, time.Minute},
		"after three":                         {3, 0, 0.5, 4 * time.Minute},
		"never slower than the usual pace":    {30, 0, 0.5, time.Hour},
		"nor after a thousand":                {1000, 0, 0.5, time.Hour},
		"as late as the server asks":          {1, 2 * time.Hour, 0.5, 2 * time.Hour},
		"not earlier because the server asks": {0, time.Minute, 0.5, time.Hour},
		"a server cannot ask for a year":      {0, 365 * 24 * time.Hour, 0.5, 24 * time.Hour},
		"spread to the early side":            {0, 0, 0, 54 * time.Minute},
		"spread to the late side":             {0, 0, 1, 66 * time.Minute},
	} {
		if got := NextVisit(p, c.failures, c.after, c.dice); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestAdmissionByCharter(t *testing.T) {
	h := newHouse(t)
	k := keyFrom(t, rennes, 0, 1)
	change := func(f func(*Announcement)) Announcement {
		a := k.announcement(t)
		f(&a)
		return k.sign(t, a)
	}
	a := change(func(*Announcement) {})
	known := map[string]Known{rennes: {Key: k.text}}
	holds := func(string) (Charter, error) { return h.chain[0], nil }
	byHand := func(string) (Charter, error) { return Charter{}, nil }
	expired := func(string) (Charter, error) {
		return Charter{}, &RefusedError{RefusedExpired, 0, rennes, errors.New("it expired")}
	}
	copied := func(string) (Charter, error) { return withKey(h.chain[0], keyFrom(t, rennes, 0, 8).text), nil }
	for name, c := range map[string]struct {
		known   map[string]Known
		charter func(string) (Charter, error)
		a       Announcement
		want    Verdict
		why     Refusal
	}{
		"it has one":                     {known, holds, a, Accepted, ""},
		"it has shown none":              {nil, holds, a, Pending, ""},
		"it was accepted by hand":        {known, byHand, a, Accepted, ""},
		"its charter has expired":        {known, expired, a, Refused, RefusedExpired},
		"a charter of another key":       {known, copied, a, Refused, RefusedKey},
		"it claims another level":        {known, holds, change(func(a *Announcement) { a.Level = "organisme" }), Refused, RefusedClaim},
		"it claims another territory":    {known, holds, change(func(a *Announcement) { a.Geozone = "fr:commune:29019" }), Refused, RefusedClaim},
		"it claims to be a hub":          {known, holds, change(func(a *Announcement) { a.Role = RoleHub }), Refused, RefusedRole},
		"it moved to another address":    {known, holds, change(func(a *Announcement) { a.URL = "https://elsewhere.example" }), Accepted, ""},
		"it is suspended":                {map[string]Known{rennes: {k.text, true}}, holds, a, Refused, RefusedSuspended},
		"it is suspended and has others": {map[string]Known{rennes: {k.text, true}}, byHand, a, Refused, RefusedSuspended},
	} {
		d := Admit(Policy{Mode: ModeCharter, Territory: "fr:region:53", Known: c.known, Contains: testContains, Charter: c.charter}, c.a)
		if d.Status != c.want || d.Why != c.why || (d.Reason == "") != (d.Status == Accepted) {
			t.Errorf("%s: %+v, want %s %s", name, d, c.want, c.why)
		}
	}
}

func withKey(c Charter, key string) Charter {
	c.Key = key
	return c
}
