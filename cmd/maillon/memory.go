package main

import (
	"context"
	"math"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// The garbage collector's pace (docs/decisions/0086-memory.md). Go lets the heap grow by
// its own size before it collects; for a large hub that is too much, and for one that
// reads a whole country too little.
const (
	usualPace = 100
	rushPace  = 200 // what is made while much comes in soon goes: collecting it half as often spares a tenth of the time
	leastPace = 50  // below it collecting takes more than the memory is worth
	heapAim   = 1000 << 20
	memoryAim = 1350 << 20 // of all that Go holds: 1.5 GB with what is not Go's
	paceEvery = 250 * time.Millisecond
)

// collectorPace is by how much of its size the live heap, in bytes, may grow before it
// is collected, in percent: as usual, twice that while the node rushes, and less where
// the heap would grow over its aim.
func collectorPace(live uint64, rushing bool) int {
	pace := usualPace
	if rushing {
		pace = rushPace
	}
	if live == 0 {
		return pace
	}
	room := 0
	if live < heapAim {
		room = int((heapAim - live) * 100 / live)
	}
	return max(leastPace, min(pace, room))
}

// memoryLimit is how much Go may hold, in bytes, before it collects sooner and gives
// pages back sooner: the aim, or, where more lives, a little more than that.
func memoryLimit(live uint64) int64 { return int64(max(memoryAim, live/10*13)) }

// paceCollector keeps the collector at its pace, and what Go holds within its limit, until ctx ends. Whoever sets GOGC or
// GOMEMLIMIT has decided otherwise.
func paceCollector(ctx context.Context, rushing func() bool) {
	for _, name := range []string{"GOGC", "GOMEMLIMIT"} {
		if _, set := os.LookupEnv(name); set {
			return
		}
	}
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	tick := time.NewTicker(paceEvery)
	defer tick.Stop()
	now, limit := usualPace, int64(math.MaxInt64)
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		metrics.Read(live)
		const step = 10 // setting it stops the program for a moment
		if want := memoryLimit(live[0].Value.Uint64()); want != limit {
			debug.SetMemoryLimit(want)
			limit = want
		}
		if want := collectorPace(live[0].Value.Uint64(), rushing()); want > now+step || want < now-step {
			debug.SetGCPercent(want)
			now = want
		}
	}
}
