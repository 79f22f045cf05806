package api

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/xuri/excelize/v2"

	"maillon/catalog/pivot/flat"
	"maillon/store/search"
)

// withFormulas holds contracts of which texts would run in a spreadsheet.
func withFormulas(t *testing.T) *rig {
	r := newRig(t, "https://x.example")
	r.deposit(pivotFile(contractJSONText("A", `=HYPERLINK("https://evil.test";"x")`, 12), contractJSONText("B", "@SUM(1)", 24), contractJSONText("-C", "encre", 6)))
	return r
}

// export is the file of what a filter finds.
func (r *rig) export(format, query string) []byte {
	r.t.Helper()
	res := r.do("GET", "/api/v1/contracts."+format+"?"+query, "")
	if res.StatusCode != http.StatusOK || !strings.HasPrefix(res.Header.Get("Content-Disposition"), "attachment") {
		r.t.Fatalf("%s: %s %v", format, res.Status, res.Header)
	}
	return []byte(text(r.t, res))
}

func TestTheExportAsCSVHoldsNoFormula(t *testing.T) {
	lines, err := csv.NewReader(bytes.NewReader(withFormulas(t).export("csv", ""))).ReadAll()
	if err != nil || len(lines) != 4 {
		t.Fatal(err, lines)
	}
	for _, line := range lines[1:] {
		for _, cell := range line {
			if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
				t.Errorf("a spreadsheet would run %q", cell)
			}
		}
	}
}

func TestTheExportAsXLSXHoldsTextsNumbersAndDays(t *testing.T) {
	f, err := excelize.OpenReader(bytes.NewReader(withFormulas(t).export("xlsx", "lang=fr&sort=date")))
	if err != nil {
		t.Fatal(err)
	}
	rows, err := f.GetRows("Contrats", excelize.Options{RawCellValue: true})
	if err != nil || len(rows) != 4 || rows[0][1] != "Objet" {
		t.Fatal(err, rows)
	}
	seen := map[string]bool{}
	for i := range rows[1:] {
		at, _ := excelize.CoordinatesToCellName(2, i+2)
		if formula, _ := f.GetCellFormula("Contrats", at); formula != "" {
			t.Errorf("%s is a formula: %s", at, formula)
		}
		seen[rows[i+1][1]] = true
		amount, _ := excelize.CoordinatesToCellName(7, i+2)
		if kind, _ := f.GetCellType("Contrats", amount); kind != excelize.CellTypeNumber && kind != excelize.CellTypeUnset || rows[i+1][6] != "41000" {
			t.Errorf("the amount is a %v: %q", kind, rows[i+1][6])
		}
		if day := rows[i+1][0]; !strings.HasPrefix(day, "46083") { // 2026-03-02 as a serial number
			t.Errorf("the day is %q", day)
		}
	}
	if !seen[`=HYPERLINK("https://evil.test";"x")`] || !seen["encre"] {
		t.Errorf("texts have changed: %v", seen)
	}
	panes, err := f.GetPanes("Contrats")
	if err != nil || !panes.Freeze {
		t.Errorf("the header is not frozen: %+v %v", panes, err)
	}
}

