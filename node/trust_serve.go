package node

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"slices"
	"time"

	"github.com/gorilla/mux"

	"maillon/federation"
	"maillon/node/authority"
	"maillon/store"
)

// A HubInfo is what a hub tells anyone who may want to join it.
type HubInfo struct {
	Node      string    `json:"node"`
	Name      string    `json:"name"`
	Level     string    `json:"level"`
	Territory string    `json:"territory"`
	Key       string    `json:"key"`
	Authority string    `json:"authority,omitempty"` // verifier key; absent if it issues no charters
	Admission string    `json:"admission"`           // manual, charter, open
	Passes    bool      `json:"passes"`              // its pool asks for passes
	Time      time.Time `json:"time"`
}

// A Granted is a hub's answer to join, renew, rotate and present.
type Granted struct {
	Chain string     `json:"chain,omitempty"` // the node's charter, the hub's, … up to the root
	Mode  string     `json:"mode"`            // full or light, as the dial-back found
	Dial  *Dialled   `json:"dial,omitempty"`
	Pass  []byte     `json:"pass,omitempty"` // full only
	Pool  *PoolTerms `json:"pool,omitempty"` // full only
}

// PoolTerms are what a full member needs to enter the pool.
type PoolTerms struct {
	Peers   []string `json:"peers"`         // host:port of the hub's gossip
	Key     []byte   `json:"key,omitempty"` // 32 bytes
	Keys    [][]byte `json:"keys,omitempty"`
	Profile string   `json:"profile"`
}

// A call is what is posted to a hub.
type call struct {
	Request string `json:"request"`
	Chain   string `json:"chain,omitempty"` // present
}

const maxCall = federation.MaxChain*federation.MaxCharter + 64<<10

// trustHandler answers /federation/v1/hub, charter, revocations, join and reach.
func (n *Node) trustHandler() http.Handler {
	r := mux.NewRouter()
	r.HandleFunc("/federation/v1/hub", n.serveHub).Methods("GET", "HEAD")
	r.HandleFunc("/federation/v1/charter", n.serveCharter).Methods("GET", "HEAD")
	r.HandleFunc("/federation/v1/revocations", n.serveRevocations).Methods("GET", "HEAD")
	r.HandleFunc("/federation/v1/join", n.serveCall(federation.Join)).Methods("POST")
	r.HandleFunc("/federation/v1/charter", n.serveCall(federation.Present, federation.Renew, federation.Rotate)).Methods("POST")
	r.HandleFunc("/federation/v1/reach/{node}", n.serveReach).Methods("GET")
	for _, path := range []string{"", "/take", "/outcomes"} {
		r.HandleFunc("/federation/v1/reports"+path, n.serveReports).Methods("POST")
	}
	return r
}

func (n *Node) hubInfo() HubInfo {
	s := n.selfStatus()
	i := HubInfo{Node: s.ID, Name: s.Name, Level: s.Level, Territory: s.Geozone, Key: s.Key, Admission: "none", Time: n.now().UTC().Truncate(time.Second)}
	if h := n.cfg.Federation.Hub; h != nil {
		i.Authority, i.Admission, i.Passes = n.trust.office.Key(), "manual", h.ByCharter
		switch {
		case h.ByCharter:
			i.Admission = "charter"
		case h.Open:
			i.Admission = "open"
		}
	}
	return i
}

func (n *Node) serveHub(w http.ResponseWriter, _ *http.Request) { adminAnswer(w, n.hubInfo()) }

// serveCharter shows this node's own chain.
func (n *Node) serveCharter(w http.ResponseWriter, r *http.Request) {
	notes := n.trust.ownNotes()
	if notes == nil {
		refuseCall(w, http.StatusNotFound, "not-found", errNoCharter)
		return
	}
	serveText(w, r, "text/plain; charset=utf-8", federation.JoinChain(notes))
}

// serveRevocations shows every list this node knows.
func (n *Node) serveRevocations(w http.ResponseWriter, r *http.Request) {
	list := struct {
		Items []string `json:"items"`
	}{Items: []string{}}
	n.trust.mu.Lock()
	for _, l := range n.trust.lists.All() {
		list.Items = append(list.Items, string(l.Note()))
	}
	n.trust.mu.Unlock()
	raw, err := json.Marshal(list)
	if err != nil {
		refuseCall(w, http.StatusInternalServerError, "internal", err)
		return
	}
	serveText(w, r, "application/json", raw)
}

func serveText(w http.ResponseWriter, r *http.Request, kind string, raw []byte) {
	sum := sha256.Sum256(raw)
	w.Header().Set("Content-Type", kind)
	w.Header().Set("ETag", `"`+hex.EncodeToString(sum[:12])+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(raw))
}

func refuseCall(w http.ResponseWriter, status int, kind string, err error) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"type": "urn:maillon:problem:" + kind, "title": http.StatusText(status), "status": status, "detail": err.Error()})
}

// serveCall opens a signed request and grants it, or says why not.
func (n *Node) serveCall(does ...federation.Do) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxCall))
		if err != nil {
			refuseCall(w, http.StatusRequestEntityTooLarge, "too-large", err)
			return
		}
		g, err := n.grant(r, raw, does)
		if err != nil {
			n.trust.countError(err)
			n.noisy.Warn().Err(err).Str("from", r.RemoteAddr).Msg("request of a node refused")
			kind, status := problemOf(err)
			refuseCall(w, status, kind, err)
			return
		}
		adminAnswer(w, g)
	}
}

