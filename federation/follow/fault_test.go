package follow

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
)

// flip changes one bit of byte i, counted from the end if negative.
func flip(i int) func([]byte) []byte {
	return func(b []byte) []byte {
		b[(i+len(b))%len(b)] ^= 1
		return b
	}
}

func cutTo(n int) func([]byte) []byte { return func(b []byte) []byte { return b[:n] } }

func more(b []byte) []byte { return append(b, 0) }

func TestWhatWasNotSignedIsRefused(t *testing.T) {
	s := newServer(t)
	s.grow(t, 300)
	base := &copied{}
	c := client(Options{})
	mustFollow(t, c, s, base)
	s.grow(t, 230) // 530: bundles 1 (from its middle), and 2 with 18
	for name, fault := range map[string]struct {
		path   string
		change func([]byte) []byte
	}{
		"a byte of a full bundle":              {"tile/entries/001", flip(500)},
		"a byte of what the mirror has":        {"tile/entries/001", flip(5)},
		"a byte of a partial bundle":           {"tile/entries/002.p/18", flip(-1)},
		"a length in a bundle":                 {"tile/entries/002.p/18", flip(1)},
		"a bundle cut short":                   {"tile/entries/001", cutTo(10_000)},
		"a bundle cut to nothing":              {"tile/entries/001", cutTo(0)},
		"a bundle with more in it":             {"tile/entries/002.p/18", more},
		"a byte of a tile":                     {"tile/0/002.p/18", flip(40)},
		"a byte of a tile above":               {"tile/1/000.p/2", flip(3)},
		"a tile cut short":                     {"tile/0/002.p/18", cutTo(32 * 17)},
		"a tile with more in it":               {"tile/1/000.p/2", more},
		"a byte of a body":                     {"bodies/001", flip(200 * 70)},
		"the last byte of a body":              {"bodies/002.p/18", flip(-1)},
		"a salt":                               {"bodies/002.p/18", flip(3)},
		"a flag that is none":                  {"bodies/002.p/18", func(b []byte) []byte { b[0] = 3; return b }},
		"a flag that says there never was one": {"bodies/002.p/18", func(b []byte) []byte { return append([]byte{0}, b[1+16+4+len(s.entries[512].Body):]...) }},
		"a flag that says it was erased":       {"bodies/002.p/18", func(b []byte) []byte { return append([]byte{2}, b[1+16+4+len(s.entries[512].Body):]...) }},
		"bodies cut short":                     {"bodies/001", cutTo(100)},
		"bodies cut at an entry":               {"bodies/002.p/18", func(b []byte) []byte { return b[:len(b)-(1+16+4+len(s.entries[529].Body))] }},
		"bodies with more in them":             {"bodies/002.p/18", more},
		"a byte of the checkpoint":             {"checkpoint", flip(30)},
		"a signature":                          {"checkpoint", flip(-10)},
		"a checkpoint cut short":               {"checkpoint", cutTo(20)},
	} {
		t.Run(name, func(t *testing.T) {
			defer s.mend()
			s.breakAt(t, fault.path, fault.change)
			m := &copied{entries: base.entries, checkpoint: base.checkpoint}
			_, err := client(Options{}).Follow(t.Context(), s.URL, s.verifier, m)
			damage, ok := errors.AsType[*CorruptError](err)
			if !ok || !errors.Is(err, ErrCorrupt) || !strings.Contains(damage.Resource, fault.path) {
				t.Fatalf("got %v, want a CorruptError at %s", err, fault.path)
			}
			if m.Size() != 300 {
				t.Errorf("the mirror has %d entries", m.Size())
			}
		})
	}
	mustFollow(t, c, s, base) // mended
	if d := differ(s.entries, base.entries); d != "" {
		t.Error(d)
	}
}

