package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"maillon/catalog/texts"
)

func TestTheFolderOfAPage(t *testing.T) {
	long := strings.Repeat("%2F", 90)
	for path, want := range map[string]string{
		"/": "/", "/marches": "/marches/", "/marches/1/2026%2F1": "/marches/1/2026%2F1/", "/acheteurs/": "/acheteurs/",
		"/marches/1/" + long: "/marches/1/" + long[:180] + "~~" + digest([]byte(long)) + "/",
	} {
		if got := Folder(texts.French, path); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
		if got := Folder(texts.English, path); got != "/en"+want {
			t.Errorf("%s: %s, want /en%s", path, got, want)
		}
	}
	site := Site{Static: true, Base: "/decp"}
	if got := site.Page("/marches/1/2026%2F1"); got != "/decp/marches/1/2026%252F1/" {
		t.Errorf("a file whose name has a percent sign is at %s", got)
	}
	if got := (Site{Base: "/decp"}).Page("/marches"); got != "/decp/marches" {
		t.Errorf("on a node: %s", got)
	}
}

// No page of a site of files has a form, or leads to what a file cannot answer.
func TestPagesOfFilesLeadToFiles(t *testing.T) {
	site := sampleSite
	site.Static, site.Base, site.Files, site.Toolbox, site.Downloads = true, "/opendata/en", "/opendata", true, false
	pages, err := New(site)
	if err != nil {
		t.Fatal(err)
	}
	// What is filled in here leaves out what a file cannot answer: package api does so.
	for _, page := range []Page{HomePage{}, YearsPage{}, RegisterPage{Nodes: sampleNodes}, CataloguePage{}, SourcesPage{}, QualityPage{Datasets: make([]QualityDataset, 1)}, DictionaryPage{}, RulesPage{}, ErrorPage{Status: 404}} {
		w := httptest.NewRecorder()
		if err := pages.Render(w, httptest.NewRequest(http.MethodGet, "/x/a%2Fb", nil), http.StatusOK, texts.English, page); err != nil {
			t.Fatal(err)
		}
		body := w.Body.String()
		for _, bad := range []string{"<form", "<search", "/api", "/valider", "/saisie", "/profils", "/boite-a-outils", "/alertes", "?"} {
			if bad == "?" && strings.Contains(body, `="?`) || bad != "?" && strings.Contains(body, bad) {
				t.Errorf("%s has %s", page.name(), bad)
			}
		}
		other := `href="/opendata/x/a%252Fb/"`
		if _, failed := page.(ErrorPage); failed {
			other = `href="/opendata/" lang="fr"`
		}
		for _, good := range []string{`href="/opendata/assets/`, `href="/opendata/en/marches/"`, other} {
			if !strings.Contains(body, good) {
				t.Errorf("%s lacks %s", page.name(), good)
			}
		}
	}
}
