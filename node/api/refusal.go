package api

import (
	"errors"
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
