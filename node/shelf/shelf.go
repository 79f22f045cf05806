// Package shelf holds what a node publishes: which datasets, their files on
// disk, and the catalogue that describes them.
//
// A dataset is one buyer's contracts notified in one year; those of a hub's
// territory are in package edition, and described here. Its files are views: they are made again when the
// partition's revision changes, whole, under a temporary name, and then take
// their place; a file is never seen half written. What is known of each
// dataset is kept beside the views and thrown away with them.
package shelf

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"maillon/catalog/entry"
	"maillon/catalog/pivot"
	"maillon/node/edition"
	"maillon/store"
	"maillon/store/view"
)

// A File is one distribution of a dataset.
type File struct {
	Name     string    `json:"name"` // decret.json
	Format   string    `json:"format"`
	Content  string    `json:"content"` // decret or complet
	Gen      int       `json:"gen,omitempty"`
	Media    string    `json:"media"`
	Size     int64     `json:"size"`
	Gzipped  int64     `json:"gzipped"` // size of the copy beside it, NAME.gz
	SHA256   string    `json:"sha256"`
	Records  int       `json:"records"`
	Modified time.Time `json:"modified"`
}

// A Dataset is what is known of one dataset on the shelf.
type Dataset struct {
	ID       string    `json:"id"`              // for ever
	Buyer    string    `json:"buyer,omitempty"` // SIRET
	Name     string    `json:"name,omitempty"`  // of the buyer, where a record gives it
	Year     string    `json:"year,omitempty"`
	Revision uint64    `json:"revision"`
	Issued   time.Time `json:"issued"`          // receipt of the oldest record in it
	Modified time.Time `json:"modified"`        // receipt of the newest entry in it
	First    string    `json:"first,omitempty"` // earliest notification
	Last     string    `json:"last,omitempty"`
	Conform  int       `json:"conform"`
	Total    int       `json:"total"`
	Files    []File    `json:"files"`
	// Newest is the newest entry about it of each node that publishes it.
	Newest map[string]entry.Ref `json:"newest,omitempty"`
	// Through are the nodes that all of its records came through, by harvest.
	Through []string `json:"through,omitempty"`
}

// A Shelf keeps the datasets of one node. Its methods may be called
// concurrently.
type Shelf struct {
	Dir   string
	DB    store.DB
	Views *view.Views
	Node  string // node id
	Hub   bool   // also describes what nodes below publish
	Who   Publisher
	URL   string // base of public IRIs, without trailing slash
	Links string // where pages and files are reached, if not under URL
	// Editions are the datasets of a hub's territory; nil if this is no hub. They are
	// refreshed apart.
	Editions *edition.Store

	work     sync.Mutex // held by Refresh and Reset, one at a time
	mu       sync.RWMutex
	datasets map[string]Dataset // by id; nil until loaded
	below    map[string]Dataset // of nodes below this hub: described here, served there
	version  uint64             // changes with every dataset
	listed   listing            // the last union
	names    map[string]string  // of buyers, by SIRET
	fresh    bool               // Refresh has gone through once
}

// Keys, in the views' store:
//
//	shelf   dataset id  => Dataset in JSON
//	below   dataset id  => Dataset in JSON, without files of its own
//	whole   "whole"     => nothing; there once a Refresh has gone through
const (
	shelfBucket = "shelf"
	belowBucket = "below"
	wholeBucket = "whole"
)

var wholeKey = []byte("whole")

// ConsolidatedID names a hub's dataset of all contracts of its territory.
func ConsolidatedID(node string) string { return node + "-decp-consolide" }

// DatasetID names the dataset of a buyer and a year of notification. It can stand in an
// address and name a folder, whatever the buyer's id is.
func DatasetID(buyer, year string) string {
	if year == "" {
		year = "sans-date"
	}
	const most = 150 // names of folders have 255 bytes at most
	id := url.PathEscape(buyer)
	if len(id) > most {
		sum := sha256.Sum256([]byte(buyer))
		id = hex.EncodeToString(sum[:16])
	}
	return id + "-decp-" + year
}

// SeriesID names the series of a buyer's years.
func SeriesID(buyer string) string { return url.PathEscape(buyer) + seriesEnd }

// SeriesBuyer is the buyer of a series; "" if it is of none.
func SeriesBuyer(id string) string {
	escaped, ok := strings.CutSuffix(id, seriesEnd)
	if !ok {
		return ""
	}
	buyer, err := url.PathUnescape(escaped)
	if err != nil {
		return ""
	}
	return buyer
}

