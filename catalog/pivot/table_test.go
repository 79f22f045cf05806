package pivot

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"maillon/catalog"
)

// tableItems reads a table and gives its elements.
func tableItems(t *testing.T, file string) ([]Item, *Reader) {
	t.Helper()
	r := NewReader(strings.NewReader(file), Limits{})
	var items []Item
	for item, err := range r.Items() {
		if err != nil {
			t.Fatal(err)
		}
		items = append(items, item)
	}
	return items, r
}

const tableHead = "id;acheteur_id;acheteur_nom;objet;montant;dateNotification;titulaire_id;titulaire_typeIdentifiant;titulaire_denominationSociale\n"

func TestTablesAreDetected(t *testing.T) {
	row := []string{"2024-1", "21350238800019", "Ville", "Travaux; lot 1", "61250", "2024-01-02", "81223113200026", "SIRET", "Atlas"}
	for name, c := range map[string]struct{ comma, before string }{
		"semicolons":                  {";", ""},
		"commas":                      {",", ""},
		"tabs":                        {"\t", ""},
		"bars":                        {"|", ""},
		"a byte order mark":           {";", "\ufeff"},
		"a title above the header":    {";", "Marchés de la ville;;;\n;;;\n"},
		"empty lines above the table": {",", "\n\n"},
	} {
		t.Run(name, func(t *testing.T) {
			line := strings.Join([]string{row[0], row[1], row[2], `"` + row[3] + `"`, row[4], row[5], row[6], row[7], row[8]}, c.comma)
			items, r := tableItems(t, c.before+strings.ReplaceAll(tableHead, ";", c.comma)+line+"\r\n")
			if len(items) != 1 || len(items[0].Problems) > 0 {
				t.Fatalf("got %+v", items)
			}
			rec := items[0].Record
			if rec.Form != Table || rec.Buyer != row[1] || rec.ID != row[0] || r.Layout() != "csv" || len(r.Warnings()) > 0 {
				t.Errorf("got %+v, %s, %v", rec, r.Layout(), r.Warnings())
			}
			got, repairs := Normalise(rec)
			amount := 61250.0
			want := Contract{
				Kind: Marche, Generation: Gen2, ID: row[0], Buyer: Buyer{row[1], row[2]}, Object: row[3], Amount: &amount, Notified: row[5],
				Suppliers: []Supplier{{"SIRET", row[6], row[8]}},
			}
			if diff := cmp.Diff(want, got); diff != "" || len(repairs) > 0 {
				t.Error(diff, repairs)
			}
		})
	}
}

// Lines in a row with one buyer and id are one contract: here of two suppliers
// with two modifications.
func TestLinesOfOneContractComeTogether(t *testing.T) {
	items, _ := tableItems(t, `id;acheteur_id;objet;montant;dateNotification;titulaire_id;titulaire_typeIdentifiant;idModification;montantModification
1;21350238800019;Travaux;100000;2024-01-02;81223113200026;SIRET;;
1;21350238800019;Travaux;100000;2024-01-02;35600000000048;SIRET;1;110000
1;21350238800019;Travaux;100000;2024-01-02;81223113200026;SIRET;2;120000
2;21350238800019;Autre;5;2024-01-02;81223113200026;SIRET;;
`)
	if len(items) != 2 || items[1].Record.ID != "2" || items[1].Record.Line != 5 {
		t.Fatalf("got %d records: %+v", len(items), items)
	}
	c, _ := Normalise(items[0].Record)
	if len(c.Suppliers) != 2 || len(c.Modifications) != 2 || *c.Modifications[1].ID != 2 || *c.Modifications[1].Amount != 120000 {
		t.Errorf("got %+v", c)
	}
}

