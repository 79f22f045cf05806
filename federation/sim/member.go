package sim

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/mod/sumdb/note"

	"maillon/federation"
	"maillon/federation/gossip"
	"maillon/federation/repair"
)

// A member is a node: a machine, a key, and a place in one pool or two.
type member struct {
	w        *nation
	id       string
	host     *host
	signer   note.Signer
	key      string
	level    string
	geozone  string
	light    bool
	ip       string
	above    *place // nil for the nation
	below    *place // nil if it is no hub
	upstream *member

	mu       sync.Mutex
	seq      uint64
	size     uint64            // of its journal
	last     []byte            // its newest announcement
	mirrored map[string]uint64 // what a hub holds of its members' journals
	unsaid   map[string]uint64 // … and has not stated
	stop     func()            // of this life; nil while down
	wake     chan struct{}     // a hub's follower

	// turning is held by who starts or ends a life: a crash that is under way and a
	// start would take each other's pools. A channel, since a mutex holds up virtual time.
	turning chan struct{}
}

// A place is what a node keeps of one pool: package node's pool, less disks.
type place struct {
	m     *member
	pool  *poolInfo
	index int // of the node in the pool

	mu    sync.Mutex
	book  federation.Book
	limit *federation.Limiter
	live  *gossip.Pool
	peers []string // as kept on disk
	pair  repair.Pair
	task  *repair.Task
}

// A poolInfo is what all members of a pool have in common.
type poolInfo struct {
	hub     *member
	label   string
	key     []byte
	port    int
	members []*place // those that gossip, the hub first
	policy  federation.Policy
}

// announce signs what the node is, and tells it in all ways it has; while the
// nation is muted, only by gossip.
func (m *member) announce(ctx context.Context) {
	raw := m.sign()
	for _, p := range []*place{m.above, m.below} {
		if p == nil {
			continue
		}
		p.keep(raw)
		if g := p.pool0(); g != nil {
			g.Announce(raw)
		}
	}
	if m.upstream != nil && (m.light || !m.w.muted.Load()) {
		go m.post(ctx, raw)
	}
}

func (m *member) seqNow() uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.seq
}

// sign makes the newest announcement.
func (m *member) sign() []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now().UTC().Truncate(time.Second)
	m.seq = max(m.seq+1, uint64(now.Unix()))
	root := sha256.Sum256(binary.BigEndian.AppendUint64([]byte(m.id), m.size))
	role := federation.RoleNode
	if m.below != nil {
		role = federation.RoleHub
	}
	raw, err := federation.Sign(m.signer, federation.Announcement{
		Node: m.id, Key: m.key, Seq: m.seq, At: now, Expires: now.Add(lifetime), Level: m.level, Geozone: m.geozone,
		Name: "Commune de Saint-Exemple-sur-Loire " + m.host.name, URL: "https://marches.saint-exemple.example/" + m.host.name,
		Role: role, Size: m.size, Root: root[:], Status: federation.Active,
	})
	if err != nil {
		panic(fmt.Sprintf("sign: %v", err)) // the simulation itself is wrong
	}
	m.last = raw
	return raw
}

// post posts an announcement to the hub above, once, as package node does.
func (m *member) post(ctx context.Context, raw []byte) {
	if ctx.Err() == nil {
		_, _ = hubOf{m}.Give(ctx, raw) // what is lost here, repair brings
	}
}

// keep merges the node's own announcement.
func (p *place) keep(raw []byte) {
	a, err := p.m.w.open(raw)
	if err != nil {
		panic(fmt.Sprintf("own announcement: %v", err))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.book.Merge(a)
	p.m.w.heard(p, a)
}

// take is package node's pool.take.
func (p *place) take(raw []byte) (federation.Decision, bool) {
	a, err := p.m.w.open(raw)
	if err != nil || a.Node == p.m.id {
		return federation.Decision{Status: federation.Refused}, false
	}
	d := federation.Decision{Status: federation.Accepted}
	if p.pool.hub == p.m {
		if d = federation.Admit(p.pool.policy, a); d.Status == federation.Refused {
			return d, false
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.book.News(a) && !p.limit.Allow(a.Key, time.Now()) {
		p.m.w.limited.Add(1)
		return federation.Decision{Status: federation.Limited}, false
	}
	fresh, _ := p.book.Merge(a)
	if fresh {
		p.m.w.heard(p, a)
		if p.pool.hub == p.m {
			select {
			case p.m.wake <- struct{}{}:
			default:
			}
		}
	}
	return d, fresh
}

func (p *place) pool0() *gossip.Pool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.live
}

// Receive, All and Digest make a place a gossip.Handler; Digest, NotesIn and
// learn a repair.Book.
func (p *place) Receive(raw []byte) bool { _, fresh := p.take(raw); return fresh }

func (p *place) All() [][]byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.book.Notes()
}

func (p *place) Digest() federation.Digest {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.book.Digest(time.Now())
}

func (p *place) NotesIn(buckets []byte) [][]byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.book.NotesIn(buckets, time.Now())
}

