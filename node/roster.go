package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"maillon/catalog/entry"
	"maillon/catalog/territory"
	"maillon/federation"
	"maillon/store"
)

// States of a node in a roster.
const (
	Accepted  = "accepted"
	Pending   = "pending"
	Suspended = "suspended"
)

// A roster is whom this hub has admitted: its own statements, newest per
// node. It is read from the views at the first need and written through the
// clerk, so that memory and journal never differ for long.
type roster struct {
	n  *Node
	mu sync.Mutex
	// members is what the journal says, or will say at the next commit.
	members map[string]entry.Member
	// unsaid lists nodes whose member statement is to be appended.
	unsaid map[string]bool
	// heard lists those of them that change by what the node says of itself:
	// each has its pace, since a statement stays in the journal for ever.
	heard map[string]bool
	pace  federation.Limiter
	heads map[headKey]uint64 // size of the newest head stated
	keys  map[headKey]string // verifier key of every journal ever stated
}

type headKey struct {
	node  string
	epoch int
}

func newRoster(n *Node) (*roster, error) {
	r := &roster{
		n: n, members: map[string]entry.Member{}, unsaid: map[string]bool{}, heard: map[string]bool{}, heads: map[headKey]uint64{}, keys: map[headKey]string{},
		pace: federation.Limiter{Burst: 20, Every: 10 * time.Minute},
	}
	if n.cfg.Federation.Hub == nil {
		return r, nil // only a hub makes statements: the journal of others need not be read
	}
	self := n.cfg.ID.String()
	// The own journal is the truth; views may be behind it after a crash.
	for e, err := range n.own.Entries(bgContext, 0, n.own.Size()) {
		if err != nil {
			return nil, fmt.Errorf("read own journal: %w", err)
		}
		if err := r.remember(e); err != nil {
			return nil, fmt.Errorf("own journal of %s: %w", self, err)
		}
	}
	return r, nil
}

// remember takes one statement of the own journal into the roster.
func (r *roster) remember(e entry.Entry) error {
	h, err := e.Parse()
	if err != nil {
		return err
	}
	if h.Op != entry.Statement || e.Body == nil {
		return nil
	}
	switch h.Kind {
	case entry.KindMember:
		var m entry.Member
		if err := json.Unmarshal(e.Body, &m); err != nil {
			return fmt.Errorf("member statement: %w", err)
		}
		r.members[m.Node] = m
		r.keys[headKey{m.Node, m.Epoch}] = m.Key
	case entry.KindHead:
		var hd entry.Head
		if err := json.Unmarshal(e.Body, &hd); err != nil {
			return fmt.Errorf("head statement: %w", err)
		}
		r.heads[headKey{hd.Node, hd.Epoch}] = checkpointSize(hd.Checkpoint)
	}
	return nil
}

// member returns what this hub has said of a node.
func (r *roster) member(node string) (entry.Member, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	m, ok := r.members[node]
	return m, ok
}

// all lists the members, by node id.
func (r *roster) all() []entry.Member {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := make([]entry.Member, 0, len(r.members))
	for _, m := range r.members {
		out = append(out, m)
	}
	slices.SortFunc(out, func(a, b entry.Member) int { return strings.Compare(a.Node, b.Node) })
	return out
}

// say makes m what this hub says of a node, and wakes the clerk if that is news.
func (r *roster) say(m entry.Member) { r.take(m, false) }

// hear is say for what a node says of itself: a node that changes its mind
// again and again is quoted now and then.
func (r *roster) hear(m entry.Member) { r.take(m, true) }

func (r *roster) take(m entry.Member, heard bool) {
	r.mu.Lock()
	old, known := r.members[m.Node]
	news := !known || !sameMember(old, m)
	switch {
	case !heard:
		delete(r.heard, m.Node)
	case !r.unsaid[m.Node]:
		r.heard[m.Node] = news
	}
	if news {
		r.members[m.Node] = m
		r.unsaid[m.Node] = true
	}
	r.mu.Unlock()
	if news {
		ring(r.n.bells.state)
		ring(r.n.bells.follow)
	}
}

func sameMember(a, b entry.Member) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && string(x) == string(y)
}

// policy is how this hub admits one node, as the pure rules want it.
func (r *roster) policy(node string) federation.Policy {
	p := federation.Policy{Territory: r.n.cfg.Territory.String(), Known: map[string]federation.Known{}, Contains: contains}
	m, known := r.member(node)
	if known {
		p.Known[node] = federation.Known{Key: m.Key, Suspended: m.State == Suspended}
	}
	switch h := r.n.cfg.Federation.Hub; {
	case h == nil:
	case h.ByCharter:
		p.Mode, p.Charter = federation.ModeCharter, r.n.trust.charter
		if c, ok := r.n.trust.invited(node); ok && !known {
			p.Known[node] = federation.Known{Key: c.Key}
		}
	case h.Open:
		p.Mode = federation.ModeOpen
	}
	return p
}

// contains is the territory's rule over texts, as announcements carry them.
func contains(outer, inner string) bool {
	o, err := territory.ParseGeozone(outer)
	if err != nil {
		return false
	}
	i, err := territory.ParseGeozone(inner)
	return err == nil && territory.Contains(o, i)
}

// memberOf is what a hub says of a node that announced itself and is admitted.
func memberOf(a federation.Announcement, old entry.Member) entry.Member {
	return entry.Member{
		Node: a.Node, Key: a.Key, Epoch: a.Epoch, State: Accepted, Level: a.Level, Geozone: a.Geozone,
		Name: a.Name, URL: a.URL, IsHub: a.Role == federation.RoleHub, Publishes: old.Publishes, Contact: old.Contact,
	}
}

// ErrUnknownNode: nobody has announced that node here.
var ErrUnknownNode = fmt.Errorf("node has not announced itself here: %w", store.ErrNotFound)

// Accept admits a node that announced itself, or changes the buyers it may
// publish for. It is the hub operator's decision and becomes a statement of
// the hub's journal, which is on disk when Accept returns.
func (n *Node) Accept(ctx context.Context, node string, publishes []string) error {
	if n.below == nil {
		return errors.New("this node is not a hub: it admits no members (federation.hub in the configuration)")
	}
	for _, p := range publishes {
		if _, err := territory.ParseSIRET(p); err != nil && p != "*" {
			return fmt.Errorf("publishes: %w", err)
		}
	}
	a, ok := n.below.announcement(node)
	if !ok {
		return fmt.Errorf("accept %s: %w", node, ErrUnknownNode)
	}
	if err := n.head.ready(); err != nil {
		return fmt.Errorf("accept %s: %w", node, err)
	}
	n.below.trust(a.Node, a.Key)
	old, _ := n.roster.member(a.Node)
	n.roster.say(n.placed(memberOf(a, entry.Member{Publishes: publishes}), old))
	if err := n.stateNow(ctx); err != nil {
		return fmt.Errorf("accept %s: %w", node, err)
	}
	n.log.Info().Str("node", node).Msg("member accepted")
	return nil
}

// suspend stops following a member and says why; what it published stays, flagged.
func (n *Node) suspend(node, reason string, evidence []string) {
	m, ok := n.roster.member(node)
	if !ok || m.State == Suspended {
		return
	}
	m.State, m.Reason, m.Evidence = Suspended, reason, evidence
	n.roster.say(m)
	n.log.Error().Str("node", node).Str("reason", reason).Msg("member suspended")
}

// stateEvery bounds how long a statement waits if a wake-up was lost.
const stateEvery = 30 * time.Second
