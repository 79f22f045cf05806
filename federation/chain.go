package federation

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"time"

	"maillon/catalog/territory"
)

// MaxChain is the greatest number of charters between a node and the root:
// nation, région, département, intercommunality, commune.
const MaxChain = 5

// A Refusal names why a node, a charter or an announcement is refused, in one
// word that is counted.
type Refusal string

// The refusals.
const (
	RefusedMalformed Refusal = "malformed"    // it is not what it says it is
	RefusedSignature Refusal = "signature"    // altered, or signed by another key
	RefusedRoot      Refusal = "unknown-root" // it leads to no root that is trusted here
	RefusedIssuer    Refusal = "issuer"       // who signed it is not who the next charter names
	RefusedDepth     Refusal = "depth"        // too many charters
	RefusedRole      Refusal = "role"         // its issuer may not admit such a node
	RefusedLevel     Refusal = "level"        // of a level that its issuer may not admit
	RefusedTerritory Refusal = "territory"    // outside its issuer's territory
	RefusedPublishes Refusal = "publishes"    // for a buyer that its issuer may not speak for
	RefusedFuture    Refusal = "future"       // not valid yet
	RefusedExpired   Refusal = "expired"      // no longer valid
	RefusedRevoked   Refusal = "revoked"      // taken back by an issuer
	RefusedStale     Refusal = "stale-list"   // nobody knows whether it was taken back: the list has expired
	RefusedKey       Refusal = "key"          // another key than the charter's
	RefusedClaim     Refusal = "claim"        // it says more of itself than its charter does
	RefusedReplay    Refusal = "replay"       // a request made twice
	RefusedClock     Refusal = "clock"        // a request from too early or too late
	RefusedSuspended Refusal = "suspended"    // by the hub's operator
	RefusedUnknown   Refusal = "unknown"      // nobody has admitted it
	RefusedInvite    Refusal = "invitation"   // used, expired, somebody else's or unknown
	RefusedTooMany   Refusal = "too-many"     // more than the limit
	RefusedHistory   Refusal = "two-histories"
)

// A RefusedError says which link of a chain is refused, why, and how to mend it.
type RefusedError struct {
	Reason Refusal
	Link   int    // 0 is the node's own charter, 1 its hub's…
	Node   string // node id of that link; "" if it could not be read
	Err    error  // what was found, and what to do
}

func (e *RefusedError) Error() string {
	who := "charter"
	if e.Node != "" {
		who += " of " + e.Node
	}
	return fmt.Sprintf("%s (link %d of its chain) refused, %s: %v", who, e.Link+1, e.Reason, e.Err)
}

func (e *RefusedError) Unwrap() error { return e.Err }

// A Trust is what a verifier goes by.
type Trust struct {
	Roots []string    // verifier keys of the national root
	Lists Revocations // what was taken back

	// Contains reports whether the geozone inner lies inside outer. It
	// answers false for what it does not know. nil contains nothing.
	Contains func(outer, inner string) bool
	// Seat gives the geozone of the public body of a SIRET, "" if it is
	// not one that stands for a territory. nil knows none.
	Seat func(siret string) string
}

// A Chain is a chain of charters that [Trust.VerifyChain] believes.
type Chain struct {
	Charters []Charter // the node's own, its hub's, … up to the one that a root signed
	// Warnings say, for people and in English, what will soon be refused: a
	// charter in its days of grace, a revocation list that has expired.
	Warnings []string
	// Stale: the revocation list of one of the issuers has expired. Members
	// stay; nobody new is admitted.
	Stale bool
}

// Charter is the node's own.
func (c Chain) Charter() Charter { return c.Charters[0] }

// Covers checks that a charter of somebody else would be within what the
// hub at the beginning of this chain may grant.
func (c Chain) Covers(t Trust, grant Charter) error { return t.within(c.Charters[0], grant, 0) }

// VerifyChain reads a chain: the node's charter first, then its hub's, up to
// one that a root has signed. Each must hold now, stay within what the next
// one may grant, and not be taken back. The error is a *[RefusedError].
func (t Trust) VerifyChain(notes [][]byte, now time.Time) (Chain, error) {
	if len(notes) == 0 || len(notes) > MaxChain {
		return Chain{}, &RefusedError{RefusedDepth, 0, "", fmt.Errorf("%d charters, want 1 to %d: present the node's own, its hub's, up to the one that the root signed", len(notes), MaxChain)}
	}
	var c Chain
	for i, raw := range notes {
		charter, err := OpenCharter(raw)
		if err != nil {
			return Chain{}, &RefusedError{reasonOf(err), i, "", fmt.Errorf("%w: fetch it anew from the hub that issued it", err)}
		}
		c.Charters = append(c.Charters, charter)
	}
	for i := range c.Charters {
		if err := t.link(&c, i, now); err != nil {
			return Chain{}, err
		}
	}
	return c, nil
}

