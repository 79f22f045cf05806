package alerts

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"maillon/store/view"
)

const (
	hookWait   = 20 * time.Second
	hookAnswer = 4 << 10
	maxHook    = 2000 // bytes of an address
	hookRows   = 100  // contracts of one delivery
)

// checkHook checks the address of a webhook. Whether it may be dialled is for the
// dialler to say.
func (d *Desk) checkHook(s string) (string, error) {
	u, err := url.Parse(strings.TrimSpace(s))
	switch {
	case err != nil || len(s) > maxHook || u.Host == "" || u.User != nil || u.Fragment != "":
		return "", fmt.Errorf("%w: not an address (write https://…)", ErrWebhook)
	case u.Scheme != "https" && (u.Scheme != "http" || !d.Loose):
		return "", fmt.Errorf("%w: it must be https", ErrWebhook)
	}
	return u.String(), nil
}

// A Delivery is the body of what a webhook gets.
type Delivery struct {
	Type      string    `json:"type"` // changes, or verify
	Alert     string    `json:"alert"`
	Delivery  string    `json:"delivery"` // the same when it is tried again
	At        time.Time `json:"at"`
	Node      string    `json:"node"` // address of this node
	Search    string    `json:"search"`
	Challenge string    `json:"challenge,omitempty"` // of verify: to be answered as it is
	Items     []Item    `json:"items,omitempty"`
	More      bool      `json:"more,omitempty"` // another delivery follows
}

// An Item is a contract that is new or has changed.
type Item struct {
	view.Row
	Permalink string `json:"permalink"`
}

// challenge asks whether a webhook wants what it would get.
func (d *Desk) challenge(ctx context.Context, s Subscription) error {
	want := random(16)
	status, answer, err := d.post(ctx, s, Delivery{Type: "verify", Alert: s.ID, Delivery: s.ID + "-0", Challenge: want, Search: d.SearchURL(s.Query)})
	switch {
	case err != nil:
		return fmt.Errorf("%w: it cannot be reached", ErrWebhook) // why says something of networks
	case status != http.StatusOK || strings.TrimSpace(string(answer)) != want:
		return fmt.Errorf("%w: it must answer 200 and the text of challenge", ErrWebhook)
	}
	return nil
}

// deliver posts what has changed, and goes on from there once that was taken.
func (d *Desk) deliver(ctx context.Context, s Subscription) (Subscription, error) {
	now := d.Now().UTC()
	if d.HTTP == nil {
		s.Due = now.Add(webhookLong) // the operator has switched webhooks off
		return s, nil
	}
	var rows []view.Row
	place, more := s.Place, true
	for range mostPages { // up to the first page that has something to tell
		var err error
		if rows, _, place, more, err = d.page(ctx, s, place); err != nil {
			return s, err
		}
		if len(rows) > 0 || !more {
			break
		}
	}
	if len(rows) > 0 {
		out := Delivery{Type: "changes", Alert: s.ID, Delivery: s.ID + "-" + strconv.FormatUint(place.Seq, 10), Search: d.SearchURL(s.Query), More: more}
		for _, row := range rows {
			out.Items = append(out.Items, Item{row, d.URL + "/marches/" + row.Address})
		}
		status, _, err := d.post(ctx, s, out)
		if ctx.Err() != nil {
			return s, context.Canceled
		}
		if status == http.StatusGone {
			return s, errEnd
		}
		if err != nil || status < 200 || status > 299 {
			return d.failed(s, now)
		}
	}
	s.Place, s.Failing, s.Tries, s.Due = place, time.Time{}, 0, now
	return s, nil
}

// page is one part of the news, small enough for one delivery.
func (d *Desk) page(ctx context.Context, s Subscription, from Place) (rows []view.Row, total int, place Place, more bool, err error) {
	filters, err := url.ParseQuery(s.Query)
	if err != nil {
		return nil, 0, from, false, err
	}
	found, err := d.Search.Changed(ctx, from, filters, hookRows)
	return found.Rows, len(found.Rows), found.Next, found.More, err
}

// failed waits longer each time, and ends the subscription after a week.
func (d *Desk) failed(s Subscription, now time.Time) (Subscription, error) {
	if s.Failing.IsZero() {
		s.Failing = now
	}
	if now.Sub(s.Failing) > webhookGone {
		return s, errEnd
	}
	s.Due = now.Add(min(webhookFirst<<min(s.Tries, 12), webhookLong))
	s.Tries++
	return s, nil
}

// post sends one delivery, signed: Maillon-Signature is sha256= and the HMAC-SHA256 of
// Maillon-Timestamp, a dot and the body, under the subscription's secret.
func (d *Desk) post(ctx context.Context, s Subscription, body Delivery) (status int, answer []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, hookWait)
	defer cancel()
	body.At, body.Node = d.Now().UTC().Truncate(time.Second), d.URL
	raw, err := json.Marshal(body)
	if err != nil {
		return 0, nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.To, bytes.NewReader(raw))
	if err != nil {
		return 0, nil, err
	}
	stamp := strconv.FormatInt(body.At.Unix(), 10)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", d.Greeting)
	req.Header.Set("Maillon-Delivery", body.Delivery)
	req.Header.Set("Maillon-Timestamp", stamp)
	req.Header.Set("Maillon-Signature", "sha256="+Sign(s.Secret, stamp, raw))
	res, err := d.HTTP.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	answer, err = io.ReadAll(io.LimitReader(res.Body, hookAnswer))
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	return res.StatusCode, answer, err
}

// Sign is the signature of a delivery, in hexadecimal.
func Sign(secret, stamp string, body []byte) string {
	h := hmac.New(sha256.New, []byte(secret))
	h.Write([]byte(stamp + "."))
	h.Write(body)
	return hex.EncodeToString(h.Sum(nil))
}
