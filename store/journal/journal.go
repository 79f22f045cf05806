// Package journal is a Merkle log over a [store.DB]: the journal of a node,
// and with the same type the mirror of another node's.
//
// The tree is that of RFC 6962, the outside that of c2sp.org/tlog-tiles:
// [Log.Resource] serves checkpoint, tiles and bundles of headers, and beside
// them the bodies, which the tree only commits to. docs/journal.md describes
// every byte that others read; keys.go those of the store.
//
// Invariants:
//   - What is published (Size, Root, Checkpoint, and all that is served) is
//     what the last signed checkpoint covers, and only after the transaction
//     that wrote it has returned.
//   - Entries after the checkpoint are a tail that nobody sees; opening a log
//     or aborting a writer cuts it.
//   - A checkpoint is never followed by one that does not extend it.
//   - A body that a published entry redacts is not handed out any more.
//
// The package does not fetch anything, and knows nothing of what entries mean
// beyond redaction.
package journal

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/transparency-dev/formats/log"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Errors that callers tell apart.
var (
	// ErrRoot: the entries are not those that the checkpoint was signed over.
	ErrRoot = errors.New("the entries do not hash to the root of the checkpoint")
	// ErrOld: the checkpoint is an earlier state of what is held already.
	ErrOld = errors.New("the checkpoint is older than what is held")
	// ErrFork is what every [ForkError] is.
	ErrFork = errors.New("two histories under one key")
	// ErrDamaged: the store does not hold what it held when it was written.
	ErrDamaged = errors.New("the store is damaged: restore it from a backup, or let it be mirrored anew")
)

// A ForkError is the proof that the owner of a journal signed two histories:
// two checkpoints, each with its signature, that do not agree.
type ForkError struct{ Ours, Theirs []byte }

func (e *ForkError) Error() string { return ErrFork.Error() }

// Is makes errors.Is(err, ErrFork) true.
func (e *ForkError) Is(target error) bool { return target == ErrFork }

// maxNode bounds the length of a node id.
const maxNode = 64

// Origin is the first line of a journal's checkpoints, and the name of the
// key that signs them.
func Origin(node string, epoch int) string {
	return "maillon/" + node + "/" + strconv.Itoa(epoch)
}

// ParseOrigin reads what [Origin] writes, and nothing else.
func ParseOrigin(s string) (node string, epoch int, err error) {
	bad := func() (string, int, error) {
		return "", 0, fmt.Errorf("origin %.100q, want maillon/<node id>/<epoch>", s)
	}
	rest, ok := strings.CutPrefix(s, "maillon/")
	if !ok {
		return bad()
	}
	node, num, ok := strings.Cut(rest, "/")
	if !ok {
		return bad()
	}
	epoch, err = strconv.Atoi(num)
	if err != nil || checkName(node, epoch) != nil || Origin(node, epoch) != s {
		return bad()
	}
	return node, epoch, nil
}

// checkName accepts what can stand in an origin, a path and a bucket's name.
func checkName(node string, epoch int) error {
	if node == "" || len(node) > maxNode {
		return fmt.Errorf("node id of %d bytes, want 1 to %d", len(node), maxNode)
	}
	for _, c := range []byte(node) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c != '-' && c != '_' && c != '.' {
			return fmt.Errorf("node id %q: only letters, digits and -_. are allowed", node)
		}
	}
	if epoch < 0 {
		return fmt.Errorf("epoch %d of node %s, want 0 or more", epoch, node)
	}
	return nil
}

// NewVerifier is [note.NewVerifier] with a result that remembers vkey, so
// that a log opened with it can serve it as the resource `key`.
func NewVerifier(vkey string) (note.Verifier, error) {
	v, err := note.NewVerifier(vkey)
	if err != nil {
		return nil, fmt.Errorf("verifier key %.100q: %w", vkey, err)
	}
	return textVerifier{v, vkey}, nil
}

type textVerifier struct {
	note.Verifier
	text string
}

// KeyText is the key as text. Any verifier that has this method lets its log
// serve `key`.
func (v textVerifier) KeyText() string { return v.text }

// maxCheckpoint bounds a checkpoint with all its signatures.
const maxCheckpoint = 16 << 10

// A state is a published state. It is never changed.
type state struct {
	size       uint64
	root       tlog.Hash
	checkpoint []byte // nil before the first one
}

// parseCheckpoint verifies a checkpoint of the journal with key v.
func parseCheckpoint(text []byte, origin string, v note.Verifier) (*state, error) {
	if len(text) > maxCheckpoint {
		return nil, fmt.Errorf("checkpoint of %s: %d bytes, at most %d", origin, len(text), maxCheckpoint)
	}
	cp, n, err := openCheckpoint(text, origin, v)
	if err != nil {
		return nil, fmt.Errorf("checkpoint of %s: %w", origin, err)
	}
	s := &state{size: cp.Size, checkpoint: []byte(n.Text + "\n")}
	for _, sig := range n.Sigs { // those of v: what others have added is not kept
		s.checkpoint = fmt.Appendf(s.checkpoint, "— %s %s\n", sig.Name, sig.Base64)
	}
	if len(cp.Hash) != len(s.root) {
		return nil, fmt.Errorf("checkpoint of %s: root of %d bytes, want %d", origin, len(cp.Hash), len(s.root))
	}
	if cp.Size > maxSize {
		return nil, fmt.Errorf("checkpoint of %s: size %d, at most %d", origin, cp.Size, uint64(maxSize))
	}
	copy(s.root[:], cp.Hash)
	return s, nil
}

// openCheckpoint verifies a checkpoint with v, or, if v is the ring of a key
// that was replaced (a method Keys), with any of its keys.
func openCheckpoint(text []byte, origin string, v note.Verifier) (*log.Checkpoint, *note.Note, error) {
	keys := []note.Verifier{v}
	if ring, ok := v.(interface{ Keys() []note.Verifier }); ok {
		keys = ring.Keys()
	}
	var first error
	for _, k := range keys {
		cp, _, n, err := log.ParseCheckpoint(text, origin, k)
		if err == nil {
			return cp, n, nil
		}
		first = cmp.Or(first, err)
	}
	return nil, nil, first
}

// maxSize bounds the number of entries, so that sums of indexes cannot overflow.
const maxSize = 1 << 48

// sign makes the checkpoint of s, and makes sure that v accepts it.
func sign(s *state, origin string, signer note.Signer, v note.Verifier) (*state, error) {
	if live, ok := signer.(interface{ Current() note.Signer }); ok {
		signer = live.Current() // a key that is replaced meanwhile does not come between
	}
	text := log.Checkpoint{Origin: origin, Size: s.size, Hash: s.root[:]}.Marshal()
	signed, err := note.Sign(&note.Note{Text: string(text)}, signer)
	if err != nil {
		return nil, fmt.Errorf("sign the checkpoint of %s: %w", origin, err)
	}
	got, err := parseCheckpoint(signed, origin, v)
	if err != nil {
		return nil, fmt.Errorf("the signing key is not the one of this journal: %w", err)
	}
	return got, nil
}
