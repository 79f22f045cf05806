package api

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"maillon/catalog/pivot"
	"maillon/catalog/texts"
	"maillon/node/web"
)

func TestAContractIsFirstItsAmountAndItsDates(t *testing.T) {
	amount, more, year, longer := 1000.0, 1500.0, 12, 24
	c := pivot.Contract{
		Notified: "2026-01-15", Amount: &amount, Months: &year,
		Modifications: []pivot.Modification{{Notified: "2026-03-01", Amount: &more, Months: &longer}},
	}
	want := []web.Figure{
		{Label: "Amount before tax", Value: "€1,500", Note: "at first €1,000"},
		{Label: "Notified on", Value: "15\u00a0January\u00a02026"},
		{Label: "Expected end", Value: "15\u00a0January\u00a02028", Note: "after 24 months"},
	}
	if diff := cmp.Diff(want, contractFigures(c, texts.English)); diff != "" {
		t.Error(diff)
	}
	fields := []web.FieldRow{{Legal: "id", Value: "1"}, {Legal: "codeCPV", Value: "42160000"}}
	nameCPV(fields, []web.LabelRow{{Code: "42000000", Name: "Industrial machinery", Lang: "en"}, {Code: "42160000", Name: "Boiler installations", Lang: "en"}}, texts.English)
	if fields[1].Value != "42160000 – Boiler installations" || fields[0].Value != "1" {
		t.Errorf("%v", fields)
	}
	if got := contractFigures(pivot.Contract{}, texts.English); got != nil {
		t.Errorf("of a contract that says nothing: %v", got)
	}
}
