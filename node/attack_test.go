package node

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"maillon/catalog/entry"
	"maillon/federation"
)

// Each test of this file is an attack on a hub that has an honest member. The
// attack is refused, counted and told to the hub's operator, and a deposit of
// the honest member still climbs.

// A stranger has a key and a web server, and says what it likes.
type stranger struct {
	t      *testing.T
	id     string
	key    string
	signer note.Signer
	url    string
	seq    uint64
}

const strangerID = "22350001800013"

// newStranger serves h at its address; nil serves nothing.
func newStranger(t *testing.T, id string, h http.HandlerFunc) *stranger {
	t.Helper()
	secret, _, err := federation.GenerateKey(id, 0)
	if err != nil {
		t.Fatal(err)
	}
	s := &stranger{t: t, id: id, seq: uint64(time.Now().Unix())}
	if s.signer, s.key, err = federation.NewSigner(secret, id, 0); err != nil {
		t.Fatal(err)
	}
	if h == nil {
		h = http.NotFound
	}
	server := httptest.NewServer(h)
	t.Cleanup(func() { server.CloseClientConnections(); server.Close() })
	s.url = server.URL
	return s
}

// says signs an announcement, numbered on from the last, as change leaves it.
func (s *stranger) says(change func(*federation.Announcement)) []byte {
	s.t.Helper()
	s.seq++
	root := sha256.Sum256([]byte("root"))
	now := time.Now().UTC().Truncate(time.Second)
	a := federation.Announcement{
		Node: s.id, Key: s.key, Seq: s.seq, At: now, Expires: now.Add(24 * time.Hour), Level: "commune", Geozone: "fr:commune:35238",
		Name: "Étranger", URL: s.url, Role: federation.RoleNode, Size: 1, Root: root[:], Status: federation.Active,
	}
	if change != nil {
		change(&a)
	}
	raw, err := federation.Sign(s.signer, a)
	if err != nil {
		s.t.Fatal(err)
	}
	return raw
}

// checkpoint signs a journal's head.
func (s *stranger) checkpoint(size uint64, root string) []byte {
	s.t.Helper()
	sum := sha256.Sum256([]byte(root))
	text := fmt.Sprintf("%s\n%d\n%s\n", s.signer.Name(), size, base64.StdEncoding.EncodeToString(sum[:]))
	raw, err := note.Sign(&note.Note{Text: text}, s.signer)
	if err != nil {
		s.t.Fatal(err)
	}
	return raw
}

// post announces to a hub and returns its answer.
func (r *running) post(raw []byte) (status int, d federation.Decision) {
	r.t.Helper()
	res, err := http.Post(r.url+"/federation/v1/announce", "text/plain; charset=utf-8", bytes.NewReader(raw))
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	_ = json.NewDecoder(res.Body).Decode(&d)
	return res.StatusCode, d
}

// conforming is a file with the contract P-1 of memberID, as the law wants it.
func conforming(objet string, montant int) string {
	return fmt.Sprintf(`{"marches":{"marche":[{"id":"P-1","acheteur":{"id":"%s"},"nature":"Marché","objet":%q,"codeCPV":"30190000",`+
		`"techniques":{"technique":["Sans objet"]},"modalitesExecution":{"modaliteExecution":["Sans objet"]},"marcheInnovant":false,"ccag":"Pas de CCAG",`+
		`"offresRecues":3,"attributionAvance":false,"typeGroupementOperateurs":"Pas de groupement","sousTraitanceDeclaree":false,"procedure":"Procédure adaptée",`+
		`"lieuExecution":{"code":"35238","typeCode":"Code commune"},"dureeMois":12,"dateNotification":"2026-03-02","datePublicationDonnees":"2026-03-20",`+
		`"montant":%d,"typesPrix":{"typePrix":["Définitif ferme"]},"formePrix":"Forfaitaire","titulaires":[{"titulaire":{"typeIdentifiant":"SIRET","id":"35600000000048"}}],`+
		`"considerationsSociales":{"considerationSociale":["Pas de considération sociale"]},"considerationsEnvironnementales":{"considerationEnvironnementale":["Pas de considération environnementale"]}}]}}`,
		memberID, objet, montant)
}

