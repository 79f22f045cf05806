package node

import (
	"context"
	"runtime/debug"
	"time"
)

// tidy gives back, once, what only the start needed: what was unpacked and parsed on
// the way, a third of the memory of a node that nobody asks anything. The runtime alone
// keeps it as room to grow into.
func (n *Node) tidy(ctx context.Context) error {
	for n.ready() != nil {
		if !sleep(ctx, time.Second) {
			return nil
		}
	}
	if sleep(ctx, 2*time.Second) { // the first backup and the index come just after
		debug.FreeOSMemory()
	}
	return nil
}
