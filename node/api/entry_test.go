package api

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

// A browser keeps the cookie that it is given.
type browser struct {
	*rig
	cookie string
}

func (b *browser) get(path string) *http.Response {
	return b.do("GET", path, "", "Cookie", b.cookie, "Accept", "text/html", "Accept-Language", "fr")
}

func (b *browser) post(path string, form url.Values) *http.Response {
	res := b.do("POST", path, form.Encode(), "Content-Type", "application/x-www-form-urlencoded", "Cookie", b.cookie, "Accept", "text/html", "Accept-Language", "fr")
	for _, c := range res.Cookies() {
		b.cookie = c.Name + "=" + c.Value
	}
	return res
}

// login gives a browser with a session, and what its forms carry.
func login(t *testing.T, r *rig) (*browser, string) {
	t.Helper()
	b := &browser{rig: r}
	if res := b.post("/connexion", url.Values{"token": {"good"}, "next": {"/saisie?kind=contrat-concession"}}); res.StatusCode != http.StatusSeeOther ||
		res.Header.Get("Location") != "/saisie?kind=contrat-concession" {
		t.Fatalf("login: %s to %s", res.Status, res.Header.Get("Location"))
	}
	return b, hidden(t, text(t, b.get("/saisie")), "form")
}

// hidden is the value of a hidden field of a page.
func hidden(t *testing.T, page, name string) string {
	t.Helper()
	m := regexp.MustCompile(`name="` + name + `" value="([^"]*)"`).FindStringSubmatch(page)
	if m == nil {
		t.Fatalf("the page has no field %s: %s", name, page)
	}
	return html.UnescapeString(m[1])
}

func TestOnlyWhoHasATokenTypesContracts(t *testing.T) {
	r := newRig(t, "https://x.example")
	b := &browser{rig: r}
	if res := b.get("/saisie?contract=a%2Fb"); res.StatusCode != http.StatusSeeOther || res.Header.Get("Location") != "/connexion?next=%2Fsaisie%3Fcontract%3Da%252Fb" {
		t.Errorf("without session: %s to %s", res.Status, res.Header.Get("Location"))
	}
	for _, token := range []string{"", "bad", "good2"} {
		if res := b.post("/connexion", url.Values{"token": {token}}); res.StatusCode != http.StatusForbidden || len(res.Cookies()) > 0 {
			t.Errorf("token %q: %s", token, res.Status)
		}
	}
	res := b.post("/connexion", url.Values{"token": {"good"}, "next": {"https://elsewhere.example/saisie"}})
	if res.Header.Get("Location") != "/saisie" {
		t.Errorf("the login leads to %s", res.Header.Get("Location"))
	}
	if c := res.Cookies()[0]; !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteStrictMode {
		t.Errorf("cookie %v", c)
	}
	form := hidden(t, text(t, b.get("/saisie")), "form")
	if res := b.post("/saisie", url.Values{"form": {"of another page"}, "do": {"publish"}}); res.StatusCode != http.StatusForbidden {
		t.Errorf("a form from elsewhere: %s", res.Status)
	}
	if res := b.post("/deconnexion", url.Values{"form": {form}}); res.StatusCode != http.StatusSeeOther {
		t.Errorf("logout: %s", res.Status)
	}
	if res := b.get("/saisie"); res.StatusCode != http.StatusSeeOther {
		t.Errorf("after the logout: %s", res.Status)
	}
	b, _ = login(t, r)
	later := r.s.Now().Add(9 * time.Hour)
	r.s.Now = func() time.Time { return later }
	if res := b.post("/saisie", url.Values{"do": {"check"}}); res.StatusCode != http.StatusForbidden {
		t.Errorf("after nine hours: %s", res.Status)
	}
}

// typed is a form filled in without error.
func typed(form string) url.Values {
	return url.Values{
		"form": {form}, "kind": {"marche"}, "id": {"2026-S1"}, "acheteur_id": {rennes}, "nature": {"Marché"}, "objet": {"Réfection du toit de l’école"},
		"codeCPV": {"45261900-3"}, "procedure": {"Procédure adaptée"}, "lieuExecution_code": {"35238"}, "lieuExecution_typeCode": {"Code commune"},
		"dureeMois": {"6"}, "dateNotification": {"2026-03-02"}, "datePublicationDonnees": {"2026-03-20"}, "montant": {"61 250,50"},
		"formePrix": {"Forfaitaire"}, "typesPrix": {"Définitif ferme"}, "titulaire_typeIdentifiant": {"SIRET", "SIRET"},
		"titulaire_id": {"356 000 000 00048", "81223113200026"}, "techniques": {"Sans objet"}, "modalitesExecution": {"Sans objet"}, "ccag": {"Travaux"},
		"offresRecues": {"3"}, "marcheInnovant": {"non"}, "attributionAvance": {"non"}, "typeGroupementOperateurs": {"Conjoint"},
		"sousTraitanceDeclaree": {"non"}, "considerationsSociales": {"Clause sociale"}, "considerationsEnvironnementales": {"Clause environnementale"},
	}
}

