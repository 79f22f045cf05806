//go:build processes

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

const (
	rennes = "21350238800019"
	metro  = "24350013900189"
)

// TestProcesses runs the seven nodes of configs/demo as real processes, and
// what may happen to them: each sub-test leaves the federation whole.
func TestProcesses(t *testing.T) {
	w := newWorld(t)
	w.startAll()
	t.Run("a deposit climbs from a commune to the nation", w.climbs)
	t.Run("catalogues conform and hold one graph in four syntaxes", w.catalogues)
	t.Run("a member killed while depositing loses nothing it acknowledged", w.killedMember)
	t.Run("a hub killed while it follows catches up", w.killedHub)
	t.Run("a member restored from an older copy fetches its tail and never forks", w.restoredMember)
	t.Run("who publishes without authority is kept, flagged and not shown over the buyer", w.withoutAuthority)
	t.Run("a redaction erases the body in every mirror", w.redaction)
	t.Run("fsck accepts every journal and every mirror", w.fsck)
	t.Run("verify --federation finds that everything is there", w.verifies)
	t.Run("a member with two histories is suspended, with the evidence", w.twoHistories)
	t.Run("verify --federation finds the second history", w.verifiesNot)
	t.Run("one byte changed on disk is refused", w.tampered)
}

func (w *world) climbs(t *testing.T) {
	w.with(t, func() {
		c1, nation := w.nodes["commune-1"], w.nodes["nation"]
		w.mirrorsAll()
		start := time.Now()
		c1.mustDeposit("climb.json", contracts(rennes, "CLIMB", 1))
		page := "/marches/" + rennes + "/CLIMB00000"
		w.eventually("the contract's page at the nation", 30*time.Second, func() error { return nation.page(page) })
		t.Logf("from deposit on a commune to the contract's page at the nation: %s (debounce 0.5 s at each level)", time.Since(start).Round(10*time.Millisecond))
		if rep, err := c1.deposit("again.json", contracts(rennes, "CLIMB", 1), ""); err != nil || rep.Outcome != "unchanged" {
			t.Errorf("the same file again: %+v, %v; want unchanged", rep, err)
		}
		for _, role := range roles[1:] {
			if role != "commune-1" {
				w.nodes[role].mustDeposit("each.json", contracts(ids[role], "EACH", 2))
			}
		}
		var reg struct {
			Items []struct{ Node, URLDCAT string }
		}
		if err := nation.get("/register.json", &reg); err != nil {
			t.Fatal(err)
		}
		for _, role := range roles {
			if !slices.ContainsFunc(reg.Items, func(r struct{ Node, URLDCAT string }) bool { return r.Node == ids[role] }) {
				t.Errorf("the nation's register has no line of %s (%s)", role, ids[role])
			}
		}
	})
}

// mirrorsAll waits until the nation knows every node.
func (w *world) mirrorsAll() {
	w.eventually("the nation knows seven nodes", 40*time.Second, func() error {
		var nodes struct{ Total int }
		if err := w.nodes["nation"].get("/api/v1/nodes", &nodes); err != nil {
			return err
		}
		if nodes.Total < len(roles) {
			return fmt.Errorf("%d nodes", nodes.Total)
		}
		return nil
	})
}

// page asks for an address as a browser does.
func (p *process) page(path string) error {
	req, err := http.NewRequest(http.MethodGet, p.url()+path, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Accept", "text/html")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK || !bytes.Contains(raw, []byte("<h1")) {
		return fmt.Errorf("%s: %s", path, res.Status)
	}
	return nil
}

