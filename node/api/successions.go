package api

import (
	"net/http"

	"github.com/gorilla/mux"

	"maillon/catalog/texts"
	"maillon/node/web"
	"maillon/store/view"
)

func (s *Server) successionRoutes(v1 *mux.Router) {
	v1.Handle("/successions", s.answer(s.listSuccessions)).Methods("GET", "HEAD")
}

// listSuccessions answers which bodies go on as which, and who says so.
func (s *Server) listSuccessions(w http.ResponseWriter, _ *http.Request) error {
	all, err := s.Views.Successions()
	if err != nil {
		return err
	}
	if all == nil {
		all = []view.SuccessionRow{}
	}
	return writeJSON(w, map[string]any{"total": len(all), "items": all})
}

// lineageRows tell people whom a buyer follows, and who follows it.
func (s *Server) lineageRows(siret string, lang texts.Lang) ([]web.LineageRow, error) {
	all, err := s.Views.Successions()
	if err != nil {
		return nil, err
	}
	var rows []web.LineageRow
	for _, r := range all {
		said := r.Succession
		row := web.LineageRow{Since: said.On, Why: texts.T(lang, "web.lineage.why."+said.Why), Reason: said.Reason}
		switch {
		case said.Void:
			continue
		case said.From == siret:
			row.SIRET, row.Follows = said.To, false
		case said.To == siret:
			row.SIRET, row.Follows = said.From, true
		default:
			continue
		}
		if row.Name = s.Catalog.BuyerName(row.SIRET); row.Name == row.SIRET {
			row.Name = ""
		}
		row.URL = s.at("/acheteurs/" + row.SIRET)
		rows = append(rows, row)
	}
	return rows, nil
}
