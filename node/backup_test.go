package node

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"maillon/node/backup"
	"maillon/store/bolt"
)

// A member is backed up while it takes deposits, loses its disk, is restored, and
// gets from its hub what it had published since.
func TestABackupIsMadeHotAndPutBack(t *testing.T) {
	hub, member := pair(t, "fr:commune:35238", "allow_private: true,", "open")
	publish := func(id string) {
		t.Helper()
		member.publish(strings.ReplaceAll(contractFile, "P-1", id))
	}
	for i := range 5 {
		publish(fmt.Sprint("A", i))
	}
	done := make(chan bool)
	go func() { // deposits go on meanwhile
		defer close(done)
		for i := range 10 {
			publish(fmt.Sprint("B", i))
		}
	}()
	path := filepath.Join(t.TempDir(), "b.tar.zst")
	if err := WriteArchive(t.Context(), path, member.node.Backup); err != nil {
		t.Fatal(err)
	}
	<-done
	eventually(t, "15 entries at the hub", func() error {
		if n := hub.node.Mirrored(memberID); n != 15 {
			return fmt.Errorf("%d", n)
		}
		return nil
	})
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	cfg := member.node.cfg
	if _, _, err := RestoreBackup(t.Context(), cfg, bytes.NewReader(raw), nil, true); err == nil || !strings.Contains(err.Error(), bolt.ErrLocked.Error()) {
		t.Errorf("under a running node: %v", err)
	}
	member.stop()
	key, err := os.ReadFile(filepath.Join(cfg.Data, "node.key"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(cfg.Data); err != nil {
		t.Fatal(err)
	}
	m, aside, err := RestoreBackup(t.Context(), cfg, bytes.NewReader(raw), map[string][]byte{"node.key": key}, false)
	if err != nil || aside != "" || m.Journal < 5 {
		t.Fatalf("%+v, %q, %v", m, aside, err)
	}
	member.restart()
	publish("C")
	eventually(t, "16 entries at the hub", func() error {
		if n := hub.node.Mirrored(memberID); n != 16 {
			return fmt.Errorf("%d", n)
		}
		return hub.says(memberID, Accepted)
	})
	if n := member.node.JournalSize(); n != 16 {
		t.Errorf("%d entries, want 16", n)
	}
}

func TestANodeBacksItselfUp(t *testing.T) {
	dir := t.TempDir()
	phrase := filepath.Join(dir, "phrase")
	if err := os.WriteFile(phrase, []byte("cheval batterie agrafe\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(dir, "archives")
	alone(t, hubID, fmt.Sprintf("backup: {dir: '%s', every: 1s, keep: 2, passphrase_file: '%s'}", to, phrase))
	eventually(t, "two archives with their keys, and no more", func() error {
		made, err := backup.Made(to)
		if err != nil || len(made) < 2 {
			return fmt.Errorf("%v %v", made, err)
		}
		list, err := os.ReadDir(to)
		if err != nil || len(list) > 6 {
			t.Errorf("%v %v", list, err)
		}
		if _, err := os.Stat(filepath.Join(to, backup.NameAt(made[1])+backup.KeysSuffix)); err != nil {
			return err
		}
		return nil
	})
}