// climbs deposits on the honest member and waits until the hub has it.
func climbs(t *testing.T, hub, member *running) {
	t.Helper()
	start := time.Now()
	member.publish(strings.ReplaceAll(contractFile, "P-1", fmt.Sprint("CLIMB-", start.UnixNano())))
	want := member.node.JournalSize()
	eventually(t, "the honest member's deposit climbs", func() error {
		if n := hub.node.Mirrored(memberID); n < want {
			return fmt.Errorf("%d of %d entries", n, want)
		}
		return hub.says(memberID, Accepted)
	})
	t.Logf("the honest member's deposit climbed in %s", time.Since(start).Round(time.Millisecond))
}

// metric reads a counter of the node by the beginning of its line.
func (r *running) metric(begin string) (sum uint64) {
	w := httptest.NewRecorder()
	r.node.metrics(w, nil)
	for line := range strings.Lines(w.Body.String()) {
		if strings.HasPrefix(line, begin) {
			var n uint64
			_, _ = fmt.Sscan(line[strings.LastIndex(line, " "):], &n)
			sum += n
		}
	}
	return sum
}

// told waits until the log of a node tells of something.
func (r *running) told(what string) {
	r.t.Helper()
	eventually(r.t, "the log tells of "+what, func() error {
		if log := r.log.String(); !strings.Contains(log, what) {
			return fmt.Errorf("it has %d bytes", len(log))
		}
		return nil
	})
}

const refusedLine = `maillon_announcements_total{pool="` + hubID + `",verdict="refused"`

func TestAReplayedAnnouncementChangesNothing(t *testing.T) {
	hub, member := pair(t, "fr:commune:35238", "allow_private: true,", "open")
	climbs(t, hub, member)
	old, ok := hub.node.below.announcement(memberID)
	if !ok {
		t.Fatal("the hub has no announcement of the member")
	}
	climbs(t, hub, member)
	eventually(t, "a newer one", func() error {
		if a, _ := hub.node.below.announcement(memberID); a.Seq <= old.Seq {
			return fmt.Errorf("number %d", a.Seq)
		}
		return nil
	})
	now, _ := hub.node.below.announcement(memberID)
	for range 20 {
		hub.post(old.Note())
		hub.node.below.Receive(old.Note())
	}
	if a, _ := hub.node.below.announcement(memberID); a.Seq < now.Seq {
		t.Errorf("the hub holds number %d after %d was replayed, want at least %d", a.Seq, old.Seq, now.Seq)
	}
	if n := hub.metric(`maillon_announcements_total{pool="` + hubID + `",verdict="accepted",news="false"`); n < 40 {
		t.Errorf("%d old ones counted, want 40", n)
	}
	// Altered on the way, it is nobody's.
	forged := bytes.Replace(now.Note(), []byte(`"size":`), []byte(`"size":9`), 1)
	if status, d := hub.post(forged); status != http.StatusForbidden || !strings.Contains(d.Reason, "signature") {
		t.Errorf("an altered one is answered %d, %+v", status, d)
	}
	hub.told("signature does not verify")
	climbs(t, hub, member)
}

func TestAnAnnouncementFromTheFutureIsRefused(t *testing.T) {
	hub, member := pair(t, "fr:commune:35238", "allow_private: true,", "open")
	s := newStranger(t, strangerID, nil)
	ahead := time.Now().UTC().Truncate(time.Second).Add(2 * time.Hour)
	dated := s.says(func(a *federation.Announcement) { a.At, a.Expires = ahead, ahead.Add(time.Hour) })
	if status, d := hub.post(dated); status != http.StatusForbidden || !strings.Contains(d.Reason, "future") {
		t.Errorf("one dated two hours ahead: %d, %+v", status, d)
	}
	numbered := s.says(func(a *federation.Announcement) {
		a.At, a.Expires = ahead, ahead.Add(time.Hour) // Sign refuses a number ahead of its date
		a.Seq = uint64(ahead.Unix())
	})
	if hub.node.below.Receive(numbered) {
		t.Error("one numbered two hours ahead is news")
	}
	if n := hub.metric(refusedLine); n < 2 {
		t.Errorf("%d refusals counted, want 2", n)
	}
	hub.told("is from the future")
	if err := hub.says(s.id, Accepted); err == nil {
		t.Error("its sender is a member")
	}
	climbs(t, hub, member)
}

