package node

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"maillon/federation"
	"maillon/federation/witness"
	"maillon/store"
	"maillon/store/journal"
)

// Bounds of asking for cosignatures: beside the level above, so many peers
// are wanted, and so many are asked until they have answered.
const (
	wantedPeers = 3
	askedPeers  = 9
	askFor      = 10 * time.Second
)

// cosigned is a head of a journal and one witness's word on it.
type cosigned struct {
	Size uint64    `json:"size"`
	Text string    `json:"text"` // what both have signed
	Line string    `json:"line"`
	At   time.Time `json:"at"` // as the witness says
}

// runCosign lets a hub ask others to cosign its own journal, soon after it
// has grown, and now and then for those that did not answer.
func (n *Node) runCosign(ctx context.Context) error {
	if n.below == nil {
		<-ctx.Done()
		return nil
	}
	every := n.cfg.Federation.FollowEvery
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		wait := n.cfg.Federation.Debounce
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			wait = every / 8
		case <-n.bells.cosign:
		}
		if !sleep(ctx, wait+rand.N(wait)) { // many hubs may have grown at once
			return nil
		}
		if n.head.ready() == nil && n.own.Size() > 0 {
			n.gatherCosignatures(ctx)
		}
	}
}

// A peer is a node that may cosign this node's journal.
type peer struct{ node, key, url string }

// gatherCosignatures asks the level above and a few peers, those that have
// this head already excepted.
func (n *Node) gatherCosignatures(ctx context.Context) {
	got := 0
	for i, p := range n.peers() {
		if p.node != n.upstream() && (got >= wantedPeers || i > askedPeers) {
			return
		}
		err := n.askCosignature(ctx, p)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			n.log.Debug().Err(err).Str("witness", p.node).Msg("ask for a cosignature")
		case p.node != n.upstream():
			got++
		}
	}
}

// peers lists who may be asked: the level above first, then other nodes of
// the pools in an order that is this node's own and stays the same, since a
// witness is worth more the longer it has looked on.
func (n *Node) peers() []peer {
	var above []peer
	var others []peer
	self := n.cfg.ID.String()
	have := map[string]bool{}
	for _, p := range []*pool{n.above, n.below} {
		for _, a := range p.announcements() {
			switch m, known := n.roster.member(a.Node); {
			case a.Node == self || a.Status != federation.Active:
			case !p.hub && a.Node == p.cfg.Hub:
				above = append(above, peer{a.Node, a.Key, a.URL})
			case !p.hub && !p.aliveAt(a.Node).IsValid(): // anyone may have announced it: only who entered the pool is asked
			case p.hub && (!known || m.State != Accepted || m.Key != a.Key || m.Mode == "light" || m.Storage == "hub"):
			case have[a.Node]:
			default:
				have[a.Node] = true
				others = append(others, peer{a.Node, a.Key, a.URL})
			}
		}
	}
	slices.SortFunc(others, func(a, b peer) int { return cmp.Compare(rank(self, a.node), rank(self, b.node)) })
	return append(above, others...)
}

// rank orders the witnesses of a node.
func rank(self, other string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(self + "\x00" + other)) // never fails
	return h.Sum64()
}

// askCosignature asks one witness, beginning at the head that it cosigned
// last, as far as is known here.
func (n *Node) askCosignature(ctx context.Context, p peer) error {
	ctx, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	name := federation.KeyName(p.node, 0)
	key, err := witness.NewVerifier(p.key)
	if err != nil {
		return err
	}
	h, err := witness.Open(n.own.Checkpoint(), n.key.verifier)
	if err != nil {
		return err
	}
	before := n.witness.seenBy(h.Origin, name)
	if before.Text == h.Text {
		return nil
	}
	old := min(before.Size, h.Size)
	for range 2 {
		r, err := n.proveFrom(old, h)
		if err != nil {
			return err
		}
		lines, err := n.client.AddCheckpoint(ctx, p.url, r)
		if conflict, ok := errors.AsType[*witness.ConflictError](err); ok && conflict.Size <= h.Size && conflict.Size != old {
			old = conflict.Size
			continue
		}
		if err != nil {
			return err
		}
		return n.takeCosignature(h, key, lines)
	}
	return fmt.Errorf("%s: its last head changes while it is asked", p.node)
}

