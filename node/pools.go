package node

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"maillon/federation"
	"maillon/federation/gossip"
	"maillon/federation/repair"
	"maillon/store"
)

// A pool is one gossip pool with the announcements seen in it.
type pool struct {
	n   *Node
	cfg PoolConfig
	hub bool // this node is the pool's hub

	mu     sync.Mutex
	book   federation.Book
	pinned string               // key of the hub above that was met first
	seen   map[string]time.Time // when a node's newest announcement came
	clock  error                // why the hub's last announcement was not of this node's time

	gossip *gossip.Pool // nil until run

	keeping struct {
		mu   sync.Mutex
		next *keptNotes // waits to be written; nil if nothing does
		busy bool       // someone is writing
	}

	limit   *federation.Limiter // of announcements, by key
	limited atomic.Uint64       // announcements refused by it
	pair    repair.Pair         // with the hub
	repair  *repair.Task
}

// Buckets of state, in the main store:
//
//	announcements, pool's hub   node id  => the newest announcement of that node, a signed note
//	peers, pool's hub           "peers"  => addresses of the last live peers, one a line
const (
	announcementsBucket = "announcements"
	peersBucket         = "peers"
)

// openPools reads back what was known of the pools before the last stop.
func (n *Node) openPools() error {
	if j := n.cfg.Federation.Join; j != nil {
		n.above = &pool{n: n, cfg: *j}
	}
	if h := n.cfg.Federation.Hub; h != nil {
		n.below = &pool{n: n, cfg: h.Pool, hub: true}
	}
	for _, p := range []*pool{n.above, n.below} {
		if p == nil {
			continue
		}
		if p.hub {
			for _, m := range n.roster.all() {
				p.book.Trust(m.Node, m.Key)
			}
		} else if key := n.trust.hubKey(p.cfg); key != "" {
			p.book.Trust(p.cfg.Hub, key)
		}
		p.seen = map[string]time.Time{}
		p.limit, p.repair = p.limiter(), p.repairTask()
		var notes [][]byte
		err := n.main.View(func(tx store.Tx) error {
			for _, v := range tx.Bucket(announcementsBucket, p.cfg.Hub).Ascend(nil) {
				notes = append(notes, slices.Clone(v))
			}
			return nil
		})
		if err != nil {
			return err
		}
		for _, raw := range notes {
			if a, err := federation.Open(raw, n.now()); err == nil { // expired ones are forgotten
				p.book.Merge(a)
				p.pin(a)
			}
		}
	}
	return nil
}

// run keeps the pool until ctx ends.
func (p *pool) run(ctx context.Context) error {
	p.askPass(ctx)
	meta, err := p.meta()
	if err != nil {
		return err
	}
	p.mu.Lock()
	key, keys := p.cfg.Key, p.cfg.Keys
	p.mu.Unlock()
	g, err := gossip.Start(ctx, gossip.Config{
		Name: p.n.cfg.ID.String(), Bind: p.cfg.Bind, Port: p.cfg.Port, Advertise: p.cfg.Advertise,
		Label: "maillon/" + p.cfg.Hub, Key: key, Keys: keys, Profile: p.cfg.Profile, Peers: p.cfg.Peers,
		Meta: meta, Admit: p.mayEnter,
		Log: p.n.log.With().Str("pool", p.cfg.Hub).Logger(), State: peerFile{p},
		Repair: p.repair.Want,
	}, p)
	if err != nil {
		return fmt.Errorf("start gossip on %s:%d: %w", p.cfg.Bind, p.cfg.Port, err)
	}
	p.mu.Lock()
	p.gossip = g
	p.mu.Unlock()
	ring(p.n.bells.announce)
	<-ctx.Done()
	return g.Close()
}

// peerFile keeps the pool's last live peers in the store.
type peerFile struct{ p *pool }

func (f peerFile) SavePeers(peers []string) error {
	return f.p.n.main.Update(func(tx store.Tx) error {
		return tx.Bucket(peersBucket, f.p.cfg.Hub).Put([]byte("peers"), []byte(strings.Join(peers, "\n")))
	})
}

