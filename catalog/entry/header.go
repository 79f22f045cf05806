package entry

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
)

// ErrInvalid is wrapped by every error about bytes that are not an entry as
// docs/journal.md describes it.
var ErrInvalid = errors.New("not a valid entry")

func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrInvalid, fmt.Errorf(format, args...))
}

// Parse reads the header, and checks it but not the body. Members, operations
// and kinds that this version does not know are no error, so that a mirror
// can hold the journal of a newer node; views pass over them.
func (e Entry) Parse() (Header, error) {
	if len(e.Header) > MaxHeader {
		return Header{}, invalid("header of %d bytes, at most %d", len(e.Header), MaxHeader)
	}
	h, ok := quickHeader(e.Header)
	if !ok {
		h = Header{}
		// Strict: no duplicate or differently capitalised names, no invalid UTF-8,
		// nothing after the object.
		if err := json.Unmarshal(e.Header, &h); err != nil {
			return Header{}, invalid("header: %w", err)
		}
	}
	if err := h.check(); err != nil {
		return Header{}, err
	}
	h.At = h.At.UTC()
	return h, nil
}

// maxToken bounds the words of a header that are not free text.
const maxToken = 64

func (h Header) check() error {
	switch {
	case h.V != 1:
		return invalid("header of version %d: this maillon reads version 1, a newer one is needed", h.V)
	case !isToken(string(h.Op)):
		return invalid("op %q, want a word of 1 to %d small letters", h.Op, maxToken)
	case h.At.IsZero():
		return invalid("no time of receipt")
	case !h.At.Equal(h.At.Truncate(time.Second)) || !isUTC(h.At):
		return invalid("time %s, want UTC and whole seconds", h.At.Format(time.RFC3339Nano))
	case h.Body != "" && !isHash(h.Body):
		return invalid("body %q, want a SHA-256 as 64 hexadecimal digits", h.Body)
	}
	return h.checkOp()
}

// checkOp checks what each known operation needs.
func (h Header) checkOp() error {
	switch h.Op {
	case Put:
		if h.Kind == "" || h.Key == "" || h.Source == nil || h.Body == "" || h.Target != nil {
			return invalid("put needs kind, key, source and body, and has no target")
		}
	case Withdraw, Redact:
		if h.Target == nil || h.Body != "" {
			return invalid("%s needs a target, and has no body", h.Op)
		}
	case Statement:
		if h.Kind == "" || h.Body == "" || h.Target != nil {
			return invalid("statement needs kind and body, and has no target")
		}
	}
	return nil
}

func isToken(s string) bool {
	if s == "" || len(s) > maxToken {
		return false
	}
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && c != '-' {
			return false
		}
	}
	return true
}

func isUTC(t time.Time) bool {
	_, offset := t.Zone()
	return offset == 0
}

func isHash(s string) bool {
	if len(s) != 64 {
		return false
	}
	for _, c := range []byte(s) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// encode writes the header as it will be signed over for ever.
func (h Header) encode() ([]byte, error) {
	if err := h.check(); err != nil {
		return nil, err
	}
	b, err := json.Marshal(h, json.Deterministic(true))
	if err != nil {
		return nil, invalid("header: %w", err)
	}
	if len(b) > MaxHeader {
		return nil, invalid("header of %d bytes, at most %d: shorten the id, the series or the reason", len(b), MaxHeader)
	}
	return b, nil
}

// bodyHash is what a header says of its body.
func bodyHash(salt, body []byte) string { return string(appendBodyHash(nil, salt, body)) }

// appendBodyHash appends it to b.
func appendBodyHash(b, salt, body []byte) []byte {
	h := sha256.New()
	h.Write(salt)
	h.Write(body)
	var sum [sha256.Size]byte
	return hex.AppendEncode(b, h.Sum(sum[:0]))
}