func TestEveryExportHoldsWhatTheFilterFindsAndNoMore(t *testing.T) {
	r := withFormulas(t)
	query := "q=" + url.QueryEscape("encre")
	rows, err := parquet.Read[flat.Row](bytes.NewReader(r.export("parquet", query)), int64(len(r.export("parquet", query))))
	if err != nil || len(rows) != 1 || rows[0].ID != "-C" {
		t.Errorf("parquet: %v %+v", err, rows)
	}
	lines := strings.Split(strings.TrimSpace(string(r.export("ndjson", query))), "\n")
	var line exportLine
	if err := json.Unmarshal([]byte(lines[0]), &line); err != nil || len(lines) != 1 || line.Contract.ID != "-C" || line.Address == "" {
		t.Errorf("ndjson: %v %v", err, lines)
	}
	res := r.do("POST", "/api/v1/validate?all=true", string(r.export("json", "")), "Accept", "application/json")
	var verdict validateAnswer
	if err := json.NewDecoder(res.Body).Decode(&verdict); err != nil || verdict.Summary.Records != 3 || verdict.Summary.Valid != 3 {
		t.Errorf("the pivot file: %v %+v", err, verdict.Summary)
	}
	if lines := strings.Count(string(r.export("csv", query)), "\n"); lines != 2 {
		t.Errorf("csv: %d lines", lines)
	}
	for address, status := range map[string]int{".csv?nope=1": 400, ".exe": 404, ".csv?amount_min=x": 400, "..csv": 404} {
		if res := r.do("GET", "/api/v1/contracts"+address, ""); res.StatusCode != status {
			t.Errorf("%s: %s, want %d", address, res.Status, status)
		}
	}
}

func TestNumbersByTwoDimensionsAndAsCSV(t *testing.T) {
	r := withFormulas(t)
	var answer StatsAnswer
	if err := json.NewDecoder(r.do("GET", "/api/v1/stats?by=year,cpv2&measures=count,sum:amount,median:months", "").Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	table := answer.Table
	if answer.Contracts != 3 || table == nil || len(table.Groups) != 1 || table.Groups[0].Keys[0].Code != "2026" || table.Groups[0].Keys[1].Code != "30" ||
		*table.Groups[0].Values[1] != 123000 || *table.Groups[0].Values[2] != 12 {
		t.Errorf("%+v", table)
	}
	want := "year;year_label;n;count;count_missing;sum:amount;sum:amount_missing\n2026;;3;3;0;123000;0\n"
	if got := text(t, r.do("GET", "/api/v1/stats?by=year&format=csv", "")); got != want {
		t.Errorf("CSV %q, want %q", got, want)
	}
}

func TestIndicatorsSayWhatTheyAreMadeOfAndWhatTheyCannotBe(t *testing.T) {
	r := withFormulas(t)
	for _, lang := range []string{"fr", "en"} {
		var answer IndicatorsAnswer
		if err := json.NewDecoder(r.do("GET", "/api/v1/indicators?lang="+lang, "").Body).Decode(&answer); err != nil {
			t.Fatal(err)
		}
		if answer.Total != 3 || answer.Period != (Period{"2026-03", "2026-03"}) || len(answer.NotGiven) == 0 {
			t.Errorf("%+v", answer)
		}
		for _, i := range answer.Items {
			if strings.HasPrefix(i.Text, "indicator.") || strings.HasPrefix(i.Definition, "indicator.") || i.N+i.Missing != 3 {
				t.Errorf("%s: %+v", lang, i)
			}
		}
		for _, n := range answer.NotGiven {
			if strings.HasPrefix(n.Text, "indicator.") || strings.HasPrefix(n.Reason, "indicator.") {
				t.Errorf("%s: %+v", lang, n)
			}
		}
	}
}

func TestConcentration(t *testing.T) {
	table := func(values ...float64) (out search.Table) {
		for _, v := range values {
			out.Groups = append(out.Groups, search.Group{Keys: []search.Key{{Code: "x"}}, Values: []*float64{&v}})
		}
		return out
	}
	if top, hhi, ok := concentration(table(1, 1, 1, 1, 1, 1, 1, 1, 1, 1)); !ok || top < 0.499 || top > 0.501 || hhi < 0.099 || hhi > 0.101 {
		t.Errorf("ten alike: %g %g", top, hhi)
	}
	if top, hhi, ok := concentration(table(7)); !ok || top != 1 || hhi != 1 {
		t.Errorf("one: %g %g", top, hhi)
	}
	if _, _, ok := concentration(table(0, -1)); ok {
		t.Error("no amounts, and a concentration")
	}
}
