package hosting

import (
	"context"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"maillon/federation/harvest"
)

// A proxy fetches from residents that have a server of their own what is asked
// under their base here. Data only: pages are made by this program, so that no
// one's markup stands under the hub's name.
type proxy struct {
	mu    sync.Mutex
	away  map[string]time.Time // servers that did not answer, until when they are not asked
	under int
}

// Limits of what is passed on.
const (
	proxyPatience = 5 * time.Second // for an answer to begin
	proxySilence  = 30 * time.Second
	proxyTime     = 15 * time.Minute
	proxyBytes    = 4 << 30
	proxyAtOnce   = 64
	awayFor       = 30 * time.Second
	awayMost      = 4096
)

// proxied marks requests, so that two hubs that point at each other stop.
const proxied = "Maillon-Proxied"

var (
	passedTo   = []string{"Accept", "Accept-Encoding", "Accept-Language", "Range", "If-Range", "If-None-Match", "If-Modified-Since"}
	passedBack = []string{
		"Content-Type", "Content-Encoding", "Content-Length", "Content-Range", "Content-Disposition", "Accept-Ranges",
		"Etag", "Last-Modified", "Cache-Control", "Link", "Vary", harvest.WholeHeader,
	}
	// passedStatus are answers worth passing on; for any other the mirror is asked.
	passedStatus = []int{http.StatusOK, http.StatusPartialContent, http.StatusNotModified, http.StatusPreconditionFailed, http.StatusRequestedRangeNotSatisfiable}
	// passedTypes cannot run in a browser. RDF/XML and XML are behind a sandbox.
	passedTypes = []string{
		"text/turtle", "application/ld+json", "application/rdf+xml", "application/n-triples", "application/json",
		"application/xml", "text/csv", "application/x-ndjson", "application/octet-stream",
	}
	passedPaths = []string{"/catalog", "/buyers/", "/files/", "/api/v1/"}
)

// serve passes an answer on. It reports false, with nothing written, if there
// is none to pass on: the caller then answers from the mirror.
func (p *proxy) serve(wire http.RoundTripper, w http.ResponseWriter, r *http.Request, reach string) bool {
	page := strings.Contains(r.Header.Get("Accept"), "text/html")
	data := slices.ContainsFunc(passedPaths, func(s string) bool { return strings.HasPrefix(r.URL.Path, s) })
	if page || !data || r.URL.Path == "/catalogue" || r.Header.Get(proxied) != "" || !p.begin(reach) {
		return false
	}
	defer p.end()
	ctx, cancel := context.WithTimeout(r.Context(), proxyTime)
	defer cancel()
	watch := time.AfterFunc(proxyPatience, cancel)
	defer watch.Stop()
	res, err := p.ask(ctx, wire, r, reach)
	if err != nil {
		if r.Context().Err() == nil {
			p.lost(reach)
		}
		return false
	}
	defer res.Body.Close()
	if !passable(res) {
		return false
	}
	h := w.Header()
	for _, name := range passedBack {
		if v := res.Header.Values(name); len(v) > 0 {
			h[http.CanonicalHeaderKey(name)] = v
		}
	}
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Access-Control-Allow-Origin", "*")
	w.WriteHeader(res.StatusCode)
	if r.Method == http.MethodHead {
		return true
	}
	body := &watchedBody{r: io.LimitReader(res.Body, proxyBytes+1), watch: watch}
	if n, err := io.Copy(w, body); err != nil || n > proxyBytes {
		panic(http.ErrAbortHandler) // the client must see that it is cut
	}
	return true
}

func (p *proxy) ask(ctx context.Context, wire http.RoundTripper, r *http.Request, reach string) (*http.Response, error) {
	u, err := url.Parse(reach + r.URL.EscapedPath())
	if err != nil {
		return nil, err
	}
	u.RawQuery = r.URL.RawQuery
	req, err := http.NewRequestWithContext(ctx, r.Method, u.String(), nil)
	if err != nil {
		return nil, err
	}
	for _, name := range passedTo {
		if v := r.Header.Values(name); len(v) > 0 {
			req.Header[name] = v
		}
	}
	if req.Header.Get("Accept-Encoding") == "" {
		req.Header.Set("Accept-Encoding", "identity")
	}
	req.Header.Set(proxied, "1")
	return wire.RoundTrip(req) // which follows no redirection
}

// passable reports whether an answer is one of data.
func passable(res *http.Response) bool {
	if !slices.Contains(passedStatus, res.StatusCode) || res.ContentLength > proxyBytes {
		return false
	}
	if res.StatusCode != http.StatusOK && res.StatusCode != http.StatusPartialContent {
		return true
	}
	kind, _, err := mime.ParseMediaType(res.Header.Get("Content-Type"))
	return err == nil && slices.Contains(passedTypes, kind)
}

// begin takes one of the places, unless the server was found away just now.
func (p *proxy) begin(reach string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.under >= proxyAtOnce || time.Now().Before(p.away[reach]) {
		return false
	}
	p.under++
	return true
}

func (p *proxy) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.under--
}

func (p *proxy) lost(reach string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.away == nil || len(p.away) >= awayMost {
		p.away = map[string]time.Time{}
	}
	p.away[reach] = time.Now().Add(awayFor)
}

// watchedBody gives up on a server that falls silent.
type watchedBody struct {
	r     io.Reader
	watch *time.Timer
}

func (b *watchedBody) Read(p []byte) (int, error) {
	b.watch.Reset(proxySilence)
	return b.r.Read(p)
}

// pathOf is the path of an address: "" or "/n/21350238800019".
func pathOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return strings.TrimRight(u.Path, "/")
}
