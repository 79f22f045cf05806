package node

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"maillon/catalog/entry"
	"maillon/federation"
	"maillon/federation/audit"
	"maillon/store/journal"
	"maillon/store/view"
)

// How long what was found is told again, and what the hub above said is believed.
const (
	integrityFor = 2 * time.Second
	aboveFor     = 5 * time.Second
	aboveTimeout = 5 * time.Second
	maxAboveList = 64 << 20 // bytes
	// freshFor is how long a new head may be on its way before it is missed.
	freshFor = 5 * time.Minute
)

// integrityCache keeps the last answer, and what the hub above said.
type integrityCache struct {
	mu      sync.Mutex
	last    *audit.Integrity
	at      time.Time
	above   map[string]uint64 // mirrors of the hub above, by node
	level   *audit.Level
	aboveAt time.Time
}

// Integrity says how it stands with every journal known here. One is made at
// a time; who asks meanwhile waits for it.
func (f fedView) Integrity(ctx context.Context) (*audit.Integrity, error) {
	c := &f.n.integrity
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := f.n.now(); c.last != nil && now.Sub(c.at) < integrityFor {
		return c.last, nil
	}
	made, err := f.n.judgeAll(ctx)
	if err != nil {
		return nil, err
	}
	c.last, c.at = made, f.n.now()
	return made, nil
}

func (n *Node) judgeAll(ctx context.Context) (*audit.Integrity, error) {
	accounts, err := n.views.Accounts()
	if err != nil {
		return nil, err
	}
	heads, err := n.headsKnown()
	if err != nil {
		return nil, err
	}
	sizes, level := n.askAbove(ctx)
	out := &audit.Integrity{
		Node: n.cfg.ID.String(), Name: n.cfg.Name, URL: n.cfg.URL, At: n.now().UTC().Truncate(time.Second), OK: true,
		Above: level, Verdicts: map[audit.Verdict]int{}, Members: []audit.Member{},
	}
	for _, m := range n.subjects() {
		j := view.Journal{Node: m.Node, Epoch: m.Epoch}
		one := n.judge(m, heads[j], accounts[j], sizes)
		out.OK = out.OK && one.Verdict == audit.OK
		out.Verdicts[one.Verdict]++
		out.Members = append(out.Members, one)
	}
	return out, nil
}

// subjects lists the journals to judge: this node's own, those of members,
// and those of others of which there is evidence.
func (n *Node) subjects() []entry.Member {
	self := entry.Member{
		Node: n.cfg.ID.String(), State: "self", Level: string(n.cfg.Level), Name: n.cfg.Name, URL: n.cfg.URL, Key: n.key.text(),
	}
	out := append([]entry.Member{self}, n.roster.all()...)
	for _, e := range n.witness.allEvidence() {
		node, epoch, err := federation.ParseKeyName(e.Origin)
		if err != nil || slices.ContainsFunc(out, func(m entry.Member) bool { return m.Node == node && m.Epoch == epoch }) {
			continue
		}
		m := entry.Member{Node: node, Epoch: epoch, State: "hub"}
		if a, ok := n.above.announcement(node); ok {
			m.Name, m.Level, m.URL = a.Name, a.Level, a.URL
		}
		out = append(out, m)
	}
	return out
}

// A knownHead is the newest signed head of a journal that was heard of.
type knownHead struct {
	size uint64
	at   time.Time
}

// headsKnown gathers the newest heads that were announced, stated or witnessed.
func (n *Node) headsKnown() (map[view.Journal]knownHead, error) {
	out := map[view.Journal]knownHead{}
	note := func(j view.Journal, size uint64, at time.Time) {
		if old := out[j]; size > old.size {
			out[j] = knownHead{size, at}
		}
	}
	stated, err := n.views.Heads()
	if err != nil {
		return nil, err
	}
	for _, h := range stated {
		note(view.Journal{Node: h.Head.Node, Epoch: h.Head.Epoch}, checkpointSize(h.Head.Checkpoint), h.At)
	}
	for _, a := range n.below.announcements() {
		if m, ok := n.roster.member(a.Node); ok && m.Key == a.Key {
			note(view.Journal{Node: a.Node, Epoch: a.Epoch}, a.Size, a.At)
		}
	}
	n.witness.mu.Lock()
	defer n.witness.mu.Unlock()
	for origin, w := range n.witness.lines {
		if node, epoch, err := federation.ParseKeyName(origin); err == nil {
			note(view.Journal{Node: node, Epoch: epoch}, checkpointSize(w.Note), w.At)
		}
	}
	return out, nil
}

