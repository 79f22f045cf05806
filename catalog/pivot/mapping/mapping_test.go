package mapping

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"maillon/catalog/pivot"
)

// example reads a worked example of configs/mapping.
func example(t *testing.T, name, export string) []pivot.Checked {
	t.Helper()
	folder := filepath.Join("..", "..", "..", "configs", "mapping")
	f, err := os.Open(filepath.Join(folder, name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	m, err := Parse(f)
	if err != nil {
		t.Fatal(err)
	}
	in, err := os.Open(filepath.Join(folder, export))
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	return readAll(t, m, in)
}

func readAll(t *testing.T, m *Mapping, in interface{ Read([]byte) (int, error) }) []pivot.Checked {
	t.Helper()
	r := m.Reader(in)
	defer r.Close()
	var all []pivot.Checked
	for c, err := range pivot.NewReader(r, pivot.Limits{}).Check(pivot.Checking{Today: time.Date(2024, 6, 1, 0, 0, 0, 0, time.UTC)}) {
		if err != nil {
			t.Fatal(err)
		}
		c.Record.Raw = bytes.Clone(c.Record.Raw)
		all = append(all, c)
	}
	return all
}

// Both worked examples give contracts that the newest version accepts.
func TestTheWorkedExamplesConform(t *testing.T) {
	for export, want := range map[string][]string{
		"comptabilite-csv.csv": {"2024-001 Atlas Toitures", "2024-002 Atlas Papier"},
		"gestion-json.json":    {"2024-17 Atelier Atlas Bureau d’études Atlas"},
	} {
		t.Run(export, func(t *testing.T) {
			var got []string
			for _, c := range example(t, strings.TrimSuffix(export, filepath.Ext(export))+".yaml", export) {
				if c.Verdict.State != pivot.Conforming || c.Verdict.Version != pivot.V204 || len(c.Verdict.Problems) > 0 {
					t.Errorf("%s: %+v", c.Record.ID, c.Verdict)
				}
				contract, _ := pivot.Normalise(c.Record)
				line := contract.ID
				for _, s := range contract.Suppliers {
					line += " " + s.Name
				}
				got = append(got, line)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAMappingThatCannotBeMeantIsRefused(t *testing.T) {
	const good = "fields:\n  id: A\n  acheteur_id: B\n"
	for name, c := range map[string]struct{ text, want string }{
		"a field that is none":       {good + "  prix: C\n", `line 4: no field is called "prix"`},
		"neither column nor value":   {good + "  objet: {join: x}\n", "line 4: objet: give one of column, columns and value"},
		"both column and value":      {good + "  objet: {column: a, value: b}\n", "give one of"},
		"a word that is not known":   {good + "  objet: {colum: a}\n", `line 4: "colum" is not known here`},
		"a part that is not known":   {good + "champs: {}\n", "field champs not found"},
		"no id":                      {"fields:\n  acheteur_id: B\n", "id is missing"},
		"no buyer":                   {"fields:\n  id: B\n", "acheteur_id is missing"},
		"another format":             {good + "format: xml\n", `format "xml": use csv or json`},
		"another encoding":           {good + "encoding: ebcdic\n", "use utf-8 or windows-1252"},
		"a separator of two":         {good + "separator: \";;\"\n", "one character"},
		"no YAML":                    {"fields: [", "line 1"},
		"nothing":                    {"", "EOF"},
		"a supplier has a number":    {good + "  titulaire_id_2: C\n", ""},
		"a text alone is the column": {good, ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse(strings.NewReader(c.text))
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestAnExportThatDoesNotFitSaysWhere(t *testing.T) {
	for name, c := range map[string]struct{ mapping, export, want string }{
		"a column is missing": {"fields: {id: N, acheteur_id: S}", "N;X\n1;2\n", `line 1: no column is called "S": the file has N, X`},
		"an empty file":       {"fields: {id: N, acheteur_id: S}", "", "the file is empty"},
		"a list elsewhere":    {"format: json\nrecords: a.b\nfields: {id: N, acheteur_id: S}", `{"a":{"c":[]}}`, `nothing is called "b"`},
		"no list":             {"format: json\nfields: {id: N, acheteur_id: S}", `{}`, "no list of contracts"},
		"half a JSON":         {"format: json\nfields: {id: N, acheteur_id: S}", `[{"N":1}`, "byte 8"},
		"a quote never ends":  {"fields: {id: N, acheteur_id: S}", "N;S\n\"" + strings.Repeat("x", mostLine+10), "quotation mark"},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := Parse(strings.NewReader(c.mapping))
			if err != nil {
				t.Fatal(err)
			}
			if err := m.Write(new(bytes.Buffer), strings.NewReader(c.export)); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestEncodingsAndSeparatorsAreFound(t *testing.T) {
	m, err := Parse(strings.NewReader("fields:\n  id: Numéro\n  acheteur_id: {value: '21350238800019'}\n  objet: Objet\n"))
	if err != nil {
		t.Fatal(err)
	}
	for name, export := range map[string]string{
		"UTF-8 with commas":        "Numéro,Objet\n1,Été\n",
		"UTF-8 with a mark":        "\ufeffNuméro;Objet\n1;Été\n",
		"windows-1252 with tabs":   "Num\xe9ro\tObjet\r\n1\t\xc9t\xe9\r\n",
		"a quoted line of columns": "\"Numéro\"|\"Objet\"\n1|\"Été\"\n",
	} {
		t.Run(name, func(t *testing.T) {
			all := readAll(t, m, strings.NewReader(export))
			if len(all) != 1 {
				t.Fatalf("got %+v", all)
			}
			if c, _ := pivot.Normalise(all[0].Record); c.ID != "1" || c.Object != "Été" {
				t.Errorf("got %+v", c)
			}
		})
	}
}

func FuzzMapping(f *testing.F) {
	f.Add([]byte("fields: {id: N, acheteur_id: S}"), []byte("N;S\n1;2\n"))
	f.Add([]byte("format: json\nlines: l\nfields: {id: N, acheteur_id: l.S}"), []byte(`[{"N":1,"l":[{"S":"2"}]}]`))
	f.Fuzz(func(t *testing.T, mapping, export []byte) {
		m, err := Parse(bytes.NewReader(mapping))
		if err != nil {
			return
		}
		var b bytes.Buffer
		if m.Write(&b, bytes.NewReader(export)) != nil {
			return
		}
		for _, err := range pivot.NewReader(&b, pivot.Limits{}).Items() {
			if err != nil {
				return
			}
		}
	})
}
