package reports

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/mod/sumdb/note"

	"maillon/federation"
	"maillon/store"
)

// A Place is a node as reports find it.
type Place struct {
	Node  string
	Key   string // verifier key, "" if it is not known
	URL   string // where it answers; of a member that only fetches, its hub's
	Fetch bool   // it fetches its reports from its hub
	Hub   string // that admits it
}

// A Fact is a contract as far as reports need it.
type Fact struct {
	Address string
	Buyer   Place     // node that speaks for the buyer
	Record  string    // hash of the record shown, "" if it was withdrawn or redacted
	Since   time.Time // receipt of the newest record
}

// A Desk is what a node does with reports.
type Desk struct {
	Book Book
	Self string
	Key  func() string // verifier key of Sign
	Sign func() note.Signer
	URL  string // public base of this node
	Now  func() time.Time
	Log  zerolog.Logger

	Find func(contract string) (Fact, error) // the contract at an address
	Node func(id string) (Place, bool)       // a node known here
	Hub  func() (Place, bool)                // to which this node reports
	Ask  func(ctx context.Context, url string, body []byte, answer any) error
	Wake func() // something is to be sent
}

// An Entry is what somebody wrote on the page of a contract.
type Entry struct{ Contract, Topic, Text, Mail string }

// Errors of what people write.
var (
	ErrText  = fmt.Errorf("say in 10 to %d characters what is wrong", federation.MaxReportText)
	ErrMail  = errors.New("this is no e-mail address: leave it empty if you want no answer by mail")
	ErrTopic = errors.New("choose what it is about")
)

const shortestText = 10

// Make takes a report from the page of a contract, for the buyer's node.
func (d *Desk) Make(e Entry) (Report, error) {
	text := strings.TrimSpace(strings.ReplaceAll(e.Text, "\r\n", "\n"))
	mail := strings.TrimSpace(e.Mail)
	switch {
	case len(text) < shortestText || len(text) > federation.MaxReportText:
		return Report{}, ErrText
	case mail != "" && !federation.IsMail(mail):
		return Report{}, ErrMail
	case !slices.Contains(federation.Topics, e.Topic):
		return Report{}, ErrTopic
	}
	fact, err := d.Find(e.Contract)
	if err != nil {
		return Report{}, err
	}
	now := seconds(d.Now())
	r := Report{
		ID: newID(now), Contract: fact.Address, Topic: e.Topic, Made: now, Node: d.Self, URL: d.URL, To: fact.Buyer.Node, State: Waiting, Changed: now, Text: text, Mail: mail,
	}
	if r.To == d.Self {
		r.State = federation.ReportReceived
		r.Out = d.told(r)
	} else {
		signed, err := federation.SignReport(federation.Report{
			ID: r.ID, To: r.To, Node: d.Self, Key: d.Key(), At: now, URL: d.URL, Contract: r.Contract, Topic: r.Topic, Text: text, Mail: mail,
		}, d.Sign())
		if err != nil {
			return Report{}, errors.Join(ErrText, err)
		}
		// What was written is in the note, and goes with it.
		r.Note, r.Text, r.Mail = string(signed), "", ""
		r.ToKey = fact.Buyer.Key
		d.route(&r, fact.Buyer)
	}
	if err := d.Book.Add(r); err != nil {
		return Report{}, err
	}
	d.Wake()
	return r, nil
}

// route decides how a report gets to the buyer's node.
func (d *Desk) route(r *Report, to Place) {
	if to.Fetch && to.Hub == d.Self {
		r.Carry = true
		return
	}
	next := to.Node
	if to.Fetch {
		next = to.Hub
	}
	r.Out = []Delivery{{Node: next, URL: to.URL, Next: r.Made}}
}

// newID is random but for the time that it begins with.
func newID(now time.Time) string {
	var b [12]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return fmt.Sprintf("%08x%s", uint32(now.Unix()), hex.EncodeToString(b[:]))
}

func seconds(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }

// told lists whom an outcome of this node is told: the node at which the report was
// made, and the hub, so that it sees what stays unanswered.
func (d *Desk) told(r Report) []Delivery {
	now := seconds(d.Now())
	var out []Delivery
	if r.Node != d.Self {
		out = append(out, Delivery{Node: r.Node, URL: r.URL, Next: now})
	}
	if hub, ok := d.Hub(); ok && hub.Node != r.Node {
		out = append(out, Delivery{Node: hub.Node, URL: hub.URL, Next: now})
	}
	return out
}

