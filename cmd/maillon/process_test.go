//go:build processes || netns

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// A world is a federation of real processes, each with its own folder.
type world struct {
	t     *testing.T
	bin   string
	dir   string
	nodes map[string]*process
}

// A process is one node of a world, running or not.
type process struct {
	w       *world
	role    string
	dir     string // its data; its log is beside it
	config  string // file
	mu      sync.Mutex
	base    string // of its public address, without trailing slash
	env     []string
	client  *http.Client
	spawn   func(*exec.Cmd) error // starts its process where it belongs
	cmd     *exec.Cmd
	stopped chan struct{}
}

// ids are the node ids, by role.
var ids = map[string]string{}

// build returns the program to test: $MAILLON_BINARY, or one made now.
func build(t *testing.T, args ...string) string {
	if bin := os.Getenv("MAILLON_BINARY"); bin != "" && len(args) == 0 {
		return bin
	}
	bin := filepath.Join(t.TempDir(), "maillon")
	args = append(append([]string{"build", "-o", bin}, args...), ".")
	if out, err := exec.Command("go", args...).CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return bin
}

func (p *process) url() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.base
}

// stopAll stops every process at the end of the test, and shows the logs of one that failed.
func (w *world) stopAll(roles []string) {
	for _, role := range roles {
		w.nodes[role].stop(syscall.SIGTERM)
	}
	if w.t.Failed() {
		for _, role := range roles {
			raw, _ := os.ReadFile(w.nodes[role].dir + ".log")
			w.t.Logf("log of %s:\n%s", role, tail(raw, 3000))
		}
	}
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
	p.cmd = exec.Command(p.w.bin, "run", "--config", p.config)
	p.cmd.Env = append(p.env, extraEnv...)
	p.cmd.Stdout, p.cmd.Stderr = log, log
	if err := p.spawn(p.cmd); err != nil {
		t.Fatal(err)
	}
	p.stopped = make(chan struct{})
	go func(cmd *exec.Cmd, stopped chan struct{}) {
		_ = cmd.Wait()
		_ = log.Close()
		close(stopped)
	}(p.cmd, p.stopped)
	p.w.eventually(p.role+" is ready", time.Minute, func() error { return p.get("/readyz", nil) })
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

// with runs a step of the world under the sub-test's own t.
func (w *world) with(t *testing.T, step func()) {
	outer := w.t
	w.t = t
	defer func() { w.t = outer }()
	step()
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
	res, err := p.client.Do(req)
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
	res, err := p.client.Do(req)
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

// total checks how many contracts a query finds, at least those of this test.
func (p *process) total(query string, want int) error {
	var page struct{ Total int }
	if err := p.get("/api/v1/contracts?limit=1&"+query, &page); err != nil {
		return err
	}
	if page.Total != want {
		return fmt.Errorf("%d contracts for %s, want %d", page.Total, query, want)
	}
	return nil
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
