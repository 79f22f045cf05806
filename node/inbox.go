package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"

	"maillon/node/deposit"
	"maillon/store"
	"maillon/store/whole"
)

// The inbox is a watched folder. A file put there is deposited once it has
// not changed for [settle], then moved to done/ or refused/ with its report
// beside it as NAME.report.json. A sub-folder names a series, and a series
// whose name ends in ".replace" is deposited with mode replace.
const (
	settle      = 500 * time.Millisecond
	inboxRescan = 30 * time.Second
)

// runInbox deposits what appears in the inbox until ctx ends.
func (n *Node) runInbox(ctx context.Context) error {
	dir := n.cfg.Deposits.Inbox
	for _, d := range []string{dir, filepath.Join(dir, "done"), filepath.Join(dir, "refused")} {
		if err := os.MkdirAll(d, 0o750); err != nil {
			return err
		}
	}
	watch, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("watch %s: %w", dir, err)
	}
	defer watch.Close()
	if err := watch.Add(dir); err != nil {
		return fmt.Errorf("watch %s: %w", dir, err)
	}
	tick := time.NewTicker(inboxRescan) // network file systems send no events
	defer tick.Stop()
	for {
		wait := n.scanInbox(ctx, dir, watch)
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		case <-watch.Events:
		case <-watch.Errors: // the rescan finds what the watcher lost
		case <-after(wait):
		}
	}
}

// after is time.After, or never for 0.
func after(d time.Duration) <-chan time.Time {
	if d == 0 {
		return nil
	}
	return time.After(d)
}

// scanInbox deposits every settled file and returns how soon to look again
// at those that are still being written; 0 if there are none.
func (n *Node) scanInbox(ctx context.Context, dir string, watch *fsnotify.Watcher) time.Duration {
	var again time.Duration
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || ctx.Err() != nil {
			return errors.Join(err, ctx.Err())
		}
		rel, _ := filepath.Rel(dir, path)
		if e.IsDir() {
			if rel == "done" || rel == "refused" || strings.Count(rel, string(filepath.Separator)) > 0 {
				return fs.SkipDir
			}
			return watch.Add(path)
		}
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() || strings.HasPrefix(e.Name(), ".") {
			return nil // gone meanwhile, a link, or an editor's temporary file
		}
		if time.Since(info.ModTime()) < settle {
			again = settle
			return nil
		}
		if err := n.takeFile(ctx, dir, rel); err != nil {
			n.log.Error().Err(err).Str("file", rel).Msg("inbox")
			again = 5 * time.Second
		}
		return nil
	})
	if err != nil && ctx.Err() == nil {
		n.log.Error().Err(err).Msg("read the inbox")
	}
	return again
}

// takeFile deposits one file and moves it away. A file whose deposit could
// not be kept stays where it is.
func (n *Node) takeFile(ctx context.Context, dir, rel string) error {
	path := filepath.Join(dir, rel)
	req := deposit.Request{Name: filepath.Base(rel), Mode: deposit.Merge}
	if series := filepath.Dir(rel); series != "." {
		req.Series = series
		if name, ok := strings.CutSuffix(series, ".replace"); ok {
			req.Series, req.Mode = name, deposit.Replace
		}
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	rep, err := n.Deposit(ctx, req, f)
	err = errors.Join(err, f.Close())
	if errors.Is(err, store.ErrReadOnly) {
		return err
	}
	if err != nil {
		return fmt.Errorf("deposit: %w", err)
	}
	to := filepath.Join(dir, "done")
	if rep.Outcome == deposit.Rejected {
		to = filepath.Join(dir, "refused")
	}
	return moveWithReport(path, to, rep)
}

// moveWithReport moves a file into a folder under a name that is free there,
// and writes its report beside it.
func moveWithReport(path, dir string, rep *deposit.Report) error {
	name := filepath.Base(path)
	if _, err := os.Lstat(filepath.Join(dir, name)); err == nil {
		name = rep.ID + "-" + name
	}
	raw, err := json.MarshalIndent(rep, "", " ")
	if err != nil {
		return err
	}
	if err := whole.WriteFile(filepath.Join(dir, name+".report.json"), raw, 0o640); err != nil {
		return err
	}
	return os.Rename(path, filepath.Join(dir, name))
}
