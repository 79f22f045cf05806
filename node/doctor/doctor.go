// Package doctor judges whether a node is well. Others gather facts, on the running
// node or on the data of one that is stopped; [Examine] makes findings of them, in a
// fixed order, each fine, to watch or wrong, with the command that mends it. Nothing
// here reads a file, a clock or a network: the same facts give the same findings to
// the command line and to the page.
package doctor

import (
	"time"

	"maillon/catalog/texts"
)

// A Grade says how it stands with one thing.
type Grade string

// The grades.
const (
	Fine  Grade = "fine"
	Watch Grade = "watch"
	Wrong Grade = "wrong"
)

// A Finding is one line of the diagnosis.
type Finding struct {
	Check string `json:"check"` // what was looked at; stable
	Grade Grade  `json:"grade"`
	Case  string `json:"case"` // which of its findings; with Check the key of the text
	Args  []any  `json:"args,omitempty"`
	Mend  string `json:"mend,omitempty"` // the command that mends it
}

// Text is the finding in words.
func (f Finding) Text(lang texts.Lang) string {
	args := make([]any, len(f.Args))
	for i, a := range f.Args {
		args[i] = a
		if t, ok := a.(time.Time); ok {
			args[i] = t.UTC().Format("2006-01-02 15:04") + " UTC"
		}
		if d, ok := a.(time.Duration); ok {
			args[i] = Span(lang, d)
		}
	}
	return texts.T(lang, "doctor."+f.Check+"."+f.Case, args...)
}

// Name is what was looked at, in words.
func (f Finding) Name(lang texts.Lang) string { return texts.T(lang, "doctor."+f.Check) }

// Span is a duration as people say it: in days, hours, minutes or seconds.
func Span(lang texts.Lang, d time.Duration) string {
	d = max(d, -d)
	for _, u := range []struct {
		key  string
		unit time.Duration
	}{{"day", 24 * time.Hour}, {"hour", time.Hour}, {"minute", time.Minute}} {
		if d >= 2*u.unit {
			return texts.T(lang, "doctor.span."+u.key, int(d/u.unit))
		}
	}
	return texts.T(lang, "doctor.span.second", int(d/time.Second))
}

// Well reports whether nothing is wrong.
func Well(findings []Finding) bool {
	for _, f := range findings {
		if f.Grade == Wrong {
			return false
		}
	}
	return true
}

// Facts are what was seen of a node. A part that is nil was not looked at, and
// nothing is said of it.
type Facts struct {
	Now     time.Time `json:"now"`
	Running bool      `json:"running"`
	Config  string    `json:"config"` // path
	Data    string    `json:"data"`   // folder
	User    string    `json:"user"`   // that the facts were gathered as
	Program string    `json:"program"`

	Waits     []Wait     `json:"waits,omitzero"` // of a running node; nil: not looked at
	Clock     *Clock     `json:"clock,omitempty"`
	Disk      *Disk      `json:"disk,omitempty"`
	Files     []File     `json:"files,omitempty"` // that stand in the way
	Ports     []Port     `json:"ports,omitempty"`
	DNS       *Name      `json:"dns,omitempty"`
	TLS       *TLS       `json:"tls,omitempty"`
	Address   *Address   `json:"address,omitempty"`
	Store     *Store     `json:"store,omitempty"`
	Published *Published `json:"published,omitempty"`
	Editions  *Editions  `json:"editions,omitempty"`
	Hub       *Hub       `json:"hub,omitempty"`
	Charter   *Charter   `json:"charter,omitempty"`
	Backup    *Backup    `json:"backup,omitempty"`
	Mail      *Mail      `json:"mail,omitempty"`
	Deposits  *Deposits  `json:"deposits,omitempty"`
	Password  *bool      `json:"password,omitempty"` // whether one is set
}

// WaitCodes lists what a node may wait for.
var WaitCodes = []string{"disk", "clock", "journal", "views", "files", "editions"}

// A Wait is something that a running node waits for. What blocks keeps it from serving
// its catalogue (/readyz answers 503), what does not from writing.
type Wait struct {
	Code   string `json:"code"` // of WaitCodes
	Blocks bool   `json:"blocks"`
	Args   []any  `json:"args,omitempty"` // of its text, doctor.ready.CODE
}

// Finding is the line of the diagnosis, the same that /readyz gives.
func (w Wait) Finding() Finding {
	f := Finding{Check: "ready", Grade: Watch, Case: w.Code, Args: w.Args}
	switch w.Code {
	case "disk":
		f.Grade, f.Mend = Wrong, "df -h"
	case "clock":
		f.Grade, f.Mend = Wrong, "timedatectl set-ntp true"
	default: // time mends it, or the service's log says what does
		f.Mend = "journalctl -u maillon -n 50"
	}
	return f
}

