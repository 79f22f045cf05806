package node

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"maillon/catalog/entry"
	"maillon/federation"
	"maillon/federation/follow"
	"maillon/node/authority"
	"maillon/node/front"
)

// All three keys are exchanged while everybody runs, and nobody misses a line.
func TestKeysAreExchangedWithoutAStop(t *testing.T) {
	w := newRealm(t)
	rennes := w.join(w.brit, JoinOptions{SIRET: memberID, URL: "?"}, authority.Ask{Geozone: "fr:commune:35238", SIRET: memberID})
	n := 0
	publish := func() {
		t.Helper()
		n++
		rennes.publish(strings.ReplaceAll(contractFile, "P-1", fmt.Sprint("P-", n)))
		for _, hub := range []*running{w.brit, w.nation} {
			eventually(t, "mirrored", func() error {
				if have := hub.node.Mirrored(memberID); have != uint64(n) {
					s, _ := hub.state(memberID)
					return fmt.Errorf("%d entries of %d: %s", have, n, s.Error)
				}
				return hub.says(memberID, Accepted)
			})
		}
	}
	publish()
	old := rennes.node.key.text()
	oldChain := federation.JoinChain(rennes.node.trust.ownNotes())
	if err := rennes.node.RotateKey(t.Context()); err != nil {
		t.Fatal(err)
	}
	if rennes.node.key.text() == old {
		t.Fatal("the same key")
	}
	publish()
	if m, _ := w.brit.node.roster.member(memberID); m.Key == old || len(m.PastKeys) != 1 || m.PastKeys[0] != old {
		t.Errorf("%+v", m)
	}
	if _, err := w.brit.node.trust.present(memberID, credential{Chain: string(oldChain)}); refusalOf(err) != federation.RefusedRevoked {
		t.Errorf("the replaced charter comes back: %v", err)
	}

	// The région's authority: the nation names the next one when it is asked.
	before := w.brit.node.trust.office.Key()
	next, err := w.brit.node.rotateAuthorityAt(admin, 8)
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the new authority signs", func() error {
		if got := w.brit.node.trust.office.Key(); got != next || got == before {
			return fmt.Errorf("still %.60s", got)
		}
		return nil
	})
	publish() // Rennes' charter is of the old authority, and holds
	if _, err := w.brit.node.Invite(admin, []authority.Ask{{Geozone: "fr:commune:29019"}}); err != nil {
		t.Errorf("an invitation under the new authority: %v", err)
	}
	rennes.restart()
	publish()
}

func TestAReplayAndACopyAreOfNoUse(t *testing.T) {
	w := newRealm(t)
	rennes := w.join(w.brit, JoinOptions{SIRET: memberID, URL: "?"}, authority.Ask{Geozone: "fr:commune:35238", SIRET: memberID})
	client := follow.NewClient(follow.Options{AllowPrivate: true})
	post := func(to *running, key func(federation.Request) []byte, chain string) error {
		t.Helper()
		raw := key(federation.Request{Do: federation.Present, To: to.node.cfg.ID.String(), Node: memberID, At: time.Now().UTC().Truncate(time.Second), Nonce: newNonce()})
		body, err := json.Marshal(call{Request: string(raw), Chain: chain})
		if err != nil {
			t.Fatal(err)
		}
		var g Granted
		return client.Ask(t.Context(), to.url+"/federation/v1/charter", body, &g)
	}
	chain := string(federation.JoinChain(rennes.node.trust.ownNotes()))
	var last []byte
	own := func(q federation.Request) []byte {
		signer, text := rennes.node.key.signer.Key()
		q.Key = text
		last, _ = federation.SignRequest(q, signer)
		return last
	}
	stolen := func(q federation.Request) []byte { // the charter is public, the key is not
		secret, text, err := federation.GenerateKey(memberID, 0)
		if err != nil {
			t.Fatal(err)
		}
		signer, _, err := federation.NewSigner(secret, memberID, 0)
		if err != nil {
			t.Fatal(err)
		}
		q.Key = text
		raw, _ := federation.SignRequest(q, signer)
		return raw
	}
	again := func(federation.Request) []byte { return last }
	kind := func(err error) string {
		if p, ok := errors.AsType[*follow.ProblemError](err); ok {
			return p.Type
		}
		return fmt.Sprint(err)
	}
	if err := post(w.nation, own, chain); err != nil {
		t.Errorf("its own charter, at the level above: %v", err)
	}
	if err := post(w.nation, again, chain); kind(err) != "replay" {
		t.Errorf("the same once more: %v", err)
	}
	if err := post(w.brit, again, chain); kind(err) != "audience" {
		t.Errorf("at another hub: %v", err)
	}
	if err := post(w.nation, stolen, chain); kind(err) != "refused-key" {
		t.Errorf("copied: %v", err)
	}
	if n := w.nation.node.Refusals(); n[federation.RefusedKey] != 1 || n[federation.RefusedReplay] != 1 {
		t.Errorf("counted %v", n)
	}
	pass, err := rennes.node.above.meta()
	if err != nil {
		t.Fatal(err)
	}
	at := w.brit.node.below.aliveAt(memberID)
	eventually(t, "in the pool", func() error {
		if at = w.brit.node.below.aliveAt(memberID); !at.IsValid() {
			return errors.New("not yet")
		}
		return nil
	})
	if err := w.brit.node.below.checkPass(memberID, pass, at); err != nil {
		t.Errorf("its own pass: %v", err)
	}
	if err := w.brit.node.below.checkPass(memberID, pass, netip.AddrPortFrom(at.Addr(), at.Port()+1)); !errors.Is(err, federation.ErrPassAddress) {
		t.Errorf("its pass at another address: %v", err)
	}
	if err := w.brit.node.below.checkPass(brest, pass, at); !errors.Is(err, federation.ErrPass) {
		t.Errorf("its pass under another name: %v", err)
	}
	if err := w.brit.node.below.checkPass(brest, nil, at); !errors.Is(err, federation.ErrPass) {
		t.Errorf("no pass: %v", err)
	}
}