// Take takes a report of another node, for this one or for a member that fetches.
func (d *Desk) Take(signed []byte) (Report, error) {
	q, err := federation.OpenReport(signed, d.Now())
	if err != nil {
		return Report{}, err
	}
	if from, known := d.Node(q.Node); known && from.Key != "" && from.Key != q.Key {
		return Report{}, fmt.Errorf("%w: %s is known here by another key", federation.ErrBadSignature, q.Node)
	}
	now := seconds(d.Now())
	r := Report{ID: q.ID, Contract: q.Contract, Topic: q.Topic, Made: q.At, Node: q.Node, URL: q.URL, To: q.To, State: Waiting, Changed: now}
	if q.To == d.Self {
		r.State, r.Text, r.Mail = federation.ReportReceived, q.Text, q.Mail
		r.Out = d.told(r)
	} else {
		to, known := d.Node(q.To)
		if !known || !to.Fetch || to.Hub != d.Self {
			return Report{}, fmt.Errorf("%w: it is for %s, this is %s", federation.ErrAudience, q.To, d.Self)
		}
		r.Note, r.Carry = string(signed), true
	}
	if err := d.Book.Add(r); err != nil && !errors.Is(err, ErrKnown) {
		return Report{}, err
	}
	d.Wake()
	return r, nil
}

// Waiting lists the signed reports that wait for a member to fetch them.
func (d *Desk) Waiting(member string) ([]string, error) {
	const most = 100
	list, _, _, err := d.Book.Each("", most, func(r Report) bool { return r.Carry && r.To == member })
	out := []string{}
	for _, r := range list {
		out = append(out, r.Note)
	}
	return out, err
}

// Hear takes the outcome of a report from the buyer's node.
func (d *Desk) Hear(signed []byte) error {
	o, err := federation.OpenOutcome(signed, d.Self, d.Now())
	if err != nil {
		return err
	}
	from, known := d.Node(o.Node)
	made, err := d.Book.Get(o.ID)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if (!known || from.Key != o.Key) && (made.ToKey == "" || made.To != o.Node || made.ToKey != o.Key) {
		return fmt.Errorf("%w: the key is not the one by which %s is known here", federation.ErrBadSignature, o.Node)
	}
	_, err = d.Book.Change(o.ID, func(r *Report) error {
		if r.To != o.Node {
			return fmt.Errorf("%w: report %s is not for %s", federation.ErrBadNote, o.ID, o.Node)
		}
		if o.At.Before(r.Changed) || r.Closed() && o.State == federation.ReportReceived {
			return nil // heard before
		}
		r.State, r.Changed, r.Answer, r.Record = o.State, o.At, o.Answer, o.Record
		r.forget()
		return nil
	})
	if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if !known || from.Hub != d.Self {
		return err // neither made nor carried here, nor of a member
	}
	err = d.Book.Add(Report{
		ID: o.ID, Contract: o.Contract, Topic: o.Topic, Made: o.Made, Node: o.Node, To: o.Node, State: o.State, Changed: o.At, Answer: o.Answer, Record: o.Record,
	})
	if errors.Is(err, ErrKnown) {
		return nil
	}
	return err
}

// An Answer is what an operator of the buyer says.
type Answer struct {
	State string // answered, corrected or rejected
	Text  string // public
	Show  bool   // publish what the reporter wrote
}

// Errors of answers.
var (
	ErrNotOurs   = errors.New("this report is for another node, whose operators answer it")
	ErrNothing   = errors.New("say something: the answer is public")
	ErrNoRecord  = errors.New("nothing was published for this contract since the report: publish, withdraw or redact first, or answer without correcting")
	ErrNoOutcome = errors.New("an outcome is answered, corrected or rejected")
)

// Answer says what became of a report.
func (d *Desk) Answer(id string, a Answer) (Report, error) {
	if !slices.Contains(federation.ReportStates[1:], a.State) {
		return Report{}, ErrNoOutcome
	}
	text := strings.TrimSpace(strings.ReplaceAll(a.Text, "\r\n", "\n"))
	if len(text) > federation.MaxReportText || text == "" && a.State != federation.ReportCorrected {
		return Report{}, ErrNothing
	}
	old, err := d.Book.Get(id)
	if err != nil {
		return Report{}, err
	}
	record := ""
	if a.State == federation.ReportCorrected {
		fact, err := d.Find(old.Contract)
		switch {
		case err == nil && fact.Record != "" && !fact.Since.After(old.Made):
			return Report{}, ErrNoRecord
		case err == nil:
			record = fact.Record
		case !errors.Is(err, store.ErrNotFound):
			return Report{}, err
		}
	}
	r, err := d.Book.Change(id, func(r *Report) error {
		if r.To != d.Self || r.State == Waiting {
			return ErrNotOurs
		}
		now := seconds(d.Now())
		if !now.After(r.Changed) { // two in one second: the later must be newer
			now = r.Changed.Add(time.Second)
		}
		r.State, r.Changed, r.Answer, r.Record = a.State, now, text, record
		r.Shown = a.Show && r.Text != ""
		r.Out = d.told(*r)
		return nil
	})
	if err == nil {
		d.Wake()
	}
	return r, err
}

