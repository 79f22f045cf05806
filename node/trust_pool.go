package node

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"maillon/federation"
	"maillon/store"
	"maillon/store/whole"
)

// gossiping reports whether this node is a full member of the pool.
func (p *pool) gossiping() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.gossip != nil
}

// aliveAt is where a member's gossip is, as the pool has it; the zero value
// if it is not there. Its pass was for that address when it entered.
func (p *pool) aliveAt(node string) netip.AddrPort {
	p.mu.Lock()
	g := p.gossip
	p.mu.Unlock()
	if g == nil {
		return netip.AddrPort{}
	}
	for _, m := range g.Members() {
		if m.Name == node && m.Alive {
			at, err := netip.ParseAddrPort(m.Addr)
			if err != nil {
				return netip.AddrPort{}
			}
			return at
		}
	}
	return netip.AddrPort{}
}

// passFile holds the pass of the pool above, in base64.
func (n *Node) passFile() string { return n.path("pool.pass") }

// meta is what this node shows the others of the pool: its pass, nil if it
// has none.
func (p *pool) meta() ([]byte, error) {
	if p.hub {
		if !p.n.cfg.Federation.Hub.ByCharter {
			return nil, nil
		}
		signer, key := p.n.key.signer.Key()
		return federation.IssuePass(signer, federation.Pass{
			Node: p.n.cfg.ID.String(), Key: federation.FingerprintOf(key), Expires: p.n.now().Add(10 * 365 * 24 * time.Hour).Truncate(time.Second),
		})
	}
	raw, err := os.ReadFile(p.n.passFile())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the pass: %w", err)
	}
	pass, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(raw)))
	if err != nil || len(pass) != federation.PassSize {
		return nil, fmt.Errorf("%s holds no pass: delete it, the hub gives another", p.n.passFile())
	}
	return pass, nil
}

// takePass keeps a pass, and shows it if it is another.
func (p *pool) takePass(pass []byte) error {
	if len(pass) != federation.PassSize {
		return nil // none was given: a light member, or a pool without
	}
	old, err := p.meta()
	if err != nil || slices.Equal(old, pass) {
		return err
	}
	if err := whole.WriteFile(p.n.passFile(), []byte(encode(pass)+"\n"), 0o600); err != nil {
		return fmt.Errorf("keep the pass: %w", err)
	}
	p.mu.Lock()
	g := p.gossip
	p.mu.Unlock()
	if g == nil || !worthShowing(old, pass, p.n.now()) {
		return nil
	}
	return g.Renew(pass)
}

// worthShowing spares the pool a message that goes before all others: a pass
// that only holds longer waits until the shown one has little time left.
func worthShowing(old, pass []byte, now time.Time) bool {
	a, errA := federation.PeekPass(old)
	b, errB := federation.PeekPass(pass)
	return errB == nil && (errA != nil || a.Key != b.Key || a.Addr != b.Addr || a.Expires.Sub(now) < passLife/3)
}

// admit decides whether a member may be in the pool. It holds short locks
// only, and never calls the pool.
func (p *pool) mayEnter(name string, meta []byte, addr netip.AddrPort) error {
	err := p.checkPass(name, meta, addr)
	if err != nil {
		p.n.trust.countError(err)
	}
	return err
}

func (p *pool) checkPass(name string, meta []byte, addr netip.AddrPort) error {
	keys, ok := p.hubKeys()
	if !ok {
		return nil // a pool without passes
	}
	pass, err := federation.OpenPass(meta, keys, name, p.n.now())
	if err != nil {
		return err
	}
	if err := pass.At(addr); err != nil {
		return err
	}
	if p.hub {
		if m, known := p.n.roster.member(name); known && m.State == Suspended {
			return &federation.RefusedError{Reason: federation.RefusedSuspended, Node: name, Err: errors.New(m.Reason)}
		}
		return nil
	}
	return p.n.trust.barsPass(pass)
}

// barsPass refuses the pass of a key that was taken back.
func (t *trust) barsPass(pass federation.Pass) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for key, reason := range t.barred {
		if federation.FingerprintOf(key) == pass.Key {
			return &federation.RefusedError{Reason: federation.RefusedRevoked, Node: pass.Node, Err: errors.New(reason)}
		}
	}
	return nil
}

// hubKeys are the keys that sign passes of this pool; ok is false if the pool
// has no passes.
func (p *pool) hubKeys() ([]note.Verifier, bool) {
	if p.hub {
		return p.n.key.verifier.Keys(), p.n.cfg.Federation.Hub.ByCharter
	}
	own := p.n.trust.ownNotes()
	if _, err := os.Stat(p.n.passFile()); err != nil || len(own) < 2 {
		return nil, false
	}
	hub, err := federation.OpenCharter(own[1])
	if err != nil || hub.Node != p.cfg.Hub {
		return nil, false
	}
	r, err := federation.NewRing(hub.Node, 0, hub.Verifiers()...)
	if err != nil {
		return nil, false
	}
	return r.Keys(), true
}

// askPass asks the hub for a pass before gossip begins: the address may be
// another than at the last start. The hub dials back while this waits.
func (p *pool) askPass(ctx context.Context) {
	base, ok := p.n.hubURL()
	if p.hub || !ok || !p.wantsPass(ctx, base) {
		return
	}
	err := func() error {
		r, err := NewResponder(fmt.Sprintf("%s:%d", p.cfg.Bind, p.cfg.Port))
		if err != nil {
			return err
		}
		g, err := p.n.ask(ctx, base, federation.Request{Do: federation.Renew, Gossip: p.cfg.Port})
		if err = errors.Join(err, r.Close()); err != nil {
			return err
		}
		if g.Mode != "full" && g.Dial != nil {
			p.n.log.Warn().Str("address", g.Dial.Address).Str("error", g.Dial.Error).Msg("the hub cannot reach this node's gossip: open TCP and UDP, or set federation.join.mode to light")
		}
		return p.n.takeGranted(g)
	}()
	if err != nil && ctx.Err() == nil {
		p.n.log.Warn().Err(err).Msg("ask the hub for a pass")
	}
}

