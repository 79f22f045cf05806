package api

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"maillon/store/search"
)

// bought is a rig with contracts of two buyers of Ille-et-Vilaine, one of which ends soon.
func bought(t *testing.T) *rig {
	r := newRig(t, "https://x.example/base")
	other := strings.ReplaceAll(contractJSONText("Z", "papier à lettres", 6), rennes, "21350001400019")
	huge := strings.Replace(contractJSONText("H", "sel de déneigement", 12), `"montant":41000`, `"montant":999999999`, 1)
	r.deposit(pivotFile(contractJSONText("A", "papier", 6), contractJSONText("B", "encre", 48), other, huge))
	return r
}

func (r *rig) pageAt(path string) string {
	r.t.Helper()
	res := r.do("GET", path, "", "Accept", "text/html", "Accept-Language", "fr")
	body := text(r.t, res)
	if res.StatusCode != http.StatusOK {
		r.t.Fatalf("%s: %s %s", path, res.Status, body)
	}
	return body
}

func TestEachProfileFindsWhatItIsFor(t *testing.T) {
	r := bought(t)
	for path, wants := range map[string][]string{
		"/profils":                                  {"/base/profils/acheteur", "/base/profils/entreprise", "/base/profils/elu", "/base/profils/citoyen"},
		"/profils/acheteur":                         {`name="buyer"`},
		"/profils/acheteur?buyer=" + rennes:         {"Finissent bientôt", "papier", "Mêmes besoins", "papier à lettres", "Ille-et-Vilaine"},
		"/profils/acheteur?buyer=1":                 {"Aucun contrat de cet acheteur"},
		"/profils/entreprise?cpv=30":                {"Contrats qui finissent, mois par mois", "septembre\u00a02026", "Principaux titulaires"},
		"/profils/elu?name=Breiz":                   {"Aucun territoire"},
		"/profils/citoyen":                          {"La moitié des contrats valent moins de 41\u202f000\u00a0€", "sel de déneigement"},
		"/territoires/departement/35":               {"Ille-et-Vilaine", "Comparaison", "Bretagne", "Tout ce nœud"},
		"/territoires/commune/35238":                {"Rennes"},
		"/chiffres?q=papier":                        {"Par année", "Ce que ces données ne disent pas", "Taux de réussite"},
		"/acheteurs/" + rennes:                      {"Par domaine", "Finissent bientôt"},
		"/titulaires/35600000000048":                {"Principaux acheteurs"},
		"/marches?q=papier":                         {"2 contrats trouvés", "/base/api/v1/contracts.xlsx?lang=fr&amp;q=papier", "Texte"},
		"/marches?q=zzzz":                           {"0 contrat trouvé", "Essayez moins de mots"},
		"/marches?from=2026-01-01&state=a-corriger": {"À corriger", "Notifié dès le"},
	} {
		body := r.pageAt(path)
		for _, want := range wants {
			if !strings.Contains(strings.ToLower(body), strings.ToLower(want)) {
				t.Errorf("%s does not say %q", path, want)
			}
		}
	}
	res := r.do("GET", "/profils/elu?name="+url.QueryEscape("ille et vilaine"), "", "Accept", "text/html")
	if res.StatusCode != http.StatusSeeOther || !strings.HasPrefix(res.Header.Get("Location"), "/base/territoires/departement/35") {
		t.Errorf("a département by its name: %s %s", res.Status, res.Header.Get("Location"))
	}
	if res := r.do("GET", "/territoires/commune/99999", ""); res.StatusCode != http.StatusNotFound {
		t.Errorf("a commune that is none: %s", res.Status)
	}
}

