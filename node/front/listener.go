package front

import (
	"io"
	"net"
	"net/netip"
	"sync"
)

// Limit bounds how many connections stand open at once: most in all, and each of one
// address that is not trusted, so that nobody who opens connections and says nothing
// keeps others out. One above its share is closed at once.
func Limit(l net.Listener, most, each int, trusted Proxies) net.Listener {
	return &limited{Listener: l, most: most, each: each, trusted: trusted, of: map[string]int{}}
}

type limited struct {
	net.Listener
	most, each int
	trusted    Proxies

	mu  sync.Mutex
	all int
	of  map[string]int
}

// Accept implements [net.Listener].
func (l *limited) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		key := l.keyOf(c)
		if l.enter(key) {
			return &counted{Conn: c, leave: sync.OnceFunc(func() { l.leave(key) })}, nil
		}
		_ = c.Close()
	}
}

// keyOf is "" for who is not limited alone.
func (l *limited) keyOf(c net.Conn) string {
	ap, err := netip.ParseAddrPort(c.RemoteAddr().String())
	if err != nil {
		return ""
	}
	ip := ap.Addr().Unmap().WithZone("")
	if l.trusted.trust(ip) || ip.IsLoopback() {
		return ""
	}
	return keyOf(ip)
}

func (l *limited) enter(key string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.all >= l.most || key != "" && l.of[key] >= l.each {
		return false
	}
	l.all++
	if key != "" {
		l.of[key]++
	}
	return true
}

func (l *limited) leave(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all--
	if key == "" {
		return
	}
	if l.of[key]--; l.of[key] == 0 {
		delete(l.of, key)
	}
}

type counted struct {
	net.Conn
	leave func()
}

func (c *counted) Close() error {
	defer c.leave()
	return c.Conn.Close()
}

// ReadFrom lets files go out without a copy.
func (c *counted) ReadFrom(r io.Reader) (int64, error) { return io.Copy(c.Conn, r) }