func (w *world) catalogues(t *testing.T) {
	shacl, conformance := os.Getenv("MAILLON_SHACL_CHECK"), os.Getenv("MAILLON_CONFORMANCE")
	if shacl == "" || conformance == "" {
		t.Skip("MAILLON_SHACL_CHECK and MAILLON_CONFORMANCE are not set: the catalogues are not checked against the official shapes")
	}
	w.with(t, func() {
		w.eventually("the files of the datasets", 20*time.Second, func() error {
			return w.nodes["organisme"].get("/files/"+ids["organisme"]+"-decp-2026/decret.json", nil)
		})
		shapes := filepath.Join(conformance, "dcat/shapes")
		strict := []string{"3.0.1/dcat-ap-SHACL.ttl", "3.0.1/ranges.ttl"}
		check := func(role, path, file string, gate []string) {
			if file == "" {
				file = w.nodes[role].url() + path
			}
			args := []string{"check.mjs", "--engine", "both", file}
			for _, g := range gate {
				args = append(args, filepath.Join(shapes, g))
			}
			cmd := exec.Command("node", args...)
			cmd.Dir = shacl
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%s %s against %s: %v\n%s", role, path, gate[0], err, tail(out, 2000))
			}
		}
		for _, role := range roles {
			for _, path := range []string{"/catalog.ttl", "/catalog.jsonld", "/catalog.rdf", "/catalog/all.ttl"} {
				check(role, path, "", strict)
			}
			check(role, "/catalog/all.ttl", "", []string{"3.0.1-html/shapes.ttl"})
			var older rawBody
			if err := w.nodes[role].get("/catalog/all.ttl?profile=2.1.1", &older); err != nil {
				t.Errorf("%s: %v", role, err)
				continue
			}
			file := filepath.Join(t.TempDir(), "all.ttl")
			if err := os.WriteFile(file, older, 0o600); err != nil {
				t.Fatal(err)
			}
			check(role, "/catalog/all.ttl?profile=2.1.1", file, []string{"2.1.1/dcat-ap_2.1.1_shacl_shapes.ttl", "2.1.1/dcat-ap_2.1.1_shacl_range.ttl"})
			w.oneGraph(role)
		}
	})
}

// oneGraph compares the four syntaxes of a catalogue through rapper.
func (w *world) oneGraph(role string) {
	t := w.t
	if _, err := exec.LookPath("rapper"); err != nil {
		t.Log("rapper is not installed: the syntaxes are not compared")
		return
	}
	count := map[string]string{}
	for suffix, syntax := range map[string]string{"ttl": "turtle", "rdf": "rdfxml", "nt": "ntriples"} {
		out, err := exec.Command("rapper", "-q", "-i", syntax, "-o", "ntriples", w.save(role, "catalog."+suffix), "http://x/").Output()
		if err != nil {
			t.Errorf("%s /catalog.%s: rapper: %v", role, suffix, err)
			return
		}
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		for i, l := range lines {
			lines[i] = blankless(l)
		}
		slices.Sort(lines)
		count[suffix] = strings.Join(slices.Compact(lines), "\n")
	}
	if count["ttl"] != count["nt"] || count["rdf"] != count["nt"] {
		t.Errorf("%s: the syntaxes of /catalog hold different triples", role)
	}
}

// blankless replaces the labels of blank nodes, which each reader chooses.
func blankless(line string) string {
	f := strings.Fields(line)
	for i := range f {
		if strings.HasPrefix(f[i], "_:") {
			f[i] = "_:b"
		}
	}
	return strings.Join(f, " ")
}

func (w *world) save(role, path string) string {
	res, err := http.Get(w.nodes[role].url() + "/" + path)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	file := filepath.Join(w.t.TempDir(), filepath.Base(path))
	if err := os.WriteFile(file, raw, 0o600); err != nil {
		w.t.Fatal(err)
	}
	return file
}

func (w *world) killedMember(t *testing.T) {
	w.with(t, func() {
		c1 := w.nodes["commune-1"]
		acknowledged := c1.mustDeposit("before.json", contracts(rennes, "BEFORE", 50))
		body := contracts(rennes, "KILL", 20000)
		done := make(chan error, 1)
		go func() { _, err := c1.deposit("kill.json", body, ""); done <- err }()
		time.Sleep(300 * time.Millisecond)
		c1.stop(syscall.SIGKILL)
		interrupted := <-done
		c1.start()
		var self nodeStatus
		if err := c1.get("/api/v1/nodes/"+rennes, &self); err != nil {
			t.Fatal(err)
		}
		if self.Mirrored < acknowledged.Size {
			t.Errorf("after kill -9 the journal has %d entries, %d were acknowledged", self.Mirrored, acknowledged.Size)
		}
		t.Logf("the interrupted deposit answered %v", interrupted)
		var rep depositReport
		w.eventually("the deposit again", 60*time.Second, func() (err error) { rep, err = c1.deposit("kill.json", body, ""); return err })
		if got := rep.Counts.Appended + rep.Counts.Known; got != 20000 {
			t.Errorf("deposit again: %d appended + known, want 20000 (%+v)", got, rep.Counts)
		}
		w.nodes["nation"].mirrors("commune-1", self.Mirrored)
		w.eventually("the nation holds each contract once", 90*time.Second, func() error { return w.nodes["nation"].total("buyer="+rennes+"&from=2026-03-02", 20051) })
	})
}

