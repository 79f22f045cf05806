package whole_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"maillon/store/whole"
)

func TestAFileIsOldOrNewNeverHalf(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "a.txt")
	reads := func(want string) {
		t.Helper()
		if got, err := os.ReadFile(name); string(got) != want || err != nil {
			t.Errorf("it reads %q, %v; want %q", got, err, want)
		}
	}
	if err := whole.WriteFile(name, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(name); err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Errorf("others may read it: %v, %v", info, err)
	}
	f, err := whole.Create(name, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString("new"); err != nil {
		t.Fatal(err)
	}
	reads("old")
	if err := f.CloseAtomicallyReplace(); err != nil {
		t.Fatal(err)
	}
	reads("new")
	if err := f.Cleanup(); err != nil {
		t.Errorf("cleaning up what is in place: %v", err)
	}
	if f, err = whole.Create(name, 0o600); err == nil {
		_, err = f.WriteString("never")
	}
	if err = errors.Join(err, f.Cleanup()); err != nil {
		t.Fatal(err)
	}
	reads("new")
	if left, err := os.ReadDir(dir); len(left) != 1 || err != nil {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestAFolderThatIsMissingIsAnError(t *testing.T) {
	if err := whole.WriteFile(filepath.Join(t.TempDir(), "none", "a"), nil, 0o600); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
}
