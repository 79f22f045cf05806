// Package harvester visits the foreign catalogues that a node is given, and writes
// into its journal what they say: a statement for each dataset that is new, has
// changed or is gone, and a deposit for each pivot file that a dataset names.
//
// Visits are spread, polite and patient: conditional requests, a jitter, a back-off
// that heeds Retry-After. A visit that fails changes nothing; what a source no
// longer lists stays for a grace, and a large loss waits for an operator.
package harvester

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	mathrand "math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"

	"maillon/catalog"
	"maillon/catalog/entry"
	"maillon/catalog/rdf"
	"maillon/federation"
	"maillon/federation/follow"
	"maillon/federation/harvest"
	"maillon/node/deposit"
	"maillon/store"
)

// A Harvester keeps the sources of one node. Its methods may be called
// concurrently.
type Harvester struct {
	DB    store.DB
	Fetch harvest.Fetcher
	Node  string // id of this node
	From  string // e-mail that is sent with requests, for the servers' operators
	Dir   string // for files while they are looked at
	Log   zerolog.Logger
	Now   func() time.Time
	// MaxBytes bounds a pivot file, as received and after decompression.
	MaxBytes int64
	// Ready returns nil when the node may sign.
	Ready func() error
	// State appends statements to the node's journal.
	State func(context.Context, []entry.Entry) error
	// Deposit publishes a pivot file in the node's journal.
	Deposit func(context.Context, deposit.Request, io.Reader) (*deposit.Report, error)
	// Ours reports whether an IRI is of this federation: its journals bring it.
	Ours func(iri string) bool

	bell  chan struct{}
	once  sync.Once
	mu    sync.Mutex
	under map[string]bool // being visited
}

// Limits of visiting.
const (
	visitsAtOnce = 4
	statements   = 200 // in one commit
	mostProblems = 100 // kept of a visit
	look         = 10 * time.Second
	firstPause   = 5 * time.Minute // after one failure; doubled after each
	mostPause    = 7 * 24 * time.Hour
)

func (h *Harvester) wake() {
	h.init()
	select {
	case h.bell <- struct{}{}:
	default:
	}
}

func (h *Harvester) init() { h.once.Do(func() { h.bell = make(chan struct{}, 1) }) }

// Run visits each source when it is due, until ctx ends.
func (h *Harvester) Run(ctx context.Context) error {
	h.init()
	var visits errgroup.Group
	defer func() { _ = visits.Wait() }() // each reports by itself
	for {
		pause := look
		if h.Ready() == nil {
			all, err := h.Sources()
			if err != nil {
				return err
			}
			for _, s := range all {
				// A visit in the future was made with a clock that was wrong.
				if wait := s.Next.Sub(h.Now()); wait > 0 && !s.Visited.After(h.Now().Add(federation.MaxSkew)) {
					pause = min(pause, wait)
					continue
				}
				if !h.begin(s.ID) {
					continue
				}
				visits.Go(func() error {
					h.visit(ctx, s)
					h.end(s.ID)
					h.wake() // a place is free
					return nil
				})
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(max(pause, time.Millisecond)):
		case <-h.bell:
		}
	}
}

func (h *Harvester) begin(id string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.under == nil {
		h.under = map[string]bool{}
	}
	if h.under[id] || len(h.under) >= visitsAtOnce {
		return false
	}
	h.under[id] = true
	return true
}

func (h *Harvester) end(id string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.under, id)
}

