// Package api answers programs: the query API, deposits, the catalogue in
// RDF, files, journals and the exchanges between nodes. Pages for people are
// in node/web; the handlers that fill them are here too (pages.go), so that a
// contract is looked up in one way whoever asks.
//
// Handlers return errors; [problemFor] alone turns them into statuses.
package api

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/gorilla/mux"
	"github.com/rs/zerolog"

	"maillon/catalog"
	"maillon/catalog/entry"
	"maillon/catalog/texts"
	"maillon/federation"
	"maillon/federation/audit"
	"maillon/federation/witness"
	"maillon/node/alerts"
	"maillon/node/auditor"
	"maillon/node/deposit"
	"maillon/node/finances"
	"maillon/node/firms"
	"maillon/node/harvester"
	"maillon/node/reports"
	"maillon/node/shelf"
	"maillon/node/toolbox"
	"maillon/node/web"
	"maillon/store"
	"maillon/store/journal"
	"maillon/store/search"
	"maillon/store/view"
)

// A Federation is what the node knows of other nodes.
type Federation interface {
	// Nodes lists every node known here, this one first.
	Nodes() ([]NodeStatus, error)
	// Node is one of them; ok is false if it is not known here.
	Node(id string) (s NodeStatus, ok bool, err error)
	// Announce takes an announcement that was posted.
	Announce(note []byte) federation.Decision
	// Uplinks lists the levels above, the nearest first.
	Uplinks() []Uplink
	// Announcements lists those that this node vouches for.
	Announcements() [][]byte
	// Digest is that of all announcements held of the pool of a hub; "" is
	// the pool this node runs, else the one it is in. ok is false if it is
	// not in it.
	Digest(hub string) (pool string, d federation.Digest, ok bool)
	// NotesIn lists all announcements held of that pool in some buckets.
	NotesIn(hub string, buckets []byte) (notes [][]byte, ok bool)
	// Climb tells how far a journal has come, here and above, nearest first.
	Climb(r *http.Request, node string) []Step
	// Mirror returns the newest mirror of a node's journal.
	Mirror(node string) (*journal.Log, bool)
	// Cosigned is the checkpoint of the own journal or a mirror, with the
	// cosignatures that are served with it; nil if it has none yet.
	Cosigned(l *journal.Log) []byte
	// Integrity says how it stands with every journal known here.
	Integrity(ctx context.Context) (*audit.Integrity, error)
	// Witness answers a request for a cosignature: signature lines, or an
	// error of package witness or [store.ErrNotFound].
	Witness(request []byte) ([]byte, error)
}

// A Publisher changes the node's own journal.
type Publisher interface {
	Deposit(r *http.Request, req deposit.Request) (*deposit.Report, error)
	Retract(r *http.Request, op entry.Op, target uint64, reason string) (uint64, error)
}

// A Server answers the node's public listener.
type Server struct {
	Self      NodeStatus // what this node is; sizes are filled when asked
	Catalog   Catalogue
	Log       zerolog.Logger
	Views     *view.Views
	Index     *search.Index // over the contracts of Views; nil for none
	Desk      *deposit.Desk
	Shelf     *shelf.Shelf
	Own       *journal.Log
	Fed       Federation
	Trust     http.Handler // hub, charter, revocations and join below /federation/v1; nil for none
	Publisher Publisher
	Pages     *web.Pages
	Hosting   Hosting // of members; nil if the node is no hub
	Tokens    []string
	// Allows reports whether a token that is not in Tokens lets deposit; nil for none.
	Allows   func(token string) bool
	MaxBytes int64
	// MostAnswers bounds the catalogue's answers that are kept, in bytes; 0 is 256 MiB.
	MostAnswers int
	// ValidateBytes bounds a file that is only checked; 0 for 100 MiB.
	ValidateBytes int64
	// Ready returns why the node may not serve its catalogue yet, or nil.
	Ready func() error
	Now   func() time.Time
	// Sources lists the foreign catalogues that the node harvests; nil for none.
	Sources func() ([]harvester.Source, error)
	// Static: the answers are kept as files ([StaticSite]): they lead to nothing else.
	Static bool
	// Toolbox is the boîte à outils; nil for none.
	Toolbox *toolbox.Folder

	// Audits makes the territorial audits; [Server.Handler] gives it one of its
	// own if it is nil.
	Audits *auditor.Auditor
	// OutlineDir is the folder of outlines for the maps; "" for none.
	OutlineDir string
	// Firms is what the node knows of firms; nil for nothing.
	Firms *firms.Folder
	// Finances is what the node knows of budgets and grants; nil for nothing.
	Finances *finances.Folder
	// Targets are what buyers have set themselves.
	Targets []Target
	// Alerts keeps who follows which search; nil for nobody.
	Alerts *alerts.Desk

	// Reports is where errors are reported; nil for nowhere. MayReport limits who may.
	Reports   *reports.Desk
	MayReport func(*http.Request) bool

	stamps  stamper
	answers answers
	drawn   outlines
	expires expiries
	scored  scores

	sessions  sessions
	kits      kits
	known     known
	stretches stretches
	byYear    yearList
}

