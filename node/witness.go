package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"

	"maillon/federation"
	"maillon/federation/follow"
	"maillon/federation/witness"
	"maillon/store"
	"maillon/store/journal"
	"maillon/store/view"
)

// Buckets of the witness, in the main store. An origin is the name of a journal.
//
//	witness      origin                  => witnessed in JSON: the newest head cosigned; it never goes back
//	cosignature  origin, witness's name  => cosigned in JSON: a head of that journal, and the witness's line
//	evidence     origin                  => Evidence in JSON: two histories under one key
const (
	witnessBucket     = "witness"
	cosignatureBucket = "cosignature"
	evidenceBucket    = "evidence"
)

// witnessed is the newest head of a journal that this node has cosigned.
type witnessed struct {
	Key  string    `json:"key"`  // that the note was verified with
	Note string    `json:"note"` // as its owner signed it
	Line string    `json:"line"` // this node's cosignature
	At   time.Time `json:"at"`
}

// Evidence is two heads that one owner signed and no journal can have had.
type Evidence struct {
	Origin string    `json:"origin"`
	Reason string    `json:"reason"`
	At     time.Time `json:"at"`
	Ours   string    `json:"ours"`   // signed note
	Theirs string    `json:"theirs"` // signed note
}

// A witnesser cosigns journals of which this node knows the key, and notices
// those that have two histories.
type witnesser struct {
	n *Node

	mu       sync.Mutex
	lines    map[string]witnessed           // by origin, as in the store
	seen     map[string]map[string]cosigned // origin → witness → newest cosignature seen
	doubts   map[string]witness.Head        // heads that were shown with a proof that does not hold
	evidence map[string]Evidence            // by origin, as in the store
}

// maxDoubts bounds the heads that are looked into.
const maxDoubts = 64

func (n *Node) openWitness() error {
	w := &witnesser{
		n: n, lines: map[string]witnessed{}, seen: map[string]map[string]cosigned{},
		doubts: map[string]witness.Head{}, evidence: map[string]Evidence{},
	}
	err := n.main.View(func(tx store.Tx) error {
		if err := readAll(tx.Bucket(witnessBucket), w.lines); err != nil {
			return err
		}
		for _, origin := range tx.Names(cosignatureBucket) {
			w.seen[origin] = map[string]cosigned{}
			if err := readAll(tx.Bucket(cosignatureBucket, origin), w.seen[origin]); err != nil {
				return err
			}
		}
		return readAll(tx.Bucket(evidenceBucket), w.evidence)
	})
	if err != nil {
		return fmt.Errorf("read what was cosigned: %w", err)
	}
	n.witness = w
	return nil
}

// cosigner cosigns with the key that the node has at this moment.
func (n *Node) cosigner() (*witness.Cosigner, error) { return witness.NewCosigner(n.key.signer.Key()) }

// readAll reads a bucket of JSON values.
func readAll[T any](b store.Bucket, into map[string]T) error {
	for k, v := range b.Ascend(nil) {
		var one T
		if err := json.Unmarshal(v, &one); err != nil {
			return fmt.Errorf("%q: %w", k, err)
		}
		into[string(k)] = one
	}
	return nil
}

func putValue(b store.Bucket, key string, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return b.Put([]byte(key), raw)
}

// keysOf lists the verifier keys that this node knows a journal's owner by:
// those that a hub has stated or the configuration names, else the one that
// the owner announced in a pool.
func (n *Node) keysOf(node string, epoch int) (keys []string, stated bool) {
	if node == n.cfg.ID.String() {
		return nil, true
	}
	if m, ok := n.roster.member(node); ok {
		if m.State != Accepted || m.Epoch != epoch {
			return nil, true
		}
		return append([]string{m.Key}, m.PastKeys...), true
	}
	for _, p := range []*pool{n.above, n.below} {
		if a, ok := p.announcement(node); ok && a.Epoch == epoch {
			return []string{a.Key}, !p.hub && node == p.cfg.Hub // that of the hub above is pinned
		}
	}
	return nil, false
}

// ringOf makes a verifier of what keysOf says. Of a node that is only known by
// its own announcement, the first key that was ever witnessed counts.
func (w *witnesser) ringOf(origin string) (*federation.Ring, error) {
	node, epoch, err := federation.ParseKeyName(origin)
	if err != nil {
		return nil, fmt.Errorf("journal %.80q: %w", origin, store.ErrNotFound)
	}
	keys, stated := w.n.keysOf(node, epoch)
	w.mu.Lock()
	old, known := w.lines[origin]
	w.mu.Unlock()
	if known && !stated {
		keys = []string{old.Key}
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("journal %s: %w", origin, store.ErrNotFound)
	}
	return verifierOf(keys[0], node, epoch, keys[1:]...)
}

