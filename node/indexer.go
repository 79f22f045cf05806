package node

import (
	"context"
	"time"

	"maillon/store/search"
)

// openIndex makes the index of contracts, empty: [Node.runIndex] fills it.
func (n *Node) openIndex() {
	n.follower = &search.Follower{
		Index: search.New(), Views: n.views, File: n.path("search.index"),
		Note: func(what string, contracts int, took time.Duration, err error) {
			line := n.log.Info()
			if err != nil {
				line = n.log.Warn().Err(err)
			}
			line.Int("contracts", contracts).Dur("took", took).Msg(what)
		},
	}
}

// runIndex keeps the index at what the views show.
func (n *Node) runIndex(ctx context.Context) error { return n.follower.Run(ctx) }
