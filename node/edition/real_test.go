package edition

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"maillon/catalog/entry"
	"maillon/catalog/pivot"
	"maillon/store/view"
)

// The edition of the real files of the conformance material. With MAILLON_EDITION_OUT
// its files are written there, for .ci/outputs.sh to have them judged by engines that
// are not ours.
func TestTheEditionOfRealFiles(t *testing.T) {
	root := os.Getenv("MAILLON_CONFORMANCE")
	if root == "" {
		t.Skip("SKIPPED: needs MAILLON_CONFORMANCE")
	}
	out := os.Getenv("MAILLON_EDITION_OUT")
	r := newRack(t)
	for _, dir := range []string{"v1", "v2", "official"} {
		err := filepath.WalkDir(filepath.Join(root, "pivot", dir), func(path string, d fs.DirEntry, err error) error {
			if err == nil && (strings.HasSuffix(path, ".json") || strings.HasSuffix(path, ".xml")) {
				r.file(path, out == "")
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	e := r.refresh(true)
	whole, _ := e.Cut("")
	t.Logf("%d contracts in %d pieces and %d cuts", whole.Contracts, len(e.Pieces), len(e.Cuts))
	if out == "" {
		return
	}
	for _, f := range whole.Files {
		if err := os.WriteFile(filepath.Join(out, f.Name), r.read("", "", f.Name, true), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(out, "contrat.schema.json"), pivot.CompletSchema, 0o600); err != nil {
		t.Fatal(err)
	}
}

// file puts the records of a file into the views; of a large one, if few is set, some.
func (r *rack) file(path string, few bool) {
	r.t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		r.t.Fatal(err)
	}
	var items []view.Item
	for item, err := range pivot.NewReader(bytes.NewReader(raw), pivot.Limits{}).Items() {
		if err != nil || few && len(items) == 50 {
			break // what stands before it counts
		}
		rec := item.Record
		if rec.Buyer == "" || rec.ID == "" {
			continue
		}
		e, err := entry.NewPut(zeros{}, rec, entry.Source{Deposit: "d", Series: "s", Pointer: rec.Pointer, Form: rec.Form}, r.now)
		if err != nil {
			continue
		}
		items = append(items, view.Item{Index: r.next, Entry: e})
		r.next++
	}
	if err := r.Views.Apply(r.t.Context(), view.Journal{Node: hub}, items); err != nil {
		r.t.Fatal(err)
	}
}
