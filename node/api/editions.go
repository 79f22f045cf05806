package api

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/gorilla/mux"
	"github.com/klauspost/compress/gzip"

	"maillon/catalog"
	"maillon/catalog/pivot"
	"maillon/catalog/pivot/flat"
	"maillon/node/edition"
	"maillon/node/shelf"
	"maillon/store"
)

// The files of a hub's territory:
//
//	/files/DATASET/NAME                 the newest, for ever under this address
//	/files/DATASET/latest/NAME          the same
//	/files/DATASET/2026-11-25/NAME      as it was at the end of that day
//	/files/DATASET/…/SHA256SUMS         checksums of an edition, for sha256sum -c
//	/files/DATASET/editions.json        which editions there are
//	/files/DATASET-acheteur-SIRET/NAME  one buyer's, made while it is read
const (
	latestEdition = "latest"
	editionsName  = "editions.json"
	sumsName      = "SHA256SUMS"
)

func (s *Server) schemaRoutes(r *mux.Router) {
	r.Handle(shelf.TableSchemaPath, s.answer(func(w http.ResponseWriter, r *http.Request) error {
		raw, err := flat.TableSchema(langOf(r))
		return s.schema(w, r, raw, err)
	})).Methods("GET", "HEAD")
	r.Handle(shelf.ContractSchemaPath, s.answer(func(w http.ResponseWriter, r *http.Request) error {
		return s.schema(w, r, pivot.CompletSchema, nil)
	})).Methods("GET", "HEAD")
	r.Handle(shelf.DirectorySchemaPath, s.answer(func(w http.ResponseWriter, r *http.Request) error {
		raw, err := listSchema(langOf(r), "schema.annuaire.title", directoryColumns)
		return s.schema(w, r, raw, err)
	})).Methods("GET", "HEAD")
	r.Handle(shelf.RegisterSchemaPath, s.answer(func(w http.ResponseWriter, r *http.Request) error {
		raw, err := listSchema(langOf(r), "schema.register.title", registerColumns)
		return s.schema(w, r, raw, err)
	})).Methods("GET", "HEAD")
}

func (s *Server) schema(w http.ResponseWriter, r *http.Request, raw []byte, err error) error {
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Add("Vary", "Accept-Language, Accept-Encoding")
	w.Header().Set("Cache-Control", "public, max-age=3600")
	return serveBytes(w, r, raw, time.Time{})
}

// territoryFile answers a file of the hub's territory; done is false if the dataset is
// none of it.
func (s *Server) territoryFile(w http.ResponseWriter, r *http.Request, dataset, day, name string) (done bool, err error) {
	e := s.Shelf.Editions
	if e == nil {
		return false, nil
	}
	suffix, ok := strings.CutPrefix(dataset, e.Dataset)
	if !ok {
		return false, nil
	}
	if e.Latest() == nil {
		return true, ErrStarting
	}
	if buyer, is := strings.CutPrefix(suffix, edition.BuyerSuffix); is && day == "" {
		return true, s.buyerFile(w, r, dataset, buyer, name)
	}
	if name == editionsName && day == "" {
		return true, s.editions(w, r, suffix)
	}
	if day == latestEdition {
		day = ""
	}
	if name == sumsName {
		return true, lostEdition(s.sums(w, r, suffix, day), day)
	}
	return true, lostEdition(s.editionFile(w, r, dataset, suffix, day, name), day)
}

// lostEdition says of an edition that was made and is no more why there is none: an
// address that was cited must not look as if it had never been.
func lostEdition(err error, day string) error {
	if !errors.Is(err, edition.ErrLost) {
		return err
	}
	return &Refusal{
		Kind: "edition-lost", Title: "The edition of that day is lost", Status: http.StatusGone,
		Detail: "the edition of " + day + " was made by this node, which has since been restored from a backup or damaged; backups do not hold dated editions, and it cannot be made again. " +
			"editions.json lists those that are here",
	}
}

