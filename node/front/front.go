// Package front is what stands between a listener and the handlers of a node: who
// asks, how often and how long they may, what every answer carries, and what is
// counted and logged of it.
//
// A client is known by its address, behind a trusted proxy by the one that the
// nearest proxy nobody trusts wrote (see [Proxies]). No address is logged: a request
// has a number, which its answer carries too.
package front

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
)

// Options say how a listener is guarded. The zero value limits nothing.
type Options struct {
	Proxies Proxies
	Rate    float64 // requests a second of one client; 0 for no limit
	Burst   int     // that it may have saved up
	Secure  bool    // the public address is https: browsers are told to keep to it
	Log     zerolog.Logger
	Now     func() time.Time
}

// How long an exchange may take: large files at slow lines take a while, a client
// that does nothing for that long is gone.
const (
	stall    = 30 * time.Second // between two pieces of a body
	longest  = 30 * time.Minute // to take an answer
	idLength = 8                // bytes
)

// A Front guards one listener. Make it with [New].
type Front struct {
	o       Options
	clients *limiter
	tokens  *limiter
	counts  [6]atomic.Uint64 // answers by their first digit
	limited atomic.Uint64
	open    atomic.Int64
	seconds atomic.Uint64 // of work, in microseconds
}

// New makes a front.
func New(o Options) *Front {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Front{o: o, clients: newLimiter(o.Rate, o.Burst), tokens: newLimiter(o.Rate, o.Burst)}
}

// Counts are what a front has counted since it was made.
type Counts struct {
	Answers [6]uint64 // by the first digit of their status
	Limited uint64
	Open    int64
	Busy    time.Duration // all answers together
}

// Counts tells what was counted.
func (f *Front) Counts() Counts {
	c := Counts{Limited: f.limited.Load(), Open: f.open.Load(), Busy: time.Duration(f.seconds.Load()) * time.Microsecond}
	for i := range c.Answers {
		c.Answers[i] = f.counts[i].Load()
	}
	return c
}

type idKey struct{}

// ID is the number of a request, "" for one that came through no front.
func ID(ctx context.Context) string {
	id, _ := ctx.Value(idKey{}).(string)
	return id
}

// Guard puts the front before a handler.
func (f *Front) Guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begin := time.Now()
		f.open.Add(1)
		defer f.open.Add(-1)
		var b [idLength]byte
		_, _ = rand.Read(b[:]) // never fails (crypto/rand)
		id := hex.EncodeToString(b[:])
		h := w.Header()
		h["X-Request-Id"] = []string{id}
		f.secure(h)
		out := &writer{ResponseWriter: w}
		defer func() {
			f.counts[min(max(out.status, 200)/100, 5)].Add(1)
			f.seconds.Add(uint64(time.Since(begin).Microseconds()))
			if e := f.o.Log.Debug(); e.Enabled() {
				e.Str("request", id).Str("method", r.Method).Str("path", r.URL.Path).Int("status", max(out.status, 200)).Dur("took", time.Since(begin)).Msg("answered")
			}
		}()
		if wait, ok := f.allow(r); !ok {
			f.limited.Add(1)
			refuse(out, wait)
			return
		}
		c := http.NewResponseController(w)
		_ = c.SetWriteDeadline(begin.Add(longest)) // not every writer has one
		r = r.WithContext(context.WithValue(r.Context(), idKey{}, id))
		if r.Body != nil && r.Body != http.NoBody {
			r.Body = &patient{ReadCloser: r.Body, control: c}
		}
		next.ServeHTTP(out, r)
	})
}

// Headers that protect those who read pages, where a handler sets no stricter ones.
var (
	denyFrames = []string{"DENY"}
	sameOrigin = []string{"same-origin"}
	nosniff    = []string{"nosniff"}
	noPower    = []string{"camera=(), geolocation=(), microphone=(), payment=()"}
	strictTLS  = []string{"max-age=31536000"}
	noContent  = []string{"default-src 'none'; frame-ancestors 'none'"}
)

func (f *Front) secure(h http.Header) {
	h["X-Frame-Options"] = denyFrames
	h["X-Content-Type-Options"] = nosniff
	h["Cross-Origin-Opener-Policy"] = sameOrigin
	h["Permissions-Policy"] = noPower
	h["Content-Security-Policy"] = noContent // pages replace it by theirs
	if f.o.Secure {
		h["Strict-Transport-Security"] = strictTLS
	}
}

// allow takes one from what a client, and the bearer of a token, may ask. This
// machine is not limited: a proxy that says nothing of its clients would be.
func (f *Front) allow(r *http.Request) (time.Duration, bool) {
	if f.o.Rate <= 0 || isJournal(r.URL.Path) {
		return 0, true
	}
	ip, err := f.o.Proxies.Client(r)
	if err == nil && !ip.IsLoopback() {
		if wait, ok := f.clients.take(keyOf(ip), f.o.Now()); !ok {
			return wait, false
		}
	}
	if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok && !ip.IsLoopback() {
		return f.tokens.take(token[:min(len(token), 64)], f.o.Now())
	}
	return 0, true
}

// isJournal reports whether a path is of a journal: whoever mirrors a large one asks for
// thousands of tiles in a row, which do not change and cost next to nothing.
func isJournal(path string) bool {
	_, within, ok := strings.Cut(path, "/journal/")
	if !ok {
		return false
	}
	kind, _, _ := strings.Cut(within, "/")
	return kind == "tile" || kind == "bodies" || kind == "checkpoint"
}

// keyOf is what counts as one client: an IPv4 address, or an IPv6 network of 64 bits,
// which one household has.
func keyOf(ip netip.Addr) string {
	if ip.Is6() {
		if p, err := ip.Prefix(64); err == nil {
			return p.String()
		}
	}
	return ip.String()
}

func refuse(w http.ResponseWriter, wait time.Duration) {
	h := w.Header()
	h.Set("Retry-After", fmt.Sprint(int64(wait/time.Second)+1))
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusTooManyRequests)
	_, _ = io.WriteString(w, `{"type":"urn:maillon:problem:rate","title":"Too many requests","status":429,"detail":"wait as long as Retry-After says"}`+"\n")
}

// writer remembers the status.
type writer struct {
	http.ResponseWriter
	status int
}

func (w *writer) WriteHeader(status int) {
	if w.status == 0 && status >= 200 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// ReadFrom lets files go out without a copy.
func (w *writer) ReadFrom(r io.Reader) (int64, error) { return io.Copy(w.ResponseWriter, r) }

// Unwrap is for [http.ResponseController].
func (w *writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// patient gives a client time for each piece of its body, not for all of it.
type patient struct {
	io.ReadCloser
	control *http.ResponseController
}

func (p *patient) Read(b []byte) (int, error) {
	_ = p.control.SetReadDeadline(time.Now().Add(stall))
	n, err := p.ReadCloser.Read(b)
	if err != nil {
		_ = p.control.SetReadDeadline(time.Time{})
	}
	return n, err
}
