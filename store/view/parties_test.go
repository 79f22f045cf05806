package view

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"maillon/store/storetest"
)

func TestParties(t *testing.T) {
	v, err := Open(storetest.Memory(), rennes)
	if err != nil {
		t.Fatal(err)
	}
	entries := []Item{
		{0, put(t, rennes, "A")}, {1, put(t, rennes, "B", "35600000000048", "FR 12")}, {2, put(t, other, "A", `{"titulaire":{"typeIdentifiant":"SIRET","id":"35600000000048"}}`,
			`{"titulaire":{"typeIdentifiant":"SIRET","id":"35600000000048"}},{"titulaire":{"typeIdentifiant":"SIRET","id":"`+moved+`"}}`)},
	}
	if err := v.Apply(t.Context(), Journal{Node: rennes}, entries); err != nil {
		t.Fatal(err)
	}
	got, err := v.Parties(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := Parties{Buyers: map[string]int{rennes: 2, other: 1}, Suppliers: map[string]int{"35600000000048": 2, moved: 1}, Others: 1}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
