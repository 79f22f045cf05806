// Package finances keeps the budgets and grants that a node's operator has imported: a
// table for each of the two SCDL schemas, in a folder of the node's data. An import puts
// what a file says in place of what was known of the same body and year, in one step.
//
// Like the tables of SIRENE they are neither journal nor view: nothing of them is signed
// or sent to other nodes, and they can be imported again. A running node sees a new
// table a few seconds after it was put there.
package finances

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"maillon/catalog/scdl"
	"maillon/node/tables"
)

var kinds = []scdl.Kind{scdl.Budgets, scdl.Grants}

// A Folder is the tables of one node. It is safe for concurrent use; a nil Folder knows
// nothing.
type Folder struct {
	tables tables.Folder[scdl.Kind, scdl.Table]

	mu    sync.Mutex
	turn  uint64 // of the tables that the index was made of
	index *index
}

// An index finds what is known of a body.
type index struct {
	budgets         map[string][]scdl.Budget
	given, received map[string][]scdl.Grant
	bodies          map[string][]string // SIRETs with a budget or grants given, by SIREN
	sources         []scdl.Source
}

// Open gives the tables in a folder, which need not exist.
func Open(dir string, log zerolog.Logger, now func() time.Time) *Folder {
	return &Folder{tables: tables.Folder[scdl.Kind, scdl.Table]{Dir: dir, Kinds: kinds, Read: scdl.ReadTable, Log: log, Now: now}, index: indexOf(nil)}
}

// Budgets are those of a body, by year and stage.
func (f *Folder) Budgets(siret string) []scdl.Budget { return f.at().budgets[siret] }

// Given are the grants that a body gave, by year and beneficiary.
func (f *Folder) Given(siret string) []scdl.Grant { return f.at().given[siret] }

// Received are the grants that a beneficiary was given.
func (f *Folder) Received(id string) []scdl.Grant { return f.at().received[id] }

// Bodies are the SIRETs under a SIREN of which a budget or grants given are known.
func (f *Folder) Bodies(siren string) []string { return f.at().bodies[siren] }

// Sources says what the tables were made of, none if there are none.
func (f *Folder) Sources() []scdl.Source { return f.at().sources }

func (f *Folder) at() *index {
	if f == nil {
		return indexOf(nil)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	all, turn := f.tables.Tables()
	if turn != f.turn {
		f.index, f.turn = indexOf(all), turn
	}
	return f.index
}

func indexOf(all []*scdl.Table) *index {
	x := &index{budgets: map[string][]scdl.Budget{}, given: map[string][]scdl.Grant{}, received: map[string][]scdl.Grant{}, bodies: map[string][]string{}, sources: []scdl.Source{}}
	seen := map[string]bool{}
	body := func(siret string) {
		if len(siret) == 14 && !seen[siret] {
			seen[siret] = true
			x.bodies[siret[:9]] = append(x.bodies[siret[:9]], siret)
		}
	}
	for _, t := range all {
		if t == nil {
			continue
		}
		x.sources = append(x.sources, t.Sources...)
		for _, b := range t.Budgets {
			x.budgets[b.SIRET] = append(x.budgets[b.SIRET], b)
			body(b.SIRET)
		}
		for _, g := range t.Grants {
			x.given[g.Giver] = append(x.given[g.Giver], g)
			body(g.Giver)
			if g.Beneficiary != "" {
				x.received[g.Beneficiary] = append(x.received[g.Beneficiary], g)
			}
		}
	}
	return x
}

// Import reads a file of either schema and puts what it says in place of what was known
// of the same bodies and years. It is for one process at a time. An error of type
// [*scdl.Problems] says which lines cannot be read, unless skip leaves them out.
func Import(ctx context.Context, dir, name string, skip bool, now time.Time) (scdl.Source, error) {
	in, err := os.Open(name)
	if err != nil {
		return scdl.Source{}, err
	}
	defer in.Close()
	c, err := scdl.Read(tables.Until(ctx, in), skip)
	if err != nil {
		return scdl.Source{}, fmt.Errorf("%s: %w", name, err)
	}
	src := scdl.Source{Kind: c.Kind, File: filepath.Base(name), Imported: now.UTC().Truncate(time.Second), Lines: c.Lines, Left: c.Left, Others: c.Others, Kept: len(c.Budgets) + len(c.Grants)}
	t, err := held(dir, c.Kind)
	if errors.Is(err, fs.ErrNotExist) {
		t, err = &scdl.Table{}, nil
	}
	if err != nil {
		return src, fmt.Errorf("%s: %w", tables.File(dir, c.Kind), err)
	}
	t.Merge(c, src)
	return src, tables.Put(dir, c.Kind, t.Write)
}

// held is what was imported before.
func held(dir string, k scdl.Kind) (*scdl.Table, error) {
	text, err := os.ReadFile(tables.File(dir, k))
	if err != nil {
		return nil, err
	}
	return scdl.ReadTable(text)
}
