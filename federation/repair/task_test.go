package repair

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestTaskRepairsInTimeAndWhenAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var hub []time.Duration
		asked := map[string]int{}
		task := NewTask(Every,
			func(ctx context.Context) error {
				hub = append(hub, time.Since(start))
				if end, ok := ctx.Deadline(); !ok || time.Until(end) > limit {
					t.Error("without limit")
				}
				return nil
			},
			func(_ context.Context, peer string, _ []byte) error { asked[peer]++; return nil },
			func(string, error) {})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- task.Run(ctx) }()
		for range 10 { // twice within a pause for each of these
			task.Want("a", []byte{1})
			task.Want("b", []byte{2})
			time.Sleep(31 * time.Second)
		}
		for range 10 * queue { // nobody waits, whatever is asked
			task.Want("c", nil)
		}
		time.Sleep(2 * time.Hour)
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if asked["a"] != 5 || asked["b"] != 5 || asked["c"] != 1 {
			t.Errorf("asked %v", asked)
		}
		if len(hub) < 7 || len(hub) > 11 || hub[0] > first {
			t.Errorf("with the hub after %v", hub)
		}
		for i := 1; i < len(hub); i++ {
			if d := hub[i] - hub[i-1]; d < Every*9/10 || d > Every*11/10 {
				t.Errorf("after %s", d)
			}
		}
	})
}

func TestRepairThatFailedIsTriedSoonAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var at []time.Time
		task := NewTask(Every, func(context.Context) error {
			if at = append(at, time.Now()); len(at) < 4 {
				return errors.New("unplugged")
			}
			return nil
		}, nil, func(string, error) {})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go func() { _ = task.Run(ctx) }()
		time.Sleep(time.Hour)
		cancel()
		synctest.Wait()
		for i, want := range []time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute, Every} {
			if got := at[i+1].Sub(at[i]); got < want*9/10 || got > want*11/10 {
				t.Errorf("after try %d: %s, want about %s", i+1, got, want)
			}
		}
	})
}
