package follow

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"maillon/federation/witness"
)

// maxLines bounds a witness's answer, in bytes.
const maxLines = 4 << 10

// AddCheckpoint asks the node at base to cosign a checkpoint. It returns the
// signature lines, of which none is verified. A witness that has another head
// gives a [*witness.ConflictError], one that the proof does not convince
// [witness.ErrProof].
func (c *Client) AddCheckpoint(ctx context.Context, base string, r witness.Request) ([]byte, error) {
	s := &session{c: c, base: base, left: c.o.MaxBytes}
	a, err := s.do(ctx, request{
		method: http.MethodPost, url: base + "/federation/v1/witness/add-checkpoint", body: r.Marshal(),
		header: map[string]string{"Content-Type": "text/plain; charset=utf-8"}, limit: maxLines,
	})
	if a != nil {
		defer a.Close()
	}
	status, refused := errors.AsType[*StatusError](err)
	if err != nil && !refused {
		return nil, err
	}
	raw, readErr := io.ReadAll(a)
	switch {
	case readErr != nil:
		return nil, a.fail(readErr)
	case refused && status.Status == http.StatusConflict:
		size, parseErr := strconv.ParseUint(strings.TrimSuffix(string(raw), "\n"), 10, 64)
		if parseErr != nil {
			return nil, fmt.Errorf("%w, and no size with it", err)
		}
		return nil, &witness.ConflictError{Size: size}
	case refused && status.Status == http.StatusUnprocessableEntity:
		return nil, fmt.Errorf("%w: %w", witness.ErrProof, err)
	case err != nil:
		return nil, err
	}
	return raw, nil
}

// Extends checks, by the tiles served under base, that head extends old: both
// are checkpoints of the journal whose tree base serves at least up to head.
// A [*ForkError] is proof that it does not; any other error says that base
// does not serve the tree of head, or not well.
func (c *Client) Extends(ctx context.Context, base string, head, old Checkpoint) error {
	switch {
	case old.Size > head.Size:
		return fmt.Errorf("%s: a head of %d entries cannot extend one of %d", base, head.Size, old.Size)
	case old.Size == head.Size && old.Root != head.Root:
		return &ForkError{Ours: old.Raw, Theirs: head.Raw}
	case old.Size == head.Size:
		return nil
	}
	return newTree(ctx, &session{c: c, base: base, left: c.o.MaxBytes}, head).contains(old)
}

// ParseCheckpoint reads and verifies a checkpoint that came from elsewhere.
func ParseCheckpoint(raw []byte, v note.Verifier) (Checkpoint, error) { return parseCheckpoint(raw, v) }
