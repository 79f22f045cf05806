package node

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"maillon/federation/audit"
	"maillon/federation/follow"
	"maillon/store"
	"maillon/store/bolt"
)

const topID = "13002526500013"

// chain starts a nation, a region in it and a commune in that, which has the
// public address url, or its own if that is "".
func chain(t *testing.T, url string) (nation, region, commune *running) {
	t.Helper()
	dir := t.TempDir()
	nationPool, regionPool := freePort(t), freePort(t)
	one := func(id, name, level, territory, federation, url string) *running {
		if url != "" {
			url = "url: " + url
		}
		path := filepath.Join(dir, level)
		return start(t, path, fmt.Sprintf(`
node: {id: "%s", name: %s, level: %s, territory: "%s"}
data: %s
http: {listen: "127.0.0.1:%d", admin: "127.0.0.1:0"}
federation: {allow_private: true, confirm_head: false, debounce: 20ms, follow_every: 2s, %s}
%s
`, id, name, level, territory, path, freePort(t), federation, url))
	}
	pool := func(port int) string {
		return fmt.Sprintf("hub: {listen: \"127.0.0.1:%d\", advertise: 127.0.0.1, profile: local, admission: open}", port)
	}
	join := func(hub string, port int) string {
		return fmt.Sprintf("join: {hub: \"%s\", listen: \"127.0.0.1:%d\", advertise: 127.0.0.1, profile: local, peers: [\"127.0.0.1:%d\"]}", hub, freePort(t), port)
	}
	nation = one(topID, "France", "national", "fr", pool(nationPool), "")
	region = one(hubID, "Bretagne", "region", "fr:region:53", join(topID, nationPool)+", "+pool(regionPool), "")
	commune = one(memberID, "Rennes", "commune", "fr:commune:35238", join(hubID, regionPool), url)
	return nation, region, commune
}

