package publish

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// A Client speaks with one platform. Its fields must not change while it is used.
type Client struct {
	Base string // of its API: https://www.data.gouv.fr/api/1
	Key  string // X-API-KEY: of an account that may edit the dataset
	HTTP *http.Client

	UserAgent string
	// Part is the size from which a file is sent in parts of that size; 0 is
	// [DefaultPart]. A platform that finds one too large is sent smaller ones.
	Part int64
	// Sleep waits between tries; nil is a sleep.
	Sleep func(context.Context, time.Duration) error
	// Log tells of each try that failed and will be repeated; nil for silence.
	Log func(what string, err error, again time.Duration)
}

// Limits.
const (
	DefaultPart = 32 << 20
	leastPart   = 1 << 20
	tries       = 6
	firstWait   = time.Second
	mostWait    = 5 * time.Minute
	maxAnswer   = 16 << 20
)

// A RefusedError is an answer that trying again will not change.
type RefusedError struct {
	Status int
	What   string // what was asked for
	Said   string // by the platform
}

func (e *RefusedError) Error() string {
	s := fmt.Sprintf("%s: the platform answers %d %s", e.What, e.Status, http.StatusText(e.Status))
	if e.Said != "" {
		s += ": " + e.Said
	}
	if hint := e.Hint(); hint != "" {
		s += " (" + hint + ")"
	}
	return s
}

// Hint says how to mend it.
func (e *RefusedError) Hint() string {
	switch e.Status {
	case http.StatusUnauthorized:
		return "the API key is wrong or was withdrawn: make one on your account's page there, and write it in the file of publish.udata.key_file"
	case http.StatusForbidden:
		return "the account of this API key may not edit the dataset: have it added to the organisation that owns it"
	case http.StatusNotFound:
		return "there is no dataset of that id: look at its address on the platform"
	case http.StatusGone:
		return "the dataset was deleted there: restore it, or leave its id empty to have another made"
	case http.StatusRequestEntityTooLarge:
		return "even parts of 1 MiB are too large for the platform"
	}
	return ""
}

// a call is one request that may be repeated.
type call struct {
	method, path string
	what         string
	json         any                               // or:
	body         func() (io.Reader, string, error) // made anew for each try; and its content type
	into         any                               // nil if the answer does not matter

	// found is asked before the request is repeated: whether it happened after all,
	// and only the answer was lost.
	found func(ctx context.Context) (bool, error)
	// once says that repeating it would do harm.
	once bool
}

// do sends a request until it is answered: what cut connections, busy servers and
// limits cost is a wait. A RefusedError is final.
func (c *Client) do(ctx context.Context, k call) error {
	var err error
	for try := range tries {
		var wait time.Duration
		if wait, err = c.once(ctx, k); err == nil {
			return nil
		}
		if _, final := errors.AsType[*RefusedError](err); final || k.once || ctx.Err() != nil || try == tries-1 {
			break
		}
		wait = max(wait, time.Duration((0.5+rand.Float64())*float64(firstWait<<try)))
		if c.Log != nil {
			c.Log(k.what, err, wait)
		}
		if err := c.sleep(ctx, min(wait, mostWait)); err != nil {
			return err
		}
		if k.found != nil {
			if ok, err := k.found(ctx); err == nil && ok {
				return nil
			}
		}
	}
	return err
}

func (c *Client) sleep(ctx context.Context, d time.Duration) error {
	if c.Sleep != nil {
		return c.Sleep(ctx, d)
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// once sends a request once. The duration is how long the server wants to be left.
func (c *Client) once(ctx context.Context, k call) (time.Duration, error) {
	body, kind, err := k.reader()
	if err != nil {
		return 0, err
	}
	req, err := http.NewRequestWithContext(ctx, k.method, strings.TrimRight(c.Base, "/")+k.path, body)
	if err != nil {
		return 0, err
	}
	if s, ok := body.(sized); ok {
		req.ContentLength = s.bytes
	}
	req.Header.Set("X-API-KEY", c.Key)
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", c.UserAgent)
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	res, err := c.HTTP.Do(req)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", k.what, hideKey(err))
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return 0, fmt.Errorf("%s: %w", k.what, err)
	}
	switch {
	case res.StatusCode == http.StatusTooManyRequests || res.StatusCode >= 500:
		return retryAfter(res.Header, time.Now()), fmt.Errorf("%s: the platform answers %s", k.what, res.Status)
	case res.StatusCode >= 300: // a redirection of a write is not followed: it would lose the key or the body
		return 0, &RefusedError{res.StatusCode, k.what, said(raw)}
	case k.into == nil:
		return 0, nil
	}
	if err := json.Unmarshal(raw, k.into); err != nil {
		return 0, fmt.Errorf("%s: not the JSON expected: %w", k.what, err)
	}
	return 0, nil
}

func (k call) reader() (io.Reader, string, error) {
	switch {
	case k.body != nil:
		return k.body()
	case k.json == nil:
		return nil, "", nil
	}
	raw, err := json.Marshal(k.json)
	return bytes.NewReader(raw), "application/json", err
}

// hideKey takes the address out of an error of net/http: it adds nothing.
func hideKey(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

// said is what a platform's error says, in one line.
func said(raw []byte) string {
	var p struct {
		Message string `json:"message"`
		Error   string `json:"error"`
		Errors  any    `json:"errors"`
	}
	if json.Unmarshal(raw, &p) != nil {
		return ""
	}
	s := p.Message + p.Error
	if p.Errors != nil {
		if detail, err := json.Marshal(p.Errors); err == nil {
			s += " " + string(detail)
		}
	}
	return strings.TrimSpace(s[:min(len(s), 500)])
}

// retryAfter reads how long a server wants to be left alone (RFC 9110, 10.2.3).
func retryAfter(h http.Header, now time.Time) time.Duration {
	v := h.Get("Retry-After")
	if n, err := strconv.Atoi(v); err == nil && n > 0 {
		return time.Duration(n) * time.Second
	}
	if t, err := http.ParseTime(v); err == nil {
		return max(t.Sub(now), 0)
	}
	return 0
}
