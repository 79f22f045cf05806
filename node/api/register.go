package api

import (
	"bytes"
	"encoding/csv"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gorilla/mux"

	"maillon/catalog"
	"maillon/store/view"
)

// A RegisterRow is one line of the register: the catalogue of a node, or that
// of a buyer for whom a node publishes.
type RegisterRow struct {
	SIRET     string `json:"siretAcheteur"`
	Profile   string `json:"urlProfilAcheteur"`
	URLDCAT   string `json:"urlDCAT"`
	Contact   string `json:"coordonnees"`
	Geozone   string `json:"geozone"`
	Level     string `json:"level"`
	Name      string `json:"name"`
	State     string `json:"state"`
	Node      string `json:"node"`
	Buyer     bool   `json:"buyer"` // a buyer's catalogue, not a node's
	Contracts int    `json:"contracts,omitempty"`
}

func (s *Server) registerRoutes(r *mux.Router) {
	r.Handle("/register", s.answer(s.registerPage)).Methods("GET", "HEAD")
	r.Handle("/register.json", s.answer(s.registerJSON)).Methods("GET", "HEAD")
	r.Handle("/register.csv", s.answer(s.registerCSV)).Methods("GET", "HEAD")
	r.Handle("/register.{suffix:"+suffixes+"}", s.answer(s.graph(s.registerGraph))).Methods("GET", "HEAD")
}

// register lists the nodes first, then the buyers by SIRET and node.
func (s *Server) register() ([]RegisterRow, error) {
	nodes, err := s.Fed.Nodes()
	if err != nil {
		return nil, err
	}
	var rows []RegisterRow
	byID := map[string]NodeStatus{}
	for _, n := range nodes {
		if n.State == "hub" {
			continue // the hub above: its own register tells of it
		}
		byID[n.ID] = n
		rows = append(rows, RegisterRow{
			SIRET: bodyOf(n.ID), Profile: n.URL, URLDCAT: n.Catalog, Contact: n.Contact, Geozone: n.Geozone,
			Level: n.Level, Name: n.Name, State: n.State, Node: n.ID,
		})
	}
	parts, err := s.Views.Partitions(view.PartitionQuery{})
	if err != nil {
		return nil, err
	}
	return append(rows, s.buyerRows(parts, byID)...), nil
}

func (s *Server) buyerRows(parts []view.Partition, nodes map[string]NodeStatus) []RegisterRow {
	type key struct{ buyer, node string }
	count := map[key]int{}
	name := map[string]string{}
	for _, p := range parts {
		for node := range p.Nodes {
			count[key{p.Buyer, node}] += p.Contracts
		}
		if p.BuyerName != "" {
			name[p.Buyer] = p.BuyerName
		}
	}
	var rows []RegisterRow
	for k, contracts := range count {
		n, known := nodes[k.node]
		if !known || bodyOf(n.ID) == k.buyer {
			continue // a body's own catalogue is the node's line
		}
		row := RegisterRow{
			SIRET: k.buyer, Profile: n.URL, URLDCAT: n.URL + "/buyers/" + url.PathEscape(k.buyer) + "/catalog", Contact: n.Contact,
			Name: name[k.buyer], State: n.State, Node: n.ID, Buyer: true, Contracts: contracts,
		}
		if row.Name == "" {
			row.Name = s.Catalog.BuyerName(k.buyer)
		}
		row.Level, row.Geozone = placeOf(k.buyer)
		rows = append(rows, row)
	}
	slices.SortFunc(rows, func(a, b RegisterRow) int {
		if c := strings.Compare(a.SIRET, b.SIRET); c != 0 {
			return c
		}
		return strings.Compare(a.Node, b.Node)
	})
	return rows
}

func (s *Server) registerJSON(w http.ResponseWriter, _ *http.Request) error {
	rows, err := s.register()
	if err != nil {
		return err
	}
	return writeJSON(w, map[string]any{"total": len(rows), "items": rows})
}

// registerCSV has the columns of the national directory of buyer profiles,
// then those of the register.
func (s *Server) registerCSV(w http.ResponseWriter, r *http.Request) error {
	raw, err := s.RegisterCSV()
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="repertoire.csv"`)
	return serveBytes(w, r, raw, s.Now())
}

var registerColumns = []string{"siretAcheteur", "urlProfilAcheteur", "urlDCAT", "coordonnees", "geozone", "level", "name", "state", "node", "contracts"}

// RegisterCSV is the register as CSV.
func (s *Server) RegisterCSV() ([]byte, error) {
	rows, err := s.register()
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	c := csv.NewWriter(&b)
	c.Comma = ';'
	_ = c.Write(registerColumns)
	for _, x := range rows {
		_ = c.Write(safeCells(x.SIRET, x.Profile, x.URLDCAT, x.Contact, x.Geozone, x.Level, x.Name, x.State, x.Node, strconv.Itoa(x.Contracts)))
	}
	c.Flush() // into memory: it cannot fail
	return b.Bytes(), nil
}

func (s *Server) registerGraph(*http.Request) (catalog.Catalog, error) {
	rows, err := s.register()
	if err != nil {
		return catalog.Catalog{}, err
	}
	var all []catalog.SubCatalog
	for _, row := range rows {
		link := s.Catalog.MemberLink(row.URLDCAT, row.Name, row.SIRET, row.Level)
		all = append(all, link)
	}
	return s.Catalog.Register(all), nil
}
