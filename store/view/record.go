package view

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"maillon/catalog"
	"maillon/catalog/contract"
	"maillon/catalog/entry"
	"maillon/catalog/pivot"
	"maillon/store"
)

// maxProblems and maxRepairs bound what a row keeps of a record; the
// depositor's report has more.
const (
	maxProblems = 50
	maxRepairs  = 50
)

// Redacted is the state of a record whose body was erased.
const Redacted pivot.State = "redacted"

// A recordRow is one record as the views keep it.
type recordRow struct {
	Ref       entry.Ref        `json:"ref"`
	Deposit   string           `json:"deposit"`
	Series    string           `json:"series"`
	Pointer   string           `json:"pointer"`
	At        time.Time        `json:"at"`
	Hash      string           `json:"hash"` // hex; "" once redacted
	State     pivot.State      `json:"state"`
	Schema    pivot.Version    `json:"schema,omitempty"`
	Problems  catalog.Problems `json:"problems,omitempty"`
	Repairs   []pivot.Repair   `json:"repairs,omitempty"`
	Withdrawn bool             `json:"withdrawn,omitempty"`
	Reason    string           `json:"reason,omitempty"` // of the withdrawal or redaction
	Contract  pivot.Contract   `json:"contract"`
}

// redacted is the row with nothing left of what the record said.
func (r recordRow) redacted(reason string) recordRow {
	c := pivot.Contract{Kind: r.Contract.Kind, ID: r.Contract.ID, Buyer: pivot.Buyer{ID: r.Contract.Buyer.ID}}
	return recordRow{
		Ref: r.Ref, Deposit: r.Deposit, Series: r.Series, Pointer: r.Pointer, At: r.At,
		State: Redacted, Withdrawn: r.Withdrawn, Reason: reason, Contract: c,
	}
}

// prepared is an entry with all that can be said of it alone.
type prepared struct {
	index  uint64
	header entry.Header
	body   []byte
	row    recordRow // of a put record
	group  string
}

// prepare judges and reads the records of the items, outside any transaction
// and on every core.
func prepare(ctx context.Context, j Journal, items []Item) ([]prepared, error) {
	out := make([]prepared, len(items))
	g, ctx := errgroup.WithContext(ctx)
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		g.Go(func() error {
			for i := w; i < len(items); i += workers {
				if err := ctx.Err(); err != nil {
					return err
				}
				p, err := prepareOne(j, items[i])
				if err != nil {
					return fmt.Errorf("entry %d of %s: %w", items[i].Index, j.Node, err)
				}
				out[i] = p
			}
			return nil
		})
	}
	return out, g.Wait()
}

func prepareOne(j Journal, it Item) (prepared, error) {
	h, err := it.Entry.Parse()
	if err != nil {
		return prepared{}, err
	}
	p := prepared{index: it.Index, header: h, body: it.Entry.Body}
	if h.Op != entry.Put || h.Source == nil {
		return p, nil
	}
	p.row = recordRow{
		Ref:     entry.Ref{Node: j.Node, Epoch: j.Epoch, Index: it.Index},
		Deposit: h.Source.Deposit, Series: h.Source.Series, Pointer: h.Source.Pointer, At: h.At,
	}
	buyer, id, _ := strings.Cut(h.Key, "/")
	if it.Entry.Body == nil {
		p.row.Contract = pivot.Contract{Kind: pivot.Kind(h.Kind), ID: id, Buyer: pivot.Buyer{ID: buyer}}
		p.row = p.row.redacted("")
	} else {
		p.row.read(pivot.Record{Kind: pivot.Kind(h.Kind), Form: h.Source.Form, Pointer: h.Source.Pointer, Raw: it.Entry.Body, Buyer: buyer, ID: id})
	}
	p.group = groupKey(p.row.Contract.Buyer.ID, p.row.Contract.ID)
	return p, nil
}

// read fills the row with what the rules say of the record. A body that is no
// record (its owner signed it all the same) is kept as one to be corrected.
func (r *recordRow) read(rec pivot.Record) {
	verdict := pivot.Checking{Today: r.At}.Judge(rec)
	r.State, r.Schema, r.Problems = verdict.State, verdict.Version, verdict.Problems
	if r.State == pivot.Refused {
		r.State = pivot.ToCorrect
	}
	if hash, err := pivot.HashOf(rec.Raw); err == nil {
		r.Hash = hash.String()
	}
	r.Contract, r.Repairs = pivot.Normalise(rec)
	r.Problems = r.Problems[:min(len(r.Problems), maxProblems)]
	r.Repairs = r.Repairs[:min(len(r.Repairs), maxRepairs)]
	// Identity is of what the header says if the body does not say it.
	r.Contract.Kind = rec.Kind
	if r.Contract.ID == "" {
		r.Contract.ID = rec.ID
	}
	if r.Contract.Buyer.ID == "" {
		r.Contract.Buyer.ID = rec.Buyer
	}
}

func groupKey(buyer, id string) string { return buyer + "\x00" + contract.GroupKey(id) }

// groupOf is the group of a key in the bucket of records: what stands before
// the ref, whose length follows from its node id.
func groupOf(key []byte) string {
	// group = buyer, 0, id; the id may hold anything but ends at the last
	// zero that starts a ref: node (no zero), 0, 12 bytes.
	end := len(key) - 13 // the zero before epoch and index
	start := bytes.LastIndexByte(key[:end], 0)
	return string(key[:start])
}

func getRecord(tx store.Tx, key []byte) (recordRow, error) {
	var r recordRow
	raw := tx.Bucket(recordBucket).Get(key)
	if raw == nil {
		return r, fmt.Errorf("record %q: %w", key, store.ErrNotFound)
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		return r, fmt.Errorf("record %q: %w", key, err)
	}
	return r, nil
}