// learner is a place for package repair: a little of what is learned is told on.
type learner struct{ *place }

func (l learner) Receive(raw []byte) bool {
	_, fresh := l.take(raw)
	if g := l.pool0(); fresh && g != nil {
		g.Retell(raw)
	}
	return fresh
}

// SavePeers and LoadPeers make a place a gossip.StateStore.
func (p *place) SavePeers(peers []string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.peers = slices.Clone(peers)
	return nil
}

func (p *place) LoadPeers() ([]string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.peers), nil
}

// start begins a life of the node.
func (m *member) start() {
	m.turning <- struct{}{}
	defer func() { <-m.turning }()
	if m.alive() {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	m.host.down.Store(false)
	var work sync.WaitGroup
	for _, p := range []*place{m.above, m.below} {
		switch {
		case p == nil:
		case m.light:
			work.Go(func() { _ = repair.NewTask(repair.Every, p.repairOwn, nil, func(string, error) {}).Run(ctx) })
		default:
			p.join(ctx, &work)
		}
	}
	if m.below != nil {
		work.Go(func() { m.follow(ctx) })
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.stop = func() {
		m.host.down.Store(true)
		cancel()
		for _, p := range []*place{m.above, m.below} {
			if p == nil {
				continue
			}
			if g := p.pool0(); g != nil {
				_ = g.Close() // nothing of it leaves the machine any more
			}
		}
		work.Wait()
	}
}

// restart begins another life: a node that starts announces itself, and a hub
// looks what it has not mirrored.
func (m *member) restart() {
	m.start()
	time.AfterFunc(debounce, func() {
		if !m.up() {
			return
		}
		m.announce(context.Background())
		select {
		case m.wake <- struct{}{}:
		default:
		}
	})
}

// crash ends it without a word. It returns when nothing of it is left.
func (m *member) crash() {
	m.turning <- struct{}{}
	defer func() { <-m.turning }()
	m.mu.Lock()
	stop := m.stop
	m.stop = nil
	m.mu.Unlock()
	if stop != nil {
		stop()
	}
}

// alive reports whether a life has begun and not ended.
func (m *member) alive() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.stop != nil
}

func (m *member) up() bool { return !m.host.down.Load() }

// join starts gossip and repair in one pool.
func (p *place) join(ctx context.Context, work *sync.WaitGroup) {
	m, info := p.m, p.pool
	var seeds []string
	if info.hub != m {
		seeds = []string{info.hub.addr(info)}
	}
	p.task = repair.NewTask(repair.Every, p.repairHub, p.repairMember, func(string, error) {})
	g, err := gossip.Start(ctx, gossip.Config{
		Name: m.id, Advertise: m.ip, AdvertisePort: info.port, Label: info.label, Key: info.key, Peers: seeds,
		Meta: m.w.pass(info, m), Admit: func(name string, meta []byte, addr netip.AddrPort) error { return m.w.admit(info, name, meta, addr) },
		Repair: p.task.Want, State: p, Log: zerolog.Nop(), Transport: m.w.net.listen(m.host, m.ip, info.port),
	}, p)
	if err != nil {
		panic(fmt.Sprintf("start gossip: %v", err))
	}
	p.mu.Lock()
	p.live = g
	p.mu.Unlock()
	work.Go(func() { _ = p.task.Run(ctx) })
}

func (m *member) addr(info *poolInfo) string { return fmt.Sprintf("%s:%d", m.ip, info.port) }

func (p *place) repairHub(ctx context.Context) error {
	if p.pool.hub == p.m {
		return nil
	}
	p.m.mu.Lock()
	own := p.m.last
	p.m.mu.Unlock()
	_, err := p.pair.Run(ctx, learner{p}, hubOf{p.m}, own)
	return err
}

// repairOwn is all that a light member repairs.
func (p *place) repairOwn(ctx context.Context) error {
	p.m.mu.Lock()
	own := p.m.last
	p.m.mu.Unlock()
	_, err := p.pair.Own(ctx, hubOf{p.m}, p.m.id, own)
	return err
}

func (p *place) repairMember(ctx context.Context, peer string, buckets []byte) error {
	i := slices.IndexFunc(p.pool.members, func(o *place) bool { return o.m.id == peer })
	if i < 0 {
		return nil
	}
	_, err := repair.Fetch(ctx, learner{p}, peerOf{p.m, p.pool.members[i]}, buckets)
	return err
}

// A peerOf is another member's place, over modelled HTTPS.
type peerOf struct {
	from *member
	to   *place
}

// The size of a digest and of notes as JSON.
const webDigest = 2800

func (r peerOf) Digest(context.Context) (d federation.Digest, err error) {
	err = r.from.w.net.ask(r.from.host, r.to.m.host, 0, func() int { d = r.to.Digest(); return webDigest })
	return d, err
}

func (r peerOf) NotesIn(_ context.Context, buckets []byte) (notes [][]byte, err error) {
	err = r.from.w.net.ask(r.from.host, r.to.m.host, 3*len(buckets), func() int {
		notes = r.to.NotesIn(buckets)
		size := 0
		for _, n := range notes {
			size += len(n) * 11 / 10 // quotes are escaped
		}
		return size
	})
	return notes, err
}

// A hubOf is the hub above a member, likewise.
type hubOf struct{ m *member }

func (h hubOf) peer() peerOf { return peerOf{h.m, h.m.upstream.below} }

func (h hubOf) Digest(ctx context.Context) (federation.Digest, error) { return h.peer().Digest(ctx) }

func (h hubOf) NotesIn(ctx context.Context, b []byte) ([][]byte, error) {
	return h.peer().NotesIn(ctx, b)
}

// Give is POST /federation/v1/announce: the hub tells its pool what is news.
func (h hubOf) Give(_ context.Context, raw []byte) (refused bool, err error) {
	to := h.m.upstream
	err = h.m.w.net.ask(h.m.host, to.host, len(raw), func() int {
		d, fresh := to.below.take(raw)
		if g := to.below.pool0(); fresh && g != nil {
			g.Announce(raw)
		}
		refused = d.Status == federation.Refused
		return 100
	})
	return refused, err
}

// Sizes of a visit of a hub: checkpoint, tiles, a bundle, bodies of one entry.
var visit = []int{300, 1500, 1200, 4000}

// follow fetches what members announce, states it and announces itself.
func (m *member) follow(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-m.wake:
		}
		if !m.fetchAll(ctx) {
			time.AfterFunc(followFail, func() {
				select {
				case m.wake <- struct{}{}:
				default:
				}
			})
		}
		if sleep(ctx, debounce) && m.state() && sleep(ctx, debounce) && m.above != nil {
			m.announce(ctx)
		}
	}
}

