package search

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"maillon/catalog/pivot"
	"maillon/store/view"
)

// realFiles are the folders of real files below MAILLON_CONFORMANCE.
var realFiles = []string{"pivot/v1/*", "pivot/v2/*"}

// realIndex is an index over the real files: the first record under each buyer and id.
func realIndex(t testing.TB) (*Index, []view.Shown) {
	t.Helper()
	dir := os.Getenv("MAILLON_CONFORMANCE")
	if dir == "" {
		t.Skip("MAILLON_CONFORMANCE is not set: real contracts are not searched")
	}
	var list []view.Shown
	seen := map[string]bool{}
	for _, pattern := range realFiles {
		files, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil || len(files) == 0 {
			t.Fatalf("no files at %s, %v", pattern, err)
		}
		for _, name := range files {
			for _, s := range realContracts(t, name) {
				if !seen[s.Address] {
					seen[s.Address] = true
					list = append(list, s)
				}
			}
		}
	}
	return indexOf(list...), list
}

func realContracts(t testing.TB, name string) (list []view.Shown) {
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for item, err := range pivot.NewReader(f, pivot.Limits{}).Items() {
		if err != nil {
			break
		}
		if len(item.Problems) > 0 {
			continue
		}
		c, _ := pivot.Normalise(item.Record)
		if c.ID == "" || c.Buyer.ID == "" {
			continue
		}
		list = append(list, made(c.Buyer.ID, c.ID, func(to *pivot.Contract) { *to = c }))
	}
	return list
}

// TestQuestions asks the questions of testdata/questions.txt: nine in ten of the
// contracts that are wanted are among the first ten found.
func TestQuestions(t *testing.T) {
	x, list := realIndex(t)
	known := map[string]bool{}
	for _, s := range list {
		known[s.Address] = true
	}
	raw, err := os.ReadFile("testdata/questions.txt")
	if err != nil {
		t.Fatal(err)
	}
	questions, recall := 0, 0.0
	for line := range strings.Lines(string(raw)) {
		question, wanted, ok := strings.Cut(strings.TrimSpace(line), " | ")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		res, err := x.Search(t.Context(), Query{Text: question, Sort: Relevance, Limit: 10})
		if err != nil {
			t.Fatal(err)
		}
		hits, all := 0, strings.Fields(wanted)
		for _, address := range all {
			if !known[address] {
				t.Errorf("%s: the files have no %s", question, address)
			}
			if slices.ContainsFunc(res.Items, func(r Row) bool { return r.Address == address }) {
				hits++
			}
		}
		if hits < len(all) {
			t.Logf("%s: %d of %d, %d found", question, hits, len(all), res.Total)
		}
		questions++
		recall += float64(hits) / float64(len(all))
	}
	recall /= float64(questions)
	t.Logf("%d questions over %d contracts: recall@10 is %.3f", questions, len(list), recall)
	if questions != 30 || recall < 0.9 {
		t.Errorf("%d questions, recall@10 %.3f: want 30 and at least 0.9", questions, recall)
	}
}
