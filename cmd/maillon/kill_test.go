//go:build processes

package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const (
	killHub    = "23350001600040"
	killMember = "25351449100047"
)

const killConfig = `node: {id: "%s", name: Essai, level: %s, territory: fr:region:53, contact: a@exemple.fr}
url: %s
data: %s
http: {listen: "%s", admin: "127.0.0.1:%d"}
log: {format: json}
federation:
  allow_private: true
  debounce: 100ms
  follow_every: 5s
  %s
`

// killWorld is a hub and a member that publishes, as real processes.
func killWorld(t *testing.T) *world {
	w := &world{t: t, bin: build(t), dir: t.TempDir(), nodes: map[string]*process{}}
	ports := freePorts(t, 6)
	pool := ports[4]
	for i, n := range []struct{ role, id, level, part string }{
		{"hub", killHub, "region", fmt.Sprintf("hub: {listen: '127.0.0.1:%d', advertise: 127.0.0.1, profile: local, admission: open}", pool)},
		{"member", killMember, "organisme", fmt.Sprintf("join: {hub: %q, listen: '127.0.0.1:%d', advertise: 127.0.0.1, profile: local, peers: ['127.0.0.1:%d']}", killHub, ports[5], pool)},
	} {
		public := "127.0.0.1:" + strconv.Itoa(ports[2*i])
		p := &process{
			w: w, role: n.role, dir: filepath.Join(w.dir, n.role), config: filepath.Join(w.dir, n.role+".yaml"),
			base: "http://" + public, client: &http.Client{Transport: &http.Transport{DisableCompression: true}}, spawn: (*exec.Cmd).Start, env: os.Environ(),
		}
		text := fmt.Sprintf(killConfig, n.id, n.level, p.base, p.dir, public, ports[2*i+1], n.part)
		if err := os.WriteFile(p.config, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		w.nodes[n.role], ids[n.role] = p, n.id
	}
	return w
}

// A depositor deposits batches until it is told to stop, each again until the member
// has acknowledged it.
type depositor struct {
	p       *process
	batch   int
	records int // acknowledged, each another
	objects map[string]string
}

const killBatch = 20

func (d *depositor) run(ctx context.Context) error {
	for ctx.Err() == nil {
		// Every third batch changes the contracts of the one before.
		id, version := d.batch, 0
		if d.batch%3 == 2 {
			id, version = d.batch-1, 1
		}
		body := killContracts(id, version)
		for {
			rep, err := d.p.deposit(fmt.Sprintf("b%d.json", d.batch), body, "")
			if err == nil && (rep.Outcome == "accepted" || rep.Outcome == "unchanged") {
				break
			}
			if err == nil {
				return fmt.Errorf("batch %d: %+v", d.batch, rep)
			}
			time.Sleep(20 * time.Millisecond)
		}
		for i := range killBatch {
			d.objects[killID(id, i)] = killObject(id, i, version)
		}
		d.batch++
		d.records += killBatch
		time.Sleep(150 * time.Millisecond)
	}
	return nil
}

func killID(batch, i int) string { return fmt.Sprintf("K%05d-%02d", batch, i) }
func killObject(batch, i, version int) string {
	return fmt.Sprintf("Exemple %d %d état %d", batch, i, version)
}

func killContracts(batch, version int) []byte {
	var list []string
	plain := string(contracts(killMember, "X", 1))
	record := plain[strings.Index(plain, "[")+1 : strings.LastIndex(plain, "]")]
	for i := range killBatch {
		year := strconv.Itoa(2022 + (batch+i)%5)
		list = append(list, strings.NewReplacer(
			"X00000", killID(batch, i), "Exemple : fournitures X 0", killObject(batch, i, version), "2026-", year+"-",
			`"datePublicationDonnees":"2026-03-20"`, fmt.Sprintf(`"datePublicationDonnees":"%s-03-2%d"`, year, version),
		).Replace(record))
	}
	return []byte(`{"marches":{"marche":[` + strings.Join(list, ",") + `]}}`)
}

// A downloader fetches files while nodes are killed. What ends without an error must
// be what its answer announced.
type downloader struct {
	random      *rand.Rand
	whole, torn int
}

var killFiles = map[string][]string{
	"hub": {
		"-decp-consolide/complet.ndjson", "-decp-consolide/decret.json", "-decp-consolide/tableau.parquet", "-decp-consolide/ocds.json", "-decp-consolide/latest/tableau.csv",
		"-decp-consolide-2024/decret.xml", "-decp-consolide-2025/etendu.ndjson",
	},
	"member": {"-decp-2024/decret.json", "-decp-2025/complet.ndjson", "-decp-2026/decret.csv"},
}

func (d *downloader) run(ctx context.Context, w *world) error {
	for ctx.Err() == nil {
		role := "hub"
		if d.random.IntN(4) == 0 {
			role = "member"
		}
		list := killFiles[role]
		url := w.nodes[role].url() + "/files/" + ids[role] + list[d.random.IntN(len(list))]
		gzipped := d.random.IntN(2) == 0
		whole, err := download(ctx, w.nodes[role].client, url, gzipped)
		if err != nil {
			return err
		}
		if whole {
			d.whole++
		} else {
			d.torn++
		}
		time.Sleep(time.Duration(d.random.IntN(40)) * time.Millisecond)
	}
	return nil
}

// download reports whether a file came whole. The error is that it looks whole, and
// is not.
func download(ctx context.Context, client *http.Client, url string, gzipped bool) (bool, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false, err
	}
	if gzipped {
		req.Header.Set("Accept-Encoding", "gzip")
	}
	res, err := client.Do(req)
	if err != nil {
		return false, nil
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode == http.StatusNotFound || res.StatusCode == http.StatusServiceUnavailable {
		return false, nil
	}
	said := fmt.Errorf("%s: %s, %v, %d bytes", url, res.Status, res.Header, len(body))
	if res.StatusCode != http.StatusOK {
		return false, said
	}
	tag := strings.Trim(res.Header.Get("ETag"), `"`)
	if res.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(bytes.NewReader(body))
		if err != nil {
			return false, errors.Join(said, err)
		}
		if body, err = io.ReadAll(z); err != nil {
			return false, errors.Join(said, err)
		}
		tag = strings.TrimSuffix(tag, "-gzip")
	}
	if sum := sha256.Sum256(body); hex.EncodeToString(sum[:16]) != tag {
		return false, fmt.Errorf("%w: they are %x", said, sum[:16])
	}
	return true, nil
}

