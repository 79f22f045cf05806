// Package gossip keeps a pool of nodes: each member of a pool finds the
// others through one of them, and what one announces reaches all. It is the
// only user of memberlist.
//
// A pool carries announcements and nothing else, as signed notes that it does
// not read: a [Handler] says whether one is news. Each travels in two ways,
// since either alone loses some: as a broadcast from node to node, and in the
// exchange that two members have from time to time (push/pull).
//
// Who is alive is a hint. Nothing is ever taken away because a node seems
// dead; the pool's key is a fence, not an authority. memberlist gives up on a
// member that was away for long, so a pool tries the known addresses again
// and again (rejoin).
package gossip

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/memberlist"
	"github.com/rs/zerolog"
)

// A Config says which pool to join and where to listen.
type Config struct {
	Name string // of this member, unique in the pool: the node id
	Bind string // IP to listen on; "" is every interface
	Port int    // TCP and UDP; 0 takes a free one

	Advertise     string // IP or host name that the others reach, with or without a port; "" is found from Bind
	AdvertisePort int    // 0 is Port

	Label   string   // names the pool, at most MaxLabel bytes; members of pools of other labels are strangers
	Key     []byte   // 32 bytes shared by the pool, or nil for none
	Profile string   // "wan" (also ""), or "local" for one machine or a demonstration
	Peers   []string // host:port of members to join through; none for the first of a pool

	Log   zerolog.Logger
	State StateStore // nil forgets the peers at Close
}

// MaxLabel keeps a note of the largest size within one packet.
const MaxLabel = 40

// A Handler takes what the pool brings. Both methods are called from one
// goroutine each, and from any at the same time as the other.
type Handler interface {
	// Receive takes a note that a member sent, whoever signed it, if anyone
	// did. It reports whether it was news; only news is told on. The slice
	// is the handler's to keep.
	Receive(note []byte) (fresh bool)
	// All lists the notes to hand over to a member in an exchange. It must
	// not wait for anything but a short lock.
	All() [][]byte
}

// A StateStore keeps the addresses of the last live members, so that a node
// that restarts finds the pool also when the configured peers are away.
type StateStore interface {
	SavePeers(peers []string) error
	LoadPeers() ([]string, error)
}

// A Member is someone in the pool.
type Member struct {
	Name  string
	Addr  string // host:port of its gossip
	Alive bool   // a hint
}

// Stats counts what a pool did since it started.
type Stats struct {
	Received uint64 // notes handed to the handler
	Dropped  uint64 // notes and exchanges dropped because the handler was too slow
	Strange  uint64 // messages that are no envelope of this protocol
}

// A Pool is a running membership. All methods are safe for concurrent use.
type Pool struct {
	cfg     Config
	profile profile
	h       Handler
	log     zerolog.Logger

	list  *memberlist.Memberlist
	queue *memberlist.TransmitLimitedQueue
	inbox chan []byte // notes that wait for the handler

	alive                      atomic.Int64
	received, dropped, strange atomic.Uint64

	mu    sync.Mutex
	known map[string]Member // by name; also those that are dead
	peers []string          // addresses worth trying, the newest last

	saving sync.Mutex
	saved  []string // peers as the StateStore has them

	stop context.CancelFunc
	wg   sync.WaitGroup
	once sync.Once
	err  error // of Close
}

// inboxSize is how many notes may wait for the handler: a whole exchange.
const inboxSize = 4096

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
		inbox: make(chan []byte, inboxSize), known: map[string]Member{},
	}
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

// memberlistConfig translates the configuration.
func (p *Pool) memberlistConfig(ctx context.Context) (*memberlist.Config, error) {
	cfg := p.cfg
	switch {
	case cfg.Name == "":
		return nil, errors.New("gossip: the member has no name")
	case len(cfg.Label) > MaxLabel:
		return nil, fmt.Errorf("gossip: label of %d bytes, at most %d", len(cfg.Label), MaxLabel)
	case cfg.Key != nil && len(cfg.Key) != 32:
		return nil, fmt.Errorf("gossip: key of %d bytes, want 32", len(cfg.Key))
	}
	c := p.profile.config()
	c.Name, c.Label, c.SecretKey = cfg.Name, cfg.Label, slices.Clone(cfg.Key)
	c.BindAddr, c.BindPort = cfg.Bind, cfg.Port
	if c.BindAddr == "" {
		c.BindAddr = "0.0.0.0"
	}
	c.AdvertisePort = cfg.AdvertisePort
	if c.AdvertisePort == 0 {
		c.AdvertisePort = cfg.Port
	}
	if err := advertise(ctx, c, cfg.Advertise); err != nil {
		return nil, err
	}
	c.Delegate, c.Events = delegate{p}, events{p}
	c.LogOutput = logWriter{p.log}
	return c, nil
}

// advertise sets the address that others are told, which memberlist wants as an IP.
func advertise(ctx context.Context, c *memberlist.Config, host string) error {
	if host == "" {
		return nil
	}
	if h, port, err := net.SplitHostPort(host); err == nil {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || n == 0 {
			return fmt.Errorf("gossip: advertise %q has no port from 1 to 65535", host)
		}
		host, c.AdvertisePort = h, int(n)
	}
	if net.ParseIP(host) != nil {
		c.AdvertiseAddr = host
		return nil
	}
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil || len(ips) == 0 {
		return fmt.Errorf("gossip: advertise %q has no address: %w", host, err)
	}
	i := max(slices.IndexFunc(ips, func(ip netip.Addr) bool { return ip.Unmap().Is4() }), 0)
	c.AdvertiseAddr = ips[i].Unmap().String()
	return nil
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
}

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
	return Stats{Received: p.received.Load(), Dropped: p.dropped.Load(), Strange: p.strange.Load()}
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

// receive hands notes to the handler, one after the other.
func (p *Pool) receive(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case note := <-p.inbox:
			p.received.Add(1)
			if p.h.Receive(note) {
				p.Announce(note)
			}
		}
	}
}

// logWriter turns memberlist's lines into debug messages: a node that is away
// is no news for whoever reads the log.
type logWriter struct{ log zerolog.Logger }

func (w logWriter) Write(b []byte) (int, error) {
	w.log.Debug().Msg(strings.TrimSpace(string(b)))
	return len(b), nil
}

var _ io.Writer = logWriter{}
