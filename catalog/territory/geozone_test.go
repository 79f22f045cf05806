package territory

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func mustZone(t *testing.T, s string) Geozone {
	t.Helper()
	z, err := ParseGeozone(s)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func TestParseGeozone(t *testing.T) {
	for _, c := range []struct {
		rule, in, want, name string
		level                Level
		code                 string
	}{
		{"a commune", "fr:commune:35238", "fr:commune:35238", "Rennes", Commune, "35238"},
		{"an EPCI", "fr:epci:243500139", "fr:epci:243500139", "Rennes Métropole", EPCI, "243500139"},
		{"a part of Grand Paris", "fr:epci:200057867", "fr:epci:200057867", "Plaine Commune", EPCI, "200057867"},
		{"a département", "fr:departement:35", "fr:departement:35", "Ille-et-Vilaine", Departement, "35"},
		{"a département of Corsica", "fr:departement:2A", "fr:departement:2A", "Corse-du-Sud", Departement, "2A"},
		{"Alsace as one collectivity", "fr:departement:6AE", "fr:departement:6AE", "Alsace", Departement, "6AE"},
		{"a région", "fr:region:53", "fr:region:53", "Bretagne", Region, "53"},
		{"the country", "fr", "fr", "France", National, ""},
		{"a merged commune is the commune of today", "fr:commune:01015", "fr:commune:01015", "Arboys en Bugey", Commune, "01015"},
		{"the code of a merged commune resolves", "fr:commune:01340", "fr:commune:01015", "Arboys en Bugey", Commune, "01015"},
		{"an arrondissement of Paris is Paris", "fr:commune:75111", "fr:commune:75056", "Paris", Commune, "75056"},
	} {
		z, err := ParseGeozone(c.in)
		if err != nil {
			t.Errorf("%s: %v", c.rule, err)
			continue
		}
		if z.String() != c.want || Name(z) != c.name || z.Level() != c.level || z.Code() != c.code {
			t.Errorf("%s: got %s, %q, %s, %s", c.rule, z, Name(z), z.Level(), z.Code())
		}
	}
}

func TestParseGeozoneRefuses(t *testing.T) {
	for in, want := range map[string]string{
		"":                     "geozone is empty",
		"fr:":                  `geozone "fr:": want fr or fr:level:code, such as fr:commune:35238`,
		"FR":                   `geozone "FR": want fr or fr:level:code, such as fr:commune:35238`,
		"be:commune:35238":     `geozone "be:commune:35238": want fr or fr:level:code, such as fr:commune:35238`,
		"fr:commune:35238:x":   `geozone "fr:commune:35238:x": want fr or fr:level:code, such as fr:commune:35238`,
		"fr:commune:35000":     `geozone "fr:commune:35000": the geographic code of 2026 has no commune "35000"`,
		"fr:epci:213502388":    `geozone "fr:epci:213502388": the geographic code of 2026 has no epci "213502388"`,
		"fr:departement:20":    `geozone "fr:departement:20": the geographic code of 2026 has no departement "20"`,
		"fr:region:":           `geozone "fr:region:": the geographic code of 2026 has no region ""`,
		"fr:organisme:35":      `geozone "fr:organisme:35" has level "organisme", want commune, epci, departement or region`,
		"fr:national:fr":       `geozone "fr:national:fr" has level "national", want commune, epci, departement or region`,
		"fr:arrondissement:11": `geozone "fr:arrondissement:11" has level "arrondissement", want commune, epci, departement or region`,
	} {
		if z, err := ParseGeozone(in); err == nil || err.Error() != want || !z.IsZero() {
			t.Errorf("%q: got %v, %v\nwant %s", in, z, err, want)
		}
	}
}

func TestContains(t *testing.T) {
	for _, c := range []struct {
		rule, outer, inner string
		want               bool
	}{
		{"a territory lies in itself", "fr:epci:243500139", "fr:epci:243500139", true},
		{"everything lies in France", "fr", "fr:commune:98735", true},
		{"France lies in France", "fr", "fr", true},
		{"France lies in no région", "fr:region:53", "fr", false},
		{"a commune lies in its EPCI", "fr:epci:243500139", "fr:commune:35238", true},
		{"a commune lies in its département", "fr:departement:35", "fr:commune:35238", true},
		{"a commune lies in its région", "fr:region:53", "fr:commune:35238", true},
		{"a commune does not lie in the next département", "fr:departement:22", "fr:commune:35238", false},
		{"a commune does not lie in another commune", "fr:commune:35238", "fr:commune:35281", false},
		{"an EPCI does not lie in a commune", "fr:commune:35238", "fr:epci:243500139", false},
		{"an EPCI lies in its département", "fr:departement:35", "fr:epci:243500139", true},
		{"an EPCI does not lie in another", "fr:epci:243500139", "fr:epci:243500741", false},
		{"Redon Agglomération lies in Bretagne", "fr:region:53", "fr:epci:243500741", true},
		{"and in Pays de la Loire", "fr:region:52", "fr:epci:243500741", true},
		{"and in Ille-et-Vilaine", "fr:departement:35", "fr:epci:243500741", true},
		{"and in Morbihan", "fr:departement:56", "fr:epci:243500741", true},
		{"and in Loire-Atlantique", "fr:departement:44", "fr:epci:243500741", true},
		{"but not in Finistère", "fr:departement:29", "fr:epci:243500741", false},
		{"a département lies in its région", "fr:region:53", "fr:departement:35", true},
		{"a département does not lie in another région", "fr:region:52", "fr:departement:35", false},
		{"a région does not lie in a département", "fr:departement:35", "fr:region:53", false},
		{"not even where both are one territory", "fr:departement:974", "fr:region:04", false},
		{"an island without EPCI lies in its département", "fr:departement:22", "fr:commune:22016", true},
		{"a part of Grand Paris lies in the métropole", "fr:epci:200054781", "fr:epci:200057867", true},
		{"and not the other way round", "fr:epci:200057867", "fr:epci:200054781", false},
		{"a commune lies in its part of Grand Paris", "fr:epci:200057867", "fr:commune:93066", true},
		{"and in the métropole", "fr:epci:200054781", "fr:commune:93066", true},
		{"Haut-Rhin lies in Alsace", "fr:departement:6AE", "fr:departement:68", true},
		{"Alsace does not lie in Haut-Rhin", "fr:departement:68", "fr:departement:6AE", false},
		{"Mulhouse lies in Alsace", "fr:departement:6AE", "fr:commune:68224", true},
		{"Alsace lies in Grand Est", "fr:region:44", "fr:departement:6AE", true},
		{"an overseas collectivity is a département and a région", "fr:region:975", "fr:departement:975", true},
	} {
		if got := Contains(mustZone(t, c.outer), mustZone(t, c.inner)); got != c.want {
			t.Errorf("%s: Contains(%s, %s) is %v", c.rule, c.outer, c.inner, got)
		}
	}
	none, rennes := Geozone{}, mustZone(t, "fr:commune:35238")
	if Contains(none, none) || Contains(none, rennes) || Contains(rennes, none) || Contains(mustZone(t, "fr"), none) {
		t.Error("no territory contains, or lies in, none")
	}
}

func TestDepartements(t *testing.T) {
	for zone, want := range map[string][]string{
		"fr:commune:2A004":   {"2A"},
		"fr:epci:243500741":  {"35", "44", "56"},
		"fr:epci:243500139":  {"35"},
		"fr:departement:35":  {"35"},
		"fr:departement:6AE": {"67", "68"},
		"fr:region:53":       {"22", "29", "35", "56"},
		"fr:region:94":       {"2A", "2B"},
		"fr:region:04":       {"974"},
	} {
		if diff := cmp.Diff(want, Departements(mustZone(t, zone))); diff != "" {
			t.Errorf("%s: %s", zone, diff)
		}
	}
	if got := Departements(mustZone(t, "fr")); len(got) != 109 || !slices.IsSorted(got) {
		t.Errorf("France has %d départements and collectivities, want 109 in order", len(got))
	}
	if got := Departements(Geozone{}); got != nil {
		t.Errorf("none has départements %v", got)
	}
}

func TestLevels(t *testing.T) {
	for _, l := range Levels() {
		if got, err := ParseLevel(string(l)); err != nil || got != l {
			t.Errorf("%s: got %s, %v", l, got, err)
		}
	}
	_, err := ParseLevel("Région")
	if want := `level "Région" is unknown, want one of commune, epci, departement, region, national, organisme`; err == nil || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
}

func FuzzParseGeozone(f *testing.F) {
	for _, s := range []string{"fr", "fr:commune:35238", "fr:commune:01340", "fr:epci:243500139", "fr:departement:6AE", "fr:region:53", "fr::", "fr:commune:"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		z, err := ParseGeozone(s)
		if err != nil {
			return
		}
		again, err := ParseGeozone(z.String())
		if err != nil || again != z {
			t.Fatalf("%q became %q, then %q, %v", s, z, again, err)
		}
		if Name(z) == "" || len(Departements(z)) == 0 || !Contains(z, z) {
			t.Fatalf("%q is no whole territory", z)
		}
	})
}
