package node

import (
	"context"
	"errors"
	"time"
)

// runViews brings the views up to every journal, whenever one has grown.
func (n *Node) runViews(ctx context.Context) error {
	tick := time.NewTicker(30 * time.Second)
	defer tick.Stop()
	for {
		moved, err := n.catchUp(ctx)
		if errors.Is(err, context.Canceled) {
			return nil
		}
		if err != nil {
			return err
		}
		if n.head.viewsReady() || moved {
			ring(n.bells.files)
			ring(n.bells.state)
			ring(n.bells.follow)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		case <-n.bells.views:
		}
	}
}

// catchUp applies to the views what they have not seen yet, the own journal
// first: it says whom to believe.
func (n *Node) catchUp(ctx context.Context) (moved bool, err error) {
	n.applying.Lock()
	defer n.applying.Unlock()
	sources := n.sources()
	ahead, err := n.views.Ahead(sources...)
	if err != nil {
		return false, err
	}
	n.rush.begin(ahead)
	defer func() { n.rush.end(time.Now()) }()
	return n.views.CatchUp(ctx, sources...)
}

// Rebuild throws the views away and makes them anew from the journals.
func (n *Node) Rebuild(ctx context.Context) error {
	n.applying.Lock()
	n.head.viewsGone() // catalogues answer 503 meanwhile, never half of themselves
	err := errors.Join(n.views.Reset(), n.shelf.Reset())
	n.applying.Unlock()
	if err != nil {
		return err
	}
	if _, err := n.catchUp(ctx); err != nil {
		return err
	}
	n.head.viewsReady()
	ring(n.bells.files)
	return nil
}

// gatherMost is how many pauses long changes are gathered that do not end.
const gatherMost = 150

// quiet waits until a bell has not rung for a pause, and not for ever: the files of a
// nation take minutes, and are of no use while its journals still come in. It is
// false if ctx ends.
func quiet(ctx context.Context, bell <-chan struct{}, pause time.Duration) bool {
	until := time.NewTimer(gatherMost * pause)
	defer until.Stop()
	still := time.NewTimer(pause)
	defer still.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-bell:
			still.Reset(pause)
		case <-still.C:
			return true
		case <-until.C:
			return true
		}
	}
}

// runFiles makes the datasets' files again after the views changed.
func (n *Node) runFiles(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-n.bells.files:
			// The catalogue of a node that starts waits for this.
			if n.shelf.Ready() && !(n.rush.calm(ctx) && quiet(ctx, n.bells.files, n.cfg.Federation.Debounce)) {
				return nil
			}
		}
		if !n.head.started() {
			continue
		}
		ring(n.bells.editions)
		changed, err := n.shelf.Refresh(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			// The files of before are still served; the next change tries again.
			n.log.Error().Err(err).Msg("make the files of datasets")
			continue
		}
		if changed > 0 {
			n.log.Info().Int("datasets", changed).Msg("files made")
		}
	}
}
