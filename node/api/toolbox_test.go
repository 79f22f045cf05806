package api

import (
	"archive/zip"
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"maillon/node/toolbox"
)

// withToolbox gives a rig a toolbox of these files.
func withToolbox(t *testing.T, base string, files map[string]string) *rig {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	r := newRig(t, base)
	r.s.Toolbox = toolbox.Open(dir, toolbox.Options{URL: base}, r.s.Log, r.s.Now)
	r.h = r.s.Handler()
	return r
}

var filled = map[string]string{
	"contacts.yaml":       "- {nom: Service des marchés, courriel: a@b.fr, couriel: x}\n- {nom: Bureau des données, sujets: [jeton], lien: /register}\n",
	"calendrier.yaml":     "- {titre: Atelier passé, debut: 2001-01-01}\n- {titre: Atelier à venir, debut: 2199-01-01T14:00, echelon: local, lien: /valider}\n",
	"appels.yaml":         "- {titre: Achats durables, cloture: 2001-01-01}\n",
	"temoignages/aval.md": "---\nauteur: Une maire\n---\n# Chez nous\n\nDes **effets**.\n",
	"temoignages/eau.md":  "---\ngenre: analyse\n---\n# L’eau\n\n42 contrats.\n",
	"pages/eau.md":        "# L’eau publique\n\nUn [guide](guide.md) et une ![carte](images/carte.png).\n\n<script>x</script>\n",
	"images/carte.png":    "\x89PNG",
	"images/cachee.txt":   "x",
}

func TestTheToolboxShowsWhatTheOperatorWrote(t *testing.T) {
	r := withToolbox(t, "https://hub.exemple.fr/base", filled)
	for path, want := range map[string][]string{
		"":             {"L’eau publique", `href="/base/boite-a-outils/guide#1-savoir-ce-que-la-loi-demande"`, `href="/base/boite-a-outils/kit"`},
		"/guide":       {"10 étapes", `href="/base/valider"`, "https://hub.exemple.fr/base/api/v1/deposits"},
		"/roles":       {"Régulation", `<svg xmlns`, "concertation"},
		"/deploiement": {"Dire qui pilote", "mois 1"},
		"/contacts":    {"Bureau des données", "jeton", `href="/base/register"`},
		"/calendrier":  {"Atelier passé", "Atelier à venir", "local", `href="/base/valider"`, "calendrier.ics"},
		"/appels":      {"Achats durables", "clos"},
		"/temoignages": {"Chez nous", "<strong>effets</strong>", "Une maire", "42 contrats"},
		"/services":    {"Citoyen", `href="/base/marches"`, "Ce qui manque"},
		"/kit":         {"modele-marches.xlsx", "kit.zip?lang=fr", `src="/base/boite-a-outils/affiches/publier.svg?lang=fr"`},
		"/eau":         {`<img src="/base/boite-a-outils/images/carte.png" alt="carte">`, `href="/base/boite-a-outils/guide"`},
	} {
		res := r.do("GET", "/boite-a-outils"+path, "", "Accept", "text/html", "Accept-Language", "fr")
		page := text(t, res)
		if res.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", path, res.Status)
		}
		for _, w := range want {
			if !strings.Contains(page, w) {
				t.Errorf("%s lacks %q", path, w)
			}
		}
		for _, never := range []string{"<script", "couriel", "Service des marchés"} {
			if strings.Contains(page, never) {
				t.Errorf("%s has %q", path, never)
			}
		}
	}
	for _, path := range []string{"/images/cachee.txt", "/images/rien.png", "/affiches/x.svg", "/rien", "/Eau"} {
		if res := r.do("GET", "/boite-a-outils"+path, ""); res.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %s", path, res.Status)
		}
	}
}

func TestATextInAnotherLanguageSaysSo(t *testing.T) {
	r := withToolbox(t, "https://hub.exemple.fr", filled)
	if page := text(t, r.do("GET", "/boite-a-outils/eau?lang=en", "", "Accept", "text/html")); !strings.Contains(page, `<div class="prose" lang="fr">`) {
		t.Error("a French text on an English page is not marked")
	}
	if page := text(t, r.do("GET", "/boite-a-outils/guide?lang=en", "", "Accept", "text/html")); !strings.Contains(page, `<div class="prose">`) {
		t.Error("an English text on an English page is marked")
	}
}

func TestWhatIsWrongInTheToolboxIsForThoseWhoAreLoggedIn(t *testing.T) {
	r := withToolbox(t, "https://hub.exemple.fr", filled)
	b, _ := login(t, r)
	page := text(t, b.get("/boite-a-outils"))
	for _, want := range []string{"contacts.yaml:1", "couriel", "images/cachee.txt", "pages/eau.md:5"} {
		if !strings.Contains(page, want) {
			t.Errorf("the index lacks %q", want)
		}
	}
}

func TestFilesOfTheToolboxCanOnlyBeRead(t *testing.T) {
	r := withToolbox(t, "https://hub.exemple.fr", filled)
	for path, media := range map[string]string{
		"/images/carte.png": "image/png", "/affiches/roles.svg": "image/svg+xml", "/kit.zip": "application/zip",
		"/calendrier.ics": "text/calendar; charset=utf-8", "/calendrier.atom": "application/atom+xml; charset=utf-8",
	} {
		res := r.do("GET", "/boite-a-outils"+path, "")
		h := res.Header
		if res.StatusCode != http.StatusOK || h.Get("Content-Type") != media || h.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(h.Get("Content-Security-Policy"), "sandbox") {
			t.Errorf("%s: %s %v", path, res.Status, h)
		}
	}
	raw := text(t, r.do("GET", "/boite-a-outils/kit.zip?lang=en", ""))
	again := text(t, r.do("GET", "/boite-a-outils/kit.zip?lang=en", ""))
	z, err := zip.NewReader(bytes.NewReader([]byte(raw)), int64(len(raw)))
	if err != nil || raw != again || len(z.File) != 12 {
		t.Errorf("the kit: %v, the same twice: %v", err, raw == again)
	}
	if ics := text(t, r.do("GET", "/boite-a-outils/calendrier.ics", "")); strings.Count(ics, "BEGIN:VEVENT") != 2 {
		t.Errorf("calendar %s", ics)
	}
}

func TestANodeWithoutToolboxHasNoPageOfIt(t *testing.T) {
	if res := newRig(t, "https://x.fr").do("GET", "/boite-a-outils", ""); res.StatusCode != http.StatusNotFound {
		t.Errorf("answer %s", res.Status)
	}
}
