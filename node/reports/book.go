// Package reports keeps what people report of errors in contracts: what they wrote
// goes to the buyer's node, what became of it comes back and is public.
//
// A [Desk] takes reports from the contract's page, hands them on as signed notes
// (package federation), takes those of other nodes, and tells outcomes. It keeps
// them in a [Book], not in the journal: a journal is copied for ever, and what
// strangers write can name a person or be untrue. Nobody but the buyer's operators
// reads it before they publish it; addresses are never published. Everything private
// is erased some time after the answer, the rest later (see [Book.Sweep]).
package reports

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"maillon/federation"
	"maillon/store"
)

// Waiting is the state of a report that the buyer's node does not have yet. The
// other states are those of package federation.
const Waiting = "waiting"

// How long reports are kept.
const (
	PrivateAfterClose = 30 * 24 * time.Hour  // text and address, once it is answered
	PrivateAtMost     = 365 * 24 * time.Hour // text and address, if it never is
	PublicAtMost      = 2 * 365 * 24 * time.Hour
)

// Limits of a book.
const (
	mostReports     = 10_000
	mostPerContract = 20 // open ones
)

// Errors of a book.
var (
	ErrFull  = errors.New("too many reports are open: try again later, or write to the buyer")
	ErrKnown = errors.New("this report is here already")
)

// A Report is one report as it is kept.
type Report struct {
	ID       string    `json:"id"`
	Contract string    `json:"contract"` // address
	Topic    string    `json:"topic"`
	Made     time.Time `json:"made"`
	Node     string    `json:"node"` // where it was made
	URL      string    `json:"url,omitempty"`
	To       string    `json:"to"`              // the buyer's node
	ToKey    string    `json:"toKey,omitempty"` // by which it was known when the report was made
	State    string    `json:"state"`
	Changed  time.Time `json:"changed"`
	Answer   string    `json:"answer,omitempty"` // public
	Record   string    `json:"record,omitempty"`
	Shown    bool      `json:"shown,omitempty"` // the text is published

	Text string `json:"text,omitempty"` // of the reporter: private unless Shown
	Mail string `json:"mail,omitempty"` // private

	Note  string     `json:"note,omitempty"`  // the signed report, while it is to be handed on
	Carry bool       `json:"carry,omitempty"` // it waits here for a member that fetches
	Out   []Delivery `json:"out,omitempty"`   // what is to be sent
}

// Closed reports whether the buyer has said what it has to say.
func (r Report) Closed() bool { return r.State != Waiting && r.State != federation.ReportReceived }

// A Delivery is something that has to reach another node.
type Delivery struct {
	Node  string    `json:"node"`
	URL   string    `json:"url"`
	Tries int       `json:"tries,omitempty"`
	Next  time.Time `json:"next"`
	Error string    `json:"error,omitempty"`
}

// Buckets, in the main store. The first 8 digits of an id are the time, so that
// they stand in order.
//
//	reports      id                => Report in JSON
//	reports-on   contract, 0, id   => nothing
const (
	bucket   = "reports"
	bucketOn = "reports-on"
)

// A Book keeps reports. Its methods may be called from any goroutine.
type Book struct{ DB store.DB }

// Add keeps a new report.
func (b Book) Add(r Report) error {
	return b.DB.Update(func(tx store.Tx) error {
		all := tx.Bucket(bucket)
		if all.Get([]byte(r.ID)) != nil {
			return ErrKnown
		}
		n := 0
		for range all.Ascend(nil) {
			n++
		}
		if n >= mostReports {
			return ErrFull
		}
		open := 0
		on, err := on(tx, r.Contract)
		if err != nil {
			return err
		}
		for _, other := range on {
			if !other.Closed() {
				open++
			}
		}
		if open >= mostPerContract {
			return ErrFull
		}
		if err := tx.Bucket(bucketOn).Put([]byte(r.Contract+"\x00"+r.ID), nil); err != nil {
			return err
		}
		return put(tx, r)
	})
}

func put(tx store.Tx, r Report) error {
	raw, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return tx.Bucket(bucket).Put([]byte(r.ID), raw)
}

func get(tx store.Tx, id string) (r Report, err error) {
	raw := tx.Bucket(bucket).Get([]byte(id))
	if id == "" || raw == nil {
		return r, fmt.Errorf("report %.40q: %w", id, store.ErrNotFound)
	}
	return r, json.Unmarshal(raw, &r)
}

