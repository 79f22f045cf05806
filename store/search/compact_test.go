package search

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"maillon/catalog/pivot"
	"maillon/store/view"
)

// TestCompactingChangesNoAnswer: dead rows go, and nothing else.
func TestCompactingChangesNoAnswer(t *testing.T) {
	for _, file := range []string{"", filepath.Join(t.TempDir(), "index")} {
		compacted(t, file)
	}
}

func compacted(t *testing.T, file string) {
	t.Helper()
	x := small()
	for i := range deadLeast + 10 {
		x.Put([]view.Shown{made(hospital, "again", func(c *pivot.Contract) { c.Amount = some(float64(i)) })})
	}
	before, err := x.Search(t.Context(), query(t, "facets=all"))
	if err != nil {
		t.Fatal(err)
	}
	if n, err := x.Compact(file, Made{}); err != nil || n != deadLeast+9 {
		t.Fatal(n, err)
	}
	after, err := x.Search(t.Context(), query(t, "facets=all"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, after); diff != "" {
		t.Error(diff)
	}
}
