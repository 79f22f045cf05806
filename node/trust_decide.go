package node

import (
	"errors"
	"fmt"
	"time"

	"maillon/federation"
	"maillon/node/authority"
	"maillon/store"
)

// acquainted refuses who has no business here, before anything is remembered
// of it: nobody can fill this hub's memory without an invitation or a charter.
func (t *trust) acquainted(q federation.Request, c call) error {
	switch q.Do {
	case federation.Join:
		return t.office.Knows(q.Token)
	case federation.Present:
		notes, err := federation.SplitChain([]byte(c.Chain))
		if err != nil {
			return err
		}
		t.mu.Lock()
		defer t.mu.Unlock()
		_, err = t.rules().VerifyChain(notes, t.n.now())
		return err
	}
	m, known := t.n.roster.member(q.Node)
	_, shown := t.credential(q.Node)
	if known && m.State == Suspended {
		return &federation.RefusedError{Reason: federation.RefusedSuspended, Node: q.Node, Err: fmt.Errorf("suspended here (%s): ask the hub's operator", m.Reason)}
	}
	if !known && !shown {
		return &federation.RefusedError{Reason: federation.RefusedUnknown, Node: q.Node, Err: errors.New("it is no member here: it needs an invitation (maillon join)")}
	}
	return nil
}

// decide does what a request asks for, and returns what the node now has.
func (t *trust) decide(q federation.Request, c call) (credential, error) {
	switch q.Do {
	case federation.Join:
		return t.join(q)
	case federation.Present:
		return t.presented(q, c)
	case federation.Renew:
		return t.renew(q)
	default:
		return t.rotate(q)
	}
}