// A tile of another tree, whole in itself, is damage and not a fork: nobody
// has signed it.
func TestTileOfAnotherTreeIsNoFork(t *testing.T) {
	s, other, m := newServer(t), newServer(t), &copied{}
	s.grow(t, 10)
	mustFollow(t, client(Options{}), s, m)
	s.grow(t, 10)
	other.add(t, other.put(t, []byte("{}")))
	other.grow(t, 19)
	b, err := other.resource("tile/0/000.p/20")
	if err != nil {
		t.Fatal(err)
	}
	s.breakAt(t, "tile/0/000.p/20", func([]byte) []byte { return b })
	if _, err := client(Options{}).Follow(t.Context(), s.URL, s.verifier, m); !errors.Is(err, ErrCorrupt) || errors.Is(err, ErrFork) {
		t.Error(err)
	}
}

func TestWhatIsNotServed(t *testing.T) {
	s, m, c := newServer(t), &copied{}, client(Options{})
	s.grow(t, 300)
	for path, whole := range map[string]bool{"checkpoint": true, "tile/1/000.p/1": false, "tile/entries/000": false, "bodies/001.p/44": false} {
		s.setFault(path, http.NotFound)
		_, err := c.Follow(t.Context(), s.URL, s.verifier, m)
		status, ok := errors.AsType[*StatusError](err)
		if !ok || status.Status != 404 || errors.Is(err, ErrNotServed) != whole {
			t.Errorf("%s: %v", path, err)
		}
		s.mend()
	}
	s.setFault("checkpoint", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "90")
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	_, err := c.Follow(t.Context(), s.URL, s.verifier, m)
	if status, ok := errors.AsType[*StatusError](err); !ok || status.RetryAfter != 90*time.Second || errors.Is(err, ErrNotServed) {
		t.Error(err)
	}
	s.setFault("checkpoint", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotModified) })
	if _, err := c.Follow(t.Context(), s.URL, s.verifier, &copied{}); err == nil {
		t.Error("not modified, though nobody said what there was")
	}
	s.Close()
	if _, err := c.Follow(t.Context(), s.URL, s.verifier, m); err == nil || errors.Is(err, ErrNotServed) {
		t.Errorf("no server: %v", err)
	}
}

// packed serves a path in a content coding.
func packed(t *testing.T, coding string, b []byte) http.HandlerFunc {
	t.Helper()
	var buf bytes.Buffer
	var w io.WriteCloser = gzip.NewWriter(&buf)
	if coding == "zstd" {
		z, err := zstd.NewWriter(&buf)
		if err != nil {
			t.Fatal(err)
		}
		w = z
	}
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return func(w http.ResponseWriter, r *http.Request) {
		if !strings.Contains(r.Header.Get("Accept-Encoding"), coding) {
			http.Error(w, "not accepted", http.StatusNotAcceptable)
			return
		}
		w.Header().Set("Content-Encoding", coding)
		_, _ = w.Write(buf.Bytes())
	}
}

func TestCompressedBundles(t *testing.T) {
	s := newServer(t)
	s.grow(t, 300)
	plain := mustFollow(t, client(Options{}), s, &copied{})
	for _, coding := range []string{"gzip", "zstd"} {
		for _, path := range []string{"tile/entries/000", "tile/entries/001.p/44", "bodies/000", "bodies/001.p/44"} {
			b, err := s.resource(path)
			if err != nil {
				t.Fatal(err)
			}
			s.setFault(path, packed(t, coding, b))
		}
		m := &copied{}
		c := client(Options{})
		res := mustFollow(t, c, s, m)
		mustFollow(t, c, s, &copied{}) // decoders are used again
		if d := differ(s.entries, m.entries); d != "" || res.Bytes > plain.Bytes/2 {
			t.Errorf("%s: %d bytes of %d\n%s", coding, res.Bytes, plain.Bytes, d)
		}
		s.mend()
	}
}

