package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

const nationID = "13002526500013"

// A nation is the process that is measured.
type nation struct {
	binary, dir, config, url, admin string
	cmd                             *exec.Cmd
	log                             *os.File
	probes                          probes
	done                            chan error
	stopped                         chan struct{} // of the sampling

	mu   sync.Mutex
	rss  float64 // most resident, MB, all with the pages of mapped files
	anon float64 // most of its own, MB, without them
	cpu  time.Duration
}

func newNation(binary, dir string) (*nation, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	ports, err := freePorts(3)
	if err != nil {
		return nil, err
	}
	n := &nation{binary: binary, dir: dir, config: filepath.Join(dir, "maillon.yaml"), url: fmt.Sprintf("http://127.0.0.1:%d", ports[0]), admin: fmt.Sprintf("http://127.0.0.1:%d", ports[2])}
	text := fmt.Sprintf(`node: {id: "%s", name: Nation, level: national, territory: fr}
data: %s
url: %s
http: {listen: "127.0.0.1:%d", admin: "127.0.0.1:%d"}
log: {format: json}
federation: {allow_private: true, hub: {listen: "127.0.0.1:%d", advertise: 127.0.0.1, profile: local, admission: open}}
`, nationID, filepath.Join(dir, "data"), n.url, ports[0], ports[2], ports[1])
	if err := os.WriteFile(n.config, []byte(text), 0o644); err != nil {
		return nil, err
	}
	n.log, err = os.Create(filepath.Join(dir, "log"))
	return n, err
}

func freePorts(n int) (ports []int, err error) {
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}

// start begins the process; it answers when ready has returned.
func (n *nation) start() error {
	n.cmd = exec.Command(n.binary, "run", "--config", n.config)
	n.cmd.Stderr = n.log
	if err := n.cmd.Start(); err != nil {
		return err
	}
	n.done, n.stopped = make(chan error, 1), make(chan struct{})
	go func() { n.done <- n.cmd.Wait() }()
	go n.sample(n.cmd.Process.Pid, n.stopped)
	return nil
}

func (n *nation) stop() error {
	if n.cmd == nil {
		return nil
	}
	close(n.stopped)
	_ = n.cmd.Process.Signal(syscall.SIGTERM) // it may be gone
	err := <-n.done
	n.cmd = nil
	return err
}

// sample looks at the process's memory and time until it is stopped.
func (n *nation) sample(pid int, stopped chan struct{}) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-stopped:
			return
		case <-tick.C:
		}
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		if err != nil {
			return
		}
		n.mu.Lock()
		n.rss, n.anon = max(n.rss, kilobytes(status, "VmRSS:")/1e3), max(n.anon, kilobytes(status, "RssAnon:")/1e3)
		n.cpu = cpuOf(pid)
		n.mu.Unlock()
	}
}

func kilobytes(status []byte, key string) float64 {
	for line := range bytes.Lines(status) {
		if rest, ok := strings.CutPrefix(string(line), key); ok {
			kb, _ := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			return kb * 1.024
		}
	}
	return 0
}

// cpuOf is what a process has used; clock ticks are hundredths of a second on Linux.
func cpuOf(pid int) time.Duration {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	f := strings.Fields(string(raw[bytes.LastIndexByte(raw, ')')+1:]))
	user, _ := strconv.Atoi(f[11])
	system, _ := strconv.Atoi(f[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}

func (n *nation) used() (rss, anon float64, cpu time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.rss, n.anon, n.cpu
}

// wait asks again and again until check is content.
func (n *nation) wait(ctx context.Context, what string, every time.Duration, check func() error) error {
	for {
		err := check()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: %w", what, err)
		case died := <-n.done:
			n.done <- died
			return errors.Join(fmt.Errorf("%s: maillon ended, see %s", what, n.log.Name()), died)
		case <-time.After(every):
		}
	}
}

func (n *nation) get(path string) ([]byte, error) {
	res, err := http.Get(n.url + path)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s %.200s", path, res.Status, body)
	}
	return body, err
}

