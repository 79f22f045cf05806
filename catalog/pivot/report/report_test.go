package report

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"maillon/catalog"
	"maillon/catalog/pivot"
	"maillon/catalog/texts"
)

// What is appended is what the standard library would write.
func TestARecordIsWrittenAsItsFieldsSay(t *testing.T) {
	for _, r := range []Record{
		{}, {Problems: []Problem{}},
		{File: "é\"\n.json", Pointer: "/marches/0", Line: 3, Kind: pivot.Marche, UID: "1", Schema: pivot.V204, Problems: []Problem{
			{Pointer: "/a", Line: 4, Rule: "type", Severity: catalog.Error, Found: "<&>\xff", Expected: "1", Hint: "…"}, {Rule: "bom"},
		}},
	} {
		if r.Problems == nil {
			r.Problems = []Problem{}
		}
		want, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		var a, b any
		if err := json.Unmarshal(want, &a); err != nil {
			t.Fatal(err)
		}
		got := r.AppendJSON(nil)
		if err := json.Unmarshal(got, &b); err != nil {
			t.Fatalf("%s: %v", got, err)
		}
		if diff := cmp.Diff(a, b); diff != "" {
			t.Error(diff)
		}
	}
}

// A report says every record that has problems, then the file; a file that
// breaks off counts as one more.
func TestAReportCounts(t *testing.T) {
	const file = `{"marches":[{"id":"20240100","acheteur":{"id":"21350238800019"}},{"id":"2"},{"id":"3"`
	var said []string
	sum, err := Run(pivot.NewReader(strings.NewReader(file), pivot.Limits{}), Options{Name: "f", Lang: texts.English}, func(r Record) error {
		said = append(said, r.Pointer+" "+r.Problems[len(r.Problems)-1].Rule)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"/marches/0 required", "/marches/1 no-buyer", " truncated"}, said); diff != "" {
		t.Error(diff)
	}
	if sum.Records != 2 || sum.Invalid != 3 || sum.Valid != 0 || sum.Layout != "json-flat" {
		t.Errorf("got %+v", sum)
	}
}
