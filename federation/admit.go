package federation

import (
	"errors"
	"fmt"
)

// Mode says what a hub does with a node it does not know.
type Mode string

// The modes. The zero value is ModeManual.
const (
	ModeManual Mode = ""     // it waits for the hub's operator
	ModeOpen   Mode = "open" // it is accepted if it says it lies inside the hub's territory: for demonstrations
	// ModeCharter: it is accepted if it has a charter that a root's chain
	// leads to, and is what that charter says.
	ModeCharter Mode = "charter"
)

// Verdict is what a hub decides on an announcement.
type Verdict string

// The verdicts.
const (
	Accepted Verdict = "accepted"
	Pending  Verdict = "pending" // listed, not followed, until the hub's operator accepts it
	Refused  Verdict = "refused" // not kept, not told to others
	Limited  Verdict = "limited" // not kept now: its signer has announced too much in a short time
)

// A Decision is the answer to an announcement.
type Decision struct {
	Status Verdict `json:"status"`
	Reason string  `json:"reason,omitempty"` // for people, in English; "" if accepted
	Why    Refusal `json:"-"`                // what to count a refusal under
}

// Known is what a hub has decided about a node before.
type Known struct {
	Key       string // verifier key text that was accepted
	Suspended bool
}

// A Policy is how a hub admits.
type Policy struct {
	Mode      Mode
	Territory string           // geozone of the hub
	Known     map[string]Known // by node id

	// Contains reports whether the geozone inner lies inside outer. It
	// answers false for what it does not know. nil contains nothing.
	Contains func(outer, inner string) bool

	// Charter gives the charter of a node that is known, if its chain holds
	// now, else why not: a *[RefusedError]. A node that was accepted by hand
	// has the zero Charter. Asked in [ModeCharter] only.
	Charter func(node string) (Charter, error)
}

// Admit decides on an announcement that came from [Open]. Accepting a node is
// accepting its key: another key under its id is refused until the operator
// accepts that one.
func Admit(p Policy, a Announcement) Decision {
	k, known := p.Known[a.Node]
	refuse := func(why Refusal, format string, args ...any) Decision {
		return Decision{Refused, fmt.Sprintf(format, args...), why}
	}
	switch {
	case known && k.Suspended:
		return refuse(RefusedSuspended, "%s is suspended here: ask the hub's operator why", a.Node)
	case known && k.Key != a.Key:
		return refuse(RefusedKey, "%s is known here under another key: if it was made anew, the hub's operator must accept the new one", a.Node)
	case known && p.Mode == ModeCharter && p.Charter != nil:
		return p.byCharter(a)
	case known:
		return Decision{Status: Accepted}
	case a.Status == Gone:
		return refuse(RefusedUnknown, "%s is gone, and was never a member here", a.Node)
	case p.Mode == ModeCharter:
		return Decision{Pending, fmt.Sprintf("%s has shown no charter here: it needs an invitation of this hub (maillon join maillon1_…), or the hub's operator must accept it (maillon members accept %s)", a.Node, a.Node), ""}
	case p.Mode != ModeOpen:
		return Decision{Pending, fmt.Sprintf("%s is not known here yet: the hub's operator must accept it (maillon members accept %s)", a.Node, a.Node), ""}
	case p.Contains == nil || !p.Contains(p.Territory, a.Geozone):
		return Decision{Pending, fmt.Sprintf("%s says it lies in %s, which is not inside %s: the hub's operator must accept it (maillon members accept %s)", a.Node, a.Geozone, p.Territory, a.Node), ""}
	}
	return Decision{Status: Accepted}
}

// byCharter decides on a member that has a charter, or was accepted by hand.
func (p Policy) byCharter(a Announcement) Decision {
	c, err := p.Charter(a.Node)
	if err == nil && c.Node != "" {
		err = c.Claims(a)
	}
	if err == nil {
		return Decision{Status: Accepted}
	}
	why := RefusedMalformed
	if r, ok := errors.AsType[*RefusedError](err); ok {
		why = r.Reason
	}
	return Decision{Refused, err.Error(), why}
}

// Claims checks that a node says no more of itself than its charter does.
func (c Charter) Claims(a Announcement) error {
	refuse := func(why Refusal, format string, args ...any) error {
		return &RefusedError{why, 0, c.Node, fmt.Errorf(format, args...)}
	}
	switch {
	case a.Node != c.Node || a.Key != c.Key:
		return refuse(RefusedKey, "an announcement under another key than the charter's: a charter serves its own key alone")
	case a.Level != c.Level || a.Geozone != c.Territory:
		return refuse(RefusedClaim, "it announces %s of level %s, its charter says %s of level %s: mend node.level and node.territory, or ask for another charter", a.Geozone, a.Level, c.Territory, c.Level)
	case a.Role == RoleHub && c.Role != RoleHub:
		return refuse(RefusedRole, "it announces itself as a hub, its charter makes it a member only: ask the hub for an invitation as a hub")
	}
	return nil
}
