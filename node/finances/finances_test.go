package finances

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"maillon/catalog/scdl"
	"maillon/node/tables"
)

const (
	rennes = "21350238800019"
	budget = "BGT_NATDEC,BGT_ANNEE,BGT_SIRET,BGT_NATURE,BGT_SECTION,BGT_OPBUDG,BGT_CODRD,BGT_MTREAL\ncompte administratif,2025," + rennes + ",6042,fonctionnement,réel,dépense,100\n"
	grants = "idAttribuant,dateConvention,nomBeneficiaire,idBeneficiaire,montant\n" + rennes + ",2025-01-02,La Poste,35600000000048,10\n"
)

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "f.csv")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestImportAndAsk(t *testing.T) {
	dir, now := filepath.Join(t.TempDir(), "scdl"), time.Date(2026, 11, 26, 8, 0, 0, 0, time.UTC)
	f := Open(dir, zerolog.Nop(), func() time.Time { return now })
	if len(f.Budgets(rennes))+len(f.Sources()) != 0 {
		t.Fatal("an empty folder knows something")
	}
	for _, text := range []string{budget, grants} {
		if _, err := Import(t.Context(), dir, write(t, text), false, now); err != nil {
			t.Fatal(err)
		}
	}
	now = now.Add(time.Minute)
	if b := f.Budgets(rennes); len(b) != 1 || b[0].Purchases != 100 || len(f.Given(rennes)) != 1 || len(f.Received("35600000000048")) != 1 || len(f.Sources()) != 2 {
		t.Errorf("%+v %+v", b, f.Sources())
	}
	if got := f.Bodies("213502388"); len(got) != 1 || got[0] != rennes {
		t.Errorf("bodies %v", got)
	}
	// What fails leaves the table of before.
	_, err := Import(t.Context(), dir, write(t, strings.Replace(budget, "100", "cent", 1)), false, now)
	if p, ok := errors.AsType[*scdl.Problems](err); !ok || p.Lines != 1 {
		t.Errorf("a wrong amount: %v", err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Import(gone, dir, write(t, budget), false, now); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end: %v", err)
	}
	now = now.Add(time.Minute)
	if b := f.Budgets(rennes); len(b) != 1 || b[0].Purchases != 100 {
		t.Errorf("the table of before is gone: %+v", b)
	}
	if err := os.WriteFile(tables.File(dir, scdl.Budgets), []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	now = now.Add(time.Minute)
	if len(f.Budgets(rennes)) != 0 || len(f.Given(rennes)) != 1 {
		t.Error("a damaged table answers")
	}
	if _, err := Import(t.Context(), dir, write(t, budget), false, now); !errors.Is(err, scdl.ErrTable) {
		t.Errorf("a damaged table is written over: %v", err)
	}
	var none *Folder
	if none.Budgets(rennes) != nil {
		t.Error("nothing knows something")
	}
}
