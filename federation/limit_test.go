package federation

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestOneSignerCannotStarveAnother(t *testing.T) {
	l := DefaultLimiter()
	taken := 0
	for i := range 60_000 { // a minute at 1,000 a second
		now := noon.Add(time.Duration(i) * time.Millisecond)
		if l.Allow("noisy", now) {
			taken++
		}
		if i%10_000 == 0 && !l.Allow("quiet", now) {
			t.Fatal("the quiet one was refused")
		}
	}
	if taken < 78 || taken > 81 { // twenty, and one a second
		t.Errorf("%d taken", taken)
	}
}

func TestLimiterIsBoundedAndTakesNewcomers(t *testing.T) {
	l := DefaultLimiter()
	for i := range 3 * maxSigners {
		if !l.Allow(fmt.Sprint(i), noon) {
			t.Fatal("a newcomer was refused")
		}
	}
	if len(l.full) > maxSigners {
		t.Errorf("%d signers remembered", len(l.full))
	}
	l.Allow("later", noon.Add(time.Hour))
	if len(l.full) != 1 {
		t.Errorf("%d signers remembered though their counts are full", len(l.full))
	}
}

func TestLimiterTakesNoMoreThanItSays(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		l := &Limiter{Burst: rapid.IntRange(1, 5).Draw(rt, "burst"), Every: time.Second}
		now, taken := noon, 0
		for range 50 {
			now = now.Add(time.Duration(rapid.Int64Range(0, 3000).Draw(rt, "step")) * time.Millisecond)
			if l.Allow("x", now) {
				taken++
			}
			if most := l.Burst + int(now.Sub(noon)/l.Every); taken > most {
				rt.Fatalf("%d taken after %s, at most %d", taken, now.Sub(noon), most)
			}
		}
		if !l.Allow("x", now.Add(time.Duration(l.Burst)*l.Every)) {
			rt.Fatal("refused with a full count")
		}
		if !l.Allow("x", now.Add(-time.Hour)) {
			rt.Fatal("locked out by a clock that was set back")
		}
	})
}
