package federation

import (
	"testing"
	"time"
)

func TestNumbersAfterAClockThatWasWrong(t *testing.T) {
	now := time.Unix(1_772_366_400, 0)
	for _, c := range []struct {
		name string
		last uint64
		want uint64
	}{
		{"the first", 0, 1_772_366_400},
		{"long after the last", 1_000_000_000, 1_772_366_400},
		{"several within a second", 1_772_366_403, 1_772_366_404},
		{"the clock was half an hour ahead", 1_772_368_200, 1_772_368_201},
		{"the clock was an hour ahead", 1_772_370_000, 1_772_366_400},
		{"the clock was a year ahead", 1_803_902_400, 1_772_366_400},
		{"the number is the largest there is", 1<<64 - 1, 1_772_366_400},
	} {
		if got := NextSeq(c.last, now); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
	if got := NextSeq(0, time.Unix(-5, 0)); got != 1 {
		t.Errorf("before 1970: %d, want 1", got)
	}
}

// Two nodes whose clocks are a year ahead hear each other; when both clocks
// are right again, they still do.
func TestABookForgetsTheFuture(t *testing.T) {
	k := keyFrom(t, "21350238800019", 0, 1)
	now := k.announcement(t).At
	ahead := now.Add(365 * 24 * time.Hour)
	var b Book
	sign := func(clock time.Time) Announcement {
		a := k.announcement(t)
		a.At, a.Expires, a.Seq = clock, clock.Add(24*time.Hour), uint64(clock.Unix())
		return k.sign(t, a)
	}
	b.Merge(sign(ahead))
	right := sign(now)
	b.DropFuture(right.Node, now)
	if fresh, evidence := b.Merge(right); !fresh || evidence != nil {
		t.Errorf("fresh %v, evidence %v: want it taken, and nothing held against it", fresh, evidence)
	}
	b.DropFuture(right.Node, now)
	if got, ok := b.Get(right.Node); !ok || got.Seq != right.Seq {
		t.Errorf("the book holds number %d, %v", got.Seq, ok)
	}
}
