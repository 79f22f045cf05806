package node

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"maillon/catalog/entry"
	"maillon/store"
	"maillon/store/journal"
	"maillon/store/view"
)

// bgContext is for reading the own journal while the node is opened.
var bgContext = context.Background()

// runStatements is the clerk of a hub: it appends to the own journal whom the
// hub admitted and which heads it verified.
func (n *Node) runStatements(ctx context.Context) error {
	tick := time.NewTicker(stateEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		case <-n.bells.state:
			if !sleep(ctx, n.cfg.Federation.Debounce) {
				return nil
			}
		}
		if err := n.stateNow(ctx); err != nil && ctx.Err() == nil && !errors.Is(err, store.ErrReadOnly) {
			return err
		}
	}
}

// stateNow appends what is true and not yet said. When it returns nil, all of
// it is on disk.
func (n *Node) stateNow(ctx context.Context) error {
	n.stating.Lock()
	defer n.stating.Unlock()
	if err := n.head.ready(); err != nil {
		return err
	}
	done, err := n.statements()
	if err != nil {
		return fmt.Errorf("write a statement: %w", err)
	}
	if len(done.entries) == 0 {
		return nil
	}
	if err := n.desk.State(ctx, done.entries); err != nil {
		return fmt.Errorf("append statements: %w", err)
	}
	done.mark(n.roster)
	n.grew()
	return nil
}

// grew tells the other tasks that the own journal has new entries.
func (n *Node) grew() {
	ring(n.bells.views)
	ring(n.bells.announce)
	ring(n.bells.cosign)
}

// A statementBatch is what the clerk is about to say.
type statementBatch struct {
	entries []entry.Entry
	members []entry.Member
	heads   map[headKey]uint64
}

// mark records that the batch is in the journal.
func (b statementBatch) mark(r *roster) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, m := range b.members {
		if r.heard[m.Node] {
			r.pace.Allow(m.Node, r.n.now())
		}
		switch {
		case m.Hub != "": // told by a hub below: repeated as it was
			r.members[m.Node] = m
		case sameMember(r.members[m.Node], m): // else it changed again meanwhile
			delete(r.unsaid, m.Node)
			delete(r.heard, m.Node)
		}
	}
	for k, size := range b.heads {
		r.heads[k] = size
	}
}

// statements collects what is true and not yet said: members first, so that
// whoever follows this journal knows a key before a head that it signed.
func (n *Node) statements() (statementBatch, error) {
	b := statementBatch{heads: map[headKey]uint64{}}
	at := n.now().UTC().Truncate(time.Second)
	n.roster.mu.Lock()
	for node := range n.roster.unsaid {
		if n.roster.heard[node] && !n.roster.pace.Room(node, n.now()) {
			continue // it is tried again with every tick
		}
		b.members = append(b.members, n.roster.members[node])
	}
	n.roster.mu.Unlock()
	told, err := n.indirect()
	if err != nil {
		return b, err
	}
	for _, m := range told {
		if old, ok := n.roster.member(m.Node); !ok || (old.Hub != "" && !sameMember(old, m)) {
			b.members = append(b.members, m)
		}
	}
	slices.SortFunc(b.members, func(x, y entry.Member) int { return strings.Compare(x.Node, y.Node) })
	for _, m := range b.members {
		if err := b.add(entry.KindMember, m.Node, m, at); err != nil {
			return b, err
		}
	}
	return b, n.headStatements(&b, at)
}

// indirect lists the members of the hubs below, as those hubs tell of them.
func (n *Node) indirect() ([]entry.Member, error) {
	if n.below == nil {
		return nil, nil
	}
	told, err := n.views.Members()
	if err != nil {
		return nil, err
	}
	self := n.cfg.ID.String()
	var out []entry.Member
	for _, t := range told {
		if t.Speaker == self || t.Member.Node == self {
			continue
		}
		m := t.Member
		if err := n.told(t.Speaker, m); err != nil {
			n.log.Debug().Err(err).Str("hub", t.Speaker).Msg("what a hub tells of a member is not believed")
			continue
		}
		if m.Hub == "" {
			m.Hub = t.Speaker
		}
		out = append(out, m)
	}
	return out, nil
}

// headStatements adds a statement for each mirror that has grown since the last.
func (n *Node) headStatements(b *statementBatch, at time.Time) error {
	for _, j := range n.mirrors.all() {
		log, ok := n.mirrorOf(j)
		if !ok || log.Size() == 0 {
			continue
		}
		key := headKey{j.Node, j.Epoch}
		cp := log.Checkpoint()
		size := checkpointSize(string(cp))
		n.roster.mu.Lock()
		said := n.roster.heads[key]
		n.roster.mu.Unlock()
		if size <= said {
			continue
		}
		if err := b.add(entry.KindHead, j.Node, entry.Head{Node: j.Node, Epoch: j.Epoch, Checkpoint: string(cp)}, at); err != nil {
			return err
		}
		b.heads[key] = size
	}
	return nil
}

func (n *Node) mirrorOf(j view.Journal) (l mirrorLog, ok bool) {
	n.mirrors.mu.RLock()
	defer n.mirrors.mu.RUnlock()
	log, ok := n.mirrors.logs[j]
	return log, ok
}

// mirrorLog is what the clerk needs of a mirror.
type mirrorLog interface {
	Size() uint64
	Checkpoint() []byte
}

func (b *statementBatch) add(kind, key string, what any, at time.Time) error {
	body, err := json.Marshal(what)
	if err != nil {
		return err
	}
	e, err := entry.NewStatement(rand.Reader, kind, key, body, at)
	if err != nil {
		return err
	}
	b.entries = append(b.entries, e)
	return nil
}

// checkpointSize reads the tree size from a signed checkpoint that was
// verified before; 0 if it has none.
func checkpointSize(cp string) uint64 {
	size, err := journal.SizeOf([]byte(cp))
	if err != nil {
		return 0
	}
	return size
}

func beUint64(b []byte) uint64    { return binary.BigEndian.Uint64(b) }
func bePutUint64(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

// sleep waits for d, or returns false if ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
