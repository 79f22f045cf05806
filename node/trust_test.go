package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"maillon/federation"
	"maillon/federation/follow"
	"maillon/node/authority"
)

const (
	natID = "13002526500013"
	brest = "21290019500018"
)

var admin = authority.Operator{Name: "test", Role: authority.Administrator}

// A realm is a nation under a root, a région under the nation, and what joins.
type realm struct {
	t            *testing.T
	dir, pass    string
	root         *federation.Authority
	nation, brit *running
}

func newRealm(t *testing.T) *realm {
	t.Helper()
	w := &realm{t: t, dir: t.TempDir()}
	w.pass = filepath.Join(w.dir, "passphrase")
	if err := os.WriteFile(w.pass, []byte("correct horse battery\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	secret, _, err := federation.GenerateAuthority("")
	if err != nil {
		t.Fatal(err)
	}
	if w.root, err = federation.NewAuthority(secret); err != nil {
		t.Fatal(err)
	}
	nat := filepath.Join(w.dir, "nation")
	if err := os.MkdirAll(nat, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := authority.CreateKeyAt(filepath.Join(nat, "authority.key"), natID, "correct horse battery", 8); err != nil {
		t.Fatal(err)
	}
	w.nation = start(t, nat, fmt.Sprintf(`
node: {id: "%s", name: Nation, level: national, territory: "fr"}
data: %s
http: {listen: "127.0.0.1:%d", admin: "127.0.0.1:0"}
federation: {allow_private: true, debounce: 20ms, follow_every: 1s, roots: ["%s"], hub: {listen: "127.0.0.1:%d", advertise: 127.0.0.1, profile: local, admission: charter, authority: {key_file: authority.key, passphrase_file: %s}}}
`, natID, nat, freePort(t), w.root.Key(), freePort(t), w.pass))
	draft, err := w.nation.node.OwnDraft()
	if err != nil {
		t.Fatal(err)
	}
	signed, _, err := authority.SignBatch(w.root, draft, w.nation.node.now(), 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.nation.node.Import(t.Context(), admin, signed); err != nil {
		t.Fatal(err)
	}
	w.brit = w.join(w.nation, JoinOptions{SIRET: hubID, PassphraseFile: w.pass, URL: "?"}, authority.Ask{Geozone: "fr:region:53", Role: federation.RoleHub})
	return w
}

// invite makes an invitation of a hub.
func (w *realm) invite(hub *running, k authority.Ask) string {
	w.t.Helper()
	made, err := hub.node.Invite(admin, []authority.Ask{k})
	if err != nil {
		w.t.Fatal(err)
	}
	return made[0].String
}

// options are those of a node of the realm.
func (w *realm) options(o JoinOptions) JoinOptions {
	o.Data = filepath.Join(w.dir, o.SIRET)
	o.Config = o.Data + ".yaml"
	o.Listen, o.Gossip = fmt.Sprintf("127.0.0.1:%d", freePort(w.t)), fmt.Sprintf("127.0.0.1:%d", freePort(w.t))
	if o.URL == "?" {
		o.URL = "http://" + o.Listen
	}
	return o
}

// join invites a node, lets it join, and starts it with the configuration
// that joining wrote.
func (w *realm) join(hub *running, o JoinOptions, k authority.Ask) *running {
	w.t.Helper()
	o = w.options(o)
	o.Invitation = w.invite(hub, k)
	if o.PassphraseFile != "" { // a cheap one beforehand: tests open it often
		if err := os.MkdirAll(o.Data, 0o700); err != nil {
			w.t.Fatal(err)
		}
		if _, err := authority.CreateKeyAt(filepath.Join(o.Data, "authority.key"), o.SIRET, "correct horse battery", 8); err != nil {
			w.t.Fatal(err)
		}
	}
	j, err := JoinHub(w.t.Context(), o)
	if err != nil {
		w.t.Fatal(err)
	}
	if j.Mode != "full" {
		w.t.Fatalf("mode %s, %+v", j.Mode, j.Dial)
	}
	return w.start(o)
}

// start runs a node with the configuration that joining wrote, at the pace of
// a test.
func (w *realm) start(o JoinOptions) *running {
	w.t.Helper()
	raw, err := os.ReadFile(o.Config)
	if err != nil {
		w.t.Fatal(err)
	}
	config := strings.NewReplacer("federation:\n", "federation:\n  debounce: 20ms\n  follow_every: 1s\n",
		"listen: 0.0.0.0:7947", fmt.Sprintf("listen: \"127.0.0.1:%d\"\n    advertise: 127.0.0.1\n    profile: local", freePort(w.t)),
		"http:\n", "http:\n  admin: \"127.0.0.1:0\"\n").Replace(string(raw))
	return start(w.t, o.Data, config)
}

func TestFromTheRootToACommuneAndBack(t *testing.T) {
	w := newRealm(t)
	rennes := w.join(w.brit, JoinOptions{SIRET: memberID, URL: "?"}, authority.Ask{Geozone: "fr:commune:35238", SIRET: memberID})
	rennes.publish(contractFile)
	eventually(t, "accepted and mirrored without asking anyone", func() error {
		if n := w.brit.node.Mirrored(memberID); n != 1 {
			return fmt.Errorf("%d entries", n)
		}
		return w.brit.says(memberID, Accepted)
	})
	eventually(t, "known to the nation", func() error {
		if n := w.nation.node.Mirrored(memberID); n != 1 {
			return fmt.Errorf("%d entries", n)
		}
		return w.nation.says(memberID, Accepted)
	})
	if m, _ := w.brit.node.roster.member(memberID); m.Charter == "" || m.Mode != "" {
		t.Errorf("%+v", m)
	}
	eventually(t, "in the pool", func() error {
		if !w.brit.node.below.aliveAt(memberID).IsValid() {
			return errors.New("not there")
		}
		return nil
	})

	neighbour := w.join(w.brit, JoinOptions{SIRET: brest, URL: "?"}, authority.Ask{Geozone: "fr:commune:29019"})

	reason := "quitte la fédération"
	if err := w.brit.node.Revoke(t.Context(), admin, memberID, reason); err != nil {
		t.Fatal(err)
	}
	if err := w.brit.says(memberID, Suspended); err != nil {
		t.Error(err)
	}
	eventually(t, "suspended at the nation", func() error { return w.nation.says(memberID, Suspended) })
	raw, _, err := rennes.node.announcement()
	if err != nil {
		t.Fatal(err)
	}
	if d, _ := w.brit.node.below.take(raw); d.Status != federation.Refused {
		t.Errorf("its announcement: %+v", d)
	}
	eventually(t, "refused by its neighbours too", func() error {
		if d, _ := neighbour.node.above.take(raw); d.Status != federation.Refused || !strings.Contains(d.Reason, reason) {
			return fmt.Errorf("%+v", d)
		}
		return nil
	})
	eventually(t, "the list is at the nation", func() error {
		w.nation.node.trust.mu.Lock()
		defer w.nation.node.trust.mu.Unlock()
		if l, ok := w.nation.node.trust.lists.Get(w.brit.node.trust.office.Key()); !ok || !l.Bars(rennes.node.key.text()) {
			return fmt.Errorf("version %d", l.Version)
		}
		return nil
	})
	if err := rennes.node.renewOwn(t.Context(), w.brit.url); err == nil || !strings.Contains(err.Error(), reason) {
		t.Errorf("it renews: %v", err)
	}
	if n := w.brit.node.Refusals(); n[federation.RefusedSuspended]+n[federation.RefusedRevoked] < 2 {
		t.Errorf("counted %v", n)
	}
	acts, err := w.brit.node.trust.office.Trail(0, 10)
	if err != nil || acts[0].What != "revoke" || acts[0].By != "test" || acts[0].Detail != reason {
		t.Errorf("%+v, %v", acts, err)
	}
}

func TestJoiningTellsInvitationsApart(t *testing.T) {
	w := newRealm(t)
	open := authority.Ask{Geozone: "fr:commune:35238"}
	join := func(s, siret string) error {
		o := w.options(JoinOptions{SIRET: siret, Light: true})
		o.Data, o.Config = filepath.Join(t.TempDir(), "node"), filepath.Join(t.TempDir(), "maillon.yaml")
		o.Invitation = s
		_, err := JoinHub(t.Context(), o)
		return err
	}
	kind := func(err error) string {
		if p, ok := errors.AsType[*follow.ProblemError](err); ok {
			return p.Type
		}
		return fmt.Sprint(err)
	}
	used := w.invite(w.brit, open)
	if err := join(used, memberID); err != nil {
		t.Fatal(err)
	}
	if err := join(used, memberID); kind(err) != "invitation-used" {
		t.Errorf("used: %v", err)
	}
	if err := join(w.invite(w.brit, open), brest); kind(err) != "invitation-person" {
		t.Errorf("somebody else's: %v", err)
	}
	mistyped := []byte(used)
	mistyped[40] ^= 1
	if err := join(string(mistyped), memberID); !errors.Is(err, federation.ErrInviteMistyped) {
		t.Errorf("mistyped: %v", err)
	}
	v, err := federation.ParseInvite(w.invite(w.brit, open))
	if err != nil {
		t.Fatal(err)
	}
	v.Token[0] ^= 1
	forged, err := v.Format()
	if err != nil {
		t.Fatal(err)
	}
	if err := join(forged, memberID); kind(err) != "invitation-unknown" {
		t.Errorf("made up: %v", err)
	}
	v.Hub = w.nation.url
	elsewhere, err := v.Format()
	if err != nil {
		t.Fatal(err)
	}
	if err := join(elsewhere, memberID); !errors.Is(err, ErrOtherHub) {
		t.Errorf("at another hub: %v", err)
	}
	if err := w.brit.node.Revoke(context.Background(), admin, "21350001000011", "x"); err == nil {
		t.Error("a stranger is revoked")
	}
	if _, err := w.brit.node.Invite(admin, []authority.Ask{{Geozone: "fr:commune:13055"}}); err == nil || !strings.Contains(err.Error(), "territory") {
		t.Errorf("invited from elsewhere: %v", err)
	}
}

// A node behind a box is light: it joins, pushes, and its hub serves it.
func TestALightNodeJoins(t *testing.T) {
	w := newRealm(t)
	o := w.options(JoinOptions{SIRET: memberID, Light: true})
	o.Invitation = w.invite(w.brit, authority.Ask{Geozone: "fr:commune:35238", SIRET: memberID})
	j, err := JoinHub(t.Context(), o)
	if err != nil || j.Mode != "light" || j.pool != nil {
		t.Fatalf("%+v, %v", j, err)
	}
	if _, err := os.Stat(filepath.Join(o.Data, "pool.key")); err == nil {
		t.Error("a light node is given the pool's key")
	}
	rennes := w.start(o)
	rennes.publish(contractFile)
	eventually(t, "mirrored", func() error {
		if n := w.brit.node.Mirrored(memberID); n != 1 {
			return fmt.Errorf("%d entries", n)
		}
		return w.brit.says(memberID, Accepted)
	})
	if m, _ := w.brit.node.roster.member(memberID); m.Mode != "light" || m.Storage != "hub" || m.Charter == "" {
		t.Errorf("%+v", m)
	}
}
