// Package follow fetches another node's journal over HTTP, verifies it, and
// hands it to a mirror.
//
// Nothing that a server says is believed. A checkpoint counts if the journal's
// own key signed it; the served tree must contain the tree that the mirror
// holds (else it is a [ForkError], with both checkpoints as evidence); every
// bundle must hash to the signed root and every body to its header, before
// the mirror sees them; a body may only be missing if the journal redacts it.
// So it does not matter who serves a journal: its owner, a hub or a stranger.
//
// A server is also not trusted with this node's time, memory or network:
// every answer is bounded after decompression, must keep a minimum pace, may
// not redirect, and must come from a public address unless
// [Options.AllowPrivate] is set.
package follow

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"

	"maillon/catalog/entry"
)

// A Mirror is a copy of a journal that can be extended.
type Mirror interface {
	// Size is the number of entries held, all under Checkpoint.
	Size() uint64
	// Checkpoint is the newest signed checkpoint held; empty if Size is 0.
	Checkpoint() []byte
	// Extend takes the entries from Size up to those of the checkpoint, and
	// keeps them, with the checkpoint, only if they are complete, hash to its
	// root, and the sequence has yielded no error. The batches are its own.
	Extend(ctx context.Context, checkpoint []byte, batches iter.Seq2[[]entry.Entry, error]) error
}

// A RootKeeper is a [Mirror] that knows its root at earlier sizes. With it a
// shorter history that is another one is told from one that is merely old.
type RootKeeper interface {
	RootAt(size uint64) ([32]byte, error)
}

// A Watcher is a [Mirror] that wants to see checkpoints as they are served,
// with cosignatures, once the owner's signature is verified.
type Watcher interface {
	Saw(served []byte)
}

// Options of a [Client]. Each zero value is a default.
type Options struct {
	AllowPrivate bool   // talk to private and other special addresses too (federation.allow_private)
	UserAgent    string // "" is "maillon"

	Timeout  time.Duration // patience with a silent server; 0 is 30 s
	MinRate  int64         // bytes a second that a server must keep beyond Timeout; 0 is 16 KiB/s
	MaxTime  time.Duration // of one Follow; 0 is an hour
	MaxBytes int64         // of one Follow, after decompression; 0 is 16 GiB
	Fetchers int           // bundles fetched at a time; 0 is 4

	// Transport answers in the place of the network, for resources that are
	// at hand: what was pushed is verified like what is fetched. nil dials.
	Transport http.RoundTripper
}

func (o Options) withDefaults() Options {
	if o.UserAgent == "" {
		o.UserAgent = "maillon"
	}
	if o.Timeout <= 0 {
		o.Timeout = 30 * time.Second
	}
	if o.MinRate <= 0 {
		o.MinRate = 16 << 10
	}
	if o.MaxTime <= 0 {
		o.MaxTime = time.Hour
	}
	if o.MaxBytes <= 0 {
		o.MaxBytes = 16 << 30
	}
	if o.Fetchers <= 0 {
		o.Fetchers = 4
	}
	return o
}

// A Client talks to other nodes. It is safe for concurrent use; two Follow
// calls must not share a mirror.
type Client struct {
	o        Options
	http     *http.Client
	loose    *http.Client // follows redirections
	decoders sync.Pool    // *zstd.Decoder

	mu   sync.Mutex
	tags map[string]tagged // by address of the checkpoint
}

// tagged is a checkpoint as last served, with its entity tag.
type tagged struct {
	etag string
	raw  string
}

// maxTags bounds the checkpoints remembered.
const maxTags = 4096

// Result says what a Follow did.
type Result struct {
	From, To  uint64 // entries in the mirror before and after
	Bytes     int64  // received, as they came over the wire
	Unchanged bool   // the mirror already had it all
}

// Follow brings the mirror up to the checkpoint that is served under base,
// such as https://host/journal or https://host/n/ID/journal, without trailing
// slash. v is the journal's key, whoever serves it. When it fails, the mirror
// is as it was, and the next call begins there.
func (c *Client) Follow(ctx context.Context, base string, v note.Verifier, m Mirror) (Result, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, c.o.MaxTime, fmt.Errorf("following %s took more than %s", base, c.o.MaxTime))
	defer cancel()
	s := &session{c: c, base: base, left: c.o.MaxBytes}
	res, err := s.follow(ctx, v, m)
	res.Bytes = s.received.Load()
	if err != nil && ctx.Err() != nil {
		err = fmt.Errorf("%w: %w", context.Cause(ctx), err)
	}
	return res, err
}

func (s *session) follow(ctx context.Context, v note.Verifier, m Mirror) (Result, error) {
	res := Result{From: m.Size(), To: m.Size()}
	ours, err := held(m, v)
	if err != nil {
		return res, err
	}
	theirs, err := s.checkpoint(ctx, v, ours.Raw)
	if errors.Is(err, errNotModified) {
		res.Unchanged = true
		return res, nil
	}
	if err != nil {
		return res, err
	}
	if w, ok := m.(Watcher); ok {
		w.Saw(theirs.Served)
	}
	switch {
	case theirs.Size < ours.Size:
		return res, behind(ours, theirs, m)
	case theirs.Size == ours.Size && theirs.Root != ours.Root:
		return res, &ForkError{Ours: ours.Raw, Theirs: theirs.Raw}
	case theirs.Size == ours.Size:
		res.Unchanged = true
		return res, nil
	}
	t := newTree(ctx, s, theirs)
	if err := t.contains(ours); err != nil {
		return res, err
	}
	b := &batches{s: s, tree: t, from: ours.Size, to: theirs.Size}
	err = m.Extend(ctx, theirs.Raw, b.all(ctx))
	if b.err != nil {
		return res, b.err
	}
	if err != nil {
		return res, fmt.Errorf("extend the mirror of %s: %w", v.Name(), err)
	}
	res.To = theirs.Size
	return res, nil
}

// behind says what a served checkpoint is that is older than the mirror.
func behind(ours, theirs Checkpoint, m Mirror) error {
	if k, ok := m.(RootKeeper); ok && theirs.Size > 0 {
		root, err := k.RootAt(theirs.Size)
		if err != nil {
			return fmt.Errorf("root of the mirror at %d: %w", theirs.Size, err)
		}
		if root != theirs.Root {
			return &ForkError{Ours: ours.Raw, Theirs: theirs.Raw}
		}
	}
	return &RollbackError{Ours: ours.Raw, Theirs: theirs.Raw, Have: ours.Size, Served: theirs.Size}
}