func TestTwoHistoriesSuspendTheirAuthorAlone(t *testing.T) {
	hub, member := pair(t, "fr:commune:35238", "allow_private: true,", "open")
	dir := t.TempDir()
	evil := start(t, dir, memberConfig(t, dir, hub, ""))
	evil.publish(contractFile)
	eventually(t, "its journal is mirrored", func() error {
		if n := hub.node.Mirrored(strangerID); n != 1 {
			return fmt.Errorf("%d entries", n)
		}
		return nil
	})
	evil.stop()
	old := copyOf(t, evil)
	evil.restart()
	evil.publish(strings.ReplaceAll(contractFile, "P-1", "FIRST"))
	eventually(t, "its first history is mirrored", func() error {
		if n := hub.node.Mirrored(strangerID); n != 2 {
			return fmt.Errorf("%d entries", n)
		}
		return nil
	})
	evil.stop()
	putBack(t, evil, old)
	alone := start(t, dir, memberConfig(t, dir, nil, ""))
	alone.publish(strings.ReplaceAll(contractFile, "P-1", "SECOND-A"))
	alone.publish(strings.ReplaceAll(contractFile, "P-1", "SECOND-B"))
	alone.stop()
	again := start(t, dir, memberConfig(t, dir, hub, "confirm_head: false, "))
	eventually(t, "it is suspended", func() error { return hub.says(strangerID, Suspended) })
	m, _ := hub.node.roster.member(strangerID)
	if len(m.Evidence) != 2 || m.Evidence[0] == m.Evidence[1] || m.Reason == "" {
		t.Errorf("reason %q and %d pieces of evidence, want two heads", m.Reason, len(m.Evidence))
	}
	hub.told("member suspended")
	if hub.metric(`maillon_members{state="suspended"}`) != 1 {
		t.Error("it is not counted as suspended")
	}
	again.publish(strings.ReplaceAll(contractFile, "P-1", "LATER"))
	climbs(t, hub, member)
	if n := hub.node.Mirrored(strangerID); n != 2 {
		t.Errorf("the suspended member's mirror has %d entries, want 2", n)
	}
}

func copyOf(t *testing.T, r *running) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "copy")
	if err := os.CopyFS(to, os.DirFS(r.dir)); err != nil {
		t.Fatal(err)
	}
	return to
}

