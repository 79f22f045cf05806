package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/gorilla/mux"

	"maillon/node/authority"
	"maillon/node/backup"
	"maillon/node/edition"
	"maillon/store/bolt"
	"maillon/store/whole"
)

// BackupConfig says whether the node backs itself up.
type BackupConfig struct {
	Dir        string // folder of the archives, better on another disk; "" for no backups
	Every      time.Duration
	Keep       int    // how many archives stay
	Passphrase string // file of the passphrase for the keys; "" leaves the keys out
}

// backup checks the file's shape.
func (raw *rawConfig) backup() (BackupConfig, error) {
	b := raw.Backup
	c := BackupConfig{Dir: b.Dir, Every: 24 * time.Hour, Keep: 7, Passphrase: b.Passphrase}
	var err error
	if b.Every != "" {
		if c.Every, err = parseDuration("backup.every", b.Every, time.Second, 31*24*time.Hour); err != nil {
			return c, err
		}
	}
	if b.Keep != "" {
		if c.Keep, err = strconv.Atoi(b.Keep); err != nil || c.Keep < 1 || c.Keep > 10_000 {
			return c, fmt.Errorf("backup.keep: %q is not a number of archives (write 7)", b.Keep)
		}
	}
	return c, nil
}

// Backup writes everything that cannot be made again, but no secret key, as one
// archive, while the node runs.
func (n *Node) Backup(ctx context.Context, w io.Writer) error {
	return backUp(ctx, w, n.cfg, n.main, n.own.Size(), n.now())
}

// BackupStopped is [Node.Backup] for a node that does not run.
func BackupStopped(ctx context.Context, cfg Config, w io.Writer) error {
	db, err := bolt.Open(filepath.Join(cfg.Data, "maillon.db"), bolt.Options{ReadOnly: true, Timeout: time.Second})
	if err != nil {
		return err
	}
	defer db.Close()
	return backUp(ctx, w, cfg, db, 0, time.Now())
}

func backUp(ctx context.Context, w io.Writer, cfg Config, db *bolt.DB, journal uint64, now time.Time) error {
	a, err := backup.NewWriter(w, backup.Manifest{Node: cfg.ID.String(), URL: cfg.URL, Program: Version, At: now.UTC().Truncate(time.Second), Journal: journal})
	if err != nil {
		return err
	}
	err = db.Snapshot(func(size int64, content io.WriterTo) error {
		return a.Add(ctx, "maillon.db", size, func(w io.Writer) error {
			_, err := content.WriteTo(w)
			return err
		})
	})
	if err != nil {
		return err
	}
	if err := a.AddFolder(ctx, filepath.Join(cfg.Data, "deposits"), "deposits"); err != nil {
		return err
	}
	if err := addEditionDays(ctx, a, cfg); err != nil {
		return err
	}
	return a.Close()
}

// addEditionDays adds the list of the dated editions of a hub: they are too large for an
// archive and not made again, and a node that was put back says which it lost.
func addEditionDays(ctx context.Context, a *backup.Writer, cfg Config) error {
	raw, err := os.ReadFile(filepath.Join(cfg.Data, editionsDir, edition.DaysName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return a.Add(ctx, editionsDir+"/"+edition.DaysName, int64(len(raw)), func(w io.Writer) error {
		_, err := w.Write(raw)
		return err
	})
}

// RestoreBackup makes an archive the data of a stopped node, once all of it was read,
// compared and every hash and signature in its journals checked. It returns where
// data that were there went.
func RestoreBackup(ctx context.Context, cfg Config, r io.Reader, keys map[string][]byte, force bool) (m backup.Manifest, aside string, err error) {
	if err := stopped(cfg); err != nil {
		return m, "", err
	}
	return backup.Restore{
		Dir: filepath.Clean(cfg.Data), Node: cfg.ID.String(), Now: time.Now(), Keys: keys, Force: force,
		Check: func(ctx context.Context, dir string) error {
			fresh := cfg
			fresh.Data = dir
			found, err := Verify(ctx, fresh)
			if err != nil {
				return err
			}
			for _, v := range found {
				if v.Error != "" {
					err = errors.Join(err, fmt.Errorf("journal of %s: %s", v.Node, v.Error))
				}
			}
			return err
		},
	}.From(ctx, r)
}

// stopped reports an error if a node runs on the data.
func stopped(cfg Config) error {
	path := filepath.Join(cfg.Data, "maillon.db")
	if _, err := os.Stat(path); err != nil {
		return nil // nothing runs on what is not there
	}
	db, err := bolt.Open(path, bolt.Options{Timeout: 200 * time.Millisecond})
	if errors.Is(err, bolt.ErrLocked) {
		return err
	}
	if err == nil {
		return db.Close()
	}
	return nil // damaged: that is why it is restored
}

// runBackups backs the node up from time to time until ctx ends.
func (n *Node) runBackups(ctx context.Context) error {
	c := n.cfg.Backup
	if c.Dir == "" {
		<-ctx.Done()
		return nil
	}
	failed := time.Time{}
	for {
		wait := c.Every
		made, err := backup.Made(c.Dir)
		if err == nil {
			wait = 0
			if len(made) > 0 {
				wait = max(0, made[len(made)-1].Add(c.Every).Sub(n.now()))
			}
			if !failed.IsZero() {
				wait = max(wait, failed.Add(min(c.Every, time.Hour)).Sub(n.now()))
			}
		}
		if !sleep(ctx, wait) {
			return nil
		}
		if err == nil {
			err = n.backUpTo(ctx, c)
		}
		failed = time.Time{}
		if err != nil && ctx.Err() == nil {
			failed = n.now()
			n.log.Error().Err(err).Str("dir", c.Dir).Msg("backup")
		}
	}
}

// backUpTo makes one archive, with its keys, and deletes the oldest.
func (n *Node) backUpTo(ctx context.Context, c BackupConfig) error {
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return err
	}
	base := filepath.Join(c.Dir, backup.NameAt(n.now()))
	if c.Passphrase != "" {
		phrase, err := authority.ReadPassphrase(c.Passphrase)
		if err != nil {
			return err
		}
		raw, err := backup.SealKeys(n.cfg.Data, phrase)
		if err != nil {
			return err
		}
		if err := whole.WriteFile(base+backup.KeysSuffix, raw, 0o600); err != nil {
			return err
		}
	}
	if err := WriteArchive(ctx, base+backup.Suffix, n.Backup); err != nil {
		return err
	}
	n.log.Info().Str("file", base+backup.Suffix).Msg("backed up")
	return backup.Prune(c.Dir, c.Keep)
}

// WriteArchive writes an archive under a name that it gets only when it is whole,
// and reads it back.
func WriteArchive(ctx context.Context, path string, write func(context.Context, io.Writer) error) error {
	f, err := whole.Create(path, 0o600)
	if err != nil {
		return err
	}
	defer f.Cleanup() // nothing once it is in place
	if err := write(ctx, f); err != nil {
		return err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if _, err := backup.Check(ctx, f); err != nil {
		return err
	}
	return f.CloseAtomicallyReplace()
}

// backupRoutes let the command line back up a running node.
func (n *Node) backupRoutes(r *mux.Router) {
	r.HandleFunc("/admin/v1/backup", func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Content-Type", "application/zstd")
		if err := n.Backup(req.Context(), w); err != nil {
			n.log.Error().Err(err).Msg("backup")
			panic(http.ErrAbortHandler) // what was sent must not look whole
		}
	}).Methods("GET")
}
