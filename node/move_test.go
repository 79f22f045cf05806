package node

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"maillon/catalog/entry"
)

// ownConfig is that of a commune with a server of its own: base names its
// datasets, and it answers on the port.
func (w *hostedWorld) ownConfig(dir, base string, port, gossip int) string {
	address := fmt.Sprintf("http://127.0.0.1:%d", port)
	return fmt.Sprintf(`
node: {id: "%s", name: Ville de Rennes, level: commune, territory: "fr:commune:35238", contact: marches@rennes.example, bbox: "-1.75 48.07 -1.62 48.16"}
url: %s
address: %s
data: %s
http: {listen: "127.0.0.1:%d", admin: "127.0.0.1:0"}
federation: {allow_private: true, debounce: 20ms, follow_every: 2s, join: {url: "%s", hub: "%s", listen: "127.0.0.1:%d", advertise: 127.0.0.1, profile: local, peers: ["127.0.0.1:%d"]}}
`, memberID, base, address, dir, port, w.hub.url, hubID, gossip, w.hub.node.cfg.Federation.Hub.Pool.Port)
}

// becomes restarts the commune with another configuration over the same data.
func (w *hostedWorld) becomes(t *testing.T, config string) {
	t.Helper()
	w.light.stop()
	*w.light = *start(t, w.light.dir, config)
}

// place waits until the hub says where the commune is stored.
func (w *hostedWorld) place(t *testing.T, storage, url string) entry.Member {
	t.Helper()
	var m entry.Member
	eventually(t, "the hub knows where the member is stored", func() error {
		m, _ = w.hub.node.roster.member(memberID)
		if m.Storage != storage || m.URL != url {
			return fmt.Errorf("%+v", m)
		}
		return nil
	})
	return m
}

// headers reads a whole journal as one text.
func journalText(t *testing.T, r *running) string {
	t.Helper()
	var b strings.Builder
	for _, e := range entries(t, r, memberID) {
		fmt.Fprintf(&b, "%s\n%x\n%s\n", e.Header, e.Salt, e.Body)
	}
	return b.String()
}

// A commune that its hub serves gets a server of its own, and gives it up
// again. Nothing of its journal is lost, and every address under its name
// answers the same bytes all the time, whoever answers.
func TestAMemberMovesFromItsHubToItsOwnServerAndBack(t *testing.T) {
	t.Parallel()
	w := newHostedWorld(t, "")
	dir, port, gossip := w.light.dir, freePort(t), freePort(t)
	w.light.publish(contracts(1, 260))
	w.mirrored(t, w.hub)
	before, journal := w.sameAnswers(t), journalText(t, w.hub)

	w.becomes(t, w.ownConfig(dir, w.home, port, gossip))
	w.light.url = fmt.Sprintf("http://127.0.0.1:%d", port)
	w.place(t, "", w.home)
	for path, body := range w.sameAnswers(t) {
		if body != before[path] {
			t.Errorf("%s has changed:\n%.2000s\n\n%.2000s", path, before[path], body)
		}
	}
	w.light.publish(contracts(1000, 3))
	w.mirrored(t, w.hub)
	w.mirrored(t, w.nation)
	if got := journalText(t, w.hub); !strings.HasPrefix(got, journal) {
		t.Error("the journal has another beginning")
	}
	eventually(t, "what was deposited on its own server is under its name", func() error {
		got, h, status := fetch(t, w.home+"/files/"+memberID+"-decp-2026/complet.ndjson")
		if status != http.StatusOK || !strings.Contains(got, "2026-1002") {
			return fmt.Errorf("%d", status)
		}
		// The tag is the dataset's own word on the file: when it fits, the catalogue has it too.
		if sum := sha256.Sum256([]byte(got)); !strings.HasPrefix(h.Get("ETag"), fmt.Sprintf(`"%x`, sum[:16])) {
			return fmt.Errorf("tag %s", h.Get("ETag"))
		}
		return nil
	})
	grown := w.sameAnswers(t)
	w.light.stop()
	w.answersAs(t, grown, "its server is away")

	w.becomes(t, lightConfig(dir, w.hub.url, freePort(t)))
	w.light.url = fmt.Sprintf("http://%s/n/%s", w.light.node.addr.public, memberID)
	w.place(t, "hub", w.home)
	w.answersAs(t, grown, "back at the hub")
	w.light.publish(contracts(2000, 1))
	w.mirrored(t, w.hub)
	if a, b := journalText(t, w.hub), journalText(t, w.light); a != b {
		t.Error("the mirror differs from the journal")
	}
}

