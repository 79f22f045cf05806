package main

import "testing"

func TestWhatGoMayHoldGrowsOnlyWithWhatLives(t *testing.T) {
	for live, want := range map[uint64]int64{0: memoryAim, 900 << 20: memoryAim, 2000 << 20: 2600 << 20} {
		if got := memoryLimit(live); got/(1<<20) != want/(1<<20) {
			t.Errorf("%d MB live: %d MB, want %d", live>>20, got>>20, want>>20)
		}
	}
}

func TestTheCollectorsPace(t *testing.T) {
	for _, c := range []struct {
		live    uint64
		rushing bool
		want    int
	}{
		{0, false, 100}, {30 << 20, false, 100}, {30 << 20, true, 200}, {heapAim / 3, true, 200}, {heapAim / 2, true, 100}, {heapAim / 2, false, 100},
		{heapAim * 10 / 16, true, 60}, {heapAim, false, 50}, {heapAim * 3, true, 50}, {1 << 62, false, 50},
	} {
		if got := collectorPace(c.live, c.rushing); got != c.want {
			t.Errorf("%d MB, rushing %v: %d%%, want %d%%", c.live>>20, c.rushing, got, c.want)
		}
	}
}
