package follow

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/klauspost/compress/zstd"
)

// NewClient makes a client. It opens no connection.
func NewClient(o Options) *Client {
	o = o.withDefaults()
	dialer := &net.Dialer{Timeout: min(o.Timeout, 10*time.Second)}
	if !o.AllowPrivate {
		dialer.ControlContext = control
	}
	// No proxy: the guard must see the address that is dialled.
	var wire http.RoundTripper = &http.Transport{
		DialContext: dialer.DialContext, ForceAttemptHTTP2: true,
		TLSHandshakeTimeout: min(o.Timeout, 10*time.Second), ResponseHeaderTimeout: o.Timeout,
		ExpectContinueTimeout:  min(o.Timeout, 10*time.Second),
		MaxResponseHeaderBytes: 64 << 10, DisableCompression: true, // unpacked here, with a limit
		MaxIdleConns: 64, MaxIdleConnsPerHost: o.Fetchers + 1, IdleConnTimeout: time.Minute,
	}
	if o.Transport != nil {
		wire = o.Transport
	}
	return &Client{
		o:     o,
		loose: &http.Client{Transport: wire, CheckRedirect: checkRedirect},
		http: &http.Client{
			Transport: wire,
			CheckRedirect: func(req *http.Request, _ []*http.Request) error {
				return fmt.Errorf("%w: the answer points to %s; announce that address itself", ErrRedirect, req.URL.Redacted())
			},
		},
		tags: map[string]tagged{},
	}
}

// A session is one Follow, or one request: it counts what is received.
type session struct {
	c        *Client
	base     string
	received atomic.Int64

	mu   sync.Mutex
	left int64 // of MaxBytes
}

// spend takes n bytes of what the session may still receive.
func (s *session) spend(n int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.left -= int64(n); s.left < 0 {
		return fmt.Errorf("%w: %s serves more than %d bytes at once", ErrTooLarge, s.base, s.c.o.MaxBytes)
	}
	return nil
}

// A request is what to ask for, and how much answer to take.
type request struct {
	method string // "" is GET
	url    string
	body   []byte
	header map[string]string
	limit  int64 // bytes of the answer, after decompression
	packed bool  // take compressed answers
	loose  bool  // follow redirections: the server is no node
	ok     int   // status wanted; 0 is 200
}

// An answer is read to its end, or closed before.
type answer struct {
	io.Reader
	url   string
	path  string // of the resource, below the session's base
	etag  string
	resp  *http.Response // its body is read through this answer
	wire  *patience
	close func()
}

// fail says what an error while reading the answer means: the connection
// broke, a limit was reached, or what came over it is damaged.
func (a *answer) fail(err error) error {
	if a.wire.err == nil && !errors.Is(err, ErrTooLarge) {
		return &CorruptError{Resource: a.path, Err: err}
	}
	return fmt.Errorf("%s: %w", a.url, err)
}

// Close gives the connection back. It may be called more than once.
func (a *answer) Close() { a.close() }

// do sends a request. The answer's reader enforces the limit and the pace.
func (s *session) do(ctx context.Context, q request) (*answer, error) {
	req, cancel, err := s.prepare(ctx, q)
	if err != nil {
		return nil, err
	}
	client := s.c.http
	if q.loose {
		client = s.c.loose
	}
	resp, err := client.Do(req)
	if err != nil {
		cancel(nil)
		return nil, explain(err)
	}
	wire := &patience{r: resp.Body, s: s, cancel: cancel, ctx: req.Context(), left: s.c.o.Timeout}
	path := strings.TrimPrefix(strings.TrimPrefix(q.url, s.base), "/")
	end := sync.OnceFunc(func() { _ = resp.Body.Close(); cancel(nil) }) // nothing was written
	want := q.ok
	if want == 0 {
		want = http.StatusOK
	}
	if resp.StatusCode != want {
		e := &StatusError{URL: q.url, Status: resp.StatusCode, RetryAfter: retryAfter(resp.Header)}
		return &answer{Reader: &capped{r: wire, left: q.limit, path: path}, url: q.url, path: path, resp: resp, wire: wire, close: end}, e
	}
	// What is packed may not be longer than what comes out of it, or an
	// endless stream of nothing would never reach the limit.
	packed := &capped{r: wire, left: q.limit + q.limit/8 + 64<<10, path: path}
	plain, done, err := s.c.unpack(resp.Header.Get("Content-Encoding"), packed)
	a := &answer{url: q.url, path: path, etag: resp.Header.Get("ETag"), resp: resp, wire: wire}
	if err != nil {
		end()
		return nil, a.fail(err)
	}
	a.Reader = &capped{r: plain, left: q.limit, path: path, spend: s.spend}
	a.close = sync.OnceFunc(func() { done(); end() })
	return a, nil
}

