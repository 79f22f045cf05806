package territory

import "testing"

func TestDepartementOf(t *testing.T) {
	for _, c := range []struct{ rule, code, codeType, want string }{
		{"a postcode of one commune", "35740", "Code postal", "35"},
		{"a postcode of large users", "35042", "Code postal", "35"},
		{"a postcode whose communes lie in another département", "94390", "Code postal", "91"},
		{"a postcode shared by two départements goes to its own number", "33220", "Code postal", "33"},
		{"a postcode of southern Corsica", "20000", "Code postal", "2A"},
		{"a postcode of northern Corsica", "20200", "Code postal", "2B"},
		{"a postcode of large users in Corsica", "20298", "Code postal", "2B"},
		{"a postcode of La Réunion", "97400", "Code postal", "974"},
		{"Saint-Barthélemy left Guadeloupe, its postcode did not", "97133", "Code postal", "977"},
		{"a postcode of Polynesia", "98713", "Code postal", "987"},
		{"a postcode that lost its zero", "1000", "Code postal", "01"},
		{"Monaco is no département", "98000", "Code postal", ""},
		{"a postcode of nowhere", "00100", "Code postal", ""},
		{"a commune", "35238", "Code commune", "35"},
		{"a commune of Corsica, in lower case", "2a004", "Code commune", "2A"},
		{"a commune merged long ago", "01340", "Code commune", "01"},
		{"a commune that left its département", "78251", "Code commune", "78"},
		{"an arrondissement of Marseille given as a commune", "13201", "Code commune", "13"},
		{"a postcode given as a commune", "35000", "Code commune", "35"},
		{"a département", "35", "Code département", "35"},
		{"a département without its zero", "1", "Code département", "01"},
		{"a département with spaces around", " 2B ", "Code departement", "2B"},
		{"Corsica before 1976", "20", "Code département", ""},
		{"Alsace is two départements", "6AE", "Code département", ""},
		{"a name instead of a code", "Ille-et-Vilaine", "Code département", ""},
		{"an arrondissement", "352", "Code arrondissement", "35"},
		{"a canton", "3514", "Code canton", "35"},
		{"a canton overseas", "97411", "Code canton", "974"},
		{"a région with one département", "04", "Code région", "974"},
		{"a région with several", "53", "Code région", ""},
		{"a country", "FR", "Code pays", ""},
		{"no kind of code", "35", "", ""},
		{"no code", "", "Code postal", ""},
		{"in capitals, as some editors write", "35740", "CODE POSTAL", "35"},
	} {
		if got := DepartementOf(c.code, c.codeType); got != c.want {
			t.Errorf("%s: %q, %q gives %q, want %q", c.rule, c.code, c.codeType, got, c.want)
		}
	}
}

func TestNamesOfTerritories(t *testing.T) {
	if got := DepartementName("35"); got != "Ille-et-Vilaine" {
		t.Errorf("département 35 is %q", got)
	}
	if got := RegionName(RegionOf("35")); got != "Bretagne" {
		t.Errorf("the région of 35 is %q", got)
	}
	if DepartementName("99") != "" || RegionName("99") != "" || RegionOf("99") != "" {
		t.Error("an unknown code has a name")
	}
}

func TestBySIREN(t *testing.T) {
	for _, c := range []struct{ siren, zone, name string }{
		{"213502388", "fr:commune:35238", "Rennes"},
		{"217500016", "fr:commune:75056", "Paris"},
		{"243500139", "fr:epci:243500139", "Rennes Métropole"},
		{"200046977", "fr:epci:200046977", "Métropole de Lyon"},
		{"200057867", "fr:epci:200057867", "Plaine Commune"},
		{"223500018", "fr:departement:35", "Département d'Ille-et-Vilaine"},
		{"200094332", "fr:departement:6AE", "Collectivité européenne d'Alsace"},
		{"233500016", "fr:region:53", "Région Bretagne"},
		{"200076958", "fr:region:94", "Collectivité de Corse"},
	} {
		b, ok := BySIREN(c.siren)
		if !ok || b.Geozone.String() != c.zone || b.Level != b.Geozone.Level() || b.Name != c.name {
			t.Errorf("%s: got %v, %v", c.siren, b, ok)
		}
	}
	for _, siren := range []string{"130025265", "356000000", "", "35", "220000000"} {
		if b, ok := BySIREN(siren); ok {
			t.Errorf("%q is %v, want no territory", siren, b)
		}
	}
}