func (s *Server) editionFile(w http.ResponseWriter, r *http.Request, dataset, suffix, day, name string) error {
	format, ok := edition.FormatOf(name)
	plain := r.Header.Get("Range") != "" || format.Format == catalog.Parquet || !accepts(r, "gzip")
	if !ok {
		return fmt.Errorf("file %s: %w", name, store.ErrNotFound)
	}
	in, cut, f, err := s.Shelf.Editions.Open(day, suffix, name, plain)
	if err != nil {
		return err
	}
	defer in.Close()
	parts := []string{dataset}
	if day != "" {
		parts = append(parts, day)
	}
	fileHeaders(w, strings.Join(append(parts, name), "-"), formatType(format))
	h := w.Header()
	etag := f.SHA256[:32]
	if !plain {
		etag += "-gzip"
		h.Set("Content-Encoding", "gzip")
		h.Set("Content-Length", fmt.Sprint(in.Size()))
	}
	if day != "" {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	h.Set("ETag", `"`+etag+`"`)
	http.ServeContent(w, r, "", cut.Modified, in)
	if err := in.Err(); err != nil {
		s.Log.Error().Err(err).Str("file", name).Msg("a file of an edition cannot be read")
		panic(http.ErrAbortHandler) // what was sent must not look whole
	}
	return nil
}

func formatType(f edition.Format) string {
	if strings.HasPrefix(f.Media, "text/") || f.Format == catalog.XML {
		return f.Media + "; charset=utf-8"
	}
	return f.Media
}

// buyerFile streams what there is of one buyer: nothing is kept for it, and what
// breaks off ends without its end.
func (s *Server) buyerFile(w http.ResponseWriter, r *http.Request, dataset, buyer, name string) error {
	format, ok := edition.FormatOf(name)
	if ok {
		var err error
		if ok, err = s.Shelf.Editions.HasBuyer(buyer); err != nil {
			return err
		}
	}
	if !ok {
		return fmt.Errorf("file %s of buyer %q: %w", name, buyer, store.ErrNotFound)
	}
	fileHeaders(w, dataset+"-"+name, formatType(format))
	w.Header().Set("Cache-Control", "no-cache")
	if r.Method == http.MethodHead {
		return nil
	}
	out := bufio.NewWriterSize(w, 64<<10)
	var err error
	if format.Format != catalog.Parquet && accepts(r, "gzip") {
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(out)
		if err = s.Shelf.Editions.WriteBuyer(r.Context(), z, buyer, name); err == nil {
			err = z.Close()
		}
	} else {
		err = s.Shelf.Editions.WriteBuyer(r.Context(), out, buyer, name)
	}
	if err == nil {
		err = out.Flush()
	}
	if err != nil {
		s.Log.Warn().Err(err).Str("buyer", buyer).Str("file", name).Msg("a download broke off")
		panic(http.ErrAbortHandler)
	}
	return nil
}

// An editionRow is an edition of a dataset in a list.
type editionRow struct {
	Edition   string       `json:"edition"` // latest, or a day
	Made      time.Time    `json:"made"`
	Modified  time.Time    `json:"modified"`
	Contracts int          `json:"contracts"`
	Sums      string       `json:"checksums"` // address
	Files     []editionEnd `json:"files"`
}

type editionEnd struct {
	Name    string `json:"name"`
	URL     string `json:"url"`
	Size    int64  `json:"size"`
	Gzipped int64  `json:"gzipped,omitempty"`
	SHA256  string `json:"sha256"`
	Records int    `json:"records"`
}

// editions lists the editions of a dataset, the newest first.
func (s *Server) editions(w http.ResponseWriter, r *http.Request, suffix string) error {
	e := s.Shelf.Editions
	rows := []editionRow{}
	add := func(day string, one *edition.Edition) {
		c, ok := one.Cut(suffix)
		if !ok {
			return
		}
		base := s.Self.URL + "/files/" + e.Dataset + suffix + "/" + day + "/"
		row := editionRow{Edition: day, Made: one.Made, Modified: c.Modified, Contracts: c.Contracts, Sums: base + sumsName}
		for _, f := range c.Files {
			row.Files = append(row.Files, editionEnd{f.Name, base + f.Name, f.Size, f.Gzipped, f.SHA256, f.Records})
		}
		rows = append(rows, row)
	}
	add(latestEdition, e.Latest())
	days := e.Days()
	for i := len(days) - 1; i >= 0; i-- {
		if one, err := e.Dated(days[i]); err == nil { // it may have been dropped meanwhile
			add(days[i], one)
		}
	}
	if len(rows) == 0 {
		return fmt.Errorf("dataset %s: %w", e.Dataset+suffix, store.ErrNotFound)
	}
	return writeJSON(w, map[string]any{"dataset": e.Dataset + suffix, "editions": rows, "lost": append([]string{}, e.Lost()...)})
}

// sums are the checksums of an edition, as sha256sum writes them.
func (s *Server) sums(w http.ResponseWriter, r *http.Request, suffix, day string) error {
	e := s.Shelf.Editions.Latest()
	if day != "" {
		var err error
		if e, err = s.Shelf.Editions.Dated(day); err != nil {
			return err
		}
	}
	c, ok := e.Cut(suffix)
	if !ok {
		return fmt.Errorf("edition %s: %w", cmp.Or(day, latestEdition), store.ErrNotFound)
	}
	var b strings.Builder
	for _, f := range c.Files {
		fmt.Fprintf(&b, "%s  %s\n", f.SHA256, f.Name)
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-cache")
	return serveBytes(w, r, []byte(b.String()), c.Modified)
}
