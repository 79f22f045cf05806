package node

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gorilla/mux"

	"maillon/federation"
	"maillon/node/authority"
	"maillon/store"
)

// maxAdminBody bounds a list of invitations or of signed notes.
const maxAdminBody = 64 << 20

// trustRoutes are the operators' acts. Each says which role it needs.
func (n *Node) trustRoutes(r *mux.Router) {
	for _, a := range []struct {
		method, path string
		least        authority.Role
		do           func(r *http.Request, by authority.Operator) (any, error)
	}{
		{"GET", "/admin/v1/invitations", authority.Reader, n.adminInvitations},
		{"POST", "/admin/v1/invitations", authority.Registrar, n.adminInvite},
		{"POST", "/admin/v1/invitations/{token}/withdraw", authority.Registrar, n.adminWithdraw},
		{"POST", "/admin/v1/members/{node}/revoke", authority.Registrar, n.adminRevoke},
		{"POST", "/admin/v1/members/{node}/renew", authority.Registrar, n.adminRenew},
		{"GET", "/admin/v1/drafts", authority.Reader, n.adminDrafts},
		{"POST", "/admin/v1/import", authority.Registrar, n.adminImport},
		{"GET", "/admin/v1/trail", authority.Reader, n.adminTrail},
		{"GET", "/admin/v1/refusals", authority.Reader, n.adminRefusals},
		{"GET", "/admin/v1/operators", authority.Reader, n.adminOperators},
		{"POST", "/admin/v1/operators", authority.Administrator, n.adminAddOperator},
		{"DELETE", "/admin/v1/operators/{name}", authority.Administrator, n.adminRemoveOperator},
		{"POST", "/admin/v1/rotate/{what}", authority.Administrator, n.adminRotate},
	} {
		r.HandleFunc(a.path, n.act(a.least, a.do)).Methods(a.method)
	}
	r.HandleFunc("/admin/v1/own-draft", n.adminOwnDraft).Methods("GET")
}

func (n *Node) adminOwnDraft(w http.ResponseWriter, _ *http.Request) {
	draft, err := n.OwnDraft()
	if err != nil {
		adminError(w, http.StatusInternalServerError, err)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write(draft) // the command is gone if this fails
}

// act runs what an operator asks for, if the operator may.
func (n *Node) act(least authority.Role, do func(*http.Request, authority.Operator) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		by := operatorOf(r)
		if !by.Role.May(least) {
			adminError(w, http.StatusForbidden, fmt.Errorf("%s is a %s: this is for a %s", by.Name, by.Role, least))
			return
		}
		answer, err := do(r, by)
		switch {
		case err == nil:
			adminAnswer(w, answer)
		case errors.Is(err, authority.ErrWaits):
			adminAnswer(w, map[string]string{"state": "waits", "detail": err.Error()})
		case errors.Is(err, store.ErrNotFound):
			adminError(w, http.StatusNotFound, err)
		default:
			adminError(w, http.StatusBadRequest, err)
		}
	}
}

type operatorKey struct{}

// operatorOf is who sends a request that [Node.identify] let through.
func operatorOf(r *http.Request) authority.Operator {
	by, _ := r.Context().Value(operatorKey{}).(authority.Operator)
	return by
}

// identify finds the operator of a request: whoever holds the node's own
// token is its administrator, others have tokens of their own.
func (n *Node) identify(r *http.Request, tokens []string) (*http.Request, bool) {
	by := authority.Operator{Name: "admin", Role: authority.Administrator}
	if !tokenMatches(r, tokens) {
		token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		who, ok := n.bearer(token, r.URL.Path)
		if !ok {
			return r, false
		}
		by = who
	}
	return r.WithContext(context.WithValue(r.Context(), operatorKey{}, by)), true
}

// least is the role that the older acts of the admin listener need.
func least(r *http.Request) authority.Role {
	switch {
	case r.URL.Path == "/admin/v1/backup", strings.HasPrefix(r.URL.Path, "/debug/"):
		return authority.Administrator // everything the node holds
	case r.Method == http.MethodGet || r.Method == http.MethodHead:
		return authority.Reader
	case strings.HasPrefix(r.URL.Path, "/admin/v1/members/"), strings.HasPrefix(r.URL.Path, "/admin/v1/decisions"), strings.HasPrefix(r.URL.Path, "/admin/v1/reports"):
		return authority.Registrar
	case strings.HasPrefix(r.URL.Path, "/admin/v1/invitations"), r.URL.Path == "/admin/v1/import":
		return authority.Reader // [Node.act] knows better
	}
	return authority.Administrator
}

