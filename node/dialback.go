package node

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"maillon/federation"
	"maillon/federation/follow"
)

// A dial-back finds out whether TCP and UDP reach a node: this hub sends a
// few bytes to the address that the request came from, and to no other, and
// wants them back. It is made only for an invitation or a charter that holds.
const (
	dialTries   = 3
	dialTimeout = 2 * time.Second
	dialSize    = 32 // bytes: a fixed greeting and a nonce
)

const dialGreeting = "maillon/dial/v1 "

// Dialled is what a dial-back found.
type Dialled struct {
	Address string `json:"address"` // that was dialled
	TCP     bool   `json:"tcp"`
	UDP     bool   `json:"udp"`
	Error   string `json:"error,omitempty"` // of what did not answer

	addr netip.AddrPort
}

func (d *Dialled) at() string {
	if d == nil {
		return "its gossip port"
	}
	return d.Address
}

func (d *Dialled) why() string {
	if d == nil {
		return "the port is taken here, so it was not dialled"
	}
	return d.Error
}

// dialBack tries TCP, then UDP.
func (n *Node) dialBack(r *http.Request, q federation.Request) Dialled {
	ip, err := n.cfg.Front.Proxies.Seen(r)
	if err != nil {
		return Dialled{Error: err.Error()}
	}
	d := Dialled{addr: netip.AddrPortFrom(ip, uint16(q.Gossip))}
	d.Address = d.addr.String()
	if !n.cfg.Federation.AllowPrivate {
		if err := follow.CheckAddress(ip); err != nil {
			d.Error = err.Error()
			return d
		}
	}
	tcp, udp := dial(r.Context(), "tcp", d.Address), dial(r.Context(), "udp", d.Address)
	d.TCP, d.UDP = tcp == nil, udp == nil
	if err := errors.Join(tcp, udp); err != nil {
		d.Error = strings.ReplaceAll(err.Error(), "\n", "; ")
	}
	return d
}

// dial sends the greeting and a nonce, and wants them back.
func dial(ctx context.Context, network, addr string) error {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	c, err := (&net.Dialer{}).DialContext(ctx, network, addr)
	if err != nil {
		return fmt.Errorf("%s: %w", network, err)
	}
	defer c.Close()
	say := append([]byte(dialGreeting), make([]byte, dialSize-len(dialGreeting))...)
	_, _ = rand.Read(say[len(dialGreeting):]) // never fails (crypto/rand)
	tries := 1
	if network == "udp" {
		tries = dialTries
	}
	heard := make([]byte, dialSize)
	for range tries {
		_ = c.SetDeadline(time.Now().Add(dialTimeout / time.Duration(tries)))
		if _, err = c.Write(say); err != nil {
			continue
		}
		if _, err = io.ReadFull(c, heard); err == nil && subtle.ConstantTimeCompare(heard, say) == 1 {
			return nil
		}
	}
	if err == nil {
		err = errors.New("something else answers")
	}
	return fmt.Errorf("%s: no answer from %s: %w", network, addr, err)
}

// A Responder answers dial-backs on a port until it is closed: the node uses
// it before its gossip takes the port.
type Responder struct {
	tcp net.Listener
	udp net.PacketConn
}

// NewResponder listens on both protocols.
func NewResponder(addr string) (*Responder, error) {
	tcp, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err
	}
	udp, err := net.ListenPacket("udp", tcp.Addr().String())
	if err != nil {
		return nil, errors.Join(err, tcp.Close())
	}
	r := &Responder{tcp, udp}
	go r.serveTCP()
	go r.serveUDP()
	return r, nil
}

// Close frees the port.
func (r *Responder) Close() error { return errors.Join(r.tcp.Close(), r.udp.Close()) }

func (r *Responder) serveTCP() {
	for {
		c, err := r.tcp.Accept()
		if err != nil {
			return // closed
		}
		_ = c.SetDeadline(time.Now().Add(dialTimeout))
		say := make([]byte, dialSize)
		if _, err := io.ReadFull(c, say); err == nil && strings.HasPrefix(string(say), dialGreeting) {
			_, _ = c.Write(say) // the hub says what it thinks of it
		}
		_ = c.Close()
	}
}

// serveUDP sends back what it hears, never more.
func (r *Responder) serveUDP() {
	say := make([]byte, 2*dialSize)
	for {
		k, from, err := r.udp.ReadFrom(say)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err == nil && k == dialSize && strings.HasPrefix(string(say[:k]), dialGreeting) {
			_, _ = r.udp.WriteTo(say[:k], from)
		}
	}
}
