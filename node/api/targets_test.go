package api

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestTargetsStandBesideWhatWasReached(t *testing.T) {
	r := bought(t)
	r.s.Targets = []Target{
		{Buyer: rennes, Year: 2026, Of: "social", Least: 0.3, Source: "https://rennes.example/spaser"}, {Buyer: rennes, Year: 2026, Of: "sme", Least: 0.5},
		{Buyer: rennes, Year: 2024, Of: "social", Least: 0.1}, {Buyer: "21350001400019", Year: 2026, Of: "innovative", Least: 0},
	}
	r.sited()
	var got items[TargetJSON]
	if err := json.NewDecoder(r.do("GET", "/api/v1/targets?buyer="+rennes, "").Body).Decode(&got); err != nil {
		t.Fatal(err)
	}
	if len(got.Items) != 3 {
		t.Fatalf("%+v", got)
	}
	if one := got.Items[0]; one.Indicator != "social" || one.Actual == nil || *one.Actual != 0 || one.Reached || one.N != 3 {
		t.Errorf("social: %+v", one)
	}
	if one := got.Items[1]; one.Indicator != "sme" || one.Actual == nil || *one.Actual != 1 || !one.Reached {
		t.Errorf("SMEs: %+v", one)
	}
	if one := got.Items[2]; one.Year != 2024 || one.Actual != nil || one.Reached || one.N != 0 {
		t.Errorf("without contracts: %+v", one)
	}
	for path, wants := range map[string][]string{
		"/territoires/commune/35238":        {"Objectifs et réalisé", "Il manque 30 points.", "Atteint.", "https://rennes.example/spaser", "aucun contrat ne le dit"},
		"/profils/acheteur?buyer=" + rennes: {"Objectifs et réalisé"},
		"/acheteurs/" + rennes:              {"Objectifs et réalisé"},
	} {
		body := r.pageAt(path)
		for _, want := range wants {
			if !strings.Contains(body, want) {
				t.Errorf("%s does not say %q", path, want)
			}
		}
	}
	if body := r.pageAt("/territoires/departement/35"); strings.Contains(body, "Objectifs et réalisé") {
		t.Error("targets of Rennes on the page of its département")
	}
	if res := r.do("GET", "/api/v1/targets?acheteur=1", ""); res.StatusCode != 400 {
		t.Errorf("an unknown parameter: %s", res.Status)
	}
}
