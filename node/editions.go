package node

import (
	"context"
	"fmt"
	"time"

	"maillon/node/edition"
	"maillon/node/shelf"
)

// openEditions opens the datasets of a hub's territory.
func (n *Node) openEditions() error {
	if n.cfg.Federation.Hub == nil {
		return nil
	}
	n.editions = &edition.Store{
		Dir: n.path("editions"), Views: n.views, Dataset: shelf.ConsolidatedID(n.cfg.ID.String()), URL: n.cfg.URL,
		Publisher: edition.Publisher{SIRET: n.cfg.ID.SIRET().String(), Name: n.cfg.Name}, Keep: n.cfg.Editions, Now: n.now,
	}
	if err := n.editions.Load(); err != nil {
		return fmt.Errorf("open the editions of the territory: %w", err)
	}
	return nil
}

// Pace of the editions.
const (
	freezeEvery = 10 * time.Minute // it is looked whether a day is over
	restTimes   = 3                // an edition that took a second is followed by so many of rest
	restMost    = 5 * time.Minute
)

// runEditions makes the edition of the territory again after the views changed. It
// rests in proportion to what that took, so that a large territory that changes all
// the time does not keep its hub busy with it.
func (n *Node) runEditions(ctx context.Context) error {
	if n.editions == nil {
		return nil
	}
	tick := time.NewTicker(freezeEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			if err := n.editions.Freeze(); err != nil {
				n.log.Error().Err(err).Msg("keep the edition of a day")
			}
			continue
		case <-n.bells.editions:
		}
		if !n.rush.calm(ctx) {
			return nil
		}
		begun := time.Now()
		changed, err := n.editions.Refresh(ctx)
		if ctx.Err() != nil {
			return nil
		}
		took := time.Since(begun)
		switch {
		case err != nil:
			// The edition of before is still served; the next change tries again.
			n.log.Error().Err(err).Msg("make the edition of the territory")
		case changed:
			n.log.Info().Dur("took", took).Int("pieces", len(n.editions.Latest().Pieces)).Msg("edition of the territory made")
		}
		if !sleep(ctx, min(restTimes*took, restMost)) {
			return nil
		}
	}
}
