// Package alerts tells people and programs what is new in a search: by e-mail, once a
// day or a week, or by a signed POST to an address of theirs. The search is the query of
// its address, so whatever can be looked for can be followed.
//
// Nobody is written to who has not asked twice: a subscription counts once the link in
// the first mail was followed, or once the webhook has answered a challenge. One that is
// not confirmed within 48 hours is deleted, and one that ends is deleted with its
// address. What has been told is a place in the diary of changes (package view), kept
// with the subscription; nothing is told twice but after a crash between sending and
// noting, and then under the same id.
//
// The subscriptions are in a file of their own, which no backup copies: addresses are
// to be nowhere once nobody needs them.
package alerts

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"maillon/catalog/texts"
	"maillon/node/mail"
	"maillon/store"
	"maillon/store/view"
)

// A Place is how far someone has read the diary of changes; the zero value is its end.
type Place struct {
	Diary string `json:"diary"`
	Seq   uint64 `json:"seq"`
}

// Found is a part of what has changed.
type Found struct {
	Rows []view.Row
	Next Place // go on from here
	More bool
}

// A Search finds what has changed.
type Search interface {
	// Changed lists contracts that match the filters of an address and have changed
	// after a place, at most limit, each as it is now. Of a place in another diary, or
	// of none, it gives the end and no rows. Filters that are none are an error.
	Changed(ctx context.Context, after Place, filters url.Values, limit int) (Found, error)
}

// Every is how often somebody is told.
type Every string

// The ways.
const (
	Daily  Every = "daily"
	Weekly Every = "weekly"
	AtOnce Every = "now" // webhooks: within a minute or two
)

// Kind is how somebody is told.
type Kind string

// The ways.
const (
	Mail    Kind = "mail"
	Webhook Kind = "webhook"
)

// A Subscription is one search that somebody follows.
type Subscription struct {
	ID        string     `json:"id"`
	Kind      Kind       `json:"kind"`
	To        string     `json:"to"` // an e-mail address, or that of a webhook
	Query     string     `json:"query"`
	Every     Every      `json:"every"`
	Lang      texts.Lang `json:"lang"`
	Created   time.Time  `json:"created"`
	Confirmed time.Time  `json:"confirmed,omitzero"`
	Place     Place      `json:"place"`
	Due       time.Time  `json:"due,omitzero"`
	Secret    string     `json:"secret,omitempty"` // a webhook's
	Failing   time.Time  `json:"failing,omitzero"` // since when a webhook does not answer
	Tries     int        `json:"tries,omitempty"`
}

// Bounds.
const (
	PendingFor   = 48 * time.Hour
	mostAll      = 20_000
	mostPending  = 500
	mostOf       = 10 // of one address
	mostPendOf   = 3
	mostAnHour   = 120 // asked for by anybody
	maxQuery     = 1000
	webhookGone  = 7 * 24 * time.Hour
	webhookFirst = time.Minute
	webhookLong  = 6 * time.Hour
)

// Errors that askers can mend.
var (
	ErrOff     = errors.New("this node does not send that")
	ErrMany    = errors.New("too many alerts: try again later, or end some")
	ErrQuery   = errors.New("the search is too long")
	ErrEvery   = errors.New("every: daily or weekly")
	ErrToken   = fmt.Errorf("no such alert; it may have ended: %w", store.ErrNotFound)
	ErrWebhook = errors.New("the webhook does not answer the challenge")
)

// A Desk keeps the subscriptions of one node. Keys of its buckets:
//
//	alert      id         => Subscription in JSON
//	alertmeta  "secret"   => 32 bytes, by which tokens are made
//	alertmeta  "letters"  => the month (2006-01) in which letters went last
//	letter     SIRET      => the tag of the letter that was sent last
//	stopped    hash of an address => nothing: it gets no letters
type Desk struct {
	DB       store.DB
	Post     *mail.Queue // nil if the node sends no mail
	Search   Search
	HTTP     *http.Client // for webhooks: its dialler must refuse private addresses; nil for no webhooks
	Loose    bool         // webhooks may be plain http
	URL      string       // public, of this node
	Name     string       // of the body that runs it
	Contact  string
	Log      zerolog.Logger
	Now      func() time.Time
	Greeting string // user agent

	mu     sync.Mutex
	secret []byte
	asked  []time.Time // in the last hour
}

