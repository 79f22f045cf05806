package api

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"maillon/node/api/openapi"
	"maillon/store/search"
	"maillon/store/view"
)

// searchQuery reads a query from an address; a parameter that is none, or wrong, is
// the client's mistake. also names parameters that the handler reads itself.
func searchQuery(v url.Values, also ...string) (search.Query, error) {
	q, err := search.ParseQuery(v, append(also, "lang")...)
	return q, wrongParameter(err)
}

// wrongParameter makes a parameter that package search refuses one of this package.
func wrongParameter(err error) error {
	bad, ok := errors.AsType[*search.ParamError](err)
	switch {
	case ok && bad.Nearest != "":
		return &BadParameter{bad.Name, bad.Value, "perhaps " + bad.Nearest + ": the parameters are " + bad.Want}
	case ok:
		return &BadParameter{bad.Name, bad.Value, bad.Want}
	}
	return err
}

// searched answers a query by the index. Until that is made, the views answer what they
// can; for the rest the client comes back.
func (s *Server) searched(r *http.Request, q search.Query) (search.Result, error) {
	if s.Index != nil {
		res, err := s.Index.Search(r.Context(), q)
		if !errors.Is(err, search.ErrLoading) {
			return res, err
		}
	}
	old, ok := plainQuery(q)
	if !ok {
		return search.Result{}, errIndexing
	}
	page, err := s.find(old)
	res := search.Result{Total: page.Total, Items: []search.Row{}, Next: page.Next}
	if err != nil {
		return res, err
	}
	addresses := make([]string, len(page.Items))
	for i, row := range page.Items {
		addresses[i] = row.Address
	}
	list, err := s.Views.ShownAt(r.Context(), addresses)
	for _, one := range list {
		res.Items = append(res.Items, search.RowOf(one))
	}
	return res, err
}

// errIndexing: only the index could answer.
var errIndexing = &Refusal{Kind: "indexing", Title: "The index is being made", Status: http.StatusServiceUnavailable, After: 5 * time.Second,
	Detail: "this node is making its index of contracts: come back in a moment; lists by buyer, supplier, CPV, département, state, kind, node and date are answered already"}

// plainQuery is a query as the views answer it; false if they cannot.
func plainQuery(q search.Query) (view.Query, bool) {
	one := func(list []string) string {
		if len(list) == 1 {
			return list[0]
		}
		return ""
	}
	out := view.Query{
		Buyer: one(q.Buyer), Supplier: one(q.Supplier), CPV: one(q.CPV), State: one(q.State), Kind: one(q.Kind), Node: one(q.Node),
		From: q.Notified.From, To: q.Notified.To, After: q.After, Limit: q.Limit,
	}
	back := search.Query{
		Buyer: list(out.Buyer), Supplier: list(out.Supplier), CPV: list(out.CPV), State: list(out.State), Kind: list(out.Kind), Node: list(out.Node),
		Notified: q.Notified, After: q.After, Limit: q.Limit,
	}
	if len(q.Where) == 1 && q.Where[0].Side == search.Either && q.Where[0].Level == "departement" {
		out.Departement, back.Where = q.Where[0].Code, q.Where
	}
	if q.Sort == search.Newest {
		back.Sort = q.Sort
	}
	return out, back.Values().Encode() == q.Values().Encode()
}

func list(value string) []string {
	if value == "" {
		return nil
	}
	return []string{value}
}

func (s *Server) listContracts(w http.ResponseWriter, r *http.Request) error {
	if err := s.Ready(); err != nil {
		return err
	}
	q, err := searchQuery(r.URL.Query())
	if err != nil {
		return err
	}
	page, err := s.searched(r, q)
	if err != nil {
		return err
	}
	if page.Next != "" {
		v := r.URL.Query()
		v.Set("after", page.Next)
		w.Header().Set("Link", "<"+s.Self.URL+"/api/v1/contracts?"+v.Encode()+`>; rel="next"`)
	}
	if strings.Contains(r.Header.Get("Accept"), "application/x-ndjson") {
		w.Header().Set("Content-Type", "application/x-ndjson")
		enc := json.NewEncoder(w)
		for _, row := range page.Items {
			if enc.Encode(row) != nil {
				return nil // the client is gone
			}
		}
		return nil
	}
	return writeJSON(w, page)
}

// facetsAnswer is what /api/v1/facets answers.
type facetsAnswer struct {
	Total  int                                 `json:"total"`
	Facets map[search.Dimension][]search.Count `json:"facets"`
}

// listFacets counts what a query finds: all facets, or those that are named.
func (s *Server) listFacets(w http.ResponseWriter, r *http.Request) error {
	if err := s.Ready(); err != nil {
		return err
	}
	q, err := searchQuery(r.URL.Query())
	if err != nil {
		return err
	}
	if q.Limit, q.After, q.Sort = 0, "", ""; len(q.Facets) == 0 {
		q.Facets = search.Facets()
	}
	res, err := s.searched(r, q)
	if err != nil {
		return err
	}
	return writeJSON(w, facetsAnswer{res.Total, res.Facets})
}

// searchParams describes the filters of a search, in the order in which pages show them.
func searchParams() params {
	out := params{
		{Name: "q"}, {Name: "buyer"}, {Name: "supplier"}, {Name: "cpv", Example: "45"}, {Name: "procedure"}, {Name: "nature"}, {Name: "technique"},
		{Name: "level", Enum: []string{"commune", "epci", "departement", "region", "organisme"}}, {Name: "state", Enum: contractStates}, {Name: "kind", Enum: kinds},
		{Name: "considerations", Enum: []string{"sociale", "environnementale"}}, {Name: "conflict", Enum: []string{"1"}},
		{Name: "from", Format: "date"}, {Name: "to", Format: "date"}, {Name: "ends_from", Format: "date"}, {Name: "ends_to", Format: "date"},
		{Name: "amount_min", Type: "number"}, {Name: "amount_max", Type: "number"}, {Name: "months_min", Type: "number"}, {Name: "months_max", Type: "number"},
		{Name: "offers_min", Type: "number"}, {Name: "offers_max", Type: "number"},
	}
	out = append(out, openapi.Param{Name: "supplier_size", Enum: []string{"PME", "ETI", "GE"}}, openapi.Param{Name: "supplier_local", Enum: []string{"commune", "epci", "departement", "region", "ailleurs"}})
	for _, side := range []string{"", "buyer_", "place_", "supplier_"} {
		for _, z := range []struct{ level, example string }{{"region", "53"}, {"departement", "35"}, {"epci", "243500139"}, {"commune", "35238"}} {
			out = append(out, openapi.Param{Name: side + z.level, Example: z.example})
		}
	}
	return append(out, openapi.Param{Name: "node"})
}