// TestProcessesAreKilled kills a hub, and now and then the member that publishes, at
// random moments while deposits, following, exports and downloads go on:
// MAILLON_KILLS times (100), with the random numbers of MAILLON_KILL_SEED.
func TestProcessesAreKilled(t *testing.T) {
	kills, seed := 100, uint64(time.Now().UnixNano()) //nolint:gosec // any number does
	if s := os.Getenv("MAILLON_KILLS"); s != "" {
		var err error
		if kills, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	if s := os.Getenv("MAILLON_KILL_SEED"); s != "" {
		var err error
		if seed, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("MAILLON_KILL_SEED=%d", seed)
	w := killWorld(t)
	both := []string{"hub", "member"}
	t.Cleanup(func() { w.stopAll(both) })
	for _, role := range both {
		w.nodes[role].start()
	}
	ctx, stop := context.WithCancel(t.Context())
	d := &depositor{p: w.nodes["member"], objects: map[string]string{}}
	readers := []*downloader{{random: rand.New(rand.NewPCG(seed, 1))}, {random: rand.New(rand.NewPCG(seed, 2))}}
	var wg sync.WaitGroup
	errs := make(chan error, 1+len(readers))
	wg.Go(func() { errs <- d.run(ctx) })
	for _, r := range readers {
		wg.Go(func() { errs <- r.run(ctx, w) })
	}
	w.killing(kills, rand.New(rand.NewPCG(seed, 3)), errs)
	stop()
	wg.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			t.Error(err)
		}
	}
	for _, r := range readers {
		if r.whole == 0 {
			t.Error("a reader got no file")
		}
		t.Logf("%d downloads came whole and as announced, %d broke off or found nothing", r.whole, r.torn)
	}
	w.nothingLost(d)
}