// covers checks what this hub is about to sign as everybody else will.
func (t *trust) covers(c federation.Charter) error {
	chain, err := t.ownChain()
	if err != nil {
		return fmt.Errorf("this hub cannot issue charters: %w", err)
	}
	if chain.Stale {
		return &federation.RefusedError{Reason: federation.RefusedStale, Node: c.Node, Err: errors.New(chain.Warnings[0])}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if l, ok := t.lists.Get(t.office.Key()); ok && l.Bars(c.Key) {
		return &federation.RefusedError{Reason: federation.RefusedRevoked, Node: c.Node, Err: errors.New("its key was revoked here: it needs a new one (maillon join --new-key)")}
	}
	return chain.Covers(t.rules(), c)
}

// root is the root that this hub's chain leads to.
func (t *trust) root() string {
	notes := t.ownNotes()
	if len(notes) == 0 {
		return ""
	}
	c, err := federation.OpenCharter(notes[len(notes)-1])
	if err != nil {
		return ""
	}
	return c.Issuer
}

func (t *trust) join(q federation.Request) (credential, error) {
	if t.office.Key() == "" {
		return credential{}, fmt.Errorf("this hub issues no charters: %w", store.ErrNotFound)
	}
	raw, err := t.office.Redeem(q, t.root(), t.covers)
	if err != nil {
		return credential{}, err
	}
	return t.admitted(q.Node, credential{Chain: string(raw), Name: q.Name})
}

// admitted keeps what a node has shown or been given, and lets the roster
// follow if it has the node already.
func (t *trust) admitted(node string, cred credential) (credential, error) {
	if old, ok := t.credential(node); ok && cred.Mode == "" {
		cred.Mode = old.Mode
	}
	c, err := t.present(node, cred)
	if err != nil {
		return cred, err
	}
	if m, ok := t.n.roster.member(node); ok && m.Hub == "" {
		m.Key, m.State, m.Reason, m.Evidence = c.Key, Accepted, "", nil
		t.n.below.trust(node, c.Key)
		t.n.roster.say(t.dress(m))
	}
	return cred, nil
}

// presented takes a chain that another hub gave.
func (t *trust) presented(q federation.Request, c call) (credential, error) {
	notes, err := federation.SplitChain([]byte(c.Chain))
	if err != nil {
		return credential{}, err
	}
	own, err := federation.OpenCharter(notes[0])
	if err != nil {
		return credential{}, err
	}
	if own.Key != q.Key {
		return credential{}, &federation.RefusedError{Reason: federation.RefusedKey, Node: q.Node, Err: errors.New("the charter names another key than the one that signs the request: a copied charter is of no use")}
	}
	if m, ok := t.n.roster.member(q.Node); ok && m.State == Suspended {
		return credential{}, &federation.RefusedError{Reason: federation.RefusedSuspended, Node: q.Node, Err: fmt.Errorf("suspended here (%s): ask the hub's operator", m.Reason)}
	}
	if h := t.n.cfg.Federation.Hub; !h.ByCharter {
		return credential{}, &federation.RefusedError{Reason: federation.RefusedUnknown, Node: q.Node, Err: errors.New("this hub admits by hand: announce yourself, and let its operator accept you")}
	}
	return t.admitted(q.Node, credential{Chain: c.Chain})
}

// renew gives the next charter when two thirds of the present one's life are
// over, or the hub's own keys have changed; before, the same one again.
func (t *trust) renew(q federation.Request) (credential, error) {
	cred, ok := t.credential(q.Node)
	if !ok { // accepted by hand: it has no charter, and needs none for a pass
		if m, _ := t.n.roster.member(q.Node); m.Key != q.Key {
			return cred, wrongKey(q)
		}
		return cred, nil
	}
	c, err := t.charter(q.Node)
	if err != nil {
		return cred, err
	}
	if c.Key != q.Key {
		return cred, wrongKey(q)
	}
	newAuthority := c.Role == federation.RoleHub && q.Authority != "" && q.Authority != c.Authority
	foreign := federation.KeyNameOf(c.Issuer) != federation.AuthorityName(t.n.cfg.ID.String())
	if foreign || t.office.Key() == "" || !newAuthority && c.Issuer == t.office.Key() && t.n.now().Before(c.RenewAt()) {
		return cred, nil
	}
	next := c
	if newAuthority {
		next.Past = pastWith(c.Past, c.Authority, t.n.now())
		next.Authority = q.Authority
	}
	return t.reissue(q, "renew", next)
}

// rotate gives a charter for another key.
func (t *trust) rotate(q federation.Request) (credential, error) {
	cred, ok := t.credential(q.Node)
	if !ok {
		return cred, &federation.RefusedError{Reason: federation.RefusedUnknown, Node: q.Node, Err: errors.New("it was accepted by hand and has no charter: the operator must accept the new key")}
	}
	c, err := t.charter(q.Node)
	switch {
	case err != nil:
		return cred, err
	case c.Key == q.NewKey:
		return cred, nil // asked again: the answer was lost
	case c.Key != q.Key:
		return cred, wrongKey(q)
	case federation.KeyNameOf(c.Issuer) != federation.AuthorityName(t.n.cfg.ID.String()):
		return cred, &federation.RefusedError{Reason: federation.RefusedIssuer, Node: q.Node, Err: errors.New("another hub gave its charter: ask that one")}
	}
	next := c
	next.Key, next.Past = q.NewKey, pastWith(c.Past, c.Key, t.n.now())
	if cred, err = t.reissue(q, "rotate", next); err != nil {
		return cred, err
	}
	return cred, errors.Join(t.office.Supersede(authority.Operator{Name: q.Node, Role: authority.Self}, c), t.takeOwnList())
}

func (t *trust) reissue(q federation.Request, act string, next federation.Charter) (credential, error) {
	next.Root = t.root()
	raw, err := t.office.Grant(authority.Operator{Name: q.Node, Role: authority.Self}, act, next, t.covers)
	if errors.Is(err, authority.ErrWaits) && act == "renew" {
		cred, _ := t.credential(q.Node)
		return cred, nil // the present one holds until the authority has signed
	}
	if err != nil {
		return credential{}, err
	}
	return t.admitted(q.Node, credential{Chain: string(raw)})
}

// pastWith adds a key that is replaced now, and forgets the oldest ones.
func pastWith(past []federation.PastKey, key string, now time.Time) []federation.PastKey {
	out := append([]federation.PastKey{}, past...)
	out = append(out, federation.PastKey{Key: key, Until: now.UTC().Truncate(time.Second)})
	return out[max(0, len(out)-federation.MaxPast):]
}

func wrongKey(q federation.Request) error {
	return &federation.RefusedError{Reason: federation.RefusedKey, Node: q.Node, Err: errors.New("the request is signed by another key than the one known here")}
}
