package federation

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"maillon/catalog/territory"
)

// PassSize is the size of a pass in bytes: it fits memberlist's metadata,
// which travels with every mention of a member and never changes.
const PassSize = 1 + 8 + 2 + FingerprintSize + 8 + 16 + 2 + 4 + 64

// passDomain keeps a pass's signature from being taken for anything else's.
const passDomain = "maillon/pass/v1\n"

// Errors of [OpenPass].
var (
	ErrPass        = errors.New("not a pass of this pool")
	ErrPassExpired = errors.New("pass has expired")
	ErrPassAddress = errors.New("pass is of another address")
)

// A Pass lets a node into the pool of a hub. It is a fence and carries no
// authority: announcements are believed for their own signatures. It is bound
// to the node, its key and the address that the hub has dialled, so that a
// copy is of no use elsewhere.
type Pass struct {
	Node    string         // node id; its pool name
	Key     Fingerprint    // of the node's verifier key
	Expires time.Time      // whole seconds
	Addr    netip.AddrPort // of the node's gossip; the zero value binds to none
}

// IssuePass signs a pass with the hub's node key: the pool needs no authority,
// and the authority key need not be at hand.
func IssuePass(hub note.Signer, p Pass) ([]byte, error) {
	raw, err := p.encode()
	if err != nil {
		return nil, err
	}
	raw = binary.BigEndian.AppendUint32(raw, hub.KeyHash())
	sig, err := hub.Sign(append([]byte(passDomain), raw...))
	if err != nil || len(sig) != 64 {
		return nil, fmt.Errorf("sign a pass for %s: %d bytes of signature: %w", p.Node, len(sig), errors.Join(err, ErrPass))
	}
	return append(raw, sig...), nil
}

// encode writes what is signed: version 1, SIRET, number of the node,
// fingerprint, expiry in Unix seconds, address as IPv6, port.
func (p Pass) encode() ([]byte, error) {
	id, err := territory.ParseNodeID(p.Node)
	if err != nil {
		return nil, err
	}
	siret, err := strconv.ParseUint(id.SIRET().String(), 10, 64)
	if err != nil {
		return nil, err
	}
	var number uint64
	if _, digits, more := strings.Cut(p.Node, "-"); more {
		if number, err = strconv.ParseUint(digits, 10, 16); err != nil {
			return nil, err
		}
	}
	if p.Expires.Unix() <= 0 {
		return nil, fmt.Errorf("%w: it expires before 1970", ErrPass)
	}
	raw := []byte{1}
	raw = binary.BigEndian.AppendUint64(raw, siret)
	raw = binary.BigEndian.AppendUint16(raw, uint16(number))
	raw = append(raw, p.Key[:]...)
	raw = binary.BigEndian.AppendUint64(raw, uint64(p.Expires.Unix()))
	var ip [16]byte
	if p.Addr.IsValid() {
		ip = p.Addr.Addr().As16()
	}
	raw = append(raw, ip[:]...)
	return binary.BigEndian.AppendUint16(raw, p.Addr.Port()), nil
}

// OpenPass reads a pass and checks its form, its signature by one of the
// hub's keys, that it is of the member called name, and its expiry with a day
// of grace. It is cheap for what is malformed, and the caller keeps what it
// found for the same bytes.
func OpenPass(raw []byte, hub []note.Verifier, name string, now time.Time) (Pass, error) {
	if len(raw) != PassSize || raw[0] != 1 {
		return Pass{}, fmt.Errorf("%w: %d bytes, want %d that begin with 1 (ask the hub for a pass: maillon join)", ErrPass, len(raw), PassSize)
	}
	p, err := decodePass(raw)
	if err != nil {
		return Pass{}, err
	}
	signed, sig := raw[:PassSize-64], raw[PassSize-64:]
	hash := binary.BigEndian.Uint32(signed[len(signed)-4:])
	ok := false
	for _, v := range hub {
		if v.KeyHash() == hash {
			ok = ok || v.Verify(append([]byte(passDomain), signed...), sig)
		}
	}
	switch {
	case !ok:
		return Pass{}, fmt.Errorf("%w: the hub has not signed it", ErrPass)
	case p.Node != name:
		return Pass{}, fmt.Errorf("%w: it is of %s, shown by %s", ErrPass, p.Node, cut(name))
	case !p.Expires.Add(Grace).After(now):
		return Pass{}, fmt.Errorf("%w: that of %s, on %s", ErrPassExpired, p.Node, stamp(p.Expires))
	}
	return p, nil
}

// PeekPass reads a pass without verifying it: one's own.
func PeekPass(raw []byte) (Pass, error) {
	if len(raw) != PassSize || raw[0] != 1 {
		return Pass{}, fmt.Errorf("%w: %d bytes", ErrPass, len(raw))
	}
	return decodePass(raw)
}

// decodePass reads what encode wrote, and nothing else.
func decodePass(raw []byte) (Pass, error) {
	siret := binary.BigEndian.Uint64(raw[1:])
	p := Pass{Node: fmt.Sprintf("%014d", siret), Key: Fingerprint(raw[11:27])}
	if n := binary.BigEndian.Uint16(raw[9:]); n != 0 {
		p.Node += "-" + strconv.Itoa(int(n))
	}
	if _, err := territory.ParseNodeID(p.Node); err != nil {
		return Pass{}, fmt.Errorf("%w: %w", ErrPass, err)
	}
	expires := binary.BigEndian.Uint64(raw[27:])
	if expires == 0 || expires > 1<<36 { // the year 4147
		return Pass{}, fmt.Errorf("%w: it expires at an impossible time", ErrPass)
	}
	p.Expires = time.Unix(int64(expires), 0).UTC()
	ip, port := netip.AddrFrom16([16]byte(raw[35:51])), binary.BigEndian.Uint16(raw[51:])
	if !ip.IsUnspecified() {
		p.Addr = netip.AddrPortFrom(ip.Unmap(), port)
	} else if port != 0 {
		return Pass{}, fmt.Errorf("%w: a port without an address", ErrPass)
	}
	return p, nil
}

// At checks that a member that advertises addr may use this pass.
func (p Pass) At(addr netip.AddrPort) error {
	have := netip.AddrPortFrom(addr.Addr().Unmap(), addr.Port())
	if p.Addr.IsValid() && p.Addr != have {
		return fmt.Errorf("%w: %s at %s, its pass is for %s (a node that moved asks its hub for a new one when it starts)", ErrPassAddress, p.Node, have, p.Addr)
	}
	return nil
}