const seriesEnd = "-decp"

// load reads what is known of the datasets, once.
func (s *Shelf) load() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.datasets != nil {
		return nil
	}
	all, below, whole := map[string]Dataset{}, map[string]Dataset{}, false
	err := s.DB.View(func(tx store.Tx) error {
		whole = tx.Bucket(wholeBucket).Get(wholeKey) != nil
		for bucket, into := range map[string]map[string]Dataset{shelfBucket: all, belowBucket: below} {
			for k, v := range tx.Bucket(bucket).Ascend(nil) {
				var d Dataset
				if err := json.Unmarshal(v, &d); err != nil {
					return fmt.Errorf("dataset %s: %w", k, err)
				}
				if bucket == shelfBucket && !s.whole(d) {
					whole = false
					continue // it is made again
				}
				into[d.ID] = d
			}
		}
		return nil
	})
	if err == nil {
		s.datasets, s.below, s.fresh = all, below, whole
		s.version++
		for _, d := range all {
			s.name(d)
		}
	}
	return err
}

// At is the shelf as it is now, under other addresses: it does not change any more, and
// is ready if s is. Refresh and Reset are not for it.
func (s *Shelf) At(url string) *Shelf {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return &Shelf{
		Dir: s.Dir, DB: s.DB, Views: s.Views, Node: s.Node, Hub: s.Hub, Who: s.Who, URL: url, Links: url, Editions: s.Editions,
		datasets: maps.Clone(s.datasets), below: maps.Clone(s.below), names: maps.Clone(s.names), fresh: s.fresh, version: s.version,
	}
}

// whole reports whether the files of a dataset are on the disk.
func (s *Shelf) whole(d Dataset) bool {
	for _, f := range d.Files {
		path := filepath.Join(s.Dir, d.ID, f.onDisk())
		for name, size := range map[string]int64{path: f.Size, path + ".gz": f.Gzipped} {
			if info, err := os.Stat(name); err != nil || info.Size() != size {
				return false
			}
		}
	}
	return true
}

// Refresh makes again the files of every dataset whose partition changed, and
// drops the datasets that have nothing left.
func (s *Shelf) Refresh(ctx context.Context) (changed int, err error) {
	s.work.Lock()
	defer s.work.Unlock()
	if err := s.load(); err != nil {
		return 0, err
	}
	wanted, err := s.wanted()
	if err != nil {
		return 0, err
	}
	for _, w := range wanted {
		if err := ctx.Err(); err != nil {
			return changed, err
		}
		if old, ok := s.Dataset(w.ID); ok && old.Revision == w.Revision {
			continue
		}
		if err := s.build(ctx, w); err != nil {
			return changed, fmt.Errorf("files of dataset %s: %w", w.ID, err)
		}
		changed++
	}
	if err := s.drop(wanted); err != nil {
		return changed, err
	}
	if err := s.refreshBelow(ctx); err != nil {
		return changed, err
	}
	return changed, s.freshen()
}

// freshen notes that the shelf has everything, also for the next start.
func (s *Shelf) freshen() error {
	if s.ready() {
		return nil
	}
	err := s.DB.Update(func(tx store.Tx) error { return tx.Bucket(wholeBucket).Put(wholeKey, nil) })
	s.mu.Lock()
	s.fresh = err == nil
	s.mu.Unlock()
	return err
}

// Ready reports whether the shelf has been brought up to the views once, now or
// before the last start: until then, its catalogue could be partial.
func (s *Shelf) Ready() bool {
	return s.ready() && (s.Editions == nil || s.Editions.Latest() != nil)
}

// Made reports whether the files of the catalogue are there; [Shelf.Ready] asks for the
// first edition of the territory as well.
func (s *Shelf) Made() bool { return s.ready() }

func (s *Shelf) ready() bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.fresh
}

