package facet

import (
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"maillon/catalog"
)

var sets = []catalog.Dataset{
	{Identifier: "a", Title: catalog.Text{French: "Marchés de Rennes"}, Themes: []catalog.Theme{catalog.Government}, Modified: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC),
		Publisher: catalog.Agent{Name: "Rennes", SIRET: "21350238800019", Level: "commune"}, Coverage: catalog.Coverage{Geozone: "fr:commune:35238", Name: "Rennes"},
		Distributions: []catalog.Distribution{{Format: catalog.CSV}, {Format: catalog.CSV}, {Format: catalog.JSON}}},
	{Identifier: "b", Title: catalog.Text{French: "Arbres"}, Themes: []catalog.Theme{catalog.Environment}, Publisher: catalog.Agent{Name: "Portail"},
		Coverage: catalog.Coverage{Geozone: "https://sws.geonames.org/1"}, Distributions: []catalog.Distribution{{Format: "SHP"}}},
	{Identifier: "c", Title: catalog.Text{French: "Budget"}, Modified: time.Date(2025, 3, 1, 0, 0, 0, 0, time.UTC), Publisher: catalog.Agent{Level: "departement", SIRET: "22350001800013"},
		Coverage: catalog.Coverage{Geozone: "fr:departement:35"}},
}

func score(d catalog.Dataset) catalog.Score {
	return catalog.Score{Rating: map[string]catalog.Rating{"a": catalog.Excellent, "b": catalog.Sufficient, "c": catalog.Bad}[d.Identifier]}
}

func TestQueries(t *testing.T) {
	for query, want := range map[string]string{
		"": "abc", "theme=gove": "a", "publisher=21350238800019": "a", "publisher=portail": "b", "level=departement": "c",
		"territory=fr:departement:35": "ac", "territory=fr:region:53": "ac", "territory=fr:commune:35238": "a", "territory=fr": "ac",
		"format=csv": "a", "format=shapefile": "b", "quality=sufficient": "ab", "quality=bad": "abc", "quality=excellent": "a",
		"modified_since=2025-03-01": "ac", "modified_since=2025-03-01T00:00:01Z": "a", "q=marche+RENNES": "a", "q=marche+nantes": "", "q=arbres&theme=GOVE": "",
	} {
		v, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		q, err := Parse(v)
		if err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		got := ""
		for _, d := range sets {
			if q.Match(d, score) {
				got += d.Identifier
			}
		}
		if got != want {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
		again, err := Parse(q.Values())
		if diff := cmp.Diff(q, again); err != nil || diff != "" {
			t.Errorf("%s: %v %s", query, err, diff)
		}
	}
	for _, bad := range []string{"theme=x", "level=x", "territory=x", "format=x", "quality=x", "modified_since=x"} {
		v, _ := url.ParseQuery(bad)
		if _, err := Parse(v); err == nil {
			t.Errorf("%s is taken", bad)
		}
	}
}

func TestCount(t *testing.T) {
	f := Count(sets, score)
	want := Facets{
		Theme:     []Value{{Value: "ENVI", Count: 1}, {Value: "GOVE", Count: 1}},
		Publisher: []Value{{"21350238800019", "Rennes", 1}, {"22350001800013", "", 1}, {"Portail", "Portail", 1}},
		Level:     []Value{{Value: "commune", Count: 1}, {Value: "departement", Count: 1}},
		Territory: []Value{{"fr:commune:35238", "Rennes", 1}, {Value: "fr:departement:35", Count: 1}},
		Format:    []Value{{Value: "CSV", Count: 1}, {Value: "JSON", Count: 1}, {Value: "SHP", Count: 1}},
		Quality:   []Value{{Value: "bad", Count: 1}, {Value: "excellent", Count: 1}, {Value: "sufficient", Count: 1}},
	}
	if diff := cmp.Diff(want, f); diff != "" {
		t.Error(diff)
	}
}