// desk is the hub's office, or why there is none.
func (n *Node) office() (*authority.Office, error) {
	if n.trust.office == nil {
		return nil, errNotHub
	}
	return n.trust.office, nil
}

func readBody(r *http.Request, v any) error {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, v)
}

func (n *Node) adminInvitations(_ *http.Request, _ authority.Operator) (any, error) {
	f, err := n.office()
	if err != nil {
		return nil, err
	}
	all, err := f.Invitations()
	return map[string]any{"items": all}, err
}

func (n *Node) adminInvite(r *http.Request, by authority.Operator) (any, error) {
	var asks struct {
		Items []authority.Ask `json:"items"`
	}
	if err := readBody(r, &asks); err != nil {
		return nil, err
	}
	made, err := n.Invite(by, asks.Items)
	return map[string]any{"items": made}, err
}

// Invite makes invitations of this hub.
func (n *Node) Invite(by authority.Operator, asks []authority.Ask) ([]authority.Invited, error) {
	f, err := n.office()
	if err != nil {
		return nil, err
	}
	chain, err := n.trust.ownChain()
	if err != nil {
		return nil, err
	}
	if chain.Stale {
		return nil, errors.New(chain.Warnings[0])
	}
	n.trust.mu.Lock()
	rules := n.trust.rules()
	n.trust.mu.Unlock()
	return f.Invite(by, n.cfg.URL, asks, func(c federation.Charter) error { return chain.Covers(rules, c) })
}

func (n *Node) adminWithdraw(r *http.Request, by authority.Operator) (any, error) {
	f, err := n.office()
	if err != nil {
		return nil, err
	}
	return map[string]string{"state": "withdrawn"}, f.Withdraw(by, mux.Vars(r)["token"])
}

func (n *Node) adminRevoke(r *http.Request, by authority.Operator) (any, error) {
	return map[string]string{"state": Suspended}, n.Revoke(r.Context(), by, mux.Vars(r)["node"], r.URL.Query().Get("reason"))
}

// Revoke takes a member's charter and key back: it goes on the revocation
// list, and the hub's journal says that the member is suspended.
func (n *Node) Revoke(ctx context.Context, by authority.Operator, node, reason string) error {
	f, err := n.office()
	if err != nil {
		return err
	}
	if reason == "" || len(reason) > 150 {
		return errors.New("reason: 1 to 150 bytes, it is public")
	}
	m, known := n.roster.member(node)
	c, held, err := f.Charter(node)
	if err != nil {
		return err
	}
	if !known && !held || m.Hub != "" {
		return fmt.Errorf("%s is no member of this hub: %w", node, store.ErrNotFound)
	}
	if !held {
		c = federation.Charter{Node: node, Key: m.Key}
	}
	if f.Key() == "" {
		return errors.New("this hub has no authority key, so no list to put it on: suspend the member instead")
	}
	waits := f.Revoke(by, c, reason)
	if waits != nil && !errors.Is(waits, authority.ErrWaits) {
		return waits
	}
	if err := errors.Join(n.trust.takeOwnList(), n.trust.drop(node)); err != nil {
		return err
	}
	n.suspend(node, "revoked: "+reason, nil) // also while the list waits for its signature
	n.readmit()
	if err := n.stateNow(ctx); err != nil {
		return err
	}
	return waits
}

func (n *Node) adminRenew(r *http.Request, by authority.Operator) (any, error) {
	return map[string]string{"state": "renewed"}, n.RenewMember(by, mux.Vars(r)["node"])
}

// RenewMember gives a member its next charter now; it fetches it when it next asks.
func (n *Node) RenewMember(by authority.Operator, node string) error {
	f, err := n.office()
	if err != nil {
		return err
	}
	c, held, err := f.Charter(node)
	if err != nil {
		return err
	}
	if !held {
		return fmt.Errorf("%s has no charter of this hub: invite it: %w", node, store.ErrNotFound)
	}
	c.Root = n.trust.root()
	raw, err := f.Grant(by, "renew", c, n.trust.covers)
	if err != nil {
		return err
	}
	_, err = n.trust.admitted(node, credential{Chain: string(raw)})
	return err
}

func (n *Node) adminDrafts(_ *http.Request, _ authority.Operator) (any, error) {
	f, err := n.office()
	if err != nil {
		return nil, err
	}
	text, count, err := f.Drafts()
	return map[string]any{"count": count, "text": string(text)}, err
}