// AddCheckpoint answers a request for a cosignature (c2sp.org/tlog-witness).
// Its errors are those of package witness, and [store.ErrNotFound] for a
// journal of which this node knows no key.
func (w *witnesser) AddCheckpoint(body []byte) ([]byte, error) {
	r, err := witness.ParseRequest(body)
	if err != nil {
		return nil, err
	}
	ring, err := w.ringOf(witness.Origin(r.Checkpoint))
	if err != nil {
		return nil, err
	}
	h, err := witness.Open(r.Checkpoint, ring)
	if err != nil {
		return nil, err
	}
	if err := w.contradicted(h); err != nil {
		return nil, err
	}
	if line, ok := w.again(r, h); ok {
		return line, nil
	}
	line, err := w.cosign(h, ring, func(last *witness.Head) error { return witness.Decide(last, r, h) })
	if errors.Is(err, witness.ErrProof) {
		w.doubt(h)
	}
	return line, err
}

// sameFor is how long the answer for one head stays the same, so that asking
// again and again costs no writing.
const sameFor = time.Hour

// again is the cosignature of h, if it is the newest head and was made lately.
func (w *witnesser) again(r witness.Request, h witness.Head) ([]byte, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	old, ok := w.lines[h.Origin]
	ok = ok && old.Note == string(h.Note) && w.n.now().Sub(old.At) < sameFor && witness.Decide(&h, r, h) == nil
	return []byte(old.Line), ok
}

// cosign replaces the newest head by h, if may allows it, and returns the
// cosignature. Check, replacement and signature are one transaction.
func (w *witnesser) cosign(h witness.Head, owner note.Verifier, may func(last *witness.Head) error) ([]byte, error) {
	var now witnessed
	err := w.n.main.Update(func(tx store.Tx) error {
		b := tx.Bucket(witnessBucket)
		last, err := lastOf(b.Get([]byte(h.Origin)), owner)
		if err != nil {
			return fmt.Errorf("what was cosigned of %s: %w", h.Origin, err)
		}
		if err := may(last); err != nil {
			return err
		}
		at := w.n.now().UTC().Truncate(time.Second)
		by, err := w.n.cosigner()
		if err != nil {
			return err
		}
		line, err := by.Cosign(h, at)
		if err != nil {
			return err
		}
		now = witnessed{Key: keyThatSigned(h, owner), Note: string(h.Note), Line: string(line), At: at}
		return putValue(b, h.Origin, now)
	})
	if fork, ok := errors.AsType[*witness.ForkError](err); ok {
		w.accuse(h.Origin, "two histories under one key", fork.Ours, fork.Theirs)
	}
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lines[h.Origin] = now
	return []byte(now.Line), nil
}

// lastOf reads the head cosigned last. The store is believed: the note was
// verified when it was written, maybe with a key that was replaced since.
func lastOf(raw []byte, owner note.Verifier) (*witness.Head, error) {
	if raw == nil {
		return nil, nil
	}
	var old witnessed
	if err := json.Unmarshal(raw, &old); err != nil {
		return nil, err
	}
	v, err := journal.NewVerifier(old.Key)
	if err != nil {
		return nil, err
	}
	h, err := witness.Open([]byte(old.Note), owner, v)
	return &h, err
}

// keyThatSigned is the text of the first of the owner's keys that verifies h.
func keyThatSigned(h witness.Head, owner note.Verifier) string {
	keys := []note.Verifier{owner}
	if ring, ok := owner.(*federation.Ring); ok {
		keys = ring.Keys()
	}
	for _, k := range keys {
		t, ok := k.(interface{ KeyText() string })
		if _, err := witness.Open(h.Note, k); err == nil && ok {
			return t.KeyText()
		}
	}
	return ""
}

// contradicted compares a signed head with this node's mirror of the journal.
func (w *witnesser) contradicted(h witness.Head) error {
	node, epoch, err := federation.ParseKeyName(h.Origin)
	if err != nil {
		return err
	}
	l, ok := w.n.mirrorLog(view.Journal{Node: node, Epoch: epoch})
	if !ok || l.Size() < h.Size {
		return nil
	}
	root, err := l.RootAt(h.Size)
	if err != nil {
		return err
	}
	if root == h.Root {
		return nil
	}
	fork := &witness.ForkError{Ours: l.Checkpoint(), Theirs: h.Note, Size: l.Size()}
	w.accuse(h.Origin, "two histories under one key", fork.Ours, fork.Theirs)
	return fork
}

// countersign cosigns the head of a mirror, which was verified entry by entry.
// It returns no line while the mirror is behind what was cosigned before.
func (w *witnesser) countersign(l *journal.Log, v note.Verifier) ([]byte, error) {
	h, err := witness.Open(l.Checkpoint(), v)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	old, known := w.lines[h.Origin]
	w.mu.Unlock()
	if known && old.Note == string(h.Note) {
		return []byte(old.Line), nil
	}
	return w.cosign(h, v, func(last *witness.Head) error {
		if last == nil {
			return nil
		}
		if last.Size > h.Size {
			return &witness.ConflictError{Size: last.Size}
		}
		root, err := l.RootAt(last.Size)
		if err == nil && root != last.Root {
			return &witness.ForkError{Ours: last.Note, Theirs: h.Note, Size: last.Size}
		}
		return err
	})
}

