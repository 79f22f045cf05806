package api

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"net/http"

	"github.com/gorilla/mux"

	"maillon/catalog/texts"
	"maillon/node/shelf"
	"maillon/store/view"
)

// directoryColumns are those of the national directory of buyer profiles that leads
// to DCAT catalogues.
var directoryColumns = []string{"siretAcheteur", "urlProfilAcheteur", "urlDCAT", "coordonnees"}

// territoryRoutes are what only a hub has: the page of downloads, and the directory.
func (s *Server) territoryRoutes(r *mux.Router) {
	s.schemaRoutes(r)
	if s.Shelf == nil || s.Shelf.Editions == nil {
		return
	}
	r.Handle("/telechargements", s.answer(s.downloadsPage)).Methods("GET", "HEAD")
	r.Handle(shelf.DirectoryPath, s.answer(s.directoryCSV)).Methods("GET", "HEAD")
}

// directoryCSV lists the buyers of whom there are contracts, a line for each
// catalogue that has them.
func (s *Server) directoryCSV(w http.ResponseWriter, r *http.Request) error {
	rows, err := s.register()
	if err != nil {
		return err
	}
	parts, err := s.Views.Partitions(view.PartitionQuery{})
	if err != nil {
		return err
	}
	buys := map[string]bool{}
	for _, p := range parts {
		buys[p.Buyer] = true
	}
	var b bytes.Buffer
	c := csv.NewWriter(&b)
	c.Comma = ';'
	_ = c.Write(directoryColumns)
	for _, x := range rows {
		if x.Buyer || buys[x.SIRET] {
			_ = c.Write(safeCells(x.SIRET, x.Profile, x.URLDCAT, x.Contact))
		}
	}
	c.Flush() // into memory: it cannot fail
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="annuaire.csv"`)
	return serveBytes(w, r, b.Bytes(), s.Now())
}

// listSchema is the Table Schema of a list of who publishes.
func listSchema(lang texts.Lang, title string, columns []string) ([]byte, error) {
	type field struct {
		Name        string         `json:"name"`
		Type        string         `json:"type"`
		Format      string         `json:"format,omitempty"`
		Text        string         `json:"description"`
		Constraints map[string]any `json:"constraints,omitempty"`
	}
	schema := struct {
		Schema  string            `json:"$schema"`
		Title   string            `json:"title"`
		Fields  []field           `json:"fields"`
		Missing []string          `json:"missingValues"`
		Dialect map[string]string `json:"dialect"`
	}{"https://specs.frictionlessdata.io/schemas/table-schema.json", texts.T(lang, title), nil, []string{""}, map[string]string{"delimiter": ";"}}
	for _, name := range columns {
		f := field{Name: name, Type: "string", Text: texts.T(lang, "register.column."+name)}
		switch name {
		case "siretAcheteur":
			f.Constraints = map[string]any{"required": true, "pattern": `\d{14}`}
		case "urlProfilAcheteur", "urlDCAT":
			f.Format = "uri"
		case "contracts":
			f.Type, f.Constraints = "integer", map[string]any{"minimum": 0}
		}
		schema.Fields = append(schema.Fields, f)
	}
	return json.MarshalIndent(schema, "", "  ")
}
