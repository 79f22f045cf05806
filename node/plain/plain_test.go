package plain

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

// streamOf is a stream of files, in the order of their names.
func streamOf(t testing.TB, files map[string]string, left int, failed error) []byte {
	t.Helper()
	var b bytes.Buffer
	s := NewSender(&b)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		w, err := s.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, files[name]); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(left, failed); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func receive(t *testing.T, dir string, files map[string]string) Report {
	t.Helper()
	rep, err := Receive(t.Context(), dir, bytes.NewReader(streamOf(t, files, 0, nil)), nil)
	if err != nil {
		t.Fatal(err)
	}
	return rep
}

// holds compares a folder with what should be in it, hidden files aside.
func holds(t *testing.T, dir string, want map[string]string) {
	t.Helper()
	got := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(d.Name(), ManifestName) {
			return err
		}
		raw, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		got[filepath.ToSlash(name)] = string(raw)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if !maps.Equal(got, want) {
		t.Errorf("the folder holds %q, want %q", got, want)
	}
}

var large = strings.Repeat("0123456789abcdef", 200_000) // larger than what is compared in memory

func TestOnlyWhatChangedIsWritten(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "folder")
	files := map[string]string{"index.html": "a", "files/2024/decret.json": large, "empty": "", "a%2Fb/index.html": "odd"}
	if rep := receive(t, dir, files); rep.Files != 4 || rep.Written != 4 || rep.Bytes != int64(len(large)+4) {
		t.Errorf("%+v", rep)
	}
	holds(t, dir, files)
	past := time.Now().Add(-time.Hour).Truncate(time.Second)
	for name := range files {
		if err := os.Chtimes(filepath.Join(dir, filepath.FromSlash(name)), past, past); err != nil {
			t.Fatal(err)
		}
	}
	files["index.html"] = "b"
	files["files/2024/decret.json"] = large[:len(large)-1] + "X"
	if rep := receive(t, dir, files); rep.Written != 2 || rep.Deleted != 0 {
		t.Errorf("%+v", rep)
	}
	holds(t, dir, files)
	for name, kept := range map[string]bool{"index.html": false, "files/2024/decret.json": false, "empty": true, "a%2Fb/index.html": true} {
		info, err := os.Stat(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil {
			t.Fatal(err)
		}
		if info.ModTime().Equal(past) != kept {
			t.Errorf("%s was changed at %s", name, info.ModTime())
		}
		if info.Mode().Perm() != 0o644 {
			t.Errorf("%s: %s", name, info.Mode())
		}
	}
	if rep := receive(t, dir, files); rep.Written != 0 {
		t.Errorf("%+v", rep)
	}
}

func TestOnlyWhatWasWrittenIsDeleted(t *testing.T) {
	dir := t.TempDir()
	receive(t, dir, map[string]string{"index.html": "a", "old/deep/index.html": "a", "old/index.html": "a"})
	theirs := filepath.Join(dir, "old", "theirs.html")
	if err := os.WriteFile(theirs, []byte("theirs"), 0o600); err != nil {
		t.Fatal(err)
	}
	if rep := receive(t, dir, map[string]string{"index.html": "a"}); rep.Deleted != 2 {
		t.Errorf("%+v", rep)
	}
	holds(t, dir, map[string]string{"index.html": "a", "old/theirs.html": "theirs"})
	// What others wrote is not replaced either.
	raw := streamOf(t, map[string]string{"index.html": "b", "old/theirs.html": "ours"}, 0, nil)
	if _, err := Receive(t.Context(), dir, bytes.NewReader(raw), nil); err == nil {
		t.Error("a file of others was replaced")
	}
	holds(t, dir, map[string]string{"index.html": "b", "old/theirs.html": "theirs"})

	foreign := t.TempDir()
	if err := os.WriteFile(filepath.Join(foreign, "index.html"), []byte("mairie"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Receive(t.Context(), foreign, bytes.NewReader(raw), nil); !errors.Is(err, ErrForeign) {
		t.Errorf("%v", err)
	}
	holds(t, foreign, map[string]string{"index.html": "mairie"})
}

// A run that breaks off anywhere deletes nothing, leaves no half of a file, and the next
// one knows all of what it wrote.
func TestARunThatBreaksOff(t *testing.T) {
	before := map[string]string{"a": "1", "gone/x": "1", "z": "1"}
	files := map[string]string{"a": "2", "b/c": "2", "m": large[:3000], "z": "2"}
	whole := streamOf(t, files, 0, nil)
	for cut := 0; cut < len(whole)-70; cut += 53 {
		dir := t.TempDir()
		receive(t, dir, before)
		if _, err := Receive(t.Context(), dir, bytes.NewReader(whole[:cut]), nil); !errors.Is(err, ErrCut) && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatalf("cut at %d: %v", cut, err)
		}
		for name, old := range before {
			raw, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
			if err != nil || string(raw) != old && string(raw) != files[name] {
				t.Fatalf("cut at %d: %s is %q %v", cut, name, raw, err)
			}
		}
		receive(t, dir, map[string]string{"last": "3"})
		holds(t, dir, map[string]string{"last": "3"})
	}
	dir := t.TempDir()
	if _, err := Receive(t.Context(), dir, bytes.NewReader(streamOf(t, files, 0, errors.New("why\nso"))), nil); err == nil || err.Error() != "why so" {
		t.Errorf("%v", err)
	}
	if rep, err := Receive(t.Context(), dir, bytes.NewReader(streamOf(t, files, 3, nil)), nil); err != nil || rep.LeftOut != 3 {
		t.Errorf("%+v %v", rep, err)
	}
}

func TestNoNameLeadsOutOfTheFolder(t *testing.T) {
	s := NewSender(io.Discard)
	for _, name := range []string{"", "../x", "/etc/passwd", "a/../../x", "a/", "a\nb", `a\b`, ManifestName, "a/" + tempPrefix + "x"} {
		if _, err := s.Create(name); err == nil {
			t.Errorf("%q was taken", name)
		}
	}
	for _, name := range []string{"..", "../x", "/x", ".maillon-export"} {
		raw := bytes.Replace(streamOf(t, map[string]string{"good": "1"}, 0, nil), []byte(": good"), []byte(": "+name), 1)
		if _, err := Receive(t.Context(), t.TempDir(), bytes.NewReader(raw), nil); err == nil {
			t.Errorf("%q was written", name)
		}
	}
}

// Whatever comes, nothing is written outside, and nothing panics.
func FuzzReceive(f *testing.F) {
	whole := streamOf(f, map[string]string{"index.html": "a", "b/c": "d"}, 0, nil)
	f.Add(whole)
	f.Add(whole[:len(whole)/2])
	f.Add([]byte("--x\r\nMaillon-File: ../../y\r\n\r\nz\r\n--x--\r\n"))
	f.Add([]byte("--\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		root := t.TempDir()
		dir := filepath.Join(root, "in", "site")
		_, _ = Receive(context.Background(), dir, bytes.NewReader(raw), nil)
		for _, at := range []string{root, filepath.Join(root, "in")} {
			there, err := os.ReadDir(at)
			if err != nil || len(there) != 1 {
				t.Fatalf("%s: %v %v", at, there, err)
			}
		}
	})
}
