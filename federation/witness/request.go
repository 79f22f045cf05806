package witness

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strconv"

	"golang.org/x/mod/sumdb/tlog"
)

// Limits of a request.
const (
	maxProof   = 63
	hashLine   = 44 + 1
	MaxRequest = len("old ") + 20 + 1 + maxProof*hashLine + 1 + MaxCheckpoint // bytes
)

// A Request asks a witness to cosign a checkpoint.
type Request struct {
	Old        uint64      // entries of the head that the proof starts from
	Proof      []tlog.Hash // from Old to the checkpoint's size; empty if Old is 0
	Checkpoint []byte      // the signed note
}

// Marshal is the request as a body of add-checkpoint.
func (r Request) Marshal() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "old %d\n", r.Old)
	for _, h := range r.Proof {
		b.WriteString(base64.StdEncoding.EncodeToString(h[:]) + "\n")
	}
	b.WriteByte('\n')
	b.Write(r.Checkpoint)
	return b.Bytes()
}

// ParseRequest reads what [Request.Marshal] writes, and nothing else. Its
// errors are [ErrMalformed].
func ParseRequest(body []byte) (Request, error) {
	bad := func(format string, args ...any) (Request, error) {
		return Request{}, fmt.Errorf("%w: %s", ErrMalformed, fmt.Sprintf(format, args...))
	}
	if len(body) > MaxRequest {
		return bad("request of %d bytes, at most %d", len(body), MaxRequest)
	}
	first, rest, ok := bytes.Cut(body, []byte("\n"))
	digits, old := bytes.CutPrefix(first, []byte("old "))
	if !ok || !old {
		return bad("the first line is %.40q, want old and a size", first)
	}
	r, err := Request{}, error(nil)
	if r.Old, err = strconv.ParseUint(string(digits), 10, 64); err != nil || r.Old > maxSize || strconv.FormatUint(r.Old, 10) != string(digits) {
		return bad("old size %.40q", digits)
	}
	for {
		l, more, ok := bytes.Cut(rest, []byte("\n"))
		if !ok {
			return bad("no empty line before the checkpoint")
		}
		if rest = more; len(l) == 0 {
			break
		}
		if len(r.Proof) == maxProof {
			return bad("more than %d hashes", maxProof)
		}
		h, err := base64.StdEncoding.AppendDecode(nil, l)
		if err != nil || len(h) != tlog.HashSize || base64.StdEncoding.EncodeToString(h) != string(l) {
			return bad("hash %.60q, want 32 bytes in base64", l)
		}
		r.Proof = append(r.Proof, tlog.Hash(h))
	}
	r.Checkpoint = bytes.Clone(rest)
	return r, nil
}

// Decide says if a witness that has cosigned last (nil: nothing yet) cosigns
// h, the verified checkpoint of r. nil is yes: h then replaces last. Else it
// is [ErrOldSize], [ErrProof], a [*ConflictError] or, whatever the proof, a
// [*ForkError].
func Decide(last *Head, r Request, h Head) error {
	var have Head
	if last != nil {
		have = *last
	}
	switch {
	case last != nil && have.Size == h.Size && have.Root != h.Root:
		return &ForkError{Ours: have.Note, Theirs: h.Note, Size: have.Size}
	case r.Old > h.Size:
		return ErrOldSize
	case r.Old != have.Size:
		return &ConflictError{Size: have.Size}
	case r.Old == 0 || r.Old == h.Size:
		if len(r.Proof) != 0 {
			return fmt.Errorf("%w: it must be empty from %d to %d", ErrProof, r.Old, h.Size)
		}
		return nil
	case tlog.CheckTree(r.Proof, int64(h.Size), h.Root, int64(r.Old), have.Root) != nil:
		return ErrProof
	}
	return nil
}
