package view

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"maillon/catalog/contract"
	"maillon/catalog/entry"
	"maillon/store"
)

// A MemberRow is what one node says of another it admitted or knows.
type MemberRow struct {
	Speaker string       `json:"speaker"`
	Member  entry.Member `json:"member"`
	At      time.Time    `json:"at"`
}

// A HeadRow is a checkpoint that one node says it verified.
type HeadRow struct {
	Speaker string     `json:"speaker"`
	Head    entry.Head `json:"head"`
	At      time.Time  `json:"at"`
}

func statementKey(speaker, node string) []byte { return []byte(speaker + "\x00" + node) }

// state takes a statement in. One that cannot be read is passed over: its
// speaker signed nonsense, which is nobody's business.
func (b *applying) state(p prepared) error {
	switch p.header.Kind {
	case entry.KindMember:
		m, err := entry.ParseMember(p.body)
		if err != nil {
			return nil
		}
		return b.member(MemberRow{Speaker: b.j.Node, Member: m, At: p.header.At})
	case entry.KindHead:
		h, err := entry.ParseHead(p.body)
		if err != nil {
			return nil
		}
		b.heard = true
		return putJSON(b.tx.Bucket(headBucket), statementKey(b.j.Node, h.Node), HeadRow{b.j.Node, h, p.header.At})
	case entry.KindDataset:
		d, err := entry.ParseDataset(p.body)
		if err != nil || p.header.Key != entry.DatasetKey(d.Source, d.Dataset) {
			return nil
		}
		return b.dataset(p, d)
	case entry.KindSuccession:
		said, err := entry.ParseSuccession(p.body)
		if err != nil || p.header.Key != entry.SuccessionKey(said.From, said.To) {
			return nil
		}
		return b.succession(SuccessionRow{Speaker: b.j.Node, Succession: said, At: p.header.At})
	case entry.KindDecision:
		d, err := entry.ParseDecision(p.body)
		if err != nil || p.header.Key != entry.DecisionKey(d.Sides) {
			return nil
		}
		return b.decision(DecisionRow{Speaker: b.j.Node, Key: p.header.Key, Decision: d, At: p.header.At})
	}
	return nil
}

// member keeps the newest word on a member. If it changes for whom anyone may
// speak, reauthorise has the groups that they published in consolidated again.
func (b *applying) member(row MemberRow) error {
	b.heard = true
	if b.before = cmp.Or(b.before, b.auth); b.before == nil {
		var err error
		if b.before, err = readAuthorities(b.tx, b.v.self); err != nil {
			return err
		}
	}
	key := statementKey(row.Speaker, row.Member.Node)
	if err := putJSON(b.tx.Bucket(memberBucket), key, row); err != nil {
		return err
	}
	b.auth = nil
	return nil
}

// reauthorise marks what was published by those who may speak for others than before
// the batch. A level above repeats what a hub says of its members: that changes
// nothing, and must not have a whole country consolidated again.
func (b *applying) reauthorise() error {
	if b.before == nil {
		return nil
	}
	now, err := readAuthorities(b.tx, b.v.self)
	if err != nil {
		return err
	}
	b.auth = now
	if !maps.Equal(b.before.believed, now.believed) {
		if err := b.believedAnew(); err != nil {
			return err
		}
	}
	if !maps.Equal(b.before.believed, now.believed) || !maps.EqualFunc(b.before.vouches, now.vouches, maps.Equal) {
		b.decidedAnew()
	}
	nodes := map[string]bool{}
	for _, a := range []*authorities{b.before, now} {
		for node := range a.suspended {
			nodes[node] = true
		}
		for node := range a.publishes {
			nodes[node] = true
		}
	}
	for _, node := range slices.Sorted(maps.Keys(nodes)) {
		if b.before.suspended[node] == now.suspended[node] && maps.Equal(b.before.publishes[node], now.publishes[node]) {
			continue
		}
		if err := b.groupsFrom(node); err != nil {
			return err
		}
	}
	return nil
}

// groupsFrom marks every group in which a node has published.
func (b *applying) groupsFrom(node string) error {
	prefix := node + "\x00"
	for k, raw := range b.tx.Bucket(recordBucket).Ascend([]byte(prefix)) {
		if !strings.HasPrefix(string(k), prefix) {
			break
		}
		group, err := groupOfRecord(raw)
		if err != nil {
			return err
		}
		b.touch(group).all = true
	}
	return nil
}

// authorities answers in what capacity a node speaks of a buyer.
type authorities struct {
	suspended map[string]bool
	publishes map[string]map[string]bool // node → buyers, or "*"
	lineage   contract.Lineage
	self      string
	believed  map[string]bool            // whose word on others counts
	vouches   map[string]map[string]bool // speaker → nodes that it accepted
}

