package api

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/gorilla/mux"

	"maillon/federation"
	"maillon/store"
)

func (s *Server) nodeRoutes(r *mux.Router) {
	r.Handle("/nodes", s.answer(s.listNodes)).Methods("GET", "HEAD")
	r.Handle("/nodes/{id}", s.answer(s.getNode)).Methods("GET", "HEAD")
	r.Handle("/nodes/{id}/climb", s.answer(s.getClimb)).Methods("GET", "HEAD")
}

func (s *Server) listNodes(w http.ResponseWriter, _ *http.Request) error {
	nodes, err := s.Fed.Nodes()
	if err != nil {
		return err
	}
	return writeJSON(w, map[string]any{"total": len(nodes), "items": nodes})
}

func (s *Server) getNode(w http.ResponseWriter, r *http.Request) error {
	nodes, err := s.Fed.Nodes()
	if err != nil {
		return err
	}
	id := mux.Vars(r)["id"]
	for _, n := range nodes {
		if n.ID == id {
			return writeJSON(w, n)
		}
	}
	return fmt.Errorf("node %q: %w", id, store.ErrNotFound)
}

func (s *Server) getClimb(w http.ResponseWriter, r *http.Request) error {
	steps := s.Fed.Climb(r, mux.Vars(r)["id"])
	if steps == nil {
		steps = []Step{}
	}
	return writeJSON(w, map[string]any{"steps": steps})
}

// federationRoutes are the exchanges between nodes (docs/protocol.md).
func (s *Server) federationRoutes(r *mux.Router) {
	r.Handle("/announce", s.answer(s.postAnnounce)).Methods("POST")
	s.witnessRoutes(r)
	r.Handle("/announcements", s.answer(s.listAnnouncements)).Methods("GET", "HEAD")
}

func (s *Server) postAnnounce(w http.ResponseWriter, r *http.Request) error {
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, federation.MaxAnnouncement))
	if err != nil {
		return err
	}
	d := s.Fed.Announce(raw)
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	if d.Status == federation.Refused {
		w.WriteHeader(http.StatusForbidden)
	} else {
		w.WriteHeader(http.StatusAccepted)
	}
	_ = json.NewEncoder(w).Encode(d) // the client is gone if this fails
	return nil
}

// listAnnouncements answers the announcements of accepted members, or with ?node=
// of one of them.
func (s *Server) listAnnouncements(w http.ResponseWriter, r *http.Request) error {
	notes := []string{}
	node := r.URL.Query().Get("node")
	for _, n := range s.Fed.Announcements() {
		if node == "" || strings.Contains(string(n), "\n— maillon/"+node+"/") { // whose signature it is
			notes = append(notes, string(n))
		}
	}
	return writeJSON(w, map[string]any{"items": notes})
}

func (s *Server) healthRoutes(r *mux.Router) {
	r.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(w, "ok\n")
	}).Methods("GET", "HEAD")
	r.Handle("/readyz", s.answer(func(w http.ResponseWriter, _ *http.Request) error {
		if err := s.Ready(); err != nil {
			return err
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(w, "ready\n")
		return nil
	})).Methods("GET", "HEAD")
}
