package follow

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-json-experiment/json"
	"golang.org/x/sync/errgroup"
)

// A Parcel is a journal up to one of its checkpoints, to be pushed to a hub's
// mirror of it.
type Parcel struct {
	Checkpoint []byte // signed, of Size entries
	Ticket     string // value of the header Authorization
	// Open opens a resource by its path below the journal's address. coding
	// is "" or "zstd". It must refuse paths that it would not serve.
	Open func(path string) (coding string, body io.ReadCloser, err error)
}

// A PushError is a hub's refusal of what was pushed, in its own words.
type PushError struct {
	StatusError
	Kind   string // the problem's type, without urn:maillon:problem:
	Detail string
}

func (e *PushError) Error() string {
	if e.Detail == "" {
		return e.StatusError.Error()
	}
	return fmt.Sprintf("the hub refuses (%s): %s", e.Kind, e.Detail)
}

// Unwrap makes a PushError a [StatusError] too.
func (e *PushError) Unwrap() error { return &e.StatusError }

// Limits of one Push.
const (
	pushRounds = 64 // answers that ask for more, of some hundred resources each
	pushWide   = 4  // resources sent at a time
	pushTries  = 3  // of one resource that the hub asks for again
)

// Push brings the mirror at base, https://HUB/n/ID/journal, to the parcel's
// checkpoint. It shows the checkpoint, sends what the hub says it lacks, and
// shows it again, so that a push that broke off goes on where it was, and one
// that is done costs one request. What is sent is the number of bytes.
func (c *Client) Push(ctx context.Context, base string, p Parcel) (sent int64, err error) {
	var bytes atomic.Int64
	s := &session{c: c, base: base, left: c.o.MaxBytes}
	tried := map[string]int{}
	for range pushRounds {
		missing, err := s.show(ctx, p)
		if err != nil || len(missing) == 0 {
			return bytes.Load(), err
		}
		g, within := errgroup.WithContext(ctx)
		g.SetLimit(pushWide)
		for _, path := range missing {
			if within.Err() != nil {
				break // one has failed
			}
			if tried[path]++; tried[path] > pushTries {
				err = fmt.Errorf("%s/%s: the hub asks for it again and again", base, path)
				break
			}
			g.Go(func() error {
				n, err := s.send(within, p, path)
				bytes.Add(n)
				return err
			})
		}
		if err := errors.Join(err, g.Wait()); err != nil {
			return bytes.Load(), err
		}
	}
	return bytes.Load(), fmt.Errorf("%s: the hub still asks for more after %d rounds", base, pushRounds)
}

// show puts the checkpoint and returns what the hub lacks for it.
func (s *session) show(ctx context.Context, p Parcel) (missing []string, err error) {
	a, err := s.put(ctx, sending{path: "checkpoint", ticket: p.Ticket, kind: "text/plain; charset=utf-8", body: bytes.NewReader(p.Checkpoint), size: int64(len(p.Checkpoint))})
	if a == nil {
		return nil, err
	}
	defer a.Close()
	refused, ok := errors.AsType[*PushError](err)
	if ok && refused.Kind == "incomplete" && len(a.missing) > 0 {
		return a.missing, nil
	}
	return nil, err
}

// send puts one resource.
func (s *session) send(ctx context.Context, p Parcel, path string) (int64, error) {
	coding, body, err := p.Open(path)
	if err != nil {
		return 0, fmt.Errorf("open %s to push it: %w", path, err)
	}
	defer body.Close()
	counted := &counter{r: body}
	a, err := s.put(ctx, sending{path: path, ticket: p.Ticket, kind: "application/octet-stream", coding: coding, body: counted, size: -1})
	if a != nil {
		a.Close()
	}
	return counted.n.Load(), err
}

type counter struct {
	r io.Reader
	n atomic.Int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n.Add(int64(n))
	return n, err
}

// A sending is what one PUT carries.
type sending struct {
	path, ticket, kind, coding string
	body                       io.Reader
	size                       int64 // -1: not known
}

// A reply is the answer to a PUT: nothing but what it says in its problem
// document is of interest.
type reply struct {
	*http.Response
	missing []string
}

func (r *reply) Close() { _ = r.Body.Close() } // nothing was written

// put sends a resource. A hub that takes no byte for the client's timeout is
// given up. What is not 2xx is a [PushError].
func (s *session) put(ctx context.Context, q sending) (*reply, error) {
	target := s.base + "/" + q.path
	if err := checkURL(target); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watch := &watched{r: q.body, every: 2 * s.c.o.Timeout, slow: func() { cancel(fmt.Errorf("%w: %s takes nothing more", ErrTooSlow, target)) }}
	watch.begin()
	defer watch.end()
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, target, watch)
	if err != nil {
		return nil, err
	}
	req.ContentLength = q.size
	req.Header.Set("User-Agent", s.c.o.UserAgent)
	req.Header.Set("Content-Type", q.kind)
	req.Header.Set("Authorization", q.ticket)
	if q.size < 0 {
		req.Header.Set("Expect", "100-continue") // a refusal comes before the body is on its way
	}
	if q.coding != "" {
		req.Header.Set("Content-Encoding", q.coding)
	}
	resp, err := s.c.http.Do(req)
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = errors.Join(cause, explain(err))
		} else {
			err = explain(err)
		}
		return nil, err
	}
	out := &reply{Response: resp}
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxJSON))
	if err != nil {
		return out, fmt.Errorf("%s: %w", target, err)
	}
	if resp.StatusCode/100 == 2 {
		return out, nil
	}
	return out, out.problem(target, raw)
}

// problem reads a problem document; any other answer is a bare status.
func (r *reply) problem(target string, raw []byte) error {
	var doc struct {
		Type    string   `json:"type"`
		Detail  string   `json:"detail"`
		Missing []string `json:"missing"`
	}
	e := &PushError{StatusError: StatusError{URL: target, Status: r.StatusCode, RetryAfter: retryAfter(r.Header)}}
	if json.Unmarshal(raw, &doc) == nil {
		e.Kind, e.Detail, r.missing = trimKind(doc.Type), doc.Detail, doc.Missing
	}
	return e
}

// watched calls slow if nothing has been read from it for a time.
type watched struct {
	r     io.Reader
	every time.Duration
	slow  func()
	timer *time.Timer
}

func (w *watched) begin() { w.timer = time.AfterFunc(w.every, w.slow) }
func (w *watched) end()   { w.timer.Stop() }

func (w *watched) Read(p []byte) (int, error) {
	w.timer.Reset(w.every)
	return w.r.Read(p)
}

// problems begins the type of every problem document of a node.
const problems = "urn:maillon:problem:"

func trimKind(s string) string { return strings.TrimPrefix(s, problems) }

// PutProfile gives a hub the profile of a node that it serves: base is
// https://HUB/n/ID.
func (c *Client) PutProfile(ctx context.Context, base string, note []byte) error {
	s := &session{c: c, base: base, left: c.o.MaxBytes}
	a, err := s.put(ctx, sending{path: "profile", kind: "text/plain; charset=utf-8", body: bytes.NewReader(note), size: int64(len(note))})
	if a != nil {
		a.Close()
	}
	return err
}