func on(tx store.Tx, contract string) (out []Report, err error) {
	prefix := contract + "\x00"
	for k := range tx.Bucket(bucketOn).Ascend([]byte(prefix)) {
		id, ok := strings.CutPrefix(string(k), prefix)
		if !ok {
			break
		}
		r, err := get(tx, id)
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}

// Get finds a report.
func (b Book) Get(id string) (r Report, err error) {
	err = b.DB.View(func(tx store.Tx) (err error) { r, err = get(tx, id); return err })
	return r, err
}

// On lists the reports on a contract, oldest first.
func (b Book) On(contract string) (out []Report, err error) {
	err = b.DB.View(func(tx store.Tx) (err error) { out, err = on(tx, contract); return err })
	return out, err
}

// Change changes a report.
func (b Book) Change(id string, f func(*Report) error) (r Report, err error) {
	err = b.DB.Update(func(tx store.Tx) (err error) {
		if r, err = get(tx, id); err != nil {
			return err
		}
		if err := f(&r); err != nil {
			return err
		}
		return put(tx, r)
	})
	return r, err
}

// Each yields the reports that match, newest first, from the one before an id on
// ("" is the newest), at most most; more says that others follow.
func (b Book) Each(before string, most int, match func(Report) bool) (out []Report, total int, more bool, err error) {
	err = b.DB.View(func(tx store.Tx) error {
		for k, raw := range tx.Bucket(bucket).Descend(nil) {
			var r Report
			if err := json.Unmarshal(raw, &r); err != nil {
				return err
			}
			if !match(r) {
				continue
			}
			total++
			switch {
			case before != "" && string(k) >= before:
			case len(out) < most:
				out = append(out, r)
			default:
				more = true
			}
		}
		return nil
	})
	return out, total, more, err
}

// Unanswered is what stays unanswered of one buyer's contracts.
type Unanswered struct {
	Buyer  string // as in the address of the contract, unescaped
	N      int
	Oldest time.Time // when the oldest was made
}

// Unanswered counts the reports that are not closed, those on their way too, by buyer, in
// the order of the buyers.
func (b Book) Unanswered() ([]Unanswered, error) {
	by := map[string]*Unanswered{}
	err := b.DB.View(func(tx store.Tx) error {
		for _, raw := range tx.Bucket(bucket).Ascend(nil) {
			var r Report
			if err := json.Unmarshal(raw, &r); err != nil {
				return err
			}
			if r.Closed() {
				continue
			}
			buyer, _, _ := strings.Cut(r.Contract, "/")
			if plain, err := url.PathUnescape(buyer); err == nil {
				buyer = plain
			}
			u := by[buyer]
			if u == nil {
				u = &Unanswered{Buyer: buyer, Oldest: r.Made}
				by[buyer] = u
			}
			u.N++
			if r.Made.Before(u.Oldest) {
				u.Oldest = r.Made
			}
		}
		return nil
	})
	out := make([]Unanswered, 0, len(by))
	for _, buyer := range slices.Sorted(maps.Keys(by)) {
		out = append(out, *by[buyer])
	}
	return out, err
}

// Sweep erases what is not to be kept any longer.
func (b Book) Sweep(now time.Time) error {
	return b.DB.Update(func(tx store.Tx) error {
		var gone, changed []Report
		for _, raw := range tx.Bucket(bucket).Ascend(nil) {
			var r Report
			if err := json.Unmarshal(raw, &r); err != nil {
				return err
			}
			private := r.Text != "" && !r.Shown || r.Mail != "" || r.Note != ""
			switch {
			case now.Sub(r.Made) > PublicAtMost:
				gone = append(gone, r)
			case private && (r.Closed() && now.Sub(r.Changed) > PrivateAfterClose || now.Sub(r.Made) > PrivateAtMost):
				r.forget()
				changed = append(changed, r)
			}
		}
		for _, r := range changed {
			if err := put(tx, r); err != nil {
				return err
			}
		}
		for _, r := range gone {
			if err := tx.Bucket(bucket).Delete([]byte(r.ID)); err != nil {
				return err
			}
			if err := tx.Bucket(bucketOn).Delete([]byte(r.Contract + "\x00" + r.ID)); err != nil {
				return err
			}
		}
		return nil
	})
}

// forget erases what is private.
func (r *Report) forget() {
	r.Mail, r.Note, r.Carry, r.Out = "", "", false, nil
	if !r.Shown {
		r.Text = ""
	}
}
