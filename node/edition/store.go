package edition

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"maillon/store"
	"maillon/store/view"
	"maillon/store/whole"
)

// A Publisher is who publishes the datasets.
type Publisher struct{ SIRET, Name string }

// A Store keeps editions in a folder:
//
//	latest.json        the newest edition
//	2026-11-25.json    the last one of that day
//	days.json          the days of which there should be one; it is part of backups
//	pieces/ab/abcd…    pieces, by the SHA-256 of their bytes
//
// Its methods may be called concurrently.
type Store struct {
	Dir       string
	Views     *view.Views
	Dataset   string // identifier of the dataset of the whole territory
	URL       string // base of public IRIs
	Publisher Publisher
	Keep      Keep
	Now       func() time.Time

	work    sync.Mutex          // held by Refresh and Freeze, one at a time
	needs   map[string][]string // files of dated editions; under work
	settled map[string]seat     // of buyers; under work

	mu      sync.RWMutex
	latest  *Edition
	version uint64
	dated   map[string]*Edition // by day; loaded when asked for
	days    []string            // of dated editions, oldest first
	lost    []string            // of those that were made and are no more, oldest first
	written string              // what days.json says
	held    map[*Edition]int    // by readers
	trouble Trouble
}

// Trouble is why no edition is made: since when, how often it was tried, the last error.
// The zero Trouble is none.
type Trouble struct {
	Since time.Time
	Tries int
	Error string
}

// Trouble tells whether the last try to make an edition failed.
func (s *Store) Trouble() Trouble {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.trouble
}

// note remembers how a try ended; one that was stopped says nothing.
func (s *Store) note(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil {
		s.trouble = Trouble{}
		return
	}
	if s.trouble.Tries == 0 {
		s.trouble.Since = s.Now().UTC()
	}
	s.trouble.Tries++
	s.trouble.Error = err.Error()
}

// latestName is the newest edition in its folder.
const latestName = "latest.json"

var (
	dayFile   = regexp.MustCompile(`^(\d{4}-\d{2}-\d{2})\.json$`)
	pieceFile = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

func (s *Store) piecePath(name string) string {
	return filepath.Join(s.Dir, "pieces", name[:2], name)
}

// Load reads which editions there are. One that cannot be read, or lacks a piece, is
// as if it were not there: the newest is made again. What a crash left is removed.
func (s *Store) Load() error {
	s.work.Lock()
	defer s.work.Unlock()
	if err := os.MkdirAll(filepath.Join(s.Dir, "pieces"), 0o750); err != nil {
		return err
	}
	there, err := os.ReadDir(s.Dir)
	if err != nil {
		return err
	}
	var days []string
	for _, f := range there {
		if m := dayFile.FindStringSubmatch(f.Name()); m != nil {
			days = append(days, m[1])
		}
	}
	latest, err := s.read(latestName)
	if err != nil {
		latest = nil
	}
	var lost []string
	for _, d := range s.recorded() {
		if !slices.Contains(days, d) {
			lost = append(lost, d)
		}
	}
	s.mu.Lock()
	s.version++
	s.latest, s.days, s.lost, s.dated, s.held = latest, days, lost, map[string]*Edition{}, map[*Edition]int{}
	s.mu.Unlock()
	return s.sweep()
}

// read reads an edition and looks that its pieces are there.
func (s *Store) read(name string) (*Edition, error) {
	raw, err := os.ReadFile(filepath.Join(s.Dir, name))
	if err != nil {
		return nil, err
	}
	e := &Edition{}
	if err := json.Unmarshal(raw, e); err != nil {
		return nil, fmt.Errorf("edition %s: %w", name, err)
	}
	for i := range e.Pieces {
		p := &e.Pieces[i]
		if err := s.look(p.File, p.Size); err != nil {
			return nil, fmt.Errorf("edition %s: %w", name, err)
		}
	}
	for i := range e.Groups {
		if err := s.look(e.Groups[i].File, e.Groups[i].Size); err != nil {
			return nil, fmt.Errorf("edition %s: %w", name, err)
		}
	}
	for _, c := range e.Cuts {
		for _, f := range c.Files {
			if f.Tail == nil {
				continue
			}
			if err := s.look(f.Tail.File, f.Tail.Size); err != nil {
				return nil, fmt.Errorf("edition %s: %w", name, err)
			}
		}
	}
	return e, nil
}

func (s *Store) look(file string, size int64) error {
	if !pieceFile.MatchString(file) {
		return fmt.Errorf("%q is not the name of a piece", file)
	}
	info, err := os.Stat(s.piecePath(file))
	if err == nil && info.Size() != size {
		err = fmt.Errorf("piece %s has %d bytes, want %d", file, info.Size(), size)
	}
	return err
}

// keepBytes writes a file of a piece or a blob, if it is not there.
func (s *Store) keepBytes(name string, raw []byte) error {
	if s.look(name, int64(len(raw))) == nil {
		return nil
	}
	path := s.piecePath(name)
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return err
	}
	return whole.WriteFile(path, raw, 0o640)
}

