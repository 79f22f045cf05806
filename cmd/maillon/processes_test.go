//go:build processes

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A world is the seven nodes of configs/demo as real processes on loopback,
// each with its own folder; the addresses of the containers are replaced by
// environment variables.
type world struct {
	t     *testing.T
	bin   string
	dir   string
	nodes map[string]*process
}

type process struct {
	w       *world
	role    string
	dir     string
	http    int
	admin   int
	env     []string
	cmd     *exec.Cmd
	log     *os.File
	stopped chan struct{}
}

var roles = []string{"nation", "region", "departement", "epci", "commune-1", "commune-2", "organisme"}

var ids = map[string]string{}

// newWorld prepares the processes; none is started yet.
func newWorld(t *testing.T) *world {
	bin := os.Getenv("MAILLON_BINARY")
	if bin == "" {
		bin = filepath.Join(t.TempDir(), "maillon")
		if out, err := exec.Command("go", "build", "-o", bin, ".").CombinedOutput(); err != nil {
			t.Fatalf("build: %v\n%s", err, out)
		}
	}
	w := &world{t: t, bin: bin, dir: t.TempDir(), nodes: map[string]*process{}}
	ports := freePorts(t, len(roles)*2+len(roles)+1)
	next := func() int { p := ports[0]; ports = ports[1:]; return p }
	pool := map[string]int{"nation": next(), "region": next()}
	for _, role := range roles {
		p := &process{w: w, role: role, dir: filepath.Join(w.dir, role), http: next(), admin: next()}
		p.env = append(os.Environ(),
			"MAILLON_DATA="+p.dir, "MAILLON_URL="+p.url(),
			"MAILLON_HTTP_LISTEN=127.0.0.1:"+strconv.Itoa(p.http), "MAILLON_HTTP_ADMIN=127.0.0.1:"+strconv.Itoa(p.admin),
			"MAILLON_LOG_FORMAT=json")
		if port, hub := pool[role]; hub {
			p.env = append(p.env, fmt.Sprintf("MAILLON_FEDERATION_HUB_LISTEN=127.0.0.1:%d", port), "MAILLON_FEDERATION_HUB_ADVERTISE=127.0.0.1")
		}
		if role != "nation" {
			above := "region"
			if role == "region" {
				above = "nation"
			}
			p.env = append(p.env, fmt.Sprintf("MAILLON_FEDERATION_JOIN_LISTEN=127.0.0.1:%d", next()),
				"MAILLON_FEDERATION_JOIN_ADVERTISE=127.0.0.1", fmt.Sprintf("MAILLON_FEDERATION_JOIN_PEERS=127.0.0.1:%d", pool[above]))
		}
		w.nodes[role] = p
		ids[role] = idOf(t, role)
	}
	return w
}

// idOf reads the node id from the role's configuration.
func idOf(t *testing.T, role string) string {
	raw, err := os.ReadFile("../../configs/demo/" + role + ".yaml")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(raw)) {
		if id, ok := strings.CutPrefix(strings.TrimSpace(line), "id: "); ok {
			return strings.Trim(id, `"`)
		}
	}
	t.Fatalf("configs/demo/%s.yaml has no id", role)
	return ""
}

// freePorts finds free ports below those that the system hands out by
// itself, so that nobody takes them before the processes do.
func freePorts(t *testing.T, n int) []int {
	t.Helper()
	var ports []int
	for port := 11000 + rand.IntN(4000); port < 20000 && len(ports) < n; port++ {
		l, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(port))
		if err != nil {
			continue
		}
		_ = l.Close()
		ports = append(ports, port)
	}
	if len(ports) < n {
		t.Fatalf("%d free ports, want %d", len(ports), n)
	}
	return ports
}

func (p *process) url() string      { return "http://127.0.0.1:" + strconv.Itoa(p.http) }
func (p *process) adminURL() string { return "http://127.0.0.1:" + strconv.Itoa(p.admin) }

func (w *world) startAll() {
	for _, role := range roles {
		w.nodes[role].start()
	}
	w.t.Cleanup(func() {
		for _, role := range roles {
			w.nodes[role].stop(syscall.SIGTERM)
		}
		if w.t.Failed() {
			for _, role := range roles {
				raw, _ := os.ReadFile(w.nodes[role].dir + ".log")
				w.t.Logf("log of %s:\n%s", role, tail(raw, 3000))
			}
		}
	})
}

func tail(b []byte, n int) []byte { return b[max(0, len(b)-n):] }