// A hub dials the address that the request came from, whatever anyone says.
func TestTheDialBackGoesToTheCallerOnly(t *testing.T) {
	for name, c := range map[string]struct{ remote, via, want string }{
		"direct":                  {"192.0.2.7:40000", "", "192.0.2.7"},
		"direct, with a claim":    {"192.0.2.7:40000", "198.51.100.1", "192.0.2.7"},
		"through the own proxy":   {"127.0.0.1:40000", "192.0.2.7", "192.0.2.7"},
		"… which adds to a claim": {"127.0.0.1:40000", "198.51.100.1, 192.0.2.7", "192.0.2.7"},
		"IPv4 in IPv6":            {"[::ffff:192.0.2.7]:40000", "", "192.0.2.7"},
	} {
		r := httptest.NewRequest(http.MethodPost, "/", nil)
		r.RemoteAddr = c.remote
		if c.via != "" {
			r.Header.Set("X-Forwarded-For", c.via)
		}
		if ip, err := front.ThisMachine.Client(r); err != nil || ip.String() != c.want {
			t.Errorf("%s: %v, %v, want %s", name, ip, err, c.want)
		}
	}
	n := &Node{} // nothing private is allowed
	r := httptest.NewRequest(http.MethodPost, "/", nil)
	r.RemoteAddr = "10.0.0.1:40000"
	if d := n.dialBack(r, federation.Request{Gossip: 22}); d.TCP || d.UDP || !strings.Contains(d.Error, "private") {
		t.Errorf("%+v", d)
	}
	answers, err := NewResponder(fmt.Sprintf("127.0.0.1:%d", freePort(t)))
	if err != nil {
		t.Fatal(err)
	}
	defer answers.Close()
	at := answers.tcp.Addr().String()
	if tcp, udp := dial(t.Context(), "tcp", at), dial(t.Context(), "udp", at); tcp != nil || udp != nil {
		t.Errorf("%v, %v", tcp, udp)
	}
	silent := fmt.Sprintf("127.0.0.1:%d", freePort(t))
	if tcp, udp := dial(t.Context(), "tcp", silent), dial(t.Context(), "udp", silent); tcp == nil || udp == nil {
		t.Error("nobody answers, and both are found")
	}
}

