package node

import (
	"context"
	"fmt"
	"time"

	"maillon/node/doctor"
	"maillon/node/edition"
	"maillon/node/shelf"
)

// editionsDir is the folder of editions in that of the data.
const editionsDir = "editions"

// openEditions opens the datasets of a hub's territory.
func (n *Node) openEditions() error {
	if n.cfg.Federation.Hub == nil {
		return nil
	}
	n.editions = &edition.Store{
		Dir: n.path(editionsDir), Views: n.views, Dataset: shelf.ConsolidatedID(n.cfg.ID.String()), URL: n.cfg.URL,
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
	retryFirst  = 15 * time.Second // an edition that failed is tried again, each time after twice as long
	retryMost   = 10 * time.Minute
)

// retryIn is how long an edition that failed for the nth time in a row, from 1, rests.
func retryIn(n int) time.Duration {
	const doublings = 10 // far beyond retryMost
	return min(retryFirst<<min(max(n, 1)-1, doublings), retryMost)
}

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
		if !n.rush.calm(ctx) || !n.indexed(ctx) || !n.makeEdition(ctx) {
			return nil
		}
	}
}

// indexed waits until the index has come near what the views show, and not for ever:
// after a rush people want to find contracts before they want files of all of them, and
// each is made sooner alone. It is false if ctx ends.
func (n *Node) indexed(ctx context.Context) bool {
	for until := time.Now().Add(rushMost); n.follower.Behind() > rushEntries && time.Now().Before(until); {
		if !sleep(ctx, rushLook) {
			return false
		}
	}
	return ctx.Err() == nil
}

// makeEdition makes an edition and rests; one that fails, as on a full disk, is tried
// again by the clock until it is made, while the one before is still served. It reports
// whether there is time for more.
func (n *Node) makeEdition(ctx context.Context) bool {
	for {
		begun := time.Now()
		changed, err := n.editions.Refresh(ctx)
		if ctx.Err() != nil {
			return false
		}
		if err != nil {
			again := retryIn(n.editions.Trouble().Tries)
			n.log.Error().Err(err).Dur("again", again).Msg("make the edition of the territory")
			if !sleep(ctx, again) {
				return false
			}
			continue
		}
		took := time.Since(begun)
		if changed {
			n.log.Info().Dur("took", took).Int("pieces", len(n.editions.Latest().Pieces)).Msg("edition of the territory made")
		}
		return sleep(ctx, min(restTimes*took, restMost))
	}
}

// editionFact is what there is to say of the editions of a hub; nil of another node.
func (n *Node) editionFact() *doctor.Editions {
	if n.editions == nil {
		return nil
	}
	t := n.editions.Trouble()
	f := &doctor.Editions{Failing: t.Since, Tries: t.Tries, Error: t.Error}
	if e := n.editions.Latest(); e != nil {
		f.Made = e.Made
	}
	return f
}
