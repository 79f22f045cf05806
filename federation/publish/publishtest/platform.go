// Package publishtest stands in for a udata platform in tests: the endpoints that
// package publish uses, with what they check, what they refuse, and failures on
// demand.
package publishtest

import (
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/gorilla/mux"

	"maillon/federation/publish"
)

// A Platform keeps datasets as udata does. Its methods may be called from any
// goroutine.
type Platform struct {
	*httptest.Server
	mu       sync.Mutex
	datasets map[string]*publish.Remote
	parts    map[string]map[int][]byte // by upload
	files    map[string]string         // content by resource
	limit    int64                     // of one request; 0 for none
	asked    []string                  // "METHOD path" of what happened and was told of
	next     int
	fail     func(n int, r *http.Request) (happens bool, status int)
	n        int
}

// Key is the one API key that the platform takes.
const Key = "key-of-the-account"

// New starts an empty platform that ends with the test.
func New(t *testing.T) *Platform {
	p := &Platform{datasets: map[string]*publish.Remote{}, parts: map[string]map[int][]byte{}, files: map[string]string{}}
	r := mux.NewRouter()
	r.HandleFunc("/api/1/datasets/", p.answer(p.create)).Methods("POST")
	r.HandleFunc("/api/1/datasets/{id}/", p.answer(p.dataset)).Methods("GET", "PUT")
	r.HandleFunc("/api/1/datasets/{id}/upload/", p.answer(p.upload)).Methods("POST")
	r.HandleFunc("/api/1/datasets/{id}/resources/", p.answer(p.reorder)).Methods("PUT")
	r.HandleFunc("/api/1/datasets/{id}/resources/{rid}/", p.answer(p.resource)).Methods("PUT")
	r.HandleFunc("/api/1/datasets/{id}/resources/{rid}/upload/", p.answer(p.upload)).Methods("POST")
	p.Server = httptest.NewServer(r)
	t.Cleanup(p.Close)
	return p
}

// Fail has f decide, for each request (the first is 1), whether it happens and what
// the client is told: 0 the truth, -1 nothing, as the connection is cut, else that
// status. The two are independent, as they are over a network.
func (p *Platform) Fail(f func(n int, r *http.Request) (happens bool, status int)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fail, p.n = f, 0
}

// Limit has requests of more bytes refused as too large.
func (p *Platform) Limit(bytes int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.limit = bytes
}

// Add makes an empty dataset; change, which may be nil, changes it.
func (p *Platform) Add(id string, change func(*publish.Remote)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	d, ok := p.datasets[id]
	if !ok {
		d = p.add(id)
	}
	if change != nil {
		change(d)
	}
}

// Dataset is a copy of a dataset, nil if there is none.
func (p *Platform) Dataset(id string) *publish.Remote {
	p.mu.Lock()
	defer p.mu.Unlock()
	d, ok := p.datasets[id]
	if !ok {
		return nil
	}
	out := *d
	out.Resources = slices.Clone(d.Resources)
	return &out
}

// Content is what a resource holds.
func (p *Platform) Content(resource string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.files[resource]
}

// Count is how many datasets there are.
func (p *Platform) Count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.datasets)
}

// Asked lists the requests that were answered since the last call.
func (p *Platform) Asked() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := p.asked
	p.asked = nil
	return out
}

// told is what an endpoint answers.
type told struct {
	status int
	body   any
}

func refuse(status int, message string) told {
	return told{status, map[string]string{"message": message}}
}

func (p *Platform) answer(h func(*http.Request) told) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.n++
		happens, status := true, 0
		if p.fail != nil {
			happens, status = p.fail(p.n, r)
		}
		res := refuse(http.StatusUnauthorized, "Invalid API Key")
		if r.Header.Get("X-API-KEY") == Key && happens {
			res = h(r)
		}
		_, _ = io.Copy(io.Discard, r.Body)
		if status < 0 { // the connection is cut
			c, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				_ = c.Close()
			}
			return
		}
		if status > 0 {
			res = refuse(status, "as the test says")
			w.Header().Set("Retry-After", "7")
		}
		p.asked = append(p.asked, r.Method+" "+strings.TrimPrefix(r.URL.Path, "/api/1"))
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(res.status)
		_ = json.NewEncoder(w).Encode(res.body)
	}
}

func (p *Platform) add(id string) *publish.Remote {
	d := &publish.Remote{ID: id, Page: p.URL + "/datasets/" + id}
	p.datasets[id] = d
	return d
}

func (p *Platform) create(r *http.Request) told {
	p.next++
	d := p.add(fmt.Sprintf("d%d", p.next))
	if res := p.describe(d, r); res.status != http.StatusOK {
		delete(p.datasets, d.ID)
		return res
	}
	return told{http.StatusCreated, d}
}