func (n *Node) adminImport(r *http.Request, by authority.Operator) (any, error) {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	nodes, err := n.Import(r.Context(), by, raw)
	return map[string]any{"nodes": nodes}, err
}

// Import takes signed notes: this node's own chain, or what its authority on
// another machine has signed.
func (n *Node) Import(_ context.Context, by authority.Operator, raw []byte) ([]string, error) {
	if notes, err := federation.SplitChain(raw); err == nil {
		if c, err := federation.OpenCharter(notes[0]); err == nil && c.Node == n.cfg.ID.String() {
			if err := n.trust.setOwn(notes); err != nil {
				return nil, err
			}
			if n.trust.office != nil {
				err = n.trust.office.Record(by, "own-charter", c.Node, "until "+c.Expires.Format(time.DateOnly))
			}
			return []string{c.Node}, err
		}
	}
	if federation.IsRevocations(raw) && n.trust.office != nil {
		if done, err := n.importAbove(by, raw); done || err != nil {
			return nil, err
		}
	}
	f, err := n.office()
	if err != nil {
		return nil, err
	}
	nodes, err := f.Import(by, raw)
	if err != nil {
		return nil, err
	}
	errs := []error{n.trust.takeOwnList()}
	for _, node := range nodes {
		c, _, err := f.Charter(node)
		if err == nil {
			_, err = n.trust.admitted(node, credential{Chain: string(c.Note())})
		}
		errs = append(errs, err)
	}
	n.readmit()
	return nodes, errors.Join(errs...)
}

// importAbove takes a revocation list of the root, or of another issuer above;
// done is false if it is of this hub's own authority.
func (n *Node) importAbove(by authority.Operator, raw []byte) (done bool, err error) {
	l, err := federation.OpenRevocations(raw, n.now())
	if err != nil || l.Issuer == n.trust.office.Key() {
		return false, err
	}
	if !n.believed()[l.Issuer] && !slices.Contains(n.cfg.Federation.Roots, l.Issuer) {
		return true, fmt.Errorf("the list is of %s, which is not above this hub", federation.KeyNameOf(l.Issuer))
	}
	if _, err := n.trust.takeList(raw); err != nil {
		return true, err
	}
	n.readmit()
	return true, n.trust.office.Record(by, "import-list", federation.KeyNameOf(l.Issuer), fmt.Sprintf("version %d", l.Version))
}

func (n *Node) adminTrail(r *http.Request, _ authority.Operator) (any, error) {
	f, err := n.office()
	if err != nil {
		return nil, err
	}
	before, err := strconv.ParseUint(cmp.Or(r.URL.Query().Get("before"), "0"), 10, 64)
	if err != nil {
		return nil, errors.New("before: want the number of an act")
	}
	const page = 200
	acts, err := f.Trail(before, page)
	return map[string]any{"items": acts}, err
}

func (n *Node) adminRefusals(_ *http.Request, _ authority.Operator) (any, error) {
	return map[string]any{"refused": n.Refusals()}, nil
}

func (n *Node) adminOperators(_ *http.Request, _ authority.Operator) (any, error) {
	f, err := n.office()
	if err != nil {
		return nil, err
	}
	all, err := f.Operators()
	return map[string]any{"items": all}, err
}

func (n *Node) adminAddOperator(r *http.Request, by authority.Operator) (any, error) {
	f, err := n.office()
	if err != nil {
		return nil, err
	}
	var o authority.Operator
	if err := readBody(r, &o); err != nil {
		return nil, err
	}
	token, err := f.AddOperator(by, o.Name, o.Role)
	return map[string]string{"name": o.Name, "role": string(o.Role), "token": token}, err
}

func (n *Node) adminRemoveOperator(r *http.Request, by authority.Operator) (any, error) {
	f, err := n.office()
	if err != nil {
		return nil, err
	}
	return map[string]string{"state": "removed"}, f.RemoveOperator(by, mux.Vars(r)["name"])
}

// adminRotate exchanges a key without a stop: node, authority or pool.
func (n *Node) adminRotate(r *http.Request, by authority.Operator) (any, error) {
	switch what := mux.Vars(r)["what"]; what {
	case "node":
		err := n.RotateKey(r.Context())
		return map[string]string{"key": n.key.text()}, err
	case "authority":
		key, err := n.RotateAuthority(by)
		return map[string]string{"next": key}, err
	case "pool":
		return map[string]string{"state": "begun"}, n.RotatePoolKey()
	default:
		return nil, fmt.Errorf("rotate %q: want node, authority or pool", what)
	}
}
