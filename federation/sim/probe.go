package sim

import (
	"context"
	"slices"
	"time"

	"maillon/federation"
)

// A probe is one announcement that is followed: a commune's journal has grown.
type probe struct {
	m          *member
	seq        uint64
	size       uint64
	at         time.Time
	gossipOnly bool // not posted: how far gossip alone carries it

	heard   map[int]time.Duration // by place in the pool, 0 is the hub
	covered uint64                // size of the hub's journal that states it
	nation  time.Duration         // until the nation had an announcement of that size; 0 for not yet
}

// deposit makes a node's journal grow, and announces it.
func (w *nation) deposit(ctx context.Context, m *member) *probe {
	m.mu.Lock()
	m.size++
	size := m.size
	m.mu.Unlock()
	pr := &probe{m: m, size: size, at: time.Now(), gossipOnly: w.muted.Load() && !m.light, heard: map[int]time.Duration{}}
	w.mu.Lock()
	pr.seq = max(m.seqNow()+1, uint64(time.Now().Unix()))
	w.probes[m.id] = append(w.probes[m.id], pr)
	w.mu.Unlock()
	m.announce(ctx)
	return pr
}

// forget begins with no probes.
func (w *nation) forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	clear(w.probes)
}

// heard notes that a book has an announcement, and with it all older ones.
func (w *nation) heard(p *place, a federation.Announcement) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, pr := range w.probes[a.Node] {
		if _, known := pr.heard[p.index]; !known && a.Seq >= pr.seq && p.pool.hub == pr.m.upstream {
			pr.heard[p.index] = time.Since(pr.at)
		}
	}
	if p.m != w.top || p.pool.hub != w.top {
		return
	}
	for _, all := range w.probes {
		for _, pr := range all {
			if pr.m.upstream.id == a.Node && pr.covered > 0 && a.Size >= pr.covered && pr.nation == 0 {
				pr.nation = time.Since(pr.at)
			}
		}
	}
}

// stated notes that a hub's journal now tells of these sizes.
func (w *nation) stated(hub *member, news map[string]uint64, size uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for node, upTo := range news {
		for _, pr := range w.probes[node] {
			if pr.covered == 0 && pr.size <= upTo {
				pr.covered = size
				if hub == w.top {
					pr.nation = time.Since(pr.at)
				}
			}
		}
	}
}

// lost counts where announcements are missing: at a live member of the pool,
// or at the nation.
func (w *nation) lost(all []*probe) (pool, nation int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, pr := range all {
		if pr.nation == 0 && (pr.m.light || !pr.m.host.nat) { // nobody can fetch what is behind NAT
			nation++
		}
		for _, p := range pr.m.upstream.below.pool.members {
			if _, ok := pr.heard[p.index]; !ok && p.m.up() {
				pool++
			}
		}
	}
	return pool, nation
}

// times of some durations.
type times struct {
	n                 int
	mean, median, max time.Duration
}

func timesOf(all []time.Duration) times {
	if len(all) == 0 {
		return times{}
	}
	slices.Sort(all)
	var sum time.Duration
	for _, d := range all {
		sum += d
	}
	return times{n: len(all), mean: sum / time.Duration(len(all)), median: all[len(all)/2], max: all[len(all)-1]}
}

// spread is how long announcements took to reach every member of their pool
// that can be reached, their hub, and the nation.
func (w *nation) spread(all []*probe, gossipOnly bool) (pool, hub, nation times) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var toPool, toHub, toNation []time.Duration
	for _, pr := range all {
		if pr.gossipOnly != gossipOnly {
			continue
		}
		last := time.Duration(0)
		for _, p := range pr.m.upstream.below.pool.members {
			if !p.m.host.nat {
				last = max(last, pr.heard[p.index])
			}
		}
		toPool = append(toPool, last)
		toHub = append(toHub, pr.heard[0])
		if pr.nation > 0 {
			toNation = append(toNation, pr.nation)
		}
	}
	return timesOf(toPool), timesOf(toHub), timesOf(toNation)
}