// visits at a time, as the follower has it.
const visits = 4

// state appends the heads that are mirrored and not stated yet, also those
// that a crash has left so. It reports whether there were any.
func (m *member) state() bool {
	m.mu.Lock()
	news := m.unsaid
	m.unsaid = map[string]uint64{}
	m.size += uint64(len(news))
	size := m.size
	m.mu.Unlock()
	m.w.stated(m, news, size)
	return len(news) > 0
}

// fetchAll visits every member that announces more than is mirrored. It
// reports whether all could be visited. A light member's files are at the hub.
func (m *member) fetchAll(ctx context.Context) (all bool) {
	m.below.mu.Lock()
	announced := m.below.book.All()
	m.below.mu.Unlock()
	all = true
	var work sync.WaitGroup
	turn := make(chan struct{}, visits)
	for _, a := range announced {
		o := m.w.members[a.Node]
		m.mu.Lock()
		known := a.Size <= m.mirrored[a.Node]
		m.mu.Unlock()
		if o == m || known {
			continue
		}
		work.Go(func() {
			turn <- struct{}{}
			defer func() { <-turn }()
			ok := ctx.Err() == nil && m.visit(o)
			m.mu.Lock()
			defer m.mu.Unlock()
			if all = all && ok; ok {
				m.mirrored[a.Node], m.unsaid[a.Node] = a.Size, a.Size
			}
		})
	}
	work.Wait()
	return all
}

func (m *member) visit(o *member) bool {
	if o.light {
		return true
	}
	for _, bytes := range visit {
		if m.w.net.ask(m.host, o.host, 0, func() int { return bytes }) != nil {
			return false
		}
	}
	return true
}

func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}