func putBack(t *testing.T, r *running, from string) {
	t.Helper()
	if err := os.RemoveAll(r.dir); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(r.dir, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
}

// memberConfig is that of another member, strangerID, of a hub; without one it is alone.
func memberConfig(t *testing.T, dir string, hub *running, extra string) string {
	port := freePort(t)
	join := ""
	if hub != nil {
		join = fmt.Sprintf("join: {hub: %q, listen: \"127.0.0.1:%d\", advertise: 127.0.0.1, profile: local, peers: [\"127.0.0.1:%d\"]}",
			hubID, freePort(t), hub.node.cfg.Federation.Hub.Pool.Port)
	}
	return fmt.Sprintf("node: {id: %q, name: Autre, level: departement, territory: \"fr:departement:35\"}\ndata: %s\nhttp: {listen: \"127.0.0.1:%d\", admin: \"127.0.0.1:0\"}\nfederation: {allow_private: true, debounce: 20ms, follow_every: 5s, %s%s}\n",
		strangerID, dir, port, extra, join)
}

func TestWhoPublishesForAnotherBuyerIsNotShownOverIt(t *testing.T) {
	hub, member := pair(t, "fr:commune:35238", "allow_private: true,", "open")
	dir := t.TempDir()
	evil := start(t, dir, memberConfig(t, dir, hub, ""))
	evil.publish(conforming("fournitures", 99999))
	member.publish(conforming("fournitures", 40000))
	eventually(t, "the buyer's own is shown, the other kept with the reason", func() error {
		res, err := http.Get(hub.url + "/api/v1/contracts/" + memberID + "/P-1/history")
		if err != nil {
			return err
		}
		defer res.Body.Close()
		var c struct {
			Versions []struct{ Node, Authority, Reason string }
		}
		if err := json.NewDecoder(res.Body).Decode(&c); err != nil {
			return err
		}
		if len(c.Versions) != 2 || c.Versions[0].Node != memberID || c.Versions[1].Node != strangerID || c.Versions[1].Authority != "none" || c.Versions[1].Reason == "" {
			return fmt.Errorf("versions %+v", c.Versions)
		}
		return nil
	})
	climbs(t, hub, member)
}

// answers are the ways in which a member's server misbehaves. Each announces
// a journal that has grown.
func TestAServerThatMisbehavesHoldsUpNobody(t *testing.T) {
	t.Parallel()
	junk := bytes.Repeat([]byte("x"), 64<<10)
	endless := func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := w.Write(junk); err != nil {
				return
			}
		}
	}
	slow := func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			_, _ = io.WriteString(w, "x")
			w.(http.Flusher).Flush()
			time.Sleep(100 * time.Millisecond)
		}
	}
	for name, serve := range map[string]func(s **stranger, n *atomic.Int64) http.HandlerFunc{
		"endless checkpoint": func(**stranger, *atomic.Int64) http.HandlerFunc { return endless },
		"slow checkpoint":    func(**stranger, *atomic.Int64) http.HandlerFunc { return slow },
		"endless tiles of a huge tree": func(s **stranger, _ *atomic.Int64) http.HandlerFunc {
			return func(w http.ResponseWriter, r *http.Request) {
				if strings.HasSuffix(r.URL.Path, "/checkpoint") {
					_, _ = w.Write((*s).checkpoint(1<<47, "huge"))
					return
				}
				endless(w, r)
			}
		},
		"another head each time": func(s **stranger, n *atomic.Int64) http.HandlerFunc {
			return func(w http.ResponseWriter, r *http.Request) {
				if strings.HasSuffix(r.URL.Path, "/checkpoint") {
					i := n.Add(1)
					_, _ = w.Write((*s).checkpoint(uint64(i), fmt.Sprint(i)))
					return
				}
				_, _ = w.Write(junk[:32])
			}
		},
		"a redirect to our own admin": func(**stranger, *atomic.Int64) http.HandlerFunc {
			return func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, "http://127.0.0.1:9090/admin/v1/rebuild", http.StatusFound)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			hub, member := pair(t, "fr:commune:35238", "allow_private: true,", "open")
			climbs(t, hub, member)
			var s *stranger
			var n, asked atomic.Int64
			h := serve(&s, &n)
			s = newStranger(t, strangerID, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/journal/checkpoint" && !strings.HasPrefix(r.URL.Path, "/journal/") {
					http.NotFound(w, r)
					return
				}
				asked.Add(1)
				h(w, r)
			})
			if status, d := hub.post(s.says(func(a *federation.Announcement) { a.Size = 1 << 40 })); status != http.StatusAccepted {
				t.Fatalf("announcement: %d, %+v", status, d)
			}
			eventually(t, "the hub asks", func() error {
				if asked.Load() == 0 {
					return fmt.Errorf("it has not")
				}
				return nil
			})
			climbs(t, hub, member)
			climbs(t, hub, member)
			if name != "slow checkpoint" { // given up after 30 s
				eventually(t, "the reason is said", func() error {
					if st, err := hub.state(s.id); err != nil || st.Error == "" {
						return fmt.Errorf("error %q, %v", st.Error, err)
					}
					return nil
				})
				hub.told(s.id)
				if hub.metric("maillon_follows_total")-hub.metric(`maillon_follows_total{result="done"}`) == 0 {
					t.Error("nothing is counted")
				}
			}
			if got := hub.node.Mirrored(s.id); got != 0 {
				t.Errorf("%d entries are mirrored", got)
			}
		})
	}
}

