package federation

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/mod/sumdb/note"

	"maillon/catalog/territory"
)

// Limits of reports and outcomes.
const (
	MaxReport     = 16 << 10 // bytes of the note
	MaxReportText = 2000     // bytes
	MaxReportMail = 254
	ReportLife    = 60 * 24 * time.Hour // how long a note is good
	reportKind    = "maillon/report/v1"
	outcomeKind   = "maillon/outcome/v1"
	reportID      = 32 // hexadecimal digits
)

// Topics are what a report can be about.
var Topics = []string{"wrong", "duplicate", "missing", "person", "other"}

// States that the buyer's node can give a report.
const (
	ReportReceived  = "received"
	ReportAnswered  = "answered"
	ReportCorrected = "corrected"
	ReportRejected  = "rejected"
)

// ReportStates lists them in order: an outcome never goes back to received.
var ReportStates = []string{ReportReceived, ReportAnswered, ReportCorrected, ReportRejected}

// A Report says that somebody found an error in a contract. The node at which they
// did hands it on to the buyer's, which may be another. What they wrote and their
// address are for the buyer alone.
type Report struct {
	ID       string    `json:"id"`   // 32 hexadecimal digits, chosen at random
	To       string    `json:"to"`   // the buyer's node
	Node     string    `json:"node"` // where it was made
	Key      string    `json:"key"`  // verifier key that signs
	At       time.Time `json:"at"`   // when it was made: UTC, whole seconds
	URL      string    `json:"url"`  // public base of Node, where outcomes go
	Contract string    `json:"contract"`
	Topic    string    `json:"topic"` // one of the Topics
	Text     string    `json:"text"`
	Mail     string    `json:"mail,omitempty"`
}

// An Outcome is what became of a report, as the buyer's node tells the node at which
// it was made, and its own hub. It is public.
type Outcome struct {
	ID       string    `json:"id"`
	To       string    `json:"to"`   // who is told
	Node     string    `json:"node"` // the buyer's node
	Key      string    `json:"key"`
	At       time.Time `json:"at"` // of the state; the newest counts
	Contract string    `json:"contract"`
	Topic    string    `json:"topic"`
	Made     time.Time `json:"made"`
	State    string    `json:"state"`
	Answer   string    `json:"answer,omitempty"`
	Record   string    `json:"record,omitempty"` // corrected: hash of the later record; "" if it was withdrawn or redacted
}

// SignReport signs a report with the key of the node at which it was made.
func SignReport(r Report, by note.Signer) ([]byte, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	return writeNote(reportKind, r, by)
}

// OpenReport reads a report and verifies form, signature and age. Whether the key
// is the node's, and whom the report is for, is the caller's to ask.
func OpenReport(raw []byte, now time.Time) (Report, error) {
	var r Report
	if err := readText(raw, reportKind, MaxReport, &r); err != nil {
		return Report{}, err
	}
	if err := r.check(); err != nil {
		return Report{}, err
	}
	return r, signedInTime(raw, r.Key, r.At, now)
}

// SignOutcome signs an outcome with the key of the buyer's node.
func SignOutcome(o Outcome, by note.Signer) ([]byte, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	return writeNote(outcomeKind, o, by)
}

// OpenOutcome reads an outcome for audience (the reader's node id) and verifies
// form, signature and age. Whether the key is the node's is the caller's to ask.
func OpenOutcome(raw []byte, audience string, now time.Time) (Outcome, error) {
	var o Outcome
	if err := readText(raw, outcomeKind, MaxReport, &o); err != nil {
		return Outcome{}, err
	}
	if err := o.check(); err != nil {
		return Outcome{}, err
	}
	if err := signedInTime(raw, o.Key, o.At, now); err != nil {
		return Outcome{}, err
	}
	if o.To != audience {
		return Outcome{}, fmt.Errorf("%w: it is for %s, this is %s", ErrAudience, o.To, audience)
	}
	return o, nil
}

