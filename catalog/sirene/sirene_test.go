package sirene

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const establishments = `siren,nic,siret,statutDiffusionEtablissement,dateCreationEtablissement,trancheEffectifsEtablissement,anneeEffectifsEtablissement,activitePrincipaleRegistreMetiersEtablissement,dateDernierTraitementEtablissement,etablissementSiege,nombrePeriodesEtablissement,complementAdresseEtablissement,libelleVoieEtablissement,codePostalEtablissement,libelleCommuneEtablissement,codeCommuneEtablissement,dateDebut,etatAdministratifEtablissement,enseigne1Etablissement,denominationUsuelleEtablissement,activitePrincipaleEtablissement,nomenclatureActivitePrincipaleEtablissement
356000000,00048,35600000000048,O,2000-01-01,52,2023,,2026-10-02T08:00:00,true,3,,RUE DU COLONEL PIERRE AVIA,75015,PARIS 15,75115,2010-01-01,A,,LA POSTE,53.10Z,NAFRev2
111111118,00016,11111111800016,P,2000-01-01,NN,,,2026-11-01T08:00:00,true,1,[ND],[ND],[ND],RENNES,35238,2010-01-01,A,SECRET,,62.01Z,NAFRev2
222222226,00014,22222222600014,O,2000-01-01,03,2023,,2026-01-02T08:00:00,true,1,,"LA ""GRANDE"", RUE",35000,RENNES,35238,2010-01-01,F,"A, B
C",,43.21A,NAFRev2
short
`

const units = `siren,statutDiffusionUniteLegale,unitePurgeeUniteLegale,prenom1UniteLegale,prenomUsuelUniteLegale,trancheEffectifsUniteLegale,dateDernierTraitementUniteLegale,categorieEntreprise,etatAdministratifUniteLegale,nomUniteLegale,nomUsageUniteLegale,denominationUniteLegale,categorieJuridiqueUniteLegale,activitePrincipaleUniteLegale
356000000,O,,,,53,2026-10-01T00:00:00,GE,A,,,LA POSTE,5510,53.10Z
111111118,P,,[ND],[ND],NN,2026-10-01T00:00:00,PME,A,[ND],[ND],[ND],1000,62.01Z
222222226,O,,CAMILLE,,NN,2026-10-01T00:00:00,PME,C,EXEMPLE,,,1000,43.21A
`

func read(t *testing.T, text string, keys ...uint64) (map[uint64]Row, Stats) {
	t.Helper()
	got := map[uint64]Row{}
	stats, err := Read(strings.NewReader(text), func(_ Kind, k uint64) bool {
		for _, key := range keys {
			if key == k {
				return true
			}
		}
		return false
	}, func(r Row) error { got[r.Key] = r; return nil })
	if err != nil {
		t.Fatal(err)
	}
	return got, stats
}