const (
	alertBucket   = "alert"
	metaBucket    = "alertmeta"
	letterBucket  = "letter"
	stoppedBucket = "stopped"
)

// Ask is what somebody wants to follow.
type Ask struct {
	Kind  Kind
	To    string
	Query url.Values
	Every Every
	Lang  texts.Lang
}

// Subscribe takes a wish. For mail it sends the letter with the link to confirm; a
// webhook must answer a challenge meanwhile, and is confirmed then.
func (d *Desk) Subscribe(ctx context.Context, a Ask) (Subscription, error) {
	s := Subscription{ID: random(12), Kind: a.Kind, Every: a.Every, Lang: a.Lang, Created: d.Now().UTC().Truncate(time.Second)}
	var err error
	if s.Query, s.Place, err = d.checkQuery(ctx, a.Query); err != nil {
		return s, err
	}
	switch a.Kind {
	case Mail:
		if d.Post == nil {
			return s, ErrOff
		}
		if a.Every != Daily && a.Every != Weekly {
			return s, ErrEvery
		}
		if s.To, err = mail.Address(a.To); err != nil {
			return s, err
		}
	case Webhook:
		if d.HTTP == nil {
			return s, ErrOff
		}
		if s.To, err = d.checkHook(a.To); err != nil {
			return s, err
		}
		s.Every, s.Secret = AtOnce, random(32)
	default:
		return s, ErrOff
	}
	if err := d.room(); err != nil {
		return s, err
	}
	if a.Kind == Webhook {
		if err := d.challenge(ctx, s); err != nil {
			return s, err
		}
		s.Confirmed, s.Due = s.Created, s.Created
	}
	if err := d.add(s); err != nil {
		return s, err
	}
	if a.Kind == Mail {
		return s, d.Post.Post(d.invitation(s))
	}
	return s, nil
}

// checkQuery gives the filters as they are kept, and the place from which they are
// followed: now.
func (d *Desk) checkQuery(ctx context.Context, v url.Values) (string, Place, error) {
	clean := url.Values{}
	for name, values := range v {
		if len(values) > 0 && values[0] != "" {
			clean[name] = values
		}
	}
	for _, name := range []string{"after", "limit", "lang", "sort", "facets", "embed"} {
		clean.Del(name)
	}
	if len(clean.Encode()) > maxQuery {
		return "", Place{}, ErrQuery
	}
	found, err := d.Search.Changed(ctx, Place{}, clean, 1)
	return clean.Encode(), found.Next, err
}

// room lets mostAnHour wishes through in an hour, whoever has them.
func (d *Desk) room() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.Now()
	for len(d.asked) > 0 && now.Sub(d.asked[0]) > time.Hour {
		d.asked = d.asked[1:]
	}
	if len(d.asked) >= mostAnHour {
		return ErrMany
	}
	d.asked = append(d.asked, now)
	return nil
}

func (d *Desk) add(s Subscription) error {
	return d.DB.Update(func(tx store.Tx) error {
		all, pending, of, pendingOf := 0, 0, 0, 0
		for _, raw := range tx.Bucket(alertBucket).Ascend(nil) {
			var other Subscription
			if json.Unmarshal(raw, &other) != nil {
				continue
			}
			waits, same := other.Confirmed.IsZero(), strings.EqualFold(other.To, s.To)
			all++
			pending += count(waits)
			of += count(same)
			pendingOf += count(same && waits)
		}
		if all >= mostAll || pending >= mostPending || of >= mostOf || pendingOf >= mostPendOf {
			return ErrMany
		}
		return put(tx, s)
	})
}

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}

func put(tx store.Tx, s Subscription) error {
	raw, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return tx.Bucket(alertBucket).Put([]byte(s.ID), raw)
}

