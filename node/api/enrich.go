package api

import (
	"context"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/gorilla/mux"

	"maillon/catalog/enrich"
	"maillon/catalog/pivot"
	"maillon/catalog/sirene"
	"maillon/node/firms"
	"maillon/store/view"
)

func (s *Server) enrichRoutes(r, v1 *mux.Router) {
	v1.Handle("/enrichment", s.answer(s.getEnrichment)).Methods("GET", "HEAD")
	v1.Handle("/suppliers/{id}", s.answer(s.getSupplier)).Methods("GET", "HEAD")
	r.Handle("/titulaires/{id}", s.answer(s.supplierPage)).Methods("GET", "HEAD")
}

// A KnownJSON says how much this node knows of those whom its contracts name.
type KnownJSON struct {
	Sources   []sirene.Source `json:"sources"`
	Age       string          `json:"age,omitempty"` // day of the newest change in the sources
	Buyers    firms.Rate      `json:"buyers"`
	Suppliers firms.Rate      `json:"suppliers"`
	At        time.Time       `json:"at"`
}

// known is the last count. Counting reads the whole list of contracts, so it is done
// at most once in knownFor, and only when something has changed.
type known struct {
	mu    sync.Mutex
	views uint64
	firms uint64
	last  *KnownJSON
}

const knownFor = 30 * time.Second

// Known counts what is known of buyers and suppliers.
func (s *Server) Known(ctx context.Context) (KnownJSON, error) {
	k := &s.known
	k.mu.Lock()
	defer k.mu.Unlock()
	views, firmsAt := s.Views.Revision(), s.Firms.Revision()
	if k.last != nil && (k.views == views && k.firms == firmsAt || s.Now().Sub(k.last.At) < knownFor && k.firms == firmsAt) {
		return *k.last, nil
	}
	p, err := s.Views.Parties(ctx)
	if err != nil {
		return KnownJSON{}, err
	}
	sources := s.Firms.Sources()
	k.last = &KnownJSON{Sources: sources, Age: firms.Age(sources), Buyers: s.Firms.RateOf(p.Buyers), Suppliers: s.Firms.RateOf(p.Suppliers), At: s.Now().UTC()}
	k.last.Suppliers.Others = p.Others
	k.views, k.firms = views, firmsAt
	return *k.last, nil
}

func (s *Server) getEnrichment(w http.ResponseWriter, r *http.Request) error {
	if err := s.Ready(); err != nil {
		return err
	}
	k, err := s.Known(r.Context())
	if err != nil {
		return err
	}
	return writeJSON(w, k)
}

// A SupplierJSON is one supplier with what is known of it.
type SupplierJSON struct {
	enrich.Party
	Contracts int    `json:"contracts"`
	Age       string `json:"age,omitempty"` // of what SIRENE says here
	Permalink string `json:"permalink"`
}

// supplier finds a supplier by its identifier; the name is that of the newest contract
// that gives one, else SIRENE's.
func (s *Server) supplier(id string) (SupplierJSON, error) {
	if err := s.Ready(); err != nil {
		return SupplierJSON{}, err
	}
	found, err := s.Views.Contracts(view.Query{Supplier: id, Limit: 1})
	if err != nil {
		return SupplierJSON{}, err
	}
	if found.Total == 0 {
		return SupplierJSON{}, notFound("supplier", id)
	}
	said := pivot.Supplier{ID: id}
	if row := found.Items[0]; len(row.Suppliers) == 1 {
		said.Name = row.Supplier
	}
	return SupplierJSON{
		Party: enrich.Supplier(said, s.Firms.Firm), Contracts: found.Total, Age: firms.Age(s.Firms.Sources()), Permalink: s.Self.URL + "/titulaires/" + url.PathEscape(id),
	}, nil
}

func (s *Server) getSupplier(w http.ResponseWriter, r *http.Request) error {
	one, err := s.supplier(pathVar(r, "id"))
	if err != nil {
		return err
	}
	return writeJSON(w, one)
}

// pathVar is a part of the path, unescaped; as it stands if it cannot be.
func pathVar(r *http.Request, name string) string {
	raw := mux.Vars(r)[name]
	if s, err := url.PathUnescape(raw); err == nil {
		return s
	}
	return raw
}
