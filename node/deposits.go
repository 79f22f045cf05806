package node

import (
	"context"
	"io"

	"maillon/catalog/entry"
	"maillon/node/deposit"
)

// Deposit publishes a pivot file and wakes what depends on it.
func (n *Node) Deposit(ctx context.Context, req deposit.Request, r io.Reader) (*deposit.Report, error) {
	rep, err := n.desk.Deposit(ctx, req, r)
	if err != nil {
		return nil, err
	}
	n.log.Info().Str("deposit", rep.ID).Str("outcome", string(rep.Outcome)).Int("records", rep.Counts.Records).
		Int("appended", rep.Counts.Appended).Uint64("journal", n.own.Size()).Msg("deposit")
	n.counts.add("maillon_deposits_total", "outcome", string(rep.Outcome))
	if rep.Unsaved != nil {
		n.log.Error().Err(rep.Unsaved).Str("deposit", rep.ID).Msg("the records are published, their report is lost")
	}
	if rep.Outcome == deposit.Accepted {
		n.grew()
	}
	return rep, nil
}

// Retract withdraws (or redacts: erases, here and in every mirror) the record
// at an index of the own journal.
func (n *Node) Retract(ctx context.Context, op entry.Op, target uint64, reason string) (uint64, error) {
	index, err := n.desk.Retract(ctx, op, target, reason)
	if err != nil {
		n.grew() // the journal may have it though a file could not be changed
		return 0, err
	}
	n.log.Info().Str("op", string(op)).Uint64("target", target).Uint64("entry", index).Msg("retracted")
	n.grew()
	return index, nil
}
