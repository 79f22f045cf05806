package follow

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json"
)

// maxAsk bounds the answer to a request: a chain, a revocation list or two.
const maxAsk = 16 << 20

// A ProblemError is a node's answer to a request that it does not grant.
type ProblemError struct {
	Status int
	Type   string // last part of the problem document's type, such as invitation-used
	Detail string // for people, in the words of the node that answers
}

func (e *ProblemError) Error() string { return e.Detail }

// Ask posts a JSON document to a node and reads its answer. A refusal is a
// *[ProblemError].
func (c *Client) Ask(ctx context.Context, url string, body []byte, answer any) error {
	s := &session{c: c, base: url, left: c.o.MaxBytes}
	a, err := s.do(ctx, request{
		method: http.MethodPost, url: url, body: body, limit: maxAsk, ok: http.StatusOK,
		header: map[string]string{"Content-Type": "application/json", "Accept": "application/json"},
	})
	if a != nil {
		defer a.Close()
	}
	status, refused := errors.AsType[*StatusError](err)
	if err != nil && (!refused || a == nil) {
		return err
	}
	raw, readErr := io.ReadAll(a)
	if readErr != nil {
		return a.fail(readErr)
	}
	if !refused {
		if err := json.Unmarshal(raw, answer); err != nil {
			return fmt.Errorf("%s: not the answer expected: %w", url, err)
		}
		return nil
	}
	var p struct {
		Type   string `json:"type"`
		Detail string `json:"detail"`
	}
	if json.Unmarshal(raw, &p) != nil || p.Detail == "" {
		return err
	}
	return &ProblemError{status.Status, p.Type[strings.LastIndexByte(p.Type, ':')+1:], p.Detail}
}

// Text fetches a text of at most most bytes.
func (c *Client) Text(ctx context.Context, url string, most int64) ([]byte, error) {
	s := &session{c: c, base: url, left: c.o.MaxBytes}
	return s.read(ctx, request{url: url, limit: most, packed: true, header: map[string]string{"Accept": "text/plain"}})
}
