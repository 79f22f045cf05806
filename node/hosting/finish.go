package hosting

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"syscall"
	"time"

	"maillon/federation/follow"
	"maillon/node/api"
	"maillon/store/journal"
)

// finish verifies what a member has pushed against the checkpoint it puts,
// as a follower does, and shows it.
func (r *Receiver) finish(w http.ResponseWriter, req *http.Request, i push) error {
	raw, err := io.ReadAll(http.MaxBytesReader(w, req.Body, maxCheckpoint))
	if err != nil {
		return err
	}
	cp, err := follow.ParseCheckpoint(raw, i.guest.Verifier)
	if err != nil {
		return &api.Refusal{Kind: "checkpoint", Title: "Not a checkpoint of this member", Status: http.StatusUnprocessableEntity, Detail: err.Error()}
	}
	wait := time.NewTimer(turnTimeout)
	defer wait.Stop()
	select {
	case i.turn <- struct{}{}:
		defer func() { <-i.turn }()
	case <-wait.C:
		return busy("another push of this member is being verified")
	case <-req.Context().Done():
		return req.Context().Err()
	}
	size := i.guest.Mirror.Size()
	if cp.Size > size {
		if cp.Size-size > MaxStep {
			return tooFar(size)
		}
		if missing := i.missing(size, cp.Size); len(missing) > 0 {
			return incomplete(missing)
		}
	}
	if err := r.prove(req, i, cp.Raw); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_, _ = fmt.Fprintf(w, "{\"size\":%d}\n", i.guest.Mirror.Size()) // the member is gone if this fails
	return nil
}

func incomplete(missing []string) error {
	return &api.Refusal{Kind: "incomplete", Title: "Something is missing", Status: http.StatusConflict, Missing: missing[:min(len(missing), maxMissing)],
		Detail: fmt.Sprintf("%d resources are missing for this checkpoint: put them, then the checkpoint again", len(missing))}
}

// missing lists what takes the mirror to a size and is neither staged nor there.
func (i push) missing(from, to uint64) []string {
	var out []string
	for _, path := range follow.Needed(from, to) {
		if p, ok := journal.ParsePath(path); ok && p.Within(from) || i.stage.has(path) {
			continue
		}
		out = append(out, path)
	}
	return out
}

// prove lets a follower visit what is staged.
func (r *Receiver) prove(req *http.Request, i push, checkpoint []byte) error {
	select {
	case r.proofs <- struct{}{}:
		defer func() { <-r.proofs }()
	case <-req.Context().Done():
		return req.Context().Err()
	}
	r.mu.Lock()
	i.proof = proof{checkpoint, i.guest.Mirror}
	r.mu.Unlock()
	g := i.guest
	res, err := r.client.Follow(req.Context(), "http://"+stagedHost+"/"+g.Node, g.Verifier, g.into())
	if err != nil {
		return r.refuted(i, err)
	}
	if res.To == res.From {
		return nil
	}
	landed := func(path string) bool { p, ok := journal.ParsePath(path); return !ok || p.Within(res.To) }
	if err := i.stage.drop(landed); err != nil {
		r.Log.Error().Err(err).Str("node", g.Node).Msg("throw away what was pushed and is in the mirror")
	}
	r.Log.Info().Str("node", g.Node).Uint64("from", res.From).Uint64("to", res.To).Msg("pushed")
	r.Landed(g)
	return nil
}

// refuted says to the member what its push was found to be.
func (r *Receiver) refuted(i push, err error) error {
	node := i.guest.Node
	if back, ok := errors.AsType[*follow.RollbackError](err); ok {
		return &api.Refusal{Kind: "behind", Title: "The mirror is ahead", Status: http.StatusConflict,
			Detail: fmt.Sprintf("the mirror of %s has %d entries and this checkpoint %d: fetch the tail from the mirror before you sign anything", node, back.Have, back.Served)}
	}
	if ours, theirs, ok := forked(err); ok {
		r.Forked(node, ours, theirs)
		return &api.Refusal{Kind: "fork", Title: "Two histories under one key", Status: http.StatusConflict, Detail: err.Error()}
	}
	if status, ok := errors.AsType[*follow.StatusError](err); ok && status.Status == http.StatusNotFound {
		_, path, _ := strings.Cut(status.URL, stagedHost+"/"+node+"/")
		return incomplete([]string{path})
	}
	if errors.Is(err, syscall.ENOSPC) {
		r.Log.Error().Err(err).Str("node", node).Msg("no space left for a mirror")
		return noSpace()
	}
	_, invalid := errors.AsType[*follow.InvalidEntryError](err)
	if !invalid && !errors.Is(err, follow.ErrCorrupt) && !errors.Is(err, journal.ErrRoot) && !errors.Is(err, follow.ErrTooLarge) {
		return fmt.Errorf("verify what %s has pushed: %w", node, err)
	}
	r.Log.Warn().Err(err).Str("node", node).Msg("pushed journal refused")
	return errors.Join(&api.Refusal{Kind: "corrupt", Title: "Not what was signed", Status: http.StatusUnprocessableEntity,
		Detail: fmt.Sprintf("%v: what was put is thrown away; push it anew", err)}, i.stage.clear())
}

func forked(err error) (ours, theirs string, ok bool) {
	if f, is := errors.AsType[*follow.ForkError](err); is {
		return string(f.Ours), string(f.Theirs), true
	}
	if f, is := errors.AsType[*journal.ForkError](err); is {
		return string(f.Ours), string(f.Theirs), true
	}
	return "", "", false
}

// stagedHost stands for the host in addresses of what is staged. It is never
// looked up.
const stagedHost = "pushed.invalid"

// atHand answers a follower with what is staged and, for tiles that have no
// new hash, with what the mirror has.
type atHand struct{ r *Receiver }

// RoundTrip implements http.RoundTripper.
func (h atHand) RoundTrip(req *http.Request) (*http.Response, error) {
	node, path, _ := strings.Cut(strings.TrimPrefix(req.URL.Path, "/"), "/")
	h.r.mu.Lock()
	i := h.r.inns[node]
	var p proof
	if i != nil {
		p = i.proof
	}
	h.r.mu.Unlock()
	answer := func(status int, coding string, body io.ReadCloser) (*http.Response, error) {
		res := &http.Response{StatusCode: status, Status: http.StatusText(status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{}, Body: body, ContentLength: -1, Request: req}
		if coding != "" {
			res.Header.Set("Content-Encoding", coding)
		}
		return res, nil
	}
	if i == nil {
		return answer(http.StatusNotFound, "", http.NoBody)
	}
	if path == "checkpoint" {
		return answer(http.StatusOK, "", io.NopCloser(bytes.NewReader(p.checkpoint)))
	}
	if f, s, err := i.stage.open(path); err == nil {
		return answer(http.StatusOK, s.coding, f)
	}
	if strings.HasPrefix(path, "tile/") {
		if res, err := p.mirror.Resource(path, false); err == nil {
			return answer(http.StatusOK, res.Encoding, io.NopCloser(bytes.NewReader(res.Bytes)))
		}
	}
	return answer(http.StatusNotFound, "", http.NoBody)
}
