package federation

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"maillon/catalog/territory"
)

// Limits of a charter.
const (
	MaxCharter     = 128 << 10            // bytes of the note: a platform publishes for thousands
	MaxPublishes   = 5000                 // buyers
	MaxPast        = 8                    // replaced keys
	MaxCharterLife = 400 * 24 * time.Hour // from From to Expires: thirteen months
	Grace          = 24 * time.Hour       // a charter still holds that long after Expires
)

const charterKind = "maillon/charter/v1"

// Any in Publishes lets a node publish for every buyer.
const Any = "*"

// A Charter is the certificate by which an authority admits a node. Make it
// known with [Authority.Charter]; one that came from outside is only ever
// made by [OpenCharter], and is worth something once [Trust.VerifyChain] has
// found where it comes from.
type Charter struct {
	Serial    string    `json:"serial,omitempty"`    // 16 hexadecimal digits, the issuer's choice, never used twice
	Node      string    `json:"node"`                // node id
	Key       string    `json:"key"`                 // verifier key that the node signs with now
	Past      []PastKey `json:"past,omitempty"`      // keys that Key or Authority has replaced, oldest first
	Role      Role      `json:"role"`                // node, or hub if it may admit members
	Level     string    `json:"level"`               // a territory.Level
	Territory string    `json:"territory"`           // geozone; of an organisme, that of its seat
	Publishes []string  `json:"publishes,omitempty"` // SIRETs of buyers beside itself, or "*"; none: its own contracts only
	Authority string    `json:"authority,omitempty"` // hubs only: verifier key that signs the charters it gives
	From      time.Time `json:"from,omitzero"`       // UTC, whole seconds
	Expires   time.Time `json:"expires,omitzero"`    // UTC, whole seconds, at most MaxCharterLife after From
	// Root is the verifier key of the root that the issuer stands under, if
	// that is not the issuer: it is how a node that joins learns whom to trust.
	Root   string `json:"root,omitempty"`
	Issuer string `json:"issuer,omitempty"` // verifier key of the authority that signed it

	note []byte // the signed bytes, if it came from OpenCharter
}

// A PastKey is a key that was replaced: what it signed until then still counts.
type PastKey struct {
	Key   string    `json:"key"`
	Until time.Time `json:"until"` // UTC, whole seconds
}

// Note is the signed note as it came, byte for byte; nil for a charter that
// did not come from [OpenCharter]. It must not be changed.
func (c Charter) Note() []byte { return c.note }

// Verifiers lists the keys that the node has signed with under this charter
// and those before it, the present one first.
func (c Charter) Verifiers() []string {
	out := []string{c.Key}
	for _, p := range slices.Backward(c.Past) {
		if keyName(p.Key) == keyName(c.Key) {
			out = append(out, p.Key)
		}
	}
	return out
}

// RenewAt is when to ask for the next charter: after two thirds of its life.
func (c Charter) RenewAt() time.Time {
	return c.From.Add(c.Expires.Sub(c.From) * 2 / 3)
}

// mayIssue reports whether the hub of this charter signed with key something
// dated at. Its first authority signs nothing before the charter that names it.
func (c Charter) mayIssue(key string, at time.Time) bool {
	if c.Role != RoleHub {
		return false
	}
	return key == c.Authority || slices.ContainsFunc(c.Past, func(p PastKey) bool {
		return p.Key == key && keyName(key) == AuthorityName(c.Node) && !at.After(p.Until)
	})
}

// Charter signs c. The issuer is filled in, and what [OpenCharter] would
// refuse is refused here.
func (a *Authority) Charter(c Charter) ([]byte, error) {
	c.Issuer = a.text
	if err := c.check(); err != nil {
		return nil, fmt.Errorf("charter of %s: %w", cut(c.Node), err)
	}
	raw, err := writeNote(charterKind, c, a.signer)
	if err != nil {
		return nil, fmt.Errorf("sign charter of %s: %w", c.Node, err)
	}
	if _, err := OpenCharter(raw); err != nil {
		return nil, fmt.Errorf("sign charter of %s: %w", c.Node, err)
	}
	return raw, nil
}

// OpenCharter reads a charter and verifies it with the issuer's key that it
// carries. It says nothing about whether that issuer is to be believed.
func OpenCharter(raw []byte) (Charter, error) {
	var c Charter
	if err := readText(raw, charterKind, MaxCharter, &c); err != nil {
		return Charter{}, err
	}
	if err := c.check(); err != nil {
		return Charter{}, err
	}
	v, err := issuerVerifier(c.Issuer)
	if err != nil {
		return Charter{}, badNote("issuer: %w", err)
	}
	if err := checkSignatures(raw, v); err != nil {
		return Charter{}, err
	}
	c.note = slices.Clone(raw)
	return c, nil
}

