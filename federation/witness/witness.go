// Package witness holds the rules by which one node vouches for the journal
// of another: cosignatures (c2sp.org/tlog-cosignature, version 1 over
// Ed25519) and the request that asks for one (c2sp.org/tlog-witness).
//
// A cosignature says: of all the heads of that journal that I have seen, and
// they agree, this was the largest at that time. So an owner who signs two
// histories needs every witness of the one to be blind to the other; one
// honest witness that is shown both has the proof (see [ForkError]).
//
// Invariants:
//   - A witness cosigns no head that it has not proven to extend the one it
//     cosigned before, and none that is smaller. [Decide] is that rule; whoever
//     keeps the state must check and replace it in one transaction.
//   - A cosignature counts only if it is by a key that the reader knows, over
//     a note that the owner's key has signed. All other lines are passed over.
//
// The package neither stores nor sends anything.
package witness

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/transparency-dev/formats/log"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Limits of what is read.
const (
	MaxCheckpoint = 16 << 10 // bytes of a checkpoint with all its signatures
	maxSize       = 1 << 48  // entries of a journal
)

// Errors that callers tell apart, with the status that tlog-witness gives them.
var (
	// ErrMalformed: it is not written as the protocol wants it (400).
	ErrMalformed = errors.New("malformed")
	// ErrSignature: no signature is by a key of that journal's owner (403).
	ErrSignature = errors.New("not signed by a key of the journal's owner")
	// ErrOldSize: the old size is larger than the checkpoint (400).
	ErrOldSize = errors.New("the old size is larger than the checkpoint's")
	// ErrProof: the proof does not lead from the old head to the new one (422).
	ErrProof = errors.New("the proof does not show that the new head extends the old one")
	// ErrFork is what every [ForkError] is (409).
	ErrFork = errors.New("two histories under one key")
)

// A ConflictError says that the request does not start from the head that
// the witness has (409). Size is that head's.
type ConflictError struct{ Size uint64 }

func (e *ConflictError) Error() string {
	return fmt.Sprintf("the last head cosigned here has %d entries: prove from there", e.Size)
}

// A ForkError is proof that an owner signed two histories: both notes verify
// with its key, and no journal can have had both heads.
type ForkError struct {
	Ours, Theirs []byte // signed notes
	Size         uint64 // entries of ours
}

func (e *ForkError) Error() string { return ErrFork.Error() }

// Is makes errors.Is(err, ErrFork) true.
func (e *ForkError) Is(target error) bool { return target == ErrFork }

// A Head is a checkpoint that its owner has signed.
type Head struct {
	Origin string
	Size   uint64
	Root   [32]byte
	Text   string // what is signed
	Note   []byte // Text with the owner's signatures and no other
}

// Origin reads the first line of a checkpoint, which nothing vouches for yet.
func Origin(checkpoint []byte) string {
	line, _, _ := bytes.Cut(checkpoint, []byte("\n"))
	return string(line)
}

// Open reads a checkpoint and verifies it with the keys that its owner has or
// had. Signatures by others are left out of the result.
func Open(checkpoint []byte, owner ...note.Verifier) (Head, error) {
	if len(checkpoint) > MaxCheckpoint {
		return Head{}, fmt.Errorf("%w: checkpoint of %d bytes, at most %d", ErrMalformed, len(checkpoint), MaxCheckpoint)
	}
	n, err := note.Open(checkpoint, list(owner))
	if err != nil {
		if _, unknown := errors.AsType[*note.UnverifiedNoteError](err); unknown {
			return Head{}, ErrSignature
		}
		if _, forged := errors.AsType[*note.InvalidSignatureError](err); forged {
			return Head{}, ErrSignature
		}
		return Head{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	var cp log.Checkpoint
	if _, err := cp.Unmarshal([]byte(n.Text)); err != nil {
		return Head{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	h := Head{Origin: cp.Origin, Size: cp.Size, Text: n.Text}
	switch {
	case string(cp.Marshal()) != n.Text:
		return Head{}, fmt.Errorf("%w: a checkpoint is three lines, each written in one way", ErrMalformed)
	case len(cp.Hash) != len(h.Root) || cp.Size > maxSize:
		return Head{}, fmt.Errorf("%w: %d entries under a root of %d bytes", ErrMalformed, cp.Size, len(cp.Hash))
	}
	for _, s := range n.Sigs {
		if s.Name != h.Origin {
			return Head{}, fmt.Errorf("%w: the key of %.80q signs for %.80q", ErrSignature, s.Name, h.Origin)
		}
	}
	h.Root = [32]byte(cp.Hash)
	h.Note = []byte(h.Text + "\n")
	for _, s := range n.Sigs {
		h.Note = append(h.Note, line(s.Name, s.Base64)...)
	}
	if empty, err := tlog.TreeHash(0, nil); h.Size == 0 && (err != nil || h.Root != empty) {
		return Head{}, fmt.Errorf("%w: no entries under a root that is not the empty one", ErrProof)
	}
	return h, nil
}

// list is note.VerifierList that does not mind a key given twice.
func list(keys []note.Verifier) note.Verifiers {
	type id struct {
		name string
		hash uint32
	}
	seen := map[id]bool{}
	var all, out []note.Verifier
	for _, k := range keys {
		if ring, ok := k.(interface{ Keys() []note.Verifier }); ok {
			all = append(all, ring.Keys()...) // a key that was replaced, and what replaced it
		} else {
			all = append(all, k)
		}
	}
	for _, k := range all {
		if i := (id{k.Name(), k.KeyHash()}); !seen[i] {
			seen[i] = true
			out = append(out, k)
		}
	}
	return note.VerifierList(out...)
}

// line is a signature as it stands in a note.
func line(name, b64 string) string { return "— " + name + " " + b64 + "\n" }

// Append adds signature lines, as [Cosigner.Cosign] makes them, to a note.
func Append(n []byte, lines ...[]byte) []byte {
	out := bytes.Clone(n)
	for _, l := range lines {
		out = append(out, l...)
	}
	return out
}

// sigLines lists the signatures of a note, verified or not.
func sigLines(n []byte) (text string, sigs []note.Signature, err error) {
	opened, err := note.Open(n, note.VerifierList())
	if e, ok := errors.AsType[*note.UnverifiedNoteError](err); ok {
		return e.Note.Text, e.Note.UnverifiedSigs, nil
	}
	if err != nil {
		return "", nil, err
	}
	return opened.Text, opened.UnverifiedSigs, nil
}

// Names lists who signs a note, as it says, each once: nothing is verified.
func Names(n []byte) []string {
	_, sigs, err := sigLines(n)
	if err != nil {
		return nil
	}
	var out []string
	for _, s := range sigs {
		if !slices.Contains(out, s.Name) {
			out = append(out, s.Name)
		}
	}
	return out
}

// split takes a signature's base64 apart.
func split(s note.Signature) (hash uint32, sig []byte, ok bool) {
	raw, err := base64.StdEncoding.DecodeString(s.Base64)
	if err != nil || len(raw) < 4 || strings.ContainsAny(s.Base64, "\r\n") {
		return 0, nil, false
	}
	return binary.BigEndian.Uint32(raw), raw[4:], true
}
