package node

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"maillon/federation"
	"maillon/node/authority"
)

// The attacks of this file are on hubs that admit by charter.

// asks posts a signed request to a hub, with a chain for present.
func (s *stranger) asks(hub *running, path string, q federation.Request, chain []byte, header http.Header) (status int, kind string) {
	s.t.Helper()
	q.To, q.Node, q.Key, q.At, q.Nonce = hub.node.cfg.ID.String(), s.id, s.key, time.Now().UTC().Truncate(time.Second), newNonce()
	raw, err := federation.SignRequest(q, s.signer)
	if err != nil {
		s.t.Fatal(err)
	}
	body, err := json.Marshal(call{Request: string(raw), Chain: string(chain)})
	if err != nil {
		s.t.Fatal(err)
	}
	req, err := http.NewRequest(http.MethodPost, hub.url+"/federation/v1/"+path, bytes.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header = header.Clone()
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	var p struct{ Type string }
	_ = json.NewDecoder(res.Body).Decode(&p)
	return res.StatusCode, strings.TrimPrefix(p.Type, "urn:maillon:problem:")
}

// commune joins the région of the realm.
func (w *realm) commune() *running {
	return w.join(w.brit, JoinOptions{SIRET: memberID, URL: "?"}, authority.Ask{Geozone: "fr:commune:35238", SIRET: memberID})
}

func TestWithoutACharterNobodyIsFollowed(t *testing.T) {
	w := newRealm(t)
	rennes := w.commune()
	s := newStranger(t, strangerID, func(_ http.ResponseWriter, r *http.Request) { t.Errorf("a stranger is asked for %s", r.URL.Path) })
	if status, d := w.brit.post(s.says(nil)); status != http.StatusAccepted || d.Status != federation.Pending || !strings.Contains(d.Reason, "charter") {
		t.Errorf("its announcement: %d, %+v", status, d)
	}
	if err := w.brit.says(s.id, Pending); err != nil {
		t.Error(err) // the operator sees it in the list
	}
	if err := w.brit.node.below.mayEnter(s.id, nil, netip.MustParseAddrPort("127.0.0.1:7946")); !errors.Is(err, federation.ErrPass) {
		t.Errorf("it enters the pool without a pass: %v", err)
	}
	if w.brit.node.Refusals()[federation.RefusedSignature] == 0 {
		t.Error("that is not counted")
	}
	// In the pool above it is heard of; no member calls at the address it gives.
	w.nation.post(s.says(nil))
	eventually(t, "the région hears of it", func() error {
		if _, ok := w.brit.node.above.announcement(s.id); !ok {
			return errors.New("it has not")
		}
		return nil
	})
	for _, p := range w.brit.node.peers() {
		if p.node == s.id {
			t.Error("a stranger is asked for cosignatures")
		}
	}
	climbs(t, w.brit, rennes)
	if n := w.brit.node.Mirrored(s.id); n != 0 {
		t.Errorf("%d entries of the stranger are mirrored", n)
	}
}

func TestChartersThatDoNotHoldAreRefused(t *testing.T) {
	w := newRealm(t)
	rennes := w.commune()
	brit, err := authority.OpenKey(filepath.Join(w.dir, hubID, "authority.key"), "correct horse battery")
	if err != nil {
		t.Fatal(err)
	}
	secret, _, err := federation.GenerateAuthority("")
	if err != nil {
		t.Fatal(err)
	}
	pretender, err := federation.NewAuthority(secret)
	if err != nil {
		t.Fatal(err)
	}
	above := w.brit.node.trust.ownNotes()
	member, _ := w.brit.node.trust.credential(memberID)
	serial := 0
	charter := func(s *stranger, by *federation.Authority, zone string, from time.Time) []byte {
		t.Helper()
		serial++
		raw, err := by.Charter(federation.Charter{
			Serial: fmt.Sprintf("%016x", serial), Node: s.id, Key: s.key, Role: federation.RoleNode, Level: "commune", Territory: zone,
			From: from.UTC().Truncate(time.Second), Expires: from.Add(24 * time.Hour).UTC().Truncate(time.Second),
		})
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	now := time.Now().Add(-time.Minute)
	for _, c := range []struct {
		name  string
		id    string
		chain func(s *stranger) [][]byte
		why   federation.Refusal
	}{
		{"of another territory", strangerID, func(s *stranger) [][]byte {
			return append([][]byte{charter(s, brit, "fr:commune:13055", now)}, above...)
		}, federation.RefusedTerritory},
		{"expired", strangerID, func(s *stranger) [][]byte {
			return append([][]byte{charter(s, brit, "fr:commune:35288", now.Add(-30*24*time.Hour))}, above...)
		}, federation.RefusedExpired},
		{"not yet valid", strangerID, func(s *stranger) [][]byte {
			return append([][]byte{charter(s, brit, "fr:commune:35288", now.Add(30*24*time.Hour))}, above...)
		}, federation.RefusedFuture},
		{"under a root of its own", strangerID, func(s *stranger) [][]byte {
			return [][]byte{charter(s, pretender, "fr:commune:35288", now)}
		}, federation.RefusedRoot},
		{"copied from a member", memberID, func(*stranger) [][]byte {
			return append([][]byte{[]byte(member.Chain)}, above...)
		}, federation.RefusedKey},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStranger(t, c.id, func(_ http.ResponseWriter, r *http.Request) { t.Errorf("it is asked for %s", r.URL.Path) })
			for _, hub := range []*running{w.nation, w.brit} {
				before := hub.node.Refusals()[c.why]
				status, kind := s.asks(hub, "charter", federation.Request{Do: federation.Present}, federation.JoinChain(c.chain(s)), nil)
				if status != http.StatusForbidden || kind != "refused-"+string(c.why) {
					t.Errorf("%s answers %d %s, want 403 refused-%s", hub.node.cfg.Name, status, kind, c.why)
				}
				if hub.node.Refusals()[c.why] <= before {
					t.Errorf("%s does not count it", hub.node.cfg.Name)
				}
				hub.told("request of a node refused")
				_, d := hub.post(s.says(nil))
				if d.Status == federation.Accepted {
					t.Errorf("%s takes its announcement: %+v", hub.node.cfg.Name, d)
				}
			}
			climbs(t, w.brit, rennes)
		})
	}
	eventually(t, "the nation has what the member deposited", func() error {
		if n, want := w.nation.node.Mirrored(memberID), rennes.node.JournalSize(); n != want {
			return fmt.Errorf("%d of %d entries", n, want)
		}
		return w.nation.says(memberID, Accepted)
	})
}