// A NodeStatus is a node as this one knows it.
type NodeStatus struct {
	ID        string    `json:"id"`
	Geozone   string    `json:"geozone"`
	Level     string    `json:"level"`
	Name      string    `json:"name"`
	State     string    `json:"state"` // self, accepted, pending, suspended
	Hub       string    `json:"hub,omitempty"`
	IsHub     bool      `json:"isHub,omitempty"`
	URL       string    `json:"url"`
	Base      string    `json:"base,omitempty"`    // of its public IRIs, if not url
	Storage   string    `json:"storage,omitempty"` // hub if its hub serves its journal and files
	Mode      string    `json:"mode,omitempty"`    // light if it only makes connections itself
	Catalog   string    `json:"catalog"`
	Contact   string    `json:"contact,omitempty"`
	Announced uint64    `json:"announced"` // journal size announced or stated
	Mirrored  uint64    `json:"mirrored"`  // journal size here
	Seen      time.Time `json:"seen,omitzero"`
	Error     string    `json:"error,omitempty"` // of the last try to follow
	Reason    string    `json:"reason,omitempty"`
	Key       string    `json:"key,omitempty"`
	PastKeys  []string  `json:"pastKeys,omitempty"` // that it replaced, oldest first
	Publishes []string  `json:"publishes,omitempty"`
}

// A Step is one level of a journal's climb.
type Step struct {
	Node  string    `json:"node"`
	Name  string    `json:"name"`
	Level string    `json:"level"`
	URL   string    `json:"url"`
	Size  uint64    `json:"size"`
	At    time.Time `json:"at"`
}

type handler func(w http.ResponseWriter, r *http.Request) error

// Handler returns everything the public listener answers.
func (s *Server) Handler() http.Handler {
	if s.Audits == nil {
		s.Audits = auditor.New(s.Views)
	}
	return s.quick(s.guard(s.router()))
}

// router leads every address to what answers it.
func (s *Server) router() *mux.Router {
	r := mux.NewRouter().UseEncodedPath().SkipClean(true)
	s.journalRoutes(r)
	s.hostingRoutes(r)
	s.fileRoutes(r.PathPrefix("/files").Subrouter())
	v1 := r.PathPrefix("/api/v1").Subrouter()
	s.contractRoutes(v1)
	s.changeRoutes(v1)
	s.depositRoutes(v1)
	s.nodeRoutes(v1)
	turn := inTurn()
	s.validateRoutes(v1, turn)
	s.compareRoutes(r, v1, turn)
	s.referenceRoutes(r, v1)
	s.qualityRoutes(r, v1)
	s.enrichRoutes(r, v1)
	v1.Handle("/buyers/{siret}/budget", s.answer(atOnce(mostCounts, s.getBudget))).Methods("GET", "HEAD")
	v1.Handle("/targets", s.answer(atOnce(mostCounts, s.getTargets))).Methods("GET", "HEAD")
	s.alertRoutes(r, v1)
	s.federationRoutes(r.PathPrefix("/federation/v1").Subrouter())
	s.catalogRoutes(r)
	s.datasetRoutes(r, v1)
	s.successionRoutes(v1)
	s.openapiRoutes(r)
	s.numberRoutes(r)
	s.registerRoutes(r)
	s.territoryRoutes(r)
	s.healthRoutes(r)
	s.auditRoutes(r, v1)
	if s.Static {
		s.staticRoutes(r) // before the search, whose address it takes
	}
	s.pageRoutes(r)
	s.reportRoutes(r, v1)
	s.toolboxRoutes(r)
	r.Handle("/valider", s.answer(func(w http.ResponseWriter, r *http.Request) error {
		return s.page(w, r, http.StatusOK, s.checkPage(web.CheckPage{}))
	})).Methods("GET", "HEAD")
	r.Handle("/valider", s.answer(turn(s.postCheckPage))).Methods("POST")
	r.Handle("/connexion", s.answer(s.loginPage)).Methods("GET", "HEAD")
	r.Handle("/connexion", s.answer(s.postLogin)).Methods("POST")
	r.Handle("/deconnexion", s.answer(s.postLogout)).Methods("POST")
	r.Handle("/saisie", s.answer(s.entryPage)).Methods("GET", "HEAD")
	r.Handle("/saisie", s.answer(s.postEntry)).Methods("POST")
	r.NotFoundHandler = s.answer(func(http.ResponseWriter, *http.Request) error {
		return fmt.Errorf("no such address: %w", store.ErrNotFound)
	})
	r.MethodNotAllowedHandler = s.answer(func(http.ResponseWriter, *http.Request) error { return errMethod })
	return r
}

