package sim

import (
	"errors"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"maillon/federation/gossip"
)

// A host is a machine: what is sent from it is counted on it.
type host struct {
	name   string
	region int  // 0 is the nation
	side   int  // of a partition in halves: 0 or 1
	hub    bool // of a region
	nat    bool // nothing reaches it from outside

	down          atomic.Bool
	udp, tcp, web atomic.Int64 // bytes sent, with headers
}

// A cut says whether nothing passes between two machines.
type cut func(a, b *host) bool

// A network carries packets and connections between machines.
type network struct {
	cut    atomic.Pointer[cut]
	udpCut atomic.Pointer[cut] // packets only

	mu   sync.Mutex
	loss float64 // of packets
	dice *rand.Rand
	ends map[string]*endpoint // by host:port
}

func newNetwork(o Options) *network {
	return &network{dice: rand.New(rand.NewPCG(o.Seed, 1)), ends: map[string]*endpoint{}}
}

// Sizes of headers, in bytes: IP and UDP; IP and TCP, for each segment.
const (
	headUDP = 28
	headTCP = 40
	segment = 1400
)

// loses throws the dice for some packets, all of which must arrive.
func (n *network) loses(packets int) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	for range packets {
		if n.loss > 0 && n.dice.Float64() < n.loss {
			return true
		}
	}
	return false
}

func (n *network) setLoss(p float64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.loss = p
}

// latency is that of one way.
func (n *network) latency() time.Duration {
	n.mu.Lock()
	defer n.mu.Unlock()
	return 5*time.Millisecond + time.Duration(n.dice.Int64N(int64(25*time.Millisecond)))
}

func is(c *atomic.Pointer[cut], a, b *host) bool {
	f := c.Load()
	return f != nil && (*f)(a, b)
}

// reaches reports whether a connection from a to b can be made at all.
func (n *network) reaches(a, b *host) bool {
	return !a.down.Load() && !b.down.Load() && !b.nat && !is(&n.cut, a, b)
}

// stream is what n bytes of a connection cost: bytes with headers and what is
// sent again, and the time until the last has arrived.
func (n *network) stream(bytes int) (sent int64, took time.Duration) {
	segments := bytes/segment + 1
	took = n.latency()
	for range segments {
		for n.loses(1) {
			sent += segment
			took = max(took, n.latency()+200*time.Millisecond)
		}
	}
	return sent + int64(bytes+segments*headTCP), took
}

// handshake is how long a connection takes to come about, both packets being
// able to get lost; ok is false if it takes longer than patience.
func (n *network) handshake(patience time.Duration) (took time.Duration, ok bool) {
	wait := time.Second
	for n.loses(2) {
		took += wait
		wait *= 2
	}
	took += n.latency() + n.latency()
	return took, took <= patience
}

// An endpoint is where one pool of a machine listens.
type endpoint struct {
	net     *network
	host    *host
	ip      net.IP
	port    int
	packets chan *gossip.Packet
	streams chan net.Conn
	over    chan struct{}
	end     func()
}

var _ gossip.Transport = (*endpoint)(nil)

// listen replaces what was at the address before.
func (n *network) listen(h *host, ip string, port int) *endpoint {
	e := &endpoint{net: n, host: h, ip: net.ParseIP(ip), port: port,
		packets: make(chan *gossip.Packet, 1024), streams: make(chan net.Conn, 16), over: make(chan struct{})}
	e.end = sync.OnceFunc(func() { close(e.over) })
	n.mu.Lock()
	defer n.mu.Unlock()
	n.ends[e.addr().String()] = e
	return e
}

func (e *endpoint) addr() *net.UDPAddr { return &net.UDPAddr{IP: e.ip, Port: e.port} }

func (n *network) at(addr string) *endpoint {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.ends[addr]
}

func (e *endpoint) FinalAdvertiseAddr(string, int) (net.IP, int, error) { return e.ip, e.port, nil }
func (e *endpoint) PacketCh() <-chan *gossip.Packet                     { return e.packets }
func (e *endpoint) StreamCh() <-chan net.Conn                           { return e.streams }
func (e *endpoint) Shutdown() error                                     { e.end(); return nil }

func (e *endpoint) WriteTo(b []byte, addr string) (time.Time, error) {
	now := time.Now()
	if e.host.down.Load() {
		return now, nil
	}
	e.host.udp.Add(int64(len(b) + headUDP))
	to := e.net.at(addr)
	if to == nil || !e.net.reaches(e.host, to.host) || is(&e.net.udpCut, e.host, to.host) || e.net.loses(1) {
		return now, nil
	}
	p := &gossip.Packet{Buf: append([]byte(nil), b...), From: e.addr()}
	time.AfterFunc(e.net.latency(), func() {
		p.Timestamp = time.Now()
		select {
		case to.packets <- p:
		default: // as a full socket buffer
		}
	})
	return now, nil
}

var errTimeout = errors.New("timeout")

func (e *endpoint) DialTimeout(addr string, patience time.Duration) (net.Conn, error) {
	fail := func(d time.Duration) (net.Conn, error) {
		time.Sleep(d)
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errTimeout}
	}
	to := e.net.at(addr)
	if to == nil || !e.net.reaches(e.host, to.host) {
		return fail(patience)
	}
	took, ok := e.net.handshake(patience)
	if !ok {
		return fail(patience)
	}
	time.Sleep(took)
	here, there := net.Pipe()
	select {
	case to.streams <- &conn{Conn: there, net: e.net, from: to.host, to: e.host}:
		return &conn{Conn: here, net: e.net, from: e.host, to: to.host}, nil
	case <-to.over:
		return fail(patience - took)
	case <-time.After(patience - took):
		return fail(0)
	}
}

// A conn counts and delays what is written to one side of a connection.
type conn struct {
	net.Conn
	net      *network
	from, to *host
}

func (c *conn) Write(b []byte) (int, error) {
	if c.from.down.Load() || c.to.down.Load() || is(&c.net.cut, c.from, c.to) {
		_ = c.Close() // later than in life, where it would wait for a timeout
		return 0, &net.OpError{Op: "write", Net: "tcp", Err: errTimeout}
	}
	sent, took := c.net.stream(len(b))
	c.from.tcp.Add(sent)
	time.Sleep(took)
	return c.Conn.Write(b)
}

// Bytes around an HTTPS request: the handshake (a certificate chain comes
// back), headers, a close; and how long a connection is waited for.
const (
	webAsks    = 1500
	webAnswers = 4500
	webWait    = 10 * time.Second
)

// errWeb: the request failed.
var errWeb = errors.New("no answer")

// ask models a request from one machine to another: up and down are the sizes
// of bodies, do what the other does.
func (n *network) ask(from, to *host, up int, do func() (down int)) error {
	if !n.reaches(from, to) {
		if !from.down.Load() {
			from.web.Add(3 * headTCP)
		}
		time.Sleep(webWait)
		return errWeb
	}
	took, ok := n.handshake(webWait)
	if !ok {
		time.Sleep(webWait)
		return errWeb
	}
	sent, more := n.stream(up + webAsks)
	time.Sleep(took + 2*(n.latency()+n.latency()) + more)
	from.web.Add(sent)
	if !n.reaches(from, to) {
		return errWeb
	}
	sent, more = n.stream(do() + webAnswers)
	to.web.Add(sent)
	time.Sleep(more)
	if !n.reaches(from, to) {
		return errWeb
	}
	return nil
}
