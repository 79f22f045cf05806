package audit

import (
	"slices"
	"time"
)

// A Report is what [Run] found.
type Report struct {
	Node string    `json:"node"` // that was asked
	Name string    `json:"name"`
	URL  string    `json:"url"`
	Key  string    `json:"key"` // the verifier key from which all others follow
	At   time.Time `json:"at"`
	Deep bool      `json:"deep"`
	OK   bool      `json:"ok"`
	Rows []Row     `json:"journals"`
}

// A Row is one journal.
type Row struct {
	Node    string   `json:"node"`
	Epoch   int      `json:"epoch"`
	Name    string   `json:"name"`
	Level   string   `json:"level"`
	State   string   `json:"state"`
	Head    uint64   `json:"head"` // entries under the newest signed head seen anywhere
	Copies  []Copy   `json:"copies"`
	Entries *Account `json:"entries,omitempty"`
	Verdict Verdict  `json:"verdict"`
	Missing uint64   `json:"missing,omitempty"` // entries, of the copy that lacks most
	Reasons []Reason `json:"reasons,omitempty"`
	// Evidence is two signed heads of which no journal can have had both.
	Evidence []string `json:"evidence,omitempty"`
}

// Places where copies are.
const (
	Owner = "owner" // the journal's own node
	Here  = "here"  // the node that was asked
	Hub   = "hub"   // the hub that admits its owner
	Above = "above" // the hub above the node that was asked
)

// A Copy is a journal as one node serves it.
type Copy struct {
	At       []string `json:"at"` // places: one node can be several
	URL      string   `json:"url"`
	Size     uint64   `json:"size"`
	Cosigned []string `json:"cosigned,omitempty"` // names of the keys
	Read     uint64   `json:"read,omitempty"`     // entries read and hashed
	Error    string   `json:"error,omitempty"`    // why there is no head of it
	Silent   bool     `json:"silent,omitempty"`   // nobody answers there
}

// at reports whether the copy is at a place.
func (c Copy) at(place string) bool { return slices.Contains(c.At, place) }

// At finds the copy at a place.
func (r Row) At(place string) (Copy, bool) {
	i := slices.IndexFunc(r.Copies, func(c Copy) bool { return c.at(place) })
	if i < 0 {
		return Copy{}, false
	}
	return r.Copies[i], true
}

// Codes of reasons.
const (
	LacksEntries = "lacks"      // the copy at Where lacks Count entries
	NoAnswer     = "no-answer"  // nobody answers at Where
	Failing      = "failing"    // at Where something else is answered: Detail
	OnlyHeads    = "only-heads" // a signed head is known that no copy serves: Count entries
	TwoHeads     = "two-heads"  // two signed heads do not agree
	Accused      = "accused"    // the node that was asked holds evidence: Detail
	NotSigned    = "not-signed" // what is served at Where is not what was signed: Detail
	NoAccount    = "no-account" // the node has not said what has become of Count entries
	Unbalanced   = "unbalanced" // what it says does not add up: Detail
)

// A Reason says what is wrong. Its text is made by whoever shows it.
type Reason struct {
	Code   string `json:"code"`
	Where  string `json:"where,omitempty"` // a place
	Count  uint64 `json:"count,omitempty"`
	Detail string `json:"detail,omitempty"`
}

// blame makes the row's verdict at least as bad as v, for a reason.
func (r *Row) blame(v Verdict, why Reason) {
	r.Verdict = Worse(r.Verdict, v)
	r.Reasons = append(r.Reasons, why)
	if v != OK {
		r.Missing = max(r.Missing, why.Count)
	}
}

// Fatal reports whether a verdict means that something is lost or false.
func (v Verdict) Fatal() bool { return severity[v] >= severity[Missing] }