func TestBombs(t *testing.T) {
	s := newServer(t)
	s.grow(t, 300)
	zeros := make([]byte, 4<<20)
	for name, f := range map[string]http.HandlerFunc{
		"gzip bomb": packed(t, "gzip", zeros),
		"zstd bomb": packed(t, "zstd", zeros),
		"endless answer": func(w http.ResponseWriter, _ *http.Request) {
			for {
				if _, err := w.Write(zeros[:1<<16]); err != nil {
					return
				}
			}
		},
		"endless gzip of nothing": func(w http.ResponseWriter, _ *http.Request) {
			var nothing bytes.Buffer
			_ = gzip.NewWriter(&nothing).Close()
			many := bytes.Repeat(nothing.Bytes(), 1000)
			w.Header().Set("Content-Encoding", "gzip")
			for {
				if _, err := w.Write(many); err != nil {
					return
				}
			}
		},
	} {
		for _, path := range []string{"checkpoint", "tile/1/000.p/1", "tile/entries/000"} {
			s.setFault(path, f)
			m := &copied{}
			res, err := client(Options{}).Follow(t.Context(), s.URL, s.verifier, m)
			if strings.Contains(name, " bomb") && path == "checkpoint" {
				if err == nil || m.Size() != 0 { // a checkpoint is asked for as it is
					t.Errorf("%s at %s: %v", name, path, err)
				}
			} else if !errors.Is(err, ErrTooLarge) || !errors.Is(err, ErrCorrupt) || m.Size() != 0 {
				t.Errorf("%s at %s: %v", name, path, err)
			}
			if res.Bytes > 2<<20 {
				t.Errorf("%s at %s: %d bytes were taken", name, path, res.Bytes)
			}
			s.mend()
		}
	}
	s.setFault("tile/entries/000", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "br")
	})
	if _, err := client(Options{}).Follow(t.Context(), s.URL, s.verifier, &copied{}); !errors.Is(err, ErrCorrupt) {
		t.Errorf("a coding nobody asked for: %v", err)
	}
}

func TestOneFollowIsBounded(t *testing.T) {
	s := newServer(t)
	s.grow(t, 3_000)
	m := &copied{}
	_, err := client(Options{MaxBytes: 100 << 10}).Follow(t.Context(), s.URL, s.verifier, m)
	if !errors.Is(err, ErrTooLarge) || errors.Is(err, ErrCorrupt) || m.Size() != 0 {
		t.Error(err)
	}
	s.setFault("tile/entries/003", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	_, err = client(Options{MaxTime: 200 * time.Millisecond}).Follow(t.Context(), s.URL, s.verifier, m)
	if err == nil || !strings.Contains(err.Error(), "took more than 200ms") {
		t.Error(err)
	}
}

func TestSlowServers(t *testing.T) {
	s := newServer(t)
	s.grow(t, 300)
	drip := func(b []byte) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			for i := range b {
				_, _ = w.Write(b[i : i+1])
				_ = http.NewResponseController(w).Flush()
				select {
				case <-r.Context().Done():
					return
				case <-time.After(5 * time.Millisecond):
				}
			}
		}
	}
	silent := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	for _, path := range []string{"checkpoint", "tile/entries/000", "bodies/000"} {
		b, err := s.resource(path)
		if err != nil {
			t.Fatal(err)
		}
		for name, f := range map[string]http.HandlerFunc{"drip": drip(b), "silent": silent} {
			s.setFault(path, f)
			start := time.Now()
			_, err := client(Options{Timeout: 300 * time.Millisecond}).Follow(t.Context(), s.URL, s.verifier, &copied{})
			if err == nil || errors.Is(err, ErrCorrupt) || time.Since(start) > 5*time.Second {
				t.Errorf("%s %s: %v after %s", name, path, err, time.Since(start))
			}
			if name == "drip" && !errors.Is(err, ErrTooSlow) {
				t.Errorf("%s %s: %v", name, path, err)
			}
			s.mend()
		}
	}
	// A server that is slow but keeps the pace is waited for, though it takes
	// longer than the timeout in all.
	b, err := s.resource("checkpoint")
	if err != nil {
		t.Fatal(err)
	}
	s.setFault("checkpoint", drip(b))
	if _, err := client(Options{Timeout: 600 * time.Millisecond, MinRate: 20}).Checkpoint(t.Context(), s.URL, s.verifier); err != nil {
		t.Errorf("a slow server: %v", err)
	}
}