// visit goes to one source and takes note of how it went.
func (h *Harvester) visit(ctx context.Context, s Source) {
	if s.Removed {
		if err := h.forget(ctx, s); err != nil && ctx.Err() == nil {
			h.Log.Error().Err(err).Str("source", s.URL).Msg("forget a source")
			_ = h.change(s.ID, func(s *Source) { s.Next = h.Now().Add(firstPause) }) // tried again
		}
		return
	}
	out, err := h.harvest(ctx, s)
	if ctx.Err() != nil {
		return
	}
	var wait time.Duration
	if status, ok := errors.AsType[*follow.StatusError](err); ok {
		wait = status.RetryAfter
	}
	err = h.change(s.ID, func(now *Source) {
		// What an operator changed meanwhile stays.
		out.Every, out.Grace, out.Share, out.Files, out.Fixed, out.Removed = now.Every, now.Grace, now.Share, now.Files, now.Fixed, now.Removed
		if now.Confirmed && !s.Confirmed {
			out.Confirmed = true
		}
		out.Visited = h.Now().UTC().Truncate(time.Second)
		if out.Error = ""; err != nil {
			out.Error = err.Error()
			out.Failures++
		} else {
			out.Failures, out.Succeeded = 0, out.Visited
		}
		pace := federation.Pace{Every: time.Duration(out.Every), First: min(firstPause, time.Duration(out.Every)), Most: mostPause}
		out.Next = out.Visited.Add(federation.NextVisit(pace, out.Failures, wait, mathrand.Float64()))
		if now.Removed || out.Confirmed || !now.Next.Equal(s.Next) && now.Next.IsZero() && s.Visited.Equal(now.Visited) && !s.Next.IsZero() {
			out.Next = time.Time{}
		}
		*now = out
	})
	event := h.Log.Info()
	if out.Error != "" || err != nil {
		event = h.Log.Warn().AnErr("store", err).Str("error", out.Error)
	}
	event.Str("source", s.URL).Int("datasets", out.Datasets).Int("changed", out.Changed).Int("requests", out.Requests).
		Int("held", out.Held).Time("next", out.Next).Msg("harvested")
}

// harvest visits a source; what it returns is the source as the visit leaves it.
func (h *Harvester) harvest(ctx context.Context, s Source) (Source, error) {
	v := &visiting{h: h, s: s, now: h.Now().UTC().Truncate(time.Second), changed: map[string]harvest.Seen{}}
	var err error
	if v.ledger, err = items[harvest.Seen](h.DB, setBucket, s.ID); err != nil {
		return s, err
	}
	if v.files, err = items[file](h.DB, fileBucket, s.ID); err != nil {
		return s, err
	}
	walk, err := harvest.Walk(ctx, h.Fetch, s.URL, h.From, s.Pages, func(d rdf.Found) error { return v.found(ctx, d) })
	v.s.Requests, v.s.Problems = walk.Requests, walk.Problems[:min(len(walk.Problems), mostProblems)]
	if err != nil {
		return v.s, err
	}
	change := harvest.Settle(v.ledger, walk, harvest.Policy{Grace: time.Duration(s.Grace), Share: s.Share}, v.now, s.Confirmed)
	if err := v.gone(ctx, change.Gone); err != nil {
		return v.s, err
	}
	v.s.Missing, v.s.Held, v.s.Datasets, v.s.Changed, v.s.Complete = change.Missing, change.Held, len(v.ledger), v.news, walk.Complete
	v.s.Own = v.ours
	if walk.Unchanged {
		v.s.Own = s.Own
	} else if !walk.Title.IsZero() {
		v.s.Title = walk.Title
	}
	if walk.Complete {
		v.s.Pages, v.s.Confirmed = walk.Pages, false
	} else {
		v.s.Pages = nil // read all again next time
	}
	// Written after the journal: what a crash leaves unwritten is found again.
	if !walk.Unchanged || len(change.Gone) > 0 || change.Missing != s.Missing {
		err = h.DB.Update(func(tx store.Tx) error { return keep(tx, setBucket, s.ID, v.ledger, change.Gone) })
		if err != nil {
			return v.s, err
		}
	}
	if s.Files {
		if err := v.fetchFiles(ctx); err != nil {
			return v.s, err
		}
	}
	return v.s, nil
}

