package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
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
// changes: plain, and packed in both codings.
type answerBody struct {
	version   string
	plain     []byte
	gzip      []byte
	zstd      []byte
	etag      string // without quotes and coding
	mediaType string
	link      string
	modified  time.Time
	whole     bool // the first of several pages, which changes whenever any does
}

// packFrom is the size from which a body is packed.
const packFrom = 1024

// newAnswer packs a body. whole is nil, or what a first page tells beside itself:
// it is in the tag.
func newAnswer(body []byte, mediaType, link string, modified time.Time, whole []byte) (answerBody, error) {
	h := sha256.New()
	h.Write(whole)
	h.Write(body)
	a := answerBody{plain: body, etag: hex.EncodeToString(h.Sum(nil)[:16]), mediaType: mediaType, link: link, modified: modified, whole: whole != nil}
	if len(body) < packFrom {
		return a, nil
	}
	var err error
	a.gzip, err = gzipped(body)
	a.zstd = zstdPacker().EncodeAll(body, nil)
	return a, err
}

// serve answers with the body in the coding that the client takes: 304 if it has
// it, a range if it asks for one.
func (a answerBody) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	body, etag := a.plain, a.etag
	if r.Header.Get("Range") == "" && a.gzip != nil {
		switch {
		case accepts(r, "zstd"):
			body, etag = a.zstd, etag+"-zstd"
			h["Content-Encoding"] = zstdCoding
		case accepts(r, "gzip"):
			body, etag = a.gzip, etag+"-gzip"
			h["Content-Encoding"] = gzipCoding
		}
	}
	etag = `"` + etag + `"`
	h.Set("ETag", etag)
	h.Set("Content-Type", a.mediaType)
	h.Set("Cache-Control", "public, no-cache")
	h.Set("Link", a.link)
	if a.whole {
		h.Set(harvest.WholeHeader, "1")
	}
	if match := r.Header.Get("If-None-Match"); match == etag || r.Header.Get("Range") != "" || match != "" || r.Header.Get("If-Modified-Since") != "" {
		http.ServeContent(w, r, "", a.modified, bytes.NewReader(body))
		return
	}
	if !a.modified.IsZero() {
		h.Set("Last-Modified", a.modified.UTC().Format(http.TimeFormat))
	}
	h.Set("Accept-Ranges", "bytes")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // the client is gone if this fails
	}
}

var (
	zstdCoding = []string{"zstd"}
	gzipCoding = []string{"gzip"}
)

// answers keeps the answers of the catalogue, whole and packed.
type answers struct {
	mu     sync.RWMutex
	kept   map[string]answerBody
	bytes  int
	making singleflight.Group

	nodesAt  time.Time // when the nodes were last looked at
	nodesSum string
}

// Bounds of what is kept.
const (
	mostAnswers = 256 << 20
	nodesFor    = time.Second // a change of the list of nodes may be told this late
)

// version changes with whatever a catalogue tells.
func (s *Server) version() (string, error) {
	c := &s.answers
	c.mu.RLock()
	at, sum := c.nodesAt, c.nodesSum
	c.mu.RUnlock()
	if now := time.Now(); now.Sub(at) > nodesFor {
		nodes, err := s.Fed.Nodes()
		if err != nil {
			return "", err
		}
		var b strings.Builder
		for _, n := range nodes {
			b.WriteString(n.ID + n.State + n.Name + n.URL + n.Level + n.Geozone + "\n")
		}
		raw := sha256.Sum256([]byte(b.String()))
		sum = string(raw[:])
		c.mu.Lock()
		c.nodesAt, c.nodesSum = now, sum
		c.mu.Unlock()
	}
	return strconv.FormatUint(s.Shelf.Version(), 36) + sum, nil
}

// cached returns the answer to a request for a graph, made if need be.
func (s *Server) cached(r *http.Request, syntax rdf.Syntax, make func() (answerBody, error)) (answerBody, error) {
	version, err := s.version()
	if err != nil {
		return answerBody{}, err
	}
	if strings.HasPrefix(r.URL.Path, "/register") { // it counts contracts
		version += strconv.FormatUint(s.Views.Revision(), 36)
	}
	key := r.URL.Path + "?" + r.URL.RawQuery + " " + syntax.Suffix()
	if a, ok := s.answers.get(key, version); ok {
		return a, nil
	}
	made, err, _ := s.answers.making.Do(key+" "+version, func() (any, error) {
		a, err := make()
		if err != nil {
			return a, err
		}
		a.version = version
		s.answers.put(key, a)
		return a, nil
	})
	if err != nil {
		return answerBody{}, err
	}
	return made.(answerBody), nil
}

func (c *answers) get(key, version string) (answerBody, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	a, ok := c.kept[key]
	return a, ok && a.version == version
}

func (a answerBody) size() int { return len(a.plain) + len(a.gzip) + len(a.zstd) }

func (c *answers) put(key string, a answerBody) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.bytes+a.size() > mostAnswers || c.kept == nil {
		c.kept, c.bytes = map[string]answerBody{}, 0 // what is asked for comes back
	}
	c.bytes += a.size() - c.kept[key].size()
	c.kept[key] = a
}