// probe writes the profiles that were asked for, each when its time has come.
func (n *nation) probe(ctx context.Context) {
	keep := func(after time.Duration, path, file string) {
		select {
		case <-ctx.Done():
			return
		case <-time.After(after):
		}
		raw, err := n.ask(path)
		if err == nil {
			err = os.WriteFile(file, raw, 0o644)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "profile:", err)
		}
	}
	if n.probes.seconds > 0 {
		go keep(0, fmt.Sprintf("/debug/pprof/profile?seconds=%d", n.probes.seconds), "bench-hub.pprof")
	}
	if n.probes.heap > 0 {
		go keep(n.probes.heap, "/debug/pprof/heap", "bench-hub.heap")
	}
}

// ask asks the administrator's side.
func (n *nation) ask(path string) ([]byte, error) {
	token, err := os.ReadFile(filepath.Join(n.dir, "data", "admin.token"))
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequest(http.MethodGet, n.admin+path, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+string(bytes.TrimSpace(token)))
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s %.200s", path, res.Status, raw)
	}
	return raw, err
}

// indexed is how many contracts the nation's index has.
func (n *nation) indexed() (int, error) {
	raw, err := n.ask("/metrics")
	if err != nil {
		return 0, err
	}
	for line := range bytes.Lines(raw) {
		if rest, ok := strings.CutPrefix(string(line), "maillon_index_contracts "); ok {
			return strconv.Atoi(strings.TrimSpace(rest))
		}
	}
	return 0, errors.New("no maillon_index_contracts among the metrics")
}

// ownCPU is what this process has used.
func ownCPU() time.Duration { return cpuOf(os.Getpid()) }

func (n *nation) ready() error { _, err := n.get("/readyz"); return err }

// idle is nil if the nation hardly works for a while.
func (n *nation) idle(pause time.Duration) error {
	_, _, before := n.used()
	time.Sleep(pause)
	if _, _, now := n.used(); now-before > pause/20 {
		return fmt.Errorf("it used %s of CPU in %s", now-before, pause)
	}
	return nil
}

// edition tells of the last edition that the nation says it has made: when, and how
// long it took.
func (n *nation) edition() (at time.Time, took time.Duration, err error) {
	raw, err := os.ReadFile(n.log.Name())
	if err != nil {
		return at, 0, err
	}
	for line := range bytes.Lines(raw) {
		var l struct {
			Message string
			Time    time.Time
			Took    float64 // milliseconds
		}
		if json.Unmarshal(line, &l) == nil && l.Message == "edition of the territory made" {
			at, took = l.Time, time.Duration(l.Took*float64(time.Millisecond))
		}
	}
	if at.IsZero() {
		err = errors.New("no edition was made yet")
	}
	return at, took, err
}

// lines counts those of the file of everything that hold a text, as it is served.
func (n *nation) lines(holding string) (count int, err error) {
	res, err := http.Get(n.url + "/files/" + nationID + "-decp-consolide/complet.ndjson")
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("complet.ndjson: %s", res.Status)
	}
	for r := bufio.NewReaderSize(res.Body, 1<<20); ; {
		line, err := r.ReadSlice('\n')
		if err == io.EOF {
			return count, nil
		}
		if err != nil {
			return count, err
		}
		if bytes.Contains(line, []byte(holding)) {
			count++
		}
	}
}

// contracts is how many the nation shows.
func (n *nation) contracts() (int, error) {
	body, err := n.get("/api/v1/stats")
	if err != nil {
		return 0, err
	}
	var t struct{ Contracts int }
	return t.Contracts, json.Unmarshal(body, &t)
}

// mirrored sums up the entries of all mirrors.
func (n *nation) mirrored() (sum uint64, err error) {
	body, err := n.get("/api/v1/nodes")
	if err != nil {
		return 0, err
	}
	var list struct {
		Items []struct {
			ID       string
			Mirrored uint64
		}
	}
	if err := json.Unmarshal(body, &list); err != nil {
		return 0, err
	}
	for _, one := range list.Items {
		if one.ID != nationID {
			sum += one.Mirrored
		}
	}
	return sum, nil
}
