package main

import "testing"

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