// DraftCharter is the text of a charter that is not signed yet, for an
// authority that works on another machine. Members that only the signer
// knows may be empty.
func DraftCharter(c Charter) ([]byte, error) {
	text, err := noteText(charterKind, c)
	return []byte(text), err
}

// OpenDraft reads what [DraftCharter] writes. Its fields are not checked
// before [Authority.Charter] signs it.
func OpenDraft(text []byte) (Charter, error) {
	var c Charter
	err := readText(append(slices.Clip(text), '\n'), charterKind, MaxCharter, &c)
	return c, err
}

// check checks each field by itself, and those that bind each other.
func (c Charter) check() error {
	if _, err := territory.ParseNodeID(c.Node); err != nil {
		return badNote("%w", err)
	}
	if err := c.checkKeys(); err != nil {
		return err
	}
	if err := c.checkPlace(); err != nil {
		return err
	}
	switch {
	case !isSerial(c.Serial):
		return badNote("serial %q, want 16 hexadecimal digits", cut(c.Serial))
	case c.Role != RoleNode && c.Role != RoleHub:
		return badNote("role %q, want node or hub", cut(string(c.Role)))
	case !canonicalTime(c.From) || !canonicalTime(c.Expires):
		return badNote("from and expires must be UTC and whole seconds")
	case !c.Expires.After(c.From) || c.Expires.Sub(c.From) > MaxCharterLife:
		return badNote("expires %s is not within %d days after from %s", stamp(c.Expires), int(MaxCharterLife.Hours()/24), stamp(c.From))
	}
	if c.Root != "" && (CheckIssuer(c.Root) != nil || keyName(c.Root) != RootName) {
		return badNote("root %q is no key named %s", cut(c.Root), RootName)
	}
	return checkPublishes(c.Publishes)
}

func (c Charter) checkKeys() error {
	node, _, err := ParseKeyName(keyName(c.Key))
	if err != nil {
		return badNote("key: %w", err)
	}
	if _, err := canonicalVerifier(c.Key); err != nil {
		return badNote("key: %w", err)
	}
	switch {
	case node != c.Node:
		return badNote("key is of %s, the charter of %s", node, c.Node)
	case (c.Authority != "") != (c.Role == RoleHub):
		return badNote("a hub's charter names its authority key, and no other does")
	case len(c.Past) > MaxPast:
		return badNote("%d past keys, at most %d", len(c.Past), MaxPast)
	}
	if c.Authority != "" {
		if _, err := canonicalVerifier(c.Authority); err != nil || keyName(c.Authority) != AuthorityName(c.Node) {
			return badNote("authority %q is no key named %s", cut(c.Authority), AuthorityName(c.Node))
		}
	}
	for _, p := range c.Past {
		name := keyName(p.Key)
		_, err := canonicalVerifier(p.Key)
		switch {
		case err != nil:
			return badNote("past: %w", err)
		case name != keyName(c.Key) && (c.Authority == "" || name != AuthorityName(c.Node)):
			return badNote("past key is of %q, which is neither the key's name nor the authority's", cut(name))
		case p.Key == c.Key || p.Key == c.Authority:
			return badNote("a key is both present and past")
		case !canonicalTime(p.Until):
			return badNote("until must be UTC and whole seconds")
		}
	}
	return nil
}

// checkPlace checks that level and territory go together.
func (c Charter) checkPlace() error {
	if _, err := territory.ParseLevel(c.Level); err != nil {
		return badNote("%w", err)
	}
	if !isGeozone(c.Territory) {
		return badNote("territory %q, want fr or fr:level:code", cut(c.Territory))
	}
	if territory.Level(c.Level) != territory.Organisme && levelOf(c.Territory) != territory.Level(c.Level) {
		return badNote("level %s does not go with territory %s", c.Level, c.Territory)
	}
	return nil
}

// levelOf is the level that a geozone's form says.
func levelOf(geozone string) territory.Level {
	if geozone == "fr" {
		return territory.National
	}
	parts := strings.Split(geozone, ":")
	if len(parts) != 3 {
		return ""
	}
	return territory.Level(parts[1])
}

func checkPublishes(list []string) error {
	if len(list) > MaxPublishes {
		return badNote("publishes %d buyers, at most %d", len(list), MaxPublishes)
	}
	for i, s := range list {
		if !territory.IsSIRET(s) && (s != Any || len(list) > 1) {
			return badNote("publishes: %q is no SIRET", cut(s))
		}
		if i > 0 && list[i-1] >= s {
			return badNote("publishes is not sorted, or names a buyer twice")
		}
	}
	return nil
}

func isSerial(s string) bool {
	b, err := hex.DecodeString(s)
	return err == nil && len(b) == 8 && hex.EncodeToString(b) == s
}
