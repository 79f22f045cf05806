package web

import (
	"time"

	"maillon/catalog/texts"
)

// ReportForm is where anyone says what is wrong with a contract.
type ReportForm struct {
	Action string // where it goes
	Stamp  string // proves that the page was opened before
	Error  string // why it was not taken
	Topic  string // what was chosen and typed, if it was not taken
	Text   string
	Mail   string
}

// Topics lists what a report can be about.
func (f ReportForm) Topics() []option {
	return choices(f.Topic, "wrong", "duplicate", "missing", "person", "other")
}

// ReportRow is one report with what became of it.
type ReportRow struct {
	ID, URL       string
	Contract      string // address
	ContractURL   string
	Topic, State  string
	Made, Changed time.Time
	Node          string // the buyer's, which answers
	NodeName      string
	Answer        string
	RecordURL     string // of the record that corrects
	Text          string // published, or read by an operator of the buyer's node
	Mail          string // read by an operator only
	Late          bool   // nobody has answered for a month
	Error         string // of the last try to hand it on
	Answerable    bool   // here, by who reads this
}

// ReportPage is one report, for whoever made it.
type ReportPage struct {
	ReportRow
	Thanks bool // it was just made
}

func (ReportPage) name() string { return "report" }

func (ReportPage) title(lang texts.Lang) string { return texts.T(lang, "web.report.title") }

// ReportsPage lists reports. An agent who is logged in answers those for this node.
type ReportsPage struct {
	Total       int
	State       string // filter
	Items       []ReportRow
	Next, First string
	JSON        string
	Agent       bool
	CSRF        string // of the agent's session
	Path        string // where answers go, before the id
	Said, Error string
}

func (ReportsPage) name() string { return "reports" }

func (ReportsPage) title(lang texts.Lang) string { return texts.T(lang, "web.reports.title") }

// States lists the filter's choices.
func (p ReportsPage) States() []option {
	return choices(p.State, "waiting", "received", "answered", "corrected", "rejected")
}

// DeskReportsPage is the reports as a hub's operators see them.
type DeskReportsPage struct {
	Desk
	Reports ReportsPage
}

func (DeskReportsPage) name() string { return "desk-reports" }

func (DeskReportsPage) title(lang texts.Lang) string { return texts.T(lang, "desk.reports.title") }
