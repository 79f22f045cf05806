package node

import (
	"context"
	"sync"
	"time"
)

// Bounds of a rush.
const (
	rushEntries = 4096            // so many entries ahead are many
	rushLately  = 5 * time.Second // that much came in so long ago is now
	rushMost    = time.Hour       // what waits for the end of a rush waits no longer
	rushLook    = 500 * time.Millisecond
)

// A rush is the time in which a node takes in far more than a change: when it begins
// with nothing, comes back, or makes its views again. What is made of the views as a
// whole (the index, the files) is made once it is over, not again and again meanwhile.
//
// Entries that are only announced count while many do come in, so that nobody can have
// others wait by announcing what never comes.
type rush struct {
	mu     sync.Mutex
	fetch  uint64    // entries announced or stated by those that answer, and not mirrored
	take   uint64    // entries mirrored, and not in the views
	lately time.Time // many were taken in last
	since  time.Time // it goes on since then; zero if there is none
}

// announced sets how many entries are to be fetched.
func (r *rush) announced(entries uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fetch = entries
}

// begin says that the views begin to take in so many entries; end, that they have.
func (r *rush) begin(entries uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.take = entries
}

func (r *rush) end(now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.take >= rushEntries/4 {
		r.lately = now
	}
	r.take = 0
}

// on reports whether there is a rush, and has not been for too long.
func (r *rush) on(now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.take <= rushEntries && (r.fetch <= rushEntries || r.lately.IsZero() || now.Sub(r.lately) > rushLately) {
		r.since = time.Time{}
		return false
	}
	if r.since.IsZero() {
		r.since = now
	}
	return now.Sub(r.since) < rushMost
}

// Rushing reports whether the node takes in far more than a change just now.
func (n *Node) Rushing() bool { return n.rush.on(time.Now()) }

// calm waits for the end of a rush. It is false if ctx ends first.
func (r *rush) calm(ctx context.Context) bool {
	for r.on(time.Now()) {
		if !sleep(ctx, rushLook) {
			return false
		}
	}
	return ctx.Err() == nil
}
