package follow

import (
	"errors"
	"fmt"
	"net/http"
	"time"
)

// Errors that callers tell apart; the types of this file carry the details.
var (
	// ErrNotServed: the server has no journal at that address.
	ErrNotServed = errors.New("no journal is served there")
	// ErrFork: the key has signed two histories. See [ForkError].
	ErrFork = errors.New("two histories under one key")
	// ErrRollback: the server has less than the mirror. See [RollbackError].
	ErrRollback = errors.New("an older copy is served")
	// ErrCorrupt: what was served is not what was signed. See [CorruptError].
	ErrCorrupt = errors.New("not what was signed")
	// ErrTooLarge: an answer, or all of them together, exceeds a limit.
	ErrTooLarge = errors.New("too large")
	// ErrTooSlow: the server does not keep the minimum pace.
	ErrTooSlow = errors.New("too slow")
	// ErrRedirect: the server sends elsewhere, which is not followed.
	ErrRedirect = errors.New("redirects are not followed")
)

// A ForkError is proof that a journal's key has signed two histories: both
// checkpoints verify, and no journal can have had both. It is an [ErrFork].
type ForkError struct {
	Ours, Theirs []byte // the signed checkpoints
}

func (e *ForkError) Error() string {
	return "the journal has two histories under one key: its owner has rewritten it, restored an old copy and gone on, or lost its key"
}

// Is makes a ForkError an [ErrFork].
func (e *ForkError) Is(target error) bool { return target == ErrFork }

// A RollbackError says that the server is behind the mirror: a cache, a slow
// mirror, or a node that was restored from an older copy and has not caught
// up. It is no offence; the mirror keeps what it has. It is an [ErrRollback].
type RollbackError struct {
	Ours, Theirs []byte // the signed checkpoints
	Have, Served uint64 // entries
}

func (e *RollbackError) Error() string {
	return fmt.Sprintf("an older copy of the journal is served, with %d entries where %d are known: the server is behind, or was restored from a backup and has not caught up", e.Served, e.Have)
}

// Is makes a RollbackError an [ErrRollback].
func (e *RollbackError) Is(target error) bool { return target == ErrRollback }

// A CorruptError says that a resource is damaged, cut short or forged where
// it is served. Another server of the same journal may have it right. It is
// an [ErrCorrupt].
type CorruptError struct {
	Resource string // below the journal's address, such as tile/entries/x001/067
	Err      error
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("%s is not what was signed: %v", e.Resource, e.Err)
}

func (e *CorruptError) Unwrap() error { return e.Err }

// Is makes a CorruptError an [ErrCorrupt].
func (e *CorruptError) Is(target error) bool { return target == ErrCorrupt }

// An InvalidEntryError says that the journal's owner has signed an entry that
// is none by docs/journal.md. No server can mend it.
type InvalidEntryError struct {
	Index uint64
	Err   error
}

func (e *InvalidEntryError) Error() string {
	return fmt.Sprintf("entry %d is signed, but not a valid entry: %v", e.Index, e.Err)
}

func (e *InvalidEntryError) Unwrap() error { return e.Err }

// A StatusError is an answer other than the one asked for.
type StatusError struct {
	URL        string
	Status     int
	RetryAfter time.Duration // as the server asks, 0 if it does not
}

func (e *StatusError) Error() string {
	return fmt.Sprintf("%s answers %d %s", e.URL, e.Status, http.StatusText(e.Status))
}

// A RefusedError is a hub's answer to an announcement that it refuses.
type RefusedError struct{ Reason string }

func (e *RefusedError) Error() string { return "the hub refuses the announcement: " + e.Reason }

// errNotModified: the checkpoint is the one that the mirror has.
var errNotModified = errors.New("not modified")

// Unreachable reports whether an error says that nobody answered: all others
// are about what was answered.
func Unreachable(err error) bool {
	if status, ok := errors.AsType[*StatusError](err); ok {
		return status.Status == http.StatusBadGateway || status.Status == http.StatusServiceUnavailable || status.Status == http.StatusGatewayTimeout
	}
	if _, ok := errors.AsType[*InvalidEntryError](err); ok {
		return false
	}
	for _, answered := range []error{ErrNotServed, ErrFork, ErrRollback, ErrCorrupt, ErrTooLarge, ErrRedirect} {
		if errors.Is(err, answered) {
			return false
		}
	}
	return err != nil
}