// doubt keeps a signed head whose proof did not hold, to look into.
func (w *witnesser) doubt(h witness.Head) {
	w.mu.Lock()
	if _, known := w.doubts[h.Origin]; known || len(w.doubts) < maxDoubts {
		w.doubts[h.Origin] = h
	}
	w.mu.Unlock()
	ring(w.n.bells.witness)
}

// accuse keeps two heads that cannot both be honest, tells the operator, and
// suspends the owner if it is a member of this hub.
func (w *witnesser) accuse(origin, reason string, ours, theirs []byte) {
	node, _, err := federation.ParseKeyName(origin)
	if err != nil {
		return
	}
	e := Evidence{Origin: origin, Reason: reason, At: w.n.now().UTC().Truncate(time.Second), Ours: string(ours), Theirs: string(theirs)}
	w.mu.Lock()
	_, known := w.evidence[origin]
	if !known {
		w.evidence[origin] = e
	}
	w.mu.Unlock()
	if known {
		return // the first proof is as good as any other
	}
	w.n.log.Error().Str("journal", origin).Str("ours", e.Ours).Str("theirs", e.Theirs).Msg("two histories under one key: both signed heads are kept as evidence")
	if err := w.n.main.Update(func(tx store.Tx) error { return putValue(tx.Bucket(evidenceBucket), origin, e) }); err != nil {
		w.n.log.Error().Err(err).Msg("keep evidence")
	}
	if m, ok := w.n.roster.member(node); ok && m.Hub == "" {
		w.n.suspend(node, reason, []string{e.Ours, e.Theirs})
	}
}

// accused returns the evidence against a node.
func (w *witnesser) accused(node string) (Evidence, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for origin, e := range w.evidence {
		if id, _, err := federation.ParseKeyName(origin); err == nil && id == node {
			return e, true
		}
	}
	return Evidence{}, false
}

// runWitness looks into doubtful heads: at once, and now and then until the
// owner's public journal is long enough to tell.
func (n *Node) runWitness(ctx context.Context) error {
	tick := time.NewTicker(n.cfg.Federation.FollowEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		case <-n.bells.witness:
			if !sleep(ctx, n.cfg.Federation.Debounce) {
				return nil
			}
		}
		for _, h := range n.witness.doubtful() {
			done, err := n.witness.look(ctx, h)
			if err != nil {
				n.log.Debug().Err(err).Str("journal", h.Origin).Msg("look into a doubtful head")
			}
			if done {
				n.witness.settle(h)
			}
		}
	}
}

func (w *witnesser) doubtful() []witness.Head {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := make([]witness.Head, 0, len(w.doubts))
	for _, h := range w.doubts {
		out = append(out, h)
	}
	return out
}

func (w *witnesser) settle(h witness.Head) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.doubts[h.Origin].Text == h.Text {
		delete(w.doubts, h.Origin)
	}
}

// lookFor bounds the time for one doubtful head.
const lookFor = 30 * time.Second

// look compares a doubtful head, and the one cosigned last, with the journal
// that its owner serves. done means that nothing more is to be learned.
func (w *witnesser) look(ctx context.Context, h witness.Head) (done bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, lookFor)
	defer cancel()
	ring, err := w.ringOf(h.Origin)
	if err != nil {
		return true, err
	}
	node, _, err := federation.ParseKeyName(h.Origin)
	if err != nil {
		return true, err
	}
	base, ok := w.n.addressOf(node)
	if !ok {
		return true, nil
	}
	served, err := w.n.client.Checkpoint(ctx, base+"/journal", ring)
	if err != nil {
		return false, err
	}
	w.mu.Lock()
	last := w.lines[h.Origin]
	w.mu.Unlock()
	for _, signed := range [][]byte{h.Note, []byte(last.Note)} {
		cp, err := follow.ParseCheckpoint(signed, ring)
		if err != nil || cp.Size > served.Size {
			continue // nothing was cosigned yet, or it cannot be compared yet
		}
		err = w.n.client.Extends(ctx, base+"/journal", served, cp)
		if fork, ok := errors.AsType[*follow.ForkError](err); ok {
			w.accuse(h.Origin, "two histories under one key", fork.Ours, fork.Theirs)
			return true, nil
		}
		if err != nil {
			return false, err
		}
	}
	return served.Size >= h.Size, nil
}

// addressOf is the public base of a node, as a hub states or it announced it.
func (n *Node) addressOf(node string) (string, bool) {
	for _, p := range []*pool{n.above, n.below} {
		if a, ok := p.announcement(node); ok {
			return a.URL, true
		}
	}
	m, ok := n.roster.member(node)
	return m.URL, ok
}

// mirrorLog is the mirror of a journal, if there is one.
func (n *Node) mirrorLog(j view.Journal) (*journal.Log, bool) {
	n.mirrors.mu.RLock()
	defer n.mirrors.mu.RUnlock()
	l, ok := n.mirrors.logs[j]
	return l, ok
}
