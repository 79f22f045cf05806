package gossip

import (
	"context"
	"time"

	"maillon/federation"
)

// How often news of one signer is told on: each goes to every member some
// twenty times. What comes faster waits, and the newest replaces what waits,
// so that the last word of a signer always travels.
const (
	tellBurst = 5
	tellEvery = 15 * time.Second
	maxHeld   = 1024 // signers whose news waits; beyond, it is left to exchanges
)

// A teller decides when the pool tells on what it received. It belongs to the
// goroutine that calls the handler.
type teller struct {
	p     *Pool
	limit federation.Limiter // by signer; the handler has verified who that is
	held  map[string][]byte
	due   *time.Timer // runs while held is not empty
}

func newTeller(p *Pool) *teller {
	t := &teller{p: p, limit: federation.Limiter{Burst: tellBurst, Every: tellEvery}, held: map[string][]byte{}, due: time.NewTimer(tellEvery)}
	t.due.Stop()
	return t
}

// tell tells on a note that was news, now or when its signer's turn comes.
func (t *teller) tell(signer string, note []byte) {
	_, waits := t.held[signer]
	if !waits && t.limit.Allow(signer, time.Now()) {
		t.p.Announce(note)
		return
	}
	if !waits && len(t.held) >= maxHeld {
		t.p.count.kept.Add(1)
		return
	}
	if len(t.held) == 0 {
		t.due.Reset(tellEvery)
	}
	if waits {
		t.p.count.kept.Add(1)
	}
	t.held[signer] = note
}

// flush tells on what waits, as far as its turn has come.
func (t *teller) flush() {
	now := time.Now()
	for signer, note := range t.held {
		if t.limit.Allow(signer, now) {
			t.p.Announce(note)
			delete(t.held, signer)
		}
	}
	if len(t.held) > 0 {
		t.due.Reset(tellEvery)
	}
}

// receive hands messages to the handler, one after the other, so that a
// digest is compared after the notes that came with it were taken.
func (p *Pool) receive(ctx context.Context) {
	t := newTeller(p)
	defer t.due.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.due.C:
			t.flush()
		case m := <-p.inbox.wait:
			p.inbox.done(m)
			p.handle(t, m)
		}
	}
}

func (p *Pool) handle(t *teller, m message) {
	if m.digest != nil {
		p.compare(m.peer, m.digest)
		return
	}
	p.count.received.Add(1)
	switch fresh := p.h.Receive(m.note); {
	case fresh && m.batch:
		p.Retell(m.note)
	case fresh:
		t.tell(m.signer, m.note)
	}
}
