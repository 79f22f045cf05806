package api

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"maillon/node/firms"
)

const stockUnits = "siren,statutDiffusionUniteLegale,dateDernierTraitementUniteLegale,etatAdministratifUniteLegale,categorieEntreprise,denominationUniteLegale\n" +
	"356000000,O,2026-03-01T00:00:00,A,GE,\"LA <POSTE>\"\n"

func TestEnrichmentIsShownWithItsSources(t *testing.T) {
	r := newRig(t, "https://x.example")
	dir := t.TempDir()
	r.s.Firms = firms.Open(filepath.Join(dir, "sirene"), zerolog.Nop(), r.s.Now)
	other := strings.NewReplacer("35600000000048", "DE 1", `"typeIdentifiant":"SIRET"`, `"typeIdentifiant":"TVA"`).Replace(contractJSONText("B", "encre", 12))
	r.deposit(pivotFile(contractJSONText("A", "papier", 12), other))
	stock := filepath.Join(dir, "u.csv")
	if err := os.WriteFile(stock, []byte(stockUnits), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := firms.Import(t.Context(), filepath.Join(dir, "sirene"), stock, []string{"35600000000048", rennes}, r.s.Now()); err != nil {
		t.Fatal(err)
	}

	var c ContractJSON
	if err := json.NewDecoder(r.do("GET", "/api/v1/contracts/"+rennes+"/A", "").Body).Decode(&c); err != nil {
		t.Fatal(err)
	}
	if e := c.Enrichment; e.Buyer.Where.EPCI.Name != "Rennes Métropole" || e.Place.Commune.Source != "contract" || e.Place.Region.Code != "53" ||
		e.Suppliers[0].Name.Value != "LA <POSTE>" || e.Suppliers[0].Name.Source != "sirene" || len(e.CPV) != 3 {
		t.Errorf("enrichment: %+v", e)
	}
	var k KnownJSON
	if err := json.NewDecoder(r.do("GET", "/api/v1/enrichment", "").Body).Decode(&k); err != nil {
		t.Fatal(err)
	}
	if s := k.Suppliers; s.Met != 1 || s.Known != 1 || s.Others != 1 || k.Buyers.Met != 1 || k.Buyers.Known != 0 || k.Age != "2026-03-01" {
		t.Errorf("known: %+v", k)
	}
	html := []string{"Accept", "text/html", "Accept-Language", "fr"}
	for path, want := range map[string]string{
		"/titulaires/35600000000048": "LA &lt;POSTE&gt;",
		"/titulaires/DE%201":         "SIRENE ne dit rien",
		"/marches/" + rennes + "/A":  "Rennes Métropole",
		"/acheteurs/" + rennes:       "Ille-et-Vilaine",
		"/qualite":                   "Part des numéros cités",
		"/api/v1/suppliers/DE%201":   `"id":"DE 1"`,
	} {
		if body := text(t, r.do("GET", path, "", html...)); !strings.Contains(body, want) {
			t.Errorf("%s lacks %q:\n%.3000s", path, want, body)
		}
	}
	if res := r.do("GET", "/titulaires/1234567890", ""); res.StatusCode != 404 {
		t.Errorf("nobody's page: %s", res.Status)
	}
}
