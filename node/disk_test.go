package node

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
)

// A task that found no room is run again, and all are woken; any other error
// ends the node.
func TestATaskWaitsForRoomOnTheDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bell := func() chan struct{} { return make(chan struct{}, 1) }
		n := &Node{log: zerolog.Nop(), bells: bells{views: bell(), announce: bell(), follow: bell(), state: bell(), files: bell()}}
		runs, begin := 0, time.Now()
		broken := errors.New("broken")
		err := n.keepOn(t.Context(), task{"test", func(context.Context) error {
			if runs++; runs < 3 {
				return fmt.Errorf("write: %w", syscall.ENOSPC)
			}
			return broken
		}})
		if !errors.Is(err, broken) || runs != 3 || time.Since(begin) != 2*fullRetry {
			t.Errorf("%v after %d runs and %s", err, runs, time.Since(begin))
		}
		if len(n.bells.announce) != 1 || len(n.bells.views) != 1 {
			t.Error("nobody was woken")
		}
	})
}
