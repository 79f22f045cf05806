package edition

import (
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Keep says how long dated editions are kept.
type Keep struct {
	Days   int // the last so many days; negative for none
	Months int // the first edition of each of the last so many months
}

// Kept tells which of some days are kept today: those not older than Days, and the
// first of each month not older than Months. Pure.
func (k Keep) Kept(days []string, today time.Time) []string {
	today = today.UTC().Truncate(24 * time.Hour)
	since := today.AddDate(0, 0, -k.Days).Format(time.DateOnly)
	month := time.Date(today.Year(), today.Month()-time.Month(k.Months), 1, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
	var out []string
	seen := map[string]bool{}
	for _, d := range slices.Sorted(slices.Values(days)) {
		first := !seen[d[:len("2006-01")]]
		seen[d[:len("2006-01")]] = true
		if k.Days >= 0 && d >= since || first && d >= month {
			out = append(out, d)
		}
	}
	return out
}

// Freeze keeps the newest edition under the date of its day once that day is over,
// unless the dated one before has the same content, and drops what is no longer to be
// kept.
func (s *Store) Freeze() error {
	s.work.Lock()
	defer s.work.Unlock()
	return s.freeze()
}

func (s *Store) freeze() error {
	today := s.Now().UTC()
	e, days := s.Latest(), s.Days()
	if e != nil && e.Day < today.Format(time.DateOnly) && !slices.Contains(days, e.Day) && !s.sameAsLast(e, days) {
		if err := s.keepEdition(e.Day+".json", e); err != nil {
			return err
		}
		days = append(days, e.Day)
		slices.Sort(days)
	}
	kept := s.Keep.Kept(days, today)
	s.mu.Lock()
	s.days = kept
	for d := range s.dated {
		if !slices.Contains(kept, d) {
			delete(s.dated, d)
		}
	}
	s.mu.Unlock()
	if len(kept) == len(days) {
		return nil
	}
	for _, d := range days {
		if slices.Contains(kept, d) {
			continue
		}
		delete(s.needs, d)
		if err := os.Remove(filepath.Join(s.Dir, d+".json")); err != nil {
			return err
		}
	}
	return s.sweep()
}

func (s *Store) sameAsLast(e *Edition, days []string) bool {
	if len(days) == 0 {
		return false
	}
	last, err := s.Dated(days[len(days)-1])
	return err == nil && last.Hash == e.Hash
}
