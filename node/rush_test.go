package node

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func TestARushIsMuchThatDoesComeIn(t *testing.T) {
	now := time.Now()
	for _, c := range []struct {
		name string
		do   func(r *rush)
		want bool
	}{
		{"nothing", func(*rush) {}, false},
		{"one change", func(r *rush) { r.announced(1); r.begin(1) }, false},
		{"many to take in", func(r *rush) { r.begin(rushEntries + 1) }, true},
		{"they were taken in", func(r *rush) { r.begin(rushEntries + 1); r.end(now) }, false},
		{"many announced, none comes", func(r *rush) { r.announced(1 << 40) }, false},
		{"many announced, few come", func(r *rush) { r.announced(1 << 40); r.begin(10); r.end(now) }, false},
		{"many announced, many come", func(r *rush) { r.announced(1 << 40); r.begin(rushEntries / 2); r.end(now.Add(-time.Second)) }, true},
		{"many announced, many came once", func(r *rush) { r.announced(1 << 40); r.begin(rushEntries / 2); r.end(now.Add(-2 * rushLately)) }, false},
		{"it has gone on for too long", func(r *rush) {
			r.begin(rushEntries + 1)
			r.on(now.Add(-rushMost))
		}, false},
	} {
		var r rush
		if c.do(&r); r.on(now) != c.want {
			t.Errorf("%s: a rush is %v, want %v", c.name, !c.want, c.want)
		}
	}
}

func TestWhatWaitsForTheEndOfARushGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r rush
		r.begin(rushEntries + 1)
		start := time.Now()
		time.AfterFunc(time.Minute, func() { r.end(time.Now()) })
		if !r.calm(t.Context()) || time.Since(start) < time.Minute || time.Since(start) > time.Minute+rushLook {
			t.Errorf("calm after %s, want a minute", time.Since(start))
		}
		r.begin(rushEntries + 1)
		if start = time.Now(); !r.calm(t.Context()) || time.Since(start) < rushMost {
			t.Errorf("a rush without end was waited for %s", time.Since(start))
		}
		var again rush
		again.begin(rushEntries + 1)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		if again.calm(ctx) {
			t.Error("calm though the node stops")
		}
	})
}
