// Package audit tells of a territory who may have to publish contracts and who
// does, what stands in the way, and how good and how prompt the data is.
//
// The law asks every public buyer to publish its contracts from 40,000 € net.
// Which bodies have such contracts is known only once they publish: a body of
// the geographic code of which nothing is known *may have to* publish, and the
// audit says no more than that.
//
// [Measure] gathers what contracts say; measures add up, in any order, to the
// same. [Compile] joins the geographic code, nodes, buyers and foreign
// catalogues into a [Report], and [LetterOf] says to one body what is well and
// what to mend. All of them are pure: time and facts are arguments. Each figure
// is defined in docs/decisions/0065-audit.md.
//
// The package keeps nothing and asks nobody (node/auditor does).
package audit

import (
	"time"

	"maillon/catalog/territory"
)

// A State says how a body's contracts come to be published, as far as is known.
type State string

// The states, from the best to the least known. A body that publishes in
// several ways has the first of them.
const (
	Own       State = "own"       // by its own node
	Other     State = "other"     // by the node of another body
	Harvested State = "harvested" // by a foreign catalogue or file that a node reads
	Idle      State = "idle"      // it has a node or a catalogue, and no contract is known
	Unknown   State = "unknown"   // nothing is known of it
)

// States lists the states in their order.
func States() []State { return []State{Own, Other, Harvested, Idle, Unknown} }

// Publishes reports whether data of the body is published in some way.
func (s State) Publishes() bool { return s == Own || s == Other || s == Harvested }

// A DCAT says where a body's DCAT catalogue is.
type DCAT string

// The places of a catalogue, the best first.
const (
	DCATOwn    DCAT = "own"    // on its own node, or in a foreign catalogue under its name
	DCATHosted DCAT = "hosted" // on the node that publishes for it
	DCATNone   DCAT = "none"
)

// An Obstacle is something that stands between a body's data and its readers.
type Obstacle string

// The obstacles.
const (
	Suspended      Obstacle = "suspended"       // its hub has suspended its node
	Pending        Obstacle = "pending"         // its node waits for a decision of its hub
	Unreachable    Obstacle = "unreachable"     // the last try to follow its node failed
	CharterExpired Obstacle = "charter-expired" // the charter of its node is past its day
	SourceFailing  Obstacle = "source-failing"  // the foreign catalogue it is read from did not answer
	NoContact      Obstacle = "no-contact"      // its node names nobody to write to
	OnlyToCorrect  Obstacle = "only-to-correct" // it has contracts, none of which conforms
)

// Obstacles lists the obstacles in their order.
func Obstacles() []Obstacle {
	return []Obstacle{Suspended, Pending, Unreachable, CharterExpired, SourceFailing, NoContact, OnlyToCorrect}
}

// SilentAfter is the time without anything new after which a body that
// publishes counts as silent: six months.
const SilentAfter = 183 * 24 * time.Hour

// A Node is what is known of a node of the federation.
type Node struct {
	ID      string    `json:"id"` // node id
	Name    string    `json:"name,omitempty"`
	Level   string    `json:"level,omitempty"`
	Geozone string    `json:"geozone,omitempty"` // of an organisme, that of its seat
	State   string    `json:"state"`             // self, accepted, pending, suspended
	Hub     string    `json:"hub,omitempty"`     // node id of the hub that admits it
	URL     string    `json:"url,omitempty"`
	Catalog string    `json:"catalog,omitempty"` // of its DCAT catalogue
	Contact string    `json:"contact,omitempty"`
	Seen    time.Time `json:"seen,omitzero"`
	Error   string    `json:"error,omitempty"`   // of the last try to follow it
	Reason  string    `json:"reason,omitempty"`  // why it is suspended
	Expires time.Time `json:"expires,omitzero"`  // of its charter; zero if it has none
	Content uint64    `json:"entries,omitempty"` // entries of its journal held here
}

// A Buyer is a buyer met in contracts.
type Buyer struct {
	ID   string // SIRET, as its contracts write it
	Name string // as its contracts write it; ""
	// By are the nodes in whose journals its contracts stand: true if all of
	// them were harvested there from a foreign catalogue.
	By      map[string]bool
	Last    time.Time // receipt of the newest record
	Measure *Measure  // not changed; nil is nothing
}

// A Foreign is a body named as publisher by a foreign catalogue.
type Foreign struct {
	SIRET    string
	Name     string
	Source   string // address of the catalogue
	Error    string // of the last visit; "" if it answered
	Datasets int
	Last     time.Time // when one of its datasets last changed
}

// An Input is all that an audit is made of.
type Input struct {
	Territory territory.Geozone // zero: nothing of the geographic code
	Self      string            // node id of the node that audits
	Now       time.Time
	Nodes     []Node
	Buyers    []Buyer
	Foreign   []Foreign
	Reports   []Unanswered
}

// Unanswered are the errors that people reported of a buyer's contracts, to which nothing
// was answered yet.
type Unanswered struct {
	Buyer  string // SIRET
	N      int
	Oldest time.Time // when the oldest of them was made
}
