package scdl

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const (
	rennes  = "21350238800019"
	other   = "35600000000048"
	heading = "BGT_NATDEC;BGT_ANNEE;BGT_SIRET;BGT_NOM;BGT_CONTNAT;BGT_CONTNAT_LABEL;BGT_NATURE;BGT_NATURE_LABEL;BGT_SECTION;BGT_OPBUDG;BGT_CODRD;BGT_MTREAL;BGT_MTPREV\n"
	budget  = heading +
		"compte administratif;2025;" + rennes + ";VILLE;011;x;6042;x;fonctionnement;réel;dépense;1000,50;\n" +
		"Compte Administratif;2025;" + rennes + ";VILLE;012;x;6411;x;fonctionnement;réel;dépense;5000;\n" +
		"compte administratif;2025;" + rennes + ";VILLE;21;x;2183;x;investissement;réel;dépense;2 000.25;\n" +
		"compte administratif;2025;" + rennes + ";VILLE;042;x;6811;x;fonctionnement;ordre;dépense;900;\n" +
		"compte administratif;2025;" + rennes + ";VILLE;73;x;73111;x;fonctionnement;réel;recette;9000;\n" +
		"budget primitif;2026;" + rennes + ";VILLE;011;x;6042;x;fonctionnement;réel;dépense;;1200\n" +
		"décision modificative;2026;" + rennes + ";VILLE;011;x;6042;x;fonctionnement;réel;dépense;;7\n"
	granted = "nomAttribuant,idAttribuant,dateConvention,referenceDecision,nomBeneficiaire,idBeneficiaire,rnaBeneficiaire,objet,montant,nature,conditionsVersement,datesPeriodeVersement,notificationUE,pourcentageSubvention\n" +
		"Rennes," + rennes + ",2025-06-27,D1,La Poste," + other + ",,\"Aide, à \"\"tous\"\"\",1000,aide en numéraire,unique,2025-07-01,non,0.4\n" +
		"Rennes," + rennes + ",2025-06-27,D1,Les Amis,,W353000001,x,1000,aide en numéraire,unique,2025-07-01,non,0.6\n" +
		"Rennes," + rennes + ",27/06/2025,D2,Les Amis,,W353000001,x,300.5,aide en numéraire,unique,2025-07-01,non,1\n" +
		"Rennes," + rennes + ",2025-06-27,D3,Jeanne Untel,,,x,50,aide en numéraire,unique,2025-07-01,non,\n"
)

