package api

import (
	"encoding/json"
	"strings"
	"testing"

	"maillon/store/search"
)

// sited makes the rig's index know that the supplier of all contracts is a small firm
// of Cesson-Sévigné.
func (r *rig) sited() {
	r.s.Index.Site(search.Register{
		Firm: func(siret string) (string, string) {
			if siret == "35600000000048" {
				return "35051", "PME"
			}
			return "", ""
		},
		Centre: func(commune string) (float64, float64, bool) {
			return map[string]float64{"35238": -1.68, "35051": -1.60}[commune], 48.11, commune == "35238" || commune == "35051"
		},
	})
}

func (r *rig) indicators(query string) map[string]Indicator {
	r.t.Helper()
	var a IndicatorsAnswer
	if err := json.NewDecoder(r.do("GET", "/api/v1/indicators?"+query, "").Body).Decode(&a); err != nil {
		r.t.Fatal(err)
	}
	out := map[string]Indicator{}
	for _, i := range a.Items {
		out[i.ID] = i
	}
	for _, n := range a.NotGiven {
		out["not "+n.ID] = Indicator{ID: n.ID}
	}
	return out
}

func TestWhatSireneSaysOfSuppliersIsCounted(t *testing.T) {
	r := bought(t)
	before := r.indicators("buyer=" + rennes)
	if i := before["sme"]; i.Value != nil || i.Missing != 3 || i.MissingRate != 1 || before["not sme"].ID == "" || before["not distance"].ID == "" || before["not local"].ID == "" {
		t.Errorf("without SIRENE: %+v", i)
	}
	if body := r.pageAt("/marches"); !strings.Contains(body, "n’a pas importé le répertoire Sirene") {
		t.Error("the form does not say that SIRENE is missing")
	}
	if body := r.pageAt("/chiffres"); strings.Contains(body, "Par taille du titulaire") {
		t.Error("a table of sizes that nobody knows")
	}
	r.sited()
	after := r.indicators("buyer=" + rennes)
	for id, want := range map[string]float64{"sme": 1, "sme-amount": 1, "local-commune": 0, "local-epci": 1, "local-departement-amount": 1, "distance-median": 5.94} {
		i := after[id]
		if i.Value == nil || *i.Value < want-0.01 || *i.Value > want+0.01 {
			t.Errorf("%s: %+v", id, i)
		}
	}
	// One of the three has an amount that cannot be.
	if i := after["sme-amount"]; i.N != 2 || i.Missing != 1 {
		t.Errorf("of the amount: %+v", i)
	}
	if after["not sme"].ID+after["not local"].ID+after["not distance"].ID != "" {
		t.Error("what is given is said not to be")
	}
	// The département sits in no EPCI: its contract does not count there.
	if i := r.indicators("")["local-epci"]; i.N != 3 || i.Missing != 1 {
		t.Errorf("of both buyers: %+v", i)
	}
	for path, want := range map[string]string{
		"/marches?supplier_departement=35&supplier_size=PME": "4 contrats trouvés",
		"/marches?supplier_size=GE":                          "0 contrat trouvé",
		"/marches?supplier_local=epci":                       "même EPCI",
		"/chiffres":                                          "Par taille du titulaire",
		"/territoires/departement/35":                        "Titulaires du département, part du montant",
	} {
		if body := r.pageAt(path); !strings.Contains(body, want) {
			t.Errorf("%s does not say %q", path, want)
		}
	}
	if body := text(t, r.do("GET", "/api/v1/contracts?supplier_commune=35051&limit=1", "")); !strings.Contains(body, `"titulaireCommune":"35051","titulaireTaille":"PME"`) {
		t.Errorf("rows lack the supplier: %s", body)
	}
	if body := text(t, r.do("GET", "/api/v1/stats?by=supplier_size,supplier_local&measures=count,amount_rate:sme", "")); !strings.Contains(body, `"code":"PME"`) {
		t.Errorf("stats: %s", body)
	}
	if res := r.do("GET", "/api/v1/contracts?supplier_size=TPE", ""); res.StatusCode != 400 {
		t.Errorf("a size that is none: %s", res.Status)
	}
}
