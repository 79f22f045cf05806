package search

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"maillon/catalog/pivot"
	"maillon/store/view"
)

const (
	rennes   = "21350238800019"
	bretagne = "23350001600040"
	hospital = "26350007600017"
)

func some[T any](v T) *T { return &v }

// made makes a contract that the index can take.
func made(buyer, id string, edit func(*pivot.Contract)) view.Shown {
	c := pivot.Contract{
		Kind: pivot.Marche, ID: id, Buyer: pivot.Buyer{ID: buyer}, Nature: "Marché", Object: "Fourniture de papier", CPV: "30190000",
		Procedure: "Procédure adaptée", Months: some(12), Notified: "2026-03-02", Published: "2026-03-20", Amount: some(41000.0),
		Place: &pivot.Place{Code: "35238", CodeType: "Code commune"}, Offers: some(3), Suppliers: []pivot.Supplier{{IDType: "SIRET", ID: "35600000000048"}},
		Social: []string{"Pas de considération sociale"}, Environment: []string{"Clause environnementale"}, Techniques: []string{"Sans objet"},
	}
	if edit != nil {
		edit(&c)
	}
	now := c.Current()
	s := view.Shown{Contract: c, Content: 1, Row: view.Row{
		Address: buyer + "/" + id, Kind: c.Kind, State: pivot.Conforming, Buyer: buyer, BuyerName: c.Buyer.Name, ID: id, Object: c.Object, CPV: c.CPV,
		Notified: c.Notified, Published: c.Published, Amount: now.Amount, Months: now.Months, Departement: "35", Node: buyer, Authority: "own", Records: 1,
	}}
	for _, who := range now.Suppliers {
		s.Suppliers = append(s.Suppliers, who.ID)
	}
	return s
}

func indexOf(list ...view.Shown) *Index {
	x := New()
	x.Put(list)
	x.Loaded()
	return x
}