func TestConnectionThatBreaksIsNoDamage(t *testing.T) {
	s, m := newServer(t), &copied{}
	s.grow(t, 300)
	for _, path := range []string{"tile/entries/000", "bodies/000", "tile/1/000.p/1"} {
		b, err := s.resource(path)
		if err != nil {
			t.Fatal(err)
		}
		s.setFault(path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", fmt.Sprint(len(b)))
			_, _ = w.Write(b[:len(b)/2])
			panic(http.ErrAbortHandler)
		})
		if _, err := client(Options{}).Follow(t.Context(), s.URL, s.verifier, m); err == nil || errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: %v", path, err)
		}
		s.mend()
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	s, trap := newServer(t), newServer(t)
	s.grow(t, 3)
	trap.grow(t, 3)
	for _, path := range []string{"checkpoint", "tile/entries/000.p/3"} {
		s.setFault(path, http.RedirectHandler(trap.URL+"/"+path, http.StatusFound).ServeHTTP)
		_, err := client(Options{}).Follow(t.Context(), s.URL, s.verifier, &copied{})
		if !errors.Is(err, ErrRedirect) || !strings.Contains(err.Error(), trap.URL) {
			t.Errorf("%s: %v", path, err)
		}
		s.mend()
	}
	if trap.requests("") > 0 {
		t.Error("the other server was asked")
	}
}

func TestAddressesThatAreNone(t *testing.T) {
	for _, base := range []string{"", "ftp://a.example", "https://", "https://u:p@a.example", "file:///etc/passwd", "/journal", "http://a b"} {
		if _, err := client(Options{}).Follow(t.Context(), base, newServer(t).verifier, &copied{}); err == nil || !strings.Contains(err.Error(), "want http://") {
			t.Errorf("%q: %v", base, err)
		}
	}
}

// roundTrip answers requests without a network.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func FuzzFollow(f *testing.F) {
	s := newServer(f)
	s.grow(f, 3)
	cp, bundle, bodies, tile := must(f, s, "checkpoint"), must(f, s, "tile/entries/000.p/3"), must(f, s, "bodies/000.p/3"), must(f, s, "tile/0/000.p/3")
	f.Add(cp, bundle, bodies, tile, "")
	f.Add(cp, bundle[:9], bodies, tile, "gzip")
	f.Add(cp, bundle, []byte{1}, tile, "zstd")
	f.Add(signed(f, s.signer, 1<<48, [32]byte{}), bundle, bodies, tile, "")
	f.Fuzz(func(t *testing.T, cp, bundle, bodies, tile []byte, coding string) {
		c := client(Options{})
		c.http.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
			b := tile
			switch {
			case strings.HasSuffix(r.URL.Path, "checkpoint"):
				b = cp
			case strings.Contains(r.URL.Path, "entries"):
				b = bundle
			case strings.Contains(r.URL.Path, "bodies"):
				b = bodies
			}
			h := http.Header{}
			if b := r.Header.Get("Accept-Encoding"); b != "identity" {
				h.Set("Content-Encoding", coding)
			}
			return &http.Response{StatusCode: http.StatusOK, Header: h, Body: io.NopCloser(bytes.NewReader(b)), Request: r}, nil
		})
		m := &copied{}
		if _, err := c.Follow(t.Context(), "https://a.example", s.verifier, m); err == nil && m.Size() > 0 && differ(m.entries, s.entries) != "" {
			t.Fatalf("took %+v", m.entries)
		}
	})
}

func must(t testing.TB, s *server, path string) []byte {
	t.Helper()
	b, err := s.resource(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
