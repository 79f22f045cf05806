package backup

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Names of scheduled backups: maillon-20261125-031500.tar.zst and, beside it,
// maillon-20261125-031500.keys.age.
const (
	prefix     = "maillon-"
	Suffix     = ".tar.zst"
	KeysSuffix = ".keys.age"
	stamp      = "20060102-150405"
)

// NameAt is the name of a backup made at a time, without suffix.
func NameAt(t time.Time) string { return prefix + t.UTC().Format(stamp) }

// Made lists when the backups in a folder were made, by their names, the oldest
// first.
func Made(dir string) ([]time.Time, error) {
	list, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var out []time.Time
	for _, e := range list {
		name, ok := strings.CutSuffix(e.Name(), Suffix)
		if !ok || !strings.HasPrefix(name, prefix) {
			continue
		}
		if t, err := time.Parse(stamp, strings.TrimPrefix(name, prefix)); err == nil {
			out = append(out, t)
		}
	}
	slices.SortFunc(out, time.Time.Compare)
	return out, nil
}

// Prune deletes all but the newest backups, with their keys.
func Prune(dir string, keep int) error {
	made, err := Made(dir)
	if err != nil {
		return err
	}
	for _, t := range made[:max(len(made)-keep, 0)] {
		base := filepath.Join(dir, NameAt(t))
		if err := os.Remove(base + Suffix); err != nil {
			return err
		}
		if err := os.Remove(base + KeysSuffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
