package search

import (
	"reflect"
	"testing"

	"maillon/catalog/pivot"
	"maillon/store/view"
)

// A table that is asked for twice is the same, whatever was done to the first, and
// another one as soon as a contract changes.
func TestATableIsRememberedUntilAContractChanges(t *testing.T) {
	x := small()
	ask := func(q string) Table {
		t.Helper()
		table, err := x.Group(t.Context(), query(t, q), []Dimension{ByDivision}, []Measure{"sum:amount"})
		if err != nil {
			t.Fatal(err)
		}
		return table
	}
	first, same := ask(""), ask("")
	if !reflect.DeepEqual(first, same) {
		t.Fatalf("%+v, then %+v", first, same)
	}
	first.Groups[0].Values[0], first.Total.N, first.Total.Values[0] = nil, 0, nil
	if got := ask(""); !reflect.DeepEqual(got, same) {
		t.Errorf("what one reader did to it shows: %+v", got)
	}
	if got := ask("kind=concession"); got.Total.N != 1 {
		t.Errorf("another question has %d contracts, want 1", got.Total.N)
	}
	x.Put([]view.Shown{made(rennes, "pont", func(c *pivot.Contract) { c.CPV, c.Amount = "45000000", some(1000.0) })})
	if got := ask(""); got.Total.N != same.Total.N+1 || *got.Total.Values[0] != *same.Total.Values[0]+1000 {
		t.Errorf("after another contract: %+v", got.Total)
	}
}
