package view

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"time"

	"maillon/catalog"
	"maillon/catalog/contract"
	"maillon/catalog/entry"
	"maillon/catalog/pivot"
	"maillon/store"
)

// maxProblems and maxRepairs bound what is told of a record; the depositor's
// report has more.
const (
	maxProblems = 50
	maxRepairs  = 50
)

// maxIdentity bounds what a body may say its buyer and id are: they are part of
// keys. Beyond it the header counts, which is bounded itself.
const maxIdentity = 256

// Redacted is the state of a record whose body was erased.
const Redacted pivot.State = "redacted"

// A record is one record as the views keep it. What the rules say of its body is
// not kept but derived when it is read; the rules' version guards that.
type record struct {
	ref       entry.Ref
	at        time.Time
	kind      pivot.Kind
	buyer, id string // its identity, with which its group begins
	state     pivot.State
	withdrawn bool
	class     class
	hashed    bool // it has a hash: it could be read, and was not redacted
	hash      pivot.Hash
	digest    uint64 // changes with what the rules make of the record; 0 for a redacted one
	reason    string // of the withdrawal or redaction
	packed    []byte // its telling

	told    *told // nil until asked for
	fresh   bool  // not in the store yet
	changed bool  // it is, but as it was before
}

// A told is what is derived of a record whenever it is consolidated.
type told struct {
	deposit  string
	contract pivot.Contract
	facts    []byte // see factsOf
	mixes    bool   // it can be of one contract with records under other ids of its group
}

// group is the key of the record's group.
func (r *record) group() string { return groupKey(r.buyer, r.id) }

func groupKey(buyer, id string) string { return contract.Escape(buyer) + "/" + contract.GroupKey(id) }

// The flags of a record's value.
const (
	flagConforming = 1 << iota
	flagRedacted
	flagWithdrawn
	flagConcession
	flagHashed
)

// value is the record in its bucket: flags, class, time, hash if any, digest, buyer,
// id, reason, and to the end its packed telling.
func (r *record) value() []byte {
	dst := make([]byte, 2, 72+len(r.buyer)+len(r.id)+len(r.reason)+len(r.packed))
	dst[0] = bit(r.state == pivot.Conforming, flagConforming) | bit(r.state == Redacted, flagRedacted) | bit(r.withdrawn, flagWithdrawn) |
		bit(r.kind == pivot.Concession, flagConcession) | bit(r.hashed, flagHashed)
	dst[1] = byte(r.class)
	dst = binary.AppendVarint(dst, r.at.Unix())
	if r.hashed {
		dst = append(dst, r.hash[:]...)
	}
	dst = binary.BigEndian.AppendUint64(dst, r.digest)
	dst = appendText(appendName(appendName(dst, r.buyer), r.id), r.reason)
	return append(dst, r.packed...)
}

// recordOf reads a value. The record does not hold on to it.
func recordOf(ref entry.Ref, value []byte) (*record, error) {
	d := decoder{b: value}
	flags := d.byte()
	r := &record{ref: ref, kind: pivot.Marche, state: pivot.ToCorrect, withdrawn: flags&flagWithdrawn != 0, hashed: flags&flagHashed != 0}
	switch {
	case flags&flagRedacted != 0:
		r.state = Redacted
	case flags&flagConforming != 0:
		r.state = pivot.Conforming
	}
	if flags&flagConcession != 0 {
		r.kind = pivot.Concession
	}
	r.class = class(d.byte())
	r.at = time.Unix(d.varint(), 0).UTC()
	if r.hashed {
		copy(r.hash[:], d.raw(len(r.hash)))
	}
	r.digest = d.uint64()
	r.buyer, r.id, r.reason = d.name(), d.name(), d.text()
	if d.bad {
		return nil, fmt.Errorf("record %d of %s: %w", ref.Index, ref.Node, errRow)
	}
	r.packed = slices.Clone(d.b)
	return r, nil
}

// groupOfRecord is the key of the group of the record that has the value.
func groupOfRecord(value []byte) (string, error) {
	r, err := recordOf(entry.Ref{}, value)
	if err != nil {
		return "", err
	}
	return r.group(), nil
}

func getRecord(tx store.Tx, ref entry.Ref) (*record, error) {
	raw := tx.Bucket(recordBucket).Get(refKey(ref))
	if raw == nil {
		return nil, fmt.Errorf("record %d of %s: %w", ref.Index, ref.Node, store.ErrNotFound)
	}
	return recordOf(ref, raw)
}

