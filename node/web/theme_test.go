package web

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"maillon/catalog/texts"
)

func TestColoursThatCannotBeReadAreRefusedWithOneThatCan(t *testing.T) {
	for colour, fine := range map[string]bool{"#17479e": true, "#000000": true, "#ffd200": false, "#777777": false} {
		err := CheckColour(colour, false)
		if (err == nil) != fine {
			t.Errorf("%s: %v", colour, err)
		}
		if bad, ok := errors.AsType[*ColourError](err); ok && CheckColour(bad.Instead, false) != nil {
			t.Errorf("%s: %s is proposed, and cannot be read either", colour, bad.Instead)
		}
		if night := NightOf(colour); CheckColour(night, true) != nil {
			t.Errorf("%s becomes %s in the dark, which cannot be read", colour, night)
		}
	}
	for _, colour := range []string{"", "red", "#fff", "#17479g", "#17479e;}", "url(x)"} {
		if CheckColour(colour, false) == nil {
			t.Errorf("%q is taken for a colour", colour)
		}
	}
}

func TestTheGroundsAreThoseOfTheSheet(t *testing.T) {
	for _, ground := range append(dayGrounds, nightGrounds...) {
		if short := strings.Replace(ground, "#ffffff", "#fff", 1); !strings.Contains(string(style), ": "+short+";") {
			t.Errorf("the sheet has no ground %s", ground)
		}
	}
}

func TestASiteHasItsColoursAndItsLogo(t *testing.T) {
	site := sampleSite
	site.Theme = Theme{Colour: "#7a1f5c", Logo: []byte("<svg xmlns=\"http://www.w3.org/2000/svg\"/>"), LogoType: "image/svg+xml"}
	p, err := New(site)
	if err != nil {
		t.Fatal(err)
	}
	get := func(path string) *http.Response {
		w := httptest.NewRecorder()
		p.Static().ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		return w.Result()
	}
	if res := get(p.logo); res.StatusCode != 200 || res.Header.Get("Content-Type") != "image/svg+xml" || !strings.Contains(res.Header.Get("Content-Security-Policy"), "sandbox") {
		t.Errorf("the logo: %s %v", res.Status, res.Header)
	}
	if res := get(p.sheet); res.StatusCode != 200 || !strings.Contains(string(p.style), "--link: #7a1f5c") {
		t.Errorf("the sheet: %s", res.Status)
	}
	if plain, _ := New(sampleSite); plain.sheet == p.sheet || get("/assets/logo-0.svg").StatusCode != 404 {
		t.Error("two sheets have one name, or a logo that is not there is served")
	}
	if page := renderWith(t, p, texts.French, ErrorPage{Status: 404}); !strings.Contains(page, `<img src="/opendata`+p.logo+`" alt=""`) {
		t.Error("the page has no logo")
	}
}

func TestLogoType(t *testing.T) {
	for picture, want := range map[string]string{
		"\x89PNG\r\n\x1a\n": "image/png", "\xff\xd8\xff\xe0": "image/jpeg", "<?xml version='1.0'?><svg>": "image/svg+xml", "<html><body>": "", "": "", "GIF89a": "",
	} {
		if got := LogoType([]byte(picture)); got != want {
			t.Errorf("%q is %q, want %q", picture, got, want)
		}
	}
}

func TestWithoutAnAuditInForceASiteIsNotConforming(t *testing.T) {
	on := time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		access Access
		now    time.Time
		want   string
	}{
		{Access{}, on, "non"}, {Access{Percent: 100}, on, "non"}, {Access{On: on, Percent: 49}, on, "non"}, {Access{On: on, Percent: 50}, on, "partielle"},
		{Access{On: on, Percent: 100}, on, "totale"}, {Access{On: on, Percent: 100}, on.AddDate(3, 0, 1), "non"},
	} {
		if got := c.access.State(c.now); got != c.want {
			t.Errorf("%+v at %s: %s, want %s", c.access, c.now, got, c.want)
		}
		site := sampleSite
		site.Legal.Access, site.Now = c.access, func() time.Time { return c.now }
		p, err := New(site)
		if err != nil {
			t.Fatal(err)
		}
		page := renderWith(t, p, texts.French, About("accessibilite", site, texts.French, c.now))
		if link := typeset(texts.French, texts.T(texts.French, "site.access.link."+c.want)); !strings.Contains(page, link) {
			t.Errorf("%+v: no link %q", c.access, link)
		}
	}
}

func TestWhatTheConfigurationSaysStandsOnTheLegalPages(t *testing.T) {
	site := sampleSite
	site.Legal = Legal{Director: "La maire", Address: "1 place du Val", Phone: "02 00 00 00 00", Host: "Hébergement du Val", DPO: "dpo@exemple.invalid", LogDays: 30,
		Access: Access{Percent: 72, On: then, By: "Audit du Val", Report: "https://exemple.invalid/audit.pdf", Plan: "https://exemple.invalid/plan.pdf", Failings: []string{"Cartes anciennes."}}}
	p, err := New(site)
	if err != nil {
		t.Fatal(err)
	}
	for topic, wants := range map[string][]string{
		"accessibilite":        {"partiellement conforme", "72 %", "Audit du Val", "https://exemple.invalid/audit.pdf", "https://exemple.invalid/plan.pdf", "Cartes anciennes.", "Défenseur des droits"},
		"mentions-legales":     {"La maire", "1 place du Val", "02 00 00 00 00", "Hébergement du Val"},
		"donnees-personnelles": {"dpo@exemple.invalid", "30 jours", "aucun cookie"},
	} {
		page := renderWith(t, p, texts.French, About(topic, site, texts.French, then))
		for _, want := range wants {
			if !strings.Contains(page, want) {
				t.Errorf("%s does not say %q", topic, want)
			}
		}
	}
}
