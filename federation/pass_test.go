package federation

import (
	"bytes"
	"errors"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"pgregory.net/rapid"
)

// pass is a good one of Rennes in the pool of the région.
func pass(t testing.TB) (hub []note.Verifier, raw []byte, p Pass) {
	t.Helper()
	k := keyFrom(t, regionID, 0, 22)
	v, err := NewVerifier(k.text, regionID, 0)
	if err != nil {
		t.Fatal(err)
	}
	p = Pass{
		Node: rennes + "-2", Key: FingerprintOf(keyFrom(t, rennes+"-2", 0, 1).text),
		Expires: noon.AddDate(0, 0, 90), Addr: netip.MustParseAddrPort("192.0.2.7:7946"),
	}
	raw, err = IssuePass(k.signer, p)
	if err != nil {
		t.Fatal(err)
	}
	return []note.Verifier{v}, raw, p
}

func TestAPassIsBoundToNodeKeyAndAddress(t *testing.T) {
	hub, raw, want := pass(t)
	if len(raw) != PassSize || PassSize > 200 {
		t.Errorf("%d bytes", len(raw))
	}
	got, err := OpenPass(raw, hub, want.Node, noon)
	if err != nil || got != want {
		t.Fatalf("%+v, %v, want %+v", got, err, want)
	}
	if err := got.At(netip.MustParseAddrPort("[::ffff:192.0.2.7]:7946")); err != nil {
		t.Error(err)
	}
	for _, elsewhere := range []string{"192.0.2.8:7946", "192.0.2.7:7947", "[2001:db8::1]:7946"} {
		if err := got.At(netip.MustParseAddrPort(elsewhere)); !errors.Is(err, ErrPassAddress) {
			t.Errorf("used at %s: %v", elsewhere, err)
		}
	}
	if _, err := OpenPass(raw, hub, rennes, noon); !errors.Is(err, ErrPass) {
		t.Error("shown by another member:", err)
	}
	if _, err := OpenPass(raw, nil, want.Node, noon); !errors.Is(err, ErrPass) {
		t.Error("of another hub:", err)
	}
	if _, err := OpenPass(raw, hub, want.Node, want.Expires.Add(Grace-time.Second)); err != nil {
		t.Error("in the day of grace:", err)
	}
	if _, err := OpenPass(raw, hub, want.Node, want.Expires.Add(Grace)); !errors.Is(err, ErrPassExpired) {
		t.Error("after it:", err)
	}
	for i := range raw {
		bad := bytes.Clone(raw)
		bad[i] ^= 1
		if _, err := OpenPass(bad, hub, want.Node, noon); err == nil {
			t.Fatalf("byte %d changed: accepted", i)
		}
	}
}

func TestEveryPassComesBack(t *testing.T) {
	k := keyFrom(t, regionID, 0, 22)
	v, err := NewVerifier(k.text, regionID, 0)
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(rt *rapid.T) {
		p := Pass{
			Node:    rapid.SampledFrom([]string{rennes, brest, rennes + "-2", brest + "-999"}).Draw(rt, "node"),
			Key:     Fingerprint(rapid.SliceOfN(rapid.Byte(), FingerprintSize, FingerprintSize).Draw(rt, "key")),
			Expires: time.Unix(rapid.Int64Range(1, 1<<36).Draw(rt, "expires"), 0).UTC(),
		}
		if rapid.Bool().Draw(rt, "bound") {
			ip := [4]byte(rapid.SliceOfN(rapid.ByteRange(1, 255), 4, 4).Draw(rt, "ip"))
			p.Addr = netip.AddrPortFrom(netip.AddrFrom4(ip), rapid.Uint16().Draw(rt, "port"))
		}
		raw, err := IssuePass(k.signer, p)
		if err != nil {
			rt.Fatal(err)
		}
		if got, err := OpenPass(raw, []note.Verifier{v}, p.Node, time.Unix(0, 0)); err != nil || got != p {
			rt.Fatalf("%+v, %v, want %+v", got, err, p)
		}
	})
}

func FuzzOpenPass(f *testing.F) {
	hub, raw, p := pass(f)
	f.Add(raw)
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := OpenPass(b, hub, p.Node, noon); err == nil && !bytes.Equal(b[:PassSize-64], raw[:PassSize-64]) {
			t.Fatalf("accepted %x", b)
		}
	})
}
