package follow

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"syscall"
)

// An AddressError says that a connection was refused because of where it
// would have gone.
type AddressError struct {
	Addr string // IP
	Kind string // what kind of address it is
}

func (e *AddressError) Error() string {
	return fmt.Sprintf("%s is %s address: not contacted, so that nobody can make this node reach into its own network (federation.allow_private: true allows it)", e.Addr, e.Kind)
}

// special lists the ranges that no public server has, the narrower before
// the wider (IANA special-purpose registries). Those that carry an IPv4
// address inside are there too, since it could be a private one.
var special = []struct {
	prefix netip.Prefix
	kind   string
}{
	{netip.MustParsePrefix("0.0.0.0/8"), "an unspecified"},
	{netip.MustParsePrefix("10.0.0.0/8"), "a private"},
	{netip.MustParsePrefix("100.64.0.0/10"), "a carrier-grade NAT"},
	{netip.MustParsePrefix("127.0.0.0/8"), "a loopback"},
	{netip.MustParsePrefix("169.254.0.0/16"), "a link-local"},
	{netip.MustParsePrefix("172.16.0.0/12"), "a private"},
	{netip.MustParsePrefix("192.0.0.0/24"), "a reserved"},
	{netip.MustParsePrefix("192.0.2.0/24"), "a documentation"},
	{netip.MustParsePrefix("192.88.99.0/24"), "a 6to4 relay"},
	{netip.MustParsePrefix("192.168.0.0/16"), "a private"},
	{netip.MustParsePrefix("198.18.0.0/15"), "a benchmarking"},
	{netip.MustParsePrefix("198.51.100.0/24"), "a documentation"},
	{netip.MustParsePrefix("203.0.113.0/24"), "a documentation"},
	{netip.MustParsePrefix("224.0.0.0/4"), "a multicast"},
	{netip.MustParsePrefix("240.0.0.0/4"), "a reserved"},
	{netip.MustParsePrefix("::/128"), "an unspecified"},
	{netip.MustParsePrefix("::1/128"), "a loopback"},
	{netip.MustParsePrefix("::ffff:0:0/96"), "an IPv4-mapped"},
	{netip.MustParsePrefix("64:ff9b::/96"), "a NAT64"},
	{netip.MustParsePrefix("64:ff9b:1::/48"), "a NAT64"},
	{netip.MustParsePrefix("2001::/32"), "a Teredo"},
	{netip.MustParsePrefix("2001::/23"), "a reserved"},
	{netip.MustParsePrefix("2001:db8::/32"), "a documentation"},
	{netip.MustParsePrefix("2002::/16"), "a 6to4"},
	{netip.MustParsePrefix("3fff::/20"), "a documentation"},
	{netip.MustParsePrefix("fc00::/7"), "a private"},
	{netip.MustParsePrefix("fe80::/10"), "a link-local"},
	{netip.MustParsePrefix("ff00::/8"), "a multicast"},
}

// globalV6 holds every IPv6 address that is given to public servers.
var globalV6 = netip.MustParsePrefix("2000::/3")

// refusedKind names the kind of an address that is not to be contacted, or
// returns "" for one that is public.
func refusedKind(a netip.Addr) string {
	a = a.WithZone("")
	for _, s := range special {
		if s.prefix.Contains(a) {
			return s.kind
		}
	}
	if a.Is6() && !globalV6.Contains(a) {
		return "a reserved"
	}
	return ""
}

// Public reports whether an address is one that a public server can have.
func Public(a netip.Addr) bool { return refusedKind(a) == "" }

// control looks at the address that is really dialled, after names have been
// resolved, so that no name can hide one.
func control(_ context.Context, network, address string, _ syscall.RawConn) error {
	if !strings.HasPrefix(network, "tcp") {
		return fmt.Errorf("network %q is not contacted", network)
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return err
	}
	if kind := refusedKind(ip); kind != "" {
		return &AddressError{Addr: ip.String(), Kind: kind}
	}
	return nil
}

// CheckAddress returns an *[AddressError] for an address that no public
// server has: one that is dialled back for a stranger must not be one.
func CheckAddress(a netip.Addr) error {
	if kind := refusedKind(a); kind != "" {
		return &AddressError{Addr: a.String(), Kind: kind}
	}
	return nil
}
