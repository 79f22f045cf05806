package node

import (
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"maillon/catalog/entry"
	"maillon/node/firms"
)

const nationID = "13002526500013"

// A hosted federation: a light commune, its hub, and the nation above.
type hostedWorld struct {
	nation, hub, light *running
	home               string // public base of the commune, on the hub
}

func nationConfig(dir string, port, gossip int) string {
	return fmt.Sprintf(`
node: {id: "%s", name: Nation, level: national, territory: "fr"}
data: %s
http: {listen: "127.0.0.1:%d", admin: "127.0.0.1:0"}
federation: {allow_private: true, debounce: 20ms, follow_every: 2s, hub: {listen: "127.0.0.1:%d", advertise: 127.0.0.1, profile: local, admission: open}}
`, nationID, dir, port, gossip)
}

func hubConfig(dir string, port int, extra string) string {
	return fmt.Sprintf(`
node: {id: "%s", name: Bretagne, level: region, territory: "fr:region:53"}
data: %s
http: {listen: "127.0.0.1:%d", admin: "127.0.0.1:0"}
federation: {allow_private: true, debounce: 20ms, follow_every: 2s, %s}
`, hubID, dir, port, extra)
}

// lightConfig is that of a commune that only makes connections: no gossip, and
// a page for its own agents on loopback.
func lightConfig(dir, hub string, port int) string {
	return fmt.Sprintf(`
node: {id: "%s", name: Ville de Rennes, level: commune, territory: "fr:commune:35238", contact: marches@rennes.example, bbox: "-1.75 48.07 -1.62 48.16"}
data: %s
http: {listen: "127.0.0.1:%d", admin: "127.0.0.1:0"}
federation: {allow_private: true, debounce: 20ms, follow_every: 2s, join: {mode: light, url: "%s", hub: "%s"}}
`, memberID, dir, port, hub, hubID)
}

func newHostedWorld(t *testing.T, hubExtra string) *hostedWorld {
	t.Helper()
	w := newEmptyWorld(t, hubExtra)
	dir := filepath.Join(t.TempDir(), "light")
	w.light = start(t, dir, lightConfig(dir, w.hub.url, freePort(t)))
	w.light.url = fmt.Sprintf("http://%s/n/%s", w.light.node.addr.public, memberID)
	return w
}

// newEmptyWorld has no commune yet.
func newEmptyWorld(t *testing.T, hubExtra string) *hostedWorld {
	t.Helper()
	dir := t.TempDir()
	above, below := freePort(t), freePort(t)
	w := &hostedWorld{}
	w.nation = start(t, filepath.Join(dir, "nation"), nationConfig(filepath.Join(dir, "nation"), freePort(t), above))
	join := fmt.Sprintf(`join: {hub: "%s", listen: "127.0.0.1:%d", advertise: 127.0.0.1, profile: local, peers: ["127.0.0.1:%d"]}, `, nationID, freePort(t), above)
	hub := fmt.Sprintf(`hub: {listen: "127.0.0.1:%d", advertise: 127.0.0.1, profile: local, admission: open%s}`, below, hubExtra)
	w.hub = start(t, filepath.Join(dir, "hub"), hubConfig(filepath.Join(dir, "hub"), freePort(t), join+hub))
	w.home = w.hub.url + "/n/" + memberID
	return w
}

// mirrored waits until a node's mirror of the commune is as long as its journal.
func (w *hostedWorld) mirrored(t *testing.T, where *running) {
	t.Helper()
	eventually(t, "mirrored", func() error {
		if have, want := where.node.Mirrored(memberID), w.light.node.JournalSize(); have != want || want == 0 {
			s, _ := w.light.state(memberID)
			return fmt.Errorf("%d entries of %d; the last push: %s", have, want, s.Error)
		}
		return nil
	})
}

func contracts(from, n int) string {
	var out []string
	for i := range n {
		one := strings.TrimSuffix(strings.TrimPrefix(pivotFile, `{"marches":{"marche":[`), `]}}`)
		out = append(out, strings.Replace(one, `"2026-77"`, fmt.Sprintf(`"2026-%d"`, from+i), 1))
	}
	return `{"marches":{"marche":[` + strings.Join(out, ",") + `]}}`
}

// fetch asks an address as a program does.
func fetch(t *testing.T, url string, header ...string) (string, http.Header, int) {
	t.Helper()
	r := &running{url: url}
	accept := ""
	if len(header) > 0 {
		accept = header[0]
	}
	return r.get(t, "", accept)
}

