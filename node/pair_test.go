package node

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

const (
	hubID    = "23350001600040"
	memberID = "21350238800019"
)

// freePort finds a free port below those that the system hands out by itself,
// so that nobody takes it before the node does.
func freePort(t *testing.T) int {
	t.Helper()
	for range 200 {
		port := 26000 + rand.IntN(6000)
		if _, given := givenPorts.LoadOrStore(port, true); given {
			continue // somebody may be about to use it
		}
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			continue
		}
		_ = l.Close()
		return port
	}
	t.Fatal("no free port")
	return 0
}

// givenPorts are those that freePort has given.
var givenPorts sync.Map

// A running node of a test.
type running struct {
	t      *testing.T
	dir    string
	config string
	node   *Node
	url    string
	clock  func() time.Time // nil is the real one
	log    *logBuffer
	stop   func()
}

// A logBuffer keeps what nodes write to their log.
type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logBuffer) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func start(t *testing.T, dir, config string) *running {
	t.Helper()
	return startAt(t, dir, config, nil)
}

// startAt starts a node with a clock of its own.
func startAt(t *testing.T, dir, config string, clock func() time.Time) *running {
	t.Helper()
	cfg, err := ReadConfig(strings.NewReader(config), noEnv)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Now = clock
	log := &logBuffer{}
	n, err := New(cfg, zerolog.New(log).Level(zerolog.InfoLevel))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- n.Run(ctx) }()
	r := &running{t: t, dir: dir, config: config, node: n, url: cfg.URL, clock: clock, log: log}
	r.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
	})
	t.Cleanup(r.stop)
	return r
}

func (r *running) restart() { r.stop(); *r = *startAt(r.t, r.dir, r.config, r.clock) }

func eventually(t *testing.T, what string, check func() error) {
	t.Helper()
	within(t, 30*time.Second, what, check)
}

