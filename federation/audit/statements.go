package audit

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"maillon/catalog/entry"
	"maillon/federation"
	"maillon/federation/follow"
)

// A telling is what a node has stated in its signed journal: whom it admits
// and the newest head that it verified of each. It is a [follow.Mirror] that
// keeps nothing else, and counts what it is shown.
type telling struct {
	members map[string]entry.Member
	heads   map[journalID]string // newest stated, a signed note
	read    Account
}

type journalID struct {
	node  string
	epoch int
}

// maxStated bounds the members of one node.
const maxStated = 200_000

// Size implements follow.Mirror: everything is fetched.
func (*telling) Size() uint64 { return 0 }

// Checkpoint implements follow.Mirror.
func (*telling) Checkpoint() []byte { return nil }

// Extend implements follow.Mirror: it takes the statements out.
func (t *telling) Extend(_ context.Context, _ []byte, batches iter.Seq2[[]entry.Entry, error]) error {
	for batch, err := range batches {
		if err != nil {
			return err
		}
		for _, e := range batch {
			if err := t.take(e); err != nil {
				return err
			}
		}
	}
	return nil
}

func (t *telling) take(e entry.Entry) error {
	h, err := e.Parse()
	if err != nil {
		return err
	}
	t.read.Entries++
	switch h.Op {
	case entry.Put:
		t.read.Puts++
	case entry.Withdraw:
		t.read.Withdraws++
	case entry.Redact:
		t.read.Redacts++
	case entry.Statement:
		t.read.Statements++
	default:
		t.read.Unknown++
	}
	if h.Op != entry.Statement || e.Body == nil || t.members == nil {
		return nil
	}
	switch h.Kind {
	case entry.KindMember:
		if m, err := entry.ParseMember(e.Body); err == nil { // else its speaker signed nonsense
			if t.members[m.Node] = m; len(t.members) > maxStated {
				return fmt.Errorf("more than %d members", maxStated)
			}
		}
	case entry.KindHead:
		if hd, err := entry.ParseHead(e.Body); err == nil && len(t.heads) < 2*maxStated {
			t.heads[journalID{hd.Node, hd.Epoch}] = hd.Checkpoint
		}
	}
	return nil
}

// statements reads the journal of a node from its first entry.
func statements(ctx context.Context, c *follow.Client, base string, k *federation.Ring) (*telling, error) {
	t := &telling{members: map[string]entry.Member{}, heads: map[journalID]string{}}
	_, err := c.Follow(ctx, base+"/journal", k, t)
	if err != nil {
		return nil, fmt.Errorf("read the journal of %s: %w", base, err)
	}
	return t, nil
}

// sorted lists the members by node id.
func (t *telling) sorted() []entry.Member {
	out := make([]entry.Member, 0, len(t.members))
	for _, m := range t.members {
		out = append(out, m)
	}
	slices.SortFunc(out, func(a, b entry.Member) int {
		if a.Node < b.Node {
			return -1
		}
		return 1
	})
	return out
}
