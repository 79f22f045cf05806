package node

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"maillon/catalog"
	"maillon/catalog/entry"
	"maillon/catalog/territory"
	"maillon/federation"
	"maillon/federation/witness"
	"maillon/node/api"
	"maillon/node/hosting"
	"maillon/store"
	"maillon/store/view"
)

// A host is what a hub keeps for members that do not serve themselves.
type host struct {
	n        *Node
	receiver *hosting.Receiver
	faces    *hosting.Faces
}

// Bucket of state, in the main store:
//
//	profiles   node id  => what the node says of itself, a signed note
const profilesBucket = "profiles"

// openHosting makes a hub ready to store and serve members.
func (n *Node) openHosting() {
	if n.cfg.Federation.Hub == nil {
		return
	}
	h := &host{n: n}
	h.receiver = (&hosting.Receiver{
		Dir: n.path("pushed"), Hub: n.cfg.ID.String(), Quota: n.cfg.Federation.Hub.Quota, Log: n.log, Now: n.now,
		Guest: h.guest, Landed: h.landed, Forked: h.forked,
	}).Open()
	h.faces = &hosting.Faces{Dir: n.path("hosted"), Version: Version, Log: n.log, Now: n.now, Resident: h.resident, Wire: n.client.Transport(),
		Firms: n.firms, Finances: n.finances, Register: n.register}
	n.host = h
	n.closers = append(n.closers, func() error { h.faces.Close(); return nil })
	n.tasks = append(n.tasks, task{"pushed", h.receiver.Run}, task{"faces", h.faces.Run})
}

// home is the public base of a member on this hub.
func (n *Node) home(node string) string { return n.cfg.URL + "/n/" + node }

// placed completes what this hub says of a member: where it is found, and who
// stores what it publishes. A member that announces its home on this hub is
// stored and served here: nobody else can announce that. One that has been, and
// announces a server of its own, keeps the names it has: its home, to which
// this hub then passes on what that server answers.
func (n *Node) placed(m, old entry.Member) entry.Member {
	home := n.home(m.Node)
	was := old.URL
	if old.Base != "" {
		was = old.Base
	}
	switch {
	case m.URL == home:
		m.Storage, m.Mode = "hub", old.Mode
		if m.Mode == "" {
			m.Mode = "light"
		}
		if was != "" && was != home {
			m.Base = was
		}
	case was == home:
		m.URL = home
	case old.Base != "" && old.Base != m.URL:
		m.Base = old.Base
	}
	return m
}

// reach is where a member of this hub answers itself; "" if nowhere.
func (n *Node) reach(m entry.Member) string {
	at := m.URL
	if a, ok := n.below.announcement(m.Node); ok && a.Key == m.Key {
		at = a.URL
	}
	if at == n.home(m.Node) || at == n.cfg.URL || strings.HasPrefix(at, n.cfg.URL+"/n/") {
		return ""
	}
	return at
}

// guest finds a member that may push its journal here.
func (h *host) guest(node string) (hosting.Guest, error) {
	m, ok := h.n.roster.member(node)
	refuse := func(kind, title, detail string, args ...any) (hosting.Guest, error) {
		return hosting.Guest{}, &api.Refusal{Kind: kind, Title: title, Status: http.StatusForbidden, Detail: fmt.Sprintf(detail, args...)}
	}
	switch {
	case !ok || m.Hub != "" && !h.n.silent(m.Hub):
		return refuse("not-a-member", "Not a member of this hub", "%s is no member of this hub: announce it first; its operator may have to accept it (maillon members accept %s)", node, node)
	case m.State != Accepted:
		return refuse("suspended", "The member is suspended", "%s is %s here: ask the hub's operator why", node, m.State)
	case m.Storage != "hub":
		return refuse("not-hosted", "The member stores its journal itself", "%s has announced %s: to store its journal here it must announce %s (federation.join.storage: hub)", node, m.URL, h.n.home(node))
	}
	v, err := verifierOf(m.Key, m.Node, m.Epoch, m.PastKeys...)
	if err != nil {
		return hosting.Guest{}, fmt.Errorf("key of %s: %w", node, err)
	}
	log, err := h.n.mirror(view.Journal{Node: m.Node, Epoch: m.Epoch}, v)
	return hosting.Guest{Node: node, Verifier: v, Mirror: log, Into: watched{log, h.n}}, err
}

// landed wakes what depends on a mirror.
func (h *host) landed(g hosting.Guest) {
	_, err := h.n.witness.countersign(g.Mirror, g.Verifier)
	if ours, theirs, fork := evidenceOf(err); fork {
		h.forked(g.Node, ours, theirs)
	} else if _, behind := errors.AsType[*witness.ConflictError](err); err != nil && !behind {
		h.n.log.Warn().Err(err).Str("node", g.Node).Msg("cosign what was pushed")
	}
	ring(h.n.bells.views)
	ring(h.n.bells.state)
	h.faces.Grew(g.Node)
}

