package front

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

func TestTheClientIsTheLastThatNobodyTrusts(t *testing.T) {
	p, err := ParseProxies([]string{"127.0.0.0/8", "10.0.0.0/8", "2001:db8::1"})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ peer, via, want string }{
		"direct":                      {"192.0.2.7:1", "", "192.0.2.7"},
		"direct, a lie":               {"192.0.2.7:1", "1.1.1.1", "192.0.2.7"},
		"a proxy":                     {"127.0.0.1:1", "192.0.2.7", "192.0.2.7"},
		"a proxy, the client lies":    {"127.0.0.1:1", "1.1.1.1, 192.0.2.7", "192.0.2.7"},
		"two proxies":                 {"127.0.0.1:1", "1.1.1.1, 192.0.2.7, 10.1.2.3", "192.0.2.7"},
		"with a port":                 {"127.0.0.1:1", "192.0.2.7:4711", "192.0.2.7"},
		"IPv6":                        {"[2001:db8::1]:1", "[2001:db8::2]:80", "2001:db8::2"},
		"mapped":                      {"[::ffff:127.0.0.1]:1", "192.0.2.7", "192.0.2.7"},
		"all trusted":                 {"127.0.0.1:1", "10.0.0.1", "10.0.0.1"},
		"a proxy that says nothing":   {"127.0.0.1:1", "", "127.0.0.1"},
		"a proxy whose list is empty": {"127.0.0.1:1", " , ", "127.0.0.1"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = c.peer
		if c.via != "" {
			r.Header.Set("X-Forwarded-For", c.via)
		}
		if got, err := p.Client(r); err != nil || got.String() != c.want {
			t.Errorf("%s: %v, %v, want %s", name, got, err, c.want)
		}
	}
	r := httptest.NewRequest("GET", "/", nil)
	r.RemoteAddr = "192.0.2.7:1"
	r.Header.Set("X-Forwarded-Proto", "https")
	if p.HTTPS(r) {
		t.Error("a stranger's word for https is believed")
	}
	if r.RemoteAddr = "127.0.0.1:1"; !p.HTTPS(r) {
		t.Error("the proxy's word for https is not believed")
	}
	if _, err := ParseProxies([]string{"everyone"}); err == nil {
		t.Error("no error")
	}
}

// A client above its rate is told to wait, others are not; after that time it may ask.
func TestEachClientHasItsOwnRate(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	f := New(Options{Rate: 2, Burst: 5, Log: zerolog.Nop(), Now: func() time.Time { return now }})
	h := f.Guard(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") }))
	ask := func(from, token string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = from
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	for i := range 5 {
		if w := ask("192.0.2.7:1", ""); w.Code != http.StatusOK {
			t.Fatalf("request %d: %d", i, w.Code)
		}
	}
	w := ask("192.0.2.7:2", "")
	if w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") != "1" {
		t.Errorf("the sixth: %d, Retry-After %q", w.Code, w.Header().Get("Retry-After"))
	}
	if w := ask("192.0.2.8:1", ""); w.Code != http.StatusOK {
		t.Errorf("another client: %d", w.Code)
	}
	for range 20 {
		if w := ask("127.0.0.1:1", ""); w.Code != http.StatusOK {
			t.Fatalf("this machine: %d", w.Code)
		}
	}
	now = now.Add(time.Second)
	if w := ask("192.0.2.7:1", ""); w.Code != http.StatusOK {
		t.Errorf("a second later: %d", w.Code)
	}
	for i := range 6 { // one token, from many addresses
		w = ask(fmt.Sprintf("198.51.100.%d:1", i), "secret")
	}
	if w.Code != http.StatusTooManyRequests {
		t.Errorf("one token from six addresses: %d", w.Code)
	}
	c := f.Counts()
	if c.Limited != 2 || c.Answers[4] != 2 || c.Answers[2] != 32 || c.Open != 0 {
		t.Errorf("counts %+v", c)
	}
}

func TestEveryAnswerCarriesWhatProtectsReaders(t *testing.T) {
	f := New(Options{Secure: true, Log: zerolog.Nop()})
	var inside string
	h := f.Guard(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { inside = ID(r.Context()) }))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	for name, want := range map[string]string{
		"X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff", "Strict-Transport-Security": "max-age=31536000",
		"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'", "Cross-Origin-Opener-Policy": "same-origin",
	} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if id := w.Header().Get("X-Request-Id"); len(id) != 2*idLength || id != inside {
		t.Errorf("the request's number is %q outside, %q inside", id, inside)
	}
}

func TestTheLimiterForgets(t *testing.T) {
	l := newLimiter(1, 1)
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for i := range 4 * mostClients {
		l.take(fmt.Sprint(i), now)
	}
	known := 0
	for i := range l.parts {
		known += len(l.parts[i].known)
	}
	if known > mostClients {
		t.Errorf("%d clients are known, at most %d", known, mostClients)
	}
}

// Connections of one address above its share are closed; those of others are served.
func TestOneAddressDoesNotTakeAllConnections(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := Limit(inner, 3, 1, nil).(*limited)
	defer l.Close()
	if !l.enter("a") || l.enter("a") || !l.enter("b") || !l.enter("") || l.enter("c") {
		t.Error("shares are not kept")
	}
	l.leave("a")
	if !l.enter("c") || len(l.of) != 2 {
		t.Errorf("after one left: %v", l.of)
	}
	l.leave("b")
	dialled, err := net.Dial("tcp", inner.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer dialled.Close()
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	_, _ = c.Close(), c.Close()
	if l.all != 2 {
		t.Errorf("%d connections are counted, want 2", l.all)
	}
}

func FuzzClient(f *testing.F) {
	f.Add("127.0.0.1:1", "1.1.1.1, [::1]:5")
	f.Fuzz(func(t *testing.T, peer, via string) {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = peer
		r.Header["X-Forwarded-For"] = strings.Split(via, ";")
		ip, err := ThisMachine.Client(r)
		if err == nil && ip.Zone() != "" {
			t.Errorf("%q keeps a zone", ip)
		}
		if ap, perr := netip.ParseAddrPort(peer); perr == nil && !ThisMachine.trust(ap.Addr().Unmap().WithZone("")) && ip != ap.Addr().Unmap().WithZone("") {
			t.Errorf("a stranger at %s is taken for %s", peer, ip)
		}
	})
}

// Whoever mirrors a journal asks for thousands of tiles in a row.
func TestJournalsAreNotRationed(t *testing.T) {
	f := New(Options{Rate: 1, Burst: 1, Log: zerolog.Nop(), Now: time.Now})
	h := f.Guard(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") }))
	ask := func(path string) int {
		r := httptest.NewRequest("GET", path, nil)
		r.RemoteAddr = "192.0.2.7:1"
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Code
	}
	for range 20 {
		for _, path := range []string{"/journal/tile/entries/000", "/opendata/n/21350238800019/journal/bodies/001", "/journal/checkpoint"} {
			if code := ask(path); code != http.StatusOK {
				t.Fatalf("%s: %d", path, code)
			}
		}
	}
	ask("/marches")
	if code := ask("/marches/journal/x"); code != http.StatusTooManyRequests {
		t.Errorf("what is no journal: %d", code)
	}
}
