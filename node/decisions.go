package node

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/gorilla/mux"

	"maillon/catalog/entry"
	"maillon/node/api"
	"maillon/node/authority"
	"maillon/store"
	"maillon/store/view"
)

// A DecisionAsk is what an operator asks to be decided.
type DecisionAsk struct {
	What      string   `json:"what"`            // one of entry's Decides
	Contracts []string `json:"contracts"`       // addresses
	Shown     string   `json:"shown,omitempty"` // show: hash of the record; apart, of one contract: of the record that is another contract
	Reason    string   `json:"reason"`
	Seen      string   `json:"seen,omitempty"` // of the conflict as it was looked at; "" for whatever is there now
}

var errDataChanged = errors.New("the data has changed since it was looked at: look again and decide on what is there now")

// Decide states in this hub's journal what its operator decided where sources
// contradict each other, and returns the decision's key.
func (n *Node) Decide(ctx context.Context, by authority.Operator, ask DecisionAsk) (string, error) {
	if n.below == nil {
		return "", errNotHub
	}
	if len(ask.Contracts) == 0 {
		return "", errors.New("contracts: the address of at least one is needed")
	}
	var found []view.Detail
	for _, address := range ask.Contracts {
		buyer, slug, _ := strings.Cut(address, "/")
		d, err := n.views.Contract(buyer, slug)
		if err != nil {
			return "", err
		}
		if slices.ContainsFunc(found, func(f view.Detail) bool { return f.Address == d.Address }) {
			return "", fmt.Errorf("contract %s stands twice", d.Address)
		}
		found = append(found, d)
	}
	if ask.Seen != "" && ask.Seen != api.SeenKey(found) {
		return "", errDataChanged
	}
	d := entry.Decision{What: ask.What, Reason: strings.TrimSpace(ask.Reason), By: string(by.Role)}
	for _, one := range found {
		d.Sides = append(d.Sides, one.Side())
	}
	switch {
	case d.What == entry.DecideShow:
		d.Shown = ask.Shown
	case d.What == entry.DecideApart && len(d.Sides) == 1:
		d.Sides = cutSide(d.Sides[0], ask.Shown)
	}
	return entry.DecisionKey(d.Sides), n.state(ctx, entry.KindDecision, entry.DecisionKey(d.Sides), d, d.Check())
}

// cutSide separates one record of a contract from the others.
func cutSide(whole entry.Side, hash string) []entry.Side {
	one, rest := whole, whole
	one.Records = []string{hash}
	rest.Records = slices.DeleteFunc(slices.Clone(whole.Records), func(h string) bool { return h == hash })
	if len(rest.Records) == len(whole.Records) {
		return []entry.Side{whole} // it is not of the contract: the check says so
	}
	return []entry.Side{rest, one}
}

// Undecide takes a decision of this hub back.
func (n *Node) Undecide(ctx context.Context, by authority.Operator, key, reason string) error {
	row, err := n.views.Decision(key)
	if err != nil {
		return fmt.Errorf("decision %.40q of this node: %w", key, err)
	}
	d := row.Decision
	if d.Void {
		return nil
	}
	d.Void, d.Reason, d.By = true, strings.TrimSpace(reason), string(by.Role)
	return n.state(ctx, entry.KindDecision, key, d, d.Check())
}

// state appends one statement to this node's journal, unless it is wrong.
func (n *Node) state(ctx context.Context, kind, key string, what any, wrong error) error {
	if wrong != nil {
		return wrong
	}
	if err := n.head.ready(); err != nil {
		return err
	}
	body, err := json.Marshal(what)
	if err != nil {
		return err
	}
	e, err := entry.NewStatement(rand.Reader, kind, key, body, n.now())
	if err != nil {
		return err
	}
	if err := n.desk.State(ctx, []entry.Entry{e}); err != nil {
		return fmt.Errorf("state a %s: %w", kind, err)
	}
	n.grew()
	_, err = n.catchUp(ctx) // whoever decided sees it at once
	return err
}

// decisionRoutes are the operator's acts where sources contradict each other.
func (n *Node) decisionRoutes(r *mux.Router) {
	r.HandleFunc("/admin/v1/decisions", n.act(authority.Registrar, func(r *http.Request, by authority.Operator) (any, error) {
		var ask DecisionAsk
		if err := readBody(r, &ask); err != nil {
			return nil, err
		}
		key, err := n.Decide(r.Context(), by, ask)
		if err == nil {
			n.record(r, "decide", key, ask.What+" "+strings.Join(ask.Contracts, " "))
		}
		return map[string]string{"key": key}, readOnly(err)
	})).Methods("POST")
	r.HandleFunc("/admin/v1/decisions/{key}/void", n.act(authority.Registrar, func(r *http.Request, by authority.Operator) (any, error) {
		var ask struct{ Reason string }
		if err := readBody(r, &ask); err != nil {
			return nil, err
		}
		key := mux.Vars(r)["key"]
		err := n.Undecide(r.Context(), by, key, ask.Reason)
		if err == nil {
			n.record(r, "void", key, ask.Reason)
		}
		return map[string]string{"key": key}, readOnly(err)
	})).Methods("POST")
}

// readOnly says what a journal that takes nothing now means for an operator.
func readOnly(err error) error {
	if errors.Is(err, store.ErrReadOnly) {
		return fmt.Errorf("the journal takes nothing for now: try again in a moment: %w", err)
	}
	return err
}
