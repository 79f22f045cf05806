package edition

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"time"

	"maillon/store/whole"
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
	lost := s.Lost()
	should := s.Keep.Kept(slices.Concat(days, lost), today)
	lost = slices.DeleteFunc(lost, func(d string) bool { return !slices.Contains(should, d) })
	s.mu.Lock()
	s.days, s.lost = kept, lost
	for d := range s.dated {
		if !slices.Contains(kept, d) {
			delete(s.dated, d)
		}
	}
	s.mu.Unlock()
	if err := s.record(slices.Concat(kept, lost)); err != nil {
		return err
	}
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

// DaysName is the file, in the folder of editions, that lists the days of which there
// should be one. Backups have it: a node that was put back says which editions it lost.
const DaysName = "days.json"

// record writes the list of days if it has changed.
func (s *Store) record(days []string) error {
	slices.Sort(days)
	raw, err := json.Marshal(map[string][]string{"days": days})
	if err != nil || string(raw) == s.written {
		return err
	}
	if err := whole.WriteFile(filepath.Join(s.Dir, DaysName), raw, 0o640); err != nil {
		return err
	}
	s.written = string(raw)
	return nil
}

// recorded reads the list of days; what is no list is none.
func (s *Store) recorded() []string {
	raw, err := os.ReadFile(filepath.Join(s.Dir, DaysName))
	var list struct{ Days []string }
	if err != nil || json.Unmarshal(raw, &list) != nil {
		return nil
	}
	s.written = string(raw)
	return slices.DeleteFunc(list.Days, func(d string) bool { return !dayFile.MatchString(d + ".json") })
}

func (s *Store) sameAsLast(e *Edition, days []string) bool {
	if len(days) == 0 {
		return false
	}
	last, err := s.Dated(days[len(days)-1])
	return err == nil && last.Hash == e.Hash
}
