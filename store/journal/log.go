package journal

import (
	"errors"
	"fmt"
	"sync/atomic"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"maillon/store"
)

// A Log is an own journal or a mirror. All methods may be called from any
// goroutine; there is one [Writer] at a time. A process opens a journal once.
type Log struct {
	db     store.DB
	node   string
	epoch  int
	origin string
	key    note.Verifier

	pub   atomic.Pointer[state]
	cache cache

	writing chan struct{} // holds one token, which the writer takes
	stale   bool          // the store may differ from pub; guarded by writing
	cut     uint64
}

// Open opens the journal of node and epoch, empty if the store has none.
// v verifies its checkpoints; its name must be the journal's [Origin].
//
// Entries beyond the last checkpoint are cut off (see [Log.Cut]). The tree's
// right edge must hash to the checkpoint's root. A store that is read-only
// is not cut: the tail is just not seen.
func Open(db store.DB, node string, epoch int, v note.Verifier) (*Log, error) {
	if err := checkName(node, epoch); err != nil {
		return nil, fmt.Errorf("open journal: %w", err)
	}
	l := &Log{db: db, node: node, epoch: epoch, origin: Origin(node, epoch), key: v, writing: make(chan struct{}, 1)}
	if v.Name() != l.origin {
		return nil, fmt.Errorf("open journal %s: the key is named %s", l.origin, v.Name())
	}
	l.writing <- struct{}{}
	if err := l.reload(); err != nil {
		return nil, fmt.Errorf("open journal %s: %w", l.origin, err)
	}
	return l, nil
}

// reload publishes what the store holds, after cutting the tail. It is
// called by whoever holds the token, or by Open.
func (l *Log) reload() error {
	l.stale = true
	s, stored, err := l.stored()
	if err != nil {
		return err
	}
	if stored > s.size {
		err := l.db.Update(func(tx store.Tx) error { return l.in(tx).cutTo(s.size) })
		switch {
		case err == nil:
			l.cut += stored - s.size
		case !errors.Is(err, store.ErrReadOnly):
			return fmt.Errorf("cut the tail at %d: %w", s.size, err)
		}
	}
	err = l.db.View(func(tx store.Tx) error { return l.in(tx).checkRoot(s) })
	if err != nil {
		return err
	}
	if was := l.pub.Load(); was != nil && s.size < was.size {
		return damaged("%d entries were published, the store has %d", was.size, s.size)
	}
	if err := l.sweepAll(); err != nil && !errors.Is(err, store.ErrReadOnly) {
		return err
	}
	l.pub.Store(s)
	l.stale = false
	return nil
}

// stored reads the last checkpoint, and how many entries the store has.
func (l *Log) stored() (s *state, size uint64, err error) {
	var text []byte
	err = l.db.View(func(tx store.Tx) error {
		p := l.in(tx)
		text = append(text, p.bucket("meta").Get(checkpointKey)...)
		size, err = p.size()
		return err
	})
	if err != nil {
		return nil, 0, err
	}
	if len(text) == 0 {
		empty, err := tlog.TreeHash(0, nil)
		return &state{root: empty}, size, err
	}
	if s, err = parseCheckpoint(text, l.origin, l.key); err != nil {
		return nil, 0, err
	}
	if size < s.size {
		return nil, 0, damaged("%d entries are stored, the checkpoint is of %d", size, s.size)
	}
	return s, size, nil
}

func (p part) checkRoot(s *state) error {
	h, err := p.head(s.size)
	if err != nil {
		return err
	}
	switch r, err := h.root(); {
	case err != nil:
		return err
	case r != s.root:
		return damaged("the tree of %d entries has root %s, the checkpoint says %s", s.size, r, s.root)
	}
	return nil
}

// Node is the id of the journal's owner.
func (l *Log) Node() string { return l.node }

// Verifier is the key that the log's checkpoints are verified with.
func (l *Log) Verifier() note.Verifier { return l.key }

// Epoch is the journal's epoch.
func (l *Log) Epoch() int { return l.epoch }

// Size is the number of published entries.
func (l *Log) Size() uint64 { return l.pub.Load().size }

// Root is the root hash of the published tree.
func (l *Log) Root() [32]byte { return l.pub.Load().root }

// Checkpoint is the published signed note, byte for byte; nil before the
// first one. It must not be changed.
func (l *Log) Checkpoint() []byte { return l.pub.Load().checkpoint }

// Cut says how many entries were cut off since the log was opened, then
// included: entries that were stored but never published.
func (l *Log) Cut() uint64 {
	<-l.writing
	defer func() { l.writing <- struct{}{} }()
	return l.cut
}
