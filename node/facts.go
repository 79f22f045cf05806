package node

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"maillon/federation"
	"maillon/node/access"
	"maillon/node/backup"
	"maillon/node/deposit"
	"maillon/node/doctor"
	"maillon/store/bolt"
	"maillon/store/journal"
)

// How long the facts may take, and how many deposits are looked at.
const (
	verifyFor   = 20 * time.Second
	askTimeout  = 5 * time.Second
	lastReports = 10
	onItsWay    = 30 * time.Minute // after which a copy should have caught up
)

// Facts are what this running node knows of how it is, for [doctor.Examine].
func (n *Node) Facts(ctx context.Context) doctor.Facts {
	f := outerFacts(ctx, n.cfg, n.now(), true)
	f.Editions, f.Waits = n.editionFact(), n.standing().waits()
	f.Store = &doctor.Store{Entries: n.own.Size()}
	look(f.Store, func() error { return verifySome(ctx, f.Store, n.own) })
	if f.Hub != nil {
		f.Hub.Own = n.own.Size()
	}
	return f
}

// StoppedFacts are what is known of a node that does not run, from its data, which
// are only read. They cannot be told while another process has the store:
// [bolt.ErrLocked].
func StoppedFacts(ctx context.Context, cfg Config) (doctor.Facts, error) {
	f := outerFacts(ctx, cfg, time.Now(), false)
	f.Store = &doctor.Store{}
	err := stoppedStore(ctx, cfg, &f)
	if errors.Is(err, bolt.ErrLocked) {
		return f, err
	}
	if err != nil {
		f.Store.Error = err.Error()
	}
	return f, nil
}

// stoppedStore opens the store, which may be damaged in any way.
func stoppedStore(ctx context.Context, cfg Config, f *doctor.Facts) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("it cannot be read: %v", p)
		}
	}()
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true)) // the file is mapped into memory
	path := filepath.Join(cfg.Data, "maillon.db")
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		f.Store.Missing = wasThere(cfg.Data)
		f.Store.Checked = !f.Store.Missing
		return nil
	}
	db, err := bolt.Open(path, bolt.Options{ReadOnly: true, Timeout: time.Second})
	if err != nil {
		return err
	}
	defer db.Close()
	if names, err := journal.List(db); err != nil || len(names) == 0 {
		f.Store.Checked = err == nil
		return err
	}
	key, err := loadKey(filepath.Join(cfg.Data, "node.key"), cfg.ID.String(), db)
	if err != nil {
		return err
	}
	own, err := journal.Open(db, cfg.ID.String(), 0, key.verifier)
	if err != nil {
		return err
	}
	f.Store.Entries = own.Size()
	if f.Hub != nil {
		f.Hub.Own = own.Size()
	}
	if err := verifySome(ctx, f.Store, own); err != nil {
		return err
	}
	views := filepath.Join(cfg.Data, "views.db")
	if _, err := os.Stat(views); err == nil {
		v, err := bolt.Open(views, bolt.Options{ReadOnly: true, Churn: true, Timeout: time.Second})
		if err != nil {
			f.Store.Views = err.Error()
			return nil
		}
		return v.Close()
	}
	return nil
}

// wasThere reports whether a folder without a store once had one: what stands beside
// it, a node makes only with one.
func wasThere(data string) bool {
	for _, name := range []string{"views.db", "deposits"} {
		if st, err := os.Stat(filepath.Join(data, name)); err == nil {
			if list, err := os.ReadDir(filepath.Join(data, name)); !st.IsDir() || err == nil && len(list) > 0 {
				return true
			}
		}
	}
	return false
}

// look keeps what f finds, however it ends.
func look(s *doctor.Store, f func() error) {
	defer func() {
		if p := recover(); p != nil {
			s.Error = fmt.Sprintf("it cannot be read: %v", p)
		}
	}()
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	if err := f(); err != nil {
		s.Error = err.Error()
	}
}