// outcome is what this node tells of a report.
func (d *Desk) outcome(r Report, to string) ([]byte, error) {
	return federation.SignOutcome(federation.Outcome{
		ID: r.ID, To: to, Node: d.Self, Key: d.Key(), At: r.Changed, Contract: r.Contract, Topic: r.Topic, Made: r.Made, State: r.State, Answer: r.Answer, Record: r.Record,
	}, d.Sign())
}

// Send tries everything that is due, and says when the next is.
func (d *Desk) Send(ctx context.Context) error {
	now := d.Now()
	due, _, _, err := d.Book.Each("", mostReports, func(r Report) bool {
		return slices.ContainsFunc(r.Out, func(o Delivery) bool { return !o.Next.After(now) })
	})
	if err != nil {
		return err
	}
	for _, r := range due {
		for _, o := range r.Out {
			if o.Next.After(now) || ctx.Err() != nil {
				continue
			}
			failed := d.send(ctx, r, o)
			if failed != nil {
				d.Log.Debug().Err(failed).Str("report", r.ID).Str("to", o.Node).Msg("not handed on yet")
			}
			if err := d.tried(r, o, failed); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *Desk) send(ctx context.Context, r Report, o Delivery) error {
	path, body := "/federation/v1/reports", map[string]string{"report": r.Note}
	if r.To == d.Self {
		signed, err := d.outcome(r, o.Node)
		if err != nil {
			return err
		}
		path, body = "/federation/v1/reports/outcomes", map[string]string{"outcome": string(signed)}
	}
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	var answer struct{}
	return d.Ask(ctx, o.URL+path, raw, &answer)
}

// Waits between tries: doubled from the first to the last.
const (
	firstWait = time.Minute
	lastWait  = 6 * time.Hour
)

// tried takes note of a try: what got through, or is too old, is not tried again.
func (d *Desk) tried(r Report, o Delivery, failed error) error {
	now := d.Now()
	_, err := d.Book.Change(r.ID, func(kept *Report) error {
		i := slices.IndexFunc(kept.Out, func(x Delivery) bool { return x.Node == o.Node })
		if i < 0 || !kept.Changed.Equal(r.Changed) && r.To == d.Self {
			return nil // something newer is to be told
		}
		if failed == nil || now.Sub(kept.Changed) > federation.ReportLife/2 {
			kept.Out = slices.Delete(kept.Out, i, i+1)
			return nil
		}
		x := &kept.Out[i]
		x.Tries++
		x.Error = cutText(failed.Error(), 200)
		x.Next = seconds(now.Add(min(lastWait, firstWait<<min(x.Tries-1, 12))))
		return nil
	})
	return err
}

func cutText(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
}

// Fetch asks the hub for the reports that wait for this node.
func (d *Desk) Fetch(ctx context.Context) error {
	hub, ok := d.Hub()
	if !ok {
		return nil
	}
	nonce := make([]byte, federation.NonceSize)
	_, _ = rand.Read(nonce) // never fails (crypto/rand)
	signed, err := federation.SignRequest(federation.Request{
		Do: federation.Take, To: hub.Node, Node: d.Self, Key: d.Key(), At: seconds(d.Now()), Nonce: nonce,
	}, d.Sign())
	if err != nil {
		return err
	}
	raw, err := json.Marshal(map[string]string{"request": string(signed)})
	if err != nil {
		return err
	}
	var answer struct{ Items []string }
	if err := d.Ask(ctx, hub.URL+"/federation/v1/reports/take", raw, &answer); err != nil {
		return err
	}
	for _, note := range answer.Items[:min(len(answer.Items), 100)] {
		if _, err := d.Take([]byte(note)); err != nil {
			d.Log.Warn().Err(err).Msg("a report that the hub carried is not taken")
		}
	}
	return nil
}