// proveFrom makes the request that leads from an earlier size to h.
func (n *Node) proveFrom(old uint64, h witness.Head) (witness.Request, error) {
	r := witness.Request{Old: old, Checkpoint: h.Note}
	if old == 0 || old == h.Size {
		return r, nil
	}
	proof, err := tlog.ProveTree(int64(h.Size), int64(old), n.own.HashReader())
	if err != nil {
		return r, fmt.Errorf("prove the journal from %d to %d entries: %w", old, h.Size, err)
	}
	r.Proof = proof
	return r, nil
}

func (n *Node) takeCosignature(h witness.Head, key witness.Key, lines []byte) error {
	got := witness.Cosignatures(witness.Append(h.Note, lines), n.now(), key)
	if len(got) == 0 {
		return fmt.Errorf("%s has answered, but not with its cosignature of this head", key.Name())
	}
	n.log.Debug().Str("witness", key.Name()).Uint64("size", h.Size).Msg("cosigned")
	return n.witness.keep(h, got)
}

// seenBy is the newest cosignature of a journal by one witness.
func (w *witnesser) seenBy(origin, by string) cosigned {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.seen[origin][by]
}

// maxSeen bounds the witnesses remembered of one journal.
const maxSeen = 16

// keep remembers cosignatures of a journal, the newest of each witness.
func (w *witnesser) keep(h witness.Head, got []witness.Cosignature) error {
	fresh := map[string]cosigned{}
	w.mu.Lock()
	if w.seen[h.Origin] == nil {
		w.seen[h.Origin] = map[string]cosigned{}
	}
	all := w.seen[h.Origin]
	for _, c := range got {
		old, known := all[c.By]
		if h.Size < old.Size || old.Text == h.Text && !c.At.After(old.At) || !known && len(all) >= maxSeen {
			continue
		}
		fresh[c.By] = cosigned{Size: h.Size, Text: h.Text, Line: string(c.Line), At: c.At}
		all[c.By] = fresh[c.By]
	}
	w.mu.Unlock()
	if len(fresh) == 0 {
		return nil
	}
	return w.n.main.Update(func(tx store.Tx) error {
		for by, c := range fresh {
			if err := putValue(tx.Bucket(cosignatureBucket, h.Origin), by, c); err != nil {
				return err
			}
		}
		return nil
	})
}

// linesOf lists the cosignatures of exactly the head that text is signed over.
func (w *witnesser) linesOf(origin, text string) [][]byte {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out [][]byte
	for _, c := range w.seen[origin] {
		if c.Text == text {
			out = append(out, []byte(c.Line))
		}
	}
	slices.SortFunc(out, bytes.Compare)
	return out
}

// Cosigned is a journal's checkpoint with the cosignatures that this node
// serves beside it: its own on a mirror, those it gathered on its own.
func (f fedView) Cosigned(l *journal.Log) []byte {
	cp, n := l.Checkpoint(), f.n
	if len(cp) == 0 {
		return nil
	}
	if l == n.own {
		text, _, _ := bytes.Cut(cp, []byte("\n\n"))
		return witness.Append(cp, n.witness.linesOf(n.key.verifier.Name(), string(text)+"\n")...)
	}
	line, err := n.witness.countersign(l, l.Verifier())
	if _, behind := errors.AsType[*witness.ConflictError](err); err != nil && !behind {
		n.log.Warn().Err(err).Msg("cosign a mirror")
	}
	return witness.Append(cp, line)
}

// Witness answers a request for a cosignature.
func (f fedView) Witness(request []byte) ([]byte, error) { return f.n.witness.AddCheckpoint(request) }

// watched is a mirror that takes note of the cosignatures it is served.
type watched struct {
	*journal.Log
	n *Node
}

// Saw implements follow.Watcher. Only witnesses that this node knows count.
func (m watched) Saw(served []byte) {
	h, err := witness.Open(served, m.Verifier())
	if err != nil {
		return
	}
	var keys []witness.Key
	for _, name := range witness.Names(served) {
		node, epoch, err := federation.ParseKeyName(name)
		if err != nil {
			continue
		}
		known, _ := m.n.keysOf(node, epoch)
		if node == m.n.cfg.ID.String() {
			known = m.n.key.verifier.Texts()
		}
		for _, text := range known {
			if k, err := witness.NewVerifier(text); err == nil {
				keys = append(keys, k)
			}
		}
	}
	if err := m.n.witness.keep(h, witness.Cosignatures(served, m.n.now(), keys...)); err != nil {
		m.n.log.Error().Err(err).Msg("keep cosignatures")
	}
}
