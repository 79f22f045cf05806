package firms

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/rs/zerolog"

	"maillon/catalog/sirene"
	"maillon/node/tables"
)

const (
	units = "siren,statutDiffusionUniteLegale,dateDernierTraitementUniteLegale,etatAdministratifUniteLegale,categorieEntreprise,denominationUniteLegale,trancheEffectifsUniteLegale\n" +
		"356000000,O,2026-10-01T00:00:00,A,GE,LA POSTE,53\n552100554,O,2026-11-01T00:00:00,A,GE,AUTRE,53\n111111118,P,2026-10-01T00:00:00,A,PME,[ND],NN\n"
	establishments = "siret,statutDiffusionEtablissement,dateDernierTraitementEtablissement,etatAdministratifEtablissement,codeCommuneEtablissement,activitePrincipaleEtablissement\n" +
		"35600000000048,O,2026-10-02T00:00:00,A,75115,53.10Z\n11111111800019,P,2026-10-02T00:00:00,A,35238,62.01Z\n"
)

var met = []string{"35600000000048", "11111111800019", "21350238800019", "not a number"}

func write(t *testing.T, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func gzipped(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func zipped(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, text := range files {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestImportAndAsk(t *testing.T) {
	dir, now := filepath.Join(t.TempDir(), "sirene"), time.Date(2026, 11, 25, 8, 0, 0, 0, time.UTC)
	f := Open(dir, zerolog.Nop(), func() time.Time { return now })
	if _, ok := f.Firm("35600000000048"); ok || len(f.Sources()) != 0 {
		t.Fatal("an empty folder knows something")
	}
	now = now.Add(time.Minute)
	src, err := Import(t.Context(), dir, write(t, "StockUniteLegale_utf8.csv.gz", gzipped(t, units)), met, now)
	if err != nil {
		t.Fatal(err)
	}
	if src.Kind != sirene.Units || src.Rows != 3 || src.Kept != 2 || src.Met != 3 || src.Newest != "2026-10-01" {
		t.Errorf("import says %+v", src)
	}
	firm, ok := f.Firm("35600000000048")
	if !ok || firm.Name != "LA POSTE" || firm.Commune != "" || firm.Category != "GE" {
		t.Errorf("with units alone: %+v", firm)
	}
	before := f.Revision()
	now = now.Add(time.Minute)
	if _, err := Import(t.Context(), dir, write(t, "e.zip", zipped(t, map[string]string{"StockEtablissement_utf8.csv": establishments, "lisez-moi.txt": "x"})), met, now); err != nil {
		t.Fatal(err)
	}
	if firm, _ = f.Firm("35600000000048"); firm.Name != "LA POSTE" || firm.Commune != "75115" || firm.Activity != "53.10Z" {
		t.Errorf("with both: %+v", firm)
	}
	if f.Revision() == before || len(f.Sources()) != 2 || Age(f.Sources()) != "2026-10-02" {
		t.Errorf("sources %+v", f.Sources())
	}
	if firm, ok := f.Firm("11111111800019"); !ok || !firm.Withheld || firm.Name != "" || firm.Commune != "" {
		t.Errorf("of partial diffusion: %+v", firm)
	}
	got := f.RateOf(map[string]int{"35600000000048": 5, "11111111800019": 2, "21350238800019": 1, "12345678901234": 1})
	if want := (Rate{Met: 4, Known: 2, Withheld: 1, Invalid: 1, Mentions: 9, Named: 5}); got != want {
		t.Errorf("rate %+v, want %+v", got, want)
	}
}

func TestWhatFailsLeavesTheTableOfBefore(t *testing.T) {
	dir, now := t.TempDir(), time.Now()
	if _, err := Import(t.Context(), dir, write(t, "u.csv", []byte(units)), met, now); err != nil {
		t.Fatal(err)
	}
	whole := gzipped(t, units+strings.Repeat("356000000,O,2026-10-01T00:00:00,A,GE,LA POSTE,53\n", 5000))
	for name, content := range map[string][]byte{
		"cut.csv.gz": whole[:len(whole)/2], "other.csv": []byte("a,b\n1,2\n"), "two.zip": zipped(t, map[string]string{"a.csv": units, "b.csv": units}), "none.zip": zipped(t, map[string]string{"a.txt": units}),
	} {
		if _, err := Import(t.Context(), dir, write(t, name, content), nil, now); err == nil {
			t.Errorf("%s: imported", name)
		}
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Import(gone, dir, write(t, "u.csv", []byte(units)), nil, now); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end: %v", err)
	}
	if firm, ok := Open(dir, zerolog.Nop(), time.Now).Firm("35600000000048"); !ok || firm.Name != "LA POSTE" {
		t.Errorf("the table of before is gone: %+v", firm)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 1 {
		t.Errorf("left in the folder: %v, %v", left, err)
	}
	if err := os.WriteFile(tables.File(dir, sirene.Units), []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, ok := Open(dir, zerolog.Nop(), time.Now).Firm("35600000000048"); ok {
		t.Error("a damaged table answers")
	}
}
