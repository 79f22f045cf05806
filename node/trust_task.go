package node

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"maillon/catalog/entry"
	"maillon/federation"
	"maillon/store/whole"
)

// refreshMost bounds how long a revocation may stay unknown here.
const refreshMost = 15 * time.Minute

// runTrust keeps what this node believes up to date until ctx ends: its own
// list is signed in time, the lists and the chain of the hub above are
// fetched, the own charter is renewed, and members whose charter no longer
// holds are suspended.
func (n *Node) runTrust(ctx context.Context) error {
	every := min(n.cfg.Federation.FollowEvery, refreshMost)
	for {
		n.refreshTrust(ctx)
		if !sleep(ctx, every) {
			return nil
		}
	}
}

func (n *Node) refreshTrust(ctx context.Context) {
	say := func(what string, err error) {
		if err != nil && ctx.Err() == nil {
			n.log.Warn().Err(err).Msg(what)
		}
	}
	if n.trust.office != nil && n.trust.office.Key() != "" {
		say("renew the revocation list", n.trust.office.RefreshList())
		say("take the own revocation list", n.trust.takeOwnList())
		say("exchange the pool's key", n.stepPoolKey())
	}
	if base, ok := n.hubURL(); ok {
		say("ask the hub for its charters", n.refreshChain(ctx, base))
		say("ask the hub for revocations", n.fetchLists(ctx, base))
		if _, err := os.Stat(n.nextKeyFile()); err == nil {
			say("go on with the new key", n.RotateKey(ctx))
		}
		say("renew the charter", n.renewOwn(ctx, base))
	}
	if n.below != nil && n.cfg.Federation.Hub.ByCharter {
		for _, m := range n.roster.all() {
			if m.IsHub && m.State == Accepted && m.Hub == "" && m.Charter != "" {
				say("ask a hub below for revocations", n.fetchLists(ctx, m.URL))
			}
		}
		n.sweep()
	}
}

// believed lists the authority keys whose lists are kept: those above this
// node, and those of the hubs below.
func (n *Node) believed() map[string]bool {
	keys := map[string]bool{}
	add := func(raw []byte) {
		c, err := federation.OpenCharter(raw)
		if err != nil {
			return
		}
		keys[c.Issuer] = true
		if c.Authority != "" {
			keys[c.Authority] = true
			for _, p := range c.Past {
				if federation.KeyNameOf(p.Key) == federation.KeyNameOf(c.Authority) {
					keys[p.Key] = true
				}
			}
		}
	}
	for _, raw := range n.trust.ownNotes() {
		add(raw)
	}
	for _, m := range n.roster.all() {
		if m.IsHub && m.State == Accepted && m.Charter != "" {
			add([]byte(m.Charter))
		}
	}
	return keys
}

// fetchLists takes the revocation lists that a hub serves, of issuers that
// are believed here.
func (n *Node) fetchLists(ctx context.Context, base string) error {
	var list struct {
		Items []string `json:"items"`
	}
	raw, err := n.client.Text(ctx, base+"/federation/v1/revocations", maxLists)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(raw, &list); err != nil {
		return fmt.Errorf("revocations of %s: %w", base, err)
	}
	keys := n.believed()
	news := false
	for _, item := range list.Items {
		l, err := federation.OpenRevocations([]byte(item), n.now())
		if err != nil || !keys[l.Issuer] {
			continue
		}
		fresh, err := n.trust.takeList([]byte(item))
		if err != nil && !errors.Is(err, federation.ErrLowerVersion) {
			return err
		}
		news = news || fresh
	}
	if news {
		n.readmit()
	}
	return nil
}

// maxLists bounds what a hub may serve as revocations at once.
const maxLists = 64 << 20

// readmit lets the pools ask again whom they admit.
func (n *Node) readmit() {
	for _, p := range []*pool{n.above, n.below} {
		if p == nil {
			continue
		}
		p.mu.Lock()
		g := p.gossip
		p.mu.Unlock()
		if g != nil {
			g.Readmit()
		}
	}
}