// keepEdition writes an edition whole, or not at all.
func (s *Store) keepEdition(name string, e *Edition) error {
	raw, err := json.Marshal(e)
	if err != nil {
		return err
	}
	return whole.WriteFile(filepath.Join(s.Dir, name), raw, 0o640)
}

// Latest is the newest edition; nil if none was made yet. It is not to be changed.
func (s *Store) Latest() *Edition {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.latest
}

// Version changes with the newest edition; that of no store is 0.
func (s *Store) Version() uint64 {
	if s == nil {
		return 0
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.version
}

// Days lists the days of dated editions, oldest first.
func (s *Store) Days() []string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return slices.Clone(s.days)
}

// Lost lists the days whose editions were made, should still be kept, and are not there:
// after a restore, since backups do not hold them.
func (s *Store) Lost() []string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return slices.Clone(s.lost)
}

// ErrLost: the edition was made and is no more, or is damaged.
var ErrLost = errors.New("the edition was made, but it is not here any more")

// Dated is the edition of a day. The error is [ErrLost] or [store.ErrNotFound].
func (s *Store) Dated(day string) (*Edition, error) {
	s.mu.RLock()
	e, known, lost := s.dated[day], slices.Contains(s.days, day), slices.Contains(s.lost, day)
	s.mu.RUnlock()
	if e != nil {
		return e, nil
	}
	if lost {
		return nil, fmt.Errorf("edition of %s: %w", day, ErrLost)
	}
	if !known {
		return nil, fmt.Errorf("edition of %q: %w", day, store.ErrNotFound)
	}
	e, err := s.read(day + ".json")
	if err != nil {
		return nil, fmt.Errorf("edition of %s: %w: %w", day, ErrLost, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if slices.Contains(s.days, day) {
		clear(s.dated) // the last one that was asked for is enough
		s.dated[day] = e
	}
	return e, nil
}

// Open opens a file of the edition of a day, or of the newest for "", plain or
// compressed. The error is [store.ErrNotFound] if there is none.
func (s *Store) Open(day, suffix, name string, plain bool) (*Reader, *Cut, *File, error) {
	e, err := s.hold(day)
	if err != nil {
		return nil, nil, nil, err
	}
	r, c, f, err := s.openIn(e, suffix, name, plain)
	if err != nil {
		s.release(e)
	}
	return r, c, f, err
}

func (s *Store) openIn(e *Edition, suffix, name string, plain bool) (*Reader, *Cut, *File, error) {
	none := fmt.Errorf("file %s: %w", name, store.ErrNotFound)
	f, known := FormatOf(name)
	c, ok := e.Cut(suffix)
	if !known || !ok {
		return nil, nil, nil, none
	}
	file, ok := c.File(name)
	if !ok || !plain && file.Gzipped == 0 {
		return nil, nil, nil, none
	}
	segments, err := s.segments(e, c, f, file)
	if err != nil {
		return nil, nil, nil, err
	}
	return newReader(s, e, segments, file, plain), c, file, nil
}

// hold keeps the pieces of an edition on the disk until release.
func (s *Store) hold(day string) (*Edition, error) {
	e := s.Latest()
	if day != "" {
		var err error
		if e, err = s.Dated(day); err != nil {
			return nil, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if day == "" {
		e = s.latest
	} else if !slices.Contains(s.days, day) {
		e = nil
	}
	if e == nil {
		return nil, fmt.Errorf("edition %s: %w", day, store.ErrNotFound)
	}
	s.held[e]++
	return e, nil
}

func (s *Store) release(e *Edition) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.held[e]--; s.held[e] <= 0 {
		delete(s.held, e)
	}
}

// filesOf lists the files that a dated edition needs; the caller holds work. One that
// lacks pieces needs none: what it has goes, too.
func (s *Store) filesOf(day string) []string {
	if files, known := s.needs[day]; known {
		return files
	}
	e, err := s.read(day + ".json")
	if err != nil {
		return nil
	}
	if s.needs == nil {
		s.needs = map[string][]string{}
	}
	s.needs[day] = e.files()
	return s.needs[day]
}

// sweep removes pieces that no edition needs, and what a crash left half written.
func (s *Store) sweep() error {
	need := map[string]bool{}
	mark := func(e *Edition) {
		if e != nil {
			for _, f := range e.files() {
				need[f] = true
			}
		}
	}
	s.mu.RLock()
	mark(s.latest)
	for e := range s.held {
		mark(e)
	}
	days := slices.Clone(s.days)
	s.mu.RUnlock()
	for _, day := range days {
		for _, f := range s.filesOf(day) {
			need[f] = true
		}
	}
	return filepath.WalkDir(filepath.Join(s.Dir, "pieces"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || pieceFile.MatchString(d.Name()) && need[d.Name()] {
			return err
		}
		if !pieceFile.MatchString(d.Name()) && !strings.HasPrefix(d.Name(), ".") {
			return nil // not of this package
		}
		return os.Remove(path)
	})
}
