package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/gorilla/mux"

	"maillon/federation"
	"maillon/store"
)

func (s *Server) nodeRoutes(r *mux.Router) {
	r.Handle("/nodes", s.answer(s.listNodes)).Methods("GET", "HEAD")
	r.Handle("/audit/integrity", s.answer(s.getIntegrity)).Methods("GET", "HEAD")
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
	id := mux.Vars(r)["id"]
	n, ok, err := s.Fed.Node(id)
	if err != nil {
		return err
	}
	if !ok {
		return fmt.Errorf("node %q: %w", id, store.ErrNotFound)
	}
	return writeJSON(w, n)
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
	r.Handle("/announce", s.answer(atOnce(maxAnnounces, s.postAnnounce))).Methods("POST")
	s.witnessRoutes(r)
	r.Handle("/announcements", s.answer(s.listAnnouncements)).Methods("GET", "HEAD")
	r.Handle("/digest", s.answer(s.getDigest)).Methods("GET", "HEAD")
	r.Handle("/above", s.answer(s.listAbove)).Methods("GET", "HEAD")
	if s.Trust != nil {
		for _, path := range []string{"/hub", "/charter", "/revocations", "/join", "/reports", "/reports/take", "/reports/outcomes", "/reach/{node}"} {
			r.Handle(path, s.Trust)
		}
	}
}

// Announcements come from every member, many of them woken by the same event.
const (
	maxAnnounces     = 64 // taken at once; others are told to come back, each at another time
	reannounceLeast  = 12 * time.Hour
	reannounceSpread = 12 * time.Hour // over which members are spread when they renew
)

// An Uplink is a node to which others report.
type Uplink struct {
	ID  string `json:"id"`
	URL string `json:"url"` // public base
}

// listAbove answers the levels above this node, the nearest first: where its members
// turn to when it is silent.
func (s *Server) listAbove(w http.ResponseWriter, _ *http.Request) error {
	list := s.Fed.Uplinks()
	if list == nil {
		list = []Uplink{}
	}
	return writeJSON(w, map[string]any{"items": list})
}

func (s *Server) postAnnounce(w http.ResponseWriter, r *http.Request) error {
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, federation.MaxAnnouncement))
	if err != nil {
		return err
	}
	d := s.Fed.Announce(raw)
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	switch d.Status {
	case federation.Refused:
		w.WriteHeader(http.StatusForbidden)
	case federation.Limited:
		w.Header().Set("Retry-After", "30")
		w.WriteHeader(http.StatusTooManyRequests)
	default:
		w.Header().Set("Reannounce-After", strconv.Itoa(int((reannounceLeast + rand.N(reannounceSpread)).Seconds())))
		w.WriteHeader(http.StatusAccepted)
	}
	_ = json.NewEncoder(w).Encode(d) // the client is gone if this fails
	return nil
}

// listAnnouncements answers the announcements of accepted members, or with
// node that of one of them; with buckets, all that this node holds in these.
func (s *Server) listAnnouncements(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	if !q.Has("buckets") {
		return writeNotes(w, ofNode(s.Fed.Announcements(), q.Get("node")))
	}
	buckets, err := federation.ParseBuckets(q.Get("buckets"))
	if err != nil {
		return &BadParameter{"buckets", q.Get("buckets"), fmt.Sprintf("1 to %d buckets such as 03,a0,ff", federation.MaxBuckets)}
	}
	notes, ok := s.Fed.NotesIn(q.Get("pool"), buckets)
	if !ok {
		return noPool(q.Get("pool"))
	}
	return writeNotes(w, notes)
}

// ofNode keeps the notes that the node has signed; all for "".
func ofNode(notes [][]byte, node string) [][]byte {
	return slices.DeleteFunc(notes, func(n []byte) bool {
		return node != "" && !bytes.Contains(n, []byte("\n— maillon/"+node+"/"))
	})
}

// getDigest answers the digest of what this node holds of a pool.
func (s *Server) getDigest(w http.ResponseWriter, r *http.Request) error {
	pool, d, ok := s.Fed.Digest(r.URL.Query().Get("pool"))
	if !ok {
		return noPool(r.URL.Query().Get("pool"))
	}
	w.Header().Set("Cache-Control", "no-store")
	return writeJSON(w, map[string]any{"pool": pool, "digest": d.Append(nil)})
}

func noPool(hub string) error {
	return fmt.Errorf("this node is not in the pool of %q: %w", hub, store.ErrNotFound)
}

func writeNotes(w http.ResponseWriter, all [][]byte) error {
	notes := make([]string, 0, len(all))
	for _, n := range all {
		notes = append(notes, string(n))
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
