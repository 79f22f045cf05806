package node

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"sync"
	"time"

	"maillon/catalog/entry"
	"maillon/federation"
	"maillon/node/authority"
	"maillon/store"
)

// trust is what this node believes of charters: the roots it was given, the
// revocation lists it heard, its own chain, and the chains that others have
// shown it. The rules are those of package federation.
type trust struct {
	n      *Node
	office *authority.Office // nil if this node is no hub

	mu      sync.Mutex
	lists   federation.Revocations
	barred  map[string]string // keys that the lists take back => the reason
	own     [][]byte          // notes of this node's chain; nil if it has none
	shown   map[string]credential
	judged  map[string]judgement // by node id
	replays federation.Replays
	refused map[federation.Refusal]uint64
}

// A credential is what a node has shown, and how this hub reaches it.
type credential struct {
	Chain string `json:"chain"`          // its charter alone if this hub issued it, else all up to the root
	Mode  string `json:"mode,omitempty"` // "light" if the dial-back found that it cannot be reached
	Name  string `json:"name,omitempty"` // as it said when it joined
}

// A judgement is remembered for a while: announcements are many.
type judgement struct {
	at      time.Time
	chain   string
	charter federation.Charter
	err     error
}

const judgedFor = time.Minute

// Buckets, below "trust" in the main store:
//
//	shown  node id               => JSON of a credential
//	lists  issuer's verifier key => the newest revocation list, a signed note
const trustBucket = "trust"

