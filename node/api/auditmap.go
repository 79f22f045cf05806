package api

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/gorilla/mux"

	"maillon/catalog/audit"
	"maillon/catalog/territory"
	"maillon/catalog/territory/outline"
	"maillon/catalog/texts"
	"maillon/node/web"
	"maillon/store"
)

// mostShapes bounds a picture: never all communes of France.
const mostShapes = 1500

// outlineLevels are the levels that are drawn, the largest parts first.
var outlineLevels = []territory.Level{territory.Departement, territory.EPCI, territory.Commune}

// outlines are the files that `maillon territory import` keeps, each read when it
// is first asked for and again when it has changed.
type outlines struct {
	mu   sync.Mutex
	sets map[territory.Level]outlineSet
}

type outlineSet struct {
	at  time.Time // of the file
	set outline.Set
}

// inside lists the outlines of a level inside a territory; nil if there are none, or
// too few or too many for a picture. Overseas would leave no room for the rest.
func (o *outlines) inside(dir string, level territory.Level, z territory.Geozone) ([]outline.Shape, error) {
	if dir == "" || z.IsZero() {
		return nil, nil
	}
	set, err := o.of(filepath.Join(dir, outline.FileName(level)), level)
	if err != nil {
		return nil, err
	}
	var out []outline.Shape
	for _, s := range set.Shapes {
		part, err := territory.ParseGeozone("fr:" + string(level) + ":" + s.Code)
		if err != nil || !territory.Contains(z, part) || z.Level() == territory.National && overseas(part) {
			continue
		}
		if out = append(out, s); len(out) > mostShapes {
			return nil, nil
		}
	}
	if len(out) < 2 {
		return nil, nil
	}
	return out, nil
}

func overseas(z territory.Geozone) bool {
	for _, d := range territory.Departements(z) {
		if len(d) > 2 {
			return true
		}
	}
	return false
}

func (o *outlines) of(name string, level territory.Level) (outline.Set, error) {
	info, err := os.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return outline.Set{}, nil
	}
	if err != nil {
		return outline.Set{}, err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if had, ok := o.sets[level]; ok && had.at.Equal(info.ModTime()) {
		return had.set, nil
	}
	f, err := os.Open(name)
	if err != nil {
		return outline.Set{}, err
	}
	defer f.Close()
	set, err := outline.Open(f)
	if err != nil {
		return outline.Set{}, fmt.Errorf("%s: %w (import the outlines again)", name, err)
	}
	if o.sets == nil {
		o.sets = map[territory.Level]outlineSet{}
	}
	o.sets[level] = outlineSet{info.ModTime(), set}
	return set, nil
}

// auditMap draws the share of bodies that publish in each part of the territory.
func (s *Server) auditMap(w http.ResponseWriter, r *http.Request) error {
	report, err := s.audited(r)
	if err != nil {
		return err
	}
	level := territory.Level(mux.Vars(r)["level"])
	shapes, err := s.drawn.inside(s.OutlineDir, level, report.Territory)
	if err != nil {
		return err
	}
	if shapes == nil {
		return fmt.Errorf("no outlines of level %s: %w", level, store.ErrNotFound)
	}
	share := sharesOf(report, level)
	picture := outline.Picture{
		Shapes: shapes, Title: texts.T(langOf(r), "web.audit.map."+string(level)),
		Look: func(code string) (fill, ink, label string) {
			percent, known := share[code]
			if level == territory.Departement && known {
				label = strconv.Itoa(percent)
			}
			fill, ink = web.Tile{Known: known, Percent: percent}.Colours()
			return fill, ink, label
		},
	}
	w.Header().Set("Content-Type", "image/svg+xml")
	w.Header().Set("Content-Security-Policy", "default-src 'none'")
	w.Header().Set("Cache-Control", "no-cache")
	return serveBytes(w, r, picture.SVG(), time.Time{})
}

// sharesOf is the percentage of bodies that publish, by code; a commune is one body.
func sharesOf(report *audit.Report, level territory.Level) map[string]int {
	out := map[string]int{}
	switch level {
	case territory.Departement:
		for _, t := range report.Departements {
			out[t.Key] = audit.Percent(t.Publishing(), t.Bodies)
		}
	case territory.EPCI:
		for _, t := range report.EPCIs {
			out[t.Key] = audit.Percent(t.Publishing(), t.Bodies)
		}
	case territory.Commune:
		for _, a := range report.Actors {
			if a.Level == territory.Commune {
				out[a.Geozone.Code()] = 0
				if a.State.Publishes() {
					out[a.Geozone.Code()] = 100
				}
			}
		}
	}
	return out
}

// auditMaps are the pictures that the page can show.
func (s *Server) auditMaps(report *audit.Report, lang texts.Lang) (out []web.AuditMap, err error) {
	for _, level := range outlineLevels {
		shapes, err := s.drawn.inside(s.OutlineDir, level, report.Territory)
		if err != nil {
			return nil, err
		}
		if shapes != nil {
			out = append(out, web.AuditMap{
				URL: s.base() + "/audit/carte-" + string(level) + ".svg?lang=" + string(lang), Title: texts.T(lang, "web.audit.map."+string(level)),
			})
		}
	}
	return out, nil
}
