package api

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"

	"github.com/gorilla/mux"

	"maillon/catalog"
	"maillon/catalog/texts"
	"maillon/node/web"
	"maillon/store"
	"maillon/store/search"
)

const (
	yearsPath       = "/marches-par-annee"
	undatedYear     = "sans-date"
	contractsOnPage = 100 // of a year
)

// staticRoutes are the lists of a site of files, where nobody answers a search. Their
// pages are PATH, PATH/2, PATH/3…
func (s *Server) staticRoutes(r *mux.Router) {
	r.Handle("/marches", s.answer(s.yearsPage)).Methods("GET")
	r.Handle(yearsPath+"/{year}", s.answer(s.yearPage)).Methods("GET")
	r.Handle(yearsPath+"/{year}/{page:[0-9]+}", s.answer(s.yearPage)).Methods("GET")
	r.Handle("/catalogue/{page:[0-9]+}", s.answer(s.cataloguesPage)).Methods("GET")
}

// listPath is the path of a page of a list, counted from 1.
func listPath(first string, page int) string {
	if page == 1 {
		return first
	}
	return first + "/" + strconv.Itoa(page)
}

// listPage is the number of the page that is asked for.
func listPage(r *http.Request) int {
	n, err := strconv.Atoi(mux.Vars(r)["page"])
	if err != nil {
		return 1
	}
	return n
}

// staticList is the part of a list of datasets that a page shows, and the next page.
func (s *Server) staticList(r *http.Request, list []catalog.Listed) (part []catalog.Listed, next string) {
	n := listPage(r)
	from, to := min((n-1)*datasetsPerView, len(list)), min(n*datasetsPerView, len(list))
	if to < len(list) {
		next = s.at(listPath("/catalogue", n+1))
	}
	return list[max(from, 0):to], next
}

// A yearList knows where in the index each page of each year begins. It is made once: the
// pages of one site agree with each other.
type yearList struct {
	once  sync.Once
	years []listedYear // the newest first, the undated last
	err   error
}

type listedYear struct {
	year    string
	count   int
	cursors []string // where each page begins
}

// listedYears walks through the index once.
func (s *Server) listedYears(ctx context.Context) ([]listedYear, error) {
	s.byYear.once.Do(func() { s.byYear.years, s.byYear.err = s.walkYears(ctx) })
	return s.byYear.years, s.byYear.err
}

func (s *Server) walkYears(ctx context.Context) (years []listedYear, err error) {
	for cursor, more := "", true; more; {
		q := search.Query{Sort: search.Newest, Limit: contractsOnPage, After: cursor}
		found, err := s.Index.Search(ctx, q)
		if err != nil || len(found.Items) == 0 {
			return years, err
		}
		year := yearOf(found.Items[0].Notified)
		n := slices.IndexFunc(found.Items, func(r search.Row) bool { return yearOf(r.Notified) != year })
		if n > 0 { // the next year begins on its own page
			q.Limit = n
			if found, err = s.Index.Search(ctx, q); err != nil {
				return years, err
			}
		}
		if len(years) == 0 || years[len(years)-1].year != year {
			years = append(years, listedYear{year: year})
		}
		of := &years[len(years)-1]
		of.count, of.cursors = of.count+len(found.Items), append(of.cursors, cursor)
		cursor, more = found.Next, found.Next != ""
	}
	return years, nil
}

// yearOf is the year of a list in which a contract stands.
func yearOf(notified string) string {
	if len(notified) < len("2006") {
		return undatedYear
	}
	return notified[:len("2006")]
}

// yearRows are the links to the years.
func (s *Server) yearRows(r *http.Request, chosen string) (list []web.FacetValue, total int, err error) {
	years, err := s.listedYears(r.Context())
	for _, y := range years {
		label := y.year
		if label == undatedYear {
			label = texts.T(langOf(r), "web.years.undated")
		}
		list = append(list, web.FacetValue{Label: label, URL: s.at(listPath(yearsPath+"/"+y.year, 1)), Count: y.count, Chosen: y.year == chosen})
		total += y.count
	}
	return list, total, err
}

func (s *Server) yearsPage(w http.ResponseWriter, r *http.Request) error {
	page := web.YearsPage{Feed: s.files() + "/feeds/marches.atom"}
	var err error
	if page.Years, page.Total, err = s.yearRows(r, ""); err != nil {
		return err
	}
	return s.page(w, r, http.StatusOK, page)
}

func (s *Server) yearPage(w http.ResponseWriter, r *http.Request) error {
	year, n := mux.Vars(r)["year"], listPage(r)
	page := web.YearsPage{Year: year, Number: n}
	var err error
	if page.Years, _, err = s.yearRows(r, year); err != nil {
		return err
	}
	i := slices.IndexFunc(s.byYear.years, func(y listedYear) bool { return y.year == year })
	if i < 0 || n < 1 || n > len(s.byYear.years[i].cursors) {
		return fmt.Errorf("page %d of the contracts of %q: %w", n, year, store.ErrNotFound)
	}
	of := s.byYear.years[i]
	page.Total, page.Of = of.count, len(of.cursors)
	rows, err := s.yearContracts(r.Context(), of, n)
	if err != nil {
		return err
	}
	for _, row := range rows {
		item := s.contractRow(row.Row)
		item.End = row.End
		page.Items = append(page.Items, item)
	}
	first := yearsPath + "/" + year
	if n > 1 {
		page.Previous = s.at(listPath(first, n-1))
	}
	if n < page.Of {
		page.Next = s.at(listPath(first, n+1))
	}
	return s.page(w, r, http.StatusOK, page)
}

// yearContracts are the contracts of page n of a year.
func (s *Server) yearContracts(ctx context.Context, of listedYear, n int) ([]search.Row, error) {
	found, err := s.Index.Search(ctx, search.Query{Sort: search.Newest, Limit: contractsOnPage, After: of.cursors[n-1]})
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(found.Items, func(r search.Row) bool { return yearOf(r.Notified) != of.year }), nil
}