// openTrust reads what was known before the last stop.
func (n *Node) openTrust() error {
	t := &trust{n: n, barred: map[string]string{}, shown: map[string]credential{}, judged: map[string]judgement{}, refused: map[federation.Refusal]uint64{}}
	n.trust = t
	raw, err := os.ReadFile(n.cfg.Federation.CharterFile)
	switch {
	case err == nil:
		if t.own, err = federation.SplitChain(raw); err != nil {
			return fmt.Errorf("%s: %w (put it back from your backup, or run maillon join again)", n.cfg.Federation.CharterFile, err)
		}
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("read the node's charter: %w", err)
	}
	err = n.main.View(func(tx store.Tx) error {
		if err := readAll(tx.Bucket(trustBucket, "shown"), t.shown); err != nil {
			return err
		}
		for _, raw := range tx.Bucket(trustBucket, "lists").Ascend(nil) {
			if l, err := federation.OpenRevocations(slices.Clone(raw), n.now()); err == nil { // from the future: fetched again
				_, _ = t.lists.Merge(l)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := t.openOffice(); err != nil {
		return err
	}
	t.rebar()
	return nil
}

// openOffice opens a hub's desk, and its authority key if it is here.
func (t *trust) openOffice() (err error) {
	h := t.n.cfg.Federation.Hub
	if h == nil {
		return nil
	}
	o := authority.Options{DB: t.n.main, Node: t.n.cfg.ID.String(), Now: func() time.Time { return t.n.now() }}
	if a := h.Authority; a != nil {
		o.Key = a.Key
		if a.KeyFile != "" {
			pass, err := authority.ReadPassphrase(a.PassphraseFile)
			if err != nil {
				return fmt.Errorf("federation.hub.authority.passphrase_file: %w", err)
			}
			if o.Sign, err = authority.OpenKey(a.KeyFile, pass); err != nil {
				return fmt.Errorf("federation.hub.authority.key_file: %w (maillon root request makes one)", err)
			}
		}
	}
	if t.office, err = authority.Open(o); err != nil {
		return err
	}
	return t.takeOwnList()
}

// takeOwnList makes the office's newest list one of those this node knows.
func (t *trust) takeOwnList() error {
	raw, err := t.office.List()
	if err != nil || raw == nil {
		return err
	}
	_, err = t.takeList(raw)
	if errors.Is(err, federation.ErrLowerVersion) {
		return nil
	}
	return err
}

// takeList merges a list of an issuer that is believed, and keeps it.
func (t *trust) takeList(raw []byte) (news bool, err error) {
	l, err := federation.OpenRevocations(raw, t.n.now())
	if err != nil {
		return false, err
	}
	t.mu.Lock()
	fresh := t.lists.Clone() // rules that were handed out keep the old ones
	news, err = fresh.Merge(l)
	if news {
		t.lists, t.judged = fresh, map[string]judgement{}
		t.rebar()
	}
	t.mu.Unlock()
	if !news {
		return false, err
	}
	keep := t.n.main.Update(func(tx store.Tx) error {
		return tx.Bucket(trustBucket, "lists").Put([]byte(l.Issuer), raw)
	})
	return true, errors.Join(err, keep)
}

// rebar lists the keys that the hub above or one above it takes back: those
// that signed this node's own chain. A list acts on what lies below its
// issuer, and so does this pool. The caller holds the lock, or is alone.
func (t *trust) rebar() {
	t.barred = map[string]string{}
	for _, raw := range t.own {
		c, err := federation.OpenCharter(raw)
		if err != nil {
			continue
		}
		l, _ := t.lists.Get(c.Issuer)
		for _, e := range l.Entries {
			if e.Key != "" {
				t.barred[e.Key] = e.Reason
			}
		}
	}
}

// bars says why a key is not listened to; "" if it is.
func (t *trust) bars(key string) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.barred[key]
}

// rules are what chains are verified by. The caller holds the lock.
func (t *trust) rules() federation.Trust {
	return federation.Trust{Roots: t.n.cfg.Federation.Roots, Lists: t.lists, Contains: contains, Seat: authority.Seat}
}

// ownChain verifies this node's own chain.
func (t *trust) ownChain() (federation.Chain, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.own == nil {
		return federation.Chain{}, errNoCharter
	}
	return t.rules().VerifyChain(t.own, t.n.now())
}

var errNoCharter = errors.New("this node has no charter yet: join a hub (maillon join), or let the root sign one (maillon root request)")

// ownNotes is this node's chain as it is.
func (t *trust) ownNotes() [][]byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.own
}

// chainOf completes what a node has shown. The caller holds the lock.
func (t *trust) chainOf(c credential) ([][]byte, error) {
	notes, err := federation.SplitChain([]byte(c.Chain))
	if err != nil {
		return nil, err
	}
	if len(notes) == 1 { // issued here: the rest is this hub's own, as it is now
		notes = append(notes, t.own...)
	}
	return notes, nil
}

// charter gives the charter of a member, if its chain holds now; the zero
// Charter for one that was accepted by hand.
func (t *trust) charter(node string) (federation.Charter, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c, ok := t.shown[node]
	if !ok {
		return federation.Charter{}, nil
	}
	now := t.n.now()
	if j, ok := t.judged[node]; ok && j.chain == c.Chain && now.Sub(j.at) < judgedFor && !now.Before(j.at) {
		return j.charter, j.err
	}
	j := judgement{at: now, chain: c.Chain}
	j.charter, j.err = t.judge(c, now)
	t.judged[node] = j
	return j.charter, j.err
}

// judge verifies what a member has shown. A member of this very hub is not at
// fault if this hub's own charter has run out: it stays, and nobody new comes.
func (t *trust) judge(c credential, now time.Time) (federation.Charter, error) {
	notes, err := t.chainOf(c)
	if err != nil {
		return federation.Charter{}, &federation.RefusedError{Reason: federation.RefusedMalformed, Err: err}
	}
	chain, err := t.rules().VerifyChain(notes, now)
	if err == nil {
		return chain.Charter(), nil
	}
	if r, ok := errors.AsType[*federation.RefusedError](err); ok && r.Link > 0 && c.Chain == string(notes[0]) {
		t.n.log.Warn().Err(err).Msg("this hub's own charter does not hold")
		return federation.OpenCharter(notes[0])
	}
	return federation.Charter{}, err
}

// present takes a chain that a node shows: one that holds now, and that no
// expired list makes doubtful. The caller has found that the node itself shows
// it.
func (t *trust) present(node string, c credential) (federation.Charter, error) {
	t.mu.Lock()
	notes, err := t.chainOf(c)
	if err != nil {
		t.mu.Unlock()
		return federation.Charter{}, &federation.RefusedError{Reason: federation.RefusedMalformed, Err: err}
	}
	chain, err := t.rules().VerifyChain(notes, t.n.now())
	_, known := t.shown[node]
	t.mu.Unlock()
	if err != nil {
		return federation.Charter{}, err
	}
	own := chain.Charter()
	refuse := func(why federation.Refusal, format string, args ...any) error {
		return &federation.RefusedError{Reason: why, Node: own.Node, Err: fmt.Errorf(format, args...)}
	}
	switch {
	case own.Node != node:
		return own, refuse(federation.RefusedKey, "the charter is of %s, shown by %s: a charter serves its own node", own.Node, node)
	case !contains(t.n.cfg.Territory.String(), own.Territory):
		return own, refuse(federation.RefusedTerritory, "%s is not inside %s, the territory of this hub: ask the hub of that territory", own.Territory, t.n.cfg.Territory)
	case chain.Stale && !known:
		return own, refuse(federation.RefusedStale, "%s", chain.Warnings[0])
	}
	return own, t.keep(node, c)
}

// keep remembers what a node has shown.
func (t *trust) keep(node string, c credential) error {
	err := t.n.main.Update(func(tx store.Tx) error {
		raw, err := json.Marshal(c)
		if err != nil {
			return err
		}
		return tx.Bucket(trustBucket, "shown").Put([]byte(node), raw)
	})
	if err != nil {
		return fmt.Errorf("keep the charter of %s: %w", node, err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.shown[node] = c
	delete(t.judged, node)
	return nil
}

// drop forgets what a node has shown.
func (t *trust) drop(node string) error {
	err := t.n.main.Update(func(tx store.Tx) error { return tx.Bucket(trustBucket, "shown").Delete([]byte(node)) })
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.shown, node)
	delete(t.judged, node)
	return err
}

// credential is what a node has shown.
func (t *trust) credential(node string) (credential, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c, ok := t.shown[node]
	return c, ok
}

// invited gives the charter of a node that has shown one, whether or not it has
// announced itself yet.
func (t *trust) invited(node string) (c federation.Charter, ok bool) {
	t.mu.Lock()
	_, shown := t.shown[node]
	t.mu.Unlock()
	if !shown {
		return c, false
	}
	c, err := t.charter(node)
	return c, err == nil
}

// dress adds to what this hub says of a member what its charter says.
func (t *trust) dress(m entry.Member) entry.Member {
	cred, ok := t.credential(m.Node)
	if !ok {
		return m
	}
	c, err := t.charter(m.Node)
	if err != nil {
		return m
	}
	m.Charter, m.Publishes, m.PastKeys = string(c.Note()), c.Publishes, nil
	for _, p := range c.Past {
		if federation.KeyNameOf(p.Key) == federation.KeyNameOf(c.Key) {
			m.PastKeys = append(m.PastKeys, p.Key)
		}
	}
	switch cred.Mode {
	case "light":
		m.Mode = "light"
	case "full":
		m.Mode = ""
	}
	return m
}

// count takes note of a refusal.
func (t *trust) count(why federation.Refusal) {
	if why == "" {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.refused[why]++
}

// countError counts the refusal that an error tells of.
func (t *trust) countError(err error) { t.count(refusalOf(err)) }

// refusalOf names what an error is counted under.
func refusalOf(err error) federation.Refusal {
	if r, ok := errors.AsType[*federation.RefusedError](err); ok {
		return r.Reason
	}
	for _, c := range []struct {
		err error
		why federation.Refusal
	}{
		{federation.ErrInviteUnknown, federation.RefusedInvite}, {federation.ErrInviteExpired, federation.RefusedInvite},
		{federation.ErrInviteUsed, federation.RefusedInvite}, {federation.ErrInvitePerson, federation.RefusedInvite},
		{federation.ErrReplay, federation.RefusedReplay}, {federation.ErrBusy, federation.RefusedTooMany},
		{federation.ErrClock, federation.RefusedClock}, {federation.ErrAudience, federation.RefusedClaim},
		{federation.ErrBadSignature, federation.RefusedSignature}, {federation.ErrSignature, federation.RefusedSignature},
		{federation.ErrExpired, federation.RefusedExpired}, {federation.ErrFuture, federation.RefusedFuture},
		{federation.ErrPassExpired, federation.RefusedExpired}, {federation.ErrPassAddress, federation.RefusedClaim},
		{federation.ErrPass, federation.RefusedSignature},
	} {
		if errors.Is(err, c.err) {
			return c.why
		}
	}
	return federation.RefusedMalformed
}

// Refusals counts what this node has refused since it started, by reason.
func (n *Node) Refusals() map[federation.Refusal]uint64 {
	n.trust.mu.Lock()
	defer n.trust.mu.Unlock()
	return maps.Clone(n.trust.refused)
}
