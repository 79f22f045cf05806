package node

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/mail"
	"net/url"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"maillon/catalog/entry"
	"maillon/federation"
	"maillon/federation/follow"
	"maillon/federation/witness"
	"maillon/store/journal"
	"maillon/store/view"
)

// A target is one journal to mirror: where it is served, whose key signs it
// and how large it is said to be.
type target struct {
	journal view.Journal
	key     string   // note verifier key of the journal's owner
	past    []string // keys that it replaced, oldest first
	base    string   // address of the journal, without trailing slash
	size    uint64   // newest size announced or stated
	self    string   // address of the owner's server, if direct
	direct  bool     // a member of this hub, which this hub may suspend
}

// targets remembers how the following of each journal goes.
type targets struct {
	mu    sync.Mutex
	state map[view.Journal]followState
	under map[view.Journal]string // being followed now, and from which server
}

// all lists the journals that are or were followed, in a fixed order.
func (t *targets) all() []view.Journal {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.SortedFunc(maps.Keys(t.state), compareJournals)
}

type followState struct {
	Failures int
	Said     uint64    // size that was announced at the last try
	Next     time.Time // not before, unless more is announced
	Error    string    // of the last try; "" if it went well
	Silent   bool      // it went wrong since nobody answered
	At       time.Time // of the last try
	Since    time.Time // nobody has answered since then; zero if someone does
}

// maxFollows bounds how many journals are followed at once.
const maxFollows = 8

// runFollow mirrors what members announce and what hubs below state. Each
// journal is followed when it is said to have grown, and looked at now and
// then in case nobody said so.
func (n *Node) runFollow(ctx context.Context) error {
	if n.below == nil {
		<-ctx.Done()
		return nil
	}
	tick := time.NewTicker(min(n.cfg.Federation.FollowEvery, 5*time.Second))
	defer tick.Stop()
	var under errgroup.Group
	defer func() { _ = under.Wait() }() // follow reports by itself
	var due []target
	var looked time.Time
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		case <-n.bells.follow:
		}
		begin := time.Now()
		if len(due) == 0 || begin.Sub(looked) > lookEvery {
			var err error
			if due, err = n.due(); err != nil {
				return err
			}
			looked = begin
		}
		due = slices.DeleteFunc(due, func(t target) bool {
			if ok, gone := n.targets.begin(t); !ok {
				return gone
			}
			under.Go(func() error {
				n.follow(ctx, t)
				n.targets.end(t.journal)
				ring(n.bells.follow) // a place is free
				return nil
			})
			return true
		})
		// A look costs as much as there are members: when all of them ring, it takes a
		// fifth of the time at most.
		if !sleep(ctx, min(4*time.Since(begin), time.Second)) {
			return nil
		}
	}
}

// lookEvery is how long the journals that a look found due are followed one after the
// other before it is looked again.
const lookEvery = time.Second

// maxOfOne bounds how many journals are followed at once from one server: a
// hub below that is slow must leave places to the others.
const maxOfOne = 3

// begin takes one of the places for following, unless the journal has one already,
// which is said, its server has its share, or all are taken.
func (ts *targets) begin(t target) (ok, already bool) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if ts.under == nil {
		ts.under = map[view.Journal]string{}
	}
	if _, is := ts.under[t.journal]; is {
		return false, true
	}
	if len(ts.under) >= maxFollows {
		return false, false
	}
	server, of := serverOf(t.base), 0
	for _, s := range ts.under {
		if s == server {
			of++
		}
	}
	if of >= maxOfOne {
		return false, false
	}
	ts.under[t.journal] = server
	return true, false
}

// serverOf is the host of an address.
func serverOf(base string) string {
	u, err := url.Parse(base)
	if err != nil {
		return base
	}
	return u.Host
}

func (ts *targets) end(j view.Journal) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	delete(ts.under, j)
}

// due lists the journals to look at now.
func (n *Node) due() ([]target, error) {
	all, err := n.followTargets()
	if err != nil {
		return nil, err
	}
	now := n.now()
	n.targets.mu.Lock()
	defer n.targets.mu.Unlock()
	ahead := uint64(0)
	defer func() { n.rush.announced(ahead) }()
	return slices.DeleteFunc(all, func(t target) bool {
		st := n.targets.state[t.journal]
		var have uint64
		if l, ok := n.mirrorOf(t.journal); ok {
			have = l.Size()
		}
		if t.size > have && st.Failures == 0 {
			ahead += min(t.size-have, 1<<32) // anyone can announce any number
		}
		grown := t.size > have && (st.Failures == 0 || t.size > st.Said)
		nothing := t.size == 0 && have == 0 // a journal without entries is not served yet
		wait := st.Next.Sub(now)            // longer than any pace if the clock was set back meanwhile
		return nothing || !grown && wait > 0 && wait <= n.cfg.Federation.FollowEvery
	}), nil
}

