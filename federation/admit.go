package federation

import "fmt"

// Mode says what a hub does with a node it does not know.
type Mode string

// The modes. The zero value is ModeManual.
const (
	ModeManual Mode = ""     // it waits for the hub's operator
	ModeOpen   Mode = "open" // it is accepted if it says it lies inside the hub's territory: for demonstrations
)

// Verdict is what a hub decides on an announcement.
type Verdict string

// The verdicts.
const (
	Accepted Verdict = "accepted"
	Pending  Verdict = "pending" // listed, not followed, until the hub's operator accepts it
	Refused  Verdict = "refused" // not kept, not told to others
)

// A Decision is the answer to an announcement.
type Decision struct {
	Status Verdict `json:"status"`
	Reason string  `json:"reason,omitempty"` // for people, in English; "" if accepted
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
}

// Admit decides on an announcement that came from [Open]. Accepting a node is
// accepting its key: another key under its id is refused until the operator
// accepts that one.
func Admit(p Policy, a Announcement) Decision {
	k, known := p.Known[a.Node]
	switch {
	case known && k.Suspended:
		return Decision{Refused, fmt.Sprintf("%s is suspended here: ask the hub's operator why", a.Node)}
	case known && k.Key != a.Key:
		return Decision{Refused, fmt.Sprintf("%s is known here under another key: if it was made anew, the hub's operator must accept the new one", a.Node)}
	case known:
		return Decision{Status: Accepted}
	case a.Status == Gone:
		return Decision{Refused, fmt.Sprintf("%s is gone, and was never a member here", a.Node)}
	case p.Mode != ModeOpen:
		return Decision{Pending, fmt.Sprintf("%s is not known here yet: the hub's operator must accept it (maillon members accept %s)", a.Node, a.Node)}
	case p.Contains == nil || !p.Contains(p.Territory, a.Geozone):
		return Decision{Pending, fmt.Sprintf("%s says it lies in %s, which is not inside %s: the hub's operator must accept it (maillon members accept %s)", a.Node, a.Geozone, p.Territory, a.Node)}
	}
	return Decision{Status: Accepted}
}