// problemOf names an error of a request, and gives its status.
func problemOf(err error) (kind string, status int) {
	if r, ok := errors.AsType[*federation.RefusedError](err); ok {
		return "refused-" + string(r.Reason), http.StatusForbidden
	}
	for _, c := range []struct {
		err    error
		kind   string
		status int
	}{
		{federation.ErrInviteUnknown, "invitation-unknown", http.StatusNotFound},
		{federation.ErrInviteExpired, "invitation-expired", http.StatusGone},
		{federation.ErrInviteUsed, "invitation-used", http.StatusConflict},
		{federation.ErrInvitePerson, "invitation-person", http.StatusForbidden},
		{authority.ErrWaits, "waits", http.StatusAccepted},
		{federation.ErrClock, "clock", http.StatusBadRequest},
		{federation.ErrReplay, "replay", http.StatusConflict},
		{federation.ErrBusy, "busy", http.StatusTooManyRequests},
		{federation.ErrAudience, "audience", http.StatusBadRequest},
		{federation.ErrBadSignature, "signature", http.StatusForbidden},
		{federation.ErrBadNote, "malformed", http.StatusBadRequest},
		{store.ErrReadOnly, "read-only", http.StatusServiceUnavailable},
		{store.ErrNotFound, "not-found", http.StatusNotFound},
	} {
		if errors.Is(err, c.err) {
			return c.kind, c.status
		}
	}
	return "internal", http.StatusInternalServerError
}

var errNotHub = fmt.Errorf("this node is not a hub: %w", store.ErrNotFound)

// grant decides on one request.
func (n *Node) grant(r *http.Request, raw []byte, does []federation.Do) (Granted, error) {
	if n.below == nil {
		return Granted{}, errNotHub
	}
	var c call
	if err := json.Unmarshal(raw, &c); err != nil {
		return Granted{}, fmt.Errorf("%w: %w", federation.ErrBadNote, err)
	}
	q, err := federation.OpenRequest([]byte(c.Request), n.cfg.ID.String(), n.now())
	if err != nil {
		return Granted{}, err
	}
	if !slices.Contains(does, q.Do) {
		return Granted{}, fmt.Errorf("%w: %s is not asked for at this address", federation.ErrBadNote, q.Do)
	}
	if why := n.trust.bars(q.Key); why != "" {
		return Granted{}, &federation.RefusedError{Reason: federation.RefusedRevoked, Node: q.Node, Err: errors.New(why)}
	}
	if err := n.trust.acquainted(q, c); err != nil {
		return Granted{}, err
	}
	if err := n.trust.fresh(q); err != nil {
		return Granted{}, err
	}
	cred, err := n.trust.decide(q, c)
	if err != nil {
		return Granted{}, err
	}
	return n.terms(r, q, cred)
}

// fresh refuses a request that was made before.
func (t *trust) fresh(q federation.Request) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.replays.See(q, t.n.now())
}

// terms dials the node back if it asked for it, and tells it how to take part.
func (n *Node) terms(r *http.Request, q federation.Request, cred credential) (Granted, error) {
	g := Granted{Mode: "light"}
	n.trust.mu.Lock()
	if cred.Chain != "" {
		notes, err := n.trust.chainOf(cred)
		if err != nil {
			n.trust.mu.Unlock()
			return g, err
		}
		g.Chain = string(federation.JoinChain(notes))
	}
	n.trust.mu.Unlock()
	var at netip.AddrPort
	if q.Gossip != 0 {
		d := n.dialBack(r, q)
		g.Dial, at = &d, d.addr
		if d.TCP && d.UDP {
			g.Mode = "full"
		}
	} else if at = n.below.aliveAt(q.Node); at.IsValid() { // dialled when it came in
		g.Mode = "full"
	}
	key := q.Key
	if q.NewKey != "" {
		key = q.NewKey
	}
	if g.Mode == "full" {
		pass, err := federation.IssuePass(n.key.signer.Current(), federation.Pass{
			Node: q.Node, Key: federation.FingerprintOf(key), Expires: n.now().Add(passLife).Truncate(time.Second), Addr: at,
		})
		if err != nil {
			return g, err
		}
		g.Pass, g.Pool = pass, n.poolTerms()
	}
	if q.Do != federation.Join && g.Dial == nil {
		return g, nil
	}
	return g, n.trust.found(q.Node, g.Mode)
}

// passLife is how long a pass holds: a node asks for another at each start,
// and when two thirds have passed.
const passLife = 90 * 24 * time.Hour

// found remembers what a dial-back found.
func (t *trust) found(node, mode string) error {
	c, ok := t.credential(node)
	if !ok || c.Mode == mode {
		return nil
	}
	c.Mode = mode
	return t.keep(node, c)
}

// encode is for keys in files.
func encode(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

// OwnDraft is the charter that this hub asks the level above, or the root,
// to sign.
func (n *Node) OwnDraft() ([]byte, error) {
	c := federation.Charter{
		Node: n.cfg.ID.String(), Key: n.key.text(), Role: federation.RoleNode, Level: string(n.cfg.Level), Territory: n.cfg.Territory.String(),
	}
	if n.trust.office != nil && n.trust.office.Key() != "" {
		c.Role, c.Authority = federation.RoleHub, n.trust.office.Key()
		if own := n.trust.ownNotes(); own != nil {
			if last, err := federation.OpenCharter(own[0]); err == nil {
				c.Past = last.Past
				if next := n.trust.nextAuthority(last); next != "" {
					c.Past, c.Authority = pastWith(c.Past, last.Authority, n.now()), next
				}
				if last.Key != c.Key {
					c.Past = pastWith(c.Past, last.Key, n.now())
				}
			}
		}
	}
	return federation.DraftCharter(c)
}