// reasonOf tells a bad signature from a bad form.
func reasonOf(err error) Refusal {
	if errors.Is(err, ErrBadSignature) {
		return RefusedSignature
	}
	return RefusedMalformed
}

// link checks one charter against the next, against time and against every
// list of the issuers above it.
func (t Trust) link(c *Chain, i int, now time.Time) error {
	own := c.Charters[i]
	last := i == len(c.Charters)-1
	switch {
	case last && !slices.Contains(t.Roots, own.Issuer):
		return &RefusedError{RefusedRoot, i, own.Node, fmt.Errorf("it is signed by %s, which is no root trusted here: add the missing charters, or the root to federation.roots", cut(own.Issuer))}
	case !last && slices.Contains(t.Roots, own.Issuer):
		return &RefusedError{RefusedDepth, i, own.Node, fmt.Errorf("a root has signed it, yet charters follow: present the chain up to it only")}
	case !last:
		next := c.Charters[i+1]
		if !next.mayIssue(own.Issuer, own.From) {
			return &RefusedError{RefusedIssuer, i, own.Node, fmt.Errorf("it is signed by %s, which the charter of %s does not name as its authority at that time: ask that hub for a new one", cut(own.Issuer), next.Node)}
		}
		if err := t.within(next, own, i); err != nil {
			return err
		}
	}
	if err := timely(c, i, now); err != nil {
		return err
	}
	return t.revoked(c, i, now)
}

// timely checks the validity of one charter, with an hour for clocks and a
// day of grace.
func timely(c *Chain, i int, now time.Time) error {
	own := c.Charters[i]
	switch {
	case own.From.After(now.Add(MaxSkew)):
		return &RefusedError{RefusedFuture, i, own.Node, fmt.Errorf("it holds from %s, here it is %s: set the clock of one of the two", stamp(own.From), stamp(now))}
	case !own.Expires.Add(Grace).After(now):
		return &RefusedError{RefusedExpired, i, own.Node, fmt.Errorf("it expired on %s, here it is %s: its node must renew it (it does so by itself while its hub answers), or be invited anew", stamp(own.Expires), stamp(now))}
	case !own.Expires.After(now):
		c.Warnings = append(c.Warnings, fmt.Sprintf("the charter of %s expired on %s and is refused from %s on", own.Node, stamp(own.Expires), stamp(own.Expires.Add(Grace))))
	}
	return nil
}

// within checks that the charter own is one that hub may give.
func (t Trust) within(hub, own Charter, i int) error {
	refuse := func(why Refusal, format string, args ...any) error {
		return &RefusedError{why, i, own.Node, fmt.Errorf(format, args...)}
	}
	contains := func(zone string) bool { return t.Contains != nil && t.Contains(hub.Territory, zone) }
	above, below := rank(hub.Level), rank(own.Level)
	switch {
	case hub.Role != RoleHub:
		return refuse(RefusedRole, "%s is no hub: it admits nobody", hub.Node)
	case hub.Node == own.Node:
		return refuse(RefusedIssuer, "a hub may not vouch for itself: the level above issues its charter")
	case own.Role == RoleHub && below >= above:
		return refuse(RefusedLevel, "a hub of level %s may not make a hub of level %s, only one of a lower level: the level above issues that charter", hub.Level, own.Level)
	case below > above:
		return refuse(RefusedLevel, "a hub of level %s may not admit a node of level %s: the level above issues that charter", hub.Level, own.Level)
	case !contains(own.Territory):
		return refuse(RefusedTerritory, "%s does not lie inside %s, the territory of %s, as the geographic code here has it: ask the hub of that territory", own.Territory, hub.Territory, hub.Node)
	case t.seat(own.Node[:14]) != "" && !contains(t.seat(own.Node[:14])):
		return refuse(RefusedTerritory, "the body of %s is that of %s, outside %s: ask the hub of that territory", own.Node, t.seat(own.Node[:14]), hub.Territory)
	}
	for _, siret := range own.Publishes {
		switch zone := t.seat(siret); {
		case siret == Any && hub.Level != string(territory.National):
			return refuse(RefusedPublishes, "only the national level may let a node publish for every buyer: list them")
		case siret != Any && zone != "" && !contains(zone):
			return refuse(RefusedPublishes, "buyer %s is that of %s, outside %s: ask the hub of that territory", siret, zone, hub.Territory)
		}
	}
	return nil
}

