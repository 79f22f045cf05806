package gossip

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/memberlist"
	"github.com/rs/zerolog"

	"maillon/federation"
)

// A holder keeps every note it hears of.
type holder struct {
	mu    sync.Mutex
	notes map[string]bool
	slow  chan struct{} // if not nil, Receive waits for it
}

func (h *holder) Receive(note []byte) bool {
	if h.slow != nil {
		<-h.slow
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.notes == nil {
		h.notes = map[string]bool{}
	}
	fresh := !h.notes[string(note)]
	h.notes[string(note)] = true
	return fresh
}

func (h *holder) All() [][]byte {
	h.mu.Lock()
	defer h.mu.Unlock()
	var out [][]byte
	for n := range h.notes {
		out = append(out, []byte(n))
	}
	return out
}

// Digest stands for a book's: every note falls into a bucket by its own hash.
func (h *holder) Digest() federation.Digest {
	var d federation.Digest
	for _, n := range h.All() {
		sum := sha256.Sum256(n)
		d[sum[0]] ^= binary.BigEndian.Uint64(sum[:8])
	}
	return d
}

func (h *holder) has(notes ...string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return !slices.ContainsFunc(notes, func(n string) bool { return !h.notes[n] })
}

// A member is a pool of a test with what it holds.
type member struct {
	*Pool
	*holder
}

func (m member) announce(note string) {
	m.Receive([]byte(note))
	m.Announce([]byte(note))
}

// join starts a member on loopback, which finds the others through peers.
func join(t *testing.T, name string, change func(*Config), peers ...member) member {
	t.Helper()
	cfg := Config{Name: name, Bind: "127.0.0.1", Label: "maillon/test", Key: bytes.Repeat([]byte{7}, 32), Profile: "local", Log: zerolog.Nop()}
	for _, p := range peers {
		cfg.Peers = append(cfg.Peers, p.Addr())
	}
	if change != nil {
		change(&cfg)
	}
	h := &holder{}
	p, err := Start(t.Context(), cfg, h)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return member{p, h}
}

// within waits until ok holds.
func within(t *testing.T, d time.Duration, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(d); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %s: %s", d, what)
		}
	}
}

func (m member) sees(names ...string) bool {
	live := 0
	for _, o := range m.Members() {
		if o.Alive {
			live++
		}
		if o.Alive != slices.Contains(names, o.Name) {
			return false
		}
	}
	return live == len(names)
}

func TestAnnouncementsReachTheWholePool(t *testing.T) {
	t.Parallel()
	a := join(t, "a", nil)
	all := []member{a}
	for _, name := range []string{"b", "c", "d"} {
		all = append(all, join(t, name, nil, a))
	}
	for _, m := range all {
		within(t, 5*time.Second, "each sees all", func() bool { return m.sees("a", "b", "c", "d") })
	}
	var said []string
	for i, m := range all {
		said = append(said, fmt.Sprintf("note %d\n\n— maillon/%d/0 AAAA\n", i, i))
		m.announce(said[i])
	}
	for _, m := range all {
		within(t, 5*time.Second, "each has all notes", func() bool { return m.has(said...) })
	}
	late := join(t, "late", nil, all[2])
	within(t, 5*time.Second, "a late member gets all by exchange", func() bool { return late.has(said...) })
}

func TestLargestNoteFitsAPacket(t *testing.T) {
	t.Parallel()
	label := func(c *Config) { c.Label = strings.Repeat("l", MaxLabel) }
	a := join(t, "a", label)
	b := join(t, "b", label, a)
	within(t, 5*time.Second, "they meet", func() bool { return a.sees("a", "b") && b.sees("a", "b") })
	largest := strings.Repeat("n", maxNote)
	a.Announce([]byte(largest)) // a does not hold it, so no exchange can carry it
	a.Announce([]byte(largest + "!"))
	within(t, 5*time.Second, "the largest note arrives", func() bool { return b.has(largest) })
	if b.has(largest + "!") {
		t.Error("a note that is too large arrived")
	}
}

func TestMemberThatWasAwayComesBack(t *testing.T) {
	t.Parallel()
	var kept peerList
	a := join(t, "a", nil)
	b := join(t, "b", func(c *Config) { c.State = &kept }, a)
	within(t, 5*time.Second, "they meet", func() bool { return a.sees("a", "b") && b.sees("a", "b") })
	addr := b.Addr()
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	within(t, 5*time.Second, "its leaving is seen", func() bool { return a.sees("a") })
	if !slices.Equal(kept.get(), []string{a.Addr()}) {
		t.Fatalf("kept %v, want %s", kept.get(), a.Addr())
	}
	a.announce("while b was away")
	// It comes back under another address and without configured peers.
	b = join(t, "b", func(c *Config) { c.State = &kept })
	within(t, 8*time.Second, "it is back and has all", func() bool { return b.has("while b was away") && a.sees("a", "b") })
	if b.Addr() == addr {
		t.Log("same port by chance")
	}
}