// A light commune is behind a box that lets nothing in; what it deposits is at
// its hub and at the nation, byte for byte, and its catalogue is served there.
func TestALightMemberIsStoredAndServedByItsHub(t *testing.T) {
	t.Parallel()
	w := newHostedWorld(t, "")
	w.light.publish(contracts(1, 300))
	w.mirrored(t, w.hub)
	w.mirrored(t, w.nation)
	if w.light.node.above.gossip != nil {
		t.Error("a light node gossips")
	}
	own, hub := "http://"+w.light.node.addr.public.String()+"/journal/", w.home+"/journal/"
	for _, path := range []string{"checkpoint", "key", "tile/0/000", "tile/0/001.p/44", "tile/1/000.p/1", "tile/entries/000", "tile/entries/001.p/44", "bodies/000", "bodies/001.p/44"} {
		a, _, sa := fetch(t, own+path)
		b, _, sb := fetch(t, hub+path)
		if signed := string(w.light.node.own.Checkpoint()); path == "checkpoint" && strings.HasPrefix(a, signed) && strings.HasPrefix(b, signed) {
			a, b = signed, signed // hubs add their cosignatures
		}
		if a != b || sa != 200 || sb != 200 {
			t.Errorf("%s: %d %d, differ: %v", path, sa, sb, a != b)
		}
	}
	if s, err := w.light.state(hubID); err != nil || s.State != "hub" {
		t.Errorf("it does not know its hub: %+v %v", s, err)
	}
	m, ok := w.hub.node.roster.member(memberID)
	if !ok || m.Storage != "hub" || m.Mode != "light" || m.URL != w.home || m.Base != "" {
		t.Errorf("the hub says of it %+v", m)
	}
	eventually(t, "contact at the hub", func() error {
		if s, err := w.hub.state(memberID); err != nil || s.Contact != "marches@rennes.example" {
			return fmt.Errorf("%+v %v", s, err)
		}
		return nil
	})
	w.sameAnswers(t)
	eventually(t, "the hub's catalogue has the dataset", func() error {
		raw, _, status := w.hub.get(t, "/catalog.ttl", "")
		if status != 200 || !strings.Contains(raw, "<"+w.home+"/catalog/datasets/21350238800019-decp-2026>") {
			return fmt.Errorf("%d %.2000s", status, raw)
		}
		return nil
	})
	stock := filepath.Join(t.TempDir(), "units.csv")
	if err := os.WriteFile(stock, []byte("siren,statutDiffusionUniteLegale,dateDernierTraitementUniteLegale,etatAdministratifUniteLegale,categorieEntreprise\n356000000,O,2026-10-01T00:00:00,A,GE\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := firms.Import(t.Context(), SireneDir(w.hub.node.cfg), stock, []string{"35600000000048"}, time.Now()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the hub's SIRENE holds for the member's pages", func() error {
		if raw, _, status := fetch(t, w.home+"/api/v1/contracts?supplier_size=GE&limit=1"); status != 200 || !strings.Contains(raw, `"total":300`) {
			return fmt.Errorf("%d %.200s", status, raw)
		}
		return nil
	})
	for _, path := range []string{"/connexion", "/saisie", "/journal/nothing", "/federation/v1/announcements", "/n/" + memberID + "/catalog", "/valider"} {
		if _, _, status := fetch(t, w.home+path); status != http.StatusNotFound {
			t.Errorf("%s: %d, want 404", path, status)
		}
	}
}

// answered are paths that a node and the hub in its place answer alike.
var answered = []string{
	"/catalog.ttl", "/catalog.jsonld", "/catalog.rdf", "/catalog.nt", "/catalog", "/catalog/all.ttl", "/buyers/" + memberID + "/catalog.ttl",
	"/catalog/datasets/" + memberID + "-decp-2026.ttl", "/catalog/series/" + memberID + "-decp.nt",
	"/files/" + memberID + "-decp-2026/decret.json", "/files/" + memberID + "-decp-2026/decret.xml", "/files/" + memberID + "-decp-2026/decret.csv",
	"/files/" + memberID + "-decp-2026/complet.ndjson", "/api/v1/contracts", "/api/v1/contracts/" + memberID + "/2026-1",
}

// sameAnswers compares every byte that the commune answers with what the hub
// answers in its place, with tags, ranges and HEAD.
func (w *hostedWorld) sameAnswers(t *testing.T) map[string]string {
	t.Helper()
	bodies := map[string]string{}
	for _, path := range answered {
		eventually(t, path, func() error {
			a, ha, sa := fetch(t, w.light.url+path)
			b, hb, sb := fetch(t, w.home+path)
			switch {
			case sa != 200 || sb != 200:
				return fmt.Errorf("%d %d %.300s", sa, sb, b)
			case a != b:
				return fmt.Errorf("%.3000s\n\n%.3000s", a, b)
			case ha.Get("ETag") != hb.Get("ETag") || ha.Get("Content-Type") != hb.Get("Content-Type") || ha.Get("Last-Modified") != hb.Get("Last-Modified"):
				return fmt.Errorf("headers %v\n%v", ha, hb)
			}
			bodies[path] = b
			return nil
		})
	}
	file := w.home + "/files/" + memberID + "-decp-2026/decret.json"
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, file, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Range", "bytes=0-9")
	res, err := http.DefaultClient.Do(req)
	if err != nil || res.StatusCode != http.StatusPartialContent || res.ContentLength != 10 {
		t.Errorf("range: %v %v", res, err)
	}
	head, err := http.Head(w.home + "/catalog.ttl")
	if err != nil || head.StatusCode != 200 || head.Header.Get("ETag") == "" {
		t.Errorf("HEAD: %v %v", head, err)
	}
	return bodies
}

// entries reads a whole journal.
func entries(t *testing.T, r *running, node string) (out []entry.Entry) {
	t.Helper()
	log := r.node.own
	if node != r.node.cfg.ID.String() {
		var ok bool
		if log, ok = r.node.mirrors.get(node); !ok {
			t.Fatalf("no mirror of %s", node)
		}
	}
	for e, err := range log.Entries(t.Context(), 0, log.Size()) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, e)
	}
	return out
}