func (w *world) killedHub(t *testing.T) {
	w.with(t, func() {
		region := w.nodes["region"]
		size := w.nodes["departement"].mustDeposit("dep.json", contracts(ids["departement"], "HUB", 5000)).Size
		time.Sleep(700 * time.Millisecond) // the debounce of the announcement: the hub is about to follow
		region.stop(syscall.SIGKILL)
		region.start()
		region.mirrors("departement", size)
		w.nodes["nation"].mirrors("departement", size)
	})
}

func (w *world) restoredMember(t *testing.T) {
	w.with(t, func() {
		c2, region := w.nodes["commune-2"], w.nodes["region"]
		c2.mustDeposit("one.json", contracts(ids["commune-2"], "ONE", 10))
		old := w.copyOf(c2)
		c2.start()
		size := c2.mustDeposit("two.json", contracts(ids["commune-2"], "TWO", 10)).Size
		region.mirrors("commune-2", size)
		c2.stop(syscall.SIGTERM)
		w.restore(c2, old)
		c2.start()
		rep := c2.mustDeposit("three.json", contracts(ids["commune-2"], "THREE", 10))
		if rep.Size != size+10 {
			t.Errorf("after the restore the journal has %d entries, want %d: the tail must come back first", rep.Size, size+10)
		}
		if again, err := c2.deposit("two.json", contracts(ids["commune-2"], "TWO", 10), ""); err != nil || again.Outcome != "unchanged" {
			t.Errorf("what came back with the tail is not known: %+v, %v", again, err)
		}
		region.mirrors("commune-2", rep.Size)
		w.nodes["nation"].mirrors("commune-2", rep.Size)
		if n, err := region.node(ids["commune-2"]); err != nil || n.State != "accepted" {
			t.Errorf("the hub says of the restored member: %+v, %v", n, err)
		}
	})
}

// copyOf stops a process and copies its folder.
func (w *world) copyOf(p *process) string {
	p.stop(syscall.SIGTERM)
	to := filepath.Join(w.t.TempDir(), "copy")
	if err := os.CopyFS(to, os.DirFS(p.dir)); err != nil {
		w.t.Fatal(err)
	}
	return to
}

func (w *world) restore(p *process, from string) {
	if err := os.RemoveAll(p.dir); err != nil {
		w.t.Fatal(err)
	}
	if err := os.CopyFS(p.dir, os.DirFS(from)); err != nil && !errors.Is(err, fs.ErrExist) {
		w.t.Fatal(err)
	}
}

func (w *world) withoutAuthority(t *testing.T) {
	w.with(t, func() {
		mine := contracts(rennes, "MINE", 1)
		theirs := bytes.Replace(mine, []byte(`"montant":40000`), []byte(`"montant":99999`), 1)
		theirs = bytes.Replace(theirs, []byte("2026-03-20"), []byte("2026-04-20"), 1) // published later: still not shown
		w.nodes["organisme"].mustDeposit("theirs.json", theirs)
		w.nodes["commune-1"].mustDeposit("mine.json", mine)
		w.eventually("both versions at the nation", 40*time.Second, func() error {
			var c struct {
				Contract struct{ Montant float64 }
				Versions []struct {
					Node      string
					Authority string
					Reason    string
					Differs   []string
				}
			}
			if err := w.nodes["nation"].get("/api/v1/contracts/"+rennes+"/MINE00000/history", &c); err != nil {
				return err
			}
			if len(c.Versions) != 2 {
				return fmt.Errorf("%d versions", len(c.Versions))
			}
			shown, lost := c.Versions[0], c.Versions[1]
			if shown.Node != rennes || lost.Node != ids["organisme"] || lost.Authority != "none" || !slices.Contains(lost.Differs, "montant") {
				t.Fatalf("versions %+v: want the buyer's own shown, the other kept without authority with montant among the differences", c.Versions)
			}
			return nil
		})
	})
}

