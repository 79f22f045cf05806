package repair

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"maillon/federation"
)

// A shelf stands for a book: notes by bucket of their hash, none replacing
// another. What it does not want it refuses.
type shelf struct {
	notes  map[string]bool
	unwant map[string]bool
	broken error
	asked  []int // buckets of each request
	given  []string
}

func newShelf(notes ...string) *shelf {
	s := &shelf{notes: map[string]bool{}, unwant: map[string]bool{}}
	for _, n := range notes {
		s.notes[n] = true
	}
	return s
}

func (s *shelf) digest() (d federation.Digest) {
	for n := range s.notes {
		sum := sha256.Sum256([]byte(n))
		d[sum[0]] ^= binary.BigEndian.Uint64(sum[:])
	}
	return d
}

func (s *shelf) in(buckets []byte) (out [][]byte) {
	for _, n := range slices.Sorted(maps.Keys(s.notes)) {
		if slices.Contains(buckets, sha256.Sum256([]byte(n))[0]) {
			out = append(out, []byte(n))
		}
	}
	return out
}

func (s *shelf) Receive(note []byte) bool {
	if s.unwant[string(note)] || s.notes[string(note)] {
		return false
	}
	s.notes[string(note)] = true
	return true
}

func (s *shelf) Digest() federation.Digest { return s.digest() }
func (s *shelf) NotesIn(b []byte) [][]byte { return s.in(b) }

// distant is a shelf seen over a network.
type distant struct{ *shelf }

func (d distant) Digest(context.Context) (federation.Digest, error) { return d.digest(), d.broken }

func (d distant) NotesIn(_ context.Context, b []byte) ([][]byte, error) {
	d.asked = append(d.asked, len(b))
	return d.in(b), d.broken
}

func (d distant) Give(_ context.Context, note []byte) (bool, error) {
	d.given = append(d.given, string(note))
	d.Receive(note)
	return d.unwant[string(note)], d.broken
}

func TestRepairMakesBothEqual(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		words := rapid.SliceOfN(rapid.StringN(1, 8, 8), 0, 100)
		here, there := newShelf(words.Draw(rt, "here")...), newShelf(words.Draw(rt, "there")...)
		var p Pair
		res, err := p.Run(t.Context(), here, distant{there}, nil)
		if err != nil || !cmp.Equal(here.notes, there.notes) {
			rt.Fatalf("%v, %d and %d notes", err, len(here.notes), len(there.notes))
		}
		if again, err := p.Run(t.Context(), here, distant{there}, nil); err != nil || again != (Result{}) {
			rt.Fatalf("after %+v, again %+v, %v", res, again, err)
		}
	})
}

func TestOwnNoteIsGivenFirstAndTheRestIsBounded(t *testing.T) {
	here, there := newShelf(), newShelf()
	for i := range 2 * maxGive {
		here.notes[fmt.Sprint(i)] = true
	}
	var p Pair
	res, err := p.Run(t.Context(), here, distant{there}, []byte("17"))
	if err != nil || res.Given != maxGive || there.given[0] != "17" {
		t.Errorf("%+v, %v, first %q", res, err, there.given[0])
	}
	if slices.Max(there.asked) > federation.MaxBuckets {
		t.Errorf("%d buckets in one request", slices.Max(there.asked))
	}
	if _, err := p.Run(t.Context(), here, distant{there}, nil); err != nil || len(there.notes) != 2*maxGive {
		t.Errorf("%v, %d notes after the second", err, len(there.notes))
	}
}

func TestRefusedNoteIsNotGivenAgain(t *testing.T) {
	here, there := newShelf("good", "bad"), newShelf()
	there.unwant["bad"] = true
	var p Pair
	for range 3 {
		if _, err := p.Run(t.Context(), here, distant{there}, nil); err != nil {
			t.Fatal(err)
		}
	}
	if len(there.given) != 2 {
		t.Errorf("given %q", there.given)
	}
}

func TestLightMemberSeesToItsOwnNote(t *testing.T) {
	there := newShelf("other")
	there.unwant["bad"] = true
	var p Pair
	for range 3 {
		for _, own := range [][]byte{nil, []byte("mine"), []byte("bad")} {
			// The shelf's buckets are by note: the node is named like it.
			if _, err := p.Own(t.Context(), distant{there}, string(own), own); err != nil {
				t.Fatal(err)
			}
		}
	}
	if !cmp.Equal(there.given, []string{"mine", "bad"}) || !there.notes["mine"] {
		t.Errorf("given %q", there.given)
	}
	asked := len(there.asked)
	for range 3 {
		if _, err := p.Own(t.Context(), distant{there}, "bad", []byte("bad")); err != nil {
			t.Fatal(err)
		}
	}
	if len(there.asked) != asked {
		t.Error("asked again for what the hub holds, or does not want")
	}
	there.broken = errors.New("unplugged")
	for range 2 {
		if _, err := p.Own(t.Context(), distant{there}, "new", []byte("new")); !errors.Is(err, there.broken) {
			t.Error(err)
		}
	}
}

func TestEndlessPeerIsLeft(t *testing.T) {
	here, there := newShelf(), newShelf()
	for i := range maxFetch + 1 {
		there.notes[fmt.Sprint(i)] = true
	}
	all := make([]byte, federation.DigestBuckets)
	for i := range all {
		all[i] = byte(i)
	}
	if _, err := Fetch(t.Context(), here, distant{there}, all); err == nil || len(here.notes) > maxFetch {
		t.Errorf("%v after %d notes", err, len(here.notes))
	}
	there.broken = errors.New("unplugged")
	var p Pair
	if _, err := p.Run(t.Context(), here, distant{there}, nil); !errors.Is(err, there.broken) {
		t.Error(err)
	}
	if res, err := Fetch(t.Context(), here, distant{there}, []byte{1}); !errors.Is(err, there.broken) || res.Fresh != 0 {
		t.Errorf("%+v, %v", res, err)
	}
}
