package api

import (
	"errors"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"os"
	"strconv"
	"strings"

	"github.com/gorilla/mux"

	"maillon/node/shelf"
	"maillon/store"
)

// fileRoutes serve the distributions: ranges and strong tags on the plain
// file, and the gzip copy to those who take it and ask for no range.
func (s *Server) fileRoutes(r *mux.Router) {
	r.Handle("/{dataset}/{name}", s.answer(s.file)).Methods("GET", "HEAD")
	r.Handle("/{dataset}/{edition}/{name}", s.answer(s.file)).Methods("GET", "HEAD")
}

// foreignPolicy is for what others wrote, should a browser show it all the same.
const foreignPolicy = "default-src 'none'; sandbox"

func (s *Server) file(w http.ResponseWriter, r *http.Request) error {
	v := mux.Vars(r)
	if done, err := s.territoryFile(w, r, v["dataset"], v["edition"], v["name"]); done {
		return err
	}
	gzipped := r.Header.Get("Range") == "" && accepts(r, "gzip")
	var file *os.File
	var f shelf.File
	for try := 0; file == nil; try++ {
		path, known, ok := s.Shelf.Path(v["dataset"], v["name"])
		if !ok || v["edition"] != "" {
			if err := s.Ready(); err != nil {
				return err
			}
			return fmt.Errorf("file %s/%s: %w", v["dataset"], v["name"], store.ErrNotFound)
		}
		if f = known; gzipped {
			path += ".gz"
		}
		var err error
		if file, err = os.Open(path); err != nil && (try == 3 || !errors.Is(err, fs.ErrNotExist)) { // it may just have been made anew
			return fmt.Errorf("open %s: %w", f.Name, err)
		}
	}
	defer file.Close()
	fileHeaders(w, v["dataset"]+"-"+f.Name, contentType(f))
	etag := f.SHA256[:32]
	if gzipped {
		etag += "-gzip"
		w.Header().Set("Content-Encoding", "gzip")
		w.Header().Set("Content-Length", strconv.FormatInt(f.Gzipped, 10))
	}
	w.Header().Set("ETag", `"`+etag+`"`)
	http.ServeContent(w, r, "", f.Modified, file)
	return nil
}

// fileHeaders are those of every download.
func fileHeaders(w http.ResponseWriter, name, media string) {
	h := w.Header()
	h.Set("Content-Type", media)
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	h.Set("Content-Security-Policy", foreignPolicy)
	h.Set("Cache-Control", "public, max-age=60")
	h.Add("Vary", "Accept-Encoding")
}

func contentType(f shelf.File) string {
	if strings.HasPrefix(f.Media, "text/") || f.Format == "XML" {
		return f.Media + "; charset=utf-8"
	}
	return f.Media
}

// accepts reports whether the client names a content coding and does not refuse it.
func accepts(r *http.Request, coding string) bool {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, q, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.EqualFold(strings.TrimSpace(name), coding) {
			q = strings.ReplaceAll(q, " ", "")
			return q != "q=0" && q != "q=0.0" && q != "q=0.00" && q != "q=0.000"
		}
	}
	return false
}
