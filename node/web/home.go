package web

import (
	"time"

	"maillon/catalog/texts"
)

// HomePage is the node's own page: what it is, what it received and
// published, and how far that has climbed.
type HomePage struct {
	Key      string   // of the journal's signatures, as others must read it
	Hub      *NodeRow // nil for a node at the top, or alone
	Members  []NodeRow
	Deposits []DepositRow // the newest first
	Datasets []DatasetRow
	Climb    []ClimbRow // the nearest level first
	Totals   Totals
	CanSign  bool   // the node takes deposits
	Notice   string // for everyone, above the rest, in the page's language
}

// A NodeRow is one node as this one knows it.
type NodeRow struct {
	ID, Name, Level, Territory string
	State                      string // accepted, pending, suspended, self or hub
	URL, Catalog, Contact      string
	Reason, Error              string // why it is in its state; what the last exchange met
	Announced, Mirrored        uint64 // entries it says it has, entries held here
	Seen                       time.Time
	Publishes                  []string // SIRET of the buyers it publishes
}

// A DepositRow is one deposit in a list.
type DepositRow struct {
	ID, Name, Series                                  string
	Outcome                                           string // accepted, unchanged or rejected
	At                                                time.Time
	Records, Conforming, ToCorrect, Refused, Appended int
}

// A DatasetRow is one dataset of the catalogue, with its files.
type DatasetRow struct {
	ID, Title, Buyer, BuyerName, Year string
	Records, Conforming               int
	Modified                          time.Time
	Files                             []FileRow
}

// A FileRow is one file to download.
type FileRow struct {
	Label, Format, URL string
	Size               int64 // bytes; 0 if not known
}

// A ClimbRow is how much of this node's journal another node holds.
type ClimbRow struct {
	Node, Name, Level, URL string
	Size, Of               uint64 // entries held there, entries of this node's journal
	At                     time.Time
}

// Whole reports whether nothing is left to climb.
func (c ClimbRow) Whole() bool { return c.Of > 0 && c.Size >= c.Of }

// Totals count the contracts that this node shows.
type Totals struct {
	Contracts, Conforming, ToCorrect, Withdrawn, Redacted int
}

func (HomePage) name() string { return "home" }

func (HomePage) title(lang texts.Lang) string { return texts.T(lang, "web.home.title") }
