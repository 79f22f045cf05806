package node

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"maillon/node/backup"
	"maillon/node/edition"
)

// cursor reads the changes of a node to their end.
func (r *running) cursor() (last string, err error) {
	res, err := http.Get(r.url + "/api/v1/changes?record=no")
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	i := bytes.LastIndex(raw, []byte(`"cursor":"`))
	if err != nil || i < 0 {
		return "", fmt.Errorf("no cursor in %q: %w", raw, err)
	}
	last, _, _ = strings.Cut(string(raw[i+len(`"cursor":"`):]), `"`)
	return last, nil
}

// since is nil if a question for the changes after a cursor is refused.
func (r *running) since(cursor string) error {
	res, err := http.Get(r.url + "/api/v1/changes?record=no&since=" + cursor)
	if err != nil {
		return err
	}
	res.Body.Close()
	if res.StatusCode != http.StatusGone {
		return fmt.Errorf("%s, want 410", res.Status)
	}
	return nil
}

func (r *running) shows(contracts uint64) error {
	t, err := r.node.views.Totals()
	if err == nil && uint64(t.Contracts) != contracts {
		err = fmt.Errorf("%d contracts, want %d", t.Contracts, contracts)
	}
	return err
}

// Whoever copies the contracts of a node whose folder was put back as it was misses
// nothing: the diary is another, whether the files are copies or the disk went back under
// them.
func TestAfterAnOlderFolderIsPutBackTheDiaryIsAnother(t *testing.T) {
	for _, inPlace := range []bool{false, true} {
		t.Run(fmt.Sprint("in place ", inPlace), func(t *testing.T) {
			hub, member := pair(t, "fr:commune:35238", "allow_private: true,", "open")
			publish := func(id string, all uint64) {
				member.publish(strings.ReplaceAll(contractFile, "P-1", id))
				eventually(t, id, func() error {
					if n := hub.node.Mirrored(memberID); n != all {
						return fmt.Errorf("%d mirrored, want %d", n, all)
					}
					return member.shows(all)
				})
			}
			good := func(cursor string) {
				eventually(t, "the cursor is good", func() error {
					if err := member.since(cursor); err == nil || !strings.HasPrefix(err.Error(), "200") {
						return errors.Join(errors.New("refused"), err)
					}
					return nil
				})
			}
			publish("A", 1)
			member.stop()
			old := filepath.Join(t.TempDir(), "old")
			if err := os.CopyFS(old, os.DirFS(member.dir)); err != nil {
				t.Fatal(err)
			}
			member.restart()
			publish("B", 2)
			publish("C", 3)
			cursor, err := member.cursor()
			if err != nil {
				t.Fatal(err)
			}
			member.restart() // that alone changes nothing
			good(cursor)
			member.stop()
			for _, name := range []string{"maillon.db", "views.db"} {
				path := filepath.Join(member.dir, name)
				if !inPlace {
					if err := os.Remove(path); err != nil {
						t.Fatal(err)
					}
				}
				raw, err := os.ReadFile(filepath.Join(old, name))
				if err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, raw, 0o600); err != nil { // over what is there it keeps the file's number
					t.Fatal(err)
				}
			}
			member.restart()
			eventually(t, "the tail came back", func() error { return member.shows(3) })
			eventually(t, "the cursor is refused", func() error { return member.since(cursor) })
			again, err := member.cursor()
			if err != nil {
				t.Fatal(err)
			}
			member.restart()
			good(again)
		})
	}
}

// A backup lists the dated editions, which it does not hold; what was put back says that
// they are lost.
func TestABackupListsTheEditionsThatItDoesNotHold(t *testing.T) {
	clock := time.Date(2026, 4, 1, 8, 0, 0, 0, time.UTC)
	dir := t.TempDir()
	hub := startAt(t, dir, fmt.Sprintf(`
node: {id: "%s", name: Bretagne, level: region, territory: "fr:region:53"}
data: %s
http: {listen: "127.0.0.1:%d", admin: "127.0.0.1:0"}
federation: {allow_private: true, debounce: 20ms, hub: {listen: "127.0.0.1:%d", advertise: 127.0.0.1, profile: local}}
`, hubID, dir, freePort(t), freePort(t)), func() time.Time { return clock })
	hub.publish(contractFile)
	eventually(t, "an edition", func() error {
		if hub.node.editions.Latest() == nil {
			return errors.New("none yet")
		}
		return nil
	})
	hub.stop()
	clock = clock.AddDate(0, 0, 1)
	if err := hub.node.editions.Freeze(); err != nil {
		t.Fatal(err)
	}
	var archive bytes.Buffer
	if err := BackupStopped(t.Context(), hub.node.cfg, &archive); err != nil {
		t.Fatal(err)
	}
	m, aside, err := RestoreBackup(t.Context(), hub.node.cfg, bytes.NewReader(archive.Bytes()), nil, true)
	if err != nil || aside == "" {
		t.Fatalf("%+v, %q, %v", m, aside, err)
	}
	if want := "editions/" + edition.DaysName; !has(m.Files, want) {
		t.Errorf("%s is not in the backup: %+v", want, m.Files)
	}
	hub.restart()
	eventually(t, "an edition after the restore", func() error {
		if hub.node.editions.Latest() == nil {
			return errors.New("none yet")
		}
		return nil
	})
	for path, want := range map[string]int{"/2026-04-01/complet.ndjson": http.StatusGone, "/2026-03-01/complet.ndjson": http.StatusNotFound, "/complet.ndjson": http.StatusOK} {
		res, err := http.Get(hub.url + "/files/" + hubID + "-decp-consolide" + path)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		res.Body.Close()
		if res.StatusCode != want || want == http.StatusGone && !bytes.Contains(body, []byte("edition-lost")) {
			t.Errorf("%s: %s %s", path, res.Status, body)
		}
	}
	res, err := http.Get(hub.url + "/telechargements")
	if err != nil {
		t.Fatal(err)
	}
	page, _ := io.ReadAll(res.Body)
	res.Body.Close()
	if !bytes.Contains(page, []byte("Perdues")) || !bytes.Contains(page, []byte(`datetime="2026-04-01`)) {
		t.Errorf("the page does not say which editions are lost: %.500s", page)
	}
}

func has(files []backup.File, name string) bool {
	for _, f := range files {
		if f.Name == name {
			return true
		}
	}
	return false
}
