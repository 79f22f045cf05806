// Package bolt keeps a [store.DB] in one bbolt file.
//
// A node has two such files (docs/decisions/0040-bolt-settings.md): one for
// journals, mirrors and state, which hardly ever frees a page, and one for
// views, which do little else. [Options].Churn says which of the two a file is.
//
// One process holds a file at a time. The file carries the version of its
// layout; an older one is brought up to date when it is opened for writing, a
// newer one is refused.
package bolt

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"maillon/store"
)

// ErrLocked is wrapped by the error of [Open] when another process holds the file.
var ErrLocked = errors.New("another maillon is running on this folder")

// Options says how a file is used. The zero value is a journal file, opened
// for writing, whose lock is not waited for.
type Options struct {
	// ReadOnly shares the lock with other readers and refuses every Update.
	ReadOnly bool
	// Churn is for files whose values come and go (views). Their list of
	// free pages is rebuilt at the start instead of being written with each
	// commit, which costs a read of the file's branches then and makes a
	// small commit on a fragmented file 50 times cheaper.
	Churn bool
	// InitialMmap reserves this many bytes of address space. While the file
	// is smaller, growing it does not wait for readers.
	InitialMmap int
	// Timeout is how long to wait for the lock; 0 does not wait.
	Timeout time.Duration
}

// fillPercent suits keys that grow, which is what journals have. With random
// keys it costs a few page splits.
const fillPercent = 0.9

// A DB is an open file. All methods may be called from any goroutine.
type DB struct {
	bolt *bbolt.DB
	path string
}

var _ store.DB = (*DB)(nil)

// Open opens the file at path and makes it, with mode 0600, if it is absent
// and o allows writing. The caller closes it.
func Open(path string, o Options) (*DB, error) {
	bo := &bbolt.Options{
		Timeout:         max(o.Timeout, time.Millisecond), // bbolt waits for ever on 0
		ReadOnly:        o.ReadOnly,
		InitialMmapSize: o.InitialMmap,
		FreelistType:    bbolt.FreelistArrayType,
		NoStatistics:    true,
	}
	if o.Churn {
		bo.FreelistType, bo.NoFreelistSync = bbolt.FreelistMapType, true
	}
	if err := checkWhole(path, bo.Timeout); err != nil {
		return nil, err
	}
	b, err := bbolt.Open(path, 0o600, bo)
	if err != nil {
		return nil, openError(path, err)
	}
	db := &DB{bolt: b, path: path}
	if err := migrate(db, migrations, o.ReadOnly); err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return db, nil
}

// checkWhole refuses a file that is shorter than its own account of itself:
// bbolt maps files into memory, and reading past the end of one kills the
// process.
func checkWhole(path string, wait time.Duration) error {
	st, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil // made by Open, or its error
	case err != nil:
		return fmt.Errorf("open the store %s: %w", path, err)
	case st.Size() == 0:
		return nil
	}
	b, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true, Timeout: wait})
	if err != nil {
		return openError(path, err)
	}
	var want int64
	err = b.View(func(tx *bbolt.Tx) error {
		want = tx.Size()
		return nil
	})
	if err := errors.Join(err, b.Close()); err != nil {
		return openError(path, err)
	}
	if st, err = os.Stat(path); err != nil {
		return fmt.Errorf("open the store %s: %w", path, err)
	}
	if st.Size() < want {
		return fmt.Errorf("open the store %s: the file has %d bytes of %d: it was cut short, restore it from a backup", path, st.Size(), want)
	}
	return nil
}

func openError(path string, err error) error {
	switch {
	case errors.Is(err, berrors.ErrTimeout):
		return fmt.Errorf("open the store %s: %w: stop it first", path, ErrLocked)
	case errors.Is(err, berrors.ErrInvalid), errors.Is(err, berrors.ErrChecksum), errors.Is(err, berrors.ErrVersionMismatch):
		return fmt.Errorf("open the store %s: not a store of maillon, or damaged (%w): restore it from a backup", path, err)
	default:
		return fmt.Errorf("open the store %s: %w", path, err)
	}
}

// Close waits for running transactions and gives the lock back.
func (d *DB) Close() error {
	if err := d.bolt.Close(); err != nil {
		return fmt.Errorf("close the store %s: %w", d.path, err)
	}
	return nil
}

// Snapshot hands f one unchanging state of the whole file, of size bytes, while the
// file goes on being used. It is itself a file that [Open] takes.
func (d *DB) Snapshot(f func(size int64, content io.WriterTo) error) error {
	return d.bolt.View(func(tx *bbolt.Tx) error { return f(tx.Size(), tx) })
}

// Path is where the file is.
func (d *DB) Path() string { return d.path }

// View implements [store.DB].
func (d *DB) View(f func(store.Tx) error) error {
	return d.bolt.View(func(b *bbolt.Tx) error {
		t := &tx{bolt: b}
		return errors.Join(f(t), t.err)
	})
}

// Update implements [store.DB].
func (d *DB) Update(f func(store.Tx) error) error {
	err := d.bolt.Update(func(b *bbolt.Tx) error {
		t := &tx{bolt: b}
		if err := f(t); err != nil {
			return err
		}
		return t.err
	})
	if errors.Is(err, berrors.ErrDatabaseReadOnly) {
		return fmt.Errorf("write to %s: %w", d.path, store.ErrReadOnly)
	}
	return err
}
