package search

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"maillon/catalog/cpv"
	"maillon/catalog/pivot"
	"maillon/catalog/territory"
	"maillon/store/search/french"
	"maillon/store/view"
)

// TestEveryQueryFindsWhatAPlainReadingFinds compares random queries with a filter that
// reads one contract after another, while contracts change and go.
func TestEveryQueryFindsWhatAPlainReadingFinds(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 2))
	x, all := New(), map[string]view.Shown{}
	x.Loaded()
	for round := range 4 {
		var list []view.Shown
		for range 400 {
			s := randomContract(r)
			all[s.Address] = s
			list = append(list, s)
		}
		x.Put(list)
		if round > 0 { // before, nothing is known of suppliers
			x.Site(oracleRegister(round))
			oracleRound = round
		}
		for _, a := range sortedKeys(all)[:round*10] {
			x.Remove(a)
			delete(all, a)
		}
		for range 50 {
			raw := randomQuery(r)
			q := query(t, raw)
			res, err := x.Search(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			want := plain(all, q)
			if got := addresses(res); res.Total != len(want) || got != strings.Join(want[:min(len(want), q.Limit)], " ") {
				t.Fatalf("?%s: %d found, want %d\n%s\n%s", raw, res.Total, len(want), got, strings.Join(want[:min(len(want), q.Limit)], " "))
			}
			var streamed []string
			for a, err := range x.Rows(t.Context(), q) {
				if err != nil {
					t.Fatal(err)
				}
				streamed = append(streamed, a)
			}
			if !slices.Equal(streamed, want) {
				t.Fatalf("?%s: other rows are streamed", raw)
			}
			count := 0
			for _, c := range res.Facets[ByDepartement] {
				count += c.Count
			}
			if count != len(want) {
				t.Fatalf("?%s: the facet counts %d of %d", raw, count, len(want))
			}
		}
	}
}

func addresses(r Result) string {
	var out []string
	for _, row := range r.Items {
		out = append(out, row.Address)
	}
	return strings.Join(out, " ")
}

var (
	oracleBuyers = []string{rennes, bretagne, hospital, "22350001800013", "24350013900189"}
	oracleWords  = []string{"école", "écoles", "ECOLE", "toiture", "sécurité", "SECURITE", "mairie", "l'eau", "d'eaux", "de", "la", "réseaux", "réseau"}
	oracleCPV    = []string{"45000000", "45261900", "90910000", "", "7131"}
	oracleTowns  = []string{"35238", "35047", "29019", "22278", "44109"}
)