// refreshChain fetches the hub's chain as it is now, below which this node's
// own charter stands.
func (n *Node) refreshChain(ctx context.Context, base string) error {
	own := n.trust.ownNotes()
	if len(own) < 2 || len(n.cfg.Federation.Roots) == 0 {
		return nil
	}
	raw, err := n.client.Text(ctx, base+"/federation/v1/charter", federation.MaxChain*federation.MaxCharter)
	if err != nil {
		return err
	}
	notes, err := federation.SplitChain(raw)
	if err != nil {
		return fmt.Errorf("charters of %s: %w", base, err)
	}
	return n.trust.setOwn(append([][]byte{own[0]}, notes...))
}

// setOwn makes notes this node's chain, if it holds and is of this node.
func (t *trust) setOwn(notes [][]byte) error {
	t.mu.Lock()
	same := slices.EqualFunc(t.own, notes, func(a, b []byte) bool { return string(a) == string(b) })
	chain, err := t.rules().VerifyChain(notes, t.n.now())
	t.mu.Unlock()
	if same || err != nil {
		return err
	}
	own := chain.Charter()
	if own.Node != t.n.cfg.ID.String() || !slices.Contains(t.n.key.verifier.Texts(), own.Key) {
		return fmt.Errorf("the charter is of %s under %.60s, which is not this node", own.Node, own.Key)
	}
	if err := whole.WriteFile(t.n.cfg.Federation.CharterFile, federation.JoinChain(notes), 0o640); err != nil {
		return fmt.Errorf("keep the node's charter: %w", err)
	}
	t.mu.Lock()
	t.own, t.judged = notes, map[string]judgement{}
	t.rebar()
	t.mu.Unlock()
	if len(chain.Charters) > 1 && t.n.above != nil && chain.Charters[1].Node == t.n.above.cfg.Hub {
		t.n.above.trust(chain.Charters[1].Node, chain.Charters[1].Key) // the hub's key, as the level above it says
	}
	return t.followAuthority(own)
}

// ask makes a signed request to a hub.
func (n *Node) ask(ctx context.Context, base string, q federation.Request, extra ...note.Signer) (Granted, error) {
	signer, key := n.key.signer.Key()
	q.To, q.Node, q.Key = n.cfg.Federation.Join.Hub, n.cfg.ID.String(), key
	q.At, q.Nonce = n.now().UTC().Truncate(time.Second), newNonce()
	raw, err := federation.SignRequest(q, append([]note.Signer{signer}, extra...)...)
	if err != nil {
		return Granted{}, err
	}
	body, err := json.Marshal(call{Request: string(raw)})
	if err != nil {
		return Granted{}, err
	}
	var g Granted
	return g, n.client.Ask(ctx, base+"/federation/v1/charter", body, &g)
}

func newNonce() []byte {
	b := make([]byte, federation.NonceSize)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return b
}

// renewOwn asks the hub for whatever has changed: the charter when it is time,
// the pool's keys, a pass that goes on.
func (n *Node) renewOwn(ctx context.Context, base string) error {
	own := n.trust.ownNotes()
	if len(own) == 0 {
		return nil
	}
	c, err := federation.OpenCharter(own[0])
	if err != nil {
		return err
	}
	next := n.trust.nextAuthority(c)
	if n.now().Before(c.RenewAt()) && next == "" && !n.above.gossiping() {
		return nil
	}
	g, err := n.ask(ctx, base, federation.Request{Do: federation.Renew, Authority: next})
	if err != nil {
		return err
	}
	return n.takeGranted(g)
}

// takeGranted keeps what a hub has granted.
func (n *Node) takeGranted(g Granted) error {
	var errs []error
	if g.Chain != "" {
		notes, err := federation.SplitChain([]byte(g.Chain))
		if err == nil {
			err = n.trust.setOwn(notes)
		}
		errs = append(errs, err)
	}
	if g.Pool != nil {
		errs = append(errs, n.above.takeKeys(*g.Pool), n.above.takePass(g.Pass))
	}
	return errors.Join(errs...)
}