func TestWhatAHubTellsIsBelievedOfItsTerritoryOnly(t *testing.T) {
	tr := &trust{n: &Node{now: time.Now}}
	hub := federation.Charter{Node: hubID, Role: federation.RoleHub, Level: "region", Territory: "fr:region:53"}
	for name, c := range map[string]struct {
		m    entry.Member
		want federation.Refusal
	}{
		"a commune of its own":          {entry.Member{Node: memberID, Geozone: "fr:commune:35238"}, ""},
		"a commune of elsewhere":        {entry.Member{Node: memberID, Geozone: "fr:commune:13055"}, federation.RefusedTerritory},
		"a charter that is none":        {entry.Member{Node: memberID, Geozone: "fr:commune:35238", Charter: "x"}, federation.RefusedMalformed},
		"a territory that nobody knows": {entry.Member{Node: memberID, Geozone: "fr:commune:99999"}, federation.RefusedTerritory},
	} {
		err := tr.vouched(hub, c.m)
		if (err == nil) != (c.want == "") || err != nil && refusalOf(err) != c.want {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func TestOperatorsMayWhatTheirRoleAllows(t *testing.T) {
	w := newRealm(t)
	base := "http://" + w.brit.node.addr.admin.String() + "/admin/v1"
	ask := func(token, method, path, body string) (int, map[string]any) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, base+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		var answer map[string]any
		_ = json.NewDecoder(res.Body).Decode(&answer)
		return res.StatusCode, answer
	}
	raw, err := os.ReadFile(filepath.Join(w.brit.dir, "admin.token"))
	if err != nil {
		t.Fatal(err)
	}
	root := string(bytes.TrimSpace(raw))
	made := func(name string, role authority.Role) string {
		t.Helper()
		status, answer := ask(root, "POST", "/operators", fmt.Sprintf(`{"name":%q,"role":%q}`, name, role))
		token, _ := answer["token"].(string)
		if status != 200 || token == "" {
			t.Fatalf("%d %v", status, answer)
		}
		return token
	}
	reader, registrar := made("Rémi", authority.Reader), made("Rose", authority.Registrar)
	invite := `{"items":[{"geozone":"fr:commune:35238"}]}`
	for _, c := range []struct {
		token, method, path, body string
		want                      int
	}{
		{"", "GET", "/members", "", 401},
		{"wrong", "GET", "/members", "", 401},
		{reader, "GET", "/members", "", 200},
		{reader, "GET", "/trail", "", 200},
		{reader, "GET", "/refusals", "", 200},
		{reader, "POST", "/invitations", invite, 403},
		{reader, "POST", "/members/" + memberID + "/accept", "", 403},
		{reader, "POST", "/rebuild", "", 403},
		{registrar, "POST", "/invitations", invite, 200},
		{registrar, "POST", "/members/" + memberID + "/accept", "", 404},
		{registrar, "POST", "/members/" + memberID + "/revoke?reason=x", "", 404},
		{registrar, "POST", "/operators", `{"name":"x","role":"reader"}`, 403},
		{registrar, "POST", "/rotate/pool", "", 403},
		{registrar, "POST", "/rebuild", "", 403},
		{root, "POST", "/rotate/everything", "", 400},
		{root, "DELETE", "/operators/Rose", "", 200},
		{registrar, "GET", "/members", "", 401},
	} {
		if status, answer := ask(c.token, c.method, c.path, c.body); status != c.want {
			t.Errorf("%.8s %s %s: %d %v, want %d", c.token, c.method, c.path, status, answer, c.want)
		}
	}
	_, answer := ask(root, "GET", "/trail", "")
	text := fmt.Sprint(answer)
	for _, want := range []string{"Rose", "invite", "operator-remove"} {
		if !strings.Contains(text, want) {
			t.Errorf("the trail does not tell of %s: %s", want, text)
		}
	}
}

func TestThePoolsKeyIsExchangedInSteps(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "pool.key")
	first := bytes.Repeat([]byte{1}, 32)
	if err := os.WriteFile(file, []byte(encode(first)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	hub := start(t, filepath.Join(dir, "hub"), fmt.Sprintf(`
node: {id: "%s", name: Bretagne, level: region, territory: "fr:region:53"}
data: %s
http: {listen: "127.0.0.1:%d", admin: "127.0.0.1:0"}
federation: {debounce: 20ms, hub: {listen: "127.0.0.1:%d", advertise: 127.0.0.1, profile: local, key_file: %s}}
`, hubID, filepath.Join(dir, "hub"), freePort(t), freePort(t), file))
	ring := func() (n int, firstStays bool) {
		keys, err := readPoolKeys("x", file)
		if err != nil {
			t.Fatal(err)
		}
		return len(keys), bytes.Equal(keys[0], first)
	}
	if err := hub.node.RotatePoolKey(); err != nil {
		t.Fatal(err)
	}
	if n, same := ring(); n != 2 || !same {
		t.Errorf("added: %d keys, %v", n, same)
	}
	if err := hub.node.RotatePoolKey(); err == nil {
		t.Error("begun twice")
	}
	back := func(d time.Duration, used bool) {
		t.Helper()
		if err := errors.Join(hub.node.keepPoolKeyState(poolKeyState{Added: time.Now().Add(-d), Used: used}), hub.node.stepPoolKey()); err != nil {
			t.Fatal(err)
		}
	}
	back(time.Hour, false)
	if n, same := ring(); n != 2 || !same {
		t.Errorf("after an hour: %d keys, %v", n, same)
	}
	back(25*time.Hour, false)
	if n, same := ring(); n != 2 || same {
		t.Errorf("after a day: %d keys, %v", n, same)
	}
	back(15*24*time.Hour, true)
	if n, same := ring(); n != 1 || same {
		t.Errorf("after two weeks: %d keys, %v", n, same)
	}
}