func (p *process) start(extraEnv ...string) {
	t := p.w.t
	if err := os.MkdirAll(p.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	log, err := os.OpenFile(p.dir+".log", os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	p.cmd = exec.Command(p.w.bin, "run", "--config", "../../configs/demo/"+p.role+".yaml")
	p.cmd.Env = append(p.env, extraEnv...)
	p.cmd.Stdout, p.cmd.Stderr = log, log
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p.stopped = make(chan struct{})
	go func() { _ = p.cmd.Wait(); _ = log.Close(); close(p.stopped) }()
	p.w.eventually(p.role+" is ready", 30*time.Second, func() error { return p.get("/readyz", nil) })
}

// stop sends sig to the process this test started and waits for its end.
func (p *process) stop(sig syscall.Signal) {
	if p.cmd == nil {
		return
	}
	_ = p.cmd.Process.Signal(sig)
	select {
	case <-p.stopped:
	case <-time.After(20 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.stopped
	}
	p.cmd = nil
}

func (w *world) eventually(what string, within time.Duration, check func() error) {
	w.t.Helper()
	deadline := time.Now().Add(within)
	for {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			w.t.Fatalf("%s: not within %s: %v", what, within, err)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func (p *process) get(path string, into any) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url()+path, nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s: %s", path, res.Status, tail(raw, 300))
	}
	switch into := into.(type) {
	case nil:
		return nil
	case *rawBody:
		*into = raw
		return nil
	}
	return json.Unmarshal(raw, into)
}

// rawBody takes an answer as it is.
type rawBody []byte

type depositReport struct {
	ID      string
	Outcome string
	Size    uint64
	Counts  struct{ Records, Conforming, ToCorrect, Refused, Appended, Known int }
}

var errReadOnly = errors.New("read-only")

// deposit posts a pivot file with the node's own token.
func (p *process) deposit(name string, body []byte, query string) (depositReport, error) {
	var rep depositReport
	token, err := os.ReadFile(filepath.Join(p.dir, "deposit.token"))
	if err != nil {
		return rep, err
	}
	req, err := http.NewRequest(http.MethodPost, p.url()+"/api/v1/deposits?name="+name+query, bytes.NewReader(body))
	if err != nil {
		return rep, err
	}
	req.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return rep, err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return rep, err
	}
	switch res.StatusCode {
	case http.StatusOK, http.StatusCreated, http.StatusUnprocessableEntity:
		return rep, json.Unmarshal(raw, &rep)
	case http.StatusServiceUnavailable:
		return rep, fmt.Errorf("%w: %s", errReadOnly, tail(raw, 300))
	}
	return rep, fmt.Errorf("%s: %s", res.Status, tail(raw, 300))
}

func (p *process) mustDeposit(name string, body []byte) depositReport {
	p.w.t.Helper()
	var rep depositReport
	p.w.eventually("deposit on "+p.role, 20*time.Second, func() (err error) {
		rep, err = p.deposit(name, body, "")
		if errors.Is(err, errReadOnly) {
			return err // it waits for its hub's word
		}
		if err != nil {
			p.w.t.Fatal(err)
		}
		return nil
	})
	if rep.Outcome != "accepted" {
		p.w.t.Fatalf("deposit of %s on %s: %+v", name, p.role, rep)
	}
	return rep
}

type nodeStatus struct {
	ID, State, Reason string
	Announced         uint64
	Mirrored          uint64
}

func (p *process) node(id string) (nodeStatus, error) {
	var n nodeStatus
	return n, p.get("/api/v1/nodes/"+id, &n)
}

// mirrors waits until this hub's mirror of a node has the size.
func (p *process) mirrors(role string, size uint64) {
	p.w.t.Helper()
	p.w.eventually(p.role+" mirrors "+role, 40*time.Second, func() error {
		n, err := p.node(ids[role])
		if err != nil {
			return err
		}
		if n.Mirrored < size {
			return fmt.Errorf("mirror of %s has %d of %d (%s)", role, n.Mirrored, size, n.State)
		}
		return nil
	})
}

// contracts makes a pivot file of n conforming contracts of a buyer.
func contracts(buyer, prefix string, n int) []byte {
	var b strings.Builder
	b.WriteString(`{"marches":{"marche":[`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"id":"%s%05d","acheteur":{"id":"%s"},"nature":"Marché","objet":"Exemple : fournitures %s %d","codeCPV":"30190000",`+
			`"techniques":{"technique":["Sans objet"]},"modalitesExecution":{"modaliteExecution":["Sans objet"]},"marcheInnovant":false,"ccag":"Pas de CCAG",`+
			`"offresRecues":3,"attributionAvance":false,"typeGroupementOperateurs":"Pas de groupement","sousTraitanceDeclaree":false,"procedure":"Procédure adaptée",`+
			`"lieuExecution":{"code":"35238","typeCode":"Code commune"},"dureeMois":12,"dateNotification":"2026-03-02","datePublicationDonnees":"2026-03-20",`+
			`"montant":%d,"typesPrix":{"typePrix":["Définitif ferme"]},"formePrix":"Forfaitaire","titulaires":[{"titulaire":{"typeIdentifiant":"SIRET","id":"35600000000048"}}],`+
			`"considerationsSociales":{"considerationSociale":["Pas de considération sociale"]},"considerationsEnvironnementales":{"considerationEnvironnementale":["Pas de considération environnementale"]}}`,
			prefix, i, buyer, prefix, i, 40000+i)
	}
	b.WriteString(`]}}`)
	return []byte(b.String())
}