// A pass is for one address: a copy shows nothing but that it was copied.
func TestACopiedPassOpensNothingElsewhere(t *testing.T) {
	w := newRealm(t)
	rennes := w.commune()
	eventually(t, "in the pool", func() error {
		if !w.brit.node.below.aliveAt(memberID).IsValid() {
			return errors.New("not there")
		}
		return nil
	})
	pass, err := rennes.node.above.meta()
	if err != nil || len(pass) == 0 {
		t.Fatalf("the member has no pass: %v", err)
	}
	at := w.brit.node.below.aliveAt(memberID)
	if err := w.brit.node.below.mayEnter(memberID, pass, at); err != nil {
		t.Errorf("at its own address: %v", err)
	}
	elsewhere := netip.AddrPortFrom(netip.MustParseAddr("192.0.2.7"), at.Port())
	if err := w.brit.node.below.mayEnter(memberID, pass, elsewhere); !errors.Is(err, federation.ErrPassAddress) {
		t.Errorf("elsewhere: %v", err)
	}
	if err := w.brit.node.below.mayEnter(strangerID, pass, at); !errors.Is(err, federation.ErrPass) {
		t.Errorf("shown by another: %v", err)
	}
	if w.brit.node.Refusals()[federation.RefusedClaim] == 0 {
		t.Error("the copy is not counted")
	}
	climbs(t, w.brit, rennes)
}

// Whoever joins is dialled back at the address it comes from, and only if its
// invitation is good: nobody can make a hub knock at a third party's door.
func TestJoiningDialsNoThirdParty(t *testing.T) {
	t.Parallel()
	w := newRealm(t)
	rennes := w.commune()
	knocks := make(chan net.Addr, 16)
	listen := func(addr string) int {
		t.Helper()
		l, err := net.Listen("tcp", addr)
		if err != nil {
			t.Skipf("SKIPPED: no second loopback address: %v", err)
		}
		t.Cleanup(func() { _ = l.Close() })
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				knocks <- c.LocalAddr()
				_ = c.Close()
			}
		}()
		return l.Addr().(*net.TCPAddr).Port
	}
	third := listen("127.0.0.9:0")
	own := listen(fmt.Sprintf("127.0.0.1:%d", third)) // the same port at the caller's own address
	invited, err := federation.ParseInvite(w.invite(w.brit, authority.Ask{Geozone: "fr:departement:35", SIRET: strangerID}))
	if err != nil {
		t.Fatal(err)
	}
	s := newStranger(t, strangerID, nil)
	ask := func(token []byte, via string) (int, string) {
		h := http.Header{}
		if via != "" {
			h.Set("X-Forwarded-For", via)
			h.Set("Forwarded", "for=127.0.0.9")
			h.Set("X-Real-IP", "127.0.0.9")
		}
		return s.asks(w.brit, "join", federation.Request{
			Do: federation.Join, Token: token, Level: "departement", Territory: "fr:departement:35", Name: "Étranger", Gossip: own,
		}, nil, h)
	}
	if status, kind := ask(bytes.Repeat([]byte{7}, len(invited.Token)), ""); status != http.StatusNotFound || kind != "invitation-unknown" {
		t.Errorf("without an invitation: %d %s", status, kind)
	}
	select {
	case at := <-knocks:
		t.Errorf("without an invitation, %s is dialled", at)
	case <-time.After(300 * time.Millisecond):
	}
	// The proxy on this machine adds the address that it saw after what the caller claims.
	if status, kind := ask(invited.Token[:], "127.0.0.9, 127.0.0.1"); status != http.StatusOK {
		t.Errorf("with one: %d %s", status, kind)
	}
	heard := 0
	for done := false; !done; {
		select {
		case at := <-knocks:
			heard++
			if !strings.HasPrefix(at.String(), "127.0.0.1:") {
				t.Errorf("%s is dialled", at)
			}
		case <-time.After(300 * time.Millisecond):
			done = true
		}
	}
	if heard == 0 || heard > 4 {
		t.Errorf("the caller is dialled %d times, want a few", heard)
	}
	climbs(t, w.brit, rennes)
}