// A redaction at a light member erases the body at the hub and at the nation.
func TestARedactionReachesTheHubsMirror(t *testing.T) {
	t.Parallel()
	w := newHostedWorld(t, "")
	w.light.publish(contracts(1, 3))
	w.mirrored(t, w.hub)
	w.mirrored(t, w.nation)
	if _, err := w.light.node.Retract(t.Context(), entry.Redact, 1, "données personnelles"); err != nil {
		t.Fatal(err)
	}
	for _, where := range []*running{w.hub, w.nation} {
		w.mirrored(t, where)
		if all := entries(t, where, memberID); len(all) != 4 || all[1].Body != nil || all[0].Body == nil {
			t.Errorf("%d entries, body %q", len(all), all[1].Body)
		}
	}
	eventually(t, "not in the files", func() error {
		raw, _, status := fetch(t, w.home+"/files/"+memberID+"-decp-2026/complet.ndjson")
		if status != 200 || strings.Contains(raw, "2026-2\"") {
			return fmt.Errorf("%d %s", status, raw)
		}
		return nil
	})
}

// A light node that is put back from an older copy signs nothing before it has
// its tail back from the hub.
func TestARestoredLightMemberFetchesItsTail(t *testing.T) {
	t.Parallel()
	w := newHostedWorld(t, "")
	w.light.publish(contracts(1, 2))
	w.mirrored(t, w.hub)
	w.light.stop()
	backup := filepath.Join(t.TempDir(), "copy")
	if err := os.CopyFS(backup, os.DirFS(w.light.dir)); err != nil {
		t.Fatal(err)
	}
	w.light.restart()
	w.light.publish(contracts(10, 5))
	w.mirrored(t, w.hub)
	before := entries(t, w.light, memberID)
	w.light.stop()
	restore(t, backup, w.light.dir)
	w.light.restart()
	w.light.publish(contracts(20, 1))
	w.mirrored(t, w.hub)
	after := entries(t, w.hub, memberID)
	if len(before) != 7 || len(after) != 8 {
		t.Fatalf("%d and %d entries", len(before), len(after))
	}
	for i := range before {
		if string(before[i].Header) != string(after[i].Header) || string(before[i].Body) != string(after[i].Body) {
			t.Errorf("entry %d differs", i)
		}
	}
	if err := w.hub.says(memberID, "accepted"); err != nil {
		t.Error(err)
	}
}

// restore puts a copy in the place of a folder.
func restore(t *testing.T, from, to string) {
	t.Helper()
	if err := os.RemoveAll(to); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
}

// Over its quota a member is refused, with what to do, and nothing of what it
// had is lost; with more room the push goes on by itself.
func TestAMemberOverItsQuotaIsToldHowToMendIt(t *testing.T) {
	t.Parallel()
	w := newHostedWorld(t, ", quota: 64KiB")
	w.light.publish(contracts(1, 2))
	w.mirrored(t, w.hub)
	big := strings.Replace(contracts(100, 1), "Peinture de l'école", strings.Repeat("Peinture "+time.Now().String()+" ", 1), 1)
	for i := range 2000 {
		big = strings.Replace(big, "Peinture", fmt.Sprintf("%x Peinture", i*7919*104729), 1)
	}
	w.light.publish(strings.Replace(big, `"objet":"`, `"objet":"`+noise(200_000), 1))
	eventually(t, "refused", func() error {
		s, err := w.light.state(memberID)
		if err != nil || !strings.Contains(s.Error, "federation.hub.quota") {
			return fmt.Errorf("%+v %v", s, err)
		}
		return nil
	})
	if n := w.hub.node.Mirrored(memberID); n != 2 {
		t.Errorf("%d entries, want 2", n)
	}
	var staged int64
	_ = filepath.WalkDir(filepath.Join(w.hub.dir, "pushed"), func(_ string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			if info, err := d.Info(); err == nil {
				staged += info.Size()
			}
		}
		return nil
	})
	if staged > 64<<10 {
		t.Errorf("%d bytes are staged, over the quota", staged)
	}
	w.hub.stop()
	w.hub.config = strings.Replace(w.hub.config, "quota: 64KiB", "quota: 4MiB", 1)
	w.hub.restart()
	w.light.restart() // not to wait for the back-off
	w.mirrored(t, w.hub)
}

// noise does not compress.
func noise(n int) string {
	var b strings.Builder
	x := uint64(88172645463325252)
	for b.Len() < n {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		fmt.Fprintf(&b, "%016x", x)
	}
	return b.String()[:n]
}
