package api

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"maillon/catalog/territory"
	"maillon/catalog/territory/outline"
)

// draw keeps outlines of a level: squares side by side.
func (r *rig) draw(level territory.Level, codes ...string) {
	r.t.Helper()
	set := outline.Set{Level: level}
	for i, code := range codes {
		x := float64(i)
		set.Shapes = append(set.Shapes, outline.Shape{Code: code, Rings: [][]outline.Point{{{x, 0}, {x + 1, 0}, {x + 1, 1}, {x, 1}}}})
	}
	f, err := os.Create(filepath.Join(r.s.OutlineDir, outline.FileName(level)))
	if err != nil {
		r.t.Fatal(err)
	}
	if err := errors.Join(outline.Write(f, set), f.Close()); err != nil {
		r.t.Fatal(err)
	}
}

func TestNumbersAreDrawnByRealOutlines(t *testing.T) {
	r := bought(t)
	r.s.OutlineDir = t.TempDir()
	for _, path := range []string{"/chiffres", "/territoires/departement/35"} {
		if body := r.pageAt(path); strings.Contains(body, "/chiffres/carte-") {
			t.Errorf("%s: a map without outlines", path)
		}
	}
	if res := r.do("GET", "/chiffres/carte-commune.svg?departement=35", ""); res.StatusCode != http.StatusNotFound {
		t.Errorf("without outlines: %s", res.Status)
	}
	r.draw(territory.Commune, "35238", "35051", "35001", "29019")
	r.draw(territory.Departement, "22", "35")
	for path, wants := range map[string][]string{
		"/chiffres":                            {"/base/chiffres/carte-departement.svg?lang=fr", "Par département"},
		"/territoires/departement/35":          {"/base/chiffres/carte-commune.svg?departement=35&amp;lang=fr", "Par commune", "Carte des montants par commune"},
		"/territoires/departement/35?q=papier": {"carte-commune.svg?departement=35&amp;lang=fr&amp;q=papier"},
	} {
		body := r.pageAt(path)
		for _, want := range wants {
			if !strings.Contains(body, want) {
				t.Errorf("%s does not say %q", path, want)
			}
		}
		if strings.Contains(body, "Un carré par département") {
			t.Errorf("%s shows the tiles too", path)
		}
	}
	res := r.do("GET", "/chiffres/carte-commune.svg?departement=35", "", "Accept-Language", "fr")
	svg := text(t, res)
	if res.Header.Get("Content-Type") != "image/svg+xml" || strings.Count(svg, "<path") != 3 || strings.Count(svg, `fill="#123668"`) != 1 || !strings.Contains(svg, "<title>Carte des montants par commune</title>") {
		t.Errorf("%s: %.600s", res.Status, svg)
	}
	if res := r.do("GET", "/chiffres/carte-commune.svg?departements=35", ""); res.StatusCode != 400 {
		t.Errorf("an unknown parameter: %s", res.Status)
	}
}
