package api

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/gorilla/mux"

	"maillon/store/search"
	"maillon/store/view"
)

func (s *Server) contractRoutes(r *mux.Router) {
	r.Handle("/contracts", s.answer(s.listContracts)).Methods("GET", "HEAD")
	r.Handle("/contracts.{format:"+strings.Join(exportNames(), "|")+"}", s.answer(atOnce(mostExports, s.exportContracts))).Methods("GET", "HEAD")
	r.Handle("/contracts/{buyer}/{slug}", s.answer(s.getContract)).Methods("GET", "HEAD")
	r.Handle("/contracts/{buyer}/{slug}/history", s.answer(s.getHistory)).Methods("GET", "HEAD")
	r.Handle("/conflicts", s.answer(s.listConflicts)).Methods("GET", "HEAD")
	r.Handle("/facets", s.answer(s.listFacets)).Methods("GET", "HEAD")
	r.Handle("/stats", s.answer(s.stats)).Methods("GET", "HEAD")
	r.Handle("/indicators", s.answer(s.getIndicators)).Methods("GET", "HEAD")
}

// maxPage bounds the items of one answer.
const (
	defaultPage = 50
	maxPage     = 1000
)

// queryOf reads a query from an address: what concerns only how an answer looks is
// passed over.
func queryOf(v url.Values, also ...string) (search.Query, error) {
	return searchQuery(v, append(also, "embed")...)
}

// find asks the views; a cursor that is none is the client's mistake.
func (s *Server) find(q view.Query) (view.Page, error) {
	page, err := s.Views.Contracts(q)
	if errors.Is(err, view.ErrCursor) {
		err = &BadParameter{"after", q.After, "the value of next in the page before"}
	}
	return page, err
}

func (s *Server) detail(r *http.Request) (view.Detail, error) {
	v := mux.Vars(r)
	return s.Views.Contract(v["buyer"], v["slug"])
}

func (s *Server) getContract(w http.ResponseWriter, r *http.Request) error {
	d, err := s.detail(r)
	if err != nil {
		return err
	}
	return writeJSON(w, s.contractJSON(d))
}

func (s *Server) getHistory(w http.ResponseWriter, r *http.Request) error {
	d, err := s.detail(r)
	if err != nil {
		return err
	}
	return writeJSON(w, historyJSON(d))
}