func TestAContractIsTypedCheckedAndPublished(t *testing.T) {
	r := newRig(t, "https://x.example")
	b, form := login(t, r)

	wrong := typed(form)
	wrong.Set("montant", "environ 10")
	wrong.Set("do", "publish")
	page := text(t, b.post("/saisie", wrong))
	if !strings.Contains(page, "1 erreur(s)") || !strings.Contains(page, `value="environ 10"`) || !strings.Contains(page, "n’est pas écrit comme il faut") {
		t.Errorf("an error is not told at its field: %s", page)
	}
	if r.s.Own.Size() != 0 {
		t.Fatal("an error was published")
	}

	good := typed(form)
	good.Set("do", "check")
	if page := text(t, b.post("/saisie", good)); !strings.Contains(page, "vous pouvez publier") || r.s.Own.Size() != 0 {
		t.Errorf("checking: %s", page)
	}
	good.Set("do", "publish")
	res := b.post("/saisie", good)
	if res.StatusCode != http.StatusSeeOther || !strings.HasPrefix(res.Header.Get("Location"), "/depots/") {
		t.Fatalf("publishing: %s %s", res.Status, text(t, res))
	}
	got := text(t, r.do("GET", "/api/v1/contracts/"+rennes+"/2026-S1", ""))
	for _, want := range []string{`"state":"conforme"`, `"montant":61250.5`, `"35600000000048"`, `"81223113200026"`} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in %s", want, got)
		}
	}
}

func TestAContractToBeCorrectedIsCorrected(t *testing.T) {
	r := newRig(t, "https://x.example")
	r.deposit(pivotFile(contractJSONText("A", "papier", 0)))
	b, _ := login(t, r)
	if page := text(t, b.get("/marches/"+rennes+"/A")); !strings.Contains(page, "/saisie?contract=") {
		t.Errorf("the contract has no link to its correction: %s", page)
	}
	page := text(t, b.get("/saisie?contract="+url.QueryEscape(rennes+"/A")))
	if !strings.Contains(page, `value="30190000"`) || !strings.Contains(page, ">papier</textarea>") {
		t.Fatalf("the form is not filled in: %s", page)
	}
	fixed := typed(hidden(t, page, "form")) // as the form was, with another duration
	for name, value := range map[string]string{
		"contract": hidden(t, page, "contract"), "id": "A", "objet": "papier", "codeCPV": "30190000", "montant": "41000", "dureeMois": "12", "do": "publish",
		"ccag": "Pas de CCAG", "typeGroupementOperateurs": "Pas de groupement", "titulaire_id": "35600000000048",
	} {
		fixed.Set(name, value)
	}
	if res := b.post("/saisie", fixed); res.StatusCode != http.StatusSeeOther {
		t.Fatalf("%s: %s", res.Status, text(t, res))
	}
	if got := text(t, r.do("GET", "/api/v1/contracts/"+rennes+"/A", "")); !strings.Contains(got, `"state":"conforme"`) || !strings.Contains(got, `"versions":2`) {
		t.Errorf("after the correction: %s", got)
	}
	if r.s.Own.Size() != 3 { // the first, the correction, its withdrawal
		t.Errorf("%d entries", r.s.Own.Size())
	}
	if res := b.get("/saisie?contract=" + rennes + "%2Fnone"); res.StatusCode != http.StatusNotFound {
		t.Errorf("a contract that is none: %s", res.Status)
	}
}

// Without any script: codes are searched and rows added by buttons.
func TestTheFormNeedsNoScript(t *testing.T) {
	r := newRig(t, "https://x.example")
	b, form := login(t, r)
	f := typed(form)
	f.Set("do", "cpv")
	f.Set("search_cpv", "roof")
	if page := text(t, b.post("/saisie", f)); !strings.Contains(page, `<option value="45260000`) {
		t.Errorf("no code is found: %s", page)
	}
	f.Set("do", "place")
	f.Set("search_place", "renn")
	if page := text(t, b.post("/saisie", f)); !strings.Contains(page, `<option value="35238">`) {
		t.Errorf("no commune is found: %s", page)
	}
	f.Set("found_cpv", "45262670-8")
	f.Set("found_place", "35001")
	f.Set("do", "supplier")
	page := text(t, b.post("/saisie", f))
	if strings.Count(page, `name="titulaire_id"`) != 3 || !strings.Contains(page, `value="45262670-8"`) || !strings.Contains(page, `value="35001"`) {
		t.Errorf("no room for a third supplier, or what was chosen is lost: %s", page)
	}
	f.Set("do", "modification")
	if page := text(t, b.post("/saisie", f)); strings.Count(page, `name="modification_id"`) != 1 {
		t.Error("no room for a modification")
	}
	f.Set("objet", strings.Repeat("x", entryMost))
	if res := b.post("/saisie", f); res.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("a form too large: %s", res.Status)
	}
}