func read(t *testing.T, text string) Content {
	t.Helper()
	c, err := Read(strings.NewReader(text), false)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestBudgetsAreAddedUp(t *testing.T) {
	c := read(t, "\xef\xbb\xbf"+budget)
	want := []Budget{
		{SIRET: rennes, Year: 2025, Stage: Realised, Name: "VILLE", Operating: 6000.5, Investment: 2000.25, Purchases: 3000.75, Income: 9000, Lines: 5},
		{SIRET: rennes, Year: 2026, Stage: Voted, Name: "VILLE", Operating: 1200, Purchases: 1200, Lines: 1},
	}
	if diff := cmp.Diff(want, c.Budgets); diff != "" || c.Lines != 7 || c.Others != 1 || c.Kind != Budgets {
		t.Errorf("%d lines, %d others: %s", c.Lines, c.Others, diff)
	}
}

func TestGrantsAreAddedUpAndPersonsAreNotNamed(t *testing.T) {
	c := read(t, granted)
	want := []Grant{
		{Giver: rennes, GiverName: "Rennes", Year: 2025, N: 1, Amount: 50},
		{Giver: rennes, GiverName: "Rennes", Beneficiary: other, Name: "La Poste", Year: 2025, N: 1, Amount: 400},
		{Giver: rennes, GiverName: "Rennes", Beneficiary: "W353000001", Name: "Les Amis", Year: 2025, N: 2, Amount: 900.5},
	}
	if diff := cmp.Diff(want, c.Grants); diff != "" {
		t.Error(diff)
	}
	// In version 1 each line had its own amount beside its share.
	c = read(t, strings.Replace(strings.Replace(granted, ",1000,", ",400,", 1), ",1000,", ",600,", 1))
	if c.Grants[1].Amount != 400 || math.Abs(c.Grants[2].Amount-900.5) > 0.001 {
		t.Errorf("amounts that are shares already: %+v", c.Grants)
	}
}

func TestWhatCannotBeReadIsToldWithItsPlace(t *testing.T) {
	for name, one := range map[string]struct{ text, want string }{
		"a SIRET of a spreadsheet": {strings.Replace(budget, rennes, "2,13502E+13", 1), `line 2, column 3 (BGT_SIRET): "2,13502E+13", want a SIRET`},
		"no amount":                {strings.Replace(granted, ",300.5,", ",,", 1), `line 4, column 9 (montant): empty, want a number such as 47800.20`},
		"a stage":                  {strings.Replace(budget, "compte administratif", "CA", 1), `line 2, column 1 (BGT_NATDEC): "CA", want budget primitif`},
		"a year":                   {strings.Replace(budget, ";2025;", ";25;", 1), `line 2, column 2 (BGT_ANNEE): "25", want a year such as 2025`},
		"a date":                   {strings.Replace(granted, "27/06/2025", "juin", 1), `line 4, column 3 (dateConvention): "juin", want a date`},
		"infinity":                 {strings.Replace(budget, "5000", "Inf", 1), `line 3, column 12 (BGT_MTREAL): "Inf", want a number`},
		"Latin-1":                  {strings.Replace(granted, "Jeanne", "Andr\xe9", 1), `line 5, column 5 (nomBeneficiaire): "Andr` + "�" + ` Untel", want UTF-8`},
		"a column":                 {strings.Replace(budget, "BGT_CODRD", "SENS", 1), "line 1: the file (budget) has no column BGT_CODRD"},
		"another file":             {"a;b\n1;2\n", "neither a budget nor grants"},
		"nothing":                  {"", "neither a budget nor grants"},
		"a share":                  {strings.Replace(granted, ",0.4\n", ",400\n", 1), `"400", want a part from 0.01 to 1`},
		"a quote":                  {heading + `compte administratif;2025;"` + strings.Repeat("x", 3<<20), "is a quote not closed?"},
	} {
		if _, err := Read(strings.NewReader(one.text), false); err == nil || !strings.Contains(err.Error(), one.want) {
			t.Errorf("%s: %.200v, want %s", name, err, one.want)
		}
	}
	bad := strings.Replace(granted, ",300.5,", ",,", 1)
	_, err := Read(strings.NewReader(bad), false)
	if p, ok := errors.AsType[*Problems](err); !ok || p.Lines != 1 || len(p.First) != 1 {
		t.Errorf("problems: %v", err)
	}
	if c, err := Read(strings.NewReader(bad), true); err != nil || c.Left != 1 || len(c.Grants) != 3 {
		t.Errorf("without it: %+v, %v", c, err)
	}
}

func TestATableIsReadBackAndMerged(t *testing.T) {
	at := time.Date(2026, 11, 26, 1, 0, 0, 0, time.UTC)
	table := &Table{}
	table.Merge(read(t, budget), Source{Kind: Budgets, File: "a.csv", Imported: at, Lines: 7})
	table.Merge(read(t, strings.Replace(heading, "\n", "\ncompte administratif;2025;"+rennes+";VILLE;011;x;6042;x;fonctionnement;réel;dépense;10;\n", 1)), Source{Kind: Budgets, File: "b.csv", Imported: at})
	if len(table.Budgets) != 2 || table.Budgets[0].Operating != 10 || table.Budgets[1].Year != 2026 || len(table.Sources) != 2 {
		t.Errorf("merged: %+v", table)
	}
	gifts := &Table{}
	gifts.Merge(read(t, granted), Source{Kind: Grants, File: "c.csv", Imported: at})
	for _, one := range []*Table{table, gifts} {
		var b bytes.Buffer
		if err := one.Write(&b); err != nil {
			t.Fatal(err)
		}
		back, err := ReadTable(b.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(one, back); diff != "" {
			t.Error(diff)
		}
		for _, bad := range []string{"", "maillon scdl 1 x\n[]\n", b.String()[:b.Len()-3], strings.Replace(b.String(), "\t2025\t", "\t\t", 1), strings.Replace(b.String(), "[", "{", 1)} {
			if _, err := ReadTable([]byte(bad)); !errors.Is(err, ErrTable) {
				t.Errorf("%.40q: %v", bad, err)
			}
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, seed := range []string{budget, granted, "BGT_SIRET\n", heading + `"`, "idAttribuant,montant,dateConvention\n,,\n\n\"a\"b,c\n"} {
		f.Add([]byte(seed), true)
		f.Add([]byte(seed), false)
	}
	f.Fuzz(func(t *testing.T, raw []byte, skip bool) {
		c, err := Read(bytes.NewReader(raw), skip)
		if err != nil {
			return
		}
		table := &Table{}
		table.Merge(c, Source{Kind: c.Kind})
		var b bytes.Buffer
		if err := table.Write(&b); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadTable(b.Bytes()); err != nil {
			t.Fatalf("what was read cannot be kept: %v\n%s", err, b.String())
		}
	})
}
