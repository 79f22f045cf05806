package sim

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/mod/sumdb/note"

	"maillon/federation"
)

// A nation is all nodes and the network between them.
type nation struct {
	o    Options
	net  *network
	dice *rand.Rand // of the scenario, which is one goroutine

	top     *member
	pools   []*poolInfo // of the nation, then of each region
	members map[string]*member
	order   []*member // as made: the nation, national bodies, then region by region, its hub first

	muted   atomic.Bool  // nobody posts: gossip alone
	limited atomic.Int64 // announcements over their signer's limit

	opened   sync.Map // note → federation.Announcement: verified once
	admitted sync.Map // question → nil or error: likewise

	mu     sync.Mutex
	probes map[string][]*probe // by node
}

// newNation makes the nodes. None of them runs.
func newNation(o Options) *nation {
	w := &nation{o: o, net: newNetwork(o), dice: rand.New(rand.NewPCG(o.Seed, 2)), members: map[string]*member{}, probes: map[string][]*probe{}}
	w.top = w.add(nationID, 0, 0, "national", "fr", nil)
	w.lead(w.top, 0)
	for i := range o.National {
		w.join(w.add(nodeID(o.Regions+1, i), 0, i+1, "organisme", "fr", w.top))
	}
	for r := 1; r <= o.Regions; r++ {
		hub := w.add(nodeID(r, 0), r, 0, "region", fmt.Sprintf("fr:region:%02d", r), w.top)
		w.join(hub)
		w.lead(hub, r)
		for i := 1; i <= o.Members+o.Light; i++ {
			m := w.add(nodeID(r, i), r, i, "commune", fmt.Sprintf("fr:commune:%02d%03d", r, i), hub)
			m.light = i > o.Members
			m.host.nat = m.light || float64(i) <= o.NAT*float64(o.Members)
			w.join(m)
		}
	}
	w.fill()
	return w
}

// add makes a node.
func (w *nation) add(id string, region, i int, level, geozone string, upstream *member) *member {
	seed := sha256.Sum256(fmt.Append(nil, "maillon sim ", id))
	secret, key, err := note.GenerateKey(bytes.NewReader(seed[:]), federation.KeyName(id, 0))
	if err != nil {
		panic(fmt.Sprintf("key of %s: %v", id, err))
	}
	signer, err := note.NewSigner(secret)
	if err != nil {
		panic(fmt.Sprintf("key of %s: %v", id, err))
	}
	m := &member{
		w: w, id: id, signer: signer, key: key, level: level, geozone: geozone, upstream: upstream, size: 10,
		ip: fmt.Sprintf("10.%d.%d.%d", region, i/250, i%250+1), mirrored: map[string]uint64{}, unsaid: map[string]uint64{}, wake: make(chan struct{}, 1), turning: make(chan struct{}, 1),
		host: &host{name: fmt.Sprintf("%02d-%03d", region, i), region: region, side: w.dice.IntN(2), hub: i == 0 && region > 0},
	}
	m.host.down.Store(true)
	w.members[id], w.order = m, append(w.order, m)
	return m
}

// lead makes a node the hub of a new pool.
func (w *nation) lead(hub *member, region int) {
	key := sha256.Sum256(fmt.Append(nil, "pool key ", region))
	info := &poolInfo{hub: hub, label: "maillon/" + hub.id, key: key[:], port: 7946 + min(region, 1)}
	info.policy = federation.Policy{Territory: hub.geozone, Known: map[string]federation.Known{}}
	hub.below = &place{m: hub, pool: info, limit: federation.DefaultLimiter()}
	info.members = []*place{hub.below}
	w.pools = append(w.pools, info)
}

// join makes a node a member of its hub's pool.
func (w *nation) join(m *member) {
	info := m.upstream.below.pool
	m.above = &place{m: m, pool: info, limit: federation.DefaultLimiter(), index: len(info.members)}
	if !m.light {
		info.members = append(info.members, m.above)
	}
	info.policy.Known[m.id] = federation.Known{Key: m.key}
}