// A table is written by people and their spreadsheets. What is meant is read and
// said; what cannot be read is judged as written.
func TestCellsAreReadAsPeopleWriteThem(t *testing.T) {
	for name, c := range map[string]struct {
		sort tableSort
		cell string
		want string
		bare bool
		rule string
	}{
		"a French amount":                  {tableNumber, "14\u00a0700,50", "14700.5", true, "repair-number-string"},
		"euros":                            {tableNumber, "1 200 €", "1200", true, "repair-number-string"},
		"a number of a data frame":         {tableNumber, "45155.0", "45155", true, ""},
		"a whole number":                   {tableNumber, "12", "12", true, ""},
		"both marks":                       {tableNumber, "1.234,50", "1.234,50", false, ""},
		"words":                            {tableNumber, "environ 10", "environ 10", false, ""},
		"a day":                            {tableDay, "2024-01-02", "2024-01-02", false, ""},
		"a French day":                     {tableDay, "2/1/2024", "2024-01-02", false, "repair-date"},
		"a day and an hour":                {tableDay, "2024-01-02 00:00:00", "2024-01-02", false, "repair-date-time"},
		"a day as spreadsheets count":      {tableDay, "45293", "2024-01-02", false, "repair-date"},
		"a day that is none":               {tableDay, "janvier 2024", "janvier 2024", false, ""},
		"oui":                              {tableFlag, "Oui", "true", true, "repair-boolean"},
		"True":                             {tableFlag, "True", "true", true, ""},
		"peut-être":                        {tableFlag, "peut-être", "peut-être", false, ""},
		"a SIRET in groups":                {tableID, "213 502 388 00019", "21350238800019", false, "repair-space"},
		"a SIRET in a spreadsheet":         {tableID, "2.1350238800019E+13", "21350238800019", false, "repair-number-string"},
		"a SIRET in a data frame":          {tableID, "21350238800019.0", "21350238800019", false, "repair-number-string"},
		"a SIRET that lost its first zero": {tableID, "5720784700039", "05720784700039", false, "repair-zero"},
		"thirteen digits that are none":    {tableID, "5720784700038", "5720784700038", false, ""},
		"a VAT number":                     {tableID, "BE 0123.456.789", "BE 0123.456.789", false, ""},
		"not given, says the ministry":     {tableText, "CDL", "", false, "repair-nc"},
		"nothing":                          {tableText, "  ", "", false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, bare, rule := tableCell{text: c.cell, sort: c.sort}.value()
			if got != c.want || bare != c.bare || rule != c.rule {
				t.Errorf("%q is %q (bare %v) by %q, want %q (%v) by %q", c.cell, got, bare, rule, c.want, c.bare, c.rule)
			}
		})
	}
	for cell, want := range map[string][]string{
		"Tranches|Bons de commande":   {"Tranches", "Bons de commande"},
		"Tranches, Bons de commande":  {"Tranches", "Bons de commande"},
		`['Tranches', "Bon d'achat"]`: {"Tranches", "Bon d'achat"},
		"['MQ']":                      nil,
		"['":                          {"['"},
		"[']":                         nil,
	} {
		if diff := cmp.Diff(want, tableCell{text: cell, sort: tableWords}.words()); diff != "" {
			t.Errorf("%s: %s", cell, diff)
		}
	}
}

// A line that cannot be read loses no other.
func TestABadLineOfATableLosesNoOther(t *testing.T) {
	items, _ := tableItems(t, tableHead+
		"1;21350238800019;Ville;Un;1;2024-01-02;;;\n"+
		"2;;Ville;Sans acheteur;1;2024-01-02;;;\n"+
		";21350238800019;Ville;Sans id;1;2024-01-02;;;\n"+
		"4;21350238800019;Ville;\"Quatre\nlignes \"\"dites\"\" 4\";1;2024-01-02;;;\n"+
		"5;21350238800019;Ville;\"jamais fermé;1;2024-01-02;;;\n"+
		"6;21350238800019;Ville;Six;1;2024-01-02;;;;encore;là")
	var said []string
	for _, item := range items {
		s := item.Record.ID
		for _, p := range item.Problems {
			s += " " + p.Rule
		}
		said = append(said, s)
	}
	if diff := cmp.Diff([]string{"1", "2 no-buyer", " no-id", "4", " table-quote", "6"}, said); diff != "" {
		t.Error(diff)
	}
	four, _ := Normalise(items[3].Record)
	six, _ := Normalise(items[5].Record)
	if four.Object != "Quatre\nlignes \"dites\" 4" || string(six.Extra["colonne 11"]) != `"là"` {
		t.Errorf("got %q and %v", four.Object, six.Extra)
	}
}

func TestWhatIsNoTableIsSaidSo(t *testing.T) {
	for name, file := range map[string]string{
		"a text":                  "Bonjour, voici nos marchés\n",
		"a table of other things": "nom;prenom;age\nA;B;3\n",
		"an archive":              "PK\x03\x04rien de tel",
		"numbers":                 "1;2;3\n",
	} {
		t.Run(name, func(t *testing.T) {
			for item, err := range NewReader(strings.NewReader(file), Limits{}).Items() {
				if err == nil {
					t.Errorf("got %+v", item)
				}
			}
		})
	}
}

