package gossip

import (
	"math/rand/v2"

	"github.com/hashicorp/memberlist"
)

// A delegate is what memberlist calls. It never waits: what the handler has
// no time for is dropped and counted, and comes again with the next exchange.
type delegate struct{ p *Pool }

// NodeMeta does not change: a change of it would go before every announcement
// in the queue.
func (d delegate) NodeMeta(int) []byte { return *d.p.meta.Load() }

func (d delegate) NotifyMsg(b []byte) { d.p.take(b, false) }

func (d delegate) GetBroadcasts(overhead, limit int) [][]byte {
	return d.p.queue.GetBroadcasts(overhead, limit)
}

func (d delegate) LocalState(bool) []byte {
	all := d.p.h.All()
	if len(all) == 0 {
		return nil
	}
	return state(d.p.cfg.Name, all, d.p.h.Digest, rand.IntN(len(all)))
}

func (d delegate) MergeRemoteState(b []byte, _ bool) { d.p.take(b, true) }

// events keep the list of members. memberlist calls them under its own lock.
type events struct{ p *Pool }

func (e events) NotifyJoin(n *memberlist.Node)   { e.p.note(n, true) }
func (e events) NotifyUpdate(n *memberlist.Node) { e.p.note(n, true) }
func (e events) NotifyLeave(n *memberlist.Node) {
	e.p.note(n, false)
	e.p.log.Info().Str("member", n.Name).Msg("a member left the pool or seems dead: nothing that it said is taken away")
}

// maxKnown bounds the members remembered.
const maxKnown = 4096

func (p *Pool) note(n *memberlist.Node, alive bool) {
	m := Member{Name: n.Name, Addr: n.Address(), Alive: alive}
	p.mu.Lock()
	defer p.mu.Unlock()
	old, known := p.known[m.Name]
	if !known && len(p.known) >= maxKnown {
		p.forgetDead()
	}
	p.known[m.Name] = m
	switch {
	case alive && !old.Alive:
		p.alive.Add(1)
	case !alive && old.Alive:
		p.alive.Add(-1)
	}
	if alive && m.Name != p.cfg.Name {
		p.peers = lastPeers(append(p.peers, m.Addr))
	}
}

func (p *Pool) forgetDead() {
	for name, m := range p.known {
		if !m.Alive {
			delete(p.known, name)
		}
	}
}