func (h *host) forked(node, ours, theirs string) {
	h.n.suspend(node, "two histories under one key", []string{ours, theirs})
}

// Put takes one resource of a member's journal.
func (h *host) Put(w http.ResponseWriter, r *http.Request, node, path string) error {
	return h.receiver.Put(w, r, node, path)
}

// Face answers in the place of a member.
func (h *host) Face(w http.ResponseWriter, r *http.Request, node string) error {
	return h.faces.Face(w, r, node)
}

// Profile is what a member says of itself, as a signed note.
func (h *host) Profile(node string) (note []byte, err error) {
	err = h.n.main.View(func(tx store.Tx) error {
		note = append(note, tx.Bucket(profilesBucket).Get([]byte(node))...)
		return nil
	})
	if err == nil && len(note) == 0 {
		err = fmt.Errorf("profile of %s: %w", node, store.ErrNotFound)
	}
	return note, err
}

// profile reads the profile of a member; the zero one if it has none.
func (h *host) profile(m entry.Member) federation.Profile {
	raw, err := h.Profile(m.Node)
	if err != nil {
		return federation.Profile{}
	}
	v, err := federation.NewVerifier(m.Key, m.Node, m.Epoch)
	if err != nil {
		return federation.Profile{}
	}
	p, err := federation.OpenProfile(raw, v)
	if err != nil {
		return federation.Profile{} // of a key that was replaced
	}
	return p
}

// PutProfile keeps what a member says of itself, if it is its newest word.
func (h *host) PutProfile(node string, raw []byte) error {
	g, err := h.guest(node)
	if err != nil {
		return err
	}
	p, err := federation.OpenProfile(raw, g.Verifier)
	if err != nil {
		return &api.Refusal{Kind: "profile", Title: "Not a profile of this member", Status: http.StatusUnprocessableEntity, Detail: err.Error()}
	}
	m, _ := h.n.roster.member(node)
	if m.Hub != "" {
		return nil // its hub is only silent, and what it says of the node stays
	}
	if p.Seq < h.profile(m).Seq {
		return nil // late: what is known is newer
	}
	err = h.n.main.Update(func(tx store.Tx) error { return tx.Bucket(profilesBucket).Put([]byte(node), raw) })
	if err != nil {
		return fmt.Errorf("keep the profile of %s: %w", node, err)
	}
	m.Contact, m.Base = p.Contact, ""
	if p.Base != m.URL {
		m.Base = p.Base
	}
	h.n.roster.say(m)
	return nil
}

// resident finds a member whose public base is, or was, on this hub.
func (h *host) resident(node string) (hosting.Resident, error) {
	none := fmt.Errorf("%s is not served by this hub: %w", node, store.ErrNotFound)
	m, ok := h.n.roster.member(node)
	if !ok || m.Hub != "" && !h.n.silent(m.Hub) {
		return hosting.Resident{}, none
	}
	p := h.profile(m)
	log, mirrored := h.n.mirrors.get(node)
	if m.Storage != "hub" && p.Seq == 0 || !mirrored || log.Size() == 0 {
		return hosting.Resident{}, none
	}
	zone, err := territory.ParseGeozone(m.Geozone)
	if err != nil {
		return hosting.Resident{}, fmt.Errorf("territory of %s: %w", node, err)
	}
	r := hosting.Resident{
		Node: node, Name: m.Name, Level: m.Level, Contact: m.Contact, Key: m.Key, Epoch: log.Epoch(), Territory: zone,
		Address: h.n.home(node), Base: h.n.home(node), Mirror: log,
	}
	if m.Storage != "hub" {
		r.Reach = h.n.reach(m)
	}
	if p.Seq > 0 {
		r.Name, r.Base = p.Name, p.Base
	}
	if len(p.Box) == 4 {
		r.Box = catalog.Box{West: p.Box[0], South: p.Box[1], East: p.Box[2], North: p.Box[3]}
	}
	return r, nil
}

var _ api.Hosting = (*host)(nil)

// hubURL is the public base of the hub above, as configured or as announced.
func (n *Node) hubURL() (string, bool) {
	j := n.cfg.Federation.Join
	if j == nil {
		return "", false
	}
	if j.URL != "" {
		return j.URL, true
	}
	a, ok := n.above.announcement(j.Hub)
	return a.URL, ok
}

// atHub reports whether the hub above stores and serves this node's journal.
func (n *Node) atHub() bool {
	j := n.cfg.Federation.Join
	return j != nil && j.AtHub
}

// waitForEnd is a task with nothing to do.
func waitForEnd(ctx context.Context) error {
	<-ctx.Done()
	return nil
}

// hostingOrNil is n.host as the API takes it.
func (n *Node) hostingOrNil() api.Hosting {
	if n.host == nil {
		return nil
	}
	return n.host
}
