// Package tables holds what an operator has imported: a table in memory for each file of
// a folder, read again once the file is another.
//
// Such tables are neither journal nor view: nothing of them is signed or sent to other
// nodes, and they can be imported again at any time.
package tables

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"maillon/store/whole"
)

// look is how often a folder is asked whether its tables are still the same.
const look = 2 * time.Second

// A Folder is tables of one kind each. It is safe for concurrent use.
type Folder[K ~string, T any] struct {
	Dir   string // it need not exist
	Kinds []K
	Read  func(text []byte) (*T, error)
	Log   zerolog.Logger
	Now   func() time.Time

	mu     sync.Mutex
	looked time.Time
	held   map[K]held[T]
	turn   uint64
}

// held is a table and the state of the file it was read from.
type held[T any] struct {
	table *T
	size  int64
	mod   time.Time
}

// File is where the table of a kind is kept.
func File[K ~string](dir string, k K) string { return filepath.Join(dir, string(k)+".tsv") }

// Tables gives what is held, in the order of the kinds, nil where there is none; turn
// changes whenever a table does.
func (f *Folder[K, T]) Tables() (tables []*T, turn uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if now := f.Now(); now.Before(f.looked) || now.Sub(f.looked) >= look {
		f.looked = now
		for _, k := range f.Kinds {
			if f.refresh(k) {
				f.turn++
			}
		}
	}
	for _, k := range f.Kinds {
		tables = append(tables, f.held[k].table)
	}
	return tables, f.turn
}

// refresh reads a table that was replaced. One that cannot be read is logged once, and
// counts as none.
func (f *Folder[K, T]) refresh(k K) (changed bool) {
	have, was := f.held[k]
	name := File(f.Dir, k)
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		delete(f.held, k)
		return was
	case err != nil:
		f.Log.Error().Err(err).Msg("imported table")
		return false
	case was && have.size == info.Size() && have.mod.Equal(info.ModTime()):
		return false
	}
	next := held[T]{size: info.Size(), mod: info.ModTime()}
	if next.table, err = f.read(name); err != nil {
		f.Log.Error().Err(err).Str("file", name).Msg("imported table is left out")
	}
	if f.held == nil {
		f.held = map[K]held[T]{}
	}
	f.held[k] = next
	return true
}

func (f *Folder[K, T]) read(name string) (*T, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return f.Read(text)
}

// Put writes the table of a kind in place of the one before, in one step: a reader sees
// either.
func Put[K ~string](dir string, k K, write func(io.Writer) error) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	out, err := whole.Create(File(dir, k), 0o600)
	if err != nil {
		return err
	}
	defer out.Cleanup() // nothing, once it was put in place
	if err := write(out); err != nil {
		return err
	}
	return out.CloseAtomicallyReplace()
}

// Until reads what in gives until ctx ends.
func Until(ctx context.Context, in io.Reader) io.Reader { return until{ctx, in} }

type until struct {
	ctx context.Context
	in  io.Reader
}

func (u until) Read(p []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.in.Read(p)
}