func TestReadKeepsWhatIsAskedFor(t *testing.T) {
	got, stats := read(t, establishments, 35600000000048, 11111111800016, 22222222600014)
	want := map[uint64]Row{
		35600000000048: {Key: 35600000000048, Name: "LA POSTE", Commune: "75115", Size: "52", Activity: "53.10Z"},
		11111111800016: {Key: 11111111800016, Activity: "62.01Z", Withheld: true},
		22222222600014: {Key: 22222222600014, Name: "A, B C", Commune: "35238", Size: "03", Activity: "43.21A", Closed: true},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if want := (Stats{Kind: Establishments, Rows: 4, Kept: 3, Malformed: 1, Newest: "2026-11-01"}); stats != want {
		t.Errorf("stats %+v, want %+v", stats, want)
	}
	got, stats = read(t, units, 356000000, 222222226)
	want = map[uint64]Row{
		356000000: {Key: 356000000, Name: "LA POSTE", Size: "53", Category: "GE", Activity: "53.10Z", Legal: "5510"},
		222222226: {Key: 222222226, Name: "CAMILLE EXEMPLE", Category: "PME", Activity: "43.21A", Legal: "1000", Closed: true},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if stats.Rows != 3 || stats.Kept != 2 {
		t.Errorf("stats %+v", stats)
	}
}

func TestTheOrderOfColumnsDoesNotMatter(t *testing.T) {
	text := "\uFEFFdenominationUniteLegale;etatAdministratifUniteLegale;statutDiffusionUniteLegale;dateDernierTraitementUniteLegale;siren\r\n" +
		"\"L'ATELIER; SARL\";A;O;2026-05-01T00:00:00;356000000\r\n"
	got, stats := read(t, text, 356000000)
	if got[356000000].Name != "L'ATELIER; SARL" || stats.Newest != "2026-05-01" {
		t.Errorf("got %+v, %+v", got, stats)
	}
}

func TestPartialDiffusionShowsNothing(t *testing.T) {
	e, _ := read(t, establishments, 11111111800016)
	u, _ := read(t, units, 111111118)
	est, unit := e[11111111800016], u[111111118]
	for _, f := range []struct{ e, u *Row }{{&est, &unit}, {&est, nil}, {nil, &unit}, {&Row{Name: "SECRET", Commune: "35238"}, &unit}} {
		got, ok := Join(f.e, f.u)
		if !ok || !got.Withheld || got.Name != "" || got.Commune != "" {
			t.Errorf("shown: %+v", got)
		}
	}
	var out bytes.Buffer
	if err := WriteTable(&out, Source{}, []Row{est, unit}); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(out.String(), "SECRET") || strings.Contains(out.String(), "35238") || strings.Contains(out.String(), "ND") {
		t.Errorf("kept: %s", out.String())
	}
}

func TestNoStockFile(t *testing.T) {
	for _, text := range []string{"", "a,b,c\n1,2,3\n", "siren,statutDiffusionEtablissement\n", "siren,statutDiffusionUniteLegale\n", strings.Repeat("x", 3<<20)} {
		if _, err := Read(strings.NewReader(text), func(Kind, uint64) bool { return true }, func(Row) error { return nil }); err == nil {
			t.Errorf("%.40q is taken for a stock file", text)
		}
	}
	_, err := Read(strings.NewReader(units[:strings.Index(units, "\n")+1]+strings.Repeat("9", 2<<20)+"\n"+"356000000,O,,,,53,2026-10-01T00:00:00,GE,A,,,LA POSTE,5510,53.10Z"),
		func(Kind, uint64) bool { return true }, func(r Row) error {
			if r.Name != "LA POSTE" {
				return errors.New("another row")
			}
			return nil
		})
	if err != nil {
		t.Errorf("a row that is too long: %v", err)
	}
}

func TestTheTableReadsBack(t *testing.T) {
	rows := []Row{
		{Key: 22222222600014, Name: "A\tB\nC", Commune: "35238", Closed: true}, {Key: 5, Withheld: true, Size: "01"}, {Key: 5, Name: "again"},
	}
	src := Source{Stats: Stats{Kind: Units, Rows: 3, Kept: 2, Newest: "2026-01-01"}, File: "x.csv", Imported: time.Unix(1e9, 0).UTC(), Met: 7}
	var out bytes.Buffer
	if err := WriteTable(&out, src, rows); err != nil {
		t.Fatal(err)
	}
	tab, err := ReadTable(out.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(src, tab.Source); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(&Row{Key: 22222222600014, Name: "A B C", Commune: "35238", Closed: true}, tab.Row(22222222600014)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(&Row{Key: 5, Withheld: true, Size: "01"}, tab.Row(5)); diff != "" {
		t.Error(diff)
	}
	if tab.Len() != 2 || tab.Row(6) != nil || (*Table)(nil).Row(6) != nil {
		t.Error("rows that are not there")
	}
	for cut := range out.Len() {
		if got, err := ReadTable(out.Bytes()[:cut]); err == nil && got.Len() == tab.Len() {
			t.Errorf("cut after %d bytes it is whole", cut)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(establishments))
	f.Add([]byte(units))
	f.Add([]byte(units + units[strings.IndexByte(units, '\n')+1:])) // each row twice
	f.Add([]byte("siren,statutDiffusionUniteLegale,etatAdministratifUniteLegale,dateDernierTraitementUniteLegale\n\"\"\"1,\"\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		var rows []Row
		stats, err := Read(bytes.NewReader(text), func(Kind, uint64) bool { return true }, func(r Row) error {
			if r.Withheld && (r.Name != "" || r.Commune != "") {
				t.Fatalf("shown: %+v", r)
			}
			rows = append(rows, r)
			return nil
		})
		if err != nil {
			return
		}
		if stats.Kept != len(rows) || stats.Kept+stats.Malformed > stats.Rows {
			t.Fatalf("%+v of %d", stats, len(rows))
		}
		var out bytes.Buffer
		if err := WriteTable(&out, Source{}, rows); err != nil {
			t.Fatal(err)
		}
		tab, err := ReadTable(out.Bytes())
		if err != nil {
			t.Fatalf("%v: %q", err, out.String())
		}
		for _, r := range rows {
			if tab.Row(r.Key) == nil {
				t.Fatalf("%d is gone", r.Key)
			}
		}
	})
}

func FuzzReadTable(f *testing.F) {
	f.Add([]byte(magic + "\n{}\n5\ta\tb\tc\td\te\tf\tW\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		tab, err := ReadTable(text)
		if err != nil {
			return
		}
		for _, k := range tab.keys {
			if tab.Row(k) == nil {
				t.Fatal("a row that is not there")
			}
		}
	})
}

// BenchmarkRead reads rows as long as real ones, one in 200 of them asked for.
func BenchmarkRead(b *testing.B) {
	var text strings.Builder
	head, _, _ := strings.Cut(establishments, "\n")
	text.WriteString(head + "\n")
	const n = 100_000
	wanted := map[uint64]struct{}{}
	for i := range n {
		siret := 35_600_000_000_000 + uint64(i)*137
		if i%200 == 0 {
			wanted[siret] = struct{}{}
		}
		fmt.Fprintf(&text, "%09d,%05d,%014d,O,2000-01-01,03,2023,,2026-01-02T08:00:00,true,1,BATIMENT C,DE LA REPUBLIQUE,35000,RENNES,35238,2010-01-01,A,,ATELIER %d,43.21A,NAFRev2\n", siret/nicFactor, siret%nicFactor, siret, i)
	}
	b.SetBytes(int64(text.Len()))
	b.ResetTimer()
	for b.Loop() {
		stats, err := Read(strings.NewReader(text.String()), func(_ Kind, k uint64) bool { _, ok := wanted[k]; return ok }, func(Row) error { return nil })
		if err != nil || stats.Kept != n/200 {
			b.Fatalf("%+v, %v", stats, err)
		}
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
