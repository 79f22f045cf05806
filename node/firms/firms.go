// Package firms keeps what the register SIRENE says of the bodies and firms that the
// node's contracts name: a table for each of the two stock files of INSEE, in a folder
// of the node's data, each replaced as a whole by an import.
//
// The tables are neither journal nor view: they are nobody's statement, cannot be made
// again from journals, and can be imported again at any time. A running node sees a new
// table a few seconds after it was put there.
package firms

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"maillon/catalog/sirene"
)

// kinds are the tables there can be.
var kinds = []sirene.Kind{sirene.Establishments, sirene.Units}

// look is how often a folder is asked whether its tables are still the same.
const look = 2 * time.Second

// A Folder is the tables of one node. It is safe for concurrent use; a nil Folder
// knows nothing.
type Folder struct {
	dir string
	log zerolog.Logger
	now func() time.Time

	mu     sync.Mutex
	looked time.Time
	tables map[sirene.Kind]held
	turn   uint64 // changes with the tables
}

// held is a table and the state of the file it was read from.
type held struct {
	table *sirene.Table
	size  int64
	mod   time.Time
}

// Open gives the tables in a folder, which need not exist.
func Open(dir string, log zerolog.Logger, now func() time.Time) *Folder {
	return &Folder{dir: dir, log: log, now: now, tables: map[sirene.Kind]held{}}
}

func file(dir string, k sirene.Kind) string { return filepath.Join(dir, string(k)+".tsv") }

// Firm is what is known of an establishment, by its SIRET.
func (f *Folder) Firm(siret string) (sirene.Firm, bool) {
	n, ok := sirene.Number(siret)
	if f == nil || !ok || len(siret) != 14 {
		return sirene.Firm{}, false
	}
	establishments, units := f.both()
	return sirene.Join(establishments.Row(n), units.Row(sirene.Unit(n)))
}

// Sources says what the tables were made of, none if there are none.
func (f *Folder) Sources() []sirene.Source {
	out := []sirene.Source{}
	if f == nil {
		return out
	}
	establishments, units := f.both()
	for _, t := range []*sirene.Table{establishments, units} {
		if t != nil {
			out = append(out, t.Source)
		}
	}
	return out
}

// Revision changes whenever the tables do.
func (f *Folder) Revision() uint64 {
	if f == nil {
		return 0
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.refresh()
	return f.turn
}

func (f *Folder) both() (establishments, units *sirene.Table) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.refresh()
	return f.tables[sirene.Establishments].table, f.tables[sirene.Units].table
}

// refresh reads tables that were replaced. One that cannot be read is logged once, and
// counts as none.
func (f *Folder) refresh() {
	now := f.now()
	if since := now.Sub(f.looked); since >= 0 && since < look {
		return
	}
	f.looked = now
	for _, k := range kinds {
		have, was := f.tables[k]
		info, err := os.Stat(file(f.dir, k))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			if was {
				delete(f.tables, k)
				f.turn++
			}
			continue
		case err != nil:
			f.log.Error().Err(err).Msg("SIRENE")
			continue
		case was && have.size == info.Size() && have.mod.Equal(info.ModTime()):
			continue
		}
		next := held{size: info.Size(), mod: info.ModTime()}
		if next.table, err = read(file(f.dir, k)); err != nil {
			f.log.Error().Err(err).Str("file", file(f.dir, k)).Msg("SIRENE: the table is left out")
		}
		f.tables[k] = next
		f.turn++
	}
}

func read(path string) (*sirene.Table, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return sirene.ReadTable(text)
}
