package repair

import (
	"context"
	"math/rand/v2"
	"time"

	"maillon/federation"
)

// How often and how long a member repairs.
const (
	Every      = 15 * time.Minute // with the hub, ±10 %
	EveryLocal = 30 * time.Second // the same in a demonstration on one machine
	first      = time.Minute      // after the start, at most
	limit      = 2 * time.Minute  // for one repair
	pause      = time.Minute      // between two with one member that an exchange has shown
	queue      = 64               // members that wait
	again      = 15               // part of the period before another try after a failure; doubled each time
)

// A Task repairs from time to time with the hub, and with a member when an
// exchange has shown that it holds something else. Make it with [NewTask].
type Task struct {
	every  time.Duration
	hub    func(ctx context.Context) error
	member func(ctx context.Context, peer string, buckets []byte) error
	report func(peer string, err error)
	wanted chan request
}

type request struct {
	peer    string
	buckets []byte
}

// NewTask makes a task that repairs by hub every so often, and by member when
// asked to. report is told how each went, with "" for the hub.
func NewTask(every time.Duration, hub func(context.Context) error, member func(context.Context, string, []byte) error, report func(string, error)) *Task {
	return &Task{every: every, hub: hub, member: member, report: report, wanted: make(chan request, queue)}
}

// Want says that a member holds other notes in these buckets. It never waits:
// what finds no room comes with the next exchange, or by the hub. It has the
// form of gossip.Config.Repair.
func (t *Task) Want(peer string, buckets []byte) {
	select {
	case t.wanted <- request{peer, buckets}:
	default:
	}
}

// Run repairs until ctx ends.
func (t *Task) Run(ctx context.Context) error {
	last := map[string]time.Time{}
	tick := time.NewTimer(time.Duration(rand.Float64() * float64(min(first, t.every))))
	defer tick.Stop()
	failures := 0
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			err := t.bounded(ctx, t.hub)
			if failures++; err == nil {
				failures = 0
			}
			t.report("", err)
			tick.Reset(federation.NextVisit(federation.Pace{Every: t.every, First: t.every / again}, failures, 0, rand.Float64()))
		case q := <-t.wanted:
			if at, done := last[q.peer]; done && time.Since(at) < pause {
				continue
			}
			if len(last) >= queue {
				clear(last)
			}
			last[q.peer] = time.Now()
			t.report(q.peer, t.bounded(ctx, func(ctx context.Context) error { return t.member(ctx, q.peer, q.buckets) }))
		}
	}
}

func (t *Task) bounded(ctx context.Context, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return do(ctx)
}