func (t Trust) seat(siret string) string {
	if t.Seat == nil || siret == Any {
		return ""
	}
	return t.Seat(siret)
}

// rank orders the levels. An organisme is below every territory.
func rank(level string) int {
	return slices.Index([]territory.Level{territory.Organisme, territory.Commune, territory.EPCI, territory.Departement, territory.Region, territory.National}, territory.Level(level))
}

// revoked asks the lists of the issuers of charter i and of all above it,
// and notes which of them have expired.
func (t Trust) revoked(c *Chain, i int, now time.Time) error {
	own := c.Charters[i]
	for k := i; k < len(c.Charters); k++ {
		list, ok := t.listFor(c, k)
		if !ok {
			continue
		}
		if e, is := list.takesBack(own); is {
			return &RefusedError{RefusedRevoked, i, own.Node, fmt.Errorf("%s took it back on %s (%s): ask that authority; a new invitation is needed", keyName(list.Issuer), stamp(e.At), e.Reason)}
		}
		if k == i && !list.Expires.After(now) {
			c.Stale = true
			c.Warnings = append(c.Warnings, fmt.Sprintf("the revocation list of %s expired on %s: nobody new is admitted through it until it is renewed", keyName(list.Issuer), stamp(list.Expires)))
		}
	}
	return nil
}

// listFor finds the newest list that whoever issued charter k may have made.
func (t Trust) listFor(c *Chain, k int) (RevocationList, bool) {
	keys := t.Roots
	if k < len(c.Charters)-1 {
		keys = []string{c.Charters[k+1].Authority}
		for _, p := range c.Charters[k+1].Past {
			keys = append(keys, p.Key)
		}
	}
	var best RevocationList
	found := false
	for _, key := range keys {
		l, ok := t.Lists.Get(key)
		if !ok || k < len(c.Charters)-1 && !c.Charters[k+1].mayIssue(key, l.At) {
			continue
		}
		if !found || l.replaces(best) {
			best, found = l, true
		}
	}
	return best, found
}

// JoinChain writes a chain as one text, the charters one after the other.
func JoinChain(notes [][]byte) []byte { return bytes.Join(notes, nil) }

// SplitChain reads what [JoinChain] writes. Nothing is verified.
func SplitChain(text []byte) ([][]byte, error) {
	if len(text) > MaxChain*MaxCharter {
		return nil, badNote("%d bytes, at most %d", len(text), MaxChain*MaxCharter)
	}
	notes, err := SplitNotes(text, MaxChain)
	if err == nil && slices.ContainsFunc(notes, func(n []byte) bool { return !IsCharter(n) }) {
		return nil, badNote("a chain holds charters only")
	}
	return notes, err
}

// SplitNotes parts charters, revocation lists and drafts of them that stand
// one after the other, at most most of them: each begins with its kind, a line
// that no other place of it can hold. Nothing is verified.
func SplitNotes(text []byte, most int) ([][]byte, error) {
	var notes [][]byte
	for len(text) > 0 {
		if !startsNote(text) {
			return nil, badNote("it does not begin with the line %s", charterKind)
		}
		if len(notes) == most {
			return nil, badNote("more than %d notes", most)
		}
		end := 0
		for {
			next := bytes.IndexByte(text[end:], '\n')
			if next < 0 {
				end = len(text)
				break
			}
			end += next + 1
			if startsNote(text[end:]) {
				break
			}
		}
		notes = append(notes, bytes.Clone(text[:end]))
		text = text[end:]
	}
	if len(notes) == 0 {
		return nil, badNote("it is empty")
	}
	return notes, nil
}

func startsNote(text []byte) bool { return IsCharter(text) || IsRevocations(text) }

// IsCharter reports whether a text begins as a charter does.
func IsCharter(text []byte) bool { return bytes.HasPrefix(text, []byte(charterKind+"\n")) }

// IsRevocations reports whether a text begins as a revocation list does.
func IsRevocations(text []byte) bool { return bytes.HasPrefix(text, []byte(revocationKind+"\n")) }
