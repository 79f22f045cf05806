package search

import (
	"math"
	"path/filepath"
	"testing"

	"maillon/catalog/pivot"
	"maillon/store/view"
)

// town is a register in which two firms sit in Rennes, one in Cesson-Sévigné, one in
// Brest and one nowhere.
func town(siret string) (commune, size string) {
	switch siret {
	case "11111111800019":
		return "35238", "PME"
	case "22222222200002":
		return "35051", "GE"
	case "33333333300003":
		return "29019", "ETI"
	}
	return "", ""
}

func middle(commune string) (x, y float64, ok bool) {
	at, ok := map[string][2]float64{"35238": {-1.68, 48.11}, "35051": {-1.60, 48.12}, "29019": {-4.50, 48.40}}[commune]
	return at[0], at[1], ok
}

// sited is an index of contracts of Rennes and of the région, of which a register
// knows some suppliers.
func sited() *Index {
	x := New()
	x.Loaded()
	one := func(buyer, id, supplier string, amount float64) view.Shown {
		return made(buyer, id, func(c *pivot.Contract) {
			c.Suppliers, c.Amount = []pivot.Supplier{{ID: supplier}, {ID: "33333333300003"}}, &amount
		})
	}
	x.Put([]view.Shown{one(rennes, "a", "11111111800019", 100), one(rennes, "b", "22222222200002", 300), one(rennes, "c", "44444444400004", 1000)})
	x.Site(Register{Firm: town, Centre: middle})
	x.Put([]view.Shown{one(rennes, "d", "33333333300003", 600), one(bretagne, "e", "33333333300003", 50)})
	return x
}

func TestWhereSuppliersSit(t *testing.T) {
	check := func(x *Index) {
		t.Helper()
		for raw, want := range map[string]int{
			"supplier_commune=35238": 1, "supplier_epci=243500139": 2, "supplier_departement=35": 2, "supplier_region=53": 4, "supplier_region=52": 0,
			"supplier_size=PME": 1, "supplier_size=PME&supplier_size=ETI": 3, "supplier_local=commune": 1, "supplier_local=epci": 1, "supplier_local=region": 2,
			"supplier_local=ailleurs": 0, "supplier_departement=29&buyer_region=53": 2, "departement=35&supplier_size=GE": 1,
		} {
			if res, err := x.Search(t.Context(), query(t, raw)); err != nil || res.Total != want {
				t.Errorf("?%s: %d (%v), want %d", raw, res.Total, err, want)
			}
		}
		table, err := x.Group(t.Context(), Query{}, []Dimension{}, []Measure{"rate:local_commune", "rate:local_departement", "rate:local_region", "rate:sme", "amount_rate:local_epci", "median:distance"})
		if err != nil {
			t.Fatal(err)
		}
		// The région sits in no département: of its contract only the région is known.
		for i, want := range []struct {
			value   float64
			missing int
		}{{1. / 3, 2}, {2. / 3, 2}, {1, 1}, {0.25, 1}, {0.4, 2}, {6.043, 2}} {
			if got := table.Total.Values[i]; got == nil || math.Abs(*got-want.value) > 0.001 || table.Total.Missing[i] != want.missing {
				t.Errorf("%s: %v without %d, want %v without %d", table.Measures[i], got, table.Total.Missing[i], want.value, want.missing)
			}
		}
		res, err := x.Search(t.Context(), query(t, "facets=supplier_size,supplier_local"))
		if err != nil {
			t.Fatal(err)
		}
		if got := res.Facets[BySize]; len(got) != 4 || got[0].Code != "ETI" || got[0].Count != 2 {
			t.Errorf("sizes %v", got)
		}
		n := 0
		for _, c := range res.Facets[ByLocal] {
			n += c.Count
		}
		if n != x.Len() {
			t.Errorf("the facet counts %d of %d", n, x.Len())
		}
	}
	x := sited()
	check(x)
	x.Site(Register{})
	if res, err := x.Search(t.Context(), query(t, "supplier_region=53")); err != nil || res.Total != 0 {
		t.Errorf("without a register: %d, %v", res.Total, err)
	}
	x.Site(Register{Firm: town, Centre: middle})
	check(x)
	name := filepath.Join(t.TempDir(), "index")
	if err := x.Save(name, Made{}); err != nil {
		t.Fatal(err)
	}
	if _, err := x.Load(name); err != nil {
		t.Fatal(err)
	}
	check(x)
	y := New()
	y.Site(Register{Firm: town, Centre: middle})
	if _, err := y.Load(name); err != nil {
		t.Fatal(err)
	}
	check(y)
}