func within(t *testing.T, most time.Duration, what string, check func() error) {
	t.Helper()
	deadline := time.Now().Add(most)
	for {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: %v", what, err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// state asks a node what it says of another.
func (r *running) state(id string) (s struct {
	State, Error, Contact string
	Mirrored              uint64
}, err error) {
	res, err := http.Get(r.url + "/api/v1/nodes/" + id)
	if err != nil {
		return s, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return s, fmt.Errorf("%s", res.Status)
	}
	return s, json.NewDecoder(res.Body).Decode(&s)
}

func (r *running) says(id, want string) error {
	s, err := r.state(id)
	if err == nil && s.State != want {
		err = fmt.Errorf("state %q, want %q", s.State, want)
	}
	return err
}

// pair starts a hub and a member that joins it.
func pair(t *testing.T, territory string, hubExtra, admission string) (hub, member *running) {
	t.Helper()
	gossip := freePort(t)
	dir := t.TempDir()
	hub = start(t, filepath.Join(dir, "hub"), fmt.Sprintf(`
node: {id: "%s", name: Bretagne, level: region, territory: "fr:region:53"}
data: %s
http: {listen: "127.0.0.1:%d", admin: "127.0.0.1:0"}
federation: {%s debounce: 20ms, follow_every: 5s, hub: {listen: "127.0.0.1:%d", advertise: 127.0.0.1, profile: local, admission: %s}}
`, hubID, filepath.Join(dir, "hub"), freePort(t), hubExtra, gossip, admission))
	member = start(t, filepath.Join(dir, "member"), fmt.Sprintf(`
node: {id: "%s", name: Rennes, level: commune, territory: "%s", contact: marches@rennes.example}
data: %s
http: {listen: "127.0.0.1:%d", admin: "127.0.0.1:0"}
federation: {allow_private: true, debounce: 20ms, follow_every: 5s, join: {hub: "%s", listen: "127.0.0.1:%d", advertise: 127.0.0.1, profile: local, peers: ["127.0.0.1:%d"]}}
`, memberID, territory, filepath.Join(dir, "member"), freePort(t), hubID, freePort(t), gossip))
	return hub, member
}

const contractFile = `{"marches":{"marche":[{"id":"P-1","acheteur":{"id":"21350238800019"},"nature":"Marché","objet":"Exemple : papier"}]}}`

func (r *running) publish(content string) {
	r.t.Helper()
	eventually(r.t, "deposit", func() error {
		_, err := r.node.PostDeposit(r.t.Context(), http.DefaultClient, "f.json", strings.NewReader(content))
		return err
	})
}

func TestAnUnknownNodeIsPendingUntilItIsAccepted(t *testing.T) {
	hub, member := pair(t, "fr:commune:35238", "allow_private: true,", "manual")
	member.publish(contractFile)
	eventually(t, "pending", func() error { return hub.says(memberID, "pending") })
	if hub.node.Mirrored(memberID) != 0 {
		t.Error("a pending node is mirrored")
	}
	if err := hub.node.Accept(t.Context(), "13002526500013", nil); err == nil {
		t.Error("a node that never announced itself is accepted")
	}
	if err := hub.node.Accept(t.Context(), memberID, []string{"not a SIRET"}); err == nil {
		t.Error("a wrong SIRET is taken")
	}
	if err := hub.node.Accept(t.Context(), memberID, []string{"21350001000011"}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "mirrored", func() error {
		if n := hub.node.Mirrored(memberID); n != 1 {
			return fmt.Errorf("%d entries", n)
		}
		return hub.says(memberID, "accepted")
	})
	eventually(t, "its contact is in the register", func() error {
		if s, err := hub.state(memberID); err != nil || s.Contact != "marches@rennes.example" {
			return fmt.Errorf("contact %q, %v", s.Contact, err)
		}
		return nil
	})
	eventually(t, "one node is looked up as it is listed", func() error { return lookedUp(fedView{hub.node}) })
	eventually(t, "and at the member", func() error { return lookedUp(fedView{member.node}) })
	hub.restart()
	eventually(t, "still accepted and mirrored after a restart", func() error {
		if n := hub.node.Mirrored(memberID); n != 1 {
			return fmt.Errorf("%d entries", n)
		}
		return hub.says(memberID, "accepted")
	})
	var before Summary
	eventually(t, "the views have it", func() (err error) {
		if before, err = hub.node.Summary(); err == nil && before.Contracts != 1 {
			err = fmt.Errorf("%+v", before)
		}
		return err
	})
	if err := hub.node.Rebuild(t.Context()); err != nil {
		t.Fatal(err)
	}
	if after, err := hub.node.Summary(); err != nil || after != before || after.Contracts != 1 {
		t.Errorf("rebuilt %+v, before %+v, %v", after, before, err)
	}
}

// lookedUp compares what is listed of every node with what is looked up of each.
func lookedUp(f fedView) error {
	all, err := f.Nodes()
	if err != nil || len(all) < 2 {
		return fmt.Errorf("%d nodes, %w", len(all), err)
	}
	for _, want := range all {
		if got, ok, err := f.Node(want.ID); err != nil || !ok || !reflect.DeepEqual(got, want) {
			return fmt.Errorf("%+v, listed as %+v, %t, %w", got, want, ok, err)
		}
	}
	if got, ok, err := f.Node("21690123100011"); ok || err != nil {
		return fmt.Errorf("a node that nobody knows: %+v, %w", got, err)
	}
	return nil
}

func TestTheOpenModeAcceptsOnlyItsOwnTerritory(t *testing.T) {
	hub, member := pair(t, "fr:commune:13055", "allow_private: true,", "open")
	member.publish(contractFile)
	eventually(t, "pending", func() error { return hub.says(memberID, "pending") })
}

func TestAPrivateAddressIsNotFollowed(t *testing.T) {
	hub, member := pair(t, "fr:commune:35238", "", "open")
	member.publish(contractFile)
	eventually(t, "the reason is said", func() error {
		s, err := hub.state(memberID)
		if err == nil && !strings.Contains(s.Error, "federation.allow_private: true") {
			err = fmt.Errorf("error %q", s.Error)
		}
		return err
	})
	if n := hub.node.Mirrored(memberID); n != 0 {
		t.Errorf("%d entries were mirrored", n)
	}
}

func TestTheInboxDepositsAndTidiesUp(t *testing.T) {
	dir := t.TempDir()
	r := start(t, dir, fmt.Sprintf("node: {id: %q, name: Rennes, level: commune, territory: \"fr:commune:35238\"}\ndata: %s\nhttp: {listen: \"127.0.0.1:%d\", admin: \"127.0.0.1:0\"}\nfederation: {debounce: 20ms}\n",
		memberID, dir, freePort(t)))
	inbox := filepath.Join(dir, "inbox")
	eventually(t, "the inbox is there", func() error { _, err := os.Stat(filepath.Join(inbox, "done")); return err })
	put := func(name, content string) {
		t.Helper()
		path := filepath.Join(inbox, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put("good.json", contractFile)
	put("bad.json", `{"marches":`)
	put("lots.replace/series.json", strings.ReplaceAll(contractFile, "P-1", "P-2"))
	for _, want := range []string{"done/good.json", "done/good.json.report.json", "refused/bad.json", "refused/bad.json.report.json", "done/series.json"} {
		eventually(t, want, func() error { _, err := os.Stat(filepath.Join(inbox, want)); return err })
	}
	raw, err := os.ReadFile(filepath.Join(inbox, "refused/bad.json.report.json"))
	if err != nil || !strings.Contains(string(raw), `"outcome": "rejected"`) {
		t.Errorf("report: %s, %v", raw, err)
	}
	raw, err = os.ReadFile(filepath.Join(inbox, "done/series.json.report.json"))
	if err != nil || !strings.Contains(string(raw), `"series": "lots"`) || !strings.Contains(string(raw), `"mode": "replace"`) {
		t.Errorf("report: %s, %v", raw, err)
	}
	if n := r.node.JournalSize(); n != 2 {
		t.Errorf("journal of %d entries, want 2", n)
	}
}

func TestAKeyThatIsGoneIsNotReplaced(t *testing.T) {
	dir := t.TempDir()
	config := fmt.Sprintf("node: {id: %q, name: Rennes, level: commune, territory: \"fr:commune:35238\"}\ndata: %s\nhttp: {listen: \"127.0.0.1:%d\", admin: \"127.0.0.1:0\"}\n", memberID, dir, freePort(t))
	r := start(t, dir, config)
	r.publish(contractFile)
	r.stop()
	if err := os.Remove(filepath.Join(dir, "node.key")); err != nil {
		t.Fatal(err)
	}
	cfg, err := ReadConfig(strings.NewReader(config), noEnv)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := New(cfg, zerolog.Nop()); err == nil || !strings.Contains(err.Error(), "put the key back") {
		t.Errorf("error %v", err)
	}
}