func query(t testing.TB, raw string) Query {
	t.Helper()
	v, err := url.ParseQuery(raw)
	if err != nil {
		t.Fatal(err)
	}
	q, err := ParseQuery(v)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// found are the ids that a query finds, in its order.
func found(t testing.TB, x *Index, raw string) string {
	t.Helper()
	r, err := x.Search(t.Context(), query(t, raw))
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, row := range r.Items {
		ids = append(ids, row.ID)
	}
	if r.Total != len(ids) && r.Next == "" {
		t.Errorf("%s: total %d, rows %d", raw, r.Total, len(ids))
	}
	return strings.Join(ids, " ")
}

func small() *Index {
	return indexOf(
		made(rennes, "ecole", func(c *pivot.Contract) {
			c.Object, c.CPV, c.Notified = "Réfection de la toiture de l'école Jean-Moulin", "45261900", "2026-01-10"
			c.Amount, c.Buyer.Name = some(120000.0), "Ville de Rennes"
		}),
		made(rennes, "ecoles", func(c *pivot.Contract) {
			c.Object, c.CPV, c.Notified, c.Months = "NETTOYAGE DES ECOLES ET CRECHES", "90910000", "2026-02-10", some(48)
			c.Suppliers = []pivot.Supplier{{ID: "11111111100001", Name: "Propreté de l'Ouest"}, {ID: "22222222200002"}}
			c.Social = []string{"Clause sociale"}
		}),
		made(bretagne, "lycee", func(c *pivot.Contract) {
			c.Object, c.CPV, c.Notified, c.Amount = "Travaux de sécurité au lycée", "45000000", "2025-12-01", nil
			c.Place, c.Kind = &pivot.Place{Code: "53", CodeType: "Code région"}, pivot.Concession
		}),
		made(hospital, "securite", func(c *pivot.Contract) {
			c.Object, c.CPV, c.Notified = "SECURITE INCENDIE", "", "pas une date"
			c.Place, c.Offers = nil, some(1)
			c.Modifications = []pivot.Modification{{Amount: some(82000.0), Notified: "2026-06-01"}}
		}),
	)
}

func TestSearchFinds(t *testing.T) {
	x := small()
	for raw, want := range map[string]string{
		"":                                      "ecoles ecole lycee securite",
		"q=école":                               "ecoles ecole",
		"q=ecoles+":                             "ecoles ecole",
		"q=l'École":                             "ecoles ecole",
		"q=sécurité":                            "lycee securite",
		"q=SECURITE+incendie":                   "securite",
		"q=toit":                                "ecole",
		"q=toit+":                               "",
		`q="toiture+de+l'école"`:                "ecole",
		`q="toiture+école"`:                     "",
		`q="école+jean+moulin"+réfection`:       "ecole",
		"q=propreté":                            "ecoles",
		"q=rennes":                              "ecole ecoles",
		"q=travaux":                             "lycee",
		"q=entretien+toitures":                  "ecole", // by the label of the CPV
		"q=nettoyage+lycée":                     "",
		"q=de+la":                               "ecoles ecole lycee securite",
		"q=11111111100001":                      "ecoles",
		"q=213502388":                           "ecole ecoles",
		"q=213502388&sort=date":                 "ecoles ecole",
		"buyer=" + rennes:                       "ecoles ecole",
		"buyer=" + rennes + "&buyer=x":          "ecoles ecole",
		"supplier=22222222200002":               "ecoles",
		"cpv=45":                                "ecole lycee",
		"cpv=4526":                              "ecole",
		"cpv=45000000":                          "lycee",
		"commune=35238":                         "ecoles ecole",
		"epci=243500139":                        "ecoles ecole",
		"departement=35":                        "ecoles ecole lycee securite",
		"departement=22":                        "",
		"region=53":                             "ecoles ecole lycee securite",
		"place_region=53":                       "ecoles ecole lycee",
		"buyer_commune=35238":                   "ecoles ecole",
		"buyer_region=53":                       "ecoles ecole lycee",
		"level=organisme":                       "securite",
		"kind=concession":                       "lycee",
		"amount_min=82000":                      "ecole securite",
		"amount_max=82000":                      "ecoles securite",
		"from=2026-01-10&to=2026-02-09":         "ecole",
		"to=2025-12-31":                         "lycee",
		"months_min=13":                         "ecoles",
		"ends_from=2027-01-01&sort=end":         "ecole ecoles",
		"offers_max=1":                          "securite",
		"considerations=sociale":                "ecoles",
		"considerations=environnementale":       "ecoles ecole lycee securite",
		"sort=amount":                           "ecole securite ecoles lycee",
		"state=a-corriger":                      "",
		"procedure=Proc%C3%A9dure+adapt%C3%A9e": "ecoles ecole lycee securite",
	} {
		if got := found(t, x, raw); got != want {
			if strings.Contains(raw, "q=") && !strings.Contains(raw, "sort=") && sortedWords(got) == sortedWords(want) {
				continue // the order is for TestRelevance
			}
			t.Errorf("?%s finds %q, want %q", raw, got, want)
		}
	}
}

func sortedWords(s string) string {
	w := strings.Fields(s)
	slices.Sort(w)
	return strings.Join(w, " ")
}

func TestRowsAreShownAsTheyWerePut(t *testing.T) {
	c := made(rennes, "a/b", func(c *pivot.Contract) {
		c.Buyer.Name, c.Suppliers[0].Name = "Ville", "Papeterie"
	})
	c.Address, c.Supplier = rennes+"/a%2Fb~0badf00d", "Papeterie"
	r, err := indexOf(c).Search(t.Context(), Query{Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(c.Row, r.Items[0].Row); diff != "" {
		t.Error(diff)
	}
	if r.Items[0].End != "2027-03-02" {
		t.Errorf("ends %q", r.Items[0].End)
	}
}

func TestFacets(t *testing.T) {
	r, err := small().Search(t.Context(), query(t, "facets=all"))
	if err != nil {
		t.Fatal(err)
	}
	for d, want := range map[Dimension]string{
		ByKind: "marche:3 contrat-concession:1", ByYear: ":1 2025:1 2026:2", ByDepartement: "35:4", ByDivision: "45:2 :1 90:1",
		ByLevel: "commune:2 organisme:1 region:1", BySocial: "non:3 oui:1", BySupplier: "35600000000048:3 11111111100001:1 22222222200002:1",
	} {
		var got []string
		for _, c := range r.Facets[d] {
			got = append(got, fmt.Sprintf("%s:%d", c.Code, c.Count))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %q, want %q", d, got, want)
		}
	}
	if l := r.Facets[ByDivision][0].Label; l != "Travaux de construction" {
		t.Errorf("45 is %q", l)
	}
}

func TestGroup(t *testing.T) {
	x := small()
	table, err := x.Group(t.Context(), query(t, ""), []Dimension{ByDivision}, []Measure{CountOf, "sum:amount", "median:amount", "rate:single_offer", "share:amount"})
	if err != nil {
		t.Fatal(err)
	}
	g := table.Groups[0]
	if g.Keys[0].Code != "45" || g.N != 2 || *g.Values[1] != 120000 || g.Missing[1] != 1 || *g.Values[3] != 0 {
		t.Errorf("%+v", g)
	}
	if n := *table.Total.Values[1]; n != 120000+41000+82000 {
		t.Errorf("sum %v", n)
	}
	if m := *table.Total.Values[2]; m != 82000 {
		t.Errorf("median %v", m)
	}
	if _, err := x.Group(t.Context(), Query{}, []Dimension{"x"}, nil); err == nil {
		t.Error("a dimension that is none is taken")
	}
}

func TestUnknownParametersNameTheNearest(t *testing.T) {
	_, err := ParseQuery(url.Values{"suplier": {"1"}})
	var p *ParamError
	if !errors.As(err, &p) || p.Nearest != "supplier" {
		t.Errorf("%v", err)
	}
	for _, bad := range []string{"from=hier", "limit=0", "limit=x", "limit=1001", "state=x", "kind=x", "cpv=x", "departement=999", "sort=x", "after=%21", "amount_min=x",
		"facets=x", "conflict=x", "considerations=x", "level=x", "q=" + strings.Repeat("x", 401), "q=%ff", "buyer=%00", "amount_min=NaN"} {
		v, _ := url.ParseQuery(bad)
		if _, err := ParseQuery(v); !errors.As(err, &p) {
			t.Errorf("%s: %v", bad, err)
		}
	}
	if _, err := ParseQuery(url.Values{"lang": {"fr"}, "buyer": {""}}, "lang"); err != nil {
		t.Error(err)
	}
}

func TestTheFilterIsTheAddress(t *testing.T) {
	raw := "after=AAAAAGEvYg&amount_max=5.5&buyer=1&buyer=2&considerations=sociale&cpv=45&departement=35&facets=kind%2Cyear&from=2026-01-01&limit=10&q=a+%22b+c%22&sort=date"
	if got := query(t, raw).Values().Encode(); got != raw {
		t.Errorf("%s\n%s", got, raw)
	}
}

// TestPagesAreStableWhileDataComeIn: each contract that was there all the time is
// shown once, whatever comes and goes meanwhile.
func TestPagesAreStableWhileDataComeIn(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, sort := range []string{"date", "amount", "end"} {
		x := New()
		x.Loaded()
		put := func(i int) {
			x.Put([]view.Shown{made(rennes, fmt.Sprint(i), func(c *pivot.Contract) {
				c.Notified, c.Amount = fmt.Sprintf("2026-%02d-%02d", 1+i%3, 1+i%7), some(float64(i%5))
			})})
		}
		for i := range 100 {
			put(i)
		}
		seen := map[string]int{}
		q := query(t, "limit=7&sort="+sort)
		for page := 0; ; page++ {
			res, err := x.Search(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			for _, row := range res.Items {
				seen[row.ID]++
			}
			if q.After = res.Next; q.After == "" {
				break
			}
			put(100 + page)
			x.Remove(rennes + "/" + fmt.Sprint(50+r.IntN(50)))
		}
		for i := range 50 {
			if seen[fmt.Sprint(i)] != 1 {
				t.Errorf("%s: contract %d was shown %d times", sort, i, seen[fmt.Sprint(i)])
			}
		}
	}
}

func TestUntilItIsFilledItIsLoading(t *testing.T) {
	if _, err := New().Search(t.Context(), Query{}); !errors.Is(err, ErrLoading) {
		t.Error(err)
	}
	for _, err := range New().Rows(t.Context(), Query{}) {
		if !errors.Is(err, ErrLoading) {
			t.Error(err)
		}
	}
}

// TestQueriesWhileContractsComeIn is for the race detector: readers and one writer.
func TestQueriesWhileContractsComeIn(t *testing.T) {
	x := small()
	stop := make(chan struct{})
	var readers sync.WaitGroup
	for _, raw := range []string{"q=école&facets=all&sort=relevance", "cpv=45&sort=amount", "facets=all", `q="de+papier"`} {
		q := query(t, raw)
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if _, err := x.Search(t.Context(), q); err != nil {
					t.Error(err)
				}
				for _, err := range x.Rows(t.Context(), q) {
					if err != nil {
						t.Error(err)
					}
				}
				if _, err := x.Group(t.Context(), q, []Dimension{ByYear, BySupplier}, []Measure{"median:amount"}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for i := range 300 {
		x.Put([]view.Shown{made(rennes, fmt.Sprint("n", i%40), func(c *pivot.Contract) { c.Object = fmt.Sprint("Achat de papier n° ", i) })})
		if i%5 == 0 {
			x.Remove(rennes + "/n" + fmt.Sprint(i%7))
		}
	}
	close(stop)
	readers.Wait()
	if x.Len() < 4 {
		t.Errorf("%d contracts", x.Len())
	}
}

// FuzzParseQuery: what is read can be written, is read back as the same, and can be asked.
func FuzzParseQuery(f *testing.F) {
	for _, s := range []string{"q=école&departement=35", `q="a+b&cpv=45&facets=all`, "buyer=1&buyer=2&limit=3&after=AAAAAGEvYg", "amount_min=1e9&sort=end", "q=\"\"\"«"} {
		f.Add(s)
	}
	x := small()
	f.Fuzz(func(t *testing.T, raw string) {
		v, err := url.ParseQuery(raw)
		if err != nil {
			return
		}
		q, err := ParseQuery(v)
		if err != nil {
			return
		}
		again, err := ParseQuery(q.Values())
		if err != nil || again.Values().Encode() != q.Values().Encode() {
			t.Fatalf("%q is written as %q: %v", raw, q.Values().Encode(), err)
		}
		if _, err := x.Search(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	})
}