// verifySome reads a journal again and checks all of it, if that does not take too long.
func verifySome(ctx context.Context, s *doctor.Store, l *journal.Log) error {
	ctx, cancel := context.WithTimeout(ctx, verifyFor)
	defer cancel()
	_, err := journal.Verify(ctx, l)
	if ctx.Err() != nil {
		return nil // too long: it is not checked
	}
	s.Checked = err == nil
	return err
}

// outerFacts are those that need nothing of the node but its configuration.
func outerFacts(ctx context.Context, cfg Config, now time.Time, running bool) doctor.Facts {
	a := &asker{cfg: cfg, now: now, running: running}
	f := doctor.Facts{Now: now, Running: running, Data: cfg.Data, User: userName(), Program: Version}
	f.Disk = diskOf(cfg.Data)
	f.Files = filesInTheWay(cfg)
	f.Ports = a.ports(ctx)
	f.Backup = backupFact(cfg.Backup)
	f.Charter = charterFact(cfg, now)
	f.Published, f.Deposits = depositFacts(cfg)
	f.Mail = mailFact(ctx, cfg.Mail)
	has := access.Open(filepath.Join(cfg.Data, access.FileName), time.Now).HasPassword()
	f.Password = &has
	a.names(ctx, &f)
	a.hub(ctx, &f)
	return f
}

func backupFact(c BackupConfig) *doctor.Backup {
	b := &doctor.Backup{Dir: c.Dir, Every: c.Every, Keys: c.Passphrase != ""}
	if c.Dir == "" {
		return b
	}
	made, err := backup.Made(c.Dir)
	if err != nil {
		b.Error = err.Error()
	} else if len(made) > 0 {
		b.Last = made[len(made)-1]
	}
	return b
}

// charterFact is nil for a node that needs no charter.
func charterFact(cfg Config, now time.Time) *doctor.Charter {
	raw, err := os.ReadFile(cfg.Federation.CharterFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	c := &doctor.Charter{}
	fail := func(err error) *doctor.Charter { c.Error = err.Error(); return c }
	if err != nil {
		return fail(err)
	}
	notes, err := federation.SplitChain(raw)
	if err != nil {
		return fail(err)
	}
	for _, note := range notes {
		one, err := federation.OpenCharter(note)
		if err != nil {
			return fail(err)
		}
		if c.Expires.IsZero() || one.Expires.Before(c.Expires) {
			c.Expires = one.Expires
		}
	}
	return c
}

// depositFacts look at the last files that came in.
func depositFacts(cfg Config) (*doctor.Published, *doctor.Deposits) {
	reports, err := (&deposit.Desk{Dir: filepath.Join(cfg.Data, "deposits")}).Reports(lastReports)
	if err != nil {
		return nil, nil
	}
	p, d := &doctor.Published{}, &doctor.Deposits{}
	for _, r := range reports {
		d.Files++
		d.Records += r.Counts.Records
		d.ToCorrect += r.Counts.ToCorrect
		d.Refused += r.Counts.Refused
		if r.Outcome != deposit.Accepted {
			d.Rejected++
		} else if r.At.After(p.At) {
			p.At = r.At
		}
	}
	return p, d
}

// filesInTheWay looks at the data folder: what is not the node's, and secrets that
// others can read.
func filesInTheWay(cfg Config) (out []doctor.File) {
	list, err := os.ReadDir(cfg.Data)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // made at the first start
		}
		return []doctor.File{{Path: cfg.Data, Error: err.Error()}}
	}
	owner := ownerOf(cfg.Data)
	for _, e := range list {
		path := filepath.Join(cfg.Data, e.Name())
		st, err := e.Info()
		if err != nil || !st.Mode().IsRegular() {
			continue
		}
		if backup.IsSecret(e.Name()) && st.Mode().Perm()&0o077 != 0 && e.Name() != "charter.txt" {
			out = append(out, doctor.File{Path: path, Open: true})
		}
		if who := ownerOf(path); who != owner && strings.TrimSpace(who) != "" {
			out = append(out, doctor.File{Path: path, Error: "it belongs to " + who})
			continue
		}
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			out = append(out, doctor.File{Path: path, Error: err.Error()})
			continue
		}
		_ = f.Close()
	}
	return out
}
