package api

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/gorilla/mux"

	"maillon/catalog"
	"maillon/catalog/facet"
	"maillon/catalog/texts"
	"maillon/node/harvester"
)

// A DatasetItem is a dataset as /api/v1/datasets tells it.
type DatasetItem struct {
	catalog.Dataset
	Sources []catalog.Source `json:"sources"`
	Score   int              `json:"score"` // of 405
	Rating  catalog.Rating   `json:"rating"`
	Page    string           `json:"page"` // for people
}

// A DatasetDetail is one dataset with what its description lacks.
type DatasetDetail struct {
	DatasetItem
	Quality catalog.Score `json:"quality"` // by data.europa.eu, of 405
	Nine    catalog.Score `json:"nine"`    // by data.gouv.fr, of 9
	Mend    []Mend        `json:"mend"`
}

// A Mend is a metric that a dataset does not meet, and how it would.
type Mend struct {
	Metric string `json:"metric"` // its key in the table of texts
	Text   string `json:"text"`   // what is wanted
	Hint   string `json:"hint"`   // how to mend it
	Points int    `json:"points"` // what is missing
}

// mends lists what would raise two scores, by its text.
func mends(quality, nine catalog.Score, lang texts.Lang) []Mend {
	list := []Mend{}
	for prefix, metrics := range map[string][]catalog.Metric{"quality.": quality.Metrics, "nine.": nine.Metrics} {
		for _, m := range metrics {
			if m.Got < m.Points {
				key := prefix + m.ID
				list = append(list, Mend{key, texts.T(lang, key+".text"), texts.T(lang, key+".hint"), m.Points - m.Got})
			}
		}
	}
	slices.SortFunc(list, func(a, b Mend) int {
		return cmp.Or(strings.Compare(a.Text, b.Text), strings.Compare(a.Metric, b.Metric))
	})
	return list
}

// found is what a query finds among everything that the node knows.
type found struct {
	listed  []catalog.Listed
	all     []catalog.Dataset // of listed
	score   facet.Scorer
	catalog catalog.Catalog
}

func (s *Server) search(q facet.Query) (found, error) {
	members, err := s.members()
	if err != nil {
		return found{}, err
	}
	all, err := s.Shelf.Listed(members)
	if err != nil {
		return found{}, err
	}
	f := found{catalog: s.described()}
	f.score = s.scored.remembered(all, scorer(f.catalog))
	for _, l := range all {
		if q.Match(l.Dataset, f.score) {
			f.listed = append(f.listed, l)
			f.all = append(f.all, l.Dataset)
		}
	}
	return f, nil
}

// described is the catalogue of what this node publishes. On a site of files it does not
// change, and every page of a dataset asks for it.
func (s *Server) described() catalog.Catalog {
	if !s.Static {
		return s.Catalog.Catalogue(nil)
	}
	s.scored.once.Do(func() { s.scored.catalog = s.Catalog.Catalogue(nil) })
	return s.scored.catalog
}

// scores remembers the scores of the datasets of one list, until there is another.
type scores struct {
	mu    sync.Mutex
	of    *catalog.Listed // the first of the list
	known *sync.Map       // catalog.Score by IRI

	once    sync.Once // of a site of files
	catalog catalog.Catalog
}

// remembered scores each dataset of a list once.
func (c *scores) remembered(list []catalog.Listed, score facet.Scorer) facet.Scorer {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(list) > 0 && c.of != &list[0] {
		c.of, c.known = &list[0], new(sync.Map)
	}
	known := c.known
	return func(d catalog.Dataset) catalog.Score {
		if got, ok := known.Load(d.IRI); ok {
			return got.(catalog.Score)
		}
		got := score(d)
		known.Store(d.IRI, got)
		return got
	}
}

func (s *Server) datasetRoutes(r, v1 *mux.Router) {
	v1.Handle("/datasets", s.answer(s.listDatasets)).Methods("GET", "HEAD")
	v1.Handle("/datasets/{id}", s.answer(s.getDataset)).Methods("GET", "HEAD")
	v1.Handle("/sources", s.answer(s.listSources)).Methods("GET", "HEAD")
	r.Handle("/catalogue", s.answer(s.cataloguesPage)).Methods("GET", "HEAD")
	r.Handle("/jeux/{id}", s.answer(s.datasetPage)).Methods("GET", "HEAD")
	r.Handle("/sources", s.answer(s.sourcesPage)).Methods("GET", "HEAD")
	r.Handle("/sitemap.xml", s.answer(s.sitemap)).Methods("GET", "HEAD")
	r.Handle("/robots.txt", s.answer(s.robots)).Methods("GET", "HEAD")
}