// newRecord judges and reads a put. A body that is no record (its owner signed it
// all the same) is kept as one to be corrected.
func newRecord(ref entry.Ref, h entry.Header, body []byte) *record {
	t := telling{Deposit: h.Source.Deposit, Series: h.Source.Series, Pointer: h.Source.Pointer, Form: h.Source.Form, Body: body}
	r := &record{ref: ref, at: h.At, kind: pivot.Kind(h.Kind)}
	r.buyer, r.id, _ = strings.Cut(h.Key, "/")
	if body == nil {
		r.state = Redacted
		r.packed = t.pack()
		return r
	}
	r.state = pivot.ToCorrect
	said := pivot.Checking{Today: r.at}.Assess(r.raw(t), true)
	verdict, c := said.Verdict, said.Contract
	if verdict.State == pivot.Conforming {
		r.state = pivot.Conforming
	}
	r.hash, r.hashed = said.Hash, said.Hashed
	// Identity is of what the header says if the body does not say it.
	if n := len(c.ID); n > 0 && n <= maxIdentity {
		r.id = c.ID
	}
	if n := len(c.Buyer.ID); n > 0 && n <= maxIdentity {
		r.buyer = c.Buyer.ID
	}
	r.packed = t.pack()
	r.told = r.tell(t.Deposit, c)
	r.digest = digestOf(pivot.Complete{Contract: r.told.contract, State: r.state, Schema: verdict.Version, Problems: verdict.Problems, Repairs: said.Repairs})
	return r
}

// digestOf sums up what the rules make of a record.
func digestOf(c pivot.Complete) uint64 {
	b := scratch.Get().(*[]byte)
	defer scratch.Put(b)
	*b = c.AppendJSON((*b)[:0])
	sum := sha256.Sum256(*b)
	return binary.BigEndian.Uint64(sum[:])
}

func (r *record) raw(t telling) pivot.Record {
	return pivot.Record{Kind: r.kind, Form: t.Form, Pointer: t.Pointer, Raw: t.Body, Buyer: r.buyer, ID: r.id}
}

// identified is the contract under the identity of the record.
func (r *record) identified(c pivot.Contract) pivot.Contract {
	c.Kind, c.ID, c.Buyer.ID = r.kind, r.id, r.buyer
	return c
}

func (r *record) tell(deposit string, c pivot.Contract) *told {
	// Ids are joined in 1.x only. The same bytes can stand under two ids if they
	// do not say theirs.
	mixes := c.Generation == pivot.Gen1 || r.state != Redacted && c.ID != r.id
	c = r.identified(c)
	return &told{deposit, c, factsOf(c, r.ref.Node), mixes}
}

// read makes sure that the record is told.
func (r *record) read() (*told, error) {
	if r.told != nil {
		return r.told, nil
	}
	t, err := unpack(r.packed)
	if err != nil {
		return nil, err
	}
	var c pivot.Contract
	if r.state != Redacted {
		c, _ = pivot.Normalise(r.raw(t))
	}
	r.told = r.tell(t.Deposit, c)
	return r.told, nil
}

// redact leaves nothing of what the record said.
func (r *record) redact(reason string) error {
	t, err := unpack(r.packed)
	if err != nil {
		return err
	}
	t.Body = nil
	r.state, r.reason, r.hash, r.hashed, r.digest = Redacted, reason, pivot.Hash{}, false, 0
	r.packed, r.told = t.pack(), nil
	return nil
}

// A recordRow is a record with all that the rules say of it.
type recordRow struct {
	*record
	telling
	Schema   pivot.Version
	Problems catalog.Problems
	Repairs  []pivot.Repair
	Contract pivot.Contract
}

// row judges the record again.
func (r *record) row() (recordRow, error) {
	t, err := unpack(r.packed)
	if err != nil {
		return recordRow{}, err
	}
	out := recordRow{record: r, telling: t}
	if r.state != Redacted {
		said := pivot.Checking{Today: r.at}.Assess(r.raw(t), false)
		out.Schema, out.Problems = said.Verdict.Version, said.Verdict.Problems
		out.Contract, out.Repairs = said.Contract, said.Repairs
		out.Problems = out.Problems[:min(len(out.Problems), maxProblems)]
		out.Repairs = out.Repairs[:min(len(out.Repairs), maxRepairs)]
	}
	out.Contract = r.identified(out.Contract)
	return out, nil
}

// hashText is the record's hash in hexadecimal; "" if it has none.
func (r *record) hashText() string {
	if !r.hashed {
		return ""
	}
	return r.hash.String()
}