// What is in a workbook is what is in the same table as CSV.
func TestWorkbooksAreTables(t *testing.T) {
	book := excelize.NewFile()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err := book.NewSheet("Lisez-moi")
	must(err)
	_, err = book.NewSheet("Marchés")
	must(err)
	must(book.SetSheetRow("Lisez-moi", "A1", &[]any{"Ce classeur", "est", "vide"}))
	must(book.SetSheetRow("Marchés", "B2", &[]any{"id", "acheteur_id", "objet", "montant", "dateNotification", "titulaire_id"}))
	must(book.SetSheetRow("Marchés", "B3", &[]any{"2024-1", 21350238800019, "Travaux", 61250.5, 45293, "81223113200026"}))
	var b bytes.Buffer
	must(book.Write(&b))
	items, r := tableItems(t, b.String())
	if len(items) != 1 || r.Layout() != "xlsx" || items[0].Record.Line != 3 {
		t.Fatalf("got %+v %s", items, r.Layout())
	}
	c, _ := Normalise(items[0].Record)
	if c.Buyer.ID != "21350238800019" || *c.Amount != 61250.5 || c.Notified != "2024-01-02" || c.Suppliers[0] != (Supplier{IDType: "SIRET", ID: "81223113200026"}) {
		t.Errorf("got %+v", c)
	}
}

// The tables that people exchange: every line is read, no contract is lost.
func TestRealTables(t *testing.T) {
	root := os.Getenv("MAILLON_CONFORMANCE")
	if root == "" {
		t.Skip("MAILLON_CONFORMANCE is not set: no real tables")
	}
	for name, want := range map[string]struct{ records, conforming int }{
		"decp-augmente-2022.csv":           {9, 2},
		"data-economie-2024H2-cpv4521.csv": {7060, 0}, // has no objet
		"rendu-compte_76a44f23.csv":        {191, 0},
		"rendu-compte_fafbc9bd.csv":        {723, 0},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := os.Open(filepath.Join(root, "pivot", "tabular", name))
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			records, conforming, named := 0, 0, 0
			for c, err := range NewReader(f, Limits{}).Check(Checking{}) {
				if err != nil {
					t.Fatal(err)
				}
				if c.Verdict.State == Refused {
					t.Errorf("line %d: %v", c.Record.Line, c.Verdict.Problems)
				}
				records++
				if c.Verdict.State == Conforming {
					conforming++
				}
				if contract, _ := Normalise(c.Record); len(contract.Suppliers) > 0 && contract.Amount != nil {
					named++
				}
			}
			if records != want.records || conforming != want.conforming || named < records*9/10 {
				t.Errorf("%d records, %d conforming, %d with supplier and amount; want %d, %d", records, conforming, named, want.records, want.conforming)
			}
		})
	}
}

// The CSV that WriteCSV writes reads back as the same contracts, but for what it
// only counts.
func TestTheFlatTableReadsBack(t *testing.T) {
	var contracts []Contract
	for _, raw := range []string{goodNested, goodFlat} {
		form := Nested
		if raw == goodFlat {
			form = Flat
		}
		c, _ := Normalise(Record{Kind: Marche, Form: form, Raw: []byte(raw)})
		contracts = append(contracts, c)
	}
	c, _ := Normalise(Record{Kind: Concession, Form: Nested, Raw: []byte(goodConcession)})
	contracts = append(contracts, c)
	var b bytes.Buffer
	if err := WriteCSV(&b, slices.Values(contracts)); err != nil {
		t.Fatal(err)
	}
	items, _ := tableItems(t, b.String())
	var got []Contract
	for _, item := range items {
		c, _ := Normalise(item.Record)
		got = append(got, c)
	}
	if diff := cmp.Diff(contracts, got); diff != "" {
		t.Error(diff)
	}
	for _, item := range items {
		if v := Judge(item.Record); v.Problems.Errors() > 0 {
			t.Errorf("%s: %v", item.Record.ID, v.Problems)
		}
	}
}

func FuzzTable(f *testing.F) {
	f.Add([]byte(tableHead + "1;2;3;4;5;6;7;8;9\n"))
	f.Add([]byte("\ufeff" + tableHead + "\"1\";\"2\"\"\";'=3\n\"x"))
	f.Add([]byte("id|acheteur_id|titulaire_id_2|typesPrix\n1|2|3|['a', \"b\"\n\xe9|||"))
	f.Fuzz(func(t *testing.T, file []byte) {
		lim := Limits{Record: 1 << 12}
		for item, err := range NewReader(bytes.NewReader(file), lim).Items() {
			if err != nil || len(item.Problems) > 0 || item.Record.Form != Table {
				continue
			}
			rec := item.Record
			if rec.Buyer == "" || rec.ID == "" || len(rec.Raw) > lim.Record {
				t.Fatalf("%+v is no record", rec)
			}
			if problems := judgeRead(new(jsonTape), rec.Raw); problems != nil {
				t.Fatalf("%s is no JSON: %v", rec.Raw, problems)
			}
			if v := Judge(rec); slices.ContainsFunc(v.Problems, func(p catalog.Problem) bool { return p.Rule == ruleJSONSyntax || p.Rule == ruleDuplicateKey }) {
				t.Fatalf("%s: %v", rec.Raw, v.Problems)
			}
			Normalise(rec)
		}
	})
}