// DiskFull reports whether there is so little room that nothing more can be kept.
func DiskFull(d *Disk) bool { return d != nil && d.Free < diskWrong }

// Clock is the difference to another machine's.
type Clock struct {
	Against string        `json:"against"` // host
	Ahead   time.Duration `json:"ahead"`
	Error   string        `json:"error,omitempty"`
}

// Disk is the room where the data are, in bytes.
type Disk struct {
	Free  uint64 `json:"free"`
	Total uint64 `json:"total"`
}

// File is a file with a permission that stands in the way.
type File struct {
	Path  string `json:"path"`
	Open  bool   `json:"open,omitempty"`  // a secret that others can read
	Error string `json:"error,omitempty"` // of using it
}

// Port is a listener.
type Port struct {
	Key     string `json:"key"` // of the configuration
	Address string `json:"address"`
	Error   string `json:"error,omitempty"` // of a running node: does not answer; of a stopped one: taken
}

// Name is the name in the public address.
type Name struct {
	Host  string `json:"host"`
	Error string `json:"error,omitempty"`
}

// TLS is the certificate at the public address.
type TLS struct {
	Host    string    `json:"host"`
	Expires time.Time `json:"expires,omitzero"`
	Plain   bool      `json:"plain,omitempty"` // the address is without TLS
	Error   string    `json:"error,omitempty"`
}

// Address is who answers at the public address.
type Address struct {
	URL   string `json:"url"`
	Found string `json:"found,omitempty"` // id of the node that answers there
	Want  string `json:"want"`
	Error string `json:"error,omitempty"`
}

// Store is the files that cannot be made again.
type Store struct {
	Entries uint64 `json:"entries"`
	Checked bool   `json:"checked"`           // every hash and signature was looked at
	Error   string `json:"error,omitempty"`   // what is damaged
	Missing bool   `json:"missing,omitempty"` // there is none, though there was one
	Views   string `json:"views,omitempty"`   // what is damaged of what can be made again
}

// Published is the last entry of the own journal.
type Published struct {
	At time.Time `json:"at,omitzero"` // zero: nothing yet
}

// Editions are the files of a hub's territory.
type Editions struct {
	Made    time.Time `json:"made,omitzero"`    // the newest; zero: none yet
	Failing time.Time `json:"failing,omitzero"` // since when none can be made; zero: they can
	Tries   int       `json:"tries,omitempty"`
	Error   string    `json:"error,omitempty"` // of the last try
}

// Hub is the hub above, and what it says of this node.
type Hub struct {
	URL     string    `json:"url"`
	Error   string    `json:"error,omitempty"`   // it does not answer
	State   string    `json:"state,omitempty"`   // accepted, pending, suspended; "" unknown there
	Address string    `json:"address,omitempty"` // where it looks for this node
	Want    string    `json:"want,omitempty"`    // where it should
	Fault   string    `json:"fault,omitempty"`   // of its last try to reach this node
	Tried   time.Time `json:"tried,omitzero"`    // when that was, if it was made for this diagnosis
	Untried string    `json:"untried,omitempty"` // why it did not try now, though it was asked
	Size    uint64    `json:"size"`              // of its mirror
	Own     uint64    `json:"own"`               // of the journal
	Light   bool      `json:"light,omitempty"`   // this node only makes connections itself
	Behind  bool      `json:"behind,omitempty"`  // the own journal grew too long ago for the mirror to be on its way
}

// Charter is the node's own charter.
type Charter struct {
	Expires time.Time `json:"expires,omitzero"`
	Error   string    `json:"error,omitempty"`
}

// Backup is the newest archive.
type Backup struct {
	Dir   string        `json:"dir,omitempty"` // "": none are made
	Every time.Duration `json:"every,omitempty"`
	Last  time.Time     `json:"last,omitzero"`
	Keys  bool          `json:"keys"` // the keys are in it
	Error string        `json:"error,omitempty"`
}

// Mail is the server for outgoing mail.
type Mail struct {
	Host  string `json:"host"`
	Error string `json:"error,omitempty"`
}

// Deposits are the last files that came in.
type Deposits struct {
	Files     int `json:"files"`
	Rejected  int `json:"rejected"` // whole files
	Records   int `json:"records"`
	ToCorrect int `json:"toCorrect"`
	Refused   int `json:"refused"`
}
