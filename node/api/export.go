package api

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"iter"
	"net/http"
	"time"

	"github.com/gorilla/mux"

	"maillon/catalog/enrich"
	"maillon/catalog/pivot"
	"maillon/catalog/pivot/flat"
	"maillon/catalog/sirene"
	"maillon/catalog/texts"
	"maillon/store/search"
	"maillon/store/view"
)

// An exporter writes the contracts of a filter as a file. all can be gone through
// more than once.
type exporter struct {
	name, media string
	write       func(w io.Writer, all iter.Seq[view.Shown], lang texts.Lang, firm enrich.Register) error
}

// exporters write what a filter finds, one contract after another: none holds more
// than a few thousand. A text that a spreadsheet would run is kept from it.
var exporters = []exporter{
	{"csv", "text/csv; charset=utf-8", func(w io.Writer, all iter.Seq[view.Shown], _ texts.Lang, _ enrich.Register) error {
		return flat.WriteCSV(w, contractsOf(all))
	}},
	{"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", writeXLSX},
	{"ndjson", "application/x-ndjson", writeLines},
	{"parquet", "application/vnd.apache.parquet", func(w io.Writer, all iter.Seq[view.Shown], _ texts.Lang, _ enrich.Register) error {
		return flat.WriteParquet(w, contractsOf(all))
	}},
	{"json", "application/json", func(w io.Writer, all iter.Seq[view.Shown], _ texts.Lang, _ enrich.Register) error {
		return pivot.WriteJSON(w, pivot.Gen2, ofGeneration(contractsOf(all), pivot.Gen2))
	}},
}

func exportNames() []string {
	var names []string
	for _, e := range exporters {
		names = append(names, e.name)
	}
	return names
}

func contractsOf(all iter.Seq[view.Shown]) iter.Seq[pivot.Contract] {
	return func(yield func(pivot.Contract) bool) {
		for s := range all {
			if !yield(s.Contract) {
				return
			}
		}
	}
}

func ofGeneration(all iter.Seq[pivot.Contract], g pivot.Generation) iter.Seq[pivot.Contract] {
	return func(yield func(pivot.Contract) bool) {
		for c := range all {
			if c.Generation == g && !yield(c) {
				return
			}
		}
	}
}

// An exportLine is a contract in a file of lines.
type exportLine struct {
	Address string      `json:"address"`
	State   pivot.State `json:"state"`
	Node    string      `json:"node"`
	// Where the first supplier sits (INSEE code) and its size, as SIRENE knows them.
	SupplierCommune string         `json:"titulaireCommune,omitempty"`
	SupplierSize    string         `json:"titulaireTaille,omitempty"`
	Contract        pivot.Contract `json:"contract"`
}

func writeLines(w io.Writer, all iter.Seq[view.Shown], _ texts.Lang, firm enrich.Register) error {
	enc := json.NewEncoder(w)
	for s := range all {
		f := firstSupplier(s, firm)
		if err := enc.Encode(exportLine{s.Address, s.State, s.Node, f.Commune, f.Category, s.Contract}); err != nil {
			return err
		}
	}
	return nil
}

// firstSupplier is what a register says of the supplier that a contract names first.
func firstSupplier(s view.Shown, firm enrich.Register) (f sirene.Firm) {
	if firm != nil && len(s.Suppliers) > 0 {
		f, _ = firm(s.Suppliers[0])
	}
	return f
}

// exportRun is how many contracts an export reads at once.
const exportRun = 512

// exportContracts answers everything that a filter finds as a file. When something
// breaks on the way the connection is cut: half a file must not pass for a whole one.
func (s *Server) exportContracts(w http.ResponseWriter, r *http.Request) error {
	if err := s.Ready(); err != nil {
		return err
	}
	q, err := queryOf(r.URL.Query())
	if err != nil {
		return err
	}
	if !s.Index.Ready() {
		return search.ErrLoading
	}
	var format exporter
	for _, e := range exporters {
		if e.name == mux.Vars(r)["format"] {
			format = e
		}
	}
	h := w.Header()
	h.Set("Content-Type", format.media)
	h.Set("Content-Disposition", `attachment; filename="marches-`+s.Now().UTC().Format(time.DateOnly)+"."+format.name+`"`)
	h.Set("Cache-Control", "no-cache")
	if r.Method == http.MethodHead {
		return nil
	}
	var broke error
	out := bufio.NewWriterSize(&steady{w, http.NewResponseController(w)}, 64<<10)
	err = format.write(out, s.shown(r.Context(), q, &broke), langOf(r), s.Firms.Firm)
	if err == nil && broke == nil {
		err = out.Flush()
	}
	if broke != nil {
		s.Log.Error().Err(broke).Str("format", format.name).Msg("export broke off")
	}
	if err != nil || broke != nil {
		panic(http.ErrAbortHandler)
	}
	return nil
}

// stalled is how long a reader of an export may take nothing.
const stalled = time.Minute

// mostExports bounds the exports at once: each reads the views all the while.
const mostExports = 8

// A steady writer gives up on a reader who stalls.
type steady struct {
	w    http.ResponseWriter
	conn *http.ResponseController
}

func (s *steady) Write(b []byte) (int, error) {
	_ = s.conn.SetWriteDeadline(time.Now().Add(stalled)) // not every connection can
	return s.w.Write(b)
}

// shown reads the contracts that a query finds, in its order. What goes wrong is
// left in broke, and the sequence ends.
func (s *Server) shown(ctx context.Context, q search.Query, broke *error) iter.Seq[view.Shown] {
	return func(yield func(view.Shown) bool) {
		addresses := make([]string, 0, exportRun)
		flush := func() bool {
			list, err := s.Views.ShownAt(ctx, addresses)
			addresses = addresses[:0]
			if err != nil {
				*broke = err
				return false
			}
			for _, one := range list {
				if !yield(one) {
					return false
				}
			}
			return true
		}
		for address, err := range s.Index.Rows(ctx, q) {
			if err != nil {
				*broke = err
				return
			}
			if addresses = append(addresses, address); len(addresses) == exportRun && !flush() {
				return
			}
		}
		if len(addresses) > 0 {
			flush()
		}
	}
}