// A hub below that states many journals, and serves none of them in time,
// takes its own places only.
func TestASlowHubLeavesPlacesToOthers(t *testing.T) {
	hub, member := pair(t, "fr:region:53", "allow_private: true,", "open")
	var front string // of the evil hub, which passes everything on but mirrors
	var held atomic.Int64
	var target atomic.Pointer[string]
	s := newStranger(t, strangerID, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/n/") {
			held.Add(1)
			<-r.Context().Done()
			return
		}
		res, err := http.Get(*target.Load() + r.URL.RequestURI())
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer res.Body.Close()
		w.WriteHeader(res.StatusCode)
		_, _ = io.Copy(w, res.Body)
	})
	front = s.url
	dir := t.TempDir()
	config := memberConfig(t, dir, hub,
		fmt.Sprintf("hub: {listen: \"127.0.0.1:%d\", advertise: 127.0.0.1, profile: local, admission: open}, ", freePort(t)))
	listen := config[strings.Index(config, "127.0.0.1:"):]
	behind := "http://" + listen[:strings.Index(listen, `"`)]
	target.Store(&behind)
	evil := start(t, dir, config+"url: "+front+"\n")
	var lies []entry.Entry
	for i := range 2 * maxFollows {
		n := newStranger(t, fmt.Sprintf("%s-%d", strangerID, i+2), nil)
		for _, l := range []struct {
			kind string
			body any
		}{
			{entry.KindMember, entry.Member{Node: n.id, Key: n.key, State: Accepted, Level: "commune", Geozone: "fr:commune:35238", Name: "Personne", URL: front}},
			{entry.KindHead, entry.Head{Node: n.id, Checkpoint: string(n.checkpoint(1000, "lie"))}},
		} {
			raw, err := json.Marshal(l.body)
			if err != nil {
				t.Fatal(err)
			}
			e, err := entry.NewStatement(rand.Reader, l.kind, n.id, raw, time.Now().UTC().Truncate(time.Second))
			if err != nil {
				t.Fatal(err)
			}
			lies = append(lies, e)
		}
	}
	eventually(t, "it states them", func() error { return evil.node.desk.State(t.Context(), lies) })
	evil.node.grew()
	eventually(t, "the hub asks for journals that do not come", func() error {
		if n := held.Load(); n < maxOfOne {
			return fmt.Errorf("for %d", n)
		}
		return nil
	})
	climbs(t, hub, member)
	if n := held.Load(); n > maxOfOne {
		t.Errorf("%d are held up at once, want %d", n, maxOfOne)
	}
}