func TestStrangersStayOutside(t *testing.T) {
	t.Parallel()
	a := join(t, "a", nil)
	a.announce("secret")
	for name, change := range map[string]func(*Config){
		"another label": func(c *Config) { c.Label = "maillon/other" },
		"another key":   func(c *Config) { c.Key = bytes.Repeat([]byte{8}, 32) },
		"no key":        func(c *Config) { c.Key = nil },
	} {
		x := join(t, name, change, a)
		x.announce("from " + name)
		time.Sleep(400 * time.Millisecond) // several tries to join
		if !a.sees("a") || !x.sees(name) || x.has("secret") || a.has("from "+name) {
			t.Errorf("%s: let in", name)
		}
	}
}

func TestGarbageIsCountedAndHarmless(t *testing.T) {
	t.Parallel()
	a := join(t, "a", func(c *Config) { c.Label, c.Key = "", nil })
	b := join(t, "b", func(c *Config) { c.Label, c.Key = "", nil }, a)
	within(t, 5*time.Second, "they meet", func() bool { return a.sees("a", "b") })
	for _, network := range []string{"udp", "tcp"} {
		for _, msg := range []string{"", "\x00", "\x08", "\x08garbage", "\x06\xff\xff", strings.Repeat("\xff", 60000), "\x08\x01\x00\x00\x00\x05ab"} {
			c, err := net.Dial(network, a.Addr())
			if err != nil {
				t.Fatal(err)
			}
			_, _ = c.Write([]byte(msg)) // a may hang up first
			_ = c.Close()
		}
	}
	within(t, 5*time.Second, "garbage is counted", func() bool { return a.Stats().Strange > 0 })
	b.announce("still here")
	within(t, 5*time.Second, "the pool lives", func() bool { return a.has("still here") })
}

func TestSlowHandlerBlocksNobody(t *testing.T) {
	t.Parallel()
	p := &Pool{h: &holder{slow: make(chan struct{})}, inbox: newInbox(), log: zerolog.Nop()}
	p.inbox.wait = make(chan message, 2)
	for i := range 5 {
		delegate{p}.NotifyMsg(appendNote(nil, fmt.Append(nil, i)))
	}
	if s := p.Stats(); s.Dropped != 3 {
		t.Errorf("%+v, want 3 dropped", s)
	}
}

func TestConfigurationsThatAreRefused(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(*Config){
		"no name":               func(c *Config) { c.Name = "" },
		"label of 41 bytes":     func(c *Config) { c.Label = strings.Repeat("l", 41) },
		"key of 31 bytes":       func(c *Config) { c.Key = make([]byte, 31) },
		"neither wan nor local": func(c *Config) { c.Profile = "moon" },
		"has no port":           func(c *Config) { c.Advertise = "127.0.0.1:x" },
		"has no address":        func(c *Config) { c.Advertise = "no.such.host.invalid" },
		"listen for gossip on":  func(c *Config) { c.Bind = "192.0.2.1" },
	} {
		cfg := Config{Name: "a", Bind: "127.0.0.1", Log: zerolog.Nop()}
		change(&cfg)
		p, err := Start(context.Background(), cfg, &holder{})
		if err == nil {
			_ = p.Close()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestAdvertisedAddress(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]string{
		"":                 ":7946",
		"192.0.2.7":        "192.0.2.7:7946",
		"192.0.2.7:8000":   "192.0.2.7:8000",
		"2001:db8::1":      "[2001:db8::1]:7946",
		"[2001:db8::1]:80": "[2001:db8::1]:80",
		"localhost:8000":   "127.0.0.1:8000",
	} {
		c := &memberlist.Config{AdvertisePort: 7946}
		if err := advertise(t.Context(), c, host); err != nil {
			t.Errorf("%q: %v", host, err)
		}
		if got := net.JoinHostPort(c.AdvertiseAddr, strconv.Itoa(c.AdvertisePort)); got != want {
			t.Errorf("%q is advertised as %s, want %s", host, got, want)
		}
	}
}

// peerList is a StateStore in memory.
type peerList struct {
	mu    sync.Mutex
	peers []string
}

func (l *peerList) SavePeers(p []string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.peers = slices.Clone(p)
	return nil
}

func (l *peerList) LoadPeers() ([]string, error) { return l.get(), nil }

func (l *peerList) get() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.peers)
}