// readAuthorities gathers what believed speakers say. Who is believed: this
// node, and those it admits as hubs, directly or through another such hub.
func readAuthorities(tx store.Tx, self string) (*authorities, error) {
	rows, err := members(tx, self)
	if err != nil {
		return nil, err
	}
	a := &authorities{
		suspended: map[string]bool{}, publishes: map[string]map[string]bool{}, self: self, believed: believedOf(rows, self), vouches: map[string]map[string]bool{},
	}
	for _, r := range rows {
		m := r.Member
		if m.State != "accepted" {
			a.suspended[m.Node] = true
			continue
		}
		if a.vouches[r.Speaker] == nil {
			a.vouches[r.Speaker] = map[string]bool{}
		}
		a.vouches[r.Speaker][m.Node] = true
		for _, buyer := range m.Publishes {
			if a.publishes[m.Node] == nil {
				a.publishes[m.Node] = map[string]bool{}
			}
			a.publishes[m.Node][buyer] = true
		}
	}
	a.lineage, err = lineage(tx, a.believed)
	return a, err
}

// of is the authority of a node for a buyer. A body speaks for all its
// establishments (the SIREN decides) and for those that it follows.
func (a *authorities) of(node, buyer string) contract.Authority {
	const siren = 9
	switch {
	case a.suspended[node]:
		return contract.None
	case len(node) >= siren && len(buyer) >= siren && node[:siren] == buyer[:siren]:
		return contract.Own
	case slices.ContainsFunc(a.lineage.Heirs(buyer), func(heir string) bool { return heir[:siren] == node[:min(siren, len(node))] }):
		return contract.Own
	case a.publishes[node][buyer] || a.publishes[node]["*"]:
		return contract.Charter
	}
	return contract.None
}

// members lists what believed speakers say of members, by speaker and node.
func members(tx store.Tx, self string) ([]MemberRow, error) {
	bySpeaker := map[string][]MemberRow{}
	for _, raw := range tx.Bucket(memberBucket).Ascend(nil) {
		var r MemberRow
		if err := json.Unmarshal(raw, &r); err != nil {
			return nil, err
		}
		bySpeaker[r.Speaker] = append(bySpeaker[r.Speaker], r)
	}
	believed := map[string]bool{self: true}
	queue := []string{self}
	var out []MemberRow
	for len(queue) > 0 {
		speaker := queue[0]
		queue = queue[1:]
		for _, r := range bySpeaker[speaker] {
			out = append(out, r)
			// Only a hub's own word makes a hub: what it repeats of hubs
			// below it counts once their journals are here too.
			if r.Member.IsHub && r.Member.State == "accepted" && !believed[r.Member.Node] {
				believed[r.Member.Node] = true
				queue = append(queue, r.Member.Node)
			}
		}
	}
	slices.SortFunc(out, func(a, b MemberRow) int {
		if c := strings.Compare(a.Speaker, b.Speaker); c != 0 {
			return c
		}
		return strings.Compare(a.Member.Node, b.Member.Node)
	})
	return out, nil
}

// believedOf are the nodes whose word on others counts: this one and the hubs
// among those that believed speakers admit.
func believedOf(rows []MemberRow, self string) map[string]bool {
	believed := map[string]bool{self: true}
	for _, r := range rows {
		if r.Member.IsHub && r.Member.State == "accepted" {
			believed[r.Member.Node] = true
		}
	}
	return believed
}

// hearsay remembers what believed speakers say until one says something of a member or
// a head: a hub asks with every announcement, and each journal that it follows.
type hearsay struct {
	changes  atomic.Uint64 // how often one has
	mu       sync.Mutex
	revision uint64 // of the changes
	valid    bool
	members  []MemberRow
	heads    []HeadRow
	of       map[string][]HeadRow // heads by node
}

// Members lists what believed speakers say of nodes. It must not be changed.
func (v *Views) Members() ([]MemberRow, error) {
	members, _, err := v.said()
	return members, err
}

// Heads lists the newest heads that believed speakers have verified. It must not be
// changed.
func (v *Views) Heads() ([]HeadRow, error) {
	_, heads, err := v.said()
	return heads, err
}

// HeadsOf lists the same of one node. It must not be changed.
func (v *Views) HeadsOf(node string) ([]HeadRow, error) {
	if _, _, err := v.said(); err != nil {
		return nil, err
	}
	v.told.mu.Lock()
	defer v.told.mu.Unlock()
	return v.told.of[node], nil
}

func (v *Views) said() ([]MemberRow, []HeadRow, error) {
	t := &v.told
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.changes.Load() // before they are read: what comes meanwhile is read again
	if t.valid && t.revision == now {
		return t.members, t.heads, nil
	}
	var heads []HeadRow
	var rows []MemberRow
	err := v.db.View(func(tx store.Tx) (err error) {
		if rows, err = members(tx, v.self); err != nil {
			return err
		}
		believed := believedOf(rows, v.self)
		for _, raw := range tx.Bucket(headBucket).Ascend(nil) {
			var h HeadRow
			if err := json.Unmarshal(raw, &h); err != nil {
				return err
			}
			if believed[h.Speaker] {
				heads = append(heads, h)
			}
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	t.members, t.heads, t.revision, t.valid = rows, heads, now, true
	t.of = map[string][]HeadRow{}
	for _, h := range heads {
		t.of[h.Head.Node] = append(t.of[h.Head.Node], h)
	}
	return rows, heads, nil
}