// answersAs compares what the hub answers under the commune's name.
func (w *hostedWorld) answersAs(t *testing.T, want map[string]string, when string) {
	t.Helper()
	for path, body := range want {
		eventually(t, path+", "+when, func() error {
			got, _, status := fetch(t, w.home+path)
			if status != http.StatusOK || got != body {
				return fmt.Errorf("%d %.1000s", status, got)
			}
			return nil
		})
	}
}

// names are the IRIs of a catalogue's datasets and distributions.
func (r *running) names(t *testing.T, url string) (out []string) {
	t.Helper()
	for _, d := range (&running{url: url}).feed(t, "/catalog.ttl").Found {
		out = append(out, d.Dataset.IRI)
		for _, f := range d.Dataset.Distributions {
			out = append(out, f.IRI)
		}
	}
	slices.Sort(out)
	return out
}

// A commune with a name of its own gives its server up: its datasets keep
// their names, their files are at the hub; then it takes them back.
func TestAMemberGivesItsServerUpAndKeepsItsNames(t *testing.T) {
	t.Parallel()
	w := newEmptyWorld(t, "")
	dir, port, gossip := filepath.Join(t.TempDir(), "own"), freePort(t), freePort(t)
	base := fmt.Sprintf("http://127.0.0.1:%d", port)
	config := w.ownConfig(dir, base, port, gossip)
	w.light = start(t, dir, config)
	w.light.publish(contracts(1, 260))
	w.place(t, "", base)
	w.mirrored(t, w.hub)
	eventually(t, "served by itself", func() error {
		if _, _, status := fetch(t, base+"/files/"+memberID+"-decp-2026/decret.json"); status != http.StatusOK {
			return fmt.Errorf("%d", status)
		}
		return nil
	})
	names := w.light.names(t, base)
	file := "/files/" + memberID + "-decp-2026/decret.json"
	content, _, _ := fetch(t, base+file)
	journal := journalText(t, w.hub)
	if len(names) < 4 || len(content) < 1000 {
		t.Fatalf("%v, %d bytes", names, len(content))
	}

	w.becomes(t, strings.Replace(lightConfig(dir, w.hub.url, freePort(t)), "\ndata:", "\nurl: "+base+"\ndata:", 1))
	m := w.place(t, "hub", w.home)
	if m.Base != base {
		t.Errorf("the hub says of it %+v", m)
	}
	w.light.publish(contracts(500, 1))
	w.mirrored(t, w.hub)
	eventually(t, "served by the hub", func() error {
		if _, _, status := fetch(t, w.home+"/catalog.ttl"); status != http.StatusOK {
			return fmt.Errorf("%d", status)
		}
		return nil
	})
	if got := w.light.names(t, w.home); !slices.Equal(got, names) {
		t.Errorf("names at the hub %v, before %v", got, names)
	}
	eventually(t, "the file is at the hub", func() error {
		got, _, status := fetch(t, w.home+file)
		if status != 200 || !strings.HasPrefix(got, content[:500]) || !strings.Contains(got, "2026-500") {
			return fmt.Errorf("%d", status)
		}
		return nil
	})
	eventually(t, "links lead to the hub", func() error {
		raw, _, status := fetch(t, w.home+"/catalog.ttl")
		if status != 200 || !strings.Contains(raw, "<"+w.home+file+">") || strings.Contains(raw, "<"+base+file+">") {
			return fmt.Errorf("%d %.3000s", status, raw)
		}
		return nil
	})
	if got := journalText(t, w.hub); !strings.HasPrefix(got, journal) {
		t.Error("the journal has another beginning")
	}

	w.becomes(t, config)
	if m := w.place(t, "", base); m.Base != "" {
		t.Errorf("the hub says of it %+v", m)
	}
	eventually(t, "served by itself", func() error {
		if _, _, status := fetch(t, base+"/catalog.ttl"); status != http.StatusOK {
			return fmt.Errorf("%d", status)
		}
		return nil
	})
	if got := w.light.names(t, base); !slices.Equal(got, names) {
		t.Errorf("names %v, before %v", got, names)
	}
	w.mirrored(t, w.hub)
}
