package node

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/pprof"
	"strings"

	"github.com/gorilla/mux"

	"maillon/store"
)

// adminHandler answers the operators, on an address of its own: their commands
// under /admin/v1, with a token, and the pages of their desk.
func (n *Node) adminHandler(tokens []string) (http.Handler, error) {
	acts := n.adminActs(tokens)
	d, err := n.newDesk(acts, tokens)
	if err != nil {
		return nil, fmt.Errorf("load the desk's pages: %w", err)
	}
	r := mux.NewRouter()
	d.routes(r)
	r.NotFoundHandler = acts
	return r, nil
}

// adminActs answers the operators' commands.
func (n *Node) adminActs(tokens []string) http.Handler {
	r := mux.NewRouter()
	r.HandleFunc("/admin/v1/members/{node}/accept", n.adminAccept).Methods("POST")
	r.HandleFunc("/admin/v1/members/{node}/suspend", n.adminSuspend).Methods("POST")
	r.HandleFunc("/admin/v1/members", n.adminMembers).Methods("GET")
	r.HandleFunc("/metrics", n.metrics).Methods("GET")
	r.HandleFunc("/admin/v1/rebuild", n.adminRebuild).Methods("POST")
	r.HandleFunc("/admin/v1/doctor", func(w http.ResponseWriter, r *http.Request) { adminAnswer(w, n.Facts(r.Context())) }).Methods("GET")
	for path, h := range map[string]http.HandlerFunc{"cmdline": pprof.Cmdline, "profile": pprof.Profile, "symbol": pprof.Symbol, "trace": pprof.Trace} {
		r.HandleFunc("/debug/pprof/"+path, h)
	}
	r.PathPrefix("/debug/pprof/").HandlerFunc(pprof.Index)
	n.trustRoutes(r)
	n.sourceRoutes(r)
	n.successionRoutes(r)
	n.decisionRoutes(r)
	n.reportRoutes(r)
	n.outletRoutes(r)
	n.backupRoutes(r)
	n.siteRoutes(r)
	n.leaveRoutes(r)
	n.sireneRoutes(r)
	n.letterRoutes(r)
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		req, ok := n.identify(req, tokens)
		if !ok {
			adminError(w, http.StatusUnauthorized, errors.New("the admin token is needed: it is in admin.token in the node's data folder; other operators have tokens of their own"))
			return
		}
		if by, need := operatorOf(req), least(req); !by.Role.May(need) {
			adminError(w, http.StatusForbidden, fmt.Errorf("%s is a %s: this is for a %s", by.Name, by.Role, need))
			return
		}
		most := int64(64 << 10)
		if req.URL.Path == "/admin/v1/invitations" || req.URL.Path == "/admin/v1/import" {
			most = maxAdminBody
		}
		req.Body = http.MaxBytesReader(w, req.Body, most)
		r.ServeHTTP(w, req)
	})
}

func tokenMatches(r *http.Request, tokens []string) bool {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return among(token, tokens)
}

// among compares in constant time.
func among(token string, tokens []string) bool {
	got := sha256.Sum256([]byte(strings.TrimSpace(token)))
	match := 0
	for _, t := range tokens {
		want := sha256.Sum256([]byte(t))
		match |= subtle.ConstantTimeCompare(got[:], want[:])
	}
	return match == 1
}

func adminError(w http.ResponseWriter, status int, err error) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"title": http.StatusText(status), "status": status, "detail": err.Error()})
}

func adminAnswer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

func (n *Node) adminAccept(w http.ResponseWriter, r *http.Request) {
	var ask struct {
		Publishes []string `json:"publishes"`
	}
	if r.ContentLength != 0 {
		if err := json.NewDecoder(r.Body).Decode(&ask); err != nil {
			adminError(w, http.StatusBadRequest, err)
			return
		}
	}
	err := n.Accept(r.Context(), mux.Vars(r)["node"], ask.Publishes)
	switch {
	case errors.Is(err, store.ErrNotFound):
		adminError(w, http.StatusNotFound, err)
	case err != nil:
		adminError(w, http.StatusBadRequest, err)
	default:
		n.record(r, "accept", mux.Vars(r)["node"], strings.Join(ask.Publishes, " "))
		adminAnswer(w, map[string]string{"state": Accepted})
	}
}

func (n *Node) adminSuspend(w http.ResponseWriter, r *http.Request) {
	node := mux.Vars(r)["node"]
	if _, ok := n.roster.member(node); !ok {
		adminError(w, http.StatusNotFound, ErrUnknownNode)
		return
	}
	reason := r.URL.Query().Get("reason")
	if reason == "" || len(reason) > 200 {
		adminError(w, http.StatusBadRequest, errors.New("reason: 1 to 200 bytes, it is public"))
		return
	}
	n.suspend(node, reason, nil)
	if err := n.stateNow(r.Context()); err != nil {
		adminError(w, http.StatusServiceUnavailable, err)
		return
	}
	n.record(r, "suspend", node, reason)
	adminAnswer(w, map[string]string{"state": Suspended})
}

func (n *Node) adminMembers(w http.ResponseWriter, _ *http.Request) {
	nodes, err := fedView{n}.Nodes()
	if err != nil {
		adminError(w, http.StatusInternalServerError, err)
		return
	}
	adminAnswer(w, map[string]any{"items": nodes})
}

func (n *Node) adminRebuild(w http.ResponseWriter, r *http.Request) {
	if err := n.Rebuild(r.Context()); err != nil {
		adminError(w, http.StatusInternalServerError, err)
		return
	}
	adminAnswer(w, map[string]bool{"rebuilt": true})
}

// record writes an act that is done into the trail of the hub's operators.
func (n *Node) record(r *http.Request, what, about, detail string) {
	if n.trust.office == nil {
		return
	}
	if err := n.trust.office.Record(operatorOf(r), what, about, detail); err != nil {
		n.log.Error().Err(err).Str("what", what).Str("about", about).Msg("an act is not in the trail")
	}
}
