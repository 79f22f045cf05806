package whole

import (
	"errors"
	"os"
	"path/filepath"
)

// A File is what is to stand in a place: CloseAtomicallyReplace puts it there, Cleanup,
// which does nothing after that, throws it away. Windows replaces a file in one step, but
// not while somebody reads it: that is an error, and the old one stays.
type File struct {
	*os.File
	place string
	done  bool
}

// Create begins a file that is to stand at name. Of perm, Windows knows only whether a
// file may be written.
func Create(name string, perm os.FileMode) (*File, error) {
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+"-*")
	if err != nil {
		return nil, err
	}
	_ = os.Chmod(f.Name(), perm)
	return &File{File: f, place: name}, nil
}

// CloseAtomicallyReplace puts the file in its place.
func (f *File) CloseAtomicallyReplace() error {
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), f.place); err != nil {
		return err
	}
	f.done = true
	return nil
}

// Cleanup throws the file away.
func (f *File) Cleanup() error {
	if f.done {
		return nil
	}
	f.done = true
	_ = f.Close() // it may be closed already
	if err := os.Remove(f.Name()); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}
