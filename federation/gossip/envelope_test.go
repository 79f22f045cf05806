package gossip

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"maillon/federation"
)

// read collects the notes of an envelope, and whether it ended well.
func read(b []byte) (all []string, ok bool) {
	for it, err := range items(b) {
		if err != nil {
			return all, false
		}
		if it.kind == kindNote {
			all = append(all, string(it.content))
		}
	}
	return all, true
}

func TestEnvelope(t *testing.T) {
	other := []byte{9, 0, 0, 0, 2, 'x', 'x'} // a kind of a later version
	two := appendNote(appendNote(nil, []byte("one")), []byte("two"))
	for name, c := range map[string]struct {
		b    []byte
		want []string
		ok   bool
	}{
		"nothing":                        {nil, nil, true},
		"two notes":                      {two, []string{"one", "two"}, true},
		"an unknown kind is passed over": {slices.Concat(other, two, other), []string{"one", "two"}, true},
		"cut within a note":              {two[:len(two)-1], []string{"one"}, false},
		"cut within a head":              {append(bytes.Clone(two), 1, 0), []string{"one", "two"}, false},
		"a length beyond the end":        {[]byte{1, 0xff, 0xff, 0xff, 0xff, 'x'}, nil, false},
		"a note larger than a packet":    {appendNote(nil, make([]byte, maxNote+1)), nil, false},
		"an exchange beyond the limit":   {make([]byte, maxExchange+1), nil, false},
	} {
		if got, ok := read(c.b); !slices.Equal(got, c.want) || ok != c.ok {
			t.Errorf("%s: %q, %v", name, got, ok)
		}
	}
}

// The vector of docs/protocol.md.
func TestVectorOfTheProtocol(t *testing.T) {
	raw, err := os.ReadFile("../../docs/protocol.md")
	if err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("\n\n    %x\n", appendNote(nil, []byte("abc"))); !strings.Contains(string(raw), want) {
		t.Errorf("docs/protocol.md does not show%s", want)
	}
	var d federation.Digest
	d[0xe8] = 0x1fd9b2a6b0cfc27b
	item := appendDigest(nil, "21350238800019", d)
	head := len(item) - federation.DigestSize
	if want := fmt.Sprintf("\n\n    %x\n", item[:head]); !strings.Contains(string(raw), want) {
		t.Errorf("docs/protocol.md does not show%s", want)
	}
	if zeros := bytes.IndexByte(item[head:], 0x1f); zeros != 1856 || len(item)-head-zeros-8 != 184 {
		t.Errorf("the bucket comes after %d bytes", zeros)
	}
}

func TestExchangeIsBoundedAndGoesRound(t *testing.T) {
	var all [][]byte
	for i := range 1000 {
		all = append(all, fmt.Appendf(nil, "%04d%s", i, bytes.Repeat([]byte("x"), 996)))
	}
	seen := map[string]bool{}
	for dice := 0; dice < len(all); dice += 250 {
		b := exchange(all, dice)
		got, ok := read(b)
		if len(b) > maxExchange || !ok || got[0] != string(all[dice]) {
			t.Fatalf("%d bytes, %v, first %.4s", len(b), ok, got[0])
		}
		for _, n := range got {
			seen[n] = true
		}
	}
	if len(seen) != len(all) {
		t.Errorf("%d of %d were ever handed over", len(seen), len(all))
	}
}

func TestNewerNoteReplacesOneOnItsWay(t *testing.T) {
	a1, a2 := newBroadcast([]byte("1\n\n— maillon/1/0 AAAABxx\n")), newBroadcast([]byte("2\n\n— maillon/1/0 AAAABzz\n"))
	b, x := newBroadcast([]byte("1\n\n— maillon/2/0 AAAABxx\n")), newBroadcast([]byte("1\n\n— maillon/1/0 ZAAABxx\n"))
	if !a2.Invalidates(a1) {
		t.Error("the same signer's older note goes on")
	}
	if b.Invalidates(a1) || x.Invalidates(a1) {
		t.Error("another signer's, or another key's, is replaced")
	}
	if n := newBroadcast([]byte("no signature")); n.Invalidates(n) {
		t.Error("notes without signature replace each other")
	}
}

func TestRejoinWaits(t *testing.T) {
	for _, c := range []struct {
		alone int
		dice  float64
		want  time.Duration
	}{
		{0, 0, 30 * time.Second}, {0, 0.5, time.Minute}, {0, 1, 90 * time.Second},
		{1, 0.5, 6 * time.Second}, {2, 0.5, 12 * time.Second}, {5, 0.5, 96 * time.Second}, {100, 0.5, 10 * time.Minute},
	} {
		if got := rejoinWait(time.Minute, c.alone, c.dice); got != c.want {
			t.Errorf("alone %d times, dice %v: %s, want %s", c.alone, c.dice, got, c.want)
		}
	}
}

func TestRejoinTargets(t *testing.T) {
	p := &Pool{known: map[string]Member{
		"me": {"me", "10.0.0.1:1", true}, "live": {"live", "10.0.0.2:1", true}, "dead": {"dead", "10.0.0.3:1", false},
	}, peers: []string{"10.0.0.2:1", "10.0.0.3:1"}}
	if got := p.rejoinTargets([]string{"10.0.0.2:1", "10.0.0.1:1"}, false); !slices.Equal(got, []string{"10.0.0.3:1"}) {
		t.Errorf("%v, want the dead one only", got)
	}
	if got := p.rejoinTargets([]string{"10.0.0.4:1", "10.0.0.5:1", "10.0.0.6:1"}, true); len(got) != joinAtOnce {
		t.Errorf("alone: %v", got)
	}
}

func TestRememberedPeers(t *testing.T) {
	if got := lastPeers([]string{"a", "b", "", "a"}); !slices.Equal(got, []string{"b", "a"}) {
		t.Error(got)
	}
	var many []string
	for i := range 100 {
		many = append(many, fmt.Sprint(i))
	}
	if got := lastPeers(many); len(got) != maxPeers || got[0] != "36" {
		t.Errorf("%d, from %s", len(got), got[0])
	}
}

func FuzzItems(f *testing.F) {
	f.Add(appendNote(appendNote(nil, []byte("one")), []byte("two")))
	f.Add(appendDigest(nil, "a", federation.Digest{1, 2}))
	f.Add([]byte{9, 0, 0, 0, 1, 'x', 1, 0, 0, 0, 0})
	f.Add([]byte{1, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, b []byte) {
		var again []byte
		size := 0
		for it, err := range items(b) {
			if err != nil {
				return
			}
			if size += len(it.content); it.kind == kindNote && len(it.content) > maxNote || size > len(b) {
				t.Fatal("more than there is")
			}
			if it.kind == kindDigest {
				if peer, d, err := parseDigest(it.content); err == nil && !bytes.Equal(appendDigest(nil, peer, d)[itemHead:], it.content) {
					t.Fatal("a digest reads differently when written again")
				}
			}
			again = appendItem(again, it.kind, it.content)
		}
		first, _ := read(b)
		if second, ok := read(again); !ok || !slices.Equal(first, second) {
			t.Fatal("written again, it reads differently")
		}
	})
}
