package entry

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
)

// A Decision is the body of a statement of kind [KindDecision]: what an operator
// of a hub decided where sources contradict each other. It is about exactly the
// records that it names: once the data is another, it does not hold any more. The
// statement's key is [DecisionKey], so that the newest decision on the same data
// counts.
type Decision struct {
	What   string `json:"what"`            // one of the Decides
	Sides  []Side `json:"sides"`           // the contracts, or the parts of one, that it is about
	Shown  string `json:"shown,omitempty"` // show: hash of the record to be shown
	Reason string `json:"reason"`          // for everyone to read
	By     string `json:"by"`              // role of who decided; the hub's trail knows the person by the key
	Void   bool   `json:"void,omitempty"`  // taken back
}

// A Side is one contract that a decision is about, as it then stood.
type Side struct {
	Buyer   string   `json:"buyer"`   // SIRET under which it was published
	ID      string   `json:"id"`      // as written
	Records []string `json:"records"` // hashes of its records that were not withdrawn, sorted
}

// What can be decided.
const (
	DecideShow    = "show"    // of one contract, this record is shown
	DecideSame    = "same"    // the sides are one contract
	DecideApart   = "apart"   // they are not, even if rules brought them together
	DecideSettled = "settled" // looked at, stays as it is
)

// Bounds of a decision.
const (
	maxSides       = 64
	maxSideRecords = 256
	maxBy          = 40
)

// DecisionKey is the key of statements about the same data: the first 32
// hexadecimal digits of the SHA-256 over the sides, sorted, each written as buyer,
// id and hashes with a zero byte behind each, and one more behind the side.
func DecisionKey(sides []Side) string {
	var all []string
	for _, s := range sides {
		all = append(all, strings.Join(slices.Concat([]string{s.Buyer, s.ID}, s.Records), "\x00")+"\x00\x00")
	}
	slices.Sort(all)
	sum := sha256.Sum256([]byte(strings.Join(all, "")))
	return hex.EncodeToString(sum[:16])
}

// ParseDecision reads the body of a statement of kind [KindDecision].
func ParseDecision(body []byte) (Decision, error) {
	var d Decision
	if err := parseStatement(body, &d); err != nil {
		return Decision{}, invalid("decision: %w", err)
	}
	return d, d.Check()
}

// Check reports what is wrong with a decision.
func (d Decision) Check() error {
	least, most := 1, maxSides
	switch d.What {
	case DecideShow:
		most = 1
	case DecideSame, DecideApart:
		least = 2
	case DecideSettled:
	default:
		return invalid("decision: %q is neither show, same, apart nor settled", d.What)
	}
	if len(d.Sides) < least || len(d.Sides) > most {
		return invalid("decision: %s is about %d to %d contracts, not %d", d.What, least, most, len(d.Sides))
	}
	seen := map[string]bool{}
	for i, s := range d.Sides {
		if err := s.check(); err != nil {
			return invalid("decision: side %s: %w", strconv.Itoa(i), err)
		}
		for _, hash := range s.Records {
			if seen[hash] {
				return invalid("decision: record %s stands on two sides", hash)
			}
			seen[hash] = true
		}
	}
	switch {
	case (d.What == DecideShow) != (d.Shown != "") || d.Shown != "" && !seen[d.Shown]:
		return invalid("decision: shown is one of the records of a show, and of nothing else")
	case d.Reason == "" || len(d.Reason) > maxReason:
		return invalid("decision: reason of %d bytes, want 1 to %d", len(d.Reason), maxReason)
	case len(d.By) > maxBy:
		return invalid("decision: by of %d bytes, at most %d", len(d.By), maxBy)
	}
	return nil
}

func (s Side) check() error {
	const maxPart = 256
	switch {
	case s.Buyer == "" || s.ID == "" || len(s.Buyer) > maxPart || len(s.ID) > maxPart:
		return invalid("buyer and id of 1 to %d bytes are needed", maxPart)
	case len(s.Records) == 0 || len(s.Records) > maxSideRecords:
		return invalid("%d records, want 1 to %d", len(s.Records), maxSideRecords)
	}
	for i, hash := range s.Records {
		if !isHash(hash) {
			return invalid("record %q, want a SHA-256 as 64 hexadecimal digits", hash)
		}
		if i > 0 && s.Records[i-1] >= hash {
			return invalid("the records are not sorted, or one stands twice")
		}
	}
	return nil
}
