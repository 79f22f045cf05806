package api

import (
	"io"
	"iter"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"

	"maillon/catalog/enrich"
	"maillon/catalog/sirene"
	"maillon/catalog/texts"
	"maillon/store/view"
)

// sheetColumns are those of the workbook: one line a contract, as it is after its
// modifications.
var sheetColumns = []struct {
	key   string // in the table of texts, after "export."
	width float64
	value func(view.Shown, sirene.Firm) any
}{
	{"notified", 12, func(s view.Shown, _ sirene.Firm) any { return sheetDay(s.Notified) }},
	{"object", 60, func(s view.Shown, _ sirene.Firm) any { return s.Object }},
	{"buyer", 17, func(s view.Shown, _ sirene.Firm) any { return s.Buyer }},
	{"buyername", 32, func(s view.Shown, _ sirene.Firm) any { return s.BuyerName }},
	{"supplier", 17, func(s view.Shown, _ sirene.Firm) any { return strings.Join(s.Suppliers, " | ") }},
	{"suppliername", 32, func(s view.Shown, _ sirene.Firm) any { return s.Supplier }},
	{"amount", 16, func(s view.Shown, _ sirene.Firm) any { return numberCell(s.Amount) }},
	{"months", 9, func(s view.Shown, _ sirene.Firm) any { return numberCell(s.Months) }},
	{"cpv", 11, func(s view.Shown, _ sirene.Firm) any { return s.CPV }},
	{"procedure", 28, func(s view.Shown, _ sirene.Firm) any { return s.Contract.Procedure }},
	{"nature", 18, func(s view.Shown, _ sirene.Firm) any { return s.Contract.Nature }},
	{"offers", 9, func(s view.Shown, _ sirene.Firm) any { return numberCell(s.Contract.Offers) }},
	{"departement", 8, func(s view.Shown, _ sirene.Firm) any { return s.Departement }},
	{"kind", 18, func(s view.Shown, _ sirene.Firm) any { return string(s.Kind) }},
	{"state", 12, func(s view.Shown, _ sirene.Firm) any { return string(s.State) }},
	{"published", 12, func(s view.Shown, _ sirene.Firm) any { return sheetDay(s.Published) }},
	{"id", 18, func(s view.Shown, _ sirene.Firm) any { return s.ID }},
	{"address", 34, func(s view.Shown, _ sirene.Firm) any { return s.Address }},
	{"suppliercommune", 9, func(_ view.Shown, f sirene.Firm) any { return f.Commune }},
	{"suppliersize", 9, func(_ view.Shown, f sirene.Firm) any { return f.Category }},
}

// numberCell is a number for a cell, or nothing.
func numberCell[T any](p *T) any {
	if p == nil {
		return nil
	}
	return *p
}

// sheetDay is a day as a workbook has it; what is no day stays text.
func sheetDay(s string) any {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil || t.Year() < 1901 {
		return s
	}
	return t
}

const (
	mostSheetRows = 1_048_575 // below the header
	mostSheetText = 32_767    // of a cell
)

// writeXLSX writes a workbook whose texts are texts: no spreadsheet runs them.
func writeXLSX(w io.Writer, all iter.Seq[view.Shown], lang texts.Lang, firm enrich.Register) (err error) {
	f := excelize.NewFile()
	defer f.Close()
	sheet := texts.T(lang, "export.sheet")
	if err := f.SetSheetName("Sheet1", sheet); err != nil {
		return err
	}
	bold, err := f.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}})
	if err != nil {
		return err
	}
	date := "yyyy-mm-dd"
	day, err := f.NewStyle(&excelize.Style{CustomNumFmt: &date})
	if err != nil {
		return err
	}
	out, err := f.NewStreamWriter(sheet)
	if err != nil {
		return err
	}
	for i, c := range sheetColumns {
		if err := out.SetColWidth(i+1, i+1, c.width); err != nil {
			return err
		}
	}
	if err := out.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return err
	}
	head := make([]any, len(sheetColumns))
	for i, c := range sheetColumns {
		head[i] = excelize.Cell{StyleID: bold, Value: texts.T(lang, "export."+c.key)}
	}
	if err := out.SetRow("A1", head); err != nil {
		return err
	}
	row, cells := 1, make([]any, len(sheetColumns))
	for s := range all {
		if row++; row > mostSheetRows {
			break // a sheet holds no more; the other formats hold all
		}
		f := firstSupplier(s, firm)
		for i, c := range sheetColumns {
			cells[i] = sheetCell(c.value(s, f), day)
		}
		at, err := excelize.CoordinatesToCellName(1, row)
		if err != nil {
			return err
		}
		if err := out.SetRow(at, cells); err != nil {
			return err
		}
	}
	if err := out.Flush(); err != nil {
		return err
	}
	return f.Write(w)
}

func sheetCell(v any, day int) any {
	switch v := v.(type) {
	case time.Time:
		return excelize.Cell{StyleID: day, Value: v}
	case string:
		if r := []rune(v); len(r) > mostSheetText {
			return string(r[:mostSheetText])
		}
	}
	return v
}
