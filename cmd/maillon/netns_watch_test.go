//go:build netns && linux

package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"maillon/federation"
)

// A watch asks the hubs every second what they hold, and notes what goes
// back: nothing ever may, whatever happens to the network. A node that does
// not answer says nothing.
type watch struct {
	f    *fed
	stop chan struct{}
	done chan struct{}

	mu    sync.Mutex
	most  map[string]uint64 // by what is watched
	wrong []string
	clock map[string]bool // roles of nodes whose clock is wrong: their own announcement is wrong too, at home
}

func newWatch(f *fed) *watch {
	w := &watch{f: f, stop: make(chan struct{}), done: make(chan struct{}), most: map[string]uint64{}, clock: map[string]bool{}}
	var hubs []*process
	for _, pl := range places {
		if pl.hub {
			hubs = append(hubs, f.nodes[pl.role])
		}
	}
	go w.run(hubs)
	f.t.Cleanup(func() { close(w.stop); <-w.done })
	return w
}

func (w *watch) run(hubs []*process) {
	defer close(w.done)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-w.stop:
			return
		case <-tick.C:
		}
		for _, p := range hubs {
			w.ask(p)
		}
	}
}

// ask looks at one hub.
func (w *watch) ask(p *process) {
	var nodes struct {
		Items []struct {
			ID                  string
			Announced, Mirrored uint64
		}
		Total uint64
	}
	if p.get("/api/v1/nodes", &nodes) == nil {
		w.saw(p.role+" nodes known", nodes.Total)
		for _, n := range nodes.Items {
			w.saw(p.role+" journal announced of "+n.ID, n.Announced)
			w.saw(p.role+" journal mirrored of "+n.ID, n.Mirrored)
		}
	}
	for name, path := range map[string]string{
		"contracts": "/api/v1/contracts?limit=1", "datasets": "/api/v1/datasets?limit=1", "lines of the register": "/register.json?limit=1",
	} {
		var page struct{ Total uint64 }
		if p.get(path, &page) == nil {
			w.saw(p.role+" "+name, page.Total)
		}
	}
	notes, err := p.announcements()
	if err != nil {
		return
	}
	for _, n := range notes {
		a, err := federation.Open([]byte(n), time.Now())
		if a.Node == ids[p.role] && w.excuses(p.role) {
			continue
		}
		if err != nil {
			w.fault("%s hands out what does not stand: %v", p.role, err)
			continue
		}
		w.saw(p.role+" number announced of "+a.Node, a.Seq)
	}
}

// saw notes a number that may only grow.
func (w *watch) saw(what string, n uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if n < w.most[what] {
		w.wrong = append(w.wrong, fmt.Sprintf("%s: %d after %d", what, n, w.most[what]))
	}
	w.most[what] = max(w.most[what], n)
}

func (w *watch) fault(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.wrong = append(w.wrong, fmt.Sprintf(format, args...))
}

// excuse leaves alone what a node says of itself, until the next check.
func (w *watch) excuse(role string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.clock[role] = true
	delete(w.most, role+" number announced of "+ids[role])
}

func (w *watch) excuses(role string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.clock[role]
}

// check fails the test for what went back since the last check.
func (w *watch) check(t *testing.T) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, wrong := range w.wrong {
		t.Error(wrong)
	}
	w.wrong = nil
	clear(w.clock)
}

// announcements are the notes that a hub hands out.
func (p *process) announcements() ([]string, error) {
	var list struct{ Items []string }
	return list.Items, p.get("/federation/v1/announcements", &list)
}

// whole tells what is missing for the federation to be whole: every node's
// journal, with all that it has answered for, is at every hub above it, byte
// for byte up to the same checkpoint; its hub knows its newest announcement;
// and every contract is in the views of its hub and of the nation.
func (f *fed) whole() error {
	for _, pl := range places {
		p, a := f.nodes[pl.role], f.acked[pl.role]
		var own rawBody
		if err := p.get("/journal/checkpoint", &own); err != nil {
			return fmt.Errorf("%s: %w", pl.role, err)
		}
		size := sizeOf(own)
		if size < a.size {
			return fmt.Errorf("%s has a journal of %d entries and has answered for %d", pl.role, size, a.size)
		}
		for i, hub := range f.levelsAbove(pl.role) {
			var mirror rawBody
			if err := f.nodes[hub].get("/n/"+ids[pl.role]+"/journal/checkpoint", &mirror); err != nil {
				return fmt.Errorf("mirror of %s at %s: %w", pl.role, hub, err)
			}
			if !sameCheckpoint(own, mirror, ids[pl.role]) {
				return fmt.Errorf("%s mirrors %d entries of %s, which has %d", hub, sizeOf(mirror), pl.role, size)
			}
			n, err := f.nodes[hub].node(ids[pl.role])
			if err != nil || n.State != "accepted" || n.Announced != size {
				return fmt.Errorf("%s says of %s: %+v, want %d announced (%v)", hub, pl.role, n, size, err)
			}
			if i > 0 && hub != "nation" || a.contracts == 0 {
				continue
			}
			if err := f.nodes[hub].total("buyer="+ids[pl.role], a.contracts); err != nil {
				return fmt.Errorf("%s, of %s: %w", hub, pl.role, err)
			}
		}
	}
	return f.agree()
}

// agree compares the announcements that hubs hold with the journals: what is
// held is signed, has not expired, and is of the node's newest size.
func (f *fed) agree() error {
	for _, pl := range places {
		if !pl.hub {
			continue
		}
		notes, err := f.nodes[pl.role].announcements()
		if err != nil {
			return err
		}
		held := map[string]federation.Announcement{}
		for _, n := range notes {
			a, err := federation.Open([]byte(n), time.Now())
			if err != nil {
				return fmt.Errorf("%s holds: %w", pl.role, err)
			}
			held[a.Node] = a
		}
		for _, m := range places {
			if m.above != pl.role && m.role != pl.role {
				continue
			}
			a, ok := held[ids[m.role]]
			if !ok || a.URL != f.nodes[m.role].url() {
				return fmt.Errorf("%s holds of %s an announcement of address %q, want %q", pl.role, m.role, a.URL, f.nodes[m.role].url())
			}
		}
	}
	return nil
}

// sizeOf reads a checkpoint's size.
func sizeOf(checkpoint []byte) (size uint64) {
	f := strings.SplitN(string(checkpoint), "\n", 3)
	if len(f) == 3 {
		_, _ = fmt.Sscan(f[1], &size)
	}
	return size
}

// sameCheckpoint compares what was signed and the owner's signature, byte for
// byte. A mirror may carry cosignatures beside it.
func sameCheckpoint(own, mirror []byte, node string) bool {
	text, sigs, ok := bytes.Cut(own, []byte("\n\n"))
	if !ok || !bytes.HasPrefix(mirror, append(bytes.Clone(text), "\n\n"...)) {
		return false
	}
	for line := range bytes.Lines(sigs) {
		if bytes.HasPrefix(line, []byte("— maillon/"+node+"/")) && !bytes.Contains(mirror, line) {
			return false
		}
	}
	return true
}

// memory is what a node's process holds, in bytes.
func (p *process) memory() (n uint64) {
	raw, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	for line := range strings.Lines(string(raw)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			_, _ = fmt.Sscan(rest, &n)
		}
	}
	return n << 10
}
