package api

import (
	"errors"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

// A Refusal is an error that brings its own status and words: whoever decides
// is not of this package.
type Refusal struct {
	Kind, Title string // of the problem document
	Status      int
	Detail      string        // what, why, and how to mend it
	After       time.Duration // when to come back; 0: not said
	Missing     []string      // paths that are wanted first
}

func (e *Refusal) Error() string { return e.Detail }

// refused fills a problem document from a [Refusal].
func refused(p *Problem, err error) bool {
	r, ok := errors.AsType[*Refusal](err)
	if ok {
		p.Type, p.Title, p.Status, p.Missing, p.after = r.Kind, r.Title, r.Status, r.Missing, r.After
	}
	return ok
}

// retryAfter says when to come back after a status that passes.
func (p Problem) retryAfter() string {
	switch {
	case p.after > 0:
		return strconv.Itoa(int((p.after + time.Second - 1) / time.Second))
	case p.Status == http.StatusServiceUnavailable, p.Status == http.StatusTooManyRequests:
		return "5"
	}
	return ""
}

// atOnce lets a bounded number of requests in; the others are told to come
// back, each after another while.
func atOnce(most int, h handler) handler {
	places := make(chan struct{}, most)
	return func(w http.ResponseWriter, r *http.Request) error {
		select {
		case places <- struct{}{}:
			defer func() { <-places }()
			return h(w, r)
		default:
			return &Refusal{
				Kind: "busy", Title: "The node is busy", Status: http.StatusTooManyRequests, Detail: "too many send at the same time: come back later",
				After: busyLeast + rand.N(busySpread),
			}
		}
	}
}

const (
	busyLeast  = 5 * time.Second
	busySpread = 55 * time.Second
)
