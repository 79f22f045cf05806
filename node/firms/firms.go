// Package firms keeps what the register SIRENE says of the bodies and firms that the
// node's contracts name: a table for each of the two stock files of INSEE, in a folder
// of the node's data, each replaced as a whole by an import.
//
// The tables are neither journal nor view: they are nobody's statement, cannot be made
// again from journals, and can be imported again at any time. A running node sees a new
// table a few seconds after it was put there.
package firms

import (
	"time"

	"github.com/rs/zerolog"

	"maillon/catalog/sirene"
	"maillon/node/tables"
)

// kinds are the tables there can be.
var kinds = []sirene.Kind{sirene.Establishments, sirene.Units}

// A Folder is the tables of one node. It is safe for concurrent use; a nil Folder
// knows nothing.
type Folder struct {
	tables.Folder[sirene.Kind, sirene.Table]
}

// Open gives the tables in a folder, which need not exist.
func Open(dir string, log zerolog.Logger, now func() time.Time) *Folder {
	return &Folder{tables.Folder[sirene.Kind, sirene.Table]{Dir: dir, Kinds: kinds, Read: sirene.ReadTable, Log: log, Now: now}}
}

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
	_, turn := f.Tables()
	return turn
}

func (f *Folder) both() (establishments, units *sirene.Table) {
	all, _ := f.Tables()
	return all[0], all[1]
}
