package api

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"maillon/node/finances"
)

const (
	someBudget = "BGT_NATDEC;BGT_ANNEE;BGT_SIRET;BGT_NATURE;BGT_SECTION;BGT_OPBUDG;BGT_CODRD;BGT_MTREAL;BGT_MTPREV\n" +
		"compte administratif;2026;" + rennes + ";6042;fonctionnement;réel;dépense;164000;\n" +
		"compte administratif;2026;" + rennes + ";6411;fonctionnement;réel;dépense;656000;\n" +
		"budget primitif;2025;" + rennes + ";2183;investissement;réel;dépense;;0\n"
	someGrants = "nomAttribuant,idAttribuant,dateConvention,nomBeneficiaire,idBeneficiaire,montant\n" +
		"Rennes," + rennes + ",2025-06-27,<b>La Poste</b>,35600000000048,1000\n" +
		"Rennes," + rennes + ",2024-06-27,Jeanne Untel,,30\n" +
		"Bretagne,23350001600040,2024-06-27,Ville de Rennes," + rennes + ",77\n"
)

// withFinances makes the rig know a budget and grants.
func (r *rig) withFinances() {
	r.t.Helper()
	dir := r.t.TempDir()
	r.s.Finances = finances.Open(filepath.Join(dir, "scdl"), zerolog.Nop(), r.s.Now)
	for name, text := range map[string]string{"b.csv": someBudget, "s.csv": someGrants} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			r.t.Fatal(err)
		}
		if _, err := finances.Import(r.t.Context(), filepath.Join(dir, "scdl"), path, false, time.Date(2026, 11, 26, 0, 0, 0, 0, time.UTC)); err != nil {
			r.t.Fatal(err)
		}
	}
}

func TestBudgetsAndGrantsStandBesideContracts(t *testing.T) {
	r := bought(t)
	path := "/api/v1/buyers/" + rennes + "/budget"
	if res := r.do("GET", path, ""); res.StatusCode != 404 {
		t.Errorf("before any import: %s", res.Status)
	}
	if body := r.pageAt("/acheteurs/" + rennes); strings.Contains(body, "Commande publique, budget") {
		t.Error("a page shows a budget that nobody knows")
	}
	r.withFinances()
	var b BudgetJSON
	if err := json.NewDecoder(r.do("GET", path, "").Body).Decode(&b); err != nil {
		t.Fatal(err)
	}
	if len(b.Years) != 2 || len(b.Given) != 2 || len(b.Beneficiaries) != 2 || len(b.Received) != 1 || len(b.Sources) != 2 {
		t.Fatalf("%+v", b)
	}
	// Three contracts were notified in 2026, of which one has an amount that cannot be.
	y := b.Years[1]
	if y.Year != 2026 || y.Spent != 820_000 || y.Purchases != 164_000 || y.Contracts != 3 || y.Missing != 1 || *y.Amount != 82_000 || *y.OfSpending != 0.1 || *y.OfPurchases != 0.5 {
		t.Errorf("2026: %+v", y)
	}
	if y = b.Years[0]; y.Stage != "vote" || y.Contracts != 0 || y.Amount != nil || y.OfSpending != nil {
		t.Errorf("2025: %+v", y)
	}
	if one := b.Beneficiaries[0]; one.ID != "35600000000048" || one.Contracts != 3 || *one.ContractAmount != 82_000 || one.AllContracts != 4 {
		t.Errorf("beneficiary: %+v", one)
	}
	if one := b.Beneficiaries[1]; one.Name != "" || one.Amount != 30 {
		t.Errorf("a person is named: %+v", one)
	}
	for path, wants := range map[string][]string{
		"/acheteurs/" + rennes:              {"Commande publique, budget et subventions", "82\u202f000\u00a0€", "&lt;b&gt;La Poste", "Subventions reçues", "Bretagne"},
		"/profils/acheteur?buyer=" + rennes: {"rapportés aux achats"},
		"/territoires/commune/35238":        {"Subventions accordées"},
		"/titulaires/35600000000048":        {"Subventions reçues"},
	} {
		body := r.pageAt(path)
		for _, want := range wants {
			if !strings.Contains(body, want) {
				t.Errorf("%s does not say %q", path, want)
			}
		}
		if strings.Contains(body, "Untel") {
			t.Errorf("%s names a person", path)
		}
	}
	// No contract is executed there, but the region's body gave grants.
	if body := r.pageAt("/territoires/region/53?q=nothing"); !strings.Contains(body, "Subventions accordées") || !strings.Contains(body, "Aucun contrat ne répond") {
		t.Error("without contracts the page says nothing of grants")
	}
	if body := r.pageAt("/territoires/departement/35"); strings.Contains(body, "Subventions accordées") {
		t.Error("the budget of Rennes on the page of its département")
	}
}
