package node

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"maillon/catalog/entry"
	"maillon/federation"
	"maillon/node/api"
	"maillon/store/journal"
	"maillon/store/view"
)

// fedView shows the API what this node knows of others.
type fedView struct{ n *Node }

func (f fedView) Announce(note []byte) federation.Decision {
	if f.n.below == nil {
		return federation.Decision{Status: federation.Refused, Reason: "this node is not a hub"}
	}
	d, fresh := f.n.below.take(note)
	if fresh {
		f.n.below.pass(note)
	}
	return d
}

// pass tells the pool what came by post.
func (p *pool) pass(note []byte) {
	p.mu.Lock()
	g := p.gossip
	p.mu.Unlock()
	if g != nil {
		g.Announce(note)
	}
}

// Announcements lists the announcements of accepted members and of this node.
func (f fedView) Announcements() [][]byte {
	if f.n.below == nil {
		return nil
	}
	var out [][]byte
	for _, a := range f.n.below.announcements() {
		m, ok := f.n.roster.member(a.Node)
		if a.Node == f.n.cfg.ID.String() || ok && m.State == Accepted && m.Key == a.Key {
			out = append(out, a.Note())
		}
	}
	return out
}

func (f fedView) Mirror(node string) (*journal.Log, bool) { return f.n.mirrors.get(node) }

func (n *Node) selfStatus() api.NodeStatus {
	s := api.NodeStatus{
		ID: n.cfg.ID.String(), Geozone: n.cfg.Territory.String(), Level: string(n.cfg.Level), Name: n.cfg.Name, State: "self",
		IsHub: n.below != nil, URL: n.cfg.Public(), Catalog: n.cfg.Public() + "/catalog", Contact: n.cfg.Contact, Key: n.key.text(), PastKeys: n.pastKeys(),
	}
	if n.cfg.URL != n.cfg.Public() {
		s.Base = n.cfg.URL
	}
	if j := n.cfg.Federation.Join; j != nil && j.AtHub {
		s.Storage = "hub"
		if j.Light {
			s.Mode = "light"
		}
	}
	return s
}

// pastKeys lists the keys that this node signed with before, oldest first.
func (n *Node) pastKeys() []string {
	texts := n.key.verifier.Texts() // the present one first, the latest before it next
	slices.Reverse(texts)
	return texts[:len(texts)-1]
}

// Nodes lists every node known here: this one, those that announced
// themselves in its pools, and those that hubs below tell of.
func (f fedView) Nodes() ([]api.NodeStatus, error) {
	all := known{}
	for _, m := range f.n.roster.all() {
		all[m.Node] = heardOf(m)
	}
	heads, err := f.n.views.Heads()
	if err != nil {
		return nil, err
	}
	all.indirect(heads)
	for _, p := range f.pools() {
		for _, a := range p.announcements() {
			all.announced(p, a)
		}
	}
	f.followed(all, append(f.n.mirrors.all(), f.n.targets.all()...))
	f.accused(all)
	self := f.self()
	delete(all, self.ID)
	out := make([]api.NodeStatus, 0, len(all)+1)
	for _, s := range all {
		out = append(out, f.placed(s, self.ID))
	}
	slices.SortFunc(out, func(a, b api.NodeStatus) int { return strings.Compare(a.ID, b.ID) })
	return append([]api.NodeStatus{self}, out...), nil
}

// Node is what Nodes lists of one node; ok is false if it is not known here.
func (f fedView) Node(id string) (s api.NodeStatus, ok bool, err error) {
	self := f.self()
	if id == self.ID {
		return self, true, nil
	}
	one, journals := known{}, f.n.mirrors.ofNode(id)
	if m, ok := f.n.roster.member(id); ok {
		one[id] = heardOf(m)
		journals = append(journals, view.Journal{Node: id, Epoch: m.Epoch})
	}
	heads, err := f.n.views.HeadsOf(id)
	if err != nil {
		return s, false, err
	}
	one.indirect(heads)
	for _, p := range f.pools() {
		if a, ok := p.announcement(id); ok {
			one.announced(p, a)
		}
	}
	f.followed(one, journals)
	f.accused(one)
	s, ok = one[id]
	return f.placed(s, self.ID), ok, nil
}

// known is what is gathered of nodes, by id.
type known map[string]api.NodeStatus

func heardOf(m entry.Member) api.NodeStatus {
	return api.NodeStatus{
		ID: m.Node, Geozone: m.Geozone, Level: m.Level, Name: m.Name, State: m.State, Hub: m.Hub, IsHub: m.IsHub, URL: m.URL, Base: m.Base, Storage: m.Storage, Mode: m.Mode,
		Catalog: m.URL + "/catalog", Contact: m.Contact, Reason: m.Reason, Key: m.Key, PastKeys: m.PastKeys, Publishes: m.Publishes,
	}
}

// self is what this node says of itself now.
func (f fedView) self() api.NodeStatus {
	n := f.n
	self := n.selfStatus()
	self.Announced, self.Mirrored, self.Seen = n.own.Size(), n.own.Size(), n.now().UTC().Truncate(time.Second)
	self.Error = n.pusher.lastError()
	return self
}