func (f peerFile) LoadPeers() ([]string, error) {
	var peers []string
	err := f.p.n.main.View(func(tx store.Tx) error {
		peers = strings.Fields(string(tx.Bucket(peersBucket, f.p.cfg.Hub).Get([]byte("peers"))))
		return nil
	})
	return peers, err
}

// Receive takes an announcement from gossip. It reports whether it is news,
// worth telling others.
func (p *pool) Receive(raw []byte) bool {
	_, fresh := p.take(raw)
	return fresh
}

// All lists the announcements to hand over to a peer.
func (p *pool) All() [][]byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.book.Notes()
}

// take verifies an announcement, keeps it if it is the newest of its node,
// decides on its admission, and counts what was decided.
func (p *pool) take(raw []byte) (federation.Decision, bool) {
	d, fresh := p.decide(raw)
	p.n.counts.add("maillon_announcements_total", "pool", p.cfg.Hub, "verdict", string(d.Status), "news", strconv.FormatBool(fresh))
	return d, fresh
}

func (p *pool) decide(raw []byte) (federation.Decision, bool) {
	n := p.n
	a, err := federation.Open(raw, n.now())
	if err != nil {
		n.trust.countError(err)
		if !errors.Is(err, federation.ErrExpired) { // those go round for a while
			n.noisy.Warn().Err(err).Str("pool", p.cfg.Hub).Msg("announcement refused")
		}
		p.doubtClock(a, err)
		return federation.Decision{Status: federation.Refused, Reason: err.Error()}, false
	}
	if a.Node == n.cfg.ID.String() {
		if n.head.sawOwn(a, n.own) && a.Key == n.key.text() {
			if err := n.renewDiary(); err != nil {
				n.log.Error().Err(err).Msg("begin the diary of changes anew")
			}
		}
		if a.Key != n.key.text() {
			return federation.Decision{Status: federation.Accepted}, false // somebody else's word under this name
		}
		if err := n.sawSeq(a); err != nil {
			n.log.Error().Err(err).Msg("keep the number of an announcement")
		}
		return federation.Decision{Status: federation.Accepted}, false
	}
	p.mu.Lock()
	p.book.DropFuture(a.Node, n.now())
	p.mu.Unlock()
	if p.tooMuch(a) {
		n.noisy.Warn().Str("node", a.Node).Str("reason", tooMany).Msg("announcement refused")
		return federation.Decision{Status: federation.Limited, Reason: tooMany}, false
	}
	if m, ok := n.roster.member(a.Node); ok && p.hub && m.Hub != "" {
		return p.takeOrphan(a, m, raw)
	}
	var d federation.Decision
	if why := n.trust.bars(a.Key); why != "" && !p.hub {
		n.trust.count(federation.RefusedRevoked)
		return federation.Decision{Status: federation.Refused, Reason: a.Node + " was revoked: " + why}, false
	}
	if p.hub {
		d = federation.Admit(n.roster.policy(a.Node), a)
		if d.Status == federation.Refused {
			n.trust.count(d.Why)
			n.noisy.Warn().Str("node", a.Node).Str("reason", d.Reason).Msg("announcement refused")
			return d, false
		}
	}
	p.mu.Lock()
	if p.hub && d.Status == federation.Accepted {
		p.book.Trust(a.Node, a.Key) // members always find room
	}
	fresh, evidence := p.book.Merge(a)
	if fresh {
		p.seen[a.Node] = n.now()
		p.pin(a)
	}
	_, held := p.book.Get(a.Node)
	p.mu.Unlock()
	if !held {
		n.trust.count(federation.RefusedTooMany)
		return federation.Decision{Status: federation.Limited, Reason: tooManyWait}, false
	}
	if evidence != nil && p.hub {
		n.log.Warn().Str("node", a.Node).Str("reason", evidence.Reason).Msg("announcements that do not agree")
		if evidence.Fork {
			n.suspend(a.Node, "two announcements that do not agree", evidence.Notes())
		}
	}
	if !fresh {
		return d, false
	}
	if err := p.save(a.Node, raw); err != nil {
		n.log.Error().Err(err).Msg("keep an announcement")
	}
	if p.hub && d.Status == federation.Accepted {
		p.admit(a)
	}
	ring(n.bells.follow)
	return d, true
}

