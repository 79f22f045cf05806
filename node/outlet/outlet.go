// Package outlet keeps datasets of a node up to date on a udata platform such as
// data.gouv.fr: the consolidated contracts of a hub, a buyer's, or the register.
//
// It follows the shelf: what is published is the files that stand there, and only
// those that differ are sent. What was made there, and how the last time went, is
// kept in the node's store.
package outlet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"maillon/federation"
	"maillon/federation/publish"
	"maillon/store"
)

// A Config says what is published where.
type Config struct {
	URL     string        // of the platform's API: https://www.data.gouv.fr/api/1
	KeyFile string        // holds the API key
	Every   time.Duration // how often it is looked whether something differs
	Sets    []Target
}

// A Target is one dataset on the platform.
type Target struct {
	What         string // "all", "years", "departement:CODE", "register" or "buyer:SIRET"
	Dataset      string // its id there; "" has it made once
	Organization string // id of the organisation that is to own it, if it is to be made
}

// ErrWhat: there is nothing of that name to publish.
var ErrWhat = errors.New(`not a dataset that can be published (write "all", "years", "departement:CODE", "register" or "buyer:SIRET")`)

// An Outlet publishes. Its methods may be called from any goroutine; one publishes
// at a time.
type Outlet struct {
	Config    Config
	DB        store.DB
	Sets      Sets
	HTTP      *http.Client
	UserAgent string
	Log       zerolog.Logger
	Now       func() time.Time

	work sync.Mutex
}

// Sets describes what can be published, without the ids on the platform.
type Sets interface {
	// Set describes a target. The error is [ErrWhat], or one that will pass, as
	// while files are being made.
	Set(what string) (publish.Set, error)
}

// A Status is how publishing a target went.
type Status struct {
	What    string    `json:"what"`
	Dataset string    `json:"dataset,omitempty"` // its id on the platform
	Page    string    `json:"page,omitempty"`    // for people
	At      time.Time `json:"at,omitzero"`       // of the last try
	Good    time.Time `json:"good,omitzero"`     // of the last one that ended well
	Changed time.Time `json:"changed,omitzero"`  // of the last one that changed something
	Error   string    `json:"error,omitempty"`   // of the last try
	Hint    string    `json:"hint,omitempty"`
	Fails   int       `json:"fails,omitempty"` // since the last one that ended well
}

// Keys, in the node's store:
//
//	outlet  platform's address, 0, what  => Status in JSON
const bucket = "outlet"

func (o *Outlet) key(what string) []byte { return []byte(o.Config.URL + "\x00" + what) }

// Statuses lists the targets in the order of the configuration.
func (o *Outlet) Statuses() ([]Status, error) {
	out := make([]Status, len(o.Config.Sets))
	err := o.DB.View(func(tx store.Tx) error {
		for i, t := range o.Config.Sets {
			out[i] = Status{What: t.What, Dataset: t.Dataset}
			if raw := tx.Bucket(bucket).Get(o.key(t.What)); raw != nil {
				if err := json.Unmarshal(raw, &out[i]); err != nil {
					return err
				}
			}
			if t.Dataset != "" {
				out[i].Dataset = t.Dataset // the configuration rules
			}
		}
		return nil
	})
	return out, err
}

func (o *Outlet) keep(s Status) error {
	raw, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return o.DB.Update(func(tx store.Tx) error { return tx.Bucket(bucket).Put(o.key(s.What), raw) })
}

// Run publishes every target from time to time until ctx ends.
func (o *Outlet) Run(ctx context.Context) error {
	if len(o.Config.Sets) == 0 {
		<-ctx.Done()
		return nil
	}
	pace := federation.Pace{Every: o.Config.Every, First: min(5*time.Minute, o.Config.Every), Most: 24 * time.Hour}
	wait, fails := min(time.Minute, o.Config.Every), 0
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
		done, err := o.Publish(ctx, nil, false)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			o.Log.Error().Err(err).Msg("publish on the platform")
		}
		if fails++; err == nil && !slices.ContainsFunc(done, func(d Done) bool { return d.Error != "" }) {
			fails = 0
		}
		wait = federation.NextVisit(pace, fails, 0, rand.Float64())
	}
}

// A Done is what was done for a target, or with a dry run what would be.
type Done struct {
	Status
	Steps []publish.Step `json:"steps"`
	Bytes int64          `json:"bytes"`
}

// Publish publishes the targets named, or all, one after the other; a target that
// fails stops no other. A dry run changes nothing. The error is of what concerns
// all of them.
func (o *Outlet) Publish(ctx context.Context, what []string, dry bool) ([]Done, error) {
	o.work.Lock()
	defer o.work.Unlock()
	all, err := o.Statuses()
	if err != nil {
		return nil, err
	}
	for _, w := range what {
		if !slices.ContainsFunc(all, func(s Status) bool { return s.What == w }) {
			return nil, fmt.Errorf("%q stands not under publish.udata.sets in the configuration: %w", w, store.ErrNotFound)
		}
	}
	key, err := o.apiKey()
	if err != nil {
		return nil, err
	}
	c := &publish.Client{Base: o.Config.URL, Key: key, HTTP: o.HTTP, UserAgent: o.UserAgent, Log: func(what string, err error, again time.Duration) {
		o.Log.Warn().Err(err).Stringer("again", again).Msg(what)
	}}
	var done []Done
	for i, s := range all {
		if len(what) == 0 || slices.Contains(what, s.What) {
			d, err := o.one(ctx, c, o.Config.Sets[i], s, dry)
			if err != nil {
				return done, err
			}
			done = append(done, d)
		}
	}
	return done, nil
}

func (o *Outlet) apiKey() (string, error) {
	raw, err := os.ReadFile(o.Config.KeyFile)
	if err != nil {
		return "", fmt.Errorf("publish.udata.key_file: %w (write the API key of an account on the platform into it)", err)
	}
	key := strings.TrimSpace(string(raw))
	if key == "" || strings.ContainsAny(key, " \t\r\n") {
		return "", fmt.Errorf("publish.udata.key_file: %s does not hold one API key", o.Config.KeyFile)
	}
	return key, nil
}

// one publishes one target and takes note of how it went.
func (o *Outlet) one(ctx context.Context, c *publish.Client, t Target, s Status, dry bool) (Done, error) {
	var res publish.Result
	want, err := o.Sets.Set(t.What)
	if err == nil {
		want.ID, want.Organization = s.Dataset, t.Organization
		if dry {
			res, err = c.Look(ctx, want)
		} else {
			res, err = c.Publish(ctx, want, func(id string) error { s.Dataset = id; return o.keep(s) })
		}
	}
	s.At, s.Error, s.Hint = o.Now().UTC().Truncate(time.Second), "", ""
	if res.Page != "" {
		s.Page = res.Page
	}
	if err == nil {
		s.Good, s.Fails = s.At, 0
		if len(res.Steps) > 0 {
			s.Changed = s.At
		}
	} else {
		s.Error, s.Fails = err.Error(), s.Fails+1
		if refused, ok := errors.AsType[*publish.RefusedError](err); ok {
			s.Hint = refused.Hint()
		}
	}
	steps := res.Steps
	if steps == nil {
		steps = []publish.Step{}
	}
	d := Done{s, steps, res.Bytes}
	if dry {
		return d, nil
	}
	o.Log.Info().Str("what", t.What).Str("dataset", s.Dataset).Int("steps", len(steps)).Int64("bytes", res.Bytes).Str("error", s.Error).Msg("published on the platform")
	return d, o.keep(s)
}
