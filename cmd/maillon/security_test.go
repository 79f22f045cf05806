package main

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Each threat of docs/security.md names what shows that it is met, and that is there.
func TestWhatSecurityNamesExists(t *testing.T) {
	raw, err := os.ReadFile("../../docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	tests := declaredTests(t)
	threats := 0
	table, _, _ := strings.Cut(string(raw), "\n## ") // what follows is of another kind
	for line := range strings.Lines(table) {
		cells := strings.Split(strings.TrimSpace(line), "|")
		if len(cells) != 5 || strings.HasPrefix(cells[1], "---") || strings.Contains(cells[3], "shown by") {
			continue
		}
		threats++
		names := backquoted.FindAllStringSubmatch(cells[3], -1)
		if len(names) == 0 {
			t.Errorf("nothing shows that this is met: %s", cells[1])
		}
		for _, m := range names {
			if !shownBy(m[1], tests) {
				t.Errorf("%s: %s does not exist", strings.TrimSpace(cells[1]), m[1])
			}
		}
	}
	if shownBy("TestNothingOfThisName", tests) || shownBy("node/nothing_test.go", tests) {
		t.Error("what does not exist is found")
	}
	if threats < 15 {
		t.Errorf("docs/security.md lists %d threats: is its table still there?", threats)
	}
}

// shownBy reports whether there is such a test, file, folder, script of a command, or
// target of the Makefile.
func shownBy(name string, tests map[string]bool) bool {
	if testName.MatchString(name) {
		return tests[name]
	}
	if target, ok := strings.CutPrefix(name, "make "); ok {
		raw, err := os.ReadFile("../../Makefile")
		return err == nil && bytes.Contains(raw, []byte("\n"+target+":"))
	}
	if name == "systemd-analyze verify" { // a program of others, in .ci/deb.sh
		raw, err := os.ReadFile("../../.ci/deb.sh")
		return err == nil && bytes.Contains(raw, []byte(name))
	}
	for _, path := range []string{filepath.Join("../..", name), filepath.Join("testdata/script", name)} {
		if st, err := os.Stat(path); err == nil {
			return !st.IsDir() || holdsTests(path)
		}
	}
	return false
}

func holdsTests(dir string) bool {
	names, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	other, _ := filepath.Glob(filepath.Join(dir, "*.*"))
	return err == nil && len(names)+len(other) > 0
}

var (
	testName     = regexp.MustCompile(`^(Test|Fuzz)[A-Z]\w*$`)
	testDeclared = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)[A-Z]\w*)\(`)
)

// declaredTests lists the tests and fuzz targets of the module.
func declaredTests(t *testing.T) map[string]bool {
	all := map[string]bool{}
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		raw, err := os.ReadFile(path)
		for _, m := range testDeclared.FindAllSubmatch(raw, -1) {
			all[string(m[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