// fill gives every book the first announcement of every node of its pool.
func (w *nation) fill() {
	byPool := map[*poolInfo][]federation.Announcement{}
	for _, m := range w.order {
		a, err := w.open(m.sign())
		if err != nil {
			panic(fmt.Sprintf("first announcement: %v", err))
		}
		for _, p := range []*place{m.above, m.below} {
			if p != nil {
				byPool[p.pool] = append(byPool[p.pool], a)
			}
		}
	}
	for _, info := range w.pools {
		for _, a := range byPool[info] {
			info.hub.mirrored[a.Node] = a.Size
			if a.Node != info.hub.id {
				info.hub.below.book.Trust(a.Node, a.Key)
			}
		}
		for _, p := range info.members {
			if p.m != info.hub {
				p.book.Trust(info.hub.id, info.hub.key)
			}
			for _, a := range byPool[info] {
				p.book.Merge(a)
			}
		}
	}
	for _, m := range w.order {
		if m.light { // it keeps no book of the pool but its hub and itself
			a, _ := w.open(m.last)
			m.above.book.Merge(a)
		}
	}
}

// open is federation.Open, once for the same bytes.
func (w *nation) open(raw []byte) (federation.Announcement, error) {
	if a, ok := w.opened.Load(string(raw)); ok {
		if a, ok := a.(federation.Announcement); ok {
			return a, nil
		}
	}
	a, err := federation.Open(raw, time.Now())
	if err == nil {
		w.opened.Store(string(a.Note()), a)
	}
	return a, err
}

// pass is what the hub has given a member to show.
func (w *nation) pass(info *poolInfo, m *member) []byte {
	addr := netip.AddrPortFrom(netip.MustParseAddr(m.ip), uint16(info.port))
	raw, err := federation.IssuePass(info.hub.signer, federation.Pass{
		Node: m.id, Key: federation.FingerprintOf(m.key), Expires: time.Now().Add(lifetime).UTC().Truncate(time.Second), Addr: addr,
	})
	if err != nil {
		panic(fmt.Sprintf("pass: %v", err))
	}
	return raw
}

// admit checks a member's pass, once for the same question in each pool.
func (w *nation) admit(info *poolInfo, name string, meta []byte, addr netip.AddrPort) error {
	type question struct {
		pool, name, meta string
		addr             netip.AddrPort
	}
	q := question{info.label, name, string(meta), addr}
	if known, ok := w.admitted.Load(q); ok {
		err, _ := known.(error)
		return err
	}
	v, err := federation.NewVerifier(info.hub.key, info.hub.id, 0)
	if err != nil {
		return err
	}
	p, err := federation.OpenPass(meta, []note.Verifier{v}, name, time.Now())
	if err == nil && p.Addr != addr {
		err = errors.New("a pass of another address")
	}
	w.admitted.Store(q, err)
	return err
}

// startAll starts every node over a while, and waits until all pools are
// whole. It fails after patience.
func (w *nation) startAll(over, patience time.Duration) error {
	for _, m := range w.order {
		delay := time.Duration(w.dice.Int64N(int64(over)))
		if m.below != nil || m.host.region == 0 {
			delay = 0
		}
		time.AfterFunc(delay, m.start)
	}
	time.Sleep(over + time.Second)
	end := time.Now().Add(patience)
	for !w.whole() {
		if time.Now().After(end) {
			return fmt.Errorf("pools are not whole after %s: %s", patience, w.gaps())
		}
		time.Sleep(5 * time.Second)
	}
	return nil
}

// whole reports whether every member sees every other of its pool that is up
// and can be reached; in pools of more than a hundred, all but one in a
// hundred: when hundreds join within a minute some words are lost, and the
// next exchange of those who missed them is minutes away.
func (w *nation) whole() bool { return w.gaps() == "" }

func (w *nation) gaps() string {
	for _, info := range w.pools {
		up := 0
		for _, p := range info.members {
			if p.m.up() && !p.m.host.nat {
				up++
			}
		}
		for _, p := range info.members {
			if !p.m.up() || p.m.host.nat {
				continue
			}
			g := p.pool0()
			if g == nil {
				return p.m.host.name + " has not started"
			}
			seen := 0
			for _, o := range g.Members() {
				if o.Alive && !w.members[o.Name].host.nat {
					seen++
				}
			}
			if seen < up-up/100 {
				return fmt.Sprintf("%s sees %d of %d", p.m.host.name, seen, up)
			}
		}
	}
	return ""
}

// stopAll ends everything, and waits until nothing moves any more.
func (w *nation) stopAll() {
	for _, m := range w.order {
		m.host.down.Store(true)
	}
	var work sync.WaitGroup
	for _, m := range w.order {
		work.Go(m.crash)
	}
	work.Wait()
	time.Sleep(3 * time.Minute) // probes and dials that outlive their pools
}
