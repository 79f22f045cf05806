package follow

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"maillon/federation/witness"
)

// A Checkpoint is a journal's signed head, verified.
type Checkpoint struct {
	Size   uint64
	Root   [32]byte
	Raw    []byte // the note as its owner signed it, without the signatures of others
	Served []byte // the note as it was served, with cosignatures
}

// Checkpoint fetches and verifies the checkpoint served under base.
func (c *Client) Checkpoint(ctx context.Context, base string, v note.Verifier) (Checkpoint, error) {
	s := &session{c: c, base: base, left: c.o.MaxBytes}
	return s.checkpoint(ctx, v, nil)
}

// checkpoint fetches the checkpoint, or returns errNotModified if the server
// says that it still is the one that the mirror has.
func (s *session) checkpoint(ctx context.Context, v note.Verifier, ours []byte) (Checkpoint, error) {
	q := request{url: s.base + "/checkpoint", limit: witness.MaxCheckpoint, header: map[string]string{}}
	if etag := s.c.etag(s.base, ours); etag != "" {
		q.header["If-None-Match"] = etag
	}
	a, err := s.do(ctx, q)
	if a != nil {
		defer a.Close()
	}
	if status, ok := errors.AsType[*StatusError](err); ok {
		switch status.Status {
		case http.StatusNotModified:
			if q.header["If-None-Match"] != "" {
				return Checkpoint{}, errNotModified
			}
		case http.StatusNotFound, http.StatusGone:
			return Checkpoint{}, fmt.Errorf("%w: %w", ErrNotServed, err)
		}
	}
	if err != nil {
		return Checkpoint{}, err
	}
	var raw bytes.Buffer
	if _, err := raw.ReadFrom(a); err != nil {
		return Checkpoint{}, a.fail(err)
	}
	cp, err := parseCheckpoint(raw.Bytes(), v)
	if err != nil {
		return Checkpoint{}, &CorruptError{Resource: "checkpoint", Err: err}
	}
	s.c.remember(s.base, tagged{etag: a.etag, raw: string(cp.Raw)})
	return cp, nil
}

// parseCheckpoint verifies a checkpoint: signed by v, whose name is its origin.
func parseCheckpoint(raw []byte, v note.Verifier) (Checkpoint, error) {
	h, err := witness.Open(raw, v)
	if err != nil {
		return Checkpoint{}, err
	}
	return Checkpoint{Size: h.Size, Root: h.Root, Raw: h.Note, Served: bytes.Clone(raw)}, nil
}

// held is the checkpoint that a mirror has.
func held(m Mirror, v note.Verifier) (Checkpoint, error) {
	raw := m.Checkpoint()
	if m.Size() == 0 && len(raw) == 0 {
		empty, err := tlog.TreeHash(0, nil)
		return Checkpoint{Root: empty}, err
	}
	cp, err := parseCheckpoint(raw, v)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("the mirror's own checkpoint does not verify with the key of %s: %w", v.Name(), err)
	}
	if cp.Size != m.Size() {
		return Checkpoint{}, fmt.Errorf("the mirror of %s holds %d entries under a checkpoint of %d", v.Name(), m.Size(), cp.Size)
	}
	return cp, nil
}

// etag is what to send as If-None-Match: only if the server's last answer is
// what the mirror holds, since an earlier Follow may have failed midway.
func (c *Client) etag(base string, ours []byte) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if t, ok := c.tags[base]; ok && len(ours) > 0 && t.raw == string(ours) {
		return t.etag
	}
	return ""
}

func (c *Client) remember(base string, t tagged) {
	if t.etag == "" || len(t.etag) > 256 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.tags) >= maxTags {
		clear(c.tags)
	}
	c.tags[base] = t
}