// wanted lists the datasets that the views ask for: the buyers that this
// node's own journal publishes for.
func (s *Shelf) wanted() ([]Dataset, error) {
	parts, err := s.Views.Partitions(view.PartitionQuery{Node: s.Node})
	if err != nil {
		return nil, err
	}
	var out []Dataset
	for _, p := range parts {
		out = append(out, Dataset{ID: DatasetID(p.Buyer, p.Year), Buyer: p.Buyer, Year: p.Year, Revision: p.Revision, Modified: p.Changed})
	}
	return out, nil
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func (s *Shelf) drop(wanted []Dataset) error {
	keep := map[string]bool{}
	for _, w := range wanted {
		keep[w.ID] = true
	}
	var gone []string
	s.mu.Lock()
	for id := range s.datasets {
		if !keep[id] {
			gone = append(gone, id)
			delete(s.datasets, id)
			s.version++
		}
	}
	s.mu.Unlock()
	if len(gone) == 0 {
		return nil
	}
	err := s.DB.Update(func(tx store.Tx) error {
		for _, id := range gone {
			if err := tx.Bucket(shelfBucket).Delete([]byte(id)); err != nil {
				return err
			}
		}
		return nil
	})
	for _, id := range gone {
		if e := os.RemoveAll(filepath.Join(s.Dir, id)); err == nil {
			err = e
		}
	}
	return err
}

// keep puts a dataset on the shelf once its files are in place.
func (s *Shelf) keep(d Dataset) error {
	raw, err := json.Marshal(d)
	if err != nil {
		return err
	}
	if err := s.DB.Update(func(tx store.Tx) error { return tx.Bucket(shelfBucket).Put([]byte(d.ID), raw) }); err != nil {
		return err
	}
	s.mu.Lock()
	s.datasets[d.ID] = d
	s.version++
	s.name(d)
	s.mu.Unlock()
	return nil
}

// name notes the buyer's name of a dataset; the caller holds the lock.
func (s *Shelf) name(d Dataset) {
	if s.names == nil {
		s.names = map[string]string{}
	}
	if d.Buyer != "" && d.Name != "" {
		s.names[d.Buyer] = d.Name
	}
}

// Reset forgets every dataset, and is not ready until the next Refresh has
// made them again. It waits for a Refresh that is under way.
func (s *Shelf) Reset() error {
	s.work.Lock()
	defer s.work.Unlock()
	s.mu.Lock()
	s.datasets, s.below, s.names, s.fresh = nil, nil, nil, false
	s.version++
	s.mu.Unlock()
	return s.DB.Update(func(tx store.Tx) error {
		return errors.Join(tx.Drop(shelfBucket), tx.Drop(belowBucket), tx.Drop(wholeBucket))
	})
}

// Dataset returns one dataset.
func (s *Shelf) Dataset(id string) (Dataset, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	d, ok := s.datasets[id]
	return d, ok
}

// Datasets lists the datasets of a buyer, or all for "", by id.
func (s *Shelf) Datasets(buyer string) []Dataset {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var out []Dataset
	for _, d := range s.datasets {
		if buyer == "" || d.Buyer == buyer {
			out = append(out, d)
		}
	}
	slices.SortFunc(out, func(a, b Dataset) int { return strings.Compare(a.ID, b.ID) })
	return out
}

// recordedName is the name that the records of a buyer give it; "" if none does.
func (s *Shelf) recordedName(siret string) string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.names[siret]
}

// Buyers lists the SIRETs of the buyers that have datasets here, sorted.
func (s *Shelf) Buyers() []string {
	var out []string
	for _, d := range s.Datasets("") {
		if d.Buyer != "" {
			out = append(out, d.Buyer)
		}
	}
	return slices.Compact(out)
}

// Path returns the file of a dataset on disk; ok is false if the shelf does
// not list it, so no name from outside ever reaches the file system.
func (s *Shelf) Path(dataset, name string) (string, File, bool) {
	d, ok := s.Dataset(dataset)
	if !ok {
		return "", File{}, false
	}
	i := slices.IndexFunc(d.Files, func(f File) bool { return f.Name == name })
	if i < 0 {
		return "", File{}, false
	}
	return filepath.Join(s.Dir, d.ID, d.Files[i].onDisk()), d.Files[i], true
}

// formats lists the files of a dataset, in the order people see them.
var formats = []struct {
	name, format, content, media string
	gen                          pivot.Generation
}{
	{"decret.json", "JSON", "decret", "application/json", pivot.Gen2},
	{"decret.xml", "XML", "decret", "application/xml", pivot.Gen2},
	{"decret-1x.json", "JSON", "decret", "application/json", pivot.Gen1},
	{"decret-1x.xml", "XML", "decret", "application/xml", pivot.Gen1},
	{"decret.csv", "CSV", "decret", "text/csv", 0},
	{"complet.ndjson", "NDJSON", "complet", "application/x-ndjson", 0},
}
