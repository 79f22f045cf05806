// Package gossip keeps a pool of nodes: each member of a pool finds the
// others through one of them, and what one announces reaches all. It is the
// only user of memberlist.
//
// A pool carries announcements and nothing else, as signed notes that it does
// not read: a [Handler] says whether one is news. Each travels in two ways,
// since either alone loses some: as a broadcast from node to node, and in the
// exchange that two members have from time to time (push/pull). An exchange
// hands over the notes themselves as long as they are few ([MaxDirect]), then
// their digest; the difference is fetched over HTTP (package repair).
//
// Everything that comes in is bounded: what waits for the handler, in all and
// for each signer; what waits to be told on; the size of an exchange. What
// does not fit is dropped and counted, and comes again by exchange or repair.
//
// Who is alive is a hint. Nothing is ever taken away because a node seems
// dead; the pool's key is a fence, not an authority. memberlist gives up on a
// member that was away for long, so a pool tries the known addresses again
// and again (rejoin).
package gossip

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/memberlist"
	"github.com/rs/zerolog"

	"maillon/federation"
)

// A Member is someone in the pool.
type Member struct {
	Name  string
	Addr  string // host:port of its gossip
	Alive bool   // a hint
}

// Stats counts what a pool did since it started.
type Stats struct {
	Received uint64 // notes handed to the handler
	Repeated uint64 // notes that came again within a moment, not looked at
	Dropped  uint64 // notes and digests dropped because the handler was too slow
	Crowded  uint64 // notes dropped because too many of that signer were waiting
	Strange  uint64 // messages that are no envelope of this protocol
	Refused  uint64 // times that Admit kept a member out
	Digests  uint64 // digests compared
	Differed uint64 // … and found different
	Kept     uint64 // news that was not told on: too much in an exchange, or replaced while it waited
}

// A Pool is a running membership. All methods are safe for concurrent use.
type Pool struct {
	cfg     Config
	profile profile
	h       Handler
	log     zerolog.Logger

	list  *memberlist.Memberlist
	ring  *memberlist.Keyring // nil if the pool has no key
	queue *memberlist.TransmitLimitedQueue
	inbox *inbox // what waits for the handler
	gate  gateCache
	meta  atomic.Pointer[[]byte]

	alive atomic.Int64
	count struct{ received, repeated, dropped, crowded, strange, refused, digests, differed, kept atomic.Uint64 }

	mu    sync.Mutex
	known map[string]Member // by name; also those that are dead
	peers []string          // addresses worth trying, the newest last

	retold *federation.Limiter

	saving sync.Mutex
	saved  []string // peers as the StateStore has them

	stop context.CancelFunc
	wg   sync.WaitGroup
	once sync.Once
	err  error // of Close
}

// Start listens and begins to look for the pool. It does not wait until a
// member is found. The end of ctx stops the pool's own work; Close must be
// called all the same, to leave and to free the port.
func Start(ctx context.Context, cfg Config, h Handler) (*Pool, error) {
	prof, err := profileOf(cfg.Profile)
	if err != nil {
		return nil, err
	}
	p := &Pool{
		cfg: cfg, profile: prof, h: h, log: cfg.Log,
		inbox: newInbox(), known: map[string]Member{},
		retold: &federation.Limiter{Burst: 20, Every: 3 * time.Second},
	}
	p.meta.Store(&cfg.Meta)
	conf, err := p.memberlistConfig(ctx)
	if err != nil {
		return nil, err
	}
	if cfg.State != nil {
		if p.peers, err = cfg.State.LoadPeers(); err != nil {
			return nil, fmt.Errorf("read the last peers: %w", err)
		}
		p.saved = p.peers
		p.peers = lastPeers(p.peers)
	}
	p.queue = &memberlist.TransmitLimitedQueue{
		NumNodes: func() int { return max(int(p.alive.Load()), 1) }, RetransmitMult: retransmit,
	}
	if p.list, err = memberlist.Create(conf); err != nil {
		return nil, fmt.Errorf("listen for gossip on %s: %w (is the port free, and does advertise name this machine?)", net.JoinHostPort(conf.BindAddr, strconv.Itoa(conf.BindPort)), err)
	}
	ctx, p.stop = context.WithCancel(ctx)
	p.wg.Go(func() { p.receive(ctx) })
	p.wg.Go(func() { p.rejoin(ctx) })
	return p, nil
}

// Addr is the address that others are told to reach this member at.
func (p *Pool) Addr() string { return p.list.LocalNode().Address() }

// Announce tells the pool a note. It replaces one of the same signer that is
// still on its way. A note larger than a packet is not sent.
func (p *Pool) Announce(note []byte) {
	if len(note) > maxNote {
		p.log.Error().Int("bytes", len(note)).Msg("announcement too large for gossip")
		return
	}
	p.queue.QueueBroadcast(newBroadcast(note))
	p.queue.Prune(maxQueued)
}

// Retell tells on a note that was learned in an exchange or a repair. A few
// such notes a minute are news that the pool may lack; many are a member
// catching up with what the others know, and are not told on: each goes to
// every member some twenty times, so that a pool would talk for an hour about
// nothing new. Whoever lacks one catches up likewise.
func (p *Pool) Retell(note []byte) {
	now := time.Now()
	p.mu.Lock()
	ok := p.retold.Allow("", now)
	p.mu.Unlock()
	if ok {
		p.Announce(note)
	} else {
		p.count.kept.Add(1)
	}
}

// maxQueued bounds the notes on their way: one of every signer of the largest
// book. The oldest go first.
const maxQueued = federation.MaxBook

// Members lists everyone seen since the start, this member too, by name.
func (p *Pool) Members() []Member {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := make([]Member, 0, len(p.known))
	for _, m := range p.known {
		out = append(out, m)
	}
	slices.SortFunc(out, func(a, b Member) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// Stats tells what the pool did so far.
func (p *Pool) Stats() Stats {
	c := &p.count
	return Stats{
		Received: c.received.Load(), Repeated: c.repeated.Load(), Dropped: c.dropped.Load(), Crowded: c.crowded.Load(),
		Strange: c.strange.Load(), Refused: c.refused.Load(), Digests: c.digests.Load(), Differed: c.differed.Load(),
		Kept: c.kept.Load(),
	}
}

// Close tells the others that this member leaves, as far as a moment allows,
// and stops. It may be called more than once.
func (p *Pool) Close() error {
	p.once.Do(func() {
		p.stop()
		p.savePeers()
		leave := p.list.Leave(p.profile.leave)
		p.err = p.list.Shutdown()
		if leave != nil && p.err == nil {
			p.log.Debug().Err(leave).Msg("leave the pool")
		}
		done := make(chan struct{})
		go func() { p.wg.Wait(); close(done) }()
		select {
		case <-done:
		case <-time.After(closeWait): // a join that waits for a dead address ends by itself
		}
	})
	return p.err
}

// closeWait bounds how long Close waits for what cannot be interrupted.
const closeWait = 3 * time.Second
