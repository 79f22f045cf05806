// Package repair makes the books of two members equal: this one's, and that
// of a member reached over HTTP. They compare digests (2 kB); the notes of the
// buckets that differ are fetched, and, if the other is a hub, what it lacks
// is given to it.
//
// What two books hold may differ for good: one trusts a key and the other
// does not, one is full, one was refused. So a repair never insists. It is
// bounded by what one visit may fetch and give, a note that was refused is
// not given again, and how often it is done is the caller's to say.
//
// It is the procedure only, over two small interfaces; the node has them over
// its pool and its HTTP client, the simulation over a modelled network.
package repair

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"

	"maillon/federation"
)

// A Book is what this member holds.
type Book interface {
	Digest() federation.Digest
	NotesIn(buckets []byte) [][]byte
	// Receive takes a note that nobody has verified yet, and reports whether
	// it was news.
	Receive(note []byte) (fresh bool)
}

// A Peer is another member. Its answers are bounded by whoever implements it,
// in bytes and time.
type Peer interface {
	Digest(ctx context.Context) (federation.Digest, error)
	// NotesIn fetches what the peer holds in at most federation.MaxBuckets buckets.
	NotesIn(ctx context.Context, buckets []byte) ([][]byte, error)
}

// A Hub is a peer that takes announcements.
type Hub interface {
	Peer
	// Give posts a note. refused says that the hub does not want it.
	Give(ctx context.Context, note []byte) (refused bool, err error)
}

// Result says what a repair did.
type Result struct {
	Buckets int // that differed
	Fetched int // notes fetched
	Fresh   int // … that were news here
	Given   int // notes given
}

// Bounds of one repair.
const (
	maxFetch = 8192 // notes
	maxGive  = 256  // notes; what is left over is given next time, or by others
)

// Fetch takes what the peer holds in the buckets.
func Fetch(ctx context.Context, b Book, p Peer, buckets []byte) (Result, error) {
	res, _, err := fetch(ctx, b, p, buckets)
	return res, err
}

// fetch also returns what the peer holds.
func fetch(ctx context.Context, b Book, p Peer, buckets []byte) (Result, map[[32]byte]bool, error) {
	res, theirs := Result{Buckets: len(buckets)}, map[[32]byte]bool{}
	for some := range slices.Chunk(buckets, federation.MaxBuckets) {
		notes, err := p.NotesIn(ctx, some)
		if err != nil {
			return res, theirs, fmt.Errorf("fetch %d buckets: %w", len(some), err)
		}
		for _, note := range notes {
			if res.Fetched++; res.Fetched > maxFetch {
				return res, theirs, fmt.Errorf("fetch %d buckets: more than %d notes", len(buckets), maxFetch)
			}
			theirs[sha256.Sum256(note)] = true
			if b.Receive(note) {
				res.Fresh++
			}
		}
	}
	return res, theirs, nil
}

// A Pair is this member and its hub. It remembers what the hub refused.
type Pair struct {
	mu      sync.Mutex
	refused map[[32]byte]bool
	settled [32]byte // the own note that needs no more care
}

// maxRefused bounds that memory.
const maxRefused = 4096

// Run makes both equal, as far as each lets it. own is the newest note of
// this member, given before any other; nil if it has none.
func (r *Pair) Run(ctx context.Context, b Book, h Hub, own []byte) (Result, error) {
	theirs, err := h.Digest(ctx)
	if err != nil {
		return Result{}, fmt.Errorf("digest: %w", err)
	}
	ours := b.Digest()
	diff := ours.Differ(&theirs)
	res, has, err := fetch(ctx, b, h, diff)
	if err != nil {
		return res, err
	}
	err = r.give(ctx, h, r.lacking(b.NotesIn(diff), has, own), &res)
	return res, err
}

// Own makes sure that the hub holds the newest announcement of a node that
// keeps no book of the pool itself: a light member. Once it does, nothing is
// asked until there is a newer one: light members are many.
func (r *Pair) Own(ctx context.Context, h Hub, node string, own []byte) (Result, error) {
	sum := sha256.Sum256(own)
	r.mu.Lock()
	settled := own == nil || r.settled == sum
	r.mu.Unlock()
	if settled {
		return Result{}, nil
	}
	notes, err := h.NotesIn(ctx, []byte{federation.BucketOf(node)})
	if err != nil {
		return Result{}, fmt.Errorf("fetch the own bucket: %w", err)
	}
	res := Result{Fetched: len(notes)}
	theirs := map[[32]byte]bool{}
	for _, note := range notes {
		theirs[sha256.Sum256(note)] = true
	}
	if err := r.give(ctx, h, r.lacking([][]byte{own}, theirs, own), &res); err != nil {
		return res, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.settled = sum
	return res, nil
}

// give posts notes, and remembers what is refused.
func (r *Pair) give(ctx context.Context, h Hub, notes [][]byte, res *Result) error {
	for _, note := range notes {
		refused, err := h.Give(ctx, note)
		if err != nil {
			return fmt.Errorf("give: %w", err)
		}
		if refused {
			r.remember(note)
		} else {
			res.Given++
		}
	}
	return nil
}

// lacking chooses what to give: the own note first, the rest by chance, so
// that members that repair at the same time do not all give the same.
func (r *Pair) lacking(ours [][]byte, theirs map[[32]byte]bool, own []byte) [][]byte {
	rand.Shuffle(len(ours), func(i, j int) { ours[i], ours[j] = ours[j], ours[i] })
	r.mu.Lock()
	defer r.mu.Unlock()
	var out [][]byte
	for _, note := range ours {
		switch sum := sha256.Sum256(note); {
		case theirs[sum] || r.refused[sum]:
		case bytes.Equal(note, own):
			out = slices.Insert(out, 0, note)
		default:
			out = append(out, note)
		}
	}
	return out[:min(len(out), maxGive)]
}

func (r *Pair) remember(note []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.refused == nil || len(r.refused) >= maxRefused {
		r.refused = map[[32]byte]bool{}
	}
	r.refused[sha256.Sum256(note)] = true
}