// tooMany is the reason told to who announces more than its limit.
const tooMany = "too many announcements in a short time: announce the newest one again in half a minute"

// doubtClock notes that what the hub above says is not of this node's time:
// then this node's clock is wrong, or the hub's.
func (p *pool) doubtClock(a federation.Announcement, err error) {
	if p.hub || a.Node != p.cfg.Hub || !errors.Is(err, federation.ErrFuture) && !errors.Is(err, federation.ErrExpired) {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clock = err
}

// clockDoubt is why the hub's last announcement did not count, if that was its time.
func (p *pool) clockDoubt() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.clock
}

// tooManyWait is the reason told to who finds no room among those that wait.
const tooManyWait = "too many unknown nodes are waiting here: ask the hub's operator, and announce again later"

// admit states a member whose announcement says something new of it.
func (p *pool) admit(a federation.Announcement) {
	old, _ := p.n.roster.member(a.Node)
	p.trust(a.Node, a.Key)
	p.n.roster.hear(p.n.trust.dress(p.n.placed(memberOf(a, old), old)))
}

// pin trusts the first key met under the id of the hub above, from then on.
// The caller holds the lock, or is alone.
func (p *pool) pin(a federation.Announcement) {
	if !p.hub && a.Node == p.cfg.Hub {
		if _, ok := p.book.Get(a.Node); ok && p.pinned == "" {
			p.pinned = a.Key
			p.book.Trust(a.Node, a.Key)
		}
	}
}

// prune forgets announcements that nothing can bring back.
func (p *pool) prune(now time.Time) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.book.Prune(now)
}

// trust makes key the only one listened to under a node's id.
func (p *pool) trust(node, key string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.book.Trust(node, key)
}

// save keeps an announcement. Those that come at the same time, as when a region
// wakes, are written in one transaction: each caller returns once its own is on disk.
func (p *pool) save(node string, raw []byte) error {
	p.keeping.mu.Lock()
	w := p.keeping.next
	if w == nil {
		w = &keptNotes{notes: map[string][]byte{}, done: make(chan struct{})}
		p.keeping.next = w
	}
	w.notes[node] = raw
	first := !p.keeping.busy
	p.keeping.busy = true
	p.keeping.mu.Unlock()
	if first {
		p.keep()
	}
	<-w.done
	return w.err
}

// keep writes what waits, until nothing does.
func (p *pool) keep() {
	for {
		p.keeping.mu.Lock()
		w := p.keeping.next
		if p.keeping.next = nil; w == nil {
			p.keeping.busy = false
			p.keeping.mu.Unlock()
			return
		}
		p.keeping.mu.Unlock()
		w.err = p.n.main.Update(func(tx store.Tx) error {
			b := tx.Bucket(announcementsBucket, p.cfg.Hub)
			for node, raw := range w.notes {
				if a, ok := p.announcement(node); ok { // a newer one may have come meanwhile
					raw = a.Note()
				}
				if err := b.Put([]byte(node), raw); err != nil {
					return err
				}
			}
			return nil
		})
		close(w.done)
	}
}

// keptNotes are announcements that are written together.
type keptNotes struct {
	notes map[string][]byte
	done  chan struct{}
	err   error
}

// announcement returns the newest announcement of a node in this pool.
func (p *pool) announcement(node string) (federation.Announcement, bool) {
	if p == nil {
		return federation.Announcement{}, false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.book.Get(node)
}

func (p *pool) announcements() []federation.Announcement {
	if p == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.book.All()
}

func (p *pool) lastSeen(node string) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.seen[node]
}

func (p *pool) announce(raw []byte) {
	if p == nil {
		return
	}
	a, err := federation.Open(raw, p.n.now())
	if err != nil {
		return // made a moment ago: only a clock that jumped does this, and the next one will do
	}
	p.mu.Lock()
	p.book.DropFuture(a.Node, p.n.now())
	p.book.Merge(a)
	g := p.gossip
	p.mu.Unlock()
	if g != nil {
		g.Announce(raw)
	}
}
