package federation

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"pgregory.net/rapid"
)

func joinRequest(t testing.TB) (testKey, Request) {
	t.Helper()
	k := keyFrom(t, rennes, 0, 1)
	return k, Request{
		Do: Join, To: regionID, Node: rennes, Key: k.text, At: noon, Nonce: bytes.Repeat([]byte{9}, NonceSize),
		Token: bytes.Repeat([]byte{7}, TokenSize), Level: "commune", Territory: "fr:commune:35238", Name: "Ville de Rennes", Gossip: 7946,
	}
}

func TestARequestHoldsForMinutesAtOneHub(t *testing.T) {
	k, r := joinRequest(t)
	raw, err := SignRequest(r, k.signer)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		to   string
		now  time.Time
		want error
	}{
		"at once":                        {regionID, noon, nil},
		"five minutes later":             {regionID, noon.Add(5 * time.Minute), nil},
		"five minutes before":            {regionID, noon.Add(-5 * time.Minute), nil},
		"later than that":                {regionID, noon.Add(5*time.Minute + time.Second), ErrClock},
		"earlier than that":              {regionID, noon.Add(-5*time.Minute - time.Second), ErrClock},
		"at another hub":                 {nationID, noon, ErrAudience},
		"at another hub and too late":    {nationID, noon.AddDate(1, 0, 0), ErrAudience},
		"at a hub that has no id at all": {"", noon, ErrAudience},
	} {
		if _, err := OpenRequest(raw, c.to, c.now); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	for i := range raw {
		bad := bytes.Clone(raw)
		bad[i] ^= 1
		if _, err := OpenRequest(bad, regionID, noon); err == nil {
			t.Fatalf("byte %d changed: accepted", i)
		}
	}
	if raw, err = SignRequest(r, keyFrom(t, rennes, 0, 2).signer); err == nil {
		if _, err = OpenRequest(raw, regionID, noon); !errors.Is(err, ErrBadSignature) {
			t.Errorf("signed by another key: %v", err)
		}
	}
}

// To change its key a node shows that it has both.
func TestRotationIsSignedByBothKeys(t *testing.T) {
	k, r := joinRequest(t)
	fresh := keyFrom(t, rennes, 0, 3)
	r = Request{Do: Rotate, To: r.To, Node: r.Node, Key: r.Key, At: r.At, Nonce: r.Nonce, NewKey: fresh.text}
	for name, c := range map[string]struct {
		by []note.Signer
		ok bool
	}{
		"both":               {[]note.Signer{k.signer, fresh.signer}, true},
		"the old one only":   {[]note.Signer{k.signer}, false},
		"the new one only":   {[]note.Signer{fresh.signer}, false},
		"in the other order": {[]note.Signer{fresh.signer, k.signer}, false},
		"both and a third":   {[]note.Signer{k.signer, fresh.signer, keyFrom(t, rennes, 0, 4).signer}, false},
	} {
		raw, err := SignRequest(r, c.by...)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := OpenRequest(raw, regionID, noon); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
	r.NewKey = keyFrom(t, brest, 0, 3).text
	if _, err := SignRequest(r, k.signer); !errors.Is(err, ErrBadNote) {
		t.Errorf("another node's key: %v", err)
	}
}

func TestRequestsThatAreNotSigned(t *testing.T) {
	k, good := joinRequest(t)
	for name, change := range map[string]func(*Request){
		"an unknown thing to do": func(r *Request) { r.Do = "dance" },
		"another node's key":     func(r *Request) { r.Key = keyFrom(t, brest, 0, 2).text },
		"no audience":            func(r *Request) { r.To = "" },
		"a short nonce":          func(r *Request) { r.Nonce = r.Nonce[:8] },
		"a short token":          func(r *Request) { r.Token = r.Token[:8] },
		"no level":               func(r *Request) { r.Level = "" },
		"no territory":           func(r *Request) { r.Territory = "" },
		"no name":                func(r *Request) { r.Name = "" },
		"an impossible port":     func(r *Request) { r.Gossip = 70000 },
		"half seconds":           func(r *Request) { r.At = r.At.Add(time.Second / 2) },
		"a token to renew":       func(r *Request) { r.Do = Renew },
		"another's authority":    func(r *Request) { r.Authority = authorityFrom(t, brest, 1).Key() },
	} {
		r := good
		change(&r)
		if _, err := SignRequest(r, k.signer); !errors.Is(err, ErrBadNote) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Whatever the order, no request is taken twice while it could be valid, and
// none is refused that was not made before.
func TestAReplayIsRefused(t *testing.T) {
	_, r := joinRequest(t)
	rapid.Check(t, func(rt *rapid.T) {
		var p Replays
		now := noon
		seen := map[uint64]time.Time{}
		for range rapid.IntRange(1, 100).Draw(rt, "n") {
			now = now.Add(time.Duration(rapid.IntRange(0, 120).Draw(rt, "wait")) * time.Second)
			n := rapid.Uint64Range(0, 20).Draw(rt, "nonce")
			r.Nonce = binary.BigEndian.AppendUint64(make([]byte, 8), n)
			at, before := seen[n]
			err := p.See(r, now)
			switch {
			case !before && err != nil:
				rt.Fatalf("first time: %v", err)
			case before && now.Sub(at) <= 2*RequestSkew && !errors.Is(err, ErrReplay):
				rt.Fatalf("again after %s: %v", now.Sub(at), err)
			case err == nil:
				seen[n] = now
			}
		}
	})
}

func TestOneNodeDoesNotFillTheMemory(t *testing.T) {
	_, r := joinRequest(t)
	var p Replays
	for n := range uint64(noncesPerNode) {
		r.Nonce = binary.BigEndian.AppendUint64(make([]byte, 8), n)
		if err := p.See(r, noon); err != nil {
			t.Fatal(err)
		}
	}
	r.Nonce = bytes.Repeat([]byte{255}, NonceSize)
	if err := p.See(r, noon); !errors.Is(err, ErrBusy) || !strings.Contains(err.Error(), "later") {
		t.Errorf("one more: %v", err)
	}
	other := r
	other.Node = brest
	if err := p.See(other, noon); err != nil {
		t.Errorf("somebody else's: %v", err)
	}
	if err := p.See(r, noon.Add(replayedFor)); err != nil {
		t.Errorf("later: %v", err)
	}
}

func FuzzOpenRequest(f *testing.F) {
	k, r := joinRequest(f)
	raw, err := SignRequest(r, k.signer)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Fuzz(func(t *testing.T, b []byte) {
		if r, err := OpenRequest(b, regionID, noon); err == nil && r.check() != nil {
			t.Fatalf("accepted %q", b)
		}
	})
}
