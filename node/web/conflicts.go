package web

import (
	"time"

	"maillon/catalog/texts"
)

// ConflictsPage lists where sources contradict each other.
type ConflictsPage struct {
	Total       int
	Kind, State string // filters
	Items       []ConflictRow
	Next, First string
	JSON        string
}

// ConflictRow is one thing that an operator may settle: a contract whose sources
// differ, or several contracts.
type ConflictRow struct {
	ID        string // of its form on the page
	Kind      string // sources, collision or duplicates
	Settled   bool
	Title     string
	Buyer     string
	BuyerName string
	Sides     []ConflictSide // the first is shown, and the others are compared with it
	Decisions []DecisionRow

	Addresses []string // of its contracts
	Seen      string   // key of the data that the page shows
}

// ConflictSide is what one source says.
type ConflictSide struct {
	VersionRow
	URL   string // of its contract
	Title string
	ID    string
	Hash  string // of the record
}

// DecisionRow is what an operator decided.
type DecisionRow struct {
	Key, What, Reason string
	Speaker, Name     string // node whose journal states it
	By                string // role
	At                time.Time
	Holds, Void       bool
	Mine              bool // this node's: it can be taken back here
}

func (ConflictsPage) name() string { return "conflicts" }

func (ConflictsPage) title(lang texts.Lang) string { return texts.T(lang, "web.conflicts.title") }

// Kinds lists the filter's choices.
func (p ConflictsPage) Kinds() []option { return choices(p.Kind, "sources", "collision", "duplicates") }

// States lists the filter's choices.
func (p ConflictsPage) States() []option { return choices(p.State, "open", "settled") }

// DeskConflictsPage is where an operator settles them.
type DeskConflictsPage struct {
	Desk
	ConflictsPage
	May bool // the operator may decide
}

func (DeskConflictsPage) name() string { return "desk-conflicts" }

func (DeskConflictsPage) title(lang texts.Lang) string { return texts.T(lang, "desk.conflicts.title") }