// holds reports whether this node's mirror of a journal has come to a size.
func (n *Node) holds(j view.Journal, size uint64) bool {
	l, ok := n.mirrorOf(j)
	return ok && l.Size() >= size
}

// followTargets lists every journal this hub mirrors: its members' own, and
// below each hub what that hub states.
func (n *Node) followTargets() ([]target, error) {
	var all []target
	have := map[view.Journal]bool{}
	for _, m := range n.roster.all() {
		if m.State != Accepted || m.Hub != "" || m.Storage == "hub" {
			continue // the last is pushed
		}
		at := n.reach(m)
		if at == "" {
			continue // it was stored here, and has not yet said where it is now
		}
		t := target{journal: view.Journal{Node: m.Node, Epoch: m.Epoch}, key: m.Key, past: m.PastKeys, base: at + "/journal", self: at, direct: true}
		if a, ok := n.below.announcement(m.Node); ok {
			if a.Status == federation.Gone && n.holds(t.journal, a.Size) {
				continue // it has said its last word
			}
			t.size = a.Size
		}
		have[t.journal] = true
		all = append(all, t)
	}
	heads, err := n.views.Heads()
	if err != nil {
		return nil, err
	}
	told, err := n.views.Members()
	if err != nil {
		return nil, err
	}
	type word struct{ speaker, node string }
	words := make(map[word]entry.Member, len(told))
	for _, m := range told {
		words[word{m.Speaker, m.Member.Node}] = m.Member
	}
	for _, h := range heads {
		hub, ok := n.roster.member(h.Speaker)
		j := view.Journal{Node: h.Head.Node, Epoch: h.Head.Epoch}
		if !ok || hub.State != Accepted || hub.Hub != "" || have[j] || j.Node == n.cfg.ID.String() {
			continue
		}
		m, is := words[word{h.Speaker, j.Node}]
		if !is || n.told(h.Speaker, m) != nil {
			continue
		}
		have[j] = true
		t := target{
			journal: j, key: m.Key, past: m.PastKeys, size: checkpointSize(h.Head.Checkpoint),
			base: hub.URL + "/n/" + j.Node + "/journal",
		}
		if n.silent(hub.Node) {
			t = n.orphan(t, m, hub)
		}
		all = append(all, t)
	}
	return all, nil
}

// follow brings one mirror up to date and takes note of how it went.
func (n *Node) follow(ctx context.Context, t target) {
	res, err := n.followOnce(ctx, t)
	if ctx.Err() != nil {
		return
	}
	if errors.Is(err, follow.ErrRollback) && !t.direct {
		err = nil // a hub that was silent comes back with less than was taken in for it
	}
	if err == nil && res.To < t.size {
		err = fmt.Errorf("%w: %d entries are served, %d were announced", errBehind, res.To, t.size)
	}
	st := n.noteFollow(t, err)
	n.counts.add("maillon_follows_total", "result", followResult(err))
	if res.To > res.From {
		n.askContact(ctx, t)
		n.log.Info().Str("node", t.journal.Node).Uint64("from", res.From).Uint64("to", res.To).Msg("mirrored")
		ring(n.bells.views)
		ring(n.bells.state)
	}
	if err != nil {
		n.log.Warn().Err(err).Str("node", t.journal.Node).Time("next", st.Next).Msg("follow")
		if ours, theirs, fork := evidenceOf(err); fork {
			n.witness.accuse(journal.Origin(t.journal.Node, t.journal.Epoch), "two histories under one key", []byte(ours), []byte(theirs))
		}
	}
}

// followResult names how a follow went, to count it.
func followResult(err error) string {
	_, _, fork := evidenceOf(err)
	_, address := errors.AsType[*follow.AddressError](err)
	switch {
	case err == nil:
		return "done"
	case fork:
		return "fork"
	case address:
		return "address"
	case errors.Is(err, errBehind), errors.Is(err, follow.ErrRollback):
		return "behind"
	case errors.Is(err, follow.ErrCorrupt):
		return "corrupt"
	case errors.Is(err, follow.ErrTooLarge):
		return "too-large"
	case errors.Is(err, follow.ErrTooSlow):
		return "too-slow"
	}
	return "failed"
}