// guard adds what every answer carries, and keeps a panic in one request.
func (s *Server) guard(next http.Handler) http.Handler {
	base := s.base()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			p := recover()
			if p == http.ErrAbortHandler {
				panic(p) // the connection is to be cut: what was sent is not whole
			}
			if p != nil {
				s.Log.Error().Interface("panic", p).Str("path", r.URL.Path).Bytes("stack", debug.Stack()).Msg("request broke")
				http.Error(w, "Internal error", http.StatusInternalServerError)
			}
		}()
		h := w.Header()
		h["X-Content-Type-Options"] = nosniff
		h["Referrer-Policy"] = noReferrer
		if r.Method == http.MethodGet || r.Method == http.MethodHead || r.Method == http.MethodOptions {
			h["Access-Control-Allow-Origin"] = anyOrigin
			h["Access-Control-Expose-Headers"] = exposed
		}
		next.ServeHTTP(w, withoutBase(r, base))
	})
}

// Values of headers that every answer carries.
var (
	nosniff    = []string{"nosniff"}
	noReferrer = []string{"no-referrer"}
	anyOrigin  = []string{"*"}
	exposed    = []string{"ETag, Link, Content-Disposition"}
)

// withoutBase cuts the path of the public address off a request's, for
// proxies that pass it on; many cut it themselves.
func withoutBase(r *http.Request, base string) *http.Request {
	path, ok := strings.CutPrefix(r.URL.Path, base)
	if base == "" || !ok || path != "" && path[0] != '/' {
		return r
	}
	if path == "" {
		path = "/"
	}
	out := r.Clone(r.Context())
	out.URL.Path = path
	if r.URL.RawPath != "" {
		out.URL.RawPath = strings.TrimPrefix(r.URL.RawPath, base)
	}
	return out
}

// A Problem is an RFC 9457 problem document.
type Problem struct {
	Type     string           `json:"type"`
	Title    string           `json:"title"`
	Status   int              `json:"status"`
	Detail   string           `json:"detail,omitempty"`
	Problems catalog.Problems `json:"problems,omitempty"`
	Missing  []string         `json:"missing,omitempty"` // of a push: what to send first
	Reasons  []Reason         `json:"reasons,omitempty"` // of a node that is not ready

	after time.Duration // before it is worth asking again
}

// ErrStarting: the node cannot answer fully yet.
var ErrStarting = errors.New("the node is starting; try again in a moment")

// A Reason is one thing that a node waits for, or that keeps it from writing.
type Reason struct {
	Code   string `json:"code"` // stable: views, files, editions, journal, clock, disk
	Detail string `json:"detail"`
	Mend   string `json:"mend,omitempty"` // the command that mends it
}

// NotReady is an [ErrStarting] that says why.
type NotReady []Reason

func (r NotReady) Error() string {
	all := make([]string, len(r))
	for i, why := range r {
		all[i] = why.Detail
	}
	return strings.Join(all, "; ")
}

// Unwrap makes it an ErrStarting.
func (r NotReady) Unwrap() error { return ErrStarting }

var (
	errMethod = errors.New("this address does not take that method")
	errToken  = errors.New("a valid token is needed: send it as Authorization: Bearer TOKEN")
)

// A BadParameter is a wrong parameter of a query.
type BadParameter struct{ Name, Found, Expected string }

func (e *BadParameter) Error() string {
	return fmt.Sprintf("parameter %s: %q, want %s", e.Name, e.Found, e.Expected)
}

// problemFor is the only place that turns an error into a status.
func problemFor(err error) Problem {
	p := Problem{Detail: err.Error()}
	if bad, ok := errors.AsType[*BadParameter](err); ok {
		p.Type, p.Title, p.Status = "bad-parameter", "A parameter is wrong", http.StatusBadRequest
		p.Problems = catalog.Problems{{Pointer: bad.Name, Rule: "parameter", Severity: catalog.Error, Found: bad.Found, Expected: bad.Expected}}
	} else if bad, ok := errors.AsType[*deposit.RequestError](err); ok {
		p.Type, p.Title, p.Status = "bad-parameter", "A parameter is wrong", http.StatusBadRequest
		p.Problems = catalog.Problems{{Pointer: bad.Field, Rule: "parameter", Severity: catalog.Error, Found: bad.Found, Expected: bad.Expected}}
	} else if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		p.Type, p.Title, p.Status = "too-large", "The body is too large", http.StatusRequestEntityTooLarge
	} else if !refused(&p, err) {
		p.Type, p.Title, p.Status = kindOf(err)
	}
	if why, ok := errors.AsType[NotReady](err); ok {
		p.Reasons = why
	}
	switch { // the error's own words name files of this machine
	case p.Status == http.StatusInternalServerError:
		p.Detail = ""
	case errors.Is(err, syscall.ENOSPC):
		p.Detail = "nothing of this request was kept: try again once the node's operator has made room"
	}
	p.Type = "urn:maillon:problem:" + p.Type
	return p
}