func (s *session) prepare(ctx context.Context, q request) (*http.Request, context.CancelCauseFunc, error) {
	if err := checkURL(q.url); err != nil {
		return nil, nil, err
	}
	method := q.method
	if method == "" {
		method = http.MethodGet
	}
	ctx, cancel := context.WithCancelCause(ctx)
	req, err := http.NewRequestWithContext(ctx, method, q.url, bytes.NewReader(q.body))
	if err != nil {
		cancel(nil)
		return nil, nil, err
	}
	req.Header.Set("User-Agent", s.c.o.UserAgent)
	req.Header.Set("Accept-Encoding", "identity")
	if q.packed {
		req.Header.Set("Accept-Encoding", "zstd, gzip;q=0.5")
	}
	for k, v := range q.header {
		req.Header.Set(k, v)
	}
	return req, cancel, nil
}

func checkURL(s string) error {
	u, err := url.Parse(s)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.User != nil {
		return fmt.Errorf("address %q, want http:// or https:// and a host", s)
	}
	return nil
}

// explain drops the noise around the errors of this package.
func explain(err error) error {
	var ue *url.Error
	if !errors.As(err, &ue) {
		return err
	}
	if addr, ok := errors.AsType[*AddressError](err); ok {
		return fmt.Errorf("%s: %w", ue.URL, addr)
	}
	return fmt.Errorf("%s: %w", ue.URL, ue.Err)
}

// retryAfter reads both forms of the header: seconds, and a date.
func retryAfter(h http.Header) time.Duration {
	if at, err := http.ParseTime(h.Get("Retry-After")); err == nil {
		return max(0, time.Until(at))
	}
	return seconds(h.Get("Retry-After"))
}

// seconds reads a header that is a number of seconds; 0 if it is none.
func seconds(s string) time.Duration {
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 || n > 1<<30 {
		return 0
	}
	return time.Duration(n) * time.Second
}

// read reads a whole answer.
func (s *session) read(ctx context.Context, q request) ([]byte, error) {
	a, err := s.do(ctx, q)
	if err != nil {
		if a != nil {
			a.Close()
		}
		return nil, err
	}
	defer a.Close()
	b, err := io.ReadAll(a)
	if err != nil {
		return nil, a.fail(err)
	}
	return b, nil
}

// unpack undoes a content coding. done must be called when reading has ended.
func (c *Client) unpack(coding string, r io.Reader) (plain io.Reader, done func(), err error) {
	switch coding {
	case "", "identity":
		return r, func() {}, nil
	case "gzip":
		z, err := gzip.NewReader(r)
		return z, func() {}, err
	case "zstd":
		d, ok := c.decoders.Get().(*zstd.Decoder)
		if !ok {
			// One goroutine, and a window no larger than any bundle needs.
			d, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(8<<20))
			if err != nil {
				return nil, nil, err
			}
		}
		if err := d.Reset(r); err != nil {
			return nil, nil, err
		}
		return d, func() {
			_ = d.Reset(nil) // lets go of r
			c.decoders.Put(d)
		}, nil
	}
	return nil, nil, fmt.Errorf("content coding %q was not asked for", coding)
}

// capped reads at most left bytes, and says so if there are more.
type capped struct {
	r     io.Reader
	left  int64
	path  string          // of the resource
	spend func(int) error // nil if the bytes count nowhere else
}

func (c *capped) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if c.left <= 0 {
		n, err := c.r.Read(make([]byte, 1))
		if n > 0 {
			return 0, &CorruptError{Resource: c.path, Err: fmt.Errorf("%w: it goes on after all that can be in it", ErrTooLarge)}
		}
		return 0, err
	}
	n, err := c.r.Read(p[:min(int64(len(p)), c.left)])
	c.left -= int64(n)
	if c.spend != nil {
		if over := c.spend(n); over != nil {
			return n, over
		}
	}
	return n, err
}

// patience reads from the wire as long as the server keeps its pace: it may
// be silent for the timeout, and every byte buys back time at the minimum
// rate. Only waiting counts, not what is done between reads.
type patience struct {
	r      io.Reader
	s      *session
	ctx    context.Context // of the request
	cancel context.CancelCauseFunc
	left   time.Duration
	err    error // what broke the connection
}

func (w *patience) Read(p []byte) (int, error) {
	slow := time.AfterFunc(w.left, func() {
		w.cancel(fmt.Errorf("%w: less than %d bytes a second", ErrTooSlow, w.s.c.o.MinRate))
	})
	start := time.Now()
	n, err := w.r.Read(p)
	slow.Stop()
	w.s.received.Add(int64(n))
	w.left = min(w.left-time.Since(start)+time.Duration(n)*time.Second/time.Duration(w.s.c.o.MinRate), w.s.c.o.Timeout)
	if err != nil && !errors.Is(err, io.EOF) && w.ctx.Err() != nil {
		err = context.Cause(w.ctx)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		w.err = err
	}
	return n, err
}

// Transport is what reaches other nodes, with the guard of addresses. It
// follows no redirection.
func (c *Client) Transport() http.RoundTripper { return c.http.Transport }