// killing kills and restarts.
func (w *world) killing(kills int, random *rand.Rand, errs <-chan error) {
	var slowest, all time.Duration
	hubs := 0
	for range kills {
		time.Sleep(time.Duration(50+random.IntN(900)) * time.Millisecond)
		p := w.nodes["member"]
		if random.IntN(5) > 0 {
			p = w.nodes["hub"]
			hubs++
		}
		p.stop(syscall.SIGKILL)
		begun := time.Now()
		p.start()
		slowest, all = max(slowest, time.Since(begun)), all+time.Since(begun)
		select {
		case err := <-errs:
			if err != nil {
				w.t.Fatal(err)
			}
		default:
		}
	}
	w.t.Logf("%d kills, %d of them of the hub; restart until ready: %s on average, %s at most", kills, hubs, (all / time.Duration(max(kills, 1))).Round(time.Millisecond), slowest.Round(time.Millisecond))
}

// nothingLost compares what the member acknowledged with what both hold.
func (w *world) nothingLost(d *depositor) {
	t, hub, member := w.t, w.nodes["hub"], w.nodes["member"]
	w.t.Logf("%d batches, %d records acknowledged, %d contracts", d.batch, d.records, len(d.objects))
	own, err := member.node(killMember)
	if err != nil {
		t.Fatal(err)
	}
	if own.Announced < uint64(d.records) || own.Announced > uint64(d.records+killBatch) { //nolint:gosec // a batch may have been cut off
		t.Errorf("the member's journal has %d entries, %d records were acknowledged", own.Announced, d.records)
	}
	begun := time.Now()
	hub.mirrors("member", own.Announced)
	t.Logf("the mirror is whole after %s", time.Since(begun).Round(time.Millisecond))
	var mine, theirs map[string]string
	w.eventually("the hub's file holds what the member acknowledged", 4*time.Minute, func() error {
		if theirs, err = hub.holds("/files/" + killHub + "-decp-consolide/complet.ndjson"); err != nil {
			return err
		}
		for id, object := range d.objects {
			if got := theirs[id]; got != object {
				return fmt.Errorf("contract %s: the hub has %q, want %q", id, got, object)
			}
		}
		return nil
	})
	t.Logf("and the hub's files after %s", time.Since(begun).Round(time.Millisecond))
	mine = map[string]string{}
	for year := 2022; year <= 2026; year++ {
		w.eventually("the member's files", time.Minute, func() error {
			some, err := member.holds(fmt.Sprintf("/files/%s-decp-%d/complet.ndjson", killMember, year))
			for id, object := range some {
				mine[id] = object
			}
			return err
		})
	}
	if len(mine) != len(theirs) || len(theirs) < len(d.objects) || len(theirs) > len(d.objects)+killBatch {
		t.Errorf("%d contracts on the member, %d on the hub, %d acknowledged", len(mine), len(theirs), len(d.objects))
	}
	for id, object := range mine {
		if theirs[id] != object {
			t.Errorf("contract %s: %q on the member, %q on the hub", id, object, theirs[id])
		}
	}
	t.Logf("and all is compared after %s", time.Since(begun).Round(time.Millisecond))
	w.stopAll([]string{"hub", "member"})
	for _, p := range []*process{hub, member} {
		if out, err := exec.Command(w.bin, "verify", "--config", p.config).CombinedOutput(); err != nil {
			t.Errorf("verify %s: %v\n%s", p.role, err, out)
		}
	}
	hub.start() // what was half written goes at a start
	err = filepath.WalkDir(filepath.Join(hub.dir, "editions"), func(path string, e fs.DirEntry, err error) error {
		if err == nil && strings.HasPrefix(e.Name(), ".") {
			t.Errorf("%s stays", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// holds reads the objects of the contracts in a file, by id; one that stands twice is
// an error.
func (p *process) holds(path string) (map[string]string, error) {
	var raw rawBody
	if err := p.get(path, &raw); err != nil {
		return nil, err
	}
	out := map[string]string{}
	for line := range bytes.Lines(raw) {
		var c struct{ ID, Objet string }
		if err := json.Unmarshal(line, &c); err != nil {
			return nil, err
		}
		if _, twice := out[c.ID]; twice {
			return nil, fmt.Errorf("%s has contract %s twice", path, c.ID)
		}
		out[c.ID] = c.Objet
	}
	return out, nil
}
