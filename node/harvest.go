package node

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/gorilla/mux"

	"maillon/catalog/entry"
	"maillon/node/deposit"
	"maillon/node/harvester"
	"maillon/store"
)

// newHarvester makes the harvester of foreign catalogues, over this node's journal.
func (n *Node) newHarvester() *harvester.Harvester {
	return &harvester.Harvester{
		DB: n.main, Fetch: n.client, Node: n.cfg.ID.String(), From: n.cfg.Contact, Dir: n.path("harvest"), Log: n.log, Now: n.now,
		MaxBytes: n.cfg.Deposits.MaxBytes, Ready: n.head.ready,
		State: func(ctx context.Context, entries []entry.Entry) error {
			if err := n.desk.State(ctx, entries); err != nil {
				return err
			}
			n.grew()
			return nil
		},
		Deposit: func(ctx context.Context, req deposit.Request, r io.Reader) (*deposit.Report, error) {
			return n.Deposit(ctx, req, r)
		},
		Ours: n.ours,
	}
}

// ours reports whether an IRI stands under the address of this node or of one
// whose journal it follows: what those say comes by their journals, signed.
func (n *Node) ours(iri string) bool {
	if strings.HasPrefix(iri, n.cfg.URL+"/") {
		return true
	}
	for _, m := range n.roster.all() {
		if m.State == Accepted && m.URL != "" && strings.HasPrefix(iri, m.URL+"/") {
			return true
		}
	}
	return false
}

// Sources lists the foreign catalogues that the node harvests.
func (n *Node) Sources() ([]harvester.Source, error) { return n.gather.Sources() }

// sourceRoutes are the operator's actions on foreign catalogues.
func (n *Node) sourceRoutes(r *mux.Router) {
	answer := func(w http.ResponseWriter, v any, err error) {
		switch {
		case errors.Is(err, store.ErrNotFound):
			adminError(w, http.StatusNotFound, err)
		case err != nil:
			adminError(w, http.StatusBadRequest, err)
		default:
			adminAnswer(w, v)
		}
	}
	r.HandleFunc("/admin/v1/sources", func(w http.ResponseWriter, _ *http.Request) {
		all, err := n.gather.Sources()
		if all == nil {
			all = []harvester.Source{}
		}
		answer(w, map[string]any{"items": all}, err)
	}).Methods("GET")
	r.HandleFunc("/admin/v1/sources", func(w http.ResponseWriter, req *http.Request) {
		var ask rawSource
		if err := json.NewDecoder(req.Body).Decode(&ask); err != nil {
			answer(w, nil, err)
			return
		}
		c, err := ask.check()
		if err != nil {
			answer(w, nil, err)
			return
		}
		s, err := n.gather.Add(c, false)
		answer(w, s, err)
	}).Methods("POST")
	for name, act := range map[string]func(string) error{"visit": n.gather.Visit, "confirm": n.gather.Confirm, "remove": n.gather.Remove} {
		r.HandleFunc("/admin/v1/sources/{id}/"+name, func(w http.ResponseWriter, req *http.Request) {
			id := mux.Vars(req)["id"]
			answer(w, map[string]string{"source": id, "action": name}, act(id))
		}).Methods("POST")
	}
}
