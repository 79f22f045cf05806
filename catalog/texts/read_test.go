package texts

import (
	"io/fs"
	"reflect"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// What is read is what YAML says: an editor or a translator may take the files for that.
func TestTheFilesAreYAML(t *testing.T) {
	names, err := fs.Glob(files, "*.yaml")
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	all := 0
	for _, name := range names {
		raw, err := fs.ReadFile(files, name)
		if err != nil {
			t.Fatal(err)
		}
		var want map[string]text
		if err := yaml.Unmarshal(raw, &want); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for key, w := range want {
			if got := table[key]; got != w {
				t.Errorf("%s: %s is read as %q, YAML says %q", name, key, got, w)
			}
		}
		all += len(want)
	}
	if all != len(table) {
		t.Errorf("%d keys are read, YAML has %d", len(table), all)
	}
}

func TestReadTakesTwoForms(t *testing.T) {
	good := map[string]string{
		"k: {fr: \"a\", en: \"b\"}\n":                   "a|b",
		"# c\n\nk: { en: \"b\" , fr: \"\\\"a\\\\\\n\"}": "\"a\\\n|b",
		"k:\n  fr: \"a: {0}\"\n  # c\n  en: \"b # b\"":  "a: {0}|b # b",
		"k: {fr: \"\", en: \"\"}\r\n":                   "|",
	}
	for file, want := range good {
		all := map[string]text{}
		if err := read(all, "f", file); err != nil || len(all) != 1 || all["k"].French+"|"+all["k"].English != want {
			t.Errorf("%q gives %v, %v", file, all, err)
		}
	}
	for _, bad := range []string{
		"k", "k: v", "k: {fr: \"a\"", "k: {fr: a}", "k: {de: \"a\"}", "k: {fr: \"a\\", "k: {fr: \"\\t\"}", "  fr: \"a\"", "k:\n  fr: \"a\" b",
		"k: {fr: \"a\"}\nk: {fr: \"b\"}", "k: {fr: \"a\" en: \"b\"}", "k: |\n  a", "'k': {fr: \"a\"}",
	} {
		err := read(map[string]text{}, "f.yaml", bad)
		if err == nil || !strings.HasPrefix(err.Error(), "texts/f.yaml:") {
			t.Errorf("%q gives the error %v", bad, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add("k: {fr: \"a\", en: \"b\"}\nl:\n  fr: \"\\n\"\n  en: \"é\"\n")
	f.Add("k: {fr: \"\\")
	f.Fuzz(func(t *testing.T, file string) {
		got, again := map[string]text{}, map[string]text{}
		if read(got, "f", file) == nil && (read(again, "f", file) != nil || !reflect.DeepEqual(got, again)) {
			t.Errorf("%q is read in two ways", file)
		}
	})
}