// RotateKey replaces the node's key while it runs: the hub gives a charter for
// the new one, which from then on signs the journal and the announcements.
func (n *Node) RotateKey(ctx context.Context) error {
	if n.above == nil {
		return errors.New("this node has joined no hub: nobody could tell the others of its new key")
	}
	base, ok := n.hubURL()
	if !ok {
		return errNoHubYet
	}
	secret, err := n.nextKey()
	if err != nil {
		return err
	}
	fresh, text, err := federation.NewSigner(secret, n.cfg.ID.String(), 0)
	if err != nil {
		return err
	}
	g, err := n.ask(ctx, base, federation.Request{Do: federation.Rotate, NewKey: text}, fresh)
	if err != nil {
		return fmt.Errorf("ask the hub for a charter for the new key: %w", err)
	}
	if err := replaceKey(n.path("node.key"), n.cfg.ID.String(), n.key, secret); err != nil {
		return err
	}
	if err := errors.Join(n.takeGranted(g), os.Remove(n.nextKeyFile())); err != nil {
		return err
	}
	for _, p := range []*pool{n.above, n.below} {
		if p != nil {
			p.trust(n.cfg.ID.String(), text)
		}
	}
	n.log.Info().Str("key", text).Msg("the node signs with a new key")
	ring(n.bells.announce)
	return nil
}

// nextKeyFile holds the next key from before it is asked for until it is used:
// if the hub's answer is lost, the hub knows the key already.
func (n *Node) nextKeyFile() string { return n.path("node.key.next") }

// nextKey reads the next key, or makes it.
func (n *Node) nextKey() (secret string, err error) {
	raw, err := os.ReadFile(n.nextKeyFile())
	if err == nil {
		return strings.TrimSpace(string(raw)), nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("read the next key: %w", err)
	}
	if secret, _, err = federation.GenerateKey(n.cfg.ID.String(), 0); err != nil {
		return "", err
	}
	if err := whole.WriteFile(n.nextKeyFile(), []byte(secret+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("keep the next key: %w", err)
	}
	return secret, nil
}

// sweep suspends the members whose own charter has run out or was taken back.
// One that is refused for a hub higher up stays: it is not at fault.
func (n *Node) sweep() {
	for _, m := range n.roster.all() {
		if m.State != Accepted || m.Hub != "" {
			continue
		}
		_, err := n.trust.charter(m.Node)
		r, refused := errors.AsType[*federation.RefusedError](err)
		if refused && r.Link == 0 && (r.Reason == federation.RefusedRevoked || r.Reason == federation.RefusedExpired) {
			n.trust.count(r.Reason)
			n.suspend(m.Node, federation.Shorten(r.Error(), maxWhy), nil)
		}
	}
}

// maxWhy is the longest public reason of a suspension, in bytes.
const maxWhy = 200

// told checks what a hub below says of a member of its own. In admission by
// charter it is believed only of its territory, and of a charter that holds.
func (n *Node) told(speaker string, m entry.Member) error {
	if n.cfg.Federation.Hub == nil || !n.cfg.Federation.Hub.ByCharter {
		return nil
	}
	hub, err := n.trust.charter(speaker)
	if err != nil || hub.Node == "" {
		return err // it was accepted by hand, with all it says
	}
	return n.trust.vouched(hub, m)
}

// vouched checks a member against the charter of the hub that tells of it.
func (t *trust) vouched(hub federation.Charter, m entry.Member) error {
	refuse := func(why federation.Refusal, format string, args ...any) error {
		return &federation.RefusedError{Reason: why, Node: m.Node, Err: fmt.Errorf(format, args...)}
	}
	if !contains(hub.Territory, m.Geozone) {
		return refuse(federation.RefusedTerritory, "%s tells of it, whose territory %s does not hold %s", hub.Node, hub.Territory, m.Geozone)
	}
	if m.Charter == "" {
		return nil // the hub accepted it by hand, inside its territory
	}
	c, err := federation.OpenCharter([]byte(m.Charter))
	switch {
	case err != nil:
		return refuse(federation.RefusedMalformed, "%w", err)
	case c.Node != m.Node || c.Key != m.Key:
		return refuse(federation.RefusedKey, "its charter is of another node or key")
	case m.State == Accepted && !c.Expires.Add(federation.Grace).After(t.n.now()):
		return refuse(federation.RefusedExpired, "its charter expired on %s", c.Expires.Format(time.DateOnly))
	}
	return nil
}
