package toolbox

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/rs/zerolog"
)

// lookEvery is the time between two looks at the folder.
const lookEvery = 3 * time.Second

// A Folder is a toolbox on the disk, read again when something in it has
// changed. It is safe for concurrent use.
type Folder struct {
	dir     string // "" for the defaults alone
	options Options
	log     zerolog.Logger
	now     func() time.Time

	mu      sync.Mutex
	looked  time.Time
	tag     string
	changed time.Time
	content *Content
}

// Open reads the folder dir over the defaults; "" reads those alone. A folder
// that cannot be read is a Problem of the content, and is looked for again.
func Open(dir string, o Options, log zerolog.Logger, now func() time.Time) *Folder {
	return &Folder{dir: dir, options: o, log: log, now: now}
}

// A State is a content and what tells it from those before.
type State struct {
	*Content
	Tag     string    // changes with the files
	Changed time.Time // of the newest file
}

// State is the content as the disk holds it, a few seconds late at most.
func (f *Folder) State() State {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.now()
	if f.content == nil || now.Sub(f.looked) >= lookEvery || now.Before(f.looked) {
		f.looked = now
		if tag, changed := f.look(); f.content == nil || tag != f.tag {
			f.read(tag, changed)
		}
	}
	return State{f.content, f.tag, f.changed}
}

// look is a tag of the names, sizes and times of the files.
func (f *Folder) look() (tag string, changed time.Time) {
	sum, files := sha256.New(), 0
	if f.dir != "" {
		err := filepath.WalkDir(f.dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || files > 2*mostFiles {
				return fs.SkipAll
			}
			if info, err := d.Info(); err == nil {
				files++
				fmt.Fprintln(sum, path, info.Size(), info.ModTime().UnixNano())
				if !d.IsDir() && info.ModTime().After(changed) {
					changed = info.ModTime()
				}
			}
			return nil
		})
		fmt.Fprintln(sum, err)
	}
	if changed.IsZero() {
		changed = defaultsFrom
	}
	return hex.EncodeToString(sum.Sum(nil)[:8]), changed
}

// defaultsFrom is when the defaults were written: they have no other time.
var defaultsFrom = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

func (f *Folder) read(tag string, changed time.Time) {
	f.tag, f.changed = tag, changed
	var folder fs.FS
	var refused *Problem
	if f.dir != "" {
		root, err := os.OpenRoot(f.dir) // no link leads out of it
		if err != nil {
			refused = &Problem{File: f.dir, key: "read", args: []any{reason(err)}}
		} else {
			defer root.Close()
			folder = root.FS()
		}
	}
	f.content = Read(folder, f.options)
	if refused != nil {
		f.content.Problems = append(f.content.Problems, *refused)
	}
	for _, p := range f.content.Problems {
		f.log.Warn().Str("file", p.Where()).Msg("toolbox: " + p.Text(f.options.Lang))
	}
}

// Image opens an image of the folder that the content may show, with its size.
// The caller closes it.
func (f *Folder) Image(name string) (io.ReadCloser, int64, error) {
	if !f.State().Images[name] || f.dir == "" {
		return nil, 0, fs.ErrNotExist
	}
	root, err := os.OpenRoot(f.dir)
	if err != nil {
		return nil, 0, err
	}
	defer root.Close()
	file, err := root.Open("images/" + name)
	if err != nil {
		return nil, 0, err
	}
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() || info.Size() > MostImage {
		_ = file.Close() // only read
		return nil, 0, fmt.Errorf("images/%s: not a file of at most %d bytes: %w", name, MostImage, fs.ErrNotExist)
	}
	return file, info.Size(), nil
}