// wantsPass reports whether the hub's pool asks for passes.
func (p *pool) wantsPass(ctx context.Context, base string) bool {
	var info HubInfo
	if err := p.n.client.GetJSON(ctx, base+"/federation/v1/hub", &info); err != nil {
		return len(p.n.trust.ownNotes()) > 0
	}
	return info.Passes
}

// poolTerms are what a full member of this hub's pool needs.
func (n *Node) poolTerms() *PoolTerms {
	p := n.below
	p.mu.Lock()
	defer p.mu.Unlock()
	host := p.cfg.Advertise
	if host == "" {
		host = hostOf(n.cfg.URL)
	}
	if _, _, err := splitPort(host); err != nil {
		host = joinPort(host, p.cfg.Port)
	}
	return &PoolTerms{Peers: []string{host}, Key: p.cfg.Key, Keys: p.cfg.Keys, Profile: p.cfg.Profile}
}

// The exchange of a pool's key: the new one is added everywhere, then used,
// then the old one is removed. Each step waits until every member has asked
// for the ring, or could have.
const (
	keyUseAfter    = 24 * time.Hour
	keyRemoveAfter = 14 * 24 * time.Hour
)

// poolKeyState is kept in the store: when the newest key was added.
type poolKeyState struct {
	Added time.Time `json:"added"`
	Used  bool      `json:"used"`
}

// RotatePoolKey begins the exchange of the pool's key.
func (n *Node) RotatePoolKey() error {
	if n.below == nil || n.below.cfg.Key == nil {
		return errors.New("this hub's pool has no key: set federation.hub.key_file and restart")
	}
	p := n.below
	p.mu.Lock()
	busy := len(p.cfg.Keys) > 0
	p.mu.Unlock()
	if busy {
		return errors.New("the pool's key is being exchanged already: the old one goes two weeks after")
	}
	next := append(newNonce(), newNonce()...)
	if err := n.keepPoolKeyState(poolKeyState{Added: n.now().UTC()}); err != nil {
		return err
	}
	return p.setKeys(append([][]byte{p.cfg.Key}, next))
}

func (n *Node) keepPoolKeyState(s poolKeyState) error {
	return n.main.Update(func(tx store.Tx) error { return putValue(tx.Bucket(trustBucket, "pool"), "key", s) })
}

// stepPoolKey goes on with the exchange when it is time.
func (n *Node) stepPoolKey() error {
	p := n.below
	p.mu.Lock()
	keys := append([][]byte{p.cfg.Key}, p.cfg.Keys...)
	p.mu.Unlock()
	if len(keys) < 2 {
		return nil
	}
	var s poolKeyState
	err := n.main.View(func(tx store.Tx) error {
		if raw := tx.Bucket(trustBucket, "pool").Get([]byte("key")); raw != nil {
			return json.Unmarshal(raw, &s)
		}
		return nil
	})
	if err != nil {
		return err
	}
	switch age := n.now().Sub(s.Added); {
	case !s.Used && age >= keyUseAfter:
		s.Used = true
		return errors.Join(p.setKeys([][]byte{keys[1], keys[0]}), n.keepPoolKeyState(s))
	case s.Used && age >= keyRemoveAfter:
		return p.setKeys(keys[:1])
	}
	return nil
}

// takeKeys makes the hub's ring this member's.
func (p *pool) takeKeys(t PoolTerms) error {
	if len(t.Key) != 32 || len(t.Keys) > 4 || p.cfg.Key == nil {
		return nil // a pool without a key stays one until it is restarted
	}
	return p.setKeys(append([][]byte{t.Key}, t.Keys...))
}

// setKeys makes keys the pool's ring, the first the one that encrypts: added
// before it is used, removed after it was used last. The file follows.
func (p *pool) setKeys(keys [][]byte) error {
	p.mu.Lock()
	g, old := p.gossip, append([][]byte{p.cfg.Key}, p.cfg.Keys...)
	p.mu.Unlock()
	if slices.EqualFunc(old, keys, func(a, b []byte) bool { return slices.Equal(a, b) }) {
		return nil
	}
	if p.cfg.KeyFile != "" {
		var text strings.Builder
		for _, k := range keys {
			text.WriteString(encode(k) + "\n")
		}
		if err := whole.WriteFile(p.cfg.KeyFile, []byte(text.String()), 0o600); err != nil {
			return fmt.Errorf("keep the pool's keys: %w", err)
		}
	}
	p.mu.Lock()
	p.cfg.Key, p.cfg.Keys = keys[0], keys[1:]
	p.mu.Unlock()
	if g == nil {
		return nil
	}
	var errs []error
	for _, k := range keys {
		errs = append(errs, g.AddKey(k))
	}
	errs = append(errs, g.UseKey(keys[0]))
	for _, k := range old {
		if !slices.ContainsFunc(keys, func(x []byte) bool { return slices.Equal(x, k) }) {
			errs = append(errs, g.RemoveKey(k))
		}
	}
	return errors.Join(errs...)
}

// hubKey is the key of the hub above: as its charter says, else as the
// configuration does.
func (t *trust) hubKey(cfg PoolConfig) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.own) > 1 {
		if c, err := federation.OpenCharter(t.own[1]); err == nil && c.Node == cfg.Hub {
			return c.Key
		}
	}
	return cfg.HubKey
}
