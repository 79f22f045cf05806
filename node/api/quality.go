package api

import (
	"cmp"
	"net/http"
	"slices"

	"github.com/gorilla/mux"

	"maillon/catalog"
	"maillon/catalog/texts"
	"maillon/node/web"
)

// A DatasetScore is the score of one dataset, as /api/v1/quality tells it.
type DatasetScore struct {
	Dataset    string       `json:"dataset"` // IRI
	Identifier string       `json:"identifier"`
	Title      catalog.Text `json:"title"`
	catalog.Score
	Nine catalog.Score `json:"nine"` // by data.gouv.fr
}

func (s *Server) qualityRoutes(r, v1 *mux.Router) {
	v1.Handle("/quality", s.answer(s.getQuality)).Methods("GET", "HEAD")
	r.Handle("/qualite", s.answer(s.qualityPage)).Methods("GET", "HEAD")
}

// scores are those of every dataset of the catalogue, the worst first. What
// the catalogue names, this node serves itself.
func (s *Server) scores() (list []DatasetScore, average int) {
	c := s.Catalog.Catalogue(nil)
	total := 0
	for _, d := range c.Datasets {
		score := catalog.ScoreOf(d, c, catalog.Served{Access: true, Download: true})
		nine := catalog.NineOf(d, c, catalog.Served{Access: true, Download: true}, s.Now())
		list = append(list, DatasetScore{d.IRI, d.Identifier, d.Title, score, nine})
		total += score.Got
	}
	slices.SortStableFunc(list, func(a, b DatasetScore) int { return cmp.Compare(a.Got, b.Got) })
	if len(list) > 0 {
		average = total / len(list)
	}
	return list, average
}

func (s *Server) getQuality(w http.ResponseWriter, _ *http.Request) error {
	if err := s.Ready(); err != nil {
		return err
	}
	list, average := s.scores()
	if list == nil {
		list = []DatasetScore{}
	}
	return writeJSON(w, map[string]any{"average": average, "rating": catalog.RatingOf(average), "items": list})
}

func (s *Server) qualityPage(w http.ResponseWriter, r *http.Request) error {
	if err := s.Ready(); err != nil {
		return err
	}
	lang := langOf(r)
	list, average := s.scores()
	page := web.QualityPage{Points: average, Rating: texts.T(lang, "quality.rating."+string(catalog.RatingOf(average)))}
	var err error
	if page.Known, err = s.knownRows(r, lang); err != nil {
		return err
	}
	missing := map[string]int{}
	nine := 0
	for _, d := range list {
		page.Of = d.Of
		nine += d.Nine.Got
		row := web.QualityDataset{Title: pick(d.Title, lang), URL: d.Dataset, Points: d.Got, Rating: texts.T(lang, "quality.rating."+string(d.Rating))}
		if s.Static && !isSegment(d.Identifier) {
			row.URL = ""
		}
		page.Datasets = append(page.Datasets, row)
		for prefix, metrics := range map[string][]catalog.Metric{"quality.": d.Metrics, "nine.": d.Nine.Metrics} {
			for _, m := range metrics {
				if m.Got < m.Points {
					missing[prefix+m.ID]++
				}
			}
		}
	}
	if len(list) > 0 {
		page.Nine = (nine*10/len(list) + 5) / 10
		var keys []string
		for _, m := range list[0].Metrics {
			keys = append(keys, "quality."+m.ID)
		}
		for _, m := range list[0].Nine.Metrics {
			keys = append(keys, "nine."+m.ID)
		}
		for _, key := range keys {
			if n := missing[key]; n > 0 {
				page.Missing = append(page.Missing, web.QualityRow{Text: texts.T(lang, key+".text"), Hint: texts.T(lang, key+".hint"), Datasets: n})
			}
		}
	}
	return s.page(w, r, http.StatusOK, page)
}

// pick is a text in the reader's language, or in the other.
func pick(t catalog.Text, lang texts.Lang) string {
	if lang == texts.English && t.English != "" || t.French == "" {
		return t.English
	}
	return t.French
}