// judge gives the verdict on one journal.
func (n *Node) judge(m entry.Member, head knownHead, acc view.Account, above map[string]uint64) audit.Member {
	j := view.Journal{Node: m.Node, Epoch: m.Epoch}
	out := audit.Member{
		Node: m.Node, Epoch: m.Epoch, Name: m.Name, Level: m.Level, URL: m.URL, State: m.State, Hub: m.Hub, HeadAt: head.at.UTC(),
		Cosignatures: n.witness.seenOf(journal.Origin(m.Node, m.Epoch)),
	}
	f := audit.Facts{Head: head.size, Account: audit.Account(acc), Suspended: m.State == Suspended, Fresh: n.now().Sub(head.at) < freshFor}
	l, ok := n.mirrorLog(j)
	if m.State == "self" {
		l, ok, out.HeadAt = n.own, true, time.Time{}
		f.Fresh = true // nothing says since when it has this size: the hub above gets the benefit
	}
	if ok {
		f.Mirror = l.Size()
		out.Mirror = &f.Mirror
	}
	if m.State == "hub" {
		f.Head, f.Mirror = 0, f.Account.Entries // not mirrored here: only accused
	}
	f.Head = max(f.Head, f.Mirror)
	if above != nil && m.State != "hub" {
		size := above[m.Node] // 0 if the hub above does not know of it yet
		f.Above, out.Above = &size, &size
	}
	if f.Account.Entries > 0 || f.Mirror > 0 {
		a := f.Account
		out.Entries = &a
	}
	n.targets.mu.Lock()
	st := n.targets.state[j]
	n.targets.mu.Unlock()
	f.Failed, f.Silent = st.Error != "", st.Silent
	if e, accused := n.witness.accused(m.Node); accused {
		f.Forked, out.Evidence = true, []string{e.Ours, e.Theirs}
	} else if len(m.Evidence) > 0 {
		f.Forked, out.Evidence = true, m.Evidence
	}
	out.Head = f.Head
	out.Verdict, out.Missing, out.Reason = audit.Judge(f)
	if st.Error != "" && out.Verdict != audit.OK {
		out.Reason += " (" + st.Error + ")"
	}
	return out
}

// seenOf lists the newest cosignatures of a journal, this node's own with them.
func (w *witnesser) seenOf(origin string) []audit.Cosigned {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []audit.Cosigned
	for by, c := range w.seen[origin] {
		out = append(out, audit.Cosigned{By: by, Size: c.Size, At: c.At})
	}
	self := w.n.key.verifier.Name()
	if own, ok := w.lines[origin]; ok {
		out = slices.DeleteFunc(out, func(c audit.Cosigned) bool { return c.By == self })
		out = append(out, audit.Cosigned{By: self, Size: checkpointSize(own.Note), At: own.At})
	}
	slices.SortFunc(out, func(a, b audit.Cosigned) int { return strings.Compare(a.By, b.By) })
	return out
}

func (w *witnesser) allEvidence() []Evidence {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := make([]Evidence, 0, len(w.evidence))
	for _, e := range w.evidence {
		out = append(out, e)
	}
	slices.SortFunc(out, func(a, b Evidence) int { return strings.Compare(a.Origin, b.Origin) })
	return out
}

// askAbove asks the hub above how far its mirrors are, in one request. It is
// only its word; `maillon verify --federation` reads the signed heads.
func (n *Node) askAbove(ctx context.Context) (map[string]uint64, *audit.Level) {
	if n.above == nil {
		return nil, nil
	}
	c := &n.integrity // its lock is held
	patience := aboveFor
	if c.last != nil && !c.last.OK {
		patience = integrityFor // it is worth looking again
	}
	if c.level != nil && n.now().Sub(c.aboveAt) < patience {
		return c.above, c.level
	}
	level := &audit.Level{Node: n.upstream()}
	var list struct {
		Items []struct {
			ID       string `json:"id"`
			Mirrored uint64 `json:"mirrored"`
		} `json:"items"`
	}
	if hub, ok := n.above.announcement(level.Node); !ok {
		level.Error = errNoHubYet.Error()
	} else {
		level.URL = hub.URL
		ctx, cancel := context.WithTimeout(ctx, aboveTimeout)
		defer cancel()
		if err := n.client.GetList(ctx, hub.URL+"/api/v1/nodes", maxAboveList, &list); err != nil {
			level.Error = err.Error()
		}
	}
	var sizes map[string]uint64
	if level.Error == "" {
		sizes = map[string]uint64{}
		for _, i := range list.Items {
			sizes[i.ID] = i.Mirrored
		}
	}
	c.above, c.level, c.aboveAt = sizes, level, n.now()
	return sizes, level
}