// Find gives the subscription that a token is of.
func (d *Desk) Find(token string) (Subscription, error) {
	var s Subscription
	id, err := d.open("alert", token)
	if err != nil {
		return s, err
	}
	err = d.DB.View(func(tx store.Tx) error {
		raw := tx.Bucket(alertBucket).Get([]byte(id))
		if raw == nil {
			return ErrToken
		}
		return json.Unmarshal(raw, &s)
	})
	if err == nil && d.over(s) {
		err = ErrToken
	}
	return s, err
}

// over: it was not confirmed in time.
func (d *Desk) over(s Subscription) bool {
	return s.Confirmed.IsZero() && d.Now().Sub(s.Created) > PendingFor
}

// Confirm makes a subscription count; to do so again changes nothing.
func (d *Desk) Confirm(token string) (Subscription, error) {
	s, err := d.Find(token)
	if err != nil || !s.Confirmed.IsZero() {
		return s, err
	}
	s.Confirmed = d.Now().UTC().Truncate(time.Second)
	s.Due = next(s.Every, s.Confirmed)
	return s, d.DB.Update(func(tx store.Tx) error {
		if tx.Bucket(alertBucket).Get([]byte(s.ID)) == nil {
			return ErrToken
		}
		return put(tx, s)
	})
}

// Stop ends a subscription and deletes it, with its address; or, with the token of a
// letter, sees to it that no letter goes to that address any more.
func (d *Desk) Stop(token string) error {
	if hash, err := d.open("letters", token); err == nil {
		return d.DB.Update(func(tx store.Tx) error { return tx.Bucket(stoppedBucket).Put([]byte(hash), []byte{1}) })
	}
	id, err := d.open("alert", token)
	if err != nil {
		return err
	}
	return d.DB.Update(func(tx store.Tx) error { return tx.Bucket(alertBucket).Delete([]byte(id)) })
}

// IsLetters reports whether a token ends letters rather than an alert.
func (d *Desk) IsLetters(token string) bool {
	_, err := d.open("letters", token)
	return err == nil
}

// Token is by whom a subscription is confirmed and ended: whoever has it may.
func (d *Desk) Token(s Subscription) (string, error) { return d.seal("alert", s.ID) }

// seal adds to an id what only this node can make; use keeps tokens of one kind from
// being taken for another.
func (d *Desk) seal(use, id string) (string, error) {
	key, err := d.key()
	if err != nil {
		return "", err
	}
	return id + "." + base64.RawURLEncoding.EncodeToString(mac(key, use, id)), nil
}

func (d *Desk) open(use, token string) (string, error) {
	key, err := d.key()
	if err != nil {
		return "", err
	}
	id, sum, _ := strings.Cut(token, ".")
	got, err := base64.RawURLEncoding.DecodeString(sum)
	if err != nil || len(id) > 64 || id == "" || !hmac.Equal(got, mac(key, use, id)) {
		return "", ErrToken
	}
	return id, nil
}

func mac(key []byte, use, id string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(use + "\x00" + id))
	return h.Sum(nil)[:16]
}

func (d *Desk) key() ([]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.secret != nil {
		return d.secret, nil
	}
	var key []byte
	err := d.DB.Update(func(tx store.Tx) error {
		b := tx.Bucket(metaBucket)
		if key = append([]byte(nil), b.Get([]byte("secret"))...); len(key) == 32 {
			return nil
		}
		key = make([]byte, 32)
		_, _ = rand.Read(key) // never fails
		return b.Put([]byte("secret"), key)
	})
	if err == nil {
		d.secret = key
	}
	return key, err
}

func random(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

// morning is when digests go, in hours of UTC.
const morning = 5

// next is when a digest is due after a moment.
func next(every Every, after time.Time) time.Time {
	if every == AtOnce {
		return after
	}
	day := time.Date(after.Year(), after.Month(), after.Day(), morning, 0, 0, 0, time.UTC)
	for !day.After(after) || every == Weekly && day.Weekday() != time.Monday {
		day = day.AddDate(0, 0, 1)
	}
	return day
}
