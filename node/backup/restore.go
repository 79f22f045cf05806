package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// A Restore puts an archive back.
type Restore struct {
	Dir  string // the node's data folder
	Node string // its id: the backup of another node is refused
	Now  time.Time
	// Keys are put beside the data; nil keeps those that are there.
	Keys map[string][]byte
	// Force moves data that are there aside; without it they are in the way.
	Force bool
	// Check looks at a folder before it becomes the data folder; nil for no check.
	Check func(ctx context.Context, dir string) error
}

// Errors of [Restore.From].
var (
	ErrInTheWay = errors.New("there are data already: stop the node and restore with --force, which moves them aside and deletes nothing")
	ErrNoKey    = errors.New("there is no key to sign with, neither here nor with the backup: give the file of keys that was made with it (--keys)")
)

// From reads an archive, compares it with its manifest, has it checked, and only
// then makes it the node's data. It returns where the old data went, "" if there
// were none.
func (o Restore) From(ctx context.Context, r io.Reader) (m Manifest, aside string, err error) {
	there, err := holdsData(o.Dir)
	if err != nil {
		return m, "", err
	}
	if there && !o.Force {
		return m, "", fmt.Errorf("%s: %w", o.Dir, ErrInTheWay)
	}
	if err := os.MkdirAll(filepath.Dir(o.Dir), 0o700); err != nil {
		return m, "", err
	}
	fresh, err := os.MkdirTemp(filepath.Dir(o.Dir), filepath.Base(o.Dir)+".restoring-")
	if err != nil {
		return m, "", err
	}
	defer os.RemoveAll(fresh)
	if m, err = Extract(ctx, r, fresh); err != nil {
		return m, "", err
	}
	if m.Node != o.Node {
		return m, "", fmt.Errorf("this is the backup of node %s, the configuration is of %s: nothing was changed", m.Node, o.Node)
	}
	if err := o.keys(fresh); err != nil {
		return m, "", err
	}
	if o.Check != nil {
		if err := o.Check(ctx, fresh); err != nil {
			return m, "", fmt.Errorf("what the backup holds is damaged: nothing was changed: %w", err)
		}
	}
	if err := likeOwner(fresh, o.Dir); err != nil {
		return m, "", err
	}
	aside, err = o.swap(fresh, there)
	return m, aside, err
}

// freeName is the name, or the name with a number if something has it.
func freeName(name string) string {
	free := name
	for n := 2; ; n++ {
		if _, err := os.Lstat(free); err != nil {
			return free
		}
		free = fmt.Sprintf("%s-%d", name, n)
	}
}

// holdsData reports whether a folder has anything in it but keys.
func holdsData(dir string) (bool, error) {
	list, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	for _, e := range list {
		if !IsSecret(e.Name()) {
			return true, nil
		}
	}
	return false, nil
}

// keys puts the given keys into the folder, or else those that are there now.
func (o Restore) keys(fresh string) error {
	keys := o.Keys
	if keys == nil {
		keys = map[string][]byte{}
		list, err := os.ReadDir(o.Dir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		for _, e := range list {
			if e.Type().IsRegular() && IsSecret(e.Name()) {
				raw, err := os.ReadFile(filepath.Join(o.Dir, e.Name()))
				if err != nil {
					return err
				}
				keys[e.Name()] = raw
			}
		}
	}
	if _, ok := keys["node.key"]; !ok {
		return ErrNoKey
	}
	return WriteKeys(fresh, keys)
}

// swap makes the fresh folder the data folder. If the program is killed between the
// two renames, the data are in the folder named aside and in the fresh one.
func (o Restore) swap(fresh string, there bool) (aside string, err error) {
	if _, err := os.Stat(o.Dir); err == nil {
		aside = freeName(o.Dir + ".before-" + o.Now.UTC().Format("20060102-150405"))
		if err := os.Rename(o.Dir, aside); err != nil {
			return "", fmt.Errorf("move the data aside: %w", err)
		}
	}
	if err := os.Rename(fresh, o.Dir); err != nil {
		if aside != "" {
			err = errors.Join(err, os.Rename(aside, o.Dir))
		}
		return "", fmt.Errorf("put the backup in place: %w", err)
	}
	if aside != "" && !there { // it held keys only, which are in the new one
		return "", os.RemoveAll(aside)
	}
	return aside, nil
}