// placed names the hub of a member of this node.
func (f fedView) placed(s api.NodeStatus, self string) api.NodeStatus {
	if s.Hub == "" && s.State != Pending && s.ID != f.n.upstream() {
		s.Hub = self
	}
	return s
}

// pools are those that this node is in.
func (f fedView) pools() []*pool {
	return slices.DeleteFunc([]*pool{f.n.above, f.n.below}, func(p *pool) bool { return p == nil })
}

func (n *Node) upstream() string {
	if n.cfg.Federation.Join == nil {
		return ""
	}
	return n.cfg.Federation.Join.Hub
}

// indirect adds the sizes that hubs below state of their members.
func (all known) indirect(heads []view.HeadRow) {
	for _, h := range heads {
		if s, ok := all[h.Head.Node]; ok {
			s.Announced = max(s.Announced, checkpointSize(h.Head.Checkpoint))
			all[h.Head.Node] = s
		}
	}
}

// announced adds what a node says of itself in a pool: the hub above, and nodes that
// wait for a decision.
func (all known) announced(p *pool, a federation.Announcement) {
	if !p.hub && a.Node != p.cfg.Hub {
		return // a neighbour: its hub tells of it
	}
	s, known := all[a.Node]
	if !known {
		s = api.NodeStatus{
			ID: a.Node, Geozone: a.Geozone, Level: a.Level, Name: a.Name, State: Pending, URL: a.URL,
			Catalog: a.URL + "/catalog", Key: a.Key, IsHub: a.Role == federation.RoleHub,
		}
		if !p.hub {
			s.State = "hub"
		}
	}
	if a.Key == s.Key {
		s.Announced = max(s.Announced, a.Size)
		s.Seen = p.lastSeen(a.Node)
		if a.Status == federation.Gone && s.State == Accepted {
			s.State = "gone"
		}
	}
	all[a.Node] = s
}

// followed adds how far some mirrors are and how following goes.
func (f fedView) followed(all known, journals []view.Journal) {
	f.n.targets.mu.Lock()
	defer f.n.targets.mu.Unlock()
	for _, j := range journals {
		s, ok := all[j.Node]
		if !ok {
			continue
		}
		if log, have := f.n.mirrorOf(j); have {
			s.Mirrored = max(s.Mirrored, log.Size())
		}
		if st, have := f.n.targets.state[j]; have {
			s.Error = st.Error
		}
		all[j.Node] = s
	}
}

// accused says of whom this node holds evidence.
func (f fedView) accused(all known) {
	for id, s := range all {
		if e, ok := f.n.witness.accused(id); ok && s.Reason == "" {
			s.Reason = e.Reason
			all[id] = s
		}
	}
}

// climbCache keeps what the hub above said of a journal's climb for a moment.
type climbCache struct {
	mu    sync.Mutex
	known map[string]climbAnswer
}

type climbAnswer struct {
	at    time.Time
	steps []api.Step
}

const (
	climbFor     = 2 * time.Second
	climbTimeout = 2 * time.Second
	climbMost    = 1000 // journals remembered
)

// Climb tells how far a node's journal has come: here, and at each level above.
func (f fedView) Climb(r *http.Request, node string) []api.Step {
	n := f.n
	self := n.selfStatus()
	var steps []api.Step
	if node == self.ID {
		steps = append(steps, api.Step{Node: self.ID, Name: self.Name, Level: self.Level, URL: self.URL, Size: n.own.Size(), At: n.now().UTC()})
	} else if log, ok := n.mirrors.get(node); ok {
		steps = append(steps, api.Step{Node: self.ID, Name: self.Name, Level: self.Level, URL: self.URL, Size: log.Size(), At: n.now().UTC()})
	} else {
		return nil
	}
	return append(steps, n.climbAbove(r.Context(), node)...)
}

func (n *Node) climbAbove(ctx context.Context, node string) []api.Step {
	if n.above == nil {
		return nil
	}
	hub, ok := n.hubURL()
	if !ok {
		return nil
	}
	n.climb.mu.Lock()
	known, ok := n.climb.known[node]
	n.climb.mu.Unlock()
	if age := n.now().Sub(known.at); ok && age >= 0 && age < climbFor {
		return known.steps
	}
	ctx, cancel := context.WithTimeout(ctx, climbTimeout)
	defer cancel()
	var answer struct {
		Steps []api.Step `json:"steps"`
	}
	if err := n.client.GetJSON(ctx, hub+"/api/v1/nodes/"+url.PathEscape(node)+"/climb", &answer); err != nil {
		n.log.Debug().Err(err).Msg("ask the hub how far a journal has come")
	}
	n.climb.mu.Lock()
	defer n.climb.mu.Unlock()
	if n.climb.known == nil || len(n.climb.known) >= climbMost {
		n.climb.known = map[string]climbAnswer{}
	}
	n.climb.known[node] = climbAnswer{at: n.now(), steps: answer.Steps}
	return answer.Steps
}

// basePath is the path of a public base address: "" or "/marches".
func basePath(base string) string {
	u, err := url.Parse(base)
	if err != nil {
		return ""
	}
	return strings.TrimRight(u.Path, "/")
}

var _ api.Federation = fedView{}
