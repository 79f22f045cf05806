package gossip

import (
	"bytes"
	"math/rand/v2"

	"github.com/hashicorp/memberlist"
)

// A delegate is what memberlist calls. It never waits: what the handler has
// no time for is dropped and counted, and comes again with the next exchange.
type delegate struct{ p *Pool }

// NodeMeta is empty and never changes: a change of it would go before every
// announcement in the queue.
func (d delegate) NodeMeta(int) []byte { return nil }

func (d delegate) NotifyMsg(b []byte) { d.p.take(b) }

func (d delegate) GetBroadcasts(overhead, limit int) [][]byte {
	return d.p.queue.GetBroadcasts(overhead, limit)
}

func (d delegate) LocalState(bool) []byte {
	all := d.p.h.All()
	if len(all) == 0 {
		return nil
	}
	return exchange(all, rand.IntN(len(all)))
}

func (d delegate) MergeRemoteState(b []byte, _ bool) { d.p.take(b) }

// take queues the notes of an envelope for the handler.
func (p *Pool) take(b []byte) {
	for note, err := range notes(b) {
		if err != nil {
			p.strange.Add(1)
			return
		}
		select {
		case p.inbox <- bytes.Clone(note):
		default:
			p.dropped.Add(1)
		}
	}
}

// events keep the list of members. memberlist calls them under its own lock.
type events struct{ p *Pool }

func (e events) NotifyJoin(n *memberlist.Node)   { e.p.note(n, true) }
func (e events) NotifyUpdate(n *memberlist.Node) { e.p.note(n, true) }
func (e events) NotifyLeave(n *memberlist.Node)  { e.p.note(n, false) }

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
