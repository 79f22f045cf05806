package setup

import (
	"testing"

	"maillon/catalog/territory"
)

func TestFindKnowsBodiesAsPeopleWriteThem(t *testing.T) {
	for query, want := range map[string]string{
		"21350238800019":           "fr:commune:35238",
		"213 502 388 00019":        "fr:commune:35238",
		"213502388":                "fr:commune:35238",
		"35238":                    "fr:commune:35238",
		"2a004":                    "fr:commune:2A004",
		"Rennes":                   "fr:commune:35238",
		"ville de rennes":          "fr:commune:35238",
		"acigne":                   "fr:commune:35001",
		"Commune d’Acigné":         "fr:commune:35001",
		"St Malo":                  "fr:commune:35288",
		"rennes metropole":         "fr:epci:243500139",
		"Région Bretagne":          "fr:region:53",
		"23350001600040":           "fr:region:53",
		"departement du finistere": "fr:departement:29",
	} {
		found := Find(query)
		if len(found) == 0 || found[0].Geozone.String() != want {
			t.Errorf("Find(%q) = %+v, want %s first", query, found, want)
		}
	}
	for _, query := range []string{"", "   ", "zzzz", "130025265", "\x00", "99999999999999"} {
		if found := Find(query); len(found) != 0 {
			t.Errorf("Find(%q) = %+v, want nothing", query, found)
		}
	}
	if found := Find("Saint-Martin"); len(found) < 2 || found[0].Where == found[1].Where {
		t.Errorf("bodies of one name are not told apart: %+v", found)
	}
}

func TestSeatAndHub(t *testing.T) {
	if got := SeatSIRET("213502388"); got != "21350238800019" {
		t.Errorf("seat of Rennes: %s", got)
	}
	for in, want := range map[string]string{"fr:commune:35238": "53", "fr:epci:243500139": "53", "fr:departement:29": "53", "fr:region:53": "", "fr": ""} {
		z, err := territory.ParseGeozone(in)
		if err != nil {
			t.Fatal(err)
		}
		if hub, _ := HubOf(z); hub.Geozone.Code() != want {
			t.Errorf("hub of %s: %+v, want région %q", in, hub, want)
		}
	}
}
