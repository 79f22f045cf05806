package node

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func TestFilesWaitForAQuietMomentAndNotForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		bell, start := make(chan struct{}, 1), time.Now()
		go func() {
			for range 10 {
				time.Sleep(time.Second)
				ring(bell)
			}
		}()
		if !quiet(ctx, bell, 2*time.Second) || time.Since(start) != 12*time.Second {
			t.Errorf("quiet after %s, want two seconds after the last of ten", time.Since(start))
		}
		go func() {
			for ctx.Err() == nil {
				time.Sleep(time.Second)
				ring(bell)
			}
		}()
		if start = time.Now(); !quiet(ctx, bell, 2*time.Second) || time.Since(start) != gatherMost*2*time.Second {
			t.Errorf("gave up after %s", time.Since(start))
		}
		cancel()
		synctest.Wait()
		time.Sleep(2 * time.Second) // who rings sees it too
		if quiet(ctx, make(chan struct{}), time.Hour) {
			t.Error("quiet though the node stops")
		}
	})
}
