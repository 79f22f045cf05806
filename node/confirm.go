package node

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"maillon/federation"
	"maillon/federation/follow"
	"maillon/store"
	"maillon/store/journal"
)

// A headGuard keeps a node from forking its own journal: after a start it may
// sign nothing until it is known that nobody holds a longer history that the
// same key has signed.
type headGuard struct {
	mu        sync.Mutex
	confirmed bool
	err       error // why it is not
	views     bool  // the views have caught up once since the start
	renewed   bool  // the diary has been named anew because the store is an old copy
}

var errUnconfirmed = fmt.Errorf("%w: this node has just started and has not yet asked its hub how far its journal had come; try again in a moment, or see that the hub answers", store.ErrReadOnly)

func (g *headGuard) init(confirmed bool) {
	g.confirmed, g.err = confirmed, errUnconfirmed
}

// ready returns nil when the node may sign.
func (g *headGuard) ready() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.confirmed {
		return nil
	}
	return g.err
}

func (g *headGuard) confirm() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.confirmed = true
}

func (g *headGuard) deny(err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.confirmed, g.err = false, fmt.Errorf("%w: %w", store.ErrReadOnly, err)
}

// viewsReady notes that the views have caught up, and reports whether that is
// the first time.
func (g *headGuard) viewsReady() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	first := !g.views
	g.views = true
	return first
}

// viewsGone notes that the views are being made again.
func (g *headGuard) viewsGone() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.views = false
}

// started tells whether pages and catalogues may be served: not before the
// views have caught up once, or a harvester would see an empty catalogue.
func (g *headGuard) started() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.views
}

// sawOwn looks at an announcement of this very node that came from others:
// one that is ahead of the journal means that the store is an old copy. It reports
// whether it is.
func (g *headGuard) sawOwn(a federation.Announcement, own *journal.Log) bool {
	size := own.Size()
	if a.Size <= size {
		return false
	}
	g.deny(fmt.Errorf("this node's journal has %d entries here, but others hold its signed announcement of %d: the store is an older copy; fetch the missing tail from the hub's mirror (restart this node while the hub answers)", size, a.Size))
	return true
}

// renewDiary names the diary of changes anew, once after a start: this store is an older
// copy, and what it tells from now on is not what followers have seen under its numbers.
func (n *Node) renewDiary() error {
	n.head.mu.Lock()
	defer n.head.mu.Unlock()
	if n.head.renewed {
		return nil
	}
	err := n.views.RenewDiary()
	n.head.renewed = err == nil
	return err
}

// runConfirm asks the hub how far this node's journal had come, fetches the
// tail that is missing here, and then lets the node sign again.
func (n *Node) runConfirm(ctx context.Context) error {
	if n.above == nil {
		return waitForEnd(ctx)
	}
	for {
		for failures := 0; n.head.ready() != nil; {
			err := n.confirmHead(ctx)
			if err == nil {
				n.head.confirm()
				ring(n.bells.announce)
				ring(n.bells.cosign)
				ring(n.bells.state)
				break
			}
			wait := max(n.cfg.Federation.Debounce, 200*time.Millisecond)
			if doubt := n.above.clockDoubt(); errors.Is(err, errNoHubYet) && doubt != nil {
				n.head.deny(fmt.Errorf("the hub's announcement does not count here: %w", doubt))
			} else if !errors.Is(err, errNoHubYet) {
				n.log.Warn().Err(err).Msg("confirm the journal's head with the hub")
				failures++
				wait = confirmDelay(wait, failures, retryAfterOf(err))
			}
			if !sleep(ctx, wait) {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-n.bells.confirm: // someone has found a longer history
		}
	}
}

// confirmDelay doubles from first to a minute, as nothing is signed meanwhile,
// spread so that the members of a hub that comes back do not come together.
func confirmDelay(first time.Duration, failures int, retryAfter time.Duration) time.Duration {
	return federation.NextVisit(federation.Pace{Every: max(first, time.Minute), First: first, Most: 5 * time.Minute}, failures, retryAfter, rand.Float64())
}

var errNoHubYet = errors.New("the hub's address is not known yet")

func (n *Node) confirmHead(ctx context.Context) error {
	up, ok := n.uplink()
	if !ok {
		return errNoHubYet
	}
	if err := n.confirmSeq(ctx, up.URL); err != nil {
		return err
	}
	base := up.URL + "/n/" + n.cfg.ID.String() + "/journal"
	res, err := n.client.Follow(ctx, base, n.key.verifier, n.own)
	switch {
	case errors.Is(err, follow.ErrNotServed): // the hub has no mirror of this journal
		return nil
	case errors.Is(err, follow.ErrRollback): // the hub is behind: it will follow
		return nil
	case err != nil:
		if _, _, fork := evidenceOf(err); fork {
			n.head.deny(fmt.Errorf("the hub's mirror of this journal and this store do not agree: %w; ask the hub's operator to accept a new epoch", err))
		}
		return err
	}
	if res.To > res.From {
		n.log.Warn().Uint64("from", res.From).Uint64("to", res.To).Msg("this store was an older copy: its journal's tail came back from the hub's mirror")
		if err := n.renewDiary(); err != nil { // they may be as old as the store
			return err
		}
		if err := n.desk.Reindex(ctx); err != nil {
			return err
		}
		if err := n.roster.reread(ctx, res.From); err != nil {
			return err
		}
		ring(n.bells.views)
	}
	return nil
}

// confirmSeq asks the hub for this node's newest announcement, whose number the
// next one must exceed.
func (n *Node) confirmSeq(ctx context.Context, hub string) error {
	notes, err := n.client.Announcements(ctx, hub, n.cfg.ID.String())
	if err != nil {
		return err
	}
	for _, raw := range notes {
		if a, err := federation.Open(raw, n.now()); err == nil && a.Node == n.cfg.ID.String() && a.Key == n.key.text() {
			if err := n.sawSeq(a); err != nil {
				return err
			}
		}
	}
	return nil
}

// reread takes the statements of the own journal from an index on.
func (r *roster) reread(ctx context.Context, from uint64) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for e, err := range r.n.own.Entries(ctx, from, r.n.own.Size()) {
		if err != nil {
			return err
		}
		if err := r.remember(e); err != nil {
			return err
		}
	}
	return nil
}
