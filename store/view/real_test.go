package view

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"maillon/catalog/entry"
	"maillon/catalog/pivot"
)

// TestRealRecordsAreDerivedAsTheyWereRead: what is derived of a kept record is what
// the rules said of it when it came in. It logs how well records pack.
func TestRealRecordsAreDerivedAsTheyWereRead(t *testing.T) {
	dir := os.Getenv("MAILLON_CONFORMANCE")
	if dir == "" {
		t.Skip("MAILLON_CONFORMANCE is not set: records are not derived from real files")
	}
	files, err := filepath.Glob(filepath.Join(dir, "pivot", "v*", "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no files, %v", err)
	}
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		raw, packed, n := 0, 0, 1
		for item, err := range pivot.NewReader(f, pivot.Limits{}).Items() {
			if err != nil {
				break
			}
			if len(item.Problems) > 0 {
				continue
			}
			size := derived(t, item.Record)
			raw, packed, n = raw+len(item.Record.Raw), packed+size, n+1
		}
		t.Logf("%s: %d bytes a record, packed %d", filepath.Base(name), raw/n, packed/n)
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
}

// derived keeps a record, reads it back and compares; it returns its packed size.
func derived(t *testing.T, rec pivot.Record) int {
	t.Helper()
	h := entry.Header{Op: entry.Put, Kind: string(rec.Kind), Key: rec.Buyer + "/" + rec.ID, At: at,
		Source: &entry.Source{Deposit: "20260301-120000-1", Series: "main", Pointer: rec.Pointer, Form: rec.Form}}
	r := newRecord(entry.Ref{Node: rennes}, h, rec.Raw)
	back, err := recordOf(r.ref, r.value())
	if err != nil {
		t.Fatal(err)
	}
	row, err := back.row()
	if err != nil {
		t.Fatal(err)
	}
	verdict := pivot.Checking{Today: at}.Judge(rec)
	if (verdict.State == pivot.Conforming) != (row.state == pivot.Conforming) || verdict.Version != row.Schema {
		t.Errorf("%s: %s by %s, was %s by %s", rec.Pointer, row.state, row.Schema, verdict.State, verdict.Version)
	}
	if want := verdict.Problems[:min(len(verdict.Problems), maxProblems)]; !slices.Equal(want, row.Problems) {
		t.Errorf("%s: %s", rec.Pointer, cmp.Diff(want, row.Problems))
	}
	c, _ := pivot.Normalise(rec)
	if diff := cmp.Diff(r.identified(c), row.Contract); diff != "" {
		t.Errorf("%s: %s", rec.Pointer, diff)
	}
	return len(r.packed)
}