func (p *Platform) describe(d *publish.Remote, r *http.Request) told {
	var in struct {
		Title, Description, Frequency, License string
		Tags                                   []string
		Organization                           *struct{ ID, Class string }
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil || in.Title == "" || in.Description == "" {
		return refuse(http.StatusBadRequest, "Validation error")
	}
	d.Title, d.Description, d.Frequency, d.License, d.Tags = in.Title, in.Description+"\r\n", in.Frequency, in.License, in.Tags
	return told{http.StatusOK, d}
}

func (p *Platform) dataset(r *http.Request) told {
	d, ok := p.datasets[mux.Vars(r)["id"]]
	switch {
	case !ok:
		return refuse(http.StatusNotFound, "Dataset not found")
	case r.Method == http.MethodPut:
		return p.describe(d, r)
	}
	return told{http.StatusOK, d}
}

// upload takes a file, a part of one, or the word that all parts are there.
func (p *Platform) upload(r *http.Request) told {
	d, ok := p.datasets[mux.Vars(r)["id"]]
	if !ok {
		return refuse(http.StatusNotFound, "Dataset not found")
	}
	switch {
	case r.ContentLength < 0:
		return refuse(http.StatusLengthRequired, "Length Required")
	case p.limit > 0 && r.ContentLength > p.limit:
		return refuse(http.StatusRequestEntityTooLarge, "Request Entity Too Large")
	}
	if err := r.ParseMultipartForm(64 << 20); err != nil {
		return refuse(http.StatusBadRequest, err.Error())
	}
	total, _ := strconv.Atoi(r.FormValue("totalparts"))
	file, head, err := r.FormFile("file")
	var content []byte
	if err == nil {
		content, _ = io.ReadAll(file)
	}
	name := r.FormValue("filename")
	switch {
	case total > 1 && err == nil:
		i, _ := strconv.Atoi(r.FormValue("partindex"))
		if size, _ := strconv.Atoi(r.FormValue("chunksize")); size != len(content) {
			return told{http.StatusBadRequest, map[string]any{"success": false, "error": "Chunk size mismatch"}}
		}
		if p.parts[r.FormValue("uuid")] == nil {
			p.parts[r.FormValue("uuid")] = map[int][]byte{}
		}
		p.parts[r.FormValue("uuid")][i] = content
		return told{http.StatusOK, map[string]bool{"success": true}}
	case total > 1:
		for i := range total {
			part, ok := p.parts[r.FormValue("uuid")][i]
			if !ok {
				return refuse(http.StatusInternalServerError, "a part is missing")
			}
			content = append(content, part...)
		}
		delete(p.parts, r.FormValue("uuid"))
	case err != nil:
		return told{http.StatusBadRequest, map[string]any{"success": false, "error": "Missing file parameter"}}
	default:
		name = head.Filename
	}
	return p.keep(d, mux.Vars(r)["rid"], name, content)
}

// keep makes a file a new resource, the first of its dataset, or the content of one.
func (p *Platform) keep(d *publish.Remote, rid, name string, content []byte) told {
	status, i := http.StatusOK, slices.IndexFunc(d.Resources, func(r publish.Resource) bool { return r.ID == rid })
	if rid == "" {
		p.next++
		status, i = http.StatusCreated, 0
		d.Resources = append([]publish.Resource{{ID: fmt.Sprintf("r%d", p.next), FileType: "file", Type: "main"}}, d.Resources...)
	} else if i < 0 {
		return refuse(http.StatusNotFound, "Resource does not exist")
	}
	r := &d.Resources[i]
	sum := sha1.Sum(content)
	r.Title, r.FileSize, r.URL = name, int64(len(content)), p.URL+"/resources/"+d.ID+"/"+strconv.Itoa(p.n)+"/"+name
	p.files[r.ID] = string(content)
	return told{status, map[string]any{"id": r.ID, "title": r.Title, "url": r.URL, "filesize": r.FileSize, "filetype": r.FileType, "success": true,
		"checksum": map[string]string{"type": "sha1", "value": hex.EncodeToString(sum[:])}}}
}

func (p *Platform) resource(r *http.Request) told {
	d, ok := p.datasets[mux.Vars(r)["id"]]
	if !ok {
		return refuse(http.StatusNotFound, "Dataset not found")
	}
	i := slices.IndexFunc(d.Resources, func(x publish.Resource) bool { return x.ID == mux.Vars(r)["rid"] })
	if i < 0 {
		return refuse(http.StatusNotFound, "Resource does not exist")
	}
	old := d.Resources[i]
	in := old
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil || in.Title == "" || in.FileType != old.FileType {
		return refuse(http.StatusBadRequest, "Validation error")
	}
	in.ID, in.URL, in.FileSize = old.ID, old.URL, old.FileSize
	d.Resources[i] = in
	return told{http.StatusOK, in}
}

// reorder wants all resources, and only them.
func (p *Platform) reorder(r *http.Request) told {
	d := p.datasets[mux.Vars(r)["id"]]
	var in []struct{ ID string }
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil || d == nil || len(in) != len(d.Resources) {
		return refuse(http.StatusBadRequest, "All resources must be reordered")
	}
	var out []publish.Resource
	for _, x := range in {
		i := slices.IndexFunc(d.Resources, func(r publish.Resource) bool { return r.ID == x.ID })
		if i < 0 {
			return refuse(http.StatusBadRequest, "Resource ids must match existing ones in dataset")
		}
		out = append(out, d.Resources[i])
	}
	d.Resources = out
	return told{http.StatusOK, out}
}