func (w *world) redaction(t *testing.T) {
	w.with(t, func() {
		c1 := w.nodes["commune-1"]
		rep := c1.mustDeposit("secret.json", contracts(rennes, "SECRET", 1))
		entry := rep.Size - 1
		w.nodes["nation"].mirrors("commune-1", rep.Size)
		token, err := os.ReadFile(filepath.Join(c1.dir, "deposit.token"))
		if err != nil {
			t.Fatal(err)
		}
		req, err := http.NewRequest(http.MethodPost, fmt.Sprintf("%s/api/v1/retractions?op=redact&entry=%d&reason=essai", c1.url(), entry), nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
		res, err := http.DefaultClient.Do(req)
		if err != nil || res.StatusCode != http.StatusOK {
			t.Fatalf("redact: %v, %v", res.Status, err)
		}
		_ = res.Body.Close()
		for _, role := range []string{"commune-1", "region", "nation"} {
			w.eventually("the body is gone at "+role, 40*time.Second, func() error { return w.nodes[role].total("buyer="+rennes+"&state=redacted", 1) })
			raw, err := os.ReadFile(w.save(role, fmt.Sprintf("n/%s/journal/bodies/%s", rennes, bundlePath(entry/256, rep.Size+1))))
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Contains(raw, []byte("fournitures SECRET 0")) {
				t.Errorf("%s still serves the redacted body", role)
			}
		}
	})
}

// bundlePath is the tlog-tiles path of bundle n in a log of the given size.
func bundlePath(n, size uint64) string {
	path := fmt.Sprintf("%03d", n%1000)
	for n /= 1000; n > 0; n /= 1000 {
		path = fmt.Sprintf("x%03d/%s", n%1000, path)
	}
	if full := size / 256; size%256 != 0 && pathIndex(path) == full {
		path += fmt.Sprintf(".p/%d", size%256)
	}
	return path
}

func pathIndex(path string) uint64 {
	var n uint64
	for part := range strings.SplitSeq(path, "/") {
		var d uint64
		_, _ = fmt.Sscanf(strings.TrimPrefix(part, "x"), "%d", &d)
		n = n*1000 + d
	}
	return n
}

// fsck runs tessera's checker over HTTP on every journal and mirror.
// verifies runs maillon verify --federation against every node.
func (w *world) verifies(t *testing.T) {
	w.with(t, func() {
		for _, role := range roles {
			out, err := w.verifyFrom(role, "--deep")
			if err != nil || !strings.Contains(out, "Everything is there") {
				t.Errorf("asked %s: %v\n%s", role, err, out)
			}
		}
	})
}

// verifiesNot wants exit code 1 and the proof, once a member has two histories.
func (w *world) verifiesNot(t *testing.T) {
	w.with(t, func() {
		for _, role := range []string{"region", "nation"} {
			out, err := w.verifyFrom(role, "--grace", "1s")
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.ExitCode() != exitBad || !strings.Contains(out, "FORKED") || strings.Count(out, "— maillon/"+metro+"/0 ") < 2 {
				t.Errorf("asked %s: %v\n%s", role, err, out)
			}
		}
	})
}

func (w *world) verifyFrom(role string, args ...string) (string, error) {
	cmd := exec.Command(w.bin, append([]string{"--lang", "en", "verify", "--federation", "--url", w.nodes[role].url()}, args...)...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (w *world) fsck(t *testing.T) {
	if os.Getenv("MAILLON_FSCK_CACHE") == "" {
		t.Skip("MAILLON_FSCK_CACHE is not set: the journals are not checked by an independent program")
	}
	w.with(t, func() {
		for _, role := range roles {
			w.runFsck(w.nodes[role], "/journal", true)
		}
		for _, hub := range []string{"region", "nation"} {
			var nodes struct {
				Items []struct {
					ID       string
					State    string
					Mirrored uint64
				}
			}
			if err := w.nodes[hub].get("/api/v1/nodes", &nodes); err != nil {
				t.Fatal(err)
			}
			checked := 0
			for _, n := range nodes.Items {
				if n.State == "accepted" && n.Mirrored > 0 {
					w.runFsck(w.nodes[hub], "/n/"+n.ID+"/journal", true)
					checked++
				}
			}
			if want := map[string]int{"region": 5, "nation": 6}[hub]; checked != want {
				t.Errorf("%s: %d mirrors checked, want %d", hub, checked, want)
			}
		}
	})
}

// runFsck checks one journal served at path and compares with what is wanted.
func (w *world) runFsck(p *process, path string, want bool) {
	w.t.Helper()
	key := w.save(p.role, strings.TrimPrefix(path, "/")+"/key")
	out, err := exec.Command("bash", "../../.ci/fsck.sh", p.url()+path+"/", key).CombinedOutput()
	if ok := err == nil; ok != want {
		w.t.Errorf("fsck of %s at %s: accepted %v, want %v\n%s", path, p.role, ok, want, tail(out, 1500))
	}
}

// twoHistories lets the EPCI sign another history from an older copy of its
// store, with the check against its hub turned off.
func (w *world) twoHistories(t *testing.T) {
	w.with(t, func() {
		epci, region := w.nodes["epci"], w.nodes["region"]
		epci.mustDeposit("base.json", contracts(metro, "BASE", 3))
		old := w.copyOf(epci)
		epci.start()
		region.mirrors("epci", epci.mustDeposit("first.json", contracts(metro, "FIRST", 5)).Size)
		epci.stop(syscall.SIGTERM)
		w.restore(epci, old)
		dropBucket(t, filepath.Join(epci.dir, "maillon.db"), "peers") // alone, and at another port, it meets nobody who remembers
		epci.start("MAILLON_FEDERATION_CONFIRM_HEAD=false", "MAILLON_FEDERATION_JOIN_PEERS=127.0.0.1:9",
			fmt.Sprintf("MAILLON_FEDERATION_JOIN_LISTEN=127.0.0.1:%d", freePorts(t, 1)[0]))
		epci.mustDeposit("second.json", contracts(metro, "SECOND", 9))
		epci.stop(syscall.SIGTERM)
		epci.start("MAILLON_FEDERATION_CONFIRM_HEAD=false")
		w.eventually("the hub suspends the member", 40*time.Second, func() error {
			n, err := region.node(metro)
			if err != nil {
				return err
			}
			if n.State != "suspended" || n.Reason == "" {
				return fmt.Errorf("state %s, reason %q", n.State, n.Reason)
			}
			return nil
		})
		w.eventually("the nation knows, with both heads as evidence", 40*time.Second, func() error {
			n, err := w.nodes["nation"].node(metro)
			if err == nil && n.State != "suspended" {
				err = fmt.Errorf("the nation says %s", n.State)
			}
			return err
		})
	})
}

// tampered changes one byte of a stopped node's journal: a tile, which fsck
// and verify refuse, and a body, with which the node refuses to start.
func (w *world) tampered(t *testing.T) {
	w.with(t, func() {
		dep := w.nodes["departement"]
		dep.stop(syscall.SIGTERM)
		old := filepath.Join(t.TempDir(), "whole")
		if err := os.CopyFS(old, os.DirFS(dep.dir)); err != nil {
			t.Fatal(err)
		}
		flipByte(t, filepath.Join(dep.dir, "maillon.db"), ids["departement"], "tiles")
		w.verify(dep, false)
		if os.Getenv("MAILLON_FSCK_CACHE") != "" {
			dep.start()
			w.runFsck(dep, "/journal", false)
			dep.stop(syscall.SIGTERM)
		}
		w.restore(dep, old)
		w.verify(dep, true)
		flipByte(t, filepath.Join(dep.dir, "maillon.db"), ids["departement"], "bodies")
		w.verify(dep, false)
	})
}

// verify runs `maillon verify` on a stopped node.
func (w *world) verify(p *process, want bool) {
	w.t.Helper()
	cmd := exec.Command(w.bin, "verify", "--json", "--config", "../../configs/demo/"+p.role+".yaml")
	cmd.Env = p.env
	out, err := cmd.CombinedOutput()
	if ok := err == nil; ok != want {
		w.t.Errorf("verify accepts: %v, want %v\n%s", ok, want, tail(out, 800))
	}
}
