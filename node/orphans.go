package node

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"maillon/catalog/entry"
	"maillon/federation"
	"maillon/federation/follow"
	"maillon/store/view"
)

// A hub below that does not answer leaves its members without one. This node knows
// them by that hub's journal, with their keys, and serves them until it returns:
// it takes their announcements and their pushed journals, and follows those that
// have a server at their own address. What they are and whose they are does not
// change, and nothing of it is stated anew but the heads it verifies.

// silent reports whether a hub that this node admitted has not answered for so long
// that its members are served here.
func (n *Node) silent(hub string) bool {
	m, ok := n.roster.member(hub)
	if !ok || m.Hub != "" || !m.IsHub || m.State != Accepted {
		return false
	}
	n.targets.mu.Lock()
	defer n.targets.mu.Unlock()
	since := n.targets.state[view.Journal{Node: m.Node, Epoch: m.Epoch}].Since
	return !since.IsZero() && n.now().Sub(since) >= n.cfg.Federation.OrphanAfter
}

// silentSince is since when a server has not answered, after one more try.
func silentSince(since, now time.Time, err error) time.Time {
	switch {
	case errors.Is(err, errBehind) || !follow.Unreachable(err):
		return time.Time{}
	case since.IsZero():
		return now
	}
	return since
}

// takeOrphan decides on an announcement of a member of a hub below: it is that
// hub's to hear, unless it is silent.
func (p *pool) takeOrphan(a federation.Announcement, m entry.Member, raw []byte) (federation.Decision, bool) {
	n := p.n
	switch {
	case m.State != Accepted:
		return federation.Decision{Status: federation.Refused, Reason: fmt.Sprintf("%s is %s by its hub %s", a.Node, m.State, m.Hub)}, false
	case m.Key != a.Key:
		return federation.Decision{Status: federation.Refused, Reason: fmt.Sprintf("%s is known here under another key, by its hub %s", a.Node, m.Hub)}, false
	}
	d := federation.Decision{Status: federation.Pending, Reason: fmt.Sprintf("%s is a member of %s, which answers: announce there", a.Node, m.Hub)}
	if n.silent(m.Hub) {
		d = federation.Decision{Status: federation.Accepted}
	}
	p.mu.Lock()
	p.book.Trust(a.Node, m.Key)
	fresh, evidence := p.book.Merge(a)
	if fresh {
		p.seen[a.Node] = n.now()
	}
	p.mu.Unlock()
	if evidence != nil {
		n.log.Warn().Str("node", a.Node).Str("hub", m.Hub).Str("reason", evidence.Reason).Msg("announcements that do not agree")
	}
	if fresh {
		if err := p.save(a.Node, raw); err != nil {
			n.log.Error().Err(err).Msg("keep an announcement")
		}
		ring(n.bells.follow)
	}
	return d, false // its hub's pool is where it is told on
}

// orphan turns the target of a member below a silent hub to the member itself, if
// that has a server of its own.
func (n *Node) orphan(t target, m entry.Member, hub entry.Member) target {
	if a, ok := n.below.announcement(m.Node); ok && a.Key == m.Key && a.Status == federation.Active {
		t.size = max(t.size, a.Size)
	}
	if !strings.HasPrefix(m.URL, hub.URL+"/n/") && m.URL != "" {
		t.base = m.URL + "/journal"
	}
	return t
}
