// Package deposit turns a pivot file into entries of the node's own journal
// and a report for whoever deposited it.
//
// A deposit is read twice: once to judge every record and find out what is
// new, once to append. A file that cannot be read to its end appends nothing.
// What is deposited is kept as received, with its report, in the folder
// `deposits/<id>/`. Publishing again what is already published appends
// nothing, so a deposit whose answer was lost can simply be sent again.
package deposit

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"

	"maillon/catalog/pivot"
	"maillon/store"
	"maillon/store/journal"
)

// Errors that callers tell apart.
var (
	// ErrReadOnly: the node may not sign anything now; the reason is in Desk.Ready's error.
	ErrReadOnly = store.ErrReadOnly
	// ErrStorage: the desk could not read or write its own files.
	ErrStorage = errors.New("deposit storage")
	// ErrUpload: what the depositor sent broke off.
	ErrUpload = errors.New("the upload broke off: send the file again, nothing was published")
)

// DefaultSeries is the series of a deposit that names none.
const DefaultSeries = "default"

// Mode says what the absence of a record means.
type Mode string

// The modes.
const (
	Merge   Mode = "merge"   // absence means nothing: most feeds are deltas
	Replace Mode = "replace" // what the series held and the file does not is withdrawn
)

// A Request is what the depositor says of a file.
type Request struct {
	Name   string // file name, for people
	Series string // "" is DefaultSeries
	Mode   Mode   // "" is Merge
	Force  bool   // let a replace drop more than half of its series
}

// A Desk receives deposits for one node. Its methods may be called
// concurrently; deposits are appended one after the other.
type Desk struct {
	Dir      string // folder of deposits; made if absent
	DB       store.DB
	Log      *journal.Log
	Signer   note.Signer
	Strict   bool  // keep what is not conforming out of the journal
	MaxBytes int64 // of one file, as received and after decompression
	// Ready returns nil when the node may sign; its error is told to the depositor.
	Ready func() error
	Now   func() time.Time

	mu sync.Mutex // one writer at a time, from the look at what is live to the commit

	reading sync.Mutex // guards heads
	heads   map[string]head
}

// Deposit reads a pivot file from r, appends what is new and returns the
// report. A file that is at fault is no error: the report says so
// (Outcome [Rejected]). Nor is it one that the report of what was published
// could not be kept (Unsaved).
func (d *Desk) Deposit(ctx context.Context, req Request, r io.Reader) (*Report, error) {
	if err := d.Ready(); err != nil {
		return nil, err
	}
	if req.Series == "" {
		req.Series = DefaultSeries
	}
	if req.Mode == "" {
		req.Mode = Merge
	}
	if err := req.check(); err != nil {
		return nil, err
	}
	rep, dir, err := d.receive(req, r)
	if err != nil {
		return nil, err
	}
	file := filepath.Join(dir, rep.Stored)
	d.mu.Lock()
	defer d.mu.Unlock()
	if rep.Problem == nil {
		err = d.append(ctx, rep, file, req)
	}
	if err != nil {
		// Not acknowledged: nothing was published, and what was received
		// is of no use to anyone.
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	err = saveReport(dir, rep)
	if rep.Outcome == Accepted {
		// The journal has it: that the report could not be kept does not undo it.
		rep.Unsaved = err
		return rep, nil
	}
	return rep, err
}

// maxSeries bounds the name of a series, in bytes.
const maxSeries = 200

func (req Request) check() error {
	if req.Mode != Merge && req.Mode != Replace {
		return &RequestError{Field: "mode", Found: string(req.Mode), Expected: "merge, replace"}
	}
	if len(req.Series) > maxSeries {
		return &RequestError{Field: "series", Found: req.Series, Expected: fmt.Sprintf("≤ %d", maxSeries)}
	}
	for _, c := range req.Series {
		if c < ' ' {
			return &RequestError{Field: "series", Found: fmt.Sprintf("%q", req.Series), Expected: "[^\\x00-\\x1f]"}
		}
	}
	return nil
}

// A RequestError is a wrong parameter of a deposit.
type RequestError struct{ Field, Found, Expected string }

func (e *RequestError) Error() string {
	return fmt.Sprintf("%s: %s, want %s", e.Field, e.Found, e.Expected)
}

// append looks at the file twice: what does it hold, then append what is new.
func (d *Desk) append(ctx context.Context, rep *Report, file string, req Request) error {
	plan, err := d.plan(ctx, rep, file)
	if err != nil || rep.Problem != nil {
		return err
	}
	if req.Mode == Replace {
		if plan.gone, err = d.gone(req.Series, plan.seen); err != nil {
			return err
		}
		held := len(plan.gone) + plan.kept(req.Series)
		if held > 0 && len(plan.gone)*2 > held && !req.Force {
			rep.refuse("replace-drops-half", fmt.Sprintf("%d / %d", len(plan.gone), held), "force=true")
			return nil
		}
	}
	if len(plan.fresh) == 0 && len(plan.gone) == 0 {
		rep.Outcome = Unchanged
		rep.Size = d.Log.Size()
		return nil
	}
	if err := d.commit(ctx, rep, file, plan); err != nil {
		return err
	}
	rep.Outcome = Accepted
	return nil
}

// batch bounds what is appended in one transaction.
const batch = 1000

// open reads the file again, as a stream.
func (d *Desk) open(file string) (*os.File, *pivot.Reader, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrStorage, err)
	}
	return f, pivot.NewReader(f, pivot.Limits{File: d.MaxBytes}), nil
}

// newID makes a deposit's identifier: time of receipt and four random bytes.
func newID(at time.Time) string {
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return fmt.Sprintf("%s-%x", at.UTC().Format("20060102T150405Z"), b)
}