func randomContract(r *rand.Rand) view.Shown {
	buyer := oracleBuyers[r.IntN(len(oracleBuyers))]
	s := made(buyer, fmt.Sprint(r.IntN(900)), func(c *pivot.Contract) {
		c.Kind = []pivot.Kind{pivot.Marche, pivot.Marche, pivot.Concession}[r.IntN(3)]
		var words []string
		for range 1 + r.IntN(6) {
			words = append(words, oracleWords[r.IntN(len(oracleWords))])
		}
		c.Object, c.CPV = strings.Join(words, " "), oracleCPV[r.IntN(len(oracleCPV))]
		c.Notified = time.Date(2024, 1, 1+r.IntN(900), 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
		if r.IntN(12) == 0 {
			c.Notified = "inconnue"
		}
		c.Amount, c.Months, c.Offers = some(float64(r.IntN(40)*1000)), some(r.IntN(50)), some(r.IntN(5))
		if r.IntN(8) == 0 {
			c.Amount, c.Months, c.Offers = nil, nil, nil
		}
		c.Place = &pivot.Place{Code: oracleTowns[r.IntN(len(oracleTowns))], CodeType: "Code commune"}
		if r.IntN(5) == 0 {
			c.Place = nil
		}
		c.Suppliers = nil
		for range 1 + r.IntN(2) {
			c.Suppliers = append(c.Suppliers, pivot.Supplier{ID: fmt.Sprintf("3560000000%04d", r.IntN(5))})
		}
		c.Social = []string{[]string{"Clause sociale", "Pas de considération sociale"}[r.IntN(2)]}
	})
	s.State = states[r.IntN(len(states))]
	s.Departement = "35"
	if s.Contract.Place != nil {
		m, _ := territory.CommuneByCode(s.Contract.Place.Code)
		s.Departement = m.Departement
	}
	return s
}

func randomQuery(r *rand.Rand) string {
	v := url.Values{"limit": {fmt.Sprint(1 + r.IntN(30))}, "facets": {"departement"}}
	parts := []func(){
		func() { v.Add("buyer", oracleBuyers[r.IntN(5)]) },
		func() { v.Set("supplier", fmt.Sprintf("3560000000%04d", r.IntN(6))) },
		func() { v.Set("cpv", []string{"4", "45", "452", "45000000", "9"}[r.IntN(5)]) },
		func() { v.Set("departement", []string{"35", "22", "44"}[r.IntN(3)]) },
		func() { v.Set("region", []string{"53", "52"}[r.IntN(2)]) },
		func() { v.Set("commune", oracleTowns[r.IntN(5)]) },
		func() { v.Set("kind", kinds[r.IntN(2)]) },
		func() { v.Add("state", stateNames()[r.IntN(4)]) },
		func() { v.Set("amount_min", fmt.Sprint(r.IntN(40)*1000)) },
		func() { v.Set("amount_max", fmt.Sprint(r.IntN(40)*1000)) },
		func() { v.Set("from", fmt.Sprintf("2024-%02d-%02d", 1+r.IntN(12), 1+r.IntN(28))) },
		func() { v.Set("to", fmt.Sprintf("2025-%02d-%02d", 1+r.IntN(12), 1+r.IntN(28))) },
		func() { v.Set("ends_to", fmt.Sprintf("2027-%02d-%02d", 1+r.IntN(12), 1+r.IntN(28))) },
		func() { v.Set("months_max", fmt.Sprint(r.IntN(50))) },
		func() { v.Set("offers_min", fmt.Sprint(r.IntN(5))) },
		func() { v.Set("considerations", "sociale") },
		func() { v.Set("supplier_commune", oracleTowns[r.IntN(5)]) },
		func() { v.Set("supplier_region", []string{"53", "52"}[r.IntN(2)]) },
		func() { v.Set("supplier_departement", []string{"35", "22", "44"}[r.IntN(3)]) },
		func() { v.Set("supplier_size", sizes[r.IntN(3)]) },
		func() { v.Set("supplier_local", nearLevels[r.IntN(5)]) },
		func() { v.Set("q", oracleWords[r.IntN(len(oracleWords))]+" ") },
		func() {
			v.Set("q", `"`+oracleWords[r.IntN(len(oracleWords))]+" "+oracleWords[r.IntN(len(oracleWords))]+`"`)
		},
		func() { v.Set("sort", []string{"date", "amount", "end"}[r.IntN(3)]) },
	}
	for range 1 + r.IntN(4) {
		parts[r.IntN(len(parts))]()
	}
	return v.Encode()
}

// plain is what a query finds, in its order, by reading every contract.
func plain(all map[string]view.Shown, q Query) []string {
	var out []view.Shown
	for _, s := range all {
		if plainly(s, q) {
			out = append(out, s)
		}
	}
	last := func(p *float64) float64 {
		if p == nil {
			return -1
		}
		return *p
	}
	slices.SortFunc(out, func(a, b view.Shown) int {
		n := 0
		switch q.Sort {
		case Largest:
			n = cmp.Compare(last(b.Amount), last(a.Amount))
		case Ending:
			x, y := ends(a), ends(b)
			n = cmp.Compare(cmp.Or(x, "9999"), cmp.Or(y, "9999"))
		default:
			n = cmp.Compare(dayOf(b.Notified), dayOf(a.Notified))
		}
		return cmp.Or(n, cmp.Compare(a.Address, b.Address))
	})
	var list []string
	for _, s := range out {
		list = append(list, s.Address)
	}
	return list
}

func ends(s view.Shown) string {
	day, err := time.Parse(time.DateOnly, s.Notified)
	if err != nil || s.Months == nil || *s.Months == 0 {
		return ""
	}
	return day.AddDate(0, *s.Months, 0).Format(time.DateOnly)
}

func plainly(s view.Shown, q Query) bool {
	among := func(list []string, v string) bool { return len(list) == 0 || slices.Contains(list, v) }
	in := func(r Range, v *float64) bool {
		return r.open() || v != nil && (r.Min == nil || *v >= *r.Min) && (r.Max == nil || *v <= *r.Max)
	}
	days := func(d Days, v string) bool {
		return d.open() || dayOf(v) != 0 && (d.From == "" || v >= d.From) && (d.To == "" || v <= d.To)
	}
	float := func(n *int) *float64 {
		if n == nil {
			return nil
		}
		return some(float64(*n))
	}
	if len(q.Supplier) > 0 && !slices.ContainsFunc(s.Suppliers, func(id string) bool { return slices.Contains(q.Supplier, id) }) {
		return false
	}
	if len(q.CPV) > 0 && !strings.HasPrefix(s.CPV, q.CPV[0]) || len(q.Considered) > 0 && s.Contract.Social[0] != "Clause sociale" {
		return false
	}
	return plainFirm(s, q) && among(q.Buyer, s.Buyer) && among(q.Kind, string(s.Kind)) && among(q.State, string(s.State)) && in(q.Amount, s.Amount) &&
		in(q.Months, float(s.Months)) && in(q.Offers, float(s.Contract.Offers)) && days(q.Notified, s.Notified) && days(q.Ends, ends(s)) &&
		plainPlace(s, q.Where) && plainText(s, q.Text)
}

// oracleRound is since when which register is known.
var oracleRound int

// oracleRegister knows more from round to round.
func oracleRegister(round int) Register {
	return Register{Firm: func(siret string) (commune, size string) {
		n := int(siret[13] - '0')
		if n > round+1 || strings.HasPrefix(siret, "2") {
			return "", ""
		}
		return oracleTowns[(n+round)%len(oracleTowns)], sizes[n%3]
	}}
}

// plainFirm looks at the first supplier alone.
func plainFirm(s view.Shown, q Query) bool {
	var of []Zone
	for _, z := range q.Where {
		if z.Side == SupplierSide {
			of = append(of, z)
		}
	}
	if len(of)+len(q.Size)+len(q.Local) == 0 {
		return true
	}
	if oracleRound == 0 {
		return false
	}
	commune, size := oracleRegister(oracleRound).Firm(s.Suppliers[0])
	in := func(level, code string) bool {
		outer, _ := Zone{Level: level, Code: code}.geozone()
		inner, err := territory.ParseGeozone("fr:commune:" + commune)
		return commune != "" && err == nil && territory.Contains(outer, inner)
	}
	near := ""
	if body, ok := territory.BySIREN(s.Buyer[:9]); ok && commune != "" {
		near = "ailleurs"
		m, _ := territory.CommuneByCode(commune)
		dep := territory.Departements(body.Geozone)[0]
		switch level := body.Geozone.Level(); {
		case in("commune", m.Code) && level == territory.Commune && m.Code == body.Geozone.Code():
			near = "commune"
		case level == territory.EPCI && m.EPCI == body.Geozone.Code(), level == territory.Commune && m.EPCI == epciOf(body.Geozone.Code()):
			near = "epci"
		case level != territory.Region && m.Departement == dep:
			near = "departement"
		case territory.RegionOf(m.Departement) == territory.RegionOf(dep):
			near = "region"
		}
	}
	return (len(q.Size) == 0 || slices.Contains(q.Size, size)) && (len(q.Local) == 0 || slices.Contains(q.Local, near)) &&
		(len(of) == 0 || slices.ContainsFunc(of, func(z Zone) bool { return in(z.Level, z.Code) }))
}

func epciOf(commune string) string {
	m, _ := territory.CommuneByCode(commune)
	return m.EPCI
}

func plainPlace(s view.Shown, where []Zone) bool {
	var here territory.Geozone
	if p := s.Contract.Place; p != nil {
		here, _ = territory.ParseGeozone("fr:commune:" + p.Code)
	} else if b, ok := territory.BySIREN(s.Buyer[:9]); ok {
		here = b.Geozone
	}
	where = slices.DeleteFunc(slices.Clone(where), func(z Zone) bool { return z.Side == SupplierSide })
	return len(where) == 0 || slices.ContainsFunc(where, func(z Zone) bool {
		g, _ := z.geozone()
		if z.Level == "departement" {
			return s.Departement == z.Code
		}
		if z.Level == "region" && s.Contract.Place == nil {
			return territory.RegionOf(s.Departement) == z.Code
		}
		return territory.Contains(g, here)
	})
}

// same are the words of the test that are one word.
func same(a, b string) bool {
	return french.Stem(french.Fold(a)) == french.Stem(french.Fold(b)) || french.Stem(a) == french.Stem(b)
}

// plainText looks for the words, together, in the object, the label of the CPV and the
// buyer's name.
func plainText(s view.Shown, text string) bool {
	want := slices.Collect(french.Words(text))
	if !slices.ContainsFunc(want, func(w string) bool { return !french.Stop(w) }) {
		return true
	}
	name := ""
	if b, ok := territory.BySIREN(s.Buyer[:9]); ok {
		name = b.Name
	}
	return together(s.Object, want) || together(cpv.French(s.CPV), want) || together(name, want)
}

func together(text string, want []string) bool {
	has := slices.Collect(french.Words(text))
	for at := 0; at+len(want) <= len(has); at++ {
		ok := true
		for i, w := range want {
			h := has[at+i]
			ok = ok && (french.Stop(w) && french.Stop(h) || !french.Stop(w) && same(w, h))
		}
		if ok {
			return true
		}
	}
	return false
}