// errBehind: a server has not caught up with what was said of it. It is asked
// again with patience, not at once.
var errBehind = errors.New("behind")

// askContact asks a member for its public contact address, which is not
// gossiped: the register shows it.
func (n *Node) askContact(ctx context.Context, t target) {
	m, ok := n.roster.member(t.journal.Node)
	if !t.direct || !ok {
		return
	}
	var self struct {
		ID      string `json:"id"`
		Contact string `json:"contact"`
	}
	if err := n.client.GetJSON(ctx, t.self+"/api/v1/nodes/"+m.Node, &self); err != nil {
		n.log.Debug().Err(err).Str("node", m.Node).Msg("ask a member for its contact")
		return
	}
	if self.ID != m.Node || self.Contact == m.Contact || !isAddress(self.Contact) {
		return
	}
	m.Contact = self.Contact
	n.roster.say(m)
}

// maxContact is the longest e-mail address there is (RFC 5321).
const maxContact = 254

// isAddress reports whether s may be shown as an e-mail address, or is empty.
func isAddress(s string) bool {
	if s == "" {
		return true
	}
	a, err := mail.ParseAddress(s)
	return err == nil && a.Address == s && len(s) <= maxContact
}

// evidenceOf finds the two checkpoints of a fork, whoever noticed it: the
// follower or the mirror.
func evidenceOf(err error) (ours, theirs string, ok bool) {
	if f, is := errors.AsType[*follow.ForkError](err); is {
		return string(f.Ours), string(f.Theirs), true
	}
	if f, is := errors.AsType[*journal.ForkError](err); is {
		return string(f.Ours), string(f.Theirs), true
	}
	if f, is := errors.AsType[*witness.ForkError](err); is {
		return string(f.Ours), string(f.Theirs), true
	}
	return "", "", false
}

func (n *Node) followOnce(ctx context.Context, t target) (follow.Result, error) {
	v, err := verifierOf(t.key, t.journal.Node, t.journal.Epoch, t.past...)
	if err != nil {
		return follow.Result{}, fmt.Errorf("key of %s: %w", t.journal.Node, err)
	}
	m, err := n.mirror(t.journal, v)
	if err != nil {
		return follow.Result{}, err
	}
	res, err := n.client.Follow(ctx, t.base, v, watched{m, n})
	if err == nil && res.To > 0 {
		_, err = n.witness.countersign(m, v)
		if _, behind := errors.AsType[*witness.ConflictError](err); behind {
			err = nil // a longer head was witnessed: it is followed next
		}
	}
	return res, err
}

func (n *Node) noteFollow(t target, err error) followState {
	n.targets.mu.Lock()
	defer n.targets.mu.Unlock()
	if n.targets.state == nil {
		n.targets.state = map[view.Journal]followState{}
	}
	st := n.targets.state[t.journal]
	st.At, st.Said, st.Error, st.Silent = n.now(), t.size, "", false
	st.Since = silentSince(st.Since, st.At, err)
	if err != nil {
		st.Failures++
		st.Error, st.Silent = err.Error(), !errors.Is(err, errBehind) && follow.Unreachable(err)
	} else {
		st.Failures = 0
	}
	st.Next = st.At.Add(followDelay(n.cfg.Federation.FollowEvery, st.Failures, n.cfg.Federation.Debounce))
	n.targets.state[t.journal] = st
	return st
}

// followDelay says how long to leave a journal alone: the usual pace after a
// success; after failures from the debounce upward, doubling to the pace.
func followDelay(every time.Duration, failures int, first time.Duration) time.Duration {
	if failures == 0 {
		return every
	}
	return min(first<<min(failures, 12), every)
}

// openMirrors opens the mirrors that the store holds, so that they are served
// and seen by the views from the first moment.
func (n *Node) openMirrors() error {
	known, err := journal.List(n.main)
	if err != nil {
		return err
	}
	for _, j := range known {
		key, ok := n.roster.keys[headKey{j.Node, j.Epoch}]
		if !ok {
			continue // its member statement is not written yet: the follower opens it
		}
		v, err := verifierOf(key, j.Node, j.Epoch, n.roster.members[j.Node].PastKeys...)
		if err != nil {
			return fmt.Errorf("key of %s: %w", j.Node, err)
		}
		if _, err := n.mirror(view.Journal{Node: j.Node, Epoch: j.Epoch}, v); err != nil {
			return err
		}
	}
	return nil
}
