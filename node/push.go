package node

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"time"

	"maillon/catalog"
	"maillon/federation"
	"maillon/federation/follow"
	"maillon/store/journal"
)

// A pusher is how a node whose hub stores its journal brings it there.
type pusher struct {
	mu      sync.Mutex
	note    []byte    // announcement to post before anything else; nil if posted
	profile bool      // the hub has the profile of this start
	renew   time.Time // when the hub wants to hear of this node again; zero: it has not said
	err     error     // of the last try
}

// Pace of pushing.
const (
	pushSpread = time.Minute      // over which those that have the same news spread
	pushMost   = time.Hour        // longest wait that a hub may ask for
	pushFirst  = time.Second      // after one failure, at least
	renewLeast = 10 * time.Minute // between two announcements that a hub asks for
)

// A step of a push has at most so many entries, or bytes of bodies, so that
// what broke off costs little. A journal that is up to date has one step.
const (
	pushEntries = 1 << 14
	pushBytes   = 64 << 20
)

// runPush brings the journal to the hub: soon after it grew, at the start, and
// every now and then. Nothing of it is done at the same moment as by others.
func (n *Node) runPush(ctx context.Context) error {
	if !n.atHub() {
		return waitForEnd(ctx)
	}
	spread := min(pushSpread, n.cfg.Federation.FollowEvery/10)
	pace := federation.Pace{Every: n.cfg.Federation.FollowEvery, First: max(pushFirst, n.cfg.Federation.Debounce), Most: pushMost}
	failures := 0
	var notBefore time.Time
	timer := time.NewTimer(rand.N(spread))
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-n.bells.push:
			timer.Reset(max(time.Until(notBefore), rand.N(spread)))
			continue
		case <-timer.C:
		}
		err := n.push(ctx)
		if ctx.Err() != nil {
			return nil
		}
		n.pusher.noteErr(err)
		failures, notBefore = failures+1, time.Time{}
		if err == nil {
			failures = 0
		}
		wait := federation.NextVisit(pace, failures, retryAfterOf(err), rand.Float64())
		if err != nil {
			notBefore = time.Now().Add(wait)
			n.log.Warn().Err(err).Dur("next", wait).Msg("push to the hub")
		}
		timer.Reset(wait)
	}
}

func retryAfterOf(err error) time.Duration {
	if s, ok := errors.AsType[*follow.StatusError](err); ok {
		return s.RetryAfter
	}
	return 0
}

func (p *pusher) noteErr(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.err = err
}

// lastError is how the last push went, for people.
func (p *pusher) lastError() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err == nil {
		return ""
	}
	return p.err.Error()
}

// announce hands over the announcement that the next push is to post.
func (p *pusher) announce(note []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.note = note
}

// push posts what is new of this node, and its journal.
func (n *Node) push(ctx context.Context) error {
	up, _ := n.uplink()
	if n.head.ready() != nil {
		return nil // what would be pushed may be an older copy; the bell rings when that is known
	}
	if err := n.pushSelf(ctx, up.URL); err != nil {
		return err
	}
	base := up.URL + "/n/" + n.cfg.ID.String() + "/journal"
	have, err := n.pushedSize(ctx, base)
	if err != nil {
		return err
	}
	for size := n.own.Size(); have < size; {
		to, err := n.stepEnd(ctx, have, size)
		if err != nil {
			return err
		}
		if err := n.pushStep(ctx, base, up.ID, to); err != nil {
			return err
		}
		n.log.Info().Uint64("from", have).Uint64("to", to).Msg("pushed to the hub")
		have = to
	}
	return nil
}

// pushSelf posts the newest announcement, and once the profile.
func (n *Node) pushSelf(ctx context.Context, hub string) error {
	p := &n.pusher
	p.mu.Lock()
	note, known := p.note, p.profile
	if !p.renew.IsZero() && n.now().After(p.renew) {
		p.renew = time.Time{}
		ring(n.bells.announce)
	}
	p.mu.Unlock()
	if note != nil {
		again, err := n.client.Announce(ctx, hub, note)
		if err != nil {
			return fmt.Errorf("post announcement: %w", err)
		}
		n.meetHub(ctx, hub)
		p.mu.Lock()
		p.renew = time.Time{}
		if again > 0 {
			p.renew = n.now().Add(min(max(again, renewLeast), announceEvery))
		}
		if bytes.Equal(p.note, note) {
			p.note = nil
		}
		p.mu.Unlock()
	}
	if known {
		return nil
	}
	raw, err := n.profile()
	if err == nil {
		err = n.client.PutProfile(ctx, hub+"/n/"+n.cfg.ID.String(), raw)
	}
	if err != nil {
		return err
	}
	p.mu.Lock()
	p.profile = true
	p.mu.Unlock()
	return nil
}

