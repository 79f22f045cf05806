package enrich

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"maillon/catalog/pivot"
	"maillon/catalog/sirene"
)

// levels writes what is known as codes, the smallest first.
func levels(w Where) string {
	var codes []string
	for _, a := range w.Areas() {
		codes = append(codes, strings.TrimPrefix(a.Geozone, "fr:"))
	}
	return strings.Join(codes, " ")
}

func TestPlace(t *testing.T) {
	for _, c := range []struct{ rule, code, codeType, want string }{
		{"a commune", "35238", "Code commune", "commune:35238 epci:243500139 departement:35 region:53"},
		{"a commune that was merged", "35048", "Code commune", "commune:35168 epci:200043990 departement:35 region:53"},
		{"an arrondissement of Paris", "75115", "Code commune", "commune:75056 epci:200054781 departement:75 region:11"},
		{"a commune without its zero", "1004", "Code commune", "commune:01004 epci:240100883 departement:01 region:84"},
		{"a postcode of one commune", "35200", "Code postal", "commune:35238 epci:243500139 departement:35 region:53"},
		{"a postcode of several communes of one EPCI", "35740", "Code postal", "commune:35210 epci:243500139 departement:35 region:53"},
		{"a postcode of large users", "35042", "Code postal", "departement:35 region:53"},
		{"a postcode shared by two départements", "33220", "Code postal", "departement:33 region:75"},
		{"a département", "35", "Code département", "departement:35 region:53"},
		{"a région", "53", "Code région", "region:53"},
		{"a région that is one département", "04", "Code région", "departement:974 region:04"},
		{"a canton", "3514", "Code canton", "departement:35 region:53"},
		{"a country", "FR", "Code pays", ""},
		{"nothing", "", "", ""},
	} {
		if got := levels(Place(c.code, c.codeType)); got != c.want {
			t.Errorf("%s: %s gives %q, want %q", c.rule, c.code, got, c.want)
		}
	}
	if got := Place("35048", "Code commune").Commune; got.Former != "35048" || got.Name != "Val d'Anast" || got.Source != Record {
		t.Errorf("a merged commune: %+v", got)
	}
}

func TestOf(t *testing.T) {
	register := func(siret string) (sirene.Firm, bool) {
		switch siret {
		case "35600000000048":
			return sirene.Firm{Name: "LA POSTE", Commune: "75115", Size: "53", Category: "GE", Activity: "53.10Z", Legal: "5510"}, true
		case "13002526500013":
			return sirene.Firm{Name: "DINUM", Commune: "75107"}, true
		case "11111111800019":
			return sirene.Firm{Withheld: true, Category: "PME"}, true
		}
		return sirene.Firm{}, false
	}
	e := Of(pivot.Contract{
		Buyer: pivot.Buyer{ID: "21350238800019"}, CPV: "45233142-6", Place: &pivot.Place{Code: "35", CodeType: "Code département"},
		Suppliers: []pivot.Supplier{
			{ID: "35600000000048", IDType: "SIRET"}, {ID: "11111111800019", IDType: "SIRET", Name: "As written"}, {ID: "DE123", IDType: "TVA"},
		},
	}, register)
	if got := levels(*e.Buyer.Where); got != "commune:35238 epci:243500139 departement:35 region:53" || *e.Buyer.Name != (Value{"Rennes", COG}) {
		t.Errorf("buyer: %s, %+v", got, e.Buyer.Name)
	}
	if got := levels(*e.Place); got != "departement:35 region:53" {
		t.Errorf("place: %s", got)
	}
	post := e.Suppliers[0]
	if *post.Name != (Value{"LA POSTE", SIRENE}) || *post.Category != (Value{"GE", SIRENE}) || post.Where.Commune.Code != "75056" || post.Where.Commune.Former != "75115" || post.Where.Commune.Source != SIRENE || post.Where.Region.Source != COG {
		t.Errorf("a supplier: %+v", post)
	}
	if hidden := e.Suppliers[1]; !hidden.Withheld || *hidden.Name != (Value{"As written", Record}) || hidden.Where != nil || hidden.Category.Value != "PME" {
		t.Errorf("a supplier of partial diffusion: %+v", hidden)
	}
	if diff := cmp.Diff(Party{ID: "DE123", IDType: "TVA"}, e.Suppliers[2]); diff != "" {
		t.Error(diff)
	}
	if b := Buyer("13002526500013", "", register); *b.Name != (Value{"DINUM", SIRENE}) || b.Where.Departement.Code != "75" {
		t.Errorf("a buyer that is no territory: %+v", b)
	}
	if b := Buyer("24350013900189", "", nil); levels(*b.Where) != "epci:243500139 departement:35 region:53" {
		t.Errorf("an EPCI: %s", levels(*b.Where))
	}
}

func TestPath(t *testing.T) {
	var got []string
	for _, l := range Path("45233142-6") {
		got = append(got, l.Code)
		if l.Name == "" || l.French == "" || l.Source != CPV {
			t.Errorf("%+v", l)
		}
	}
	if diff := cmp.Diff([]string{"45000000", "45200000", "45230000", "45233000", "45233100", "45233140", "45233142"}, got); diff != "" {
		t.Error(diff)
	}
	if Path("99999999") != nil || Path("") != nil || len(Path("45000000-7")) != 1 {
		t.Error("codes that are none, or a division")
	}
}

func codesOf(w Where) (c Codes) {
	for _, level := range []struct {
		area *Area
		to   *string
	}{{w.Commune, &c.Commune}, {w.Departement, &c.Departement}, {w.Region, &c.Region}} {
		if level.area != nil {
			*level.to = level.area.Code
		}
	}
	return c
}

func TestCodesSayWhatPlacesSay(t *testing.T) {
	for _, codeType := range []string{"Code postal", "Code commune", "Code département", "Code région", "Code canton", "Code arrondissement", "Code pays", ""} {
		for _, code := range []string{"35238", "35048", "75115", "1004", "35200", "35740", "35042", "33220", "20000", "97133", "98713", "35", "1", "6AE", "20", "53", "04", "4", "3514", "FR", "", "xyz"} {
			if got, want := PlaceCodes(code, codeType), codesOf(Place(code, codeType)); got != want {
				t.Errorf("%s %q: %+v, want %+v", codeType, code, got, want)
			}
		}
	}
	for _, siret := range []string{"21350238800019", "24350013900189", "22350001800013", "23350001600040", "20009433200011", "20005478100011", "13002526500013", "35600000000048", "1"} {
		var want Codes
		if w := Buyer(siret, "", nil).Where; w != nil {
			want = codesOf(*w)
		}
		if got := BuyerCodes(siret); got != want {
			t.Errorf("%s: %+v, want %+v", siret, got, want)
		}
	}
}

func BenchmarkCodes(b *testing.B) {
	for b.Loop() {
		PlaceCodes("35238", "Code commune")
		BuyerCodes("24350013900189")
	}
}
