package hosting

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// What a member's own server answers is passed on if it is data; for anything
// else the caller answers from the mirror.
func TestOnlyDataIsPassedOn(t *testing.T) {
	answer := func(status int, kind, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", kind)
			w.Header().Set("Set-Cookie", "session=theirs")
			w.Header().Set("ETag", `"x"`)
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body+r.URL.Path+r.Header.Get("Cookie")+r.Header.Get("Authorization"))
		}
	}
	for name, c := range map[string]struct {
		path, accept string
		from         http.HandlerFunc
		passed       bool
	}{
		"a catalogue":            {"/catalog.ttl", "", answer(200, "text/turtle; charset=utf-8", "data "), true},
		"a file":                 {"/files/a/b.csv", "*/*", answer(200, "text/csv", "data "), true},
		"a part of a file":       {"/files/a/b.csv", "", answer(206, "text/csv", "data "), true},
		"a page":                 {"/catalog", "text/html", answer(200, "text/turtle", "data "), false},
		"a page of another path": {"/marches", "", answer(200, "application/json", "data "), false},
		"markup":                 {"/catalog.ttl", "", answer(200, "text/html", "<script>"), false},
		"an image that runs":     {"/files/a/b.csv", "", answer(200, "image/svg+xml", "<svg>"), false},
		"no type":                {"/catalog.ttl", "", answer(200, "", "data "), false},
		"a redirection": {"/catalog.ttl", "", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://elsewhere.example/", http.StatusFound)
		}, false},
		"starting":          {"/catalog.ttl", "", answer(503, "application/json", "{}"), false},
		"not there":         {"/catalog.ttl", "", answer(404, "application/json", "{}"), false},
		"the server breaks": {"/catalog.ttl", "", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			theirs := httptest.NewServer(c.from)
			defer theirs.Close()
			var p proxy
			w := httptest.NewRecorder()
			r := httptest.NewRequest(http.MethodGet, c.path, nil)
			r.Header.Set("Accept", c.accept)
			r.Header.Set("Cookie", "ours")
			r.Header.Set("Authorization", "secret")
			if got := p.serve(http.DefaultTransport, w, r, theirs.URL); got != c.passed {
				t.Fatalf("passed on: %v, want %v", got, c.passed)
			}
			if !c.passed {
				if w.Body.Len() > 0 || len(w.Result().Header) > 0 {
					t.Errorf("something is written: %v %s", w.Result().Header, w.Body)
				}
				return
			}
			h := w.Result().Header
			if w.Body.String() != "data "+c.path || h.Get("Set-Cookie") != "" || h.Get("Etag") != `"x"` || !strings.Contains(h.Get("Content-Security-Policy"), "sandbox") {
				t.Errorf("%v %q", h, w.Body)
			}
		})
	}
}

// A server that does not answer is not waited for again at once, and two hubs
// that point at each other stop.
func TestAServerThatIsAwayIsLeftAlone(t *testing.T) {
	var asked atomic.Int64
	theirs := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1); panic(http.ErrAbortHandler) }))
	defer theirs.Close()
	var p proxy
	for range 3 {
		if p.serve(http.DefaultTransport, httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/catalog.ttl", nil), theirs.URL) {
			t.Error("passed on")
		}
	}
	if asked.Load() != 1 {
		t.Errorf("asked %d times", asked.Load())
	}
	p.away[theirs.URL] = time.Time{}
	r := httptest.NewRequest(http.MethodGet, "/catalog.ttl", nil)
	r.Header.Set(proxied, "1")
	if p.serve(http.DefaultTransport, httptest.NewRecorder(), r, theirs.URL) || asked.Load() != 1 {
		t.Error("a request that was passed on is passed on")
	}
}

func TestWhatAFaceShows(t *testing.T) {
	for path, want := range map[string]bool{
		"/": true, "/catalog": true, "/catalog.ttl": true, "/catalog/all.nt": true, "/files/a/b": true, "/api/v1/nodes/x": true, "/marches": true, "/marches/a/b": true, "/assets/s.css": true,
		"/connexion": false, "/saisie": false, "/valider": false, "/federation/v1/announce": false, "/journal/checkpoint": false, "/n/x/catalog": false,
		"/catalogx": false, "": false, "/admin": false, "/healthz": false, "/depots/x": false,
	} {
		if shown(path) != want {
			t.Errorf("%q is shown: %v", path, !want)
		}
	}
}
