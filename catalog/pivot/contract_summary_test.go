package pivot

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLatestPublication(t *testing.T) {
	for name, tt := range map[string]struct {
		c    Contract
		want string
	}{
		"of the data":                  {Contract{Published: "2024-03-01"}, "2024-03-01"},
		"of a modification":            {Contract{Published: "2024-03-01", Modifications: []Modification{{Published: "2024-06-01"}, {Published: "2024-05-01"}}}, "2024-06-01"},
		"of an act of subcontracting":  {Contract{Published: "2024-03-01", Subcontracts: []Subcontract{{Published: "2024-07-01"}}}, "2024-07-01"},
		"of the change of an act":      {Contract{SubcontractChanges: []SubcontractChange{{Published: "2024-08-01"}}}, "2024-08-01"},
		"of a year of execution":       {Contract{Execution: []ExecutionYear{{Published: "2024-09-01"}}}, "2024-09-01"},
		"what is no date does not win": {Contract{Published: "2024-03-01", Modifications: []Modification{{Published: "mars"}}}, "2024-03-01"},
		"unknown":                      {Contract{}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := tt.c.LatestPublication(); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

func TestYear(t *testing.T) {
	for date, want := range map[string]string{"2024-03-01": "2024", "1936-01-01": "1936", "0218-01-05": "", "20240301": "", "mars 2024": "", "": "", "9999-12-31": ""} {
		if got := (Contract{Notified: date}).Year(); got != want {
			t.Errorf("year of %q is %q, want %q", date, got, want)
		}
	}
}

func TestCompletenessCountsEachLegalValue(t *testing.T) {
	whole := fullMarche().Completeness()
	for name, take := range map[string]func(*Contract){
		"an amount":                 func(c *Contract) { c.Amount = nil },
		"a boolean":                 func(c *Contract) { c.Innovative = nil },
		"a whole number":            func(c *Contract) { c.Offers = nil },
		"one technique of two":      func(c *Contract) { c.Techniques = c.Techniques[:1] },
		"the code of the place":     func(c *Contract) { c.Place = &Place{CodeType: c.Place.CodeType} },
		"the id of a supplier":      func(c *Contract) { c.Suppliers[0].ID = "" },
		"the price of an act":       func(c *Contract) { c.Subcontracts[0].PriceVar = "" },
		"the date of a change":      func(c *Contract) { c.SubcontractChanges[0].Notified = "" },
		"the months of a change":    func(c *Contract) { c.Modifications[0].Months = nil },
		"the type of a subcontract": func(c *Contract) { c.Subcontracts[0].Supplier.IDType = "" },
	} {
		c := fullMarche()
		if take(&c); c.Completeness() != whole-1 {
			t.Errorf("without %s: %d, want %d", name, c.Completeness(), whole-1)
		}
	}
	c := fullConcession()
	before := c.Completeness()
	if c.Execution[0].Tariffs[0].Price = nil; c.Completeness() != before-1 {
		t.Errorf("without a tariff: %d, want %d", c.Completeness(), before-1)
	}
	if got := (Contract{}).Completeness(); got != 0 {
		t.Errorf("of nothing: %d, want 0", got)
	}
}

func TestCurrentFoldsTheModifications(t *testing.T) {
	first, second := []Supplier{{ID: "1"}}, []Supplier{{ID: "2"}}
	c := Contract{Amount: ptr(100.0), Months: ptr(12), Suppliers: first, Modifications: []Modification{
		{Notified: "2024-06-01", Amount: ptr(300.0)},
		{Notified: "2024-05-01", Amount: ptr(200.0), Suppliers: second},
		{Notified: "2024-06-01", Months: ptr(24)},
	}}
	before := c
	got := c.Current()
	want := c
	want.Amount, want.Months, want.Suppliers = ptr(300.0), ptr(24), second
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("current (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(before, c); diff != "" {
		t.Errorf("the contract itself was changed:\n%s", diff)
	}
	if diff := cmp.Diff(got, got.Current()); diff != "" {
		t.Errorf("folding twice changes something:\n%s", diff)
	}
	if diff := cmp.Diff(Contract{Amount: ptr(1.0)}, Contract{Amount: ptr(1.0)}.Current()); diff != "" {
		t.Errorf("without modifications something changes:\n%s", diff)
	}
}

func TestTheEndOfAContractFollowsFromItsDuration(t *testing.T) {
	months := func(n int) *int { return &n }
	for _, c := range []struct {
		notified string
		months   *int
		want     string
	}{
		{"2026-07-06", months(6), "2027-01-06"},
		{"2026-07-06", nil, ""},
		{"2026-07-06", months(0), ""},
		{"2026-07-06", months(-3), ""},
		{"2026-07-06", months(99999), ""},
		{"6 juillet", months(6), ""},
	} {
		if got := (Contract{Notified: c.notified, Months: c.months}).End(); got != c.want {
			t.Errorf("%s + %v: %q, want %q", c.notified, c.months, got, c.want)
		}
	}
}
