package federation

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/mod/sumdb/note"

	"maillon/catalog/territory"
)

// Limits of a request.
const (
	MaxRequest    = 16 << 10        // bytes of the note
	RequestSkew   = 5 * time.Minute // how far the two clocks may differ
	NonceSize     = 16
	maxNonces     = 100_000
	replayedFor   = 2*RequestSkew + time.Minute // longer than a request can be valid
	noncesPerNode = 200
	requestKind   = "maillon/request/v1"
)

// Errors of [OpenRequest] and [Replays.See].
var (
	ErrAudience = errors.New("request is for another hub")
	ErrClock    = errors.New("request is from another time")
	ErrReplay   = errors.New("request was made before")
	ErrBusy     = errors.New("too many requests")
)

// Do is what a request asks for.
type Do string

// The requests.
const (
	Join    Do = "join"    // a charter for an invitation
	Present Do = "present" // admission on a charter that exists
	Renew   Do = "renew"   // a new charter, or a new pass, like the one there is
	Rotate  Do = "rotate"  // a new charter for another key
	Take    Do = "take"    // the reports that wait for it
)

// A Request is what a node asks of its hub. It is signed by the node's key,
// and to rotate by the new one too; it holds once, for minutes, at one hub.
type Request struct {
	Do    Do        `json:"do"`
	To    string    `json:"to"`   // node id of the hub
	Node  string    `json:"node"` // who asks
	Key   string    `json:"key"`  // verifier key that signs
	At    time.Time `json:"at"`   // UTC, whole seconds
	Nonce []byte    `json:"nonce"`

	Token     []byte `json:"token,omitempty"`     // join
	Level     string `json:"level,omitempty"`     // join
	Territory string `json:"territory,omitempty"` // join
	Name      string `json:"name,omitempty"`      // join
	Authority string `json:"authority,omitempty"` // join, renew, rotate: of a hub
	NewKey    string `json:"newKey,omitempty"`    // rotate: of the same name as Key
	Gossip    int    `json:"gossip,omitempty"`    // port to dial back, on the address that the request comes from; 0 for none
}

// SignRequest signs r with the node's key, and for [Rotate] with the new one.
func SignRequest(r Request, signers ...note.Signer) ([]byte, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	return writeNote(requestKind, r, signers...)
}

// OpenRequest reads a request and verifies form, signatures, audience (the
// reader's node id) and time. Whether Key is the node's, and whether the
// request is new, is the caller's to ask: [Replays].
func OpenRequest(raw []byte, audience string, now time.Time) (Request, error) {
	var r Request
	if err := readText(raw, requestKind, MaxRequest, &r); err != nil {
		return Request{}, err
	}
	if err := r.check(); err != nil {
		return Request{}, err
	}
	var keys []note.Verifier
	for _, text := range []string{r.Key, r.NewKey} {
		if text == "" {
			continue
		}
		v, err := canonicalVerifier(text)
		if err != nil {
			return Request{}, badNote("%w", err)
		}
		keys = append(keys, v)
	}
	if err := checkSignatures(raw, keys...); err != nil {
		return Request{}, err
	}
	if r.To != audience {
		return Request{}, fmt.Errorf("%w: it is for %s, this is %s", ErrAudience, r.To, audience)
	}
	if d := now.Sub(r.At); d > RequestSkew || d < -RequestSkew {
		return Request{}, fmt.Errorf("%w: it was made at %s, here it is %s: set the clock of one of the two (ntp)", ErrClock, stamp(r.At), stamp(now))
	}
	return r, nil
}

func (r Request) check() error {
	if _, err := territory.ParseNodeID(r.Node); err != nil {
		return badNote("%w", err)
	}
	if _, err := territory.ParseNodeID(r.To); err != nil {
		return badNote("to: %w", err)
	}
	node, _, err := ParseKeyName(keyName(r.Key))
	switch {
	case !slices.Contains([]Do{Join, Present, Renew, Rotate, Take}, r.Do):
		return badNote("do %q, want join, present, renew, rotate or take", cut(string(r.Do)))
	case err != nil || node != r.Node:
		return badNote("key %q is no key of %s", cut(r.Key), r.Node)
	case (r.NewKey != "") != (r.Do == Rotate):
		return badNote("rotate names a new key, and nothing else does")
	case r.NewKey != "" && (r.NewKey == r.Key || keyName(r.NewKey) != keyName(r.Key)):
		return badNote("the new key is named %q, want another key named %q", cut(keyName(r.NewKey)), keyName(r.Key))
	case !canonicalTime(r.At):
		return badNote("at must be UTC and whole seconds")
	case len(r.Nonce) != NonceSize:
		return badNote("nonce of %d bytes, want %d", len(r.Nonce), NonceSize)
	case r.Gossip < 0 || r.Gossip > 65535:
		return badNote("gossip %d is no port", r.Gossip)
	case r.Authority != "" && keyName(r.Authority) != AuthorityName(r.Node):
		return badNote("authority %q is no key named %s", cut(r.Authority), AuthorityName(r.Node))
	}
	return r.checkJoin()
}

// checkJoin checks what a node says of itself when it joins.
func (r Request) checkJoin() error {
	if r.Do != Join {
		if len(r.Token) > 0 {
			return badNote("only join carries a token")
		}
		return nil
	}
	if _, err := territory.ParseLevel(r.Level); err != nil {
		return badNote("%w", err)
	}
	switch {
	case len(r.Token) != TokenSize:
		return badNote("token of %d bytes, want %d", len(r.Token), TokenSize)
	case !isGeozone(r.Territory):
		return badNote("territory %q, want fr or fr:level:code", cut(r.Territory))
	case !isName(r.Name):
		return badNote("name %q, want 1 to %d bytes without control characters", cut(r.Name), MaxName)
	}
	return nil
}

// Replays remembers the requests of the last minutes. The zero value is ready.
// It is not safe for concurrent use. Show it only requests whose signer is
// known or invited, or strangers fill it.
type Replays struct {
	seen map[string]time.Time // node, nonce → when it may be forgotten
	by   map[string]int       // node → how many of seen
}

// See takes note of a request; a second one of the same node and nonce is an
// [ErrReplay], too many in those minutes an [ErrBusy].
func (p *Replays) See(r Request, now time.Time) error {
	key := r.Node + string(r.Nonce)
	if _, ok := p.seen[key]; ok {
		return fmt.Errorf("%w by %s: each needs a nonce of its own", ErrReplay, r.Node)
	}
	if len(p.seen) >= maxNonces || p.by[r.Node] >= noncesPerNode {
		p.forget(now)
	}
	if len(p.seen) >= maxNonces || p.by[r.Node] >= noncesPerNode {
		return fmt.Errorf("%w of %s in %s: try again later", ErrBusy, r.Node, replayedFor)
	}
	if p.seen == nil {
		p.seen, p.by = map[string]time.Time{}, map[string]int{}
	}
	p.seen[key] = now.Add(replayedFor)
	p.by[r.Node]++
	return nil
}

// forget drops what can no longer be valid.
func (p *Replays) forget(now time.Time) {
	for key, until := range p.seen {
		if until.After(now) {
			continue
		}
		delete(p.seen, key)
		node := key[:len(key)-NonceSize]
		if p.by[node]--; p.by[node] <= 0 {
			delete(p.by, node)
		}
	}
}
