package front

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
)

// Proxies are the networks of the reverse proxies that are believed when they say for
// whom they ask.
type Proxies []netip.Prefix

// ThisMachine is trusted where nothing else is said: a proxy beside the node.
var ThisMachine = Proxies{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}

// ParseProxies reads networks (10.0.0.0/8) and addresses.
func ParseProxies(list []string) (Proxies, error) {
	var out Proxies
	for _, s := range list {
		s = strings.TrimSpace(s)
		p, err := netip.ParsePrefix(s)
		if err != nil {
			ip, err := netip.ParseAddr(s)
			if err != nil {
				return nil, fmt.Errorf("%q is neither a network nor an address (write 10.0.0.0/8 or 192.0.2.1)", s)
			}
			p = netip.PrefixFrom(ip, ip.BitLen())
		}
		out = append(out, p.Masked())
	}
	return out, nil
}

func (p Proxies) trust(ip netip.Addr) bool {
	for _, net := range p {
		if net.Contains(ip) {
			return true
		}
	}
	return false
}

// maxHops bounds how many proxies may stand in a row.
const maxHops = 20

// Client is the address that a request really comes from: that of the connection, or,
// as long as that is a trusted proxy, the one before it in X-Forwarded-For, read from
// the right. What a client writes there itself stands further left and is not believed.
func (p Proxies) Client(r *http.Request) (netip.Addr, error) {
	ip, err := peerOf(r)
	if err != nil || !p.trust(ip) {
		return ip, err
	}
	hops := hopsOf(r)
	for i, seen := len(hops)-1, 0; i >= 0 && seen < maxHops; i, seen = i-1, seen+1 {
		hop := strings.TrimSpace(hops[i])
		if hop == "" {
			continue
		}
		before, err := parseHop(hop)
		if err != nil {
			return ip, fmt.Errorf("X-Forwarded-For: %w", err)
		}
		if ip = before; !p.trust(ip) {
			return ip, nil
		}
	}
	return ip, nil
}

// Seen is the address that this node, or the trusted proxy next to it, saw for itself:
// one step of [Proxies.Client]. Whatever is to be dialled because somebody asked from
// there is taken from this: a client on the machine of a proxy could claim the rest.
func (p Proxies) Seen(r *http.Request) (netip.Addr, error) {
	ip, err := peerOf(r)
	if err != nil || !p.trust(ip) {
		return ip, err
	}
	hops := hopsOf(r)
	last := strings.TrimSpace(hops[len(hops)-1])
	if last == "" {
		return ip, nil
	}
	if ip, err = parseHop(last); err != nil {
		return ip, fmt.Errorf("X-Forwarded-For: %w", err)
	}
	return ip, nil
}

// peerOf is the other end of the connection.
func peerOf(r *http.Request) (netip.Addr, error) {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	return peer.Addr().Unmap().WithZone(""), err
}

// hopsOf is what X-Forwarded-For says, of all its lines, the nearest last.
func hopsOf(r *http.Request) []string {
	return strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
}

// parseHop reads an address, with a port or without.
func parseHop(s string) (netip.Addr, error) {
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return ap.Addr().Unmap().WithZone(""), nil
	}
	ip, err := netip.ParseAddr(strings.Trim(s, "[]"))
	return ip.Unmap().WithZone(""), err
}

// HTTPS reports whether the client's own connection is encrypted, as far as this node
// or a trusted proxy knows.
func (p Proxies) HTTPS(r *http.Request) bool {
	if r.TLS != nil {
		return true
	}
	if ip, err := peerOf(r); err != nil || !p.trust(ip) {
		return false
	}
	said := r.Header.Values("X-Forwarded-Proto")
	if len(said) == 0 {
		return false
	}
	last := said[len(said)-1]
	return strings.EqualFold(strings.TrimSpace(last[strings.LastIndexByte(last, ',')+1:]), "https")
}