const (
	datasetsListed = 50
	datasetsMost   = 500
)

// listDatasets answers {"total", "facets", "items", "next"}; items are by IRI, and
// after names the last one of the page before.
func (s *Server) listDatasets(w http.ResponseWriter, r *http.Request) error {
	if err := s.Ready(); err != nil {
		return err
	}
	q, err := queryOfFacets(r)
	if err != nil {
		return err
	}
	limit := datasetsListed
	if asked := r.URL.Query().Get("limit"); asked != "" {
		if limit, err = strconv.Atoi(asked); err != nil || limit < 1 || limit > datasetsMost {
			return &BadParameter{"limit", asked, "1 to " + strconv.Itoa(datasetsMost)}
		}
	}
	f, err := s.search(q)
	if err != nil {
		return err
	}
	after := r.URL.Query().Get("after")
	items, next := []DatasetItem{}, ""
	for _, l := range f.listed {
		if after != "" && l.Dataset.IRI <= after {
			continue
		}
		if len(items) == limit {
			next = items[limit-1].IRI
			break
		}
		items = append(items, s.itemOf(l, f.score(l.Dataset)))
	}
	return writeJSON(w, struct {
		Total  int           `json:"total"`
		Facets facet.Facets  `json:"facets"`
		Items  []DatasetItem `json:"items"`
		Next   string        `json:"next,omitempty"`
	}{len(f.listed), facet.Count(f.all, f.score), items, next})
}

func (s *Server) itemOf(l catalog.Listed, score catalog.Score) DatasetItem {
	return DatasetItem{l.Dataset, l.Sources, score.Got, score.Rating, s.Self.URL + "/jeux/" + s.pageID(l.Dataset)}
}

// getDataset answers one dataset, by the name of its page, with its scores and
// what to mend.
func (s *Server) getDataset(w http.ResponseWriter, r *http.Request) error {
	f, l, err := s.named(mux.Vars(r)["id"])
	if err != nil {
		return err
	}
	quality, nine := f.score(l.Dataset), s.nineOf(l.Dataset, f.catalog)
	return writeJSON(w, DatasetDetail{s.itemOf(l, quality), quality, nine, mends(quality, nine, langOf(r))})
}

// named finds the dataset of a page.
func (s *Server) named(id string) (found, catalog.Listed, error) {
	if err := s.Ready(); err != nil {
		return found{}, catalog.Listed{}, err
	}
	f, err := s.search(facet.Query{})
	if err != nil {
		return found{}, catalog.Listed{}, err
	}
	i := slices.IndexFunc(f.listed, func(l catalog.Listed) bool { return s.pageID(l.Dataset) == id })
	if i < 0 {
		return found{}, catalog.Listed{}, notFound("dataset", id)
	}
	return f, f.listed[i], nil
}

// nineOf scores a dataset as data.gouv.fr does. What others serve was not asked for.
func (s *Server) nineOf(d catalog.Dataset, c catalog.Catalog) catalog.Score {
	return catalog.NineOf(d, c, catalog.Served{Access: !d.Foreign, Download: !d.Foreign}, s.Now())
}

// listSources answers how the harvest of each foreign catalogue goes. What only
// the operator needs is left out.
func (s *Server) listSources(w http.ResponseWriter, _ *http.Request) error {
	all, err := s.sources()
	if err != nil {
		return err
	}
	return writeJSON(w, map[string]any{"total": len(all), "items": all})
}

func (s *Server) sources() ([]harvester.Source, error) {
	if s.Sources == nil {
		return []harvester.Source{}, nil
	}
	all, err := s.Sources()
	if err != nil {
		return nil, err
	}
	out := []harvester.Source{}
	for _, one := range all {
		if !one.Removed {
			one.Pages = nil
			out = append(out, one)
		}
	}
	slices.SortFunc(out, func(a, b harvester.Source) int { return strings.Compare(a.URL, b.URL) })
	return out, nil
}