func TestAmountsThatCannotBeAreLeftOutOfTheSums(t *testing.T) {
	r := bought(t)
	var answer IndicatorsAnswer
	if err := json.NewDecoder(r.do("GET", "/api/v1/indicators", "").Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	for _, i := range answer.Items {
		if i.ID == "amount" && (*i.Value != 123000 || i.Missing != 1 || i.N != 3) {
			t.Errorf("%+v", i)
		}
	}
	c := counter{r.s, t.Context(), counted(search.Query{}), "fr"}
	b, _, err := c.block(blockSpec{search.ByYear, 5})
	if err != nil || len(b.Rows) != 1 || b.Rows[0].Cells[1] != "123\u202f000\u00a0€" || b.Note == "" {
		t.Errorf("%v %+v", err, b)
	}
}

func TestOnlyPagesOfPublicDataMayBeFramed(t *testing.T) {
	r := bought(t)
	framed := func(path string) (policy, body string) {
		res := r.do("GET", path, "", "Accept", "text/html")
		return res.Header.Get("Content-Security-Policy"), text(t, res)
	}
	policy, body := framed("/profils/entreprise?cpv=30&embed=1")
	if !strings.Contains(policy, "frame-ancestors *") || strings.Contains(body, "<nav") || !strings.Contains(body, `target="_top"`) {
		t.Errorf("%s\n%s", policy, body)
	}
	for _, path := range []string{"/profils/entreprise?cpv=30", "/connexion?embed=1", "/?embed=1"} {
		if policy, body := framed(path); !strings.Contains(policy, "frame-ancestors 'none'") || !strings.Contains(body, "<nav") {
			t.Errorf("%s: %s", path, policy)
		}
	}
}

func TestPicturesStandAlone(t *testing.T) {
	r := bought(t)
	for _, by := range []string{"year", "cpv2", "end_month", "offers", "supplier"} {
		res := r.do("GET", "/chiffres.svg?by="+by+"&q=papier&measures=sum:amount", "")
		body := text(t, res)
		if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "image/svg+xml" || !strings.Contains(res.Header.Get("Content-Security-Policy"), "sandbox") {
			t.Errorf("%s: %s %v", by, res.Status, res.Header)
		}
		d := xml.NewDecoder(strings.NewReader(body))
		for {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", by, err)
			}
		}
	}
	for _, query := range []string{"", "by=year,cpv2", "by=nope", "by=year&measures=nope", "by=year&nope=1"} {
		if res := r.do("GET", "/chiffres.svg?"+query, ""); res.StatusCode != http.StatusBadRequest {
			t.Errorf("%q: %s", query, res.Status)
		}
	}
}

// TestSumsLeaveOutWhatPagesLeaveOut: and say so, unless what was published is asked for.
func TestSumsLeaveOutWhatPagesLeaveOut(t *testing.T) {
	r := bought(t)
	const ask = "/api/v1/stats?by=cpv2&measures=count,sum:amount,mean:amount,max:amount,share:amount"
	for query, want := range map[string]struct{ sum, mean, most, missing float64 }{
		"":                 {123_000, 41_000, 999_999_999, 1},
		"&as_published=0":  {123_000, 41_000, 999_999_999, 1},
		"&as_published=1":  {1_000_122_999, 250_030_749.75, 999_999_999, 0},
		"&amount_max=1000": {0, 0, 0, 0},
	} {
		var a StatsAnswer
		if err := json.NewDecoder(r.do("GET", ask+query, "").Body).Decode(&a); err != nil {
			t.Fatal(err)
		}
		total := a.Table.Total
		if value(total, 1) != want.sum || value(total, 2) != want.mean || value(total, 3) != want.most || float64(total.Missing[1]) != want.missing {
			t.Errorf("%s: %v %v %v, missing %v; want %+v", query, value(total, 1), value(total, 2), value(total, 3), total.Missing, want)
		}
		switch e := a.Excluded; {
		case query == "&as_published=1":
			if e != nil {
				t.Errorf("as published: %+v", e)
			}
		case e == nil || float64(e.Contracts) != want.missing || e.AmountFrom != search.Implausible || !strings.Contains(e.Definition, "as_published"):
			t.Errorf("%s: excluded %+v", query, e)
		}
	}
	if res := r.do("GET", ask+"&as_published=yes", ""); res.StatusCode != http.StatusBadRequest {
		t.Errorf("as_published=yes: %s", res.Status)
	}
	csv := text(t, r.do("GET", "/api/v1/stats?by=year&measures=sum:amount&format=csv", ""))
	if want := "2026;;4;123000;1\n"; !strings.HasSuffix(csv, want) {
		t.Errorf("CSV %q, want %q at its end", csv, want)
	}
}
