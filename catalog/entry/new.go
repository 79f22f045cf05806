package entry

import (
	"crypto/sha256"
	"fmt"
	"io"
	"time"

	"github.com/go-json-experiment/json"

	"maillon/catalog/pivot"
	"maillon/catalog/territory"
)

// NewPut is the entry that publishes a record, received at the time given.
// Its salt is read from random, which must be crypto/rand's outside tests.
func NewPut(random io.Reader, rec pivot.Record, src Source, at time.Time) (Entry, error) {
	if rec.Buyer == "" || rec.ID == "" {
		return Entry{}, invalid("record %s has no buyer or no id", rec.Pointer)
	}
	h := Header{Op: Put, Kind: string(rec.Kind), Key: rec.Buyer + "/" + rec.ID, Source: &src}
	return withBody(random, h, rec.Raw, at)
}

// NewStatement is the entry by which a node says something itself. key is
// the node id it is about, or that of [DatasetKey], [SuccessionKey] or
// [DecisionKey]; body is JSON, a [Member], a [Head], a [Dataset], a [Succession]
// or a [Decision].
func NewStatement(random io.Reader, kind, key string, body []byte, at time.Time) (Entry, error) {
	return withBody(random, Header{Op: Statement, Kind: kind, Key: key}, body, at)
}

// NewWithdraw is the entry after which the record put at index target of the
// same journal is no longer published. kind and key are those of the record.
func NewWithdraw(kind, key string, target uint64, reason string, at time.Time) (Entry, error) {
	return retraction(Withdraw, kind, key, target, reason, at)
}

// NewRedact is the entry that erases the body put at index target of the
// same journal, here and in every mirror. The reason is public and stays.
func NewRedact(kind, key string, target uint64, reason string, at time.Time) (Entry, error) {
	return retraction(Redact, kind, key, target, reason, at)
}

func retraction(op Op, kind, key string, target uint64, reason string, at time.Time) (Entry, error) {
	h := Header{V: 1, Op: op, Kind: kind, Key: key, Target: &target, Reason: reason, At: receipt(at)}
	b, err := h.encode()
	return Entry{Header: b}, err
}

// receipt is at as headers have it.
func receipt(at time.Time) time.Time { return at.UTC().Truncate(time.Second) }

func withBody(random io.Reader, h Header, body []byte, at time.Time) (Entry, error) {
	if len(body) == 0 || len(body) > MaxBody {
		return Entry{}, invalid("body of %d bytes, want 1 to %d", len(body), MaxBody)
	}
	salt := make([]byte, SaltSize)
	if _, err := io.ReadFull(random, salt); err != nil {
		return Entry{}, fmt.Errorf("salt of an entry: %w", err)
	}
	h.V, h.At, h.Body = 1, receipt(at), bodyHash(salt, body)
	b, err := h.encode()
	if err != nil {
		return Entry{}, err
	}
	return Entry{Header: b, Salt: salt, Body: body}, nil
}

// Check is Parse, and checks that salt and body are what the header says.
// An entry whose header names a body may come without it: then it was erased.
func (e Entry) Check() (Header, error) {
	h, err := e.Parse()
	if err == nil {
		err = e.CheckBody(h)
	}
	if err != nil {
		return Header{}, err
	}
	return h, nil
}

// CheckBody is the second half of [Entry.Check]; h is what Parse gave for e.
func (e Entry) CheckBody(h Header) error {
	var sum [2 * sha256.Size]byte
	switch {
	case len(e.Salt) == 0 && len(e.Body) == 0:
		return nil
	case h.Body == "":
		return invalid("a body that the header does not name")
	case len(e.Salt) != SaltSize:
		return invalid("salt of %d bytes, want %d", len(e.Salt), SaltSize)
	case len(e.Body) == 0 || len(e.Body) > MaxBody:
		return invalid("body of %d bytes, want 1 to %d", len(e.Body), MaxBody)
	case string(appendBodyHash(sum[:0], e.Salt, e.Body)) != h.Body:
		return invalid("the body does not hash to %s", h.Body)
	}
	return nil
}

// maxStatement bounds the body of a statement. The longest list of buyers
// that a node publishes for fits many times.
const maxStatement = 1 << 20

// ParseMember reads the body of a statement of kind [KindMember].
func ParseMember(body []byte) (Member, error) {
	var m Member
	if err := parseStatement(body, &m); err != nil {
		return Member{}, invalid("member: %w", err)
	}
	if m.Node == "" || m.Epoch < 0 {
		return Member{}, invalid("member needs a node, and an epoch from 0")
	}
	return m, nil
}

// ParseHead reads the body of a statement of kind [KindHead]. The checkpoint
// in it is not verified.
func ParseHead(body []byte) (Head, error) {
	var h Head
	if err := parseStatement(body, &h); err != nil {
		return Head{}, invalid("head: %w", err)
	}
	if h.Node == "" || h.Epoch < 0 || h.Checkpoint == "" {
		return Head{}, invalid("head needs a node, an epoch from 0 and a checkpoint")
	}
	return h, nil
}

// ParseDataset reads the body of a statement of kind [KindDataset].
func ParseDataset(body []byte) (Dataset, error) {
	var d Dataset
	if err := parseStatement(body, &d); err != nil {
		return Dataset{}, invalid("dataset: %w", err)
	}
	if d.Source == "" || d.Dataset == "" || d.Triples == "" && !d.Gone {
		return Dataset{}, invalid("dataset needs a source, a dataset and, unless it is gone, triples")
	}
	return d, nil
}

// ParseSuccession reads the body of a statement of kind [KindSuccession].
func ParseSuccession(body []byte) (Succession, error) {
	var s Succession
	if err := parseStatement(body, &s); err != nil {
		return Succession{}, invalid("succession: %w", err)
	}
	return s, s.Check()
}

// Check reports what is wrong with a succession.
func (s Succession) Check() error {
	for what, id := range map[string]string{"from": s.From, "to": s.To} {
		if _, err := territory.ParseSIRET(id); err != nil {
			return invalid("succession: %s: %w", what, err)
		}
	}
	_, err := time.Parse(time.DateOnly, s.On)
	sameBody := s.From[:sirenDigits] == s.To[:sirenDigits]
	switch {
	case s.From == s.To:
		return invalid("succession: %s cannot follow itself", s.From)
	case err != nil:
		return invalid("succession: on: %q is not a day (write 2026-01-01)", s.On)
	case s.Why != WhyMove && s.Why != WhyMerger && s.Why != WhyDissolution:
		return invalid("succession: why: %q is neither move, merger nor dissolution", s.Why)
	case (s.Why == WhyMove) != sameBody:
		return invalid("succession: a move keeps the first nine digits of the SIRET, a merger or dissolution changes them; %s and %s do not fit %q", s.From, s.To, s.Why)
	case len(s.Reason) > maxReason:
		return invalid("succession: reason of %d bytes, at most %d", len(s.Reason), maxReason)
	}
	return nil
}

const (
	sirenDigits = 9
	maxReason   = 500
)

func parseStatement(body []byte, v any) error {
	if len(body) > maxStatement {
		return fmt.Errorf("%d bytes, at most %d", len(body), maxStatement)
	}
	return json.Unmarshal(body, v)
}
