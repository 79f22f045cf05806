package backup

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

var noon = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

const node = "21350238800019"

// archive makes one of a few files.
func archive(t testing.TB, files map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := NewWriter(&b, Manifest{Node: node, Program: "test", At: noon})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		err := w.Add(context.Background(), name, int64(len(files[name])), func(w io.Writer) error { _, err := io.WriteString(w, files[name]); return err })
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

var sample = map[string]string{"maillon.db": strings.Repeat("store ", 5000), "deposits/d1/file.json": "{}", "deposits/d1/report.json": `{"ok":true}`}

// folder lists the files below a folder with what they hold.
func folder(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(p string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := os.ReadFile(p)
		rel, _ := filepath.Rel(dir, p)
		out[rel] = string(raw)
		return err
	})
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return out
}

func TestAnArchiveComesBackAsItWas(t *testing.T) {
	raw := archive(t, sample)
	dir := t.TempDir()
	m, err := Extract(t.Context(), bytes.NewReader(raw), dir)
	if err != nil || m.Node != node || len(m.Files) != 3 || !m.At.Equal(noon) {
		t.Fatalf("%+v, %v", m, err)
	}
	if got := folder(t, dir); !maps.Equal(got, sample) {
		t.Errorf("%v", got)
	}
}

// Wherever a copy was cut or a bit flipped, it is noticed and nothing is touched.
func TestADamagedArchiveChangesNothing(t *testing.T) {
	raw := archive(t, sample)
	data := filepath.Join(t.TempDir(), "data")
	if err := os.MkdirAll(data, 0o700); err != nil {
		t.Fatal(err)
	}
	before := map[string]string{"node.key": "secret", "maillon.db": "what is there"}
	for name, text := range before {
		if err := os.WriteFile(filepath.Join(data, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	o := Restore{Dir: data, Node: node, Now: noon, Force: true}
	for i := 0; i < len(raw); i += 1 + len(raw)/300 {
		flipped := slices.Clone(raw)
		flipped[i] ^= 0x10
		for name, bad := range map[string][]byte{"cut": raw[:i], "flipped": flipped} {
			_, _, err := o.From(t.Context(), bytes.NewReader(bad))
			if err == nil && name == "flipped" {
				// A bit of padding may not count: then the content is whole.
				if err := os.RemoveAll(data + ".before-20261125-120000"); err != nil {
					t.Fatal(err)
				}
				if got := folder(t, data); got["maillon.db"] != sample["maillon.db"] {
					t.Fatalf("byte %d: a damaged store was put in place", i)
				}
				for name, text := range before {
					if err := os.WriteFile(filepath.Join(data, name), []byte(text), 0o600); err != nil {
						t.Fatal(err)
					}
				}
				_ = os.RemoveAll(filepath.Join(data, "deposits"))
				continue
			}
			if err == nil {
				t.Fatalf("%s at byte %d: no error", name, i)
			}
			if got := folder(t, data); !maps.Equal(got, before) {
				t.Fatalf("%s at byte %d: the data were changed: %v", name, i, slices.Sorted(maps.Keys(got)))
			}
		}
	}
	if list, err := os.ReadDir(filepath.Dir(data)); err != nil || len(list) != 1 {
		t.Errorf("left behind: %v, %v", list, err)
	}
}

func TestRestoreSaysWhatIsInTheWay(t *testing.T) {
	raw := archive(t, sample)
	root := t.TempDir()
	o := Restore{Dir: filepath.Join(root, "data"), Node: node, Now: noon}
	from := func() (string, error) { _, aside, err := o.From(t.Context(), bytes.NewReader(raw)); return aside, err }
	if _, err := from(); !errors.Is(err, ErrNoKey) {
		t.Errorf("without a key: %v", err)
	}
	o.Node = "21350001000011"
	if _, err := from(); err == nil || !strings.Contains(err.Error(), "backup of node "+node) {
		t.Errorf("another's: %v", err)
	}
	o.Node, o.Keys = node, map[string][]byte{"node.key": []byte("k")}
	if aside, err := from(); err != nil || aside != "" {
		t.Fatal(aside, err)
	}
	if _, err := from(); !errors.Is(err, ErrInTheWay) {
		t.Errorf("on data: %v", err)
	}
	o.Force, o.Keys = true, nil
	aside, err := from()
	if err != nil || aside != o.Dir+".before-20261125-120000" {
		t.Fatal(aside, err)
	}
	want := maps.Clone(sample)
	want["node.key"] = "k"
	for _, dir := range []string{o.Dir, aside} {
		if got := folder(t, dir); !maps.Equal(got, want) {
			t.Errorf("%s: %v", dir, slices.Sorted(maps.Keys(got)))
		}
	}
	o.Check = func(context.Context, string) error { return errors.New("entry 7 is not what was signed") }
	if _, err := from(); err == nil || !strings.Contains(err.Error(), "entry 7") {
		t.Errorf("what the check says: %v", err)
	}
}

func TestKeysGoApart(t *testing.T) {
	dir := t.TempDir()
	files := map[string]string{"node.key": "PRIVATE+KEY+x", "deposit.token": "abc", "maillon.db": "store", "authority.key": "age", "node.key.past": "maillon/x", "charter.txt": "maillon/charter/v1"}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := SealKeys(dir, "short"); err == nil || !strings.Contains(err.Error(), "12 or more") {
		t.Error(err)
	}
	sealed, err := sealKeys(dir, "cheval batterie agrafe", 10)
	if err != nil || bytes.Contains(sealed, []byte("PRIVATE")) {
		t.Fatal(err)
	}
	if _, err := OpenKeys(sealed, "cheval batterie agraf"); !errors.Is(err, ErrPassphrase) {
		t.Errorf("another passphrase: %v", err)
	}
	keys, err := OpenKeys(sealed, "cheval batterie agrafe")
	if err != nil || len(keys) != 5 || string(keys["node.key"]) != files["node.key"] || keys["maillon.db"] != nil {
		t.Errorf("%v, %v", keys, err)
	}
	var b bytes.Buffer
	w, err := NewWriter(&b, Manifest{Node: node})
	if err == nil {
		err = errors.Join(w.AddFolder(t.Context(), filepath.Join(dir, "nothing"), "x"), w.Close())
	}
	if err != nil {
		t.Error(err)
	}
}

func TestOldBackupsAreDeleted(t *testing.T) {
	dir := t.TempDir()
	for i := range 5 {
		base := filepath.Join(dir, NameAt(noon.Add(time.Duration(i)*time.Hour)))
		for _, suffix := range []string{Suffix, KeysSuffix} {
			if err := os.WriteFile(base+suffix, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, other := range []string{"maillon-notes.tar.zst", "photo.jpg"} {
		if err := os.WriteFile(filepath.Join(dir, other), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := Prune(dir, 2); err != nil {
		t.Fatal(err)
	}
	made, err := Made(dir)
	if list, _ := os.ReadDir(dir); err != nil || len(made) != 2 || !made[1].Equal(noon.Add(4*time.Hour)) || len(list) != 6 {
		t.Errorf("%v, %v", made, err)
	}
}

func FuzzCheck(f *testing.F) {
	f.Add(archive(f, sample))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, raw []byte) {
		dir := t.TempDir()
		_, errCheck := Check(t.Context(), bytes.NewReader(raw))
		_, errExtract := Extract(t.Context(), bytes.NewReader(raw), filepath.Join(dir, "in"))
		if errCheck != nil && errExtract == nil {
			t.Errorf("checked: %v, extracted without an error", errCheck)
		}
		if list, err := os.ReadDir(dir); err != nil || len(list) > 1 {
			t.Errorf("written outside: %v %v", list, err)
		}
	})
}
