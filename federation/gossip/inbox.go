package gossip

import (
	"bytes"
	"hash/maphash"
	"sync"
	"time"

	"maillon/federation"
)

// Bounds of what waits for the handler.
const (
	inboxSize  = 4096 // messages: a whole exchange
	maxWaiting = 16   // of one signer, going by the name on the note, which nobody has verified yet
	maxRecent  = 8192 // notes remembered as seen, twice
	recentFor  = time.Minute
)

// A message is a note, or a member's digest.
type message struct {
	note   []byte
	signer string
	batch  bool // it came in an exchange, where notes are many and most are old

	peer   string
	digest *federation.Digest
}

// An inbox is what memberlist's goroutines leave for the one that calls the
// handler. In a pool most notes come many times within seconds: they are
// passed over before anyone verifies them. The memory of them is short, so
// that a note that was refused for now (a clock behind, a book that was full)
// has another chance.
type inbox struct {
	wait chan message
	seed maphash.Seed

	mu        sync.Mutex
	waiting   map[string]int // messages by signer
	seen, old map[uint64]struct{}
	turned    time.Time // when seen became old
}

func newInbox() *inbox {
	return &inbox{
		wait: make(chan message, inboxSize), seed: maphash.MakeSeed(),
		waiting: map[string]int{}, seen: map[uint64]struct{}{},
	}
}

// takes says what an inbox did with a note.
type takes int

const (
	taken takes = iota
	repeated
	crowded
	dropped
)

// putNote takes a copy of the note.
func (b *inbox) putNote(note []byte, batch bool, now time.Time) takes {
	sum, signer := maphash.Bytes(b.seed, note), signerOf(note)
	b.mu.Lock()
	defer b.mu.Unlock()
	if now.Sub(b.turned) >= recentFor || len(b.seen) >= maxRecent || now.Before(b.turned) {
		b.old, b.seen, b.turned = b.seen, map[uint64]struct{}{}, now
	}
	if _, ok := b.seen[sum]; ok {
		return repeated
	}
	if _, ok := b.old[sum]; ok {
		return repeated
	}
	if b.waiting[signer] >= maxWaiting {
		return crowded
	}
	select {
	case b.wait <- message{note: bytes.Clone(note), signer: signer, batch: batch}:
		b.waiting[signer]++
		b.seen[sum] = struct{}{}
		return taken
	default:
		return dropped
	}
}

func (b *inbox) putDigest(peer string, d federation.Digest) takes {
	select {
	case b.wait <- message{peer: peer, digest: &d}:
		return taken
	default:
		return dropped
	}
}

// done says that a message has left.
func (b *inbox) done(m message) {
	if m.digest != nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.waiting[m.signer]--; b.waiting[m.signer] == 0 {
		delete(b.waiting, m.signer)
	}
}

// take queues what is in an envelope for the handler. batch says that it is
// an exchange.
func (p *Pool) take(b []byte, batch bool) {
	for it, err := range items(b) {
		if err != nil {
			p.count.strange.Add(1)
			return
		}
		what := taken
		switch it.kind {
		case kindNote:
			what = p.inbox.putNote(it.content, batch, time.Now())
		case kindDigest:
			peer, d, err := parseDigest(it.content)
			if err != nil {
				p.count.strange.Add(1)
				return
			}
			what = p.inbox.putDigest(peer, d)
		}
		switch what {
		case taken:
		case repeated:
			p.count.repeated.Add(1)
		case crowded:
			p.count.crowded.Add(1)
		case dropped:
			p.count.dropped.Add(1)
		}
	}
}

// compare asks for repair where a member's digest differs from the own.
func (p *Pool) compare(peer string, theirs *federation.Digest) {
	p.count.digests.Add(1)
	ours := p.h.Digest()
	diff := ours.Differ(theirs)
	if len(diff) == 0 || peer == p.cfg.Name {
		return
	}
	p.count.differed.Add(1)
	if p.cfg.Repair != nil {
		p.cfg.Repair(peer, diff)
	}
}
