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

	"github.com/hashicorp/memberlist"
	"github.com/rs/zerolog"

	"maillon/federation"
)

// A Config says which pool to join and where to listen.
type Config struct {
	Name string // of this member, unique in the pool: the node id
	Bind string // IP to listen on; "" is every interface
	Port int    // TCP and UDP; 0 takes a free one

	Advertise     string // IP or host name that the others reach, with or without a port; "" is found from Bind
	AdvertisePort int    // 0 is Port

	Label   string   // names the pool, at most MaxLabel bytes; members of pools of other labels are strangers
	Key     []byte   // 32 bytes shared by the pool, by which this member encrypts; nil for a pool without
	Keys    [][]byte // further keys it reads: the last, or the next, while keys are exchanged
	Profile string   // "wan" (also ""), or "local" for one machine or a demonstration
	Peers   []string // host:port of members to join through; none for the first of a pool

	// Meta is what the others know of this member besides its address: its
	// pass, at most MaxMeta bytes. It never changes but for [Pool.Renew].
	Meta []byte
	// Admit says why a member may not be in the pool, or nil. It is asked
	// before a member is listed, and again when its address or meta changes;
	// answers are remembered for a while. It is called under memberlist's
	// lock: it must not wait, nor call the pool. nil admits all.
	Admit func(name string, meta []byte, addr netip.AddrPort) error
	// Repair is told that a member holds other notes than this one, in which
	// buckets. It must not wait: it hands the work to someone else. The name
	// is what the message says, and nobody has vouched for it. nil leaves
	// repair to others.
	Repair func(peer string, buckets []byte)

	Log   zerolog.Logger
	State StateStore // nil forgets the peers at Close

	// Transport replaces UDP and TCP, for simulations; nil for the network.
	// Bind and Port are then not used, and Advertise must be an address.
	Transport Transport
}

// What a simulation needs in order to stand for the network, under the names
// of this package, which alone knows memberlist.
type (
	Transport = memberlist.Transport
	Packet    = memberlist.Packet
)

// Limits of a configuration, in bytes.
const (
	MaxLabel = 40  // keeps a note of the largest size within one packet
	MaxMeta  = 200 // it travels with every exchange, once for each member
	KeySize  = 32
)

// A Handler takes what the pool brings. Receive is called from one goroutine;
// the others from any, at the same time.
type Handler interface {
	// Receive takes a note that a member sent, whoever signed it, if anyone
	// did. It reports whether it was news; only news is told on. The slice
	// is the handler's to keep.
	Receive(note []byte) (fresh bool)
	// All lists the notes to hand over to a member in an exchange. It must
	// not wait for anything but a short lock.
	All() [][]byte
	// Digest is that of the notes held that are still valid. The same holds.
	Digest() federation.Digest
}

// A StateStore keeps the addresses of the last live members, so that a node
// that restarts finds the pool also when the configured peers are away.
type StateStore interface {
	SavePeers(peers []string) error
	LoadPeers() ([]string, error)
}

// check tells what is wrong with a configuration.
func (c Config) check() error {
	switch {
	case c.Name == "":
		return errors.New("gossip: the member has no name")
	case len(c.Name) > maxPeerName:
		return fmt.Errorf("gossip: name of %d bytes, at most %d", len(c.Name), maxPeerName)
	case len(c.Label) > MaxLabel:
		return fmt.Errorf("gossip: label of %d bytes, at most %d", len(c.Label), MaxLabel)
	case len(c.Meta) > MaxMeta:
		return fmt.Errorf("gossip: meta of %d bytes, at most %d", len(c.Meta), MaxMeta)
	case c.Key != nil && len(c.Key) != KeySize:
		return fmt.Errorf("gossip: key of %d bytes, want %d", len(c.Key), KeySize)
	case c.Key == nil && len(c.Keys) > 0:
		return errors.New("gossip: keys to read by, but none to write by")
	}
	for _, k := range c.Keys {
		if len(k) != KeySize {
			return fmt.Errorf("gossip: key of %d bytes, want %d", len(k), KeySize)
		}
	}
	return nil
}

// memberlistConfig translates the configuration.
func (p *Pool) memberlistConfig(ctx context.Context) (*memberlist.Config, error) {
	cfg := p.cfg
	if err := cfg.check(); err != nil {
		return nil, err
	}
	c := p.profile.config()
	c.Name, c.Label = cfg.Name, cfg.Label
	if cfg.Key != nil {
		ring, err := memberlist.NewKeyring(cfg.Keys, cfg.Key)
		if err != nil {
			return nil, fmt.Errorf("gossip: %w", err)
		}
		c.Keyring, p.ring = ring, ring
	}
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
	c.Transport = cfg.Transport
	c.Delegate, c.Events, c.Alive = delegate{p}, events{p}, gate{p}
	c.LogOutput = logWriter{p.log}
	if p.log.GetLevel() > zerolog.DebugLevel {
		c.LogOutput = io.Discard // and nothing is formatted
	}
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

// logWriter turns memberlist's lines into debug messages: a node that is away
// is no news for whoever reads the log.
type logWriter struct{ log zerolog.Logger }

func (w logWriter) Write(b []byte) (int, error) {
	w.log.Debug().Msg(strings.TrimSpace(string(b)))
	return len(b), nil
}
