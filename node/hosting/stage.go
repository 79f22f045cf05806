package hosting

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// A stage holds what a member has pushed and no checkpoint has proven yet, as
// files. Nothing of it is shown to anyone. Losing it costs the member a push.
//
// A file is named for its path below the journal, with _ for /, and .zst if
// it came in that coding; what is being received begins with "in-".
type stage struct {
	dir string

	mu    sync.Mutex
	files map[string]staged
	bytes int64 // of files and of what is being received
	last  time.Time
}

type staged struct {
	coding string // "" or "zstd"
	size   int64
}

const (
	packedEnd = ".zst"
	halfBegin = "in-"
)

// errFull: the stage, with the mirror, has reached the member's quota.
var errFull = errors.New("over the quota")

// openStage reads back what an earlier run has left.
func openStage(dir string, now time.Time) (*stage, error) {
	s := &stage{dir: dir, files: map[string]staged{}, last: now}
	there, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return nil, err
	}
	for _, e := range there {
		info, err := e.Info()
		if err != nil {
			return nil, err
		}
		if strings.HasPrefix(e.Name(), halfBegin) {
			if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
				return nil, err
			}
			continue
		}
		name, packed := strings.CutSuffix(e.Name(), packedEnd)
		f := staged{size: info.Size()}
		if packed {
			f.coding = "zstd"
		}
		s.files[strings.ReplaceAll(name, "_", "/")] = f
		s.bytes += f.size
	}
	return s, nil
}

// has reports whether a resource is staged.
func (s *stage) has(path string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.files[path]
	return ok
}

// held is how many resources are staged, and how many bytes.
func (s *stage) held() (int, int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.files), s.bytes
}

// An arriving resource is at most limit bytes, and the stage at most room.
type arriving struct {
	path, coding string
	body         io.Reader
	limit, room  int64
	now          time.Time
}

// put takes a resource in, whole or not at all.
func (s *stage) put(a arriving) (err error) {
	if err := os.MkdirAll(s.dir, 0o750); err != nil {
		return err
	}
	f, err := os.CreateTemp(s.dir, halfBegin)
	if err != nil {
		return err
	}
	in := &intake{s: s, w: f, left: a.limit, room: a.room}
	_, err = io.Copy(in, a.body)
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), filepath.Join(s.dir, fileName(a.path, a.coding)))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.bytes -= in.n
		return errors.Join(err, os.Remove(f.Name()))
	}
	s.bytes -= s.files[a.path].size
	s.files[a.path] = staged{a.coding, in.n}
	s.last = a.now
	return nil
}

// An intake counts what is received while it is received: many may be under
// way, and together they stay within the room.
type intake struct {
	s    *stage
	w    io.Writer
	n    int64
	left int64
	room int64
}

func (in *intake) Write(p []byte) (int, error) {
	if in.left -= int64(len(p)); in.left < 0 {
		return 0, errTooLong
	}
	in.s.mu.Lock()
	in.s.bytes += int64(len(p))
	over := in.s.bytes > in.room
	in.s.mu.Unlock()
	in.n += int64(len(p))
	if over {
		return 0, errFull
	}
	return in.w.Write(p)
}

// errTooLong: a resource goes on after all that can be in it.
var errTooLong = errors.New("it is longer than anything that can be there")

func fileName(path, coding string) string {
	name := strings.ReplaceAll(path, "/", "_")
	if coding != "" {
		name += packedEnd
	}
	return name
}

// open opens a staged resource.
func (s *stage) open(path string) (*os.File, staged, error) {
	s.mu.Lock()
	f, ok := s.files[path]
	s.mu.Unlock()
	if !ok {
		return nil, f, fmt.Errorf("%s: %w", path, fs.ErrNotExist)
	}
	file, err := os.Open(filepath.Join(s.dir, fileName(path, f.coding)))
	return file, f, err
}

// clear throws everything away that is not being received.
func (s *stage) clear() error { return s.drop(func(string) bool { return true }) }

// drop throws some of it away.
func (s *stage) drop(which func(path string) bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for path, f := range s.files {
		if !which(path) {
			continue
		}
		if err := os.Remove(filepath.Join(s.dir, fileName(path, f.coding))); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
		s.bytes -= f.size
		delete(s.files, path)
	}
	return errors.Join(errs...)
}

// old reports whether nothing has come for longer than age.
func (s *stage) old(now time.Time, age time.Duration) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return now.Sub(s.last) > age
}
