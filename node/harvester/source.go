package harvester

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"maillon/catalog"
	"maillon/federation/harvest"
	"maillon/store"
)

// A Config is how one source is visited. Each zero value is a default.
type Config struct {
	URL   string
	Every time.Duration // between visits; default a day
	Grace time.Duration // how long a dataset must be missing before it is deleted; default a week
	Share float64       // part of the datasets that may be deleted at once without an operator's word; default 0.2
	Files bool          // fetch the pivot files that its datasets name
}

// Defaults of a [Config].
const (
	DefaultEvery = 24 * time.Hour
	DefaultGrace = 7 * 24 * time.Hour
	DefaultShare = 0.2
)

func (c Config) withDefaults() Config {
	if c.Every <= 0 {
		c.Every = DefaultEvery
	}
	if c.Grace <= 0 {
		c.Grace = DefaultGrace
	}
	if c.Share <= 0 {
		c.Share = DefaultShare
	}
	return c
}

// A Source is a foreign catalogue, and how its visits go.
type Source struct {
	ID    string       `json:"id"`
	URL   string       `json:"url"`
	Title catalog.Text `json:"title,omitzero"` // as the catalogue names itself
	Fixed bool         `json:"fixed"`          // named in the configuration
	Added time.Time    `json:"added"`
	Every Duration     `json:"every"` // as in 24h0m0s
	Grace Duration     `json:"grace"`
	Share float64      `json:"share"`
	Files bool         `json:"files"`

	Visited   time.Time        `json:"visited,omitzero"`   // last time
	Succeeded time.Time        `json:"succeeded,omitzero"` // last time without an error
	Next      time.Time        `json:"next,omitzero"`
	Failures  int              `json:"failures"` // since the last success
	Error     string           `json:"error,omitempty"`
	Datasets  int              `json:"datasets"` // known of it
	Missing   int              `json:"missing"`  // of these, absent at the last complete visit
	Held      int              `json:"held"`     // would be deleted, but wait for an operator's word
	Own       int              `json:"own"`      // are this federation's, and not taken from there
	Requests  int              `json:"requests"` // of the last visit
	Changed   int              `json:"changed"`  // datasets that the last visit found new or changed
	Complete  bool             `json:"complete"` // the last visit saw every page whole
	Pivot     int              `json:"pivot"`    // pivot files known
	Problems  catalog.Problems `json:"problems,omitempty"`

	Pages     []harvest.Page `json:"pages,omitempty"` // remembered
	Confirmed bool           `json:"confirmed,omitempty"`
	Removed   bool           `json:"removed,omitempty"` // to be forgotten
}

// A Duration is written as people write it.
type Duration time.Duration

// MarshalText writes 24h0m0s.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads it.
func (d *Duration) UnmarshalText(text []byte) error {
	n, err := time.ParseDuration(string(text))
	*d = Duration(n)
	return err
}

// Keys, in the node's store:
//
//	source      id           => Source in JSON
//	sourceset   id, 0, key   => harvest.Seen in JSON
//	sourcefile  id, 0, url   => file in JSON
const (
	sourceBucket = "source"
	setBucket    = "sourceset"
	fileBucket   = "sourcefile"
)

// IDOf names a source by its address.
func IDOf(address string) string {
	sum := sha256.Sum256([]byte(address))
	return hex.EncodeToString(sum[:6])
}

// ErrUnknown: there is no such source.
var ErrUnknown = fmt.Errorf("no such source: %w", store.ErrNotFound)

// ErrAddress: not an address that can be harvested.
var ErrAddress = errors.New("not the address of a catalogue, want http:// or https:// and a host")

// ErrFixed: the source stands in the configuration.
var ErrFixed = errors.New("this source stands in the configuration file: take it out there")

// CheckURL checks the address of a source.
func CheckURL(s string) error {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || len(s) > 2048 {
		return fmt.Errorf("%q: %w", s, ErrAddress)
	}
	return nil
}

// Sources lists the sources by address.
func (h *Harvester) Sources() ([]Source, error) {
	var out []Source
	err := h.DB.View(func(tx store.Tx) error {
		for _, raw := range tx.Bucket(sourceBucket).Ascend(nil) {
			var s Source
			if err := json.Unmarshal(raw, &s); err != nil {
				return err
			}
			out = append(out, s)
		}
		return nil
	})
	slices.SortFunc(out, func(a, b Source) int { return strings.Compare(a.URL, b.URL) })
	return out, err
}

