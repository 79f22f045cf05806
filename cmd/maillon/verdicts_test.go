package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"maillon/catalog"
	"maillon/catalog/pivot"
	"maillon/catalog/pivot/report"
)

// TestValidateSaysWhatTheOfficialSchemasSay runs `maillon validate --schema
// V --json` on real files and compares each record with the verdict of the
// official schema.
func TestValidateSaysWhatTheOfficialSchemasSay(t *testing.T) {
	dir := os.Getenv("MAILLON_CONFORMANCE")
	if dir == "" {
		t.Skip("MAILLON_CONFORMANCE is not set: the command is not compared with the official schemas")
	}
	type run struct{ file, version string }
	want := map[run]map[string]bool{} // pointer → valid
	raw, err := os.ReadFile(filepath.Join(dir, "pivot/verdicts.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(raw)) {
		f := strings.Split(strings.TrimSpace(line), "\t")
		k := run{f[0], f[3]}
		if want[k] == nil {
			want[k] = map[string]bool{}
		}
		want[k][f[1]] = f[4] == "1"
	}
	compared := 0
	for k, verdicts := range want {
		invalid := validateJSON(t, filepath.Join(dir, "pivot", k.file), pivot.Version(k.version))
		for pointer, valid := range verdicts {
			if compared++; invalid[pointer] == valid {
				t.Errorf("%s %s by %s: the official schema says valid %v", k.file, pointer, k.version, valid)
			}
		}
	}
	t.Logf("%d verdicts agree or are listed above", compared)
}

// validateJSON returns the pointers of the records that have an error.
func validateJSON(t *testing.T, path string, version pivot.Version) map[string]bool {
	t.Helper()
	var out bytes.Buffer
	v := validation{c: &cli{lang: "en"}, out: bufio.NewWriter(&out), asJSON: true, schema: version}
	if _, err := v.file(path); err != nil {
		t.Fatal(err)
	}
	if err := v.out.Flush(); err != nil {
		t.Fatal(err)
	}
	invalid := map[string]bool{}
	for line := range strings.Lines(out.String()) {
		var rec report.Record
		if err := json.Unmarshal([]byte(line), &rec); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		for _, p := range rec.Problems {
			if p.Severity == catalog.Error {
				invalid[rec.Pointer] = true
			}
			if p.Rule == "" || p.Hint == "" || strings.HasPrefix(p.Hint, "rule.") {
				t.Errorf("%s: problem without rule or hint: %+v", path, p)
			}
		}
	}
	return invalid
}
