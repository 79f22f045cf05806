package territory

import (
	"bytes"
	"encoding/csv"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// reference reads a table of the conformance material, without its header.
func reference(t *testing.T, name string, columns int) [][]string {
	t.Helper()
	dir := os.Getenv("MAILLON_CONFORMANCE")
	if dir == "" {
		t.Skip("MAILLON_CONFORMANCE is not set: the embedded geographic code is NOT compared with the reference tables")
	}
	raw, err := os.ReadFile(filepath.Join(dir, "territory", name))
	if err != nil {
		t.Fatal(err)
	}
	// The reference does not double the quotes within a name.
	inner := regexp.MustCompile(`([^,\n])"([^,\n])`)
	r := csv.NewReader(bytes.NewReader(inner.ReplaceAll(raw, []byte(`$1""$2`))))
	r.FieldsPerRecord = columns
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestCommunesAgreeWithTheReference(t *testing.T) {
	rows := reference(t, "communes_full.csv", 9)[1:]
	var codes []string
	for _, row := range rows {
		m, _ := CommuneByCode(row[0])
		got := []string{m.Code, m.Name, m.Departement, RegionOf(m.Departement), m.EPCI, m.SIREN, strconv.Itoa(m.Population), m.Postcodes}
		want := slices.Clone(row[:8])
		if want[6] == "" {
			want[6] = "0" // nobody lives there
		}
		want[7] = sorted(row[7])
		if !slices.Equal(want, got) {
			t.Errorf("commune %s: got %q, want %q", row[0], got, want)
		}
		for _, old := range strings.Fields(separate(row[8])) {
			if m, ok := CommuneByCode(old); !ok || m.Code != row[0] {
				t.Errorf("former code %s gives %q, want %s", old, m.Code, row[0])
			}
		}
		codes = append(codes, row[0])
	}
	var embedded []string
	for m := range Communes() {
		embedded = append(embedded, m.Code)
	}
	slices.Sort(codes)
	if diff := cmp.Diff(codes, embedded); diff != "" {
		t.Errorf("the embedded communes are not those of the reference: %s", diff)
	}
}

func TestEPCIsAgreeWithTheReference(t *testing.T) {
	want := map[string]string{}
	for _, row := range reference(t, "epci.csv", 7)[1:] {
		want[row[0]] = row[1] + ", " + row[6] + " communes"
	}
	got := map[string]string{}
	for z := range EPCIs() {
		got[z.Code()] = Name(z) + ", " + strconv.Itoa(len(members(z.Code()))) + " communes"
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestDepartementsAndRegionsAgreeWithTheReference(t *testing.T) {
	want := map[string]string{}
	for _, row := range reference(t, "dep_reg_arr.csv", 5) {
		if row[0] == "dep" || row[0] == "reg" {
			want[row[0]+" "+row[1]] = row[2]
		}
		if row[0] == "dep" && RegionOf(row[1]) != row[3] {
			t.Errorf("the région of %s is %s, want %s", row[1], RegionOf(row[1]), row[3])
		}
	}
	got := map[string]string{}
	for code := range DepartementCodes() {
		got["dep "+code] = DepartementName(code)
	}
	for code := range RegionCodes() {
		got["reg "+code] = RegionName(code)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func separate(list string) string { return strings.NewReplacer("|", " ", ";", " ").Replace(list) }

func sorted(list string) string {
	codes := strings.Fields(separate(list))
	slices.Sort(codes)
	return strings.Join(codes, " ")
}

// The tables are checked where they are made wrong: every SIREN by its key,
// every body of its level, no legal unit standing for two territories.
func TestEverySIRENOfTheTablesHasItsKey(t *testing.T) {
	owner := map[string]string{}
	check := func(siren, of string) {
		if _, err := ParseSIREN(siren); err != nil {
			t.Errorf("%s: %v", of, err)
		}
		if other, twice := owner[siren]; twice {
			t.Errorf("SIREN %s stands for %s and for %s", siren, other, of)
		}
		owner[siren] = of
	}
	for m := range Communes() {
		if m.SIREN != "" {
			check(m.SIREN, m.Code)
		}
	}
	for z := range EPCIs() {
		check(z.Code(), z.String())
	}
	for siren, b := range cog().bySIREN {
		check(siren, b.Geozone.String())
	}
	if len(owner) != 34_875+1_266+113 {
		t.Errorf("%d legal units, want 34,875 communes, 1,266 EPCI and 113 départements and régions", len(owner))
	}
}

func TestEveryRegionHasItsBody(t *testing.T) {
	has := map[Geozone]int{}
	for _, b := range cog().bySIREN {
		has[b.Geozone]++
	}
	for code := range RegionCodes() {
		if len(code) == 2 && has[Geozone{Region, code}] != 1 {
			t.Errorf("région %s has %d bodies", code, has[Geozone{Region, code}])
		}
	}
	// Départements without a body of their own: Corsica, Martinique, Guyane and
	// Mayotte are one with their région, Paris with its commune, 67 and 68 act
	// together as Alsace.
	without := []string{"2A", "2B", "67", "68", "75", "972", "973", "976"}
	for code := range DepartementCodes() {
		if len(code) == 3 && code > "976" || code == "975" {
			continue // overseas collectivities
		}
		want := 1
		if slices.Contains(without, code) {
			want = 0
		}
		if has[Geozone{Departement, code}] != want {
			t.Errorf("département %s has %d bodies, want %d", code, has[Geozone{Departement, code}], want)
		}
	}
}

func TestEmbeddedTablesStaySmall(t *testing.T) {
	files, err := data.ReadDir("data")
	if err != nil {
		t.Fatal(err)
	}
	total := int64(0)
	for _, f := range files {
		info, err := f.Info()
		if err != nil {
			t.Fatal(err)
		}
		total += info.Size()
	}
	if total > 900_000 {
		t.Errorf("the tables weigh %d bytes, want 900,000 at most", total)
	}
}

func BenchmarkLoad(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := load(); err != nil {
			b.Fatal(err)
		}
	}
}