// Source returns one source.
func (h *Harvester) Source(id string) (Source, error) {
	var s Source
	err := h.DB.View(func(tx store.Tx) error {
		raw := tx.Bucket(sourceBucket).Get([]byte(id))
		if raw == nil {
			return fmt.Errorf("%s: %w", id, ErrUnknown)
		}
		return json.Unmarshal(raw, &s)
	})
	return s, err
}

// Add registers a source, or changes how it is visited; it is visited soon.
func (h *Harvester) Add(c Config, fixed bool) (Source, error) {
	if err := CheckURL(c.URL); err != nil {
		return Source{}, err
	}
	c = c.withDefaults()
	s, err := h.Source(IDOf(c.URL))
	if err != nil && !errors.Is(err, ErrUnknown) {
		return s, err
	}
	fresh := err != nil
	if fresh {
		s = Source{ID: IDOf(c.URL), URL: c.URL, Added: h.Now().UTC().Truncate(time.Second)}
	}
	old := s
	s.Every, s.Grace, s.Share, s.Files, s.Fixed = Duration(c.Every), Duration(c.Grace), c.Share, c.Files, fixed
	if !fresh && old.Every == s.Every && old.Grace == s.Grace && old.Share == s.Share && old.Files == s.Files && old.Fixed == s.Fixed {
		return s, nil
	}
	if s.Files && !old.Files {
		s.Pages = nil // read all again: its files were not looked at
	}
	s.Next = time.Time{}
	err = h.put(s)
	h.wake()
	return s, err
}

// Configure takes in the sources of the configuration, and drops those that stood
// in it before.
func (h *Harvester) Configure(list []Config) error {
	wanted := map[string]bool{}
	for _, c := range list {
		if _, err := h.Add(c, true); err != nil {
			return err
		}
		wanted[IDOf(c.URL)] = true
	}
	all, err := h.Sources()
	if err != nil {
		return err
	}
	for _, s := range all {
		if s.Fixed && !wanted[s.ID] {
			s.Fixed, s.Removed = false, true
			if err := h.put(s); err != nil {
				return err
			}
		}
	}
	return nil
}

// Visit asks for a visit now.
func (h *Harvester) Visit(id string) error {
	return h.change(id, func(s *Source) { s.Next = time.Time{} })
}

// Confirm is an operator's word that what is missing of a source may be deleted.
func (h *Harvester) Confirm(id string) error {
	return h.change(id, func(s *Source) { s.Confirmed, s.Next = true, time.Time{} })
}

// Remove forgets a source: its datasets are stated as gone at its last visit, soon.
func (h *Harvester) Remove(id string) error {
	s, err := h.Source(id)
	if err != nil {
		return err
	}
	if s.Fixed {
		return ErrFixed
	}
	return h.change(id, func(s *Source) { s.Removed, s.Next = true, time.Time{} })
}

// change changes a source between visits.
func (h *Harvester) change(id string, f func(*Source)) error {
	err := h.DB.Update(func(tx store.Tx) error {
		raw := tx.Bucket(sourceBucket).Get([]byte(id))
		if raw == nil {
			return fmt.Errorf("%s: %w", id, ErrUnknown)
		}
		var s Source
		if err := json.Unmarshal(raw, &s); err != nil {
			return err
		}
		f(&s)
		return putJSON(tx, sourceBucket, []byte(id), s)
	})
	h.wake()
	return err
}

func (h *Harvester) put(s Source) error {
	return h.DB.Update(func(tx store.Tx) error { return putJSON(tx, sourceBucket, []byte(s.ID), s) })
}

func putJSON(tx store.Tx, bucket string, key []byte, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return tx.Bucket(bucket).Put(key, raw)
}

// items reads what is kept under a source, by name.
func items[T any](db store.DB, bucket, id string) (map[string]T, error) {
	out := map[string]T{}
	prefix := id + "\x00"
	err := db.View(func(tx store.Tx) error {
		for k, raw := range tx.Bucket(bucket).Ascend([]byte(prefix)) {
			name, ok := strings.CutPrefix(string(k), prefix)
			if !ok {
				break
			}
			var v T
			if err := json.Unmarshal(raw, &v); err != nil {
				return err
			}
			out[name] = v
		}
		return nil
	})
	return out, err
}

// keep writes what is kept under a source: items that have changed, and nothing
// for those that are gone.
func keep[T any](tx store.Tx, bucket, id string, changed map[string]T, gone []string) error {
	for name, v := range changed {
		if err := putJSON(tx, bucket, []byte(id+"\x00"+name), v); err != nil {
			return err
		}
	}
	for _, name := range gone {
		if err := tx.Bucket(bucket).Delete([]byte(id + "\x00" + name)); err != nil {
			return err
		}
	}
	return nil
}
