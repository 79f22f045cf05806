package flat

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"

	"maillon/catalog/pivot"
	"maillon/catalog/texts"
)

func sample() pivot.Contract {
	one, two, months, id := 100000.0, 120000.0, 12, 1
	yes := true
	return pivot.Contract{
		Kind: pivot.Marche, Generation: pivot.Gen2, ID: "2024-1", Buyer: pivot.Buyer{ID: "21350238800019", Name: "Ville"}, Object: "=Travaux", CPV: "45000000-7",
		Notified: "2024-01-02", Published: "2024-01-10", Amount: &one, Months: &months, Innovative: &yes, Techniques: []string{"Concours", "Accord-cadre"},
		Suppliers: []pivot.Supplier{{IDType: "SIRET", ID: "81223113200026", Name: "Atlas"}, {IDType: "SIRET", ID: "35600000000048"}},
		Modifications: []pivot.Modification{
			{ID: &id, Notified: "2024-03-01", Published: "2024-03-05", Amount: &two},
			{Notified: "2024-04-01", Suppliers: []pivot.Supplier{{IDType: "TVA", ID: "BE1"}}},
		},
	}
}

// A contract has a line for each state and supplier.
func TestALineForEachStateAndSupplier(t *testing.T) {
	var got []string
	for r := range Rows(sample()) {
		got = append(got, fmt.Sprintf("%d %d %s %v %v", r.ModificationID, r.SupplierRank, *r.SupplierID, *r.Amount, r.Current))
	}
	want := []string{
		"0 1 81223113200026 100000 false", "0 2 35600000000048 100000 false",
		"1 1 81223113200026 120000 false", "1 2 35600000000048 120000 false",
		"2 1 BE1 120000 true",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	n := 0
	for r := range Rows(pivot.Contract{ID: "1"}) {
		if n++; r.SupplierRank != 0 || !r.Current || r.Amount != nil || r.Notified != nil {
			t.Errorf("got %+v", r)
		}
	}
	if n != 1 {
		t.Errorf("a contract without supplier has %d lines", n)
	}
}

// CSV, Parquet and Table Schema have the same columns in the same order.
func TestTheThreeSayTheSameColumns(t *testing.T) {
	var fields []string
	for _, f := range parquet.SchemaOf(Row{}).Fields() {
		fields = append(fields, f.Name())
	}
	if diff := cmp.Diff(Columns(), fields); diff != "" {
		t.Errorf("CSV and Parquet: %s", diff)
	}
	var b bytes.Buffer
	if err := WriteParquet(&b, slices.Values([]pivot.Contract{{}})); err != nil {
		t.Fatal(err)
	}
	file, err := parquet.OpenFile(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	_, want, _ := strings.Cut(parquet.SchemaOf(Row{}).String(), "{")
	_, got, _ := strings.Cut(file.Schema().String(), "{")
	if got != want || !strings.Contains(got, "int32 dateNotification (DATE)") || !strings.Contains(got, "objet (STRING)") {
		t.Errorf("Parquet has the columns %s\nwant %s", got, want)
	}
	if n := reflect.TypeFor[Row]().NumField(); n != len(columns) {
		t.Errorf("%d fields, %d columns", n, len(columns))
	}
	for _, lang := range texts.Langs {
		raw, err := TableSchema(lang)
		if err != nil {
			t.Fatal(err)
		}
		var s struct {
			Fields []struct{ Name, Description string }
		}
		if err := json.Unmarshal(raw, &s); err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, f := range s.Fields {
			if names = append(names, f.Name); f.Description == "" || strings.HasPrefix(f.Description, "flat.") || strings.HasPrefix(f.Description, "field.") {
				t.Errorf("%s is not explained: %q", f.Name, f.Description)
			}
		}
		if diff := cmp.Diff(Columns(), names); diff != "" {
			t.Errorf("CSV and Table Schema: %s", diff)
		}
	}
}

// realContracts are those of every real file.
func realContracts(t testing.TB) []pivot.Contract {
	t.Helper()
	root := os.Getenv("MAILLON_CONFORMANCE")
	if root == "" {
		t.Skip("MAILLON_CONFORMANCE is not set: no real files")
	}
	var list []pivot.Contract
	for _, folder := range []string{"v1", "v2", "official"} {
		err := filepath.WalkDir(filepath.Join(root, "pivot", folder), func(name string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			f, err := os.Open(name)
			if err != nil {
				return err
			}
			defer f.Close()
			for item, err := range pivot.NewReader(f, pivot.Limits{}).Items() {
				if err != nil {
					break // what stands before it is read
				}
				if len(item.Problems) == 0 {
					c, _ := pivot.Normalise(item.Record)
					list = append(list, c)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return list
}

// Every cell written from the real files is valid by the Table Schema, and
// Parquet holds the same lines as CSV.
func TestRealFilesAreValidByTheTableSchema(t *testing.T) {
	list := realContracts(t)
	var asCSV, asParquet bytes.Buffer
	if err := WriteCSV(&asCSV, slices.Values(list)); err != nil {
		t.Fatal(err)
	}
	if err := WriteParquet(&asParquet, slices.Values(list)); err != nil {
		t.Fatal(err)
	}
	raw, err := TableSchema(texts.French)
	if err != nil {
		t.Fatal(err)
	}
	var s schema
	if err := json.Unmarshal(raw, &s); err != nil {
		t.Fatal(err)
	}
	lines, err := csv.NewReader(&asCSV).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for n, line := range lines[1:] {
		for i, f := range s.Fields {
			if err := valid(f, line[i]); err != nil {
				t.Fatalf("line %d, %s: %v", n+2, f.Name, err)
			}
		}
	}
	rows, err := parquet.Read[Row](bytes.NewReader(asParquet.Bytes()), int64(asParquet.Len()))
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != len(lines)-1 || len(rows) < len(list) {
		t.Fatalf("%d lines in Parquet, %d in CSV, of %d contracts", len(rows), len(lines)-1, len(list))
	}
	for n := range rows {
		for i := range columns {
			got := string(appendCell(nil, columns[i].get(&rows[n])))
			if text, quoted := strings.CutPrefix(got, `"`); quoted {
				got = strings.ReplaceAll(strings.TrimSuffix(text, `"`), `""`, `"`)
			}
			if got != lines[n+1][i] {
				t.Fatalf("line %d, %s: %q in Parquet, %q in CSV", n+2, columns[i].name, got, lines[n+1][i])
			}
		}
	}
}

// valid checks a cell by its field of the Table Schema.
func valid(f schemaField, s string) error {
	if s == "" {
		if f.Constraints["required"] == true {
			return fmt.Errorf("is required")
		}
		return nil
	}
	var err error
	switch f.Type {
	case "integer":
		_, err = strconv.ParseInt(s, 10, 64)
	case "number":
		_, err = strconv.ParseFloat(s, 64)
	case "boolean":
		if s != "true" && s != "false" {
			err = fmt.Errorf("%q is no boolean", s)
		}
	case "date":
		_, err = time.Parse(time.DateOnly, s)
	case "string":
	default:
		err = fmt.Errorf("type %s", f.Type)
	}
	if words, ok := f.Constraints["enum"].([]any); ok && err == nil {
		if !slices.ContainsFunc(words, func(w any) bool { return fmt.Sprint(w) == s }) {
			err = fmt.Errorf("%q is not one of %v", s, words)
		}
	}
	return err
}

// The table reads back as the contract that it was written from, with its
// modifications.
func TestTheTableReadsBack(t *testing.T) {
	c := sample()
	c.Object, c.Suppliers[1].Name = "Travaux", "Bureau Atlas"
	for i := range c.Modifications {
		rank := i + 1
		c.Modifications[i].ID = &rank
	}
	var b bytes.Buffer
	if err := WriteCSV(&b, slices.Values([]pivot.Contract{c, {Kind: pivot.Marche, Generation: pivot.Gen2, ID: "2", Buyer: c.Buyer}})); err != nil {
		t.Fatal(err)
	}
	var got []pivot.Contract
	for item, err := range pivot.NewReader(&b, pivot.Limits{}).Items() {
		if err != nil {
			t.Fatal(err)
		}
		back, _ := pivot.Normalise(item.Record)
		got = append(got, back)
	}
	want := []pivot.Contract{c, {Kind: pivot.Marche, Generation: pivot.Gen2, ID: "2", Buyer: c.Buyer}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestTheLightListHasItsContractsOnly(t *testing.T) {
	with := func(id string, amount float64, day string) pivot.Contract {
		return pivot.Contract{Kind: pivot.Marche, ID: id, Amount: &amount, Notified: day, Extra: map[string]json.RawMessage{"Code Postal_Titulaire": json.RawMessage(`"35000"`)}}
	}
	concession := with("c", 30000, "2024-01-01")
	concession.Kind = pivot.Concession
	list := []pivot.Contract{
		with("under", 24999.99, "2024-01-01"), with("from", 25000, "2024-12-31"), with("to", 39999.99, "2024-01-01"), with("over", 40000, "2024-01-01"),
		with("before", 30000, "2023-12-31"), concession, {Kind: pivot.Marche, ID: "none"},
	}
	for year, want := range map[int]string{2024: "from to", 2023: "before", 0: "from to before"} {
		var b bytes.Buffer
		if err := WriteLight(&b, year, slices.Values(list)); err != nil {
			t.Fatal(err)
		}
		r := csv.NewReader(&b)
		r.Comma = ';'
		lines, err := r.ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, line := range lines[1:] {
			if ids = append(ids, line[1]); line[6] != "35000" {
				t.Errorf("postcode %q", line[6])
			}
		}
		if got := strings.Join(ids, " "); got != want {
			t.Errorf("%d: %s, want %s", year, got, want)
		}
	}
}

// repeated gives n contracts, each a little different.
func repeated(n int) iter.Seq[pivot.Contract] {
	return func(yield func(pivot.Contract) bool) {
		c := sample()
		c.Modifications, c.Suppliers = nil, c.Suppliers[:1]
		for i := range n {
			amount := float64(i)
			c.ID, c.Amount = strconv.Itoa(i), &amount
			if !yield(c) {
				return
			}
		}
	}
}

// The heap does not grow with the table.
func BenchmarkWriteParquet(b *testing.B) {
	const n = 200_000
	var most uint64
	for b.Loop() {
		at := 0
		err := WriteParquet(io.Discard, func(yield func(pivot.Contract) bool) {
			for c := range repeated(n) {
				if at++; at%50_000 == 0 {
					var m runtime.MemStats
					runtime.ReadMemStats(&m)
					most = max(most, m.HeapInuse)
				}
				if !yield(c) {
					return
				}
			}
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "rows/s")
	b.ReportMetric(float64(most>>20), "MiB-heap")
}