// meetHub asks the hub for its own announcement: in light mode nobody else
// tells of it.
func (n *Node) meetHub(ctx context.Context, hub string) {
	notes, err := n.client.Announcements(ctx, hub, n.cfg.Federation.Join.Hub)
	if err != nil {
		n.log.Debug().Err(err).Msg("ask the hub for its announcement")
	}
	for _, raw := range notes {
		if a, err := federation.Open(raw, n.now()); err == nil && a.Node == n.cfg.Federation.Join.Hub {
			n.above.take(raw)
		}
	}
}

// profile signs what the catalogue of this node shows of it.
func (n *Node) profile() ([]byte, error) {
	p := federation.Profile{
		Node: n.cfg.ID.String(), Seq: uint64(n.now().Unix()), Base: n.cfg.URL, Name: shorten(n.cfg.Name, federation.MaxFullName), Contact: n.cfg.Contact,
	}
	if b := n.cfg.Box; b != (catalog.Box{}) {
		p.Box = []float64{b.West, b.South, b.East, b.North}
	}
	return federation.SignProfile(n.key.signer, p)
}

// pushedSize is how far the hub's mirror has come. If it is ahead, this store
// is an older copy: nothing more is signed until the tail has been fetched.
func (n *Node) pushedSize(ctx context.Context, base string) (uint64, error) {
	cp, err := n.client.Checkpoint(ctx, base, n.key.verifier)
	if errors.Is(err, follow.ErrNotServed) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("ask the hub how far its mirror has come: %w", err)
	}
	root, err := [32]byte{}, error(nil)
	if cp.Size <= n.own.Size() {
		if root, err = n.own.RootAt(cp.Size); err != nil {
			return 0, err
		}
	}
	if root != cp.Root {
		n.head.deny(errUnconfirmed)
		ring(n.bells.confirm)
		return 0, fmt.Errorf("the hub's mirror of this journal has %d entries that are not all here: this store is an older copy", cp.Size)
	}
	return cp.Size, nil
}

// stepEnd is how far the next checkpoint goes: to the end, or to the end of a
// bundle when that is a lot. A body that is erased goes with the entry that
// says so.
func (n *Node) stepEnd(ctx context.Context, from, size uint64) (uint64, error) {
	var weight int
	need, i := from, from
	for e, err := range n.own.Entries(ctx, from, size) {
		if err != nil {
			return 0, err
		}
		if e.Body == nil && bytes.Contains(e.Header, []byte(`"body":`)) {
			if by, ok, err := n.own.Erased(i); err != nil {
				return 0, err
			} else if ok {
				need = max(need, by+1)
			}
		}
		i++
		weight += len(e.Header) + len(e.Body)
		if i%256 == 0 && i >= need && (i-from >= pushEntries || weight >= pushBytes) {
			return i, nil
		}
	}
	return size, nil
}

// pushStep brings the hub's mirror to a size.
func (n *Node) pushStep(ctx context.Context, base, hub string, to uint64) error {
	cp, err := n.own.SignAt(to, n.key.signer)
	if err != nil {
		return err
	}
	ticket, err := federation.SignTicket(n.key.signer, federation.Ticket{
		Node: n.cfg.ID.String(), Hub: hub, Until: n.now().Add(federation.TicketFor).UTC().Truncate(time.Second),
	})
	if err != nil {
		return err
	}
	_, err = n.client.Push(ctx, base, follow.Parcel{Checkpoint: cp, Ticket: ticket, Open: n.openOwn})
	return err
}

// openOwn opens a resource of the own journal, to be pushed.
func (n *Node) openOwn(path string) (coding string, body io.ReadCloser, err error) {
	if _, ok := journal.ParsePath(path); !ok {
		return "", nil, fmt.Errorf("%.80q is no path of a journal", path)
	}
	res, err := n.own.Resource(path, true)
	if err != nil {
		return "", nil, err
	}
	if res.WriteTo == nil {
		return res.Encoding, io.NopCloser(bytes.NewReader(res.Bytes)), nil
	}
	r, w := io.Pipe()
	go func() { w.CloseWithError(res.WriteTo(w)) }()
	return res.Encoding, r, nil
}