func TestWhatOthersDepositedIsNeverRunByABrowser(t *testing.T) {
	hub, member := pair(t, "fr:commune:35238", "allow_private: true,", "open")
	member.publish(conforming("<script>alert(1)</script><svg onload=alert(2)>", 40000))
	eventually(t, "mirrored", func() error {
		if n := hub.node.Mirrored(memberID); n != 1 {
			return fmt.Errorf("%d entries", n)
		}
		return nil
	})
	get := func(r *running, path string) (*http.Response, string) {
		t.Helper()
		res, err := http.Get(r.url + path)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		raw, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res, string(raw)
	}
	file := "/files/" + memberID + "-decp-2026/decret.json"
	eventually(t, "the member's file", func() error {
		if res, _ := get(member, file); res.StatusCode != http.StatusOK {
			return fmt.Errorf("%s", res.Status)
		}
		return nil
	})
	bodies := "/journal/bodies/000.p/1"
	for _, c := range []struct {
		r    *running
		path string
	}{{member, file}, {member, bodies}, {hub, "/n/" + memberID + bodies}, {hub, "/n/" + memberID + "/journal/tile/entries/000.p/1"}} {
		res, _ := get(c.r, c.path)
		h := res.Header
		if res.StatusCode != http.StatusOK || h.Get("X-Content-Type-Options") != "nosniff" || !strings.HasPrefix(h.Get("Content-Disposition"), "attachment") ||
			!strings.Contains(h.Get("Content-Security-Policy"), "sandbox") || !strings.Contains(h.Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("%s: %s, %v", c.path, res.Status, h)
		}
	}
	page := ""
	eventually(t, "the hub's page of the contract", func() error {
		res, err := http.NewRequest(http.MethodGet, hub.url+"/marches/"+memberID+"/P-1", nil)
		if err != nil {
			return err
		}
		res.Header.Set("Accept", "text/html")
		got, err := http.DefaultClient.Do(res)
		if err != nil {
			return err
		}
		defer got.Body.Close()
		raw, err := io.ReadAll(got.Body)
		if page = string(raw); err != nil || got.StatusCode != http.StatusOK {
			return fmt.Errorf("%s, %w", got.Status, err)
		}
		return nil
	})
	if strings.Contains(page, "<script>alert") || strings.Contains(page, "<svg onload") || !strings.Contains(page, "alert(1)") {
		t.Error("the page shows what was deposited as markup, or not at all")
	}
	climbs(t, hub, member)
}

// A member announces a thousand times a second, another address each time.
func TestAThousandAnnouncementsASecondAreLimited(t *testing.T) {
	hub, member := pair(t, "fr:commune:35238", "allow_private: true,", "open")
	climbs(t, hub, member)
	// What is allowed comes back with time: for a machine that manages fewer than a
	// thousand a second, the hub's goes by more slowly.
	begun := time.Now()
	hub.stop()
	hub.clock = func() time.Time { return begun.Add(time.Since(begun) / 20) }
	hub.restart()
	s := newStranger(t, strangerID, nil)
	before := hub.node.JournalSize()
	notes := make([][]byte, 3000)
	for i := range notes {
		notes[i] = s.says(func(a *federation.Announcement) {
			a.Seq, a.URL = uint64(time.Now().Unix())+uint64(i)/4, fmt.Sprintf("%s/%d", s.url, i)
		})
	}
	begin, sent := time.Now(), 0
	limited := false
	for sent < len(notes) && time.Since(begin) < 10*time.Second {
		for _, raw := range notes[sent : sent+100] {
			sent++
			if sent%100 == 0 {
				status, _ := hub.post(raw)
				limited = limited || status == http.StatusTooManyRequests
			} else {
				hub.node.below.Receive(raw)
			}
		}
		time.Sleep(time.Until(begin.Add(time.Duration(sent) * time.Millisecond)))
	}
	t.Logf("%d announcements in %s", sent, time.Since(begin).Round(time.Millisecond))
	climbs(t, hub, member)
	if !limited {
		t.Error("nobody was told 429")
	}
	if n := hub.metric("maillon_announcements_limited_total"); n < uint64(sent)/2 {
		t.Errorf("%d of %d counted as too many", n, sent)
	}
	if grown := hub.node.JournalSize() - before; grown > 60 {
		t.Errorf("the hub's journal grew by %d entries", grown)
	}
	hub.told("too many announcements")
	if lines := strings.Count(hub.log.String(), "announcement refused"); lines > noisyMost {
		t.Errorf("%d lines of the log, want at most %d a minute", lines, noisyMost)
	}
}