func signedInTime(raw []byte, key string, at, now time.Time) error {
	v, err := canonicalVerifier(key)
	if err != nil {
		return badNote("%w", err)
	}
	if err := checkSignatures(raw, v); err != nil {
		return err
	}
	if age := now.Sub(at); age > ReportLife || age < -RequestSkew {
		return fmt.Errorf("%w: it was made at %s, here it is %s", ErrClock, stamp(at), stamp(now))
	}
	return nil
}

func (r Report) check() error {
	switch err := checkParties(r.ID, r.To, r.Node, r.Key, r.At, r.Contract, r.Topic); {
	case err != nil:
		return err
	case !IsBase(r.URL):
		return badNote("url %q, want the http address of a node", cut(r.URL))
	case !isProse(r.Text, MaxReportText) || strings.TrimSpace(r.Text) == "":
		return badNote("text of %d bytes, want 1 to %d without control characters", len(r.Text), MaxReportText)
	case r.Mail != "" && !IsMail(r.Mail):
		return badNote("mail %q is no address", cut(r.Mail))
	}
	return nil
}

func (o Outcome) check() error {
	switch err := checkParties(o.ID, o.To, o.Node, o.Key, o.At, o.Contract, o.Topic); {
	case err != nil:
		return err
	case !slices.Contains(ReportStates, o.State):
		return badNote("state %q, want one of %s", cut(o.State), strings.Join(ReportStates, ", "))
	case !canonicalTime(o.Made):
		return badNote("made must be UTC and whole seconds")
	case !isProse(o.Answer, MaxReportText):
		return badNote("answer of %d bytes, want at most %d without control characters", len(o.Answer), MaxReportText)
	case (o.State == ReportRejected || o.State == ReportAnswered) && strings.TrimSpace(o.Answer) == "":
		return badNote("%s says nothing: an answer is needed", o.State)
	case o.Record != "" && (o.State != ReportCorrected || !isHex(o.Record, 64)):
		return badNote("record %q, want the hash of the record that corrects", cut(o.Record))
	}
	return nil
}

func checkParties(id, to, node, key string, at time.Time, contract, topic string) error {
	if !isHex(id, reportID) {
		return badNote("id %q, want %d hexadecimal digits", cut(id), reportID)
	}
	for _, n := range []string{to, node} {
		if _, err := territory.ParseNodeID(n); err != nil {
			return badNote("%w", err)
		}
	}
	owner, _, err := ParseKeyName(keyName(key))
	const maxAddress = 1024
	switch {
	case err != nil || owner != node:
		return badNote("key %q is no key of %s", cut(key), node)
	case !canonicalTime(at):
		return badNote("at must be UTC and whole seconds")
	case len(contract) > maxAddress || strings.Count(contract, "/") != 1 || !isProse(contract, maxAddress):
		return badNote("contract %q, want buyer/id", cut(contract))
	case !slices.Contains(Topics, topic):
		return badNote("topic %q, want one of %s", cut(topic), strings.Join(Topics, ", "))
	}
	return nil
}

func isHex(s string, digits int) bool {
	_, err := hex.DecodeString(s)
	return err == nil && len(s) == digits && s == strings.ToLower(s)
}

// isProse reports whether s is text of at most most bytes, with no control
// characters but the ends of lines.
func isProse(s string, most int) bool {
	return len(s) <= most && utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool {
		return r != '\n' && unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Cs)
	})
}

// IsMail reports whether s could be an address to write to: nothing more is asked
// of it, for nothing is sent to it by itself.
func IsMail(s string) bool {
	name, host, ok := strings.Cut(s, "@")
	return ok && len(s) <= MaxReportMail && name != "" && strings.Contains(strings.Trim(host, "."), ".") && isProse(s, MaxReportMail) &&
		!strings.ContainsAny(s, " \n<>\"'(),;") && !strings.Contains(host, "@")
}

// IsBase reports whether s could be the public base of a node.
func IsBase(s string) bool {
	const maxBase = 500
	scheme := strings.HasPrefix(s, "https://") || strings.HasPrefix(s, "http://")
	return scheme && len(s) <= maxBase && isProse(s, maxBase) && !strings.ContainsAny(s, " \n?#@")
}