// visiting is one visit.
type visiting struct {
	h       *Harvester
	s       Source
	now     time.Time
	ledger  map[string]harvest.Seen
	changed map[string]harvest.Seen // to be in the ledger once the journal has them
	files   map[string]file
	pending []entry.Entry
	news    int
	ours    int
}

// found takes in one dataset of a page that has changed.
func (v *visiting) found(ctx context.Context, d rdf.Found) error {
	if v.h.Ours(d.Dataset.IRI) || slices.Contains(d.Through, v.h.Node) {
		v.ours++ // it came from here
		return nil
	}
	sum := sha256.Sum256(append([]byte(strings.Join(d.Through, " ")+"\n"), d.Triples...))
	text := hex.EncodeToString(sum[:])
	old, known := v.ledger[d.Key]
	v.note(d)
	if known && old.Sum == text {
		return nil
	}
	v.news++
	body := entry.Dataset{Source: v.s.URL, Dataset: d.Key, Through: d.Through, Triples: string(d.Triples)}
	seen := harvest.Seen{Sum: text, First: v.now, Last: v.now}
	if known {
		seen.First = old.First
	}
	v.changed[d.Key] = seen
	return v.state(ctx, body)
}

// gone states that the source has datasets no more.
func (v *visiting) gone(ctx context.Context, keys []string) error {
	for _, k := range keys {
		if err := v.state(ctx, entry.Dataset{Source: v.s.URL, Dataset: k, Gone: true}); err != nil {
			return err
		}
		for name, f := range v.files {
			if f.Dataset == k {
				f.Gone = true
				v.files[name] = f
			}
		}
	}
	return v.flush(ctx)
}

func (v *visiting) state(ctx context.Context, d entry.Dataset) error {
	raw, err := json.Marshal(d, json.Deterministic(true))
	if err != nil {
		return err
	}
	e, err := entry.NewStatement(rand.Reader, entry.KindDataset, entry.DatasetKey(d.Source, d.Dataset), raw, v.now)
	if err != nil {
		return fmt.Errorf("dataset %s: %w", d.Dataset, err)
	}
	if v.pending = append(v.pending, e); len(v.pending) < statements {
		return nil
	}
	return v.flush(ctx)
}

func (v *visiting) flush(ctx context.Context) error {
	if len(v.pending) > 0 {
		if err := v.h.State(ctx, v.pending); err != nil {
			return err
		}
	}
	v.pending = nil
	maps.Copy(v.ledger, v.changed)
	clear(v.changed)
	return nil
}

// forget states that all of a removed source is gone, and forgets it.
func (h *Harvester) forget(ctx context.Context, s Source) error {
	v := &visiting{h: h, s: s, now: h.Now().UTC().Truncate(time.Second)}
	var err error
	if v.ledger, err = items[harvest.Seen](h.DB, setBucket, s.ID); err != nil {
		return err
	}
	if v.files, err = items[file](h.DB, fileBucket, s.ID); err != nil {
		return err
	}
	sets, names := slices.Sorted(maps.Keys(v.ledger)), slices.Sorted(maps.Keys(v.files))
	if err := v.gone(ctx, sets); err != nil {
		return err
	}
	h.Log.Info().Str("source", s.URL).Int("datasets", len(sets)).Msg("source removed")
	return h.DB.Update(func(tx store.Tx) error {
		return errors.Join(keep[harvest.Seen](tx, setBucket, s.ID, nil, sets), keep[file](tx, fileBucket, s.ID, nil, names),
			tx.Bucket(sourceBucket).Delete([]byte(s.ID)))
	})
}

// problem says what went wrong with one item of a visit.
func (v *visiting) problem(severity catalog.Severity, rule, pointer, found string) {
	if len(v.s.Problems) < mostProblems {
		v.s.Problems = append(v.s.Problems, catalog.Problem{Pointer: pointer, Rule: rule, Severity: severity, Found: found})
	}
}
