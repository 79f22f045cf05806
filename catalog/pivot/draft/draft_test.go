package draft

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"maillon/catalog/pivot"
	"maillon/catalog/pivot/guide"
	"maillon/catalog/texts"
)

var today = time.Date(2024, 7, 1, 0, 0, 0, 0, time.UTC)

// filled is a draft typed from the dictionary's examples.
func filled(kind pivot.Kind) Draft {
	d := Draft{Kind: kind, Values: map[string][]string{}}
	for _, c := range guide.Columns(kind) {
		for _, r := range guide.Rows(kind, texts.French) {
			if r.Path == c.Path {
				d.Values[c.Header] = []string{r.Example}
			}
		}
	}
	if kind == pivot.Concession {
		d.Values["nature"], d.Values["procedure"] = []string{"Délégation de service public"}, []string{"Procédure négociée ouverte"}
	}
	return d
}

func TestAFilledDraftIsAConformingContract(t *testing.T) {
	for _, kind := range []pivot.Kind{pivot.Marche, pivot.Concession} {
		d := filled(kind)
		r, err := d.Check(today)
		if err != nil || r.Problems.Errors() > 0 {
			t.Fatalf("%s: %v, %v", kind, r.Problems, err)
		}
		var file bytes.Buffer
		if err := pivot.WriteJSON(&file, pivot.Gen2, slices.Values([]pivot.Contract{r.Contract})); err != nil {
			t.Fatal(err)
		}
		for c, err := range pivot.NewReader(&file, pivot.Limits{}).Check(pivot.Checking{Schema: pivot.V204}) {
			if err != nil || c.Verdict.State != pivot.Conforming {
				t.Errorf("%s: %v %v", kind, c.Verdict, err)
			}
		}
		// What is shown to be corrected is what was typed.
		again, err := Of(r.Contract).Check(today)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(r.Contract, again.Contract); diff != "" {
			t.Errorf("%s: %s", kind, diff)
		}
	}
}

// A problem is shown at the field that it is about.
// The example is legal and nothing in it is suspicious.
func TestTheExampleHasNoProblem(t *testing.T) {
	for _, kind := range []pivot.Kind{pivot.Marche, pivot.Concession} {
		c, err := Example(kind)
		if err != nil {
			t.Fatal(err)
		}
		r, err := Of(c).Check(today)
		if err != nil || len(r.Problems) > 0 {
			t.Errorf("%s: %v %v", kind, r.Problems, err)
		}
	}
}

func TestAProblemIsAtItsField(t *testing.T) {
	d := filled(pivot.Marche)
	d.Values["montant"] = []string{"environ 10"}
	d.Values["nature"] = []string{"marché"}
	d.Values["techniques"] = []string{"Sans objet", "Troc"}
	d.Values["titulaire_id"] = []string{"35600000000048", "81223113200021"}
	d.Values["titulaire_typeIdentifiant"] = []string{"SIRET", "SIRET"}
	d.Values["dateNotification"] = nil
	r, err := d.Check(today)
	if err != nil {
		t.Fatal(err)
	}
	type place struct {
		Header string
		At     int
	}
	got := map[string]place{}
	for _, p := range r.Problems {
		h, at := Column(d.Kind, p.Pointer)
		got[p.Rule+" "+p.Pointer] = place{h, at}
	}
	for key, want := range map[string]place{
		"type /montant":                        {"montant", 0},
		"enum /nature":                         {"nature", 0},
		"enum /techniques/technique/1":         {"techniques", 0},
		"required /dateNotification":           {"dateNotification", 0},
		"siret-key /titulaires/1/titulaire/id": {"titulaire_id", 1},
	} {
		if got[key] != want {
			t.Errorf("%s is at %v, want %v", key, got[key], want)
		}
	}
}

func TestAnEmptyDraftSaysWhatIsMissing(t *testing.T) {
	for _, values := range []map[string][]string{nil, {"id": {"1"}}, {"acheteur_id": {"21350238800019"}}} {
		r, err := Draft{Kind: pivot.Marche, Values: values}.Check(today)
		if err != nil || r.Problems.Errors() == 0 {
			t.Errorf("%v: %v %v", values, r.Problems, err)
		}
	}
	if h, _ := Column(pivot.Marche, ""); h != "" {
		t.Errorf("a problem of the whole is at %s", h)
	}
}

func TestWhatTheFormDoesNotAskForIsKept(t *testing.T) {
	one := 1
	old := pivot.Contract{
		Kind: pivot.Marche, Subcontracts: []pivot.Subcontract{{ID: &one}},
		Modifications: []pivot.Modification{{ID: &one, Suppliers: []pivot.Supplier{{ID: "2"}}}},
	}
	c := Keep(pivot.Contract{Kind: pivot.Marche, Modifications: []pivot.Modification{{ID: &one}}}, old)
	if len(c.Subcontracts) != 1 || len(c.Modifications[0].Suppliers) != 1 {
		t.Errorf("got %+v", c)
	}
}
