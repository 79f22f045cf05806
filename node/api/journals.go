package api

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/gorilla/mux"

	"maillon/catalog/territory"
	"maillon/store"
	"maillon/store/journal"
)

// journalRoutes serve journals in the tlog-tiles layout: the own one and
// every mirror.
func (s *Server) journalRoutes(r *mux.Router) {
	r.PathPrefix("/journal/").Handler(s.answer(s.ownJournal)).Methods("GET", "HEAD")
	r.PathPrefix("/n/{node}/journal/").Handler(s.answer(s.mirroredJournal)).Methods("GET", "HEAD")
}

func (s *Server) ownJournal(w http.ResponseWriter, r *http.Request) error {
	return s.serveResource(w, r, s.Own, strings.TrimPrefix(r.URL.Path, "/journal/"))
}

func (s *Server) mirroredJournal(w http.ResponseWriter, r *http.Request) error {
	node := mux.Vars(r)["node"]
	if _, err := territory.ParseNodeID(node); err != nil {
		return fmt.Errorf("journal of %q: %w", node, store.ErrNotFound)
	}
	_, path, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/n/"), "/journal/")
	if node == s.Self.ID {
		return s.serveResource(w, r, s.Own, path)
	}
	log, ok := s.Fed.Mirror(node)
	if !ok || log.Size() == 0 && path != "key" {
		return fmt.Errorf("mirror of %s: %w", node, store.ErrNotFound)
	}
	return s.serveResource(w, r, log, path)
}

// serveResource answers one resource of a log. Tiles never change; a
// checkpoint does, with cosignatures too, and bodies can be erased.
func (s *Server) serveResource(w http.ResponseWriter, r *http.Request, log *journal.Log, path string) error {
	res, err := log.Resource(path, strings.Contains(r.Header.Get("Accept-Encoding"), "zstd"))
	if err != nil {
		return err
	}
	if path == "checkpoint" {
		res.Bytes = s.Fed.Cosigned(log)
	}
	h := w.Header()
	h.Set("Content-Type", res.ContentType)
	h.Set("Content-Security-Policy", foreignPolicy)
	if path != "checkpoint" && path != "key" {
		h.Set("Content-Disposition", "attachment") // bodies hold what anyone deposited
	}
	if res.Encoding != "" {
		h.Set("Content-Encoding", res.Encoding)
	}
	h.Add("Vary", "Accept-Encoding")
	switch {
	case path == "checkpoint" || path == "key":
		h.Set("Cache-Control", "no-cache")
		sum := sha256.Sum256(res.Bytes)
		etag := `"` + hex.EncodeToString(sum[:8]) + `"`
		h.Set("ETag", etag)
		if r.Header.Get("If-None-Match") == etag {
			w.WriteHeader(http.StatusNotModified)
			return nil
		}
	case res.Immutable:
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	default:
		h.Set("Cache-Control", "public, max-age=60")
	}
	if res.WriteTo != nil {
		// Bodies may be large: they are written as they are read. A failure
		// midway cuts the connection, so the client sees it.
		if r.Method == http.MethodHead {
			return nil
		}
		if err := res.WriteTo(w); err != nil {
			panic(http.ErrAbortHandler)
		}
		return nil
	}
	h.Set("Content-Length", strconv.Itoa(len(res.Bytes)))
	if r.Method != http.MethodHead {
		_, _ = w.Write(res.Bytes)
	}
	return nil
}
