package gossip

import (
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"github.com/hashicorp/memberlist"
)

// How long an answer of Config.Admit is remembered, and how many.
const (
	admittedFor = 10 * time.Minute
	refusedFor  = time.Minute
	maxAnswers  = 4 * maxKnown
)

// A gate keeps members out that Config.Admit refuses. memberlist asks for
// every word that a member is alive, some thousand an hour in a large pool, so
// answers are remembered.
type gate struct{ p *Pool }

type gateCache struct {
	mu      sync.Mutex
	answers map[question]answer
}

type question struct {
	name, meta string
	addr       netip.AddrPort
}

type answer struct {
	err   error
	until time.Time
}

var errAddress = errors.New("no IP address")

func (g gate) NotifyAlive(n *memberlist.Node) error {
	p := g.p
	if p.cfg.Admit == nil || n.Name == p.cfg.Name {
		return nil // another one under this member's own name is memberlist's to refute
	}
	ip, ok := netip.AddrFromSlice(n.Addr)
	if !ok || len(n.Meta) > MaxMeta {
		p.count.refused.Add(1)
		return errAddress
	}
	q := question{n.Name, string(n.Meta), netip.AddrPortFrom(ip.Unmap(), n.Port)}
	err := p.gate.ask(q, time.Now(), p.cfg.Admit)
	if err != nil {
		p.count.refused.Add(1)
		p.log.Debug().Err(err).Str("member", n.Name).Msg("kept out of the pool")
	}
	return err
}

func (c *gateCache) ask(q question, now time.Time, admit func(string, []byte, netip.AddrPort) error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if a, ok := c.answers[q]; ok && now.Before(a.until) {
		return a.err
	}
	a := answer{err: admit(q.name, []byte(q.meta), q.addr), until: now.Add(admittedFor)}
	if a.err != nil {
		a.until = now.Add(refusedFor)
	}
	if c.answers == nil || len(c.answers) >= maxAnswers {
		c.answers = map[question]answer{} // rare: each is asked once more
	}
	c.answers[q] = a
	return a.err
}

// Readmit forgets what Config.Admit answered, for when its rules have
// changed. Who is listed stays listed: only a new pool key puts a member out.
func (p *Pool) Readmit() {
	p.gate.mu.Lock()
	defer p.gate.mu.Unlock()
	p.gate.answers = nil
}

// renewWait bounds how long Renew waits until someone was told.
const renewWait = 10 * time.Second

// Renew replaces Config.Meta and tells the pool. It goes before every
// announcement in the queues of all members: only for a pass that expires.
func (p *Pool) Renew(meta []byte) error {
	if len(meta) > MaxMeta {
		return fmt.Errorf("gossip: meta of %d bytes, at most %d", len(meta), MaxMeta)
	}
	p.meta.Store(&meta)
	if err := p.list.UpdateNode(renewWait); err != nil {
		return fmt.Errorf("tell the pool the new meta: %w", err)
	}
	return nil
}

// ErrNoKey: the pool began without a key, and cannot get one while it runs.
var ErrNoKey = errors.New("gossip: the pool has no key")

// AddKey lets this member read what is encrypted by a further key. Keys are
// exchanged in three steps, each after all members have done the one before:
// AddKey, UseKey, then RemoveKey of the old one.
func (p *Pool) AddKey(key []byte) error {
	return p.key("add", key, func(r *memberlist.Keyring) error { return r.AddKey(key) })
}

// UseKey makes an added key the one that this member encrypts by.
func (p *Pool) UseKey(key []byte) error {
	return p.key("use", key, func(r *memberlist.Keyring) error { return r.UseKey(key) })
}

// RemoveKey forgets a key that is not in use.
func (p *Pool) RemoveKey(key []byte) error {
	return p.key("remove", key, func(r *memberlist.Keyring) error { return r.RemoveKey(key) })
}

func (p *Pool) key(what string, key []byte, do func(*memberlist.Keyring) error) error {
	switch {
	case p.ring == nil:
		return fmt.Errorf("%s a key: %w", what, ErrNoKey)
	case len(key) != KeySize:
		return fmt.Errorf("%s a key: it has %d bytes, want %d", what, len(key), KeySize)
	}
	if err := do(p.ring); err != nil {
		return fmt.Errorf("%s a key: %w", what, err)
	}
	return nil
}