func kindOf(err error) (kind, title string, status int) {
	if kind, title, status, ok := alertKind(err); ok {
		return kind, title, status
	}
	switch {
	case errors.Is(err, store.ErrNotFound):
		return "not-found", "Not found", http.StatusNotFound
	case errors.Is(err, store.ErrReadOnly):
		return "read-only", "The node is read-only for now", http.StatusServiceUnavailable
	case errors.Is(err, syscall.ENOSPC):
		return "disk-full", "The node's disk is full", http.StatusInsufficientStorage
	case errors.Is(err, ErrStarting), errors.Is(err, view.ErrBehind), errors.Is(err, search.ErrLoading):
		return "starting", "The node is starting", http.StatusServiceUnavailable
	case errors.Is(err, auditor.ErrMaking):
		return "making", "The audit is being made", http.StatusServiceUnavailable
	case errors.Is(err, errToken):
		return "token", "A token is needed", http.StatusUnauthorized
	case errors.Is(err, errForm):
		return "form", "The form is too old", http.StatusForbidden
	case errors.Is(err, errMethod):
		return "method", "Method not allowed", http.StatusMethodNotAllowed
	case errors.Is(err, errBusy):
		return "busy", "The node is busy", http.StatusTooManyRequests
	case errors.Is(err, errCoding):
		return "coding", "The body is coded in a way that is not known", http.StatusUnsupportedMediaType
	case errors.Is(err, witness.ErrMalformed), errors.Is(err, witness.ErrOldSize):
		return "bad-checkpoint", "The request is not one for a cosignature", http.StatusBadRequest
	case errors.Is(err, witness.ErrSignature):
		return "signature", "Not signed by the journal's owner", http.StatusForbidden
	case errors.Is(err, witness.ErrProof):
		return "proof", "The proof does not hold", http.StatusUnprocessableEntity
	case errors.Is(err, errNoFile):
		return "no-file", "No file was sent", http.StatusBadRequest
	case errors.Is(err, deposit.ErrUpload):
		return "upload", "The upload broke off", http.StatusBadRequest
	default:
		return "internal", "Internal error", http.StatusInternalServerError
	}
}

// answer turns a handler's error into a problem document, or into a page for
// those who read pages.
func (s *Server) answer(h handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		err := h(w, r)
		if err == nil {
			return
		}
		if r.Context().Err() != nil {
			return // the client is gone
		}
		p := problemFor(err)
		if p.Status == http.StatusInternalServerError || errors.Is(err, syscall.ENOSPC) {
			s.Log.Error().Err(err).Str("method", r.Method).Str("path", r.URL.Path).Msg("request failed")
		}
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		if p.Status == http.StatusUnauthorized {
			h.Set("WWW-Authenticate", `Bearer realm="maillon"`)
		}
		if after := p.retryAfter(); after != "" {
			h.Set("Retry-After", after)
		}
		if strings.Contains(r.Header.Get("Accept"), "text/html") {
			s.errorPage(w, r, p)
			return
		}
		h.Set("Content-Type", "application/problem+json")
		w.WriteHeader(p.Status)
		_ = json.NewEncoder(w).Encode(p) // the client is gone if this fails
	}
}

// authorised checks the bearer token in constant time.
func (s *Server) authorised(r *http.Request) error {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return errToken
	}
	if !s.knows(token) {
		return errToken
	}
	return nil
}

// knows reports whether a token is one of deposits.
func (s *Server) knows(token string) bool {
	got := sha256.Sum256([]byte(strings.TrimSpace(token)))
	match := 0
	for _, t := range s.Tokens {
		want := sha256.Sum256([]byte(t))
		match |= subtle.ConstantTimeCompare(got[:], want[:])
	}
	return match == 1 || s.Allows != nil && s.Allows(token)
}

func writeJSON(w http.ResponseWriter, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_, _ = w.Write(append(raw, '\n')) // the client is gone if this fails
	return nil
}

// langOf finds the language that a request asks for.
func langOf(r *http.Request) texts.Lang {
	if l := r.URL.Query().Get("lang"); l != "" {
		return texts.Parse(l)
	}
	return texts.Parse(r.Header.Get("Accept-Language"))
}