// audits runs what maillon verify --federation runs.
func (r *running) audits(t *testing.T, deep bool, grace time.Duration) *audit.Report {
	t.Helper()
	rep, err := audit.Run(t.Context(), audit.Options{
		Client: follow.NewClient(follow.Options{AllowPrivate: true}), Base: r.url, Deep: deep, Grace: grace, Now: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	return rep
}

// row finds a journal in a report, and wants a verdict and a reason.
func row(t *testing.T, rep *audit.Report, node string, want audit.Verdict, code string) audit.Row {
	t.Helper()
	for _, r := range rep.Rows {
		if r.Node != node {
			continue
		}
		has := code == "" || slices.ContainsFunc(r.Reasons, func(x audit.Reason) bool { return x.Code == code })
		if r.Verdict != want || !has || rep.OK && want.Fatal() {
			t.Errorf("%s: %+v (report ok: %t), want %s with reason %q", node, r, rep.OK, want, code)
		}
		return r
	}
	t.Fatalf("%s is not in the report: %+v", node, rep)
	return audit.Row{}
}

func (r *running) integrity() (out audit.Integrity, err error) {
	raw, err := r.served("/api/v1/audit/integrity")
	if err == nil {
		err = json.Unmarshal(raw, &out)
	}
	return out, err
}

// settled waits until a node says that everything is there, with so many
// journals, and so many entries of the commune's.
func (r *running) settled(journals int, entries uint64) {
	r.t.Helper()
	eventually(r.t, "everything is there", func() error {
		i, err := r.integrity()
		if err == nil && (!i.OK || len(i.Members) != journals || !slices.ContainsFunc(i.Members, func(m audit.Member) bool { return m.Node == memberID && m.Head == entries })) {
			err = fmt.Errorf("%+v", i)
		}
		return err
	})
}

func nth(n int) string { return strings.ReplaceAll(contractFile, "P-1", fmt.Sprintf("P-%d", n)) }

func TestAFederationInWhichNothingIsMissing(t *testing.T) {
	t.Parallel()
	nation, region, commune := chain(t, "")
	commune.publish(nth(1))
	commune.publish(nth(2))
	region.settled(2, 2)
	nation.settled(3, 2)
	for _, r := range []*running{nation, region, commune} {
		rep := r.audits(t, true, 10*time.Second)
		if !rep.OK {
			t.Errorf("asked %s: %+v", r.url, rep)
		}
	}
	rep := nation.audits(t, true, 10*time.Second)
	rennes := row(t, rep, memberID, audit.OK, "")
	if rennes.Entries == nil || rennes.Entries.Puts != 2 || len(rennes.Copies) != 3 {
		t.Errorf("%+v", rennes)
	}
	for _, c := range rennes.Copies {
		if c.Size != 2 || c.Read != 2 || !slices.Contains(c.At, audit.Owner) && len(c.Cosigned) == 0 {
			t.Errorf("copy %+v", c)
		}
	}
	// An owner that is down has lost nothing.
	commune.stop()
	rep = nation.audits(t, false, 0)
	row(t, rep, memberID, audit.OK, audit.NoAnswer)
	if !rep.OK {
		t.Errorf("%+v", rep)
	}
}

func TestAnEntryThatIsWithheldIsMissing(t *testing.T) {
	t.Parallel()
	front := &withholding{}
	proxy := httptest.NewServer(front)
	defer proxy.Close()
	_, region, commune := chain(t, proxy.URL)
	front.of = "http://" + commune.node.addr.public.String()
	commune.publish(nth(1))
	region.settled(2, 1)
	// From now on the commune announces entries that it does not serve.
	front.hold(t)
	commune.publish(nth(2))
	eventually(t, "it is announced", func() error {
		i, err := region.integrity()
		if err == nil && (len(i.Members) != 2 || i.Members[1].Head != 2) {
			err = fmt.Errorf("%+v", i)
		}
		return err
	})
	rep := region.audits(t, false, time.Second)
	r := row(t, rep, memberID, audit.Missing, audit.OnlyHeads)
	if r.Missing != 1 || r.Head != 2 {
		t.Errorf("%+v", r)
	}
	front.let()
	commune.publish(nth(3))
	eventually(t, "all is there", func() error {
		if rep := region.audits(t, false, 5*time.Second); !rep.OK {
			return fmt.Errorf("%+v", rep)
		}
		return nil
	})
}

func TestAMirrorThatWasTamperedWithIsDamaged(t *testing.T) {
	t.Parallel()
	_, region, commune := chain(t, "")
	commune.publish(nth(1))
	region.settled(2, 1)
	region.stop()
	tamper(t, filepath.Join(region.dir, "maillon.db"), memberID)
	region = start(t, region.dir, region.config)
	eventually(t, "the views are there", func() error { _, err := region.served("/readyz"); return err })
	row(t, region.audits(t, true, 5*time.Second), memberID, audit.Damaged, audit.NotSigned)
}

// tamper edits the body of a mirror's first entry in a stopped node's store.
func tamper(t *testing.T, path, node string) {
	t.Helper()
	zip, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer zip.Close()
	pack, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	db, err := bolt.Open(path, bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.Update(func(tx store.Tx) error {
		b := tx.Bucket("journal", node, "0", "bodies")
		first := make([]byte, 8)
		run, err := zip.DecodeAll(b.Get(first), nil)
		if err != nil || !bytes.Contains(run, []byte("papier")) {
			return fmt.Errorf("run %q, %v", run, err)
		}
		return b.Put(first, pack.EncodeAll(bytes.Replace(run, []byte("papier"), []byte("pepier"), 1), nil))
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestAHubWithASecondHistoryIsForked(t *testing.T) {
	t.Parallel()
	nation, region, commune := chain(t, "")
	commune.publish(nth(1))
	nation.settled(3, 1)
	commune.stop() // it would tell the region how far it had come
	// The region goes back to an older copy of its store, and goes on another
	// way: the nation holds the first history, the region serves the second.
	region.stop()
	copied := filepath.Join(t.TempDir(), "copy")
	if err := os.CopyFS(copied, os.DirFS(region.dir)); err != nil {
		t.Fatal(err)
	}
	own := func(id string) string {
		return strings.ReplaceAll(strings.ReplaceAll(contractFile, "21350238800019", hubID), "P-1", id)
	}
	region = start(t, region.dir, region.config)
	region.publish(own("FIRST"))
	eventually(t, "the nation has the first history", func() error {
		if have, want := nation.node.Mirrored(hubID), region.node.JournalSize(); have < want {
			return fmt.Errorf("%d of %d", have, want)
		}
		return nil
	})
	region.stop()
	config := strings.ReplaceAll(region.config, region.dir, copied)
	config = strings.ReplaceAll(config, "join: {", fmt.Sprintf("join: {key_file: %s, ", strangersKey(t))) // the nation does not hear of it
	region = start(t, copied, config)
	region.publish(own("SECOND"))
	rep := nation.audits(t, false, 0)
	if r := row(t, rep, hubID, audit.Forked, audit.TwoHeads); len(r.Evidence) != 2 || r.Evidence[0] == r.Evidence[1] {
		t.Errorf("evidence %q", r.Evidence)
	}
}

// strangersKey keeps a node out of a pool.
func strangersKey(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, []byte(base64.StdEncoding.EncodeToString(make([]byte, 32))+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// withholding stands before a node and can hold back what it has published.
type withholding struct {
	of   string // address of the node
	held atomic.Pointer[[]byte]
}

func (h *withholding) hold(t *testing.T) {
	raw, err := (&running{url: h.of}).served("/journal/checkpoint")
	if err != nil {
		t.Fatal(err)
	}
	h.held.Store(&raw)
}

func (h *withholding) let() { h.held.Store(nil) }

func (h *withholding) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if raw := h.held.Load(); raw != nil && r.URL.Path == "/journal/checkpoint" {
		_, _ = w.Write(*raw)
		return
	}
	u, err := url.Parse(h.of)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	httputil.NewSingleHostReverseProxy(u).ServeHTTP(w, r)
}
