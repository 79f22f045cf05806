// Package audit answers the question whether anything is missing: of each
// journal, is the newest head that its owner signed held by those who mirror
// it, are all heads that anyone shows one history, and does what became of
// its entries add up.
//
// A node answers for itself, by what it knows ([Integrity], with [Judge] as
// the rule). [Run] answers for anyone, against any node, and believes nothing
// but signatures: it reads the node's journal for the keys of its members,
// fetches each member's heads wherever they are served, and proves them
// consistent by tiles.
//
// Invariants:
//   - A verdict is never better than what was seen: an entry that a signed head
//     covers and a copy lacks is missing there, whatever the reason.
//   - Forked is only said with two signed heads that no one tree can have had.
package audit

import "time"

// Verdict says how it stands with a journal.
type Verdict string

// The verdicts, from the best to the worst.
const (
	OK          Verdict = "ok"          // every copy has what the newest signed head covers
	Behind      Verdict = "behind"      // a copy lacks entries, and is at it
	Unreachable Verdict = "unreachable" // a copy lacks entries, since the server of the journal does not answer
	Missing     Verdict = "missing"     // a copy lacks entries that were to be had, or that nobody serves
	Damaged     Verdict = "damaged"     // what a copy serves is not what was signed
	Forked      Verdict = "forked"      // its owner has signed two histories
)

// severity orders verdicts.
var severity = map[Verdict]int{OK: 0, Behind: 1, Unreachable: 2, Missing: 3, Damaged: 4, Forked: 5}

// Worse returns the worse of two verdicts.
func Worse(a, b Verdict) Verdict {
	if severity[b] > severity[a] {
		return b
	}
	return a
}

// Integrity is what a node says of the journals it knows: the body of
// /api/v1/audit/integrity.
type Integrity struct {
	Node     string          `json:"node"`
	Name     string          `json:"name"`
	URL      string          `json:"url"`
	At       time.Time       `json:"at"`
	OK       bool            `json:"ok"`              // every verdict is ok
	Above    *Level          `json:"above,omitempty"` // the hub above; absent at the top
	Verdicts map[Verdict]int `json:"verdicts"`        // how many journals have each
	Members  []Member        `json:"members"`         // this node's own journal first
}

// A Level is the hub above.
type Level struct {
	Node  string `json:"node"`
	URL   string `json:"url,omitempty"`   // absent while it is not known
	Error string `json:"error,omitempty"` // why it could not be asked
}

// A Member is one journal.
type Member struct {
	Node         string     `json:"node"`
	Epoch        int        `json:"epoch"`
	Name         string     `json:"name"`
	Level        string     `json:"level"`
	URL          string     `json:"url"`
	State        string     `json:"state"`         // self, accepted, suspended; hub for a hub above that is accused
	Hub          string     `json:"hub,omitempty"` // that admits it, if not this node
	Head         uint64     `json:"head"`          // entries under the newest signed head that is known here
	HeadAt       time.Time  `json:"headAt,omitzero"`
	Mirror       *uint64    `json:"mirror,omitempty"` // entries held here; absent if nothing is
	Above        *uint64    `json:"above,omitempty"`  // entries held by the hub above, as it says; absent if unknown
	Cosignatures []Cosigned `json:"cosignatures,omitempty"`
	Entries      *Account   `json:"entries,omitempty"` // what has become of those taken in; absent if none were
	Verdict      Verdict    `json:"verdict"`
	Missing      uint64     `json:"missing,omitempty"` // entries, of the copy that lacks most
	Reason       string     `json:"reason,omitempty"`  // for the operator, in English
	Evidence     []string   `json:"evidence,omitempty"`
}

// Cosigned is the newest cosignature by a witness that was seen of a journal.
type Cosigned struct {
	By   string    `json:"by"`   // name of its key
	Size uint64    `json:"size"` // entries of the head
	At   time.Time `json:"at"`
}

// An Account is what has become of a journal's entries: by operation they add
// up to Entries, the records by state to Puts. Files and records that were
// refused never became entries: the reports of the deposits have them.
type Account struct {
	Entries    uint64 `json:"entries"`
	Puts       uint64 `json:"puts"`
	Withdraws  uint64 `json:"withdraws"`
	Redacts    uint64 `json:"redacts"`
	Statements uint64 `json:"statements"`
	Unknown    uint64 `json:"unknown"`
	Conforming uint64 `json:"conforming"` // conforme
	ToCorrect  uint64 `json:"toCorrect"`  // à corriger
	Superseded uint64 `json:"superseded"` // another record of the same contract is shown
	Withdrawn  uint64 `json:"withdrawn"`
	Redacted   uint64 `json:"redacted"`
	Unread     uint64 `json:"unread"`
}

// Balanced reports whether the numbers add up.
func (a Account) Balanced() bool {
	return a.Puts+a.Withdraws+a.Redacts+a.Statements+a.Unknown == a.Entries &&
		a.Conforming+a.ToCorrect+a.Superseded+a.Withdrawn+a.Redacted+a.Unread == a.Puts
}

// Facts are what a node knows of one journal.
type Facts struct {
	Head      uint64  // newest signed head known
	Mirror    uint64  // entries held here
	Above     *uint64 // entries held above; nil if unknown
	Account   Account // of the entries held here
	Forked    bool    // there is evidence
	Suspended bool    // by the operator: it is not followed
	Fresh     bool    // the head has been known for a short time only
	Failed    bool    // the last try to follow went wrong
	Silent    bool    // … since nobody answered
}

// Judge gives the verdict on a journal, the entries that the copy lacks that
// lacks most, and the reason in English.
func Judge(f Facts) (v Verdict, missing uint64, reason string) {
	if f.Mirror < f.Head {
		missing = f.Head - f.Mirror
	}
	switch {
	case f.Forked:
		return Forked, missing, "two histories under one key"
	case missing > 0 && f.Suspended:
		return Behind, missing, "suspended: it is not followed"
	case missing > 0 && f.Failed && f.Silent:
		return Unreachable, missing, "its server does not answer, and the mirror here lacks entries"
	case missing > 0 && (f.Fresh || !f.Failed):
		return Behind, missing, "the mirror here is being brought up to the newest signed head"
	case missing > 0:
		return Missing, missing, "the mirror here lacks entries that were signed and announced"
	case f.Account.Entries < f.Mirror:
		return Behind, f.Mirror - f.Account.Entries, "the views here have not taken in all entries yet"
	case f.Account.Entries > f.Mirror || !f.Account.Balanced():
		return Missing, 0, "what has become of the entries does not add up: make the views anew (maillon rebuild)"
	case f.Above != nil && *f.Above < f.Head && f.Fresh:
		return Behind, f.Head - *f.Above, "the hub above is being brought up to the newest signed head"
	case f.Above != nil && *f.Above < f.Head:
		return Missing, f.Head - *f.Above, "the hub above lacks entries that were signed and announced"
	}
	return OK, 0, ""
}
