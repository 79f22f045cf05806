package shelf

import (
	"strings"
	"testing"
)

func TestIDsOfDatasetsNameFoldersAndAddresses(t *testing.T) {
	for buyer, want := range map[string]string{
		"21350238800019": "21350238800019-decp-2026",
		"a/b c":          "a%2Fb%20c-decp-2026",
	} {
		if got := DatasetID(buyer, "2026"); got != want {
			t.Errorf("%q: %s, want %s", buyer, got, want)
		}
		if got := SeriesBuyer(SeriesID(buyer)); got != buyer {
			t.Errorf("the series of %q is one of %q", buyer, got)
		}
	}
	long, other := strings.Repeat("é", 100), strings.Repeat("é", 101)
	if id := DatasetID(long, ""); len(id) > 100 || id == DatasetID(other, "") {
		t.Errorf("of long buyers: %s", id)
	}
	if got := SeriesBuyer("https://portal.example/series/7"); got != "" {
		t.Errorf("somebody else's series is one of %q", got)
	}
}
