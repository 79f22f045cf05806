package plain

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// ManifestName is the file that lists what was written to the folder, a line per file.
// While files come, those that are new are in newName beside it.
const (
	ManifestName = ".maillon-export"
	newName      = ManifestName + ".new"
	tempPrefix   = ".maillon-part-"
)

const (
	manifestHead = "# What maillon export wrote here, and may delete: leave this file where it is.\n"
	maxSmall     = 1 << 20 // bytes of a file that is compared in memory
)

// A Report counts what [Receive] did.
type Report struct {
	Files   int   `json:"files"`
	Bytes   int64 `json:"bytes"`   // of all files
	Written int   `json:"written"` // new or different
	Deleted int   `json:"deleted"`
	LeftOut int   `json:"leftOut"` // what they were of went while the site was written
}

// ErrForeign: the folder holds something, and no earlier run wrote it.
var ErrForeign = errors.New("the folder is not empty, and no earlier export wrote it")

// A folder is where files are received.
type folder struct {
	dir  string
	ours map[string]bool // files that earlier runs wrote; what comes again is taken out
	now  []string        // files of this run, in the order in which they came
	log  *os.File        // of what is new, should this run break off
}

// Receive writes a stream of files to a folder, which it makes if it is not there.
// progress, if it is not nil, is called after each file. After an error nothing was
// deleted, and the next run goes on from what is there.
func Receive(ctx context.Context, dir string, r io.Reader, progress func(Report)) (rep Report, err error) {
	f, err := openFolder(dir)
	if err != nil {
		return rep, err
	}
	defer f.log.Close() // again, once all has come
	files, err := newStream(r)
	if err != nil {
		return rep, err
	}
	for {
		if err := ctx.Err(); err != nil {
			return rep, err
		}
		part, left, err := files.next()
		if err != nil {
			return rep, err
		}
		if part == nil {
			rep.LeftOut = left
			break
		}
		name := part.Header.Get(nameHeader)
		size, written, err := f.receive(name, part)
		if err != nil {
			return rep, fmt.Errorf("%s: %w", filepath.Join(dir, filepath.FromSlash(name)), err)
		}
		if rep.Files, rep.Bytes = rep.Files+1, rep.Bytes+size; written {
			rep.Written++
		}
		if progress != nil {
			progress(rep)
		}
	}
	rep.Deleted, err = f.finish()
	return rep, err
}

func openFolder(dir string) (*folder, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	f := &folder{dir: dir, ours: map[string]bool{}}
	left, err := filepath.Glob(filepath.Join(dir, tempPrefix+"*"))
	for _, name := range left {
		err = errors.Join(err, os.Remove(name))
	}
	if err != nil {
		return nil, err
	}
	known := false
	for _, name := range []string{ManifestName, newName} {
		raw, err := os.ReadFile(filepath.Join(dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		known = true
		for line := range strings.Lines(string(raw)) {
			if !strings.HasSuffix(line, "\n") {
				continue // the run broke off before it wrote that file
			}
			if line = strings.TrimSuffix(line, "\n"); line != "" && line[0] != '#' && valid(line) {
				f.ours[line] = true
			}
		}
	}
	if !known {
		if there, err := os.ReadDir(dir); err != nil {
			return nil, err
		} else if len(there) > 0 {
			return nil, fmt.Errorf("%s: %w", dir, ErrForeign)
		}
	}
	f.log, err = os.OpenFile(filepath.Join(dir, newName), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	return f, err
}

// receive takes one file, and writes it if it is not the same as before.
func (f *folder) receive(name string, r io.Reader) (size int64, written bool, err error) {
	f.now = append(f.now, name)
	path := filepath.Join(f.dir, filepath.FromSlash(name))
	small, err := io.ReadAll(io.LimitReader(r, maxSmall))
	if err != nil {
		return 0, false, err
	}
	old, err := os.Lstat(path)
	mine := f.ours[name]
	delete(f.ours, name)
	if err == nil && !mine {
		return 0, false, errors.New("the file is there, and no earlier export wrote it: move it, or export to another folder")
	}
	if err == nil && len(small) < maxSmall && old.Size() == int64(len(small)) {
		if have, err := os.ReadFile(path); err == nil && bytes.Equal(have, small) {
			return int64(len(small)), false, nil
		}
	}
	if !mine { // noted before it is there, or a run that breaks off would leave it for ever
		if _, err := f.log.WriteString(name + "\n"); err != nil {
			return 0, false, err
		}
	}
	return f.write(path, io.MultiReader(bytes.NewReader(small), r))
}

// write puts a file in its place, unless one with the same bytes is there.
func (f *folder) write(path string, r io.Reader) (size int64, written bool, err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return 0, false, err
	}
	tmp, err := os.CreateTemp(f.dir, tempPrefix)
	if err != nil {
		return 0, false, err
	}
	defer os.Remove(tmp.Name()) // nothing once it has its name
	size, err = io.Copy(tmp, r)
	if err = errors.Join(err, tmp.Chmod(0o644), tmp.Close()); err != nil {
		return size, false, err
	}
	if same, err := equal(tmp.Name(), path); err != nil || same {
		return size, false, err
	}
	return size, true, os.Rename(tmp.Name(), path)
}

// equal reports whether two files have the same bytes; the second may not be there.
func equal(a, b string) (bool, error) {
	x, err := os.Open(a)
	if err != nil {
		return false, err
	}
	defer x.Close()
	y, err := os.Open(b)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer y.Close()
	p, q := make([]byte, 64<<10), make([]byte, 64<<10)
	for {
		n, err := io.ReadFull(x, p)
		m, err2 := io.ReadFull(y, q)
		if !bytes.Equal(p[:n], q[:m]) {
			return false, nil
		}
		if err != nil || err2 != nil { // the end of one is that of both
			return err == err2, nil //nolint:errorlint // io.ReadFull gives these themselves
		}
	}
}

// finish deletes what earlier runs wrote and this one did not, and notes what is there.
func (f *folder) finish() (deleted int, err error) {
	gone := make([]string, 0, len(f.ours))
	for name := range f.ours {
		gone = append(gone, name)
	}
	slices.Sort(gone)
	for _, name := range gone {
		path := filepath.Join(f.dir, filepath.FromSlash(name))
		switch err := os.Remove(path); {
		case err == nil:
			deleted++
		case !errors.Is(err, fs.ErrNotExist):
			return deleted, err
		}
		for dir := filepath.Dir(path); dir != filepath.Clean(f.dir) && os.Remove(dir) == nil; { // while it is empty
			dir = filepath.Dir(dir)
		}
	}
	if err := f.note(); err != nil {
		return deleted, err
	}
	if err := f.log.Close(); err != nil {
		return deleted, err
	}
	return deleted, os.Remove(filepath.Join(f.dir, newName))
}

// note writes the list of this run, if it differs from that of before.
func (f *folder) note() error {
	var b bytes.Buffer
	b.WriteString(manifestHead)
	slices.Sort(f.now)
	for _, name := range slices.Compact(f.now) {
		b.WriteString(name + "\n")
	}
	_, _, err := f.write(filepath.Join(f.dir, ManifestName), bufio.NewReader(&b))
	return err
}
