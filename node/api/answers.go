package api

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"maillon/catalog/rdf"
	"maillon/federation/harvest"
)

// An answerBody is an answer that was made once and is served until what it tells
// changes: plain, and packed in both codings. Its headers are made once too.
type answerBody struct {
	version  version
	plain    coded
	gzip     coded // empty for a small body
	zstd     coded
	modified time.Time
	header   http.Header // of every coding
}

// A coded is a body in one coding.
type coded struct {
	body                 []byte
	etag, coding, length []string // values of headers
}

// packFrom is the size from which a body is packed.
const packFrom = 1024

// newAnswer packs a body. whole is nil, or what a first page tells beside itself:
// it is in the tag.
func newAnswer(body []byte, mediaType, link string, modified time.Time, whole []byte) (answerBody, error) {
	sum := sha256.New()
	sum.Write(whole)
	sum.Write(body)
	etag := hex.EncodeToString(sum.Sum(nil)[:16])
	in := func(body []byte, coding string) coded {
		c := coded{body: body, etag: []string{`"` + etag + `"`}, length: []string{strconv.Itoa(len(body))}}
		if coding != "" {
			c.coding, c.etag = []string{coding}, []string{`"` + etag + "-" + coding + `"`}
		}
		return c
	}
	a := answerBody{plain: in(body, ""), modified: modified, header: http.Header{
		"Content-Type": {mediaType}, "Cache-Control": {"public, no-cache"}, "Link": {link}, "Accept-Ranges": {"bytes"}, "Vary": {"Accept, Accept-Encoding"},
		"X-Content-Type-Options": nosniff, "Referrer-Policy": noReferrer, "Access-Control-Allow-Origin": anyOrigin, "Access-Control-Expose-Headers": exposed,
	}}
	if !modified.IsZero() {
		a.header.Set("Last-Modified", modified.UTC().Format(http.TimeFormat))
	}
	if whole != nil {
		a.header.Set(harvest.WholeHeader, "1")
	}
	if len(body) < packFrom {
		return a, nil
	}
	packed, err := gzipped(body)
	a.gzip, a.zstd = in(packed, "gzip"), in(zstdPacker().EncodeAll(body, nil), "zstd")
	return a, err
}

// serve answers with the body in the coding that the client takes: 304 if it has
// it, a range if it asks for one.
func (a *answerBody) serve(w http.ResponseWriter, r *http.Request) {
	ranged := len(r.Header["Range"]) > 0
	c := &a.plain
	if !ranged && a.gzip.body != nil {
		switch {
		case accepts(r, "zstd"):
			c = &a.zstd
		case accepts(r, "gzip"):
			c = &a.gzip
		}
	}
	h := w.Header()
	h["Etag"] = c.etag
	match := r.Header["If-None-Match"]
	if len(match) == 1 && match[0] == c.etag[0] && !ranged {
		// Only what a 304 must tell (RFC 9110, section 15.4.5): the client has the rest.
		h["Cache-Control"], h["Vary"], h["Access-Control-Allow-Origin"] = a.header["Cache-Control"], a.header["Vary"], anyOrigin
		if whole := a.header[harvest.WholeHeader]; whole != nil {
			h[harvest.WholeHeader] = whole
		}
		w.WriteHeader(http.StatusNotModified)
		return
	}
	maps.Copy(h, a.header)
	if c.coding != nil {
		h["Content-Encoding"] = c.coding
	}
	if ranged || len(match) > 0 || len(r.Header["If-Modified-Since"]) > 0 {
		http.ServeContent(w, r, "", a.modified, bytes.NewReader(c.body))
		return
	}
	h["Content-Length"] = c.length
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		_, _ = w.Write(c.body) // the client is gone if this fails
	}
}

// answers keeps the answers of the catalogue, whole and packed.
type answers struct {
	mu     sync.RWMutex
	kept   map[answerKey]*answerBody
	bytes  int
	making singleflight.Group

	nodesAt  time.Time // when the nodes were last looked at
	nodesSum [sha256.Size]byte
}

// Bounds of what is kept.
const (
	mostAnswers = 256 << 20
	nodesFor    = time.Second // a change of the list of nodes may be told this late
)

// A version changes with whatever a catalogue tells.
type version struct {
	shelf, views uint64
	nodes        [sha256.Size]byte
}

func (s *Server) version() (version, error) {
	c := &s.answers
	c.mu.RLock()
	at, sum := c.nodesAt, c.nodesSum
	c.mu.RUnlock()
	if now := time.Now(); now.Sub(at) > nodesFor {
		nodes, err := s.Fed.Nodes()
		if err != nil {
			return version{}, err
		}
		var b strings.Builder
		for _, n := range nodes {
			b.WriteString(n.ID + n.State + n.Name + n.URL + n.Base + n.Storage + n.Level + n.Geozone + "\n")
		}
		sum = sha256.Sum256([]byte(b.String()))
		c.mu.Lock()
		c.nodesAt, c.nodesSum = now, sum
		c.mu.Unlock()
	}
	return version{shelf: s.Shelf.Version(), nodes: sum}, nil
}

// An answerKey names an answer.
type answerKey struct {
	path, query string
	syntax      rdf.Syntax
}

// cached returns the answer to a request for a graph, made if need be.
func (s *Server) cached(r *http.Request, syntax rdf.Syntax, make func() (answerBody, error)) (*answerBody, error) {
	v, err := s.version()
	if err != nil {
		return nil, err
	}
	if strings.HasPrefix(r.URL.Path, "/register") { // it counts contracts
		v.views = s.Views.Revision()
	}
	key := answerKey{r.URL.Path, r.URL.RawQuery, syntax}
	if a := s.answers.get(key, v); a != nil {
		return a, nil
	}
	made, err, _ := s.answers.making.Do(fmt.Sprint(key, v), func() (any, error) {
		a, err := make()
		if err != nil {
			return nil, err
		}
		a.version = v
		s.answers.put(key, &a, cmp.Or(s.MostAnswers, mostAnswers))
		return &a, nil
	})
	if err != nil {
		return nil, err
	}
	return made.(*answerBody), nil
}

// quick answers at once what was made before and is still true: harvesters ask for
// the same pages again and again.
func (s *Server) quick(next http.Handler) http.Handler {
	base := s.base()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := strings.TrimPrefix(r.URL.Path, base)
		if i := strings.LastIndexByte(path, '.'); i > 0 && (r.Method == http.MethodGet || r.Method == http.MethodHead) && strings.HasPrefix(path, "/catalog") {
			if syntax, ok := rdf.SyntaxOf(path[i:]); ok && s.Ready() == nil {
				if v, err := s.version(); err == nil {
					if a := s.answers.get(answerKey{path, r.URL.RawQuery, syntax}, v); a != nil {
						a.serve(w, r)
						return
					}
				}
			}
		}
		next.ServeHTTP(w, r)
	})
}

func (c *answers) get(key answerKey, v version) *answerBody {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if a := c.kept[key]; a != nil && a.version == v {
		return a
	}
	return nil
}

func (a *answerBody) size() int {
	if a == nil {
		return 0
	}
	return len(a.plain.body) + len(a.gzip.body) + len(a.zstd.body)
}

func (c *answers) put(key answerKey, a *answerBody, most int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.bytes+a.size() > most || c.kept == nil {
		c.kept, c.bytes = map[answerKey]*answerBody{}, 0 // what is asked for comes back
	}
	c.bytes += a.size() - c.kept[key].size()
	c.kept[key] = a
}
