package node

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/gorilla/mux"

	"maillon/catalog/entry"
	"maillon/store"
)

// errNotOurs: this node's word on these bodies would not be believed.
var errNotOurs = errors.New("only the hub of a territory, or the node of the body that goes, may state who follows it")

// Succeed states in this node's journal that a body goes on as another. The views
// of whoever believes this node follow. Said again, nothing is appended.
func (n *Node) Succeed(ctx context.Context, s entry.Succession) error {
	if err := s.Check(); err != nil {
		return err
	}
	const siren = 9
	if n.below == nil && n.cfg.ID.String()[:siren] != s.From[:siren] {
		return errNotOurs
	}
	if err := n.head.ready(); err != nil {
		return err
	}
	known, err := n.views.Successions()
	if err != nil {
		return err
	}
	for _, k := range known {
		if k.Speaker == n.cfg.ID.String() && k.Succession == s {
			return nil
		}
	}
	body, err := json.Marshal(s)
	if err != nil {
		return err
	}
	e, err := entry.NewStatement(rand.Reader, entry.KindSuccession, entry.SuccessionKey(s.From, s.To), body, n.now())
	if err != nil {
		return err
	}
	if err := n.desk.State(ctx, []entry.Entry{e}); err != nil {
		return fmt.Errorf("state that %s follows %s: %w", s.To, s.From, err)
	}
	n.grew()
	return nil
}

// successionRoutes are the operator's actions on bodies that go on as others.
func (n *Node) successionRoutes(r *mux.Router) {
	r.HandleFunc("/admin/v1/successions", func(w http.ResponseWriter, req *http.Request) {
		var s entry.Succession
		if err := json.NewDecoder(req.Body).Decode(&s); err != nil {
			adminError(w, http.StatusBadRequest, err)
			return
		}
		switch err := n.Succeed(req.Context(), s); {
		case errors.Is(err, store.ErrReadOnly):
			adminError(w, http.StatusServiceUnavailable, err)
		case err != nil:
			adminError(w, http.StatusBadRequest, err)
		default:
			adminAnswer(w, s)
		}
	}).Methods("POST")
}