// Whoever holds a pool's key can have any member taken for dead, for good:
// memberlist cannot refute the largest incarnation. It costs the member its
// place in the pool, and nothing that it published.
func TestAForgedDeathTakesNothingAway(t *testing.T) {
	hub, member := pair(t, "fr:commune:35238", "allow_private: true,", "open")
	key := make([]byte, 32)
	_, _ = rand.Read(key)
	file := filepath.Join(t.TempDir(), "pool.key")
	if err := os.WriteFile(file, []byte(base64.StdEncoding.EncodeToString(key)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, r := range []*running{hub, member} {
		r.stop()
		r.config = strings.ReplaceAll(r.config, "profile: local", "profile: local, key_file: "+file)
		r.restart()
	}
	climbs(t, hub, member)
	alive := `maillon_gossip_alive{pool="` + hubID + `"}`
	inPool := func(want uint64) func() error {
		return func() error {
			if n := hub.metric(alive); n != want {
				return fmt.Errorf("%d alive, want %d", n, want)
			}
			return nil
		}
	}
	eventually(t, "the member is in the pool", inPool(2))
	packet := forgedDeath(t, key, "maillon/"+hubID, memberID)
	for range 20 {
		for _, port := range []int{hub.node.cfg.Federation.Hub.Pool.Port, member.node.cfg.Federation.Join.Port} {
			c, err := net.Dial("udp", fmt.Sprintf("127.0.0.1:%d", port))
			if err != nil {
				t.Fatal(err)
			}
			_, _ = c.Write(packet)
			_ = c.Close()
		}
	}
	eventually(t, "the hub takes the member for dead", inPool(1))
	hub.told("seems dead")
	var before Summary
	for range 3 {
		if err := inPool(1)(); err != nil {
			t.Error(err)
		}
		climbs(t, hub, member)
		now, err := hub.node.Summary()
		if err != nil || now.Contracts < before.Contracts {
			t.Errorf("%d contracts, %d before: %v", now.Contracts, before.Contracts, err)
		}
		before = now
	}
}

// forgedDeath is a packet of memberlist, protocol 2, encrypted with a pool's
// key: a member is dead, with the largest incarnation there is.
func forgedDeath(t *testing.T, key []byte, label, node string) []byte {
	t.Helper()
	const deadMsg, hasLabelMsg, encryption = 5, 244, 1
	text := func(b []byte, s string) []byte { return append(append(b, 0xa0|byte(len(s))), s...) }
	msg := []byte{deadMsg, 0x83}
	msg = append(text(msg, "Incarnation"), 0xce, 0xff, 0xff, 0xff, 0xff)
	msg = text(text(msg, "Node"), node)
	msg = text(text(msg, "From"), "nobody")
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	packet := append([]byte{hasLabelMsg, byte(len(label))}, label...)
	nonce := make([]byte, gcm.NonceSize())
	_, _ = rand.Read(nonce)
	packet = append(append(packet, encryption), nonce...)
	return gcm.Seal(packet, nonce, msg, []byte(label))
}

// A statement stays for ever: what a node says of itself is quoted at a pace,
// what the operator decides at once.
func TestAMemberThatKeepsChangingIsQuotedNowAndThen(t *testing.T) {
	hub, _ := pair(t, "fr:commune:35238", "allow_private: true,", "open")
	says := func(i int) entry.Member {
		return entry.Member{Node: strangerID, Key: "k", State: Accepted, Level: "commune", Geozone: "fr:commune:35238", Name: "Étranger", URL: fmt.Sprintf("http://%d.example", i)}
	}
	state := func() {
		t.Helper()
		if err := hub.node.stateNow(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "the member is stated", func() error { return hub.says(memberID, Accepted) })
	state()
	before := hub.node.JournalSize()
	for i := range 100 {
		hub.node.roster.hear(says(i))
		state()
	}
	if grown := hub.node.JournalSize() - before; grown < 10 || grown > 25 {
		t.Errorf("%d statements for a hundred changes, want about 20", grown)
	}
	if m, _ := hub.node.roster.member(strangerID); m.URL != says(99).URL {
		t.Errorf("the hub goes by %s, want the newest", m.URL)
	}
	hub.node.suspend(strangerID, "changes too often", nil)
	last := hub.node.JournalSize()
	state()
	if hub.node.JournalSize() == last {
		t.Error("the operator's decision waits too")
	}
}
