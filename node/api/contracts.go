package api

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gorilla/mux"

	"maillon/node/api/openapi"
	"maillon/store/view"
)

func (s *Server) contractRoutes(r *mux.Router) {
	r.Handle("/contracts", s.answer(s.listContracts)).Methods("GET", "HEAD")
	r.Handle("/contracts/{buyer}/{slug}", s.answer(s.getContract)).Methods("GET", "HEAD")
	r.Handle("/contracts/{buyer}/{slug}/history", s.answer(s.getHistory)).Methods("GET", "HEAD")
	r.Handle("/conflicts", s.answer(s.listConflicts)).Methods("GET", "HEAD")
	r.Handle("/facets", s.answer(s.listFacets)).Methods("GET", "HEAD")
	r.Handle("/stats", s.answer(s.stats)).Methods("GET", "HEAD")
}

// maxPage bounds the items of one answer.
const (
	defaultPage = 50
	maxPage     = 1000
)

// contractFilters are the parameters that /openapi.json describes, and no others.
var contractFilters = openapi.Operation{Params: contractParams}.Names()

// queryOf reads the filters of a list of contracts from an address.
func queryOf(v url.Values) (view.Query, error) {
	for name := range v {
		if !slices.Contains(contractFilters, name) {
			return view.Query{}, &BadParameter{name, v.Get(name), strings.Join(contractFilters, ", ")}
		}
	}
	q := view.Query{
		Buyer: v.Get("buyer"), Supplier: v.Get("supplier"), CPV: v.Get("cpv"), Departement: v.Get("departement"),
		State: v.Get("state"), Kind: v.Get("kind"), From: v.Get("from"), To: v.Get("to"), Node: v.Get("node"),
		After: v.Get("after"), Limit: defaultPage,
	}
	for _, d := range []struct{ name, value string }{{"from", q.From}, {"to", q.To}} {
		if d.value != "" && !isDate(d.value) {
			return q, &BadParameter{d.name, d.value, "YYYY-MM-DD"}
		}
	}
	switch q.State {
	case "", "conforme", "a-corriger", "withdrawn", "redacted":
	default:
		return q, &BadParameter{"state", q.State, "conforme, a-corriger, withdrawn, redacted"}
	}
	switch q.Kind {
	case "", "marche", "contrat-concession":
	default:
		return q, &BadParameter{"kind", q.Kind, "marche, contrat-concession"}
	}
	if l := v.Get("limit"); l != "" {
		n, err := strconv.Atoi(l)
		if err != nil || n < 1 || n > maxPage {
			return q, &BadParameter{"limit", l, "1 to " + strconv.Itoa(maxPage)}
		}
		q.Limit = n
	}
	return q, nil
}

func isDate(s string) bool {
	if len(s) != len("2006-01-02") {
		return false
	}
	for i, c := range s {
		if i == 4 || i == 7 {
			if c != '-' {
				return false
			}
		} else if c < '0' || c > '9' {
			return false
		}
	}
	return true
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

func (s *Server) stats(w http.ResponseWriter, _ *http.Request) error {
	t, err := s.Views.Totals()
	if err != nil {
		return err
	}
	return writeJSON(w, t)
}
