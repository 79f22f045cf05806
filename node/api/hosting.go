package api

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/gorilla/mux"

	"maillon/catalog/territory"
	"maillon/federation"
	"maillon/store"
)

// Hosting stores and serves the journals and files of members that do not do
// so themselves (docs/protocol.md, «Pushing»).
type Hosting interface {
	// Put takes one resource of a member's journal.
	Put(w http.ResponseWriter, r *http.Request, node, path string) error
	// PutProfile takes what a member says of itself, as a signed note.
	PutProfile(node string, note []byte) error
	// Profile is the newest one.
	Profile(node string) ([]byte, error)
	// Face answers in the place of a member whose public base is on this hub.
	// The path of the request is below that base.
	Face(w http.ResponseWriter, r *http.Request, node string) error
}

// refusalWait is how long a sender may go on after it has been refused.
const refusalWait = 2 * time.Second

// names is the base of this node's public IRIs.
func (s *Server) names() string {
	if s.Self.Base != "" {
		return s.Self.Base
	}
	return s.Self.URL
}

// hostingRoutes take what members push, and answer in their place.
func (s *Server) hostingRoutes(r *mux.Router) {
	if s.Hosting == nil {
		return
	}
	r.PathPrefix("/n/{node}/journal/").Handler(s.answer(s.putJournal)).Methods("PUT")
	r.Handle("/n/{node}/profile", s.answer(s.putProfile)).Methods("PUT")
	r.Handle("/n/{node}/profile", s.answer(s.getProfile)).Methods("GET", "HEAD")
	r.Handle("/n/{node}", s.answer(s.face)).Methods("GET", "HEAD")
	r.PathPrefix("/n/{node}/").Handler(s.answer(s.face)).Methods("GET", "HEAD")
}

// guest is the node that an address below /n/ is of, and the path below it.
func guest(r *http.Request) (node, path string, err error) {
	node = mux.Vars(r)["node"]
	if _, err := territory.ParseNodeID(node); err != nil {
		return "", "", fmt.Errorf("node %.40q: %w", node, store.ErrNotFound)
	}
	return node, strings.TrimPrefix(r.URL.Path, "/n/"+node), nil
}

func (s *Server) putJournal(w http.ResponseWriter, r *http.Request) error {
	node, path, err := guest(r)
	path = strings.TrimPrefix(path, "/journal/")
	if err == nil {
		err = s.Hosting.Put(w, r, node, path)
	}
	if err != nil && path != "checkpoint" {
		// What is still under way is not waited for: the refusal must reach a
		// sender that stalls.
		w.Header().Set("Connection", "close")
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(refusalWait)) // not every connection can
	}
	return err
}

func (s *Server) putProfile(w http.ResponseWriter, r *http.Request) error {
	node, _, err := guest(r)
	if err != nil {
		return err
	}
	note, err := io.ReadAll(http.MaxBytesReader(w, r.Body, federation.MaxProfile))
	if err != nil {
		return err
	}
	if err := s.Hosting.PutProfile(node, note); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *Server) getProfile(w http.ResponseWriter, r *http.Request) error {
	node, _, err := guest(r)
	if err != nil {
		return err
	}
	note, err := s.Hosting.Profile(node)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-cache")
	_, _ = w.Write(note) // the client is gone if this fails
	return nil
}

// face answers below a member's public base. Nothing there is ever redirected.
func (s *Server) face(w http.ResponseWriter, r *http.Request) error {
	node, path, err := guest(r)
	if err != nil {
		return err
	}
	below := r.Clone(r.Context())
	below.URL.Path, below.URL.RawPath = path, strings.TrimPrefix(r.URL.RawPath, "/n/"+node)
	if path == "" {
		below.URL.Path = "/"
	}
	return s.Hosting.Face(w, below, node)
}
