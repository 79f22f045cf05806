package follow

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/go-json-experiment/json"

	"maillon/federation"
)

// Limits of answers, in bytes.
const (
	maxJSON          = 1 << 20
	maxAnnouncements = 16 << 20
	maxBuckets       = 8 << 20  // of the notes in some buckets
	maxDigest        = 16 << 10 // 2,048 bytes in base64, and room for what is added
)

// PostAnnouncement posts a signed announcement to the hub whose public base
// is base. A hub that refuses it gives a [RefusedError]; that it is pending
// there is no error.
func (c *Client) PostAnnouncement(ctx context.Context, base string, note []byte) error {
	_, err := c.Announce(ctx, base, note)
	return err
}

// Announce is [Client.PostAnnouncement]; again is when the hub wants to hear
// of the node next, 0 if it does not say.
func (c *Client) Announce(ctx context.Context, base string, note []byte) (again time.Duration, err error) {
	s := &session{c: c, base: base, left: c.o.MaxBytes}
	a, err := s.do(ctx, request{
		method: http.MethodPost, url: base + "/federation/v1/announce", body: note,
		header: map[string]string{"Content-Type": "text/plain; charset=utf-8"}, limit: maxJSON, ok: http.StatusAccepted,
	})
	if a != nil {
		defer a.Close()
	}
	if status, ok := errors.AsType[*StatusError](err); err != nil && (!ok || status.Status != http.StatusForbidden) {
		return 0, err
	}
	raw, readErr := io.ReadAll(a)
	if readErr != nil {
		return 0, a.fail(readErr)
	}
	var d federation.Decision
	if jsonErr := json.Unmarshal(raw, &d); jsonErr != nil {
		return 0, errors.Join(err, fmt.Errorf("answer of %s to an announcement: %w", base, jsonErr))
	}
	if d.Status == federation.Refused {
		return 0, &RefusedError{Reason: d.Reason}
	}
	return seconds(a.resp.Header.Get("Reannounce-After")), err
}

// Announcements fetches the announcements that the hub at base knows and has
// accepted, as signed notes: those of one node, or all if node is "". None is
// verified.
func (c *Client) Announcements(ctx context.Context, base, node string) ([][]byte, error) {
	address := base + "/federation/v1/announcements"
	if node != "" {
		address += "?node=" + url.QueryEscape(node)
	}
	return c.notes(ctx, address, maxAnnouncements)
}

// AnnouncementsIn fetches all announcements that the node at base holds of a
// pool in some buckets, as signed notes. None is verified.
func (c *Client) AnnouncementsIn(ctx context.Context, base, pool string, buckets []byte) ([][]byte, error) {
	q := url.Values{"pool": {pool}, "buckets": {federation.FormatBuckets(buckets)}}
	return c.notes(ctx, base+"/federation/v1/announcements?"+q.Encode(), maxBuckets)
}

// Digest fetches the digest of all announcements that the node at base holds
// of a pool.
func (c *Client) Digest(ctx context.Context, base, pool string) (federation.Digest, error) {
	var answer struct {
		Digest []byte `json:"digest"`
	}
	at := base + "/federation/v1/digest?" + url.Values{"pool": {pool}}.Encode()
	if err := c.getJSON(ctx, at, maxDigest, &answer); err != nil {
		return federation.Digest{}, err
	}
	d, err := federation.ParseDigest(answer.Digest)
	if err != nil {
		return d, fmt.Errorf("%s: %w", at, err)
	}
	return d, nil
}

func (c *Client) notes(ctx context.Context, at string, limit int64) ([][]byte, error) {
	var list struct {
		Items []string `json:"items"`
	}
	if err := c.getJSON(ctx, at, limit, &list); err != nil {
		return nil, err
	}
	notes := make([][]byte, 0, len(list.Items))
	for _, item := range list.Items {
		notes = append(notes, []byte(item))
	}
	return notes, nil
}

// GetJSON fetches a JSON document of at most 1 MiB. Members that v does not
// have are passed over.
func (c *Client) GetJSON(ctx context.Context, url string, v any) error {
	return c.getJSON(ctx, url, maxJSON, v)
}

// GetList is [Client.GetJSON] for a document of at most limit bytes.
func (c *Client) GetList(ctx context.Context, url string, limit int64, v any) error {
	return c.getJSON(ctx, url, limit, v)
}

func (c *Client) getJSON(ctx context.Context, url string, limit int64, v any) error {
	s := &session{c: c, base: url, left: c.o.MaxBytes}
	raw, err := s.read(ctx, request{url: url, limit: limit, packed: true, header: map[string]string{"Accept": "application/json"}})
	if err != nil {
		return err
	}
	if err := json.Unmarshal(raw, v); err != nil {
		return fmt.Errorf("%s: not the JSON expected: %w", url, err)
	}
	return nil
}
