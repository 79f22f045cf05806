package api

import (
	"fmt"
	"math"
	"net/http"
	"time"

	"github.com/gorilla/mux"

	"maillon/catalog/territory"
	"maillon/catalog/territory/outline"
	"maillon/catalog/texts"
	"maillon/node/web"
	"maillon/store"
	"maillon/store/search"
)

// fewShapes bounds the parts of a map of amounts: of more, each is too small to see.
const fewShapes = 400

// zoneDimensions are by what amounts are counted for a map of a level.
var zoneDimensions = map[territory.Level]search.Dimension{territory.Commune: search.ByCommune, territory.EPCI: search.ByEPCI, territory.Departement: search.ByDepartement}

// drawnZone is the territory that a map of a query shows: the one that it asks for, if
// it is one, else the country.
func (c counter) drawnZone() territory.Geozone {
	if len(c.q.Where) == 1 && (c.q.Where[0].Side == search.Either || c.q.Where[0].Side == search.PlaceSide) {
		if z, err := territory.ParseGeozone("fr:" + c.q.Where[0].Level + ":" + c.q.Where[0].Code); err == nil {
			return z
		}
	}
	z, _ := territory.ParseGeozone("fr") // is one
	return z
}

// finest is the level of the smallest parts of a territory of which outlines were
// imported and that can be told apart; "" if there is none. Of the country it is the
// départements.
func (c counter) finest(z territory.Geozone) (territory.Level, error) {
	for _, level := range []territory.Level{territory.Commune, territory.EPCI, territory.Departement} {
		if z.Level() == territory.National && level != territory.Departement {
			continue
		}
		shapes, err := c.s.drawn.inside(c.s.OutlineDir, level, z)
		if err != nil {
			return "", err
		}
		if len(shapes) > 0 && len(shapes) <= fewShapes {
			return level, nil
		}
	}
	return "", nil
}

// outlineMap is the map of a page by real outlines; nil without them. The table of its
// numbers is then needed too: its level is given.
func (c counter) outlineMap() (*web.OutlineMap, territory.Level, error) {
	level, err := c.finest(c.drawnZone())
	if level == "" || err != nil {
		return nil, "", err
	}
	v := c.params()
	v.Set("lang", string(c.lang))
	title := texts.T(c.lang, "numbers.map."+string(level))
	return &web.OutlineMap{URL: c.s.base() + "/chiffres/carte-" + string(level) + ".svg?" + v.Encode(), Alt: texts.T(c.lang, "numbers.map.alt", title, texts.T(c.lang, "numbers.block."+string(level)))}, level, nil
}

// numbersMap draws the amounts of a query in the parts of its territory.
func (s *Server) numbersMap(w http.ResponseWriter, r *http.Request) error {
	c, err := s.counterOf(r)
	if err != nil {
		return err
	}
	level := territory.Level(mux.Vars(r)["level"])
	shapes, err := s.drawn.inside(s.OutlineDir, level, c.drawnZone())
	if err != nil {
		return err
	}
	if len(shapes) == 0 || len(shapes) > fewShapes {
		return fmt.Errorf("no outlines of level %s: %w", level, store.ErrNotFound)
	}
	by := zoneDimensions[level]
	t, err := s.Index.Plausible(c.ctx, c.q, []search.Dimension{by}, blockMeasures)
	if err != nil {
		return err
	}
	parts := partsOf(t)
	picture := outline.Picture{Shapes: shapes, Title: texts.T(c.lang, "numbers.map."+string(level)), Look: func(code string) (fill, ink, label string) {
		percent, known := parts[code]
		fill, ink = web.Tile{Known: known, Percent: percent}.Colours()
		return fill, ink, ""
	}}
	w.Header().Set("Content-Type", "image/svg+xml")
	w.Header().Set("Content-Security-Policy", "default-src 'none'")
	w.Header().Set("Cache-Control", "no-cache")
	return serveBytes(w, r, picture.SVG(), time.Time{})
}

// partsOf is the amount of each group as a part of the largest, in percent, at least 1.
func partsOf(t search.Table) map[string]int {
	most, parts := 0.0, map[string]int{}
	for _, g := range t.Groups {
		if g.Keys[0].Code != "" {
			most = max(most, value(g, 1))
		}
	}
	for _, g := range t.Groups {
		if code := g.Keys[0].Code; code != "" && most > 0 {
			parts[code] = max(1, int(math.Round(100*value(g, 1)/most)))
		}
	}
	return parts
}

// withTable adds the table of a level to a page's tables if it is not among them.
func withTable(blocks []blockSpec, level territory.Level) []blockSpec {
	by, ok := zoneDimensions[level]
	for _, b := range blocks {
		if !ok || b.by == by {
			return blocks
		}
	}
	return append(blocks[:len(blocks):len(blocks)], blockSpec{by, 15})
}
