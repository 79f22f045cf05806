package node

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/gorilla/mux"

	"maillon/federation"
	"maillon/store"
)

// goneKey, in the bucket of announcements, is there while the node says it is gone.
const goneKey = "gone"

var errAlone = errors.New("this node has joined no hub: there is nothing to leave")

// Leave makes this node say that it is gone, or with back that it is there again. Its
// journal and what it published stay where they are mirrored; its hub no longer
// asks for more.
func (n *Node) Leave(_ context.Context, back bool) error {
	if n.cfg.Federation.Join == nil {
		return errAlone
	}
	err := n.main.Update(func(tx store.Tx) error {
		b := tx.Bucket(announcementsBucket)
		if back {
			return b.Delete([]byte(goneKey))
		}
		return b.Put([]byte(goneKey), []byte{1})
	})
	if err == nil {
		ring(n.bells.announce)
	}
	return err
}

// status is what this node says of its being there.
func (n *Node) status() (federation.Status, error) {
	s := federation.Active
	err := n.main.View(func(tx store.Tx) error {
		if tx.Bucket(announcementsBucket).Get([]byte(goneKey)) != nil {
			s = federation.Gone
		}
		return nil
	})
	return s, err
}

// leaveRoutes let the operator end the node's membership.
func (n *Node) leaveRoutes(r *mux.Router) {
	r.HandleFunc("/admin/v1/presence", func(w http.ResponseWriter, req *http.Request) {
		var ask struct {
			Back bool `json:"back"`
		}
		if err := json.NewDecoder(req.Body).Decode(&ask); err != nil {
			adminError(w, http.StatusBadRequest, err)
			return
		}
		if err := n.Leave(req.Context(), ask.Back); err != nil {
			adminError(w, http.StatusBadRequest, err)
			return
		}
		adminAnswer(w, map[string]bool{"gone": !ask.Back})
	}).Methods("POST")
}
