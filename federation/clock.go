package federation

import (
	"errors"
	"maps"
	"time"
)

// NextSeq is the number of a node's next announcement: last + 1, but at least
// the time in seconds, so that a lost store does no harm.
//
// A last that is further ahead of the clock than anyone accepts comes from
// when the clock was wrong: it is not continued, since the node would be
// unheard until that time has come. No node whose clock is right has taken
// it; one that has, in an error of both, forgets it ([Book.DropFuture]).
func NextSeq(last uint64, now time.Time) uint64 {
	seq := uint64(max(now.Unix(), 1))
	if last < uint64(max(now.Add(MaxSkew).Unix(), 1)) {
		seq = max(seq, last+1)
	}
	return seq
}

// DropFuture forgets what the book holds of a node that [Open] would refuse
// as from the future: it was taken while the reader's clock was wrong, and
// would hide all that the node says until that time has come.
func (b *Book) DropFuture(node string, now time.Time) {
	keys := b.nodes[node]
	maps.DeleteFunc(keys, func(_ string, a Announcement) bool { return errors.Is(a.timely(now), ErrFuture) })
	if len(keys) == 0 {
		delete(b.nodes, node)
	}
}
