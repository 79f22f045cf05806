package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/mux"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"maillon/catalog"
	"maillon/catalog/rdf"
	"maillon/store"
)

// A Catalogue describes what the node publishes.
type Catalogue interface {
	Catalogue(members []catalog.SubCatalog) catalog.Catalog
	BuyerCatalogue(siret string) (catalog.Catalog, bool)
	Register(all []catalog.SubCatalog) catalog.Catalog
	BuyerLink(siret string) catalog.SubCatalog
	MemberLink(iri, name, siret, level string) catalog.SubCatalog
	BuyerName(siret string) string
}

// suffixes are the syntaxes of a graph, as the end of an address.
const suffixes = `ttl|jsonld|rdf|nt`

func (s *Server) catalogRoutes(r *mux.Router) {
	catalogue := s.answer(s.graph(s.nodeCatalogue, "/catalogue"))
	buyer := s.answer(s.graph(s.buyerCatalogue, ""))
	r.Handle("/catalog", catalogue).Methods("GET", "HEAD")
	r.Handle("/catalog.{suffix:"+suffixes+"}", catalogue).Methods("GET", "HEAD")
	r.Handle("/buyers/{siret}/catalog", buyer).Methods("GET", "HEAD")
	r.Handle("/buyers/{siret}/catalog.{suffix:"+suffixes+"}", buyer).Methods("GET", "HEAD")
	r.Handle("/catalog/datasets/{id}", s.answer(s.dataset)).Methods("GET", "HEAD")
	r.Handle("/catalog/datasets/{id}.{suffix:"+suffixes+"}", s.answer(s.dataset)).Methods("GET", "HEAD")
}

// graph answers with a catalogue in the syntax that the suffix or the Accept
// header asks for. Whoever names text/html at the bare address is sent the
// page's content by the page's own address; harvesters never are.
func (s *Server) graph(make func(*http.Request) (catalog.Catalog, error), page string) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if err := s.Ready(); err != nil {
			return err // never an empty or partial catalogue
		}
		c, err := make(r)
		if err != nil {
			return err
		}
		if c, err = s.paged(c, r); err != nil {
			return err
		}
		w.Header().Add("Vary", "Accept, Accept-Encoding")
		suffix := mux.Vars(r)["suffix"]
		if suffix == "" {
			syntax, html := rdf.Negotiate(r.Header.Get("Accept"))
			if html {
				return s.cataloguePage(w, r, c)
			}
			return s.writeGraph(w, r, c, syntax)
		}
		syntax, ok := rdf.SyntaxOf("." + suffix)
		if !ok {
			return fmt.Errorf("syntax %q: %w", suffix, store.ErrNotFound)
		}
		return s.writeGraph(w, r, c, syntax)
	}
}

// datasetsPerPage keeps a page within what harvesters read in one go.
const datasetsPerPage = 200

// paged cuts a large catalogue into pages. The addresses of pages are those
// of the syntax that was asked for: a harvester follows them as they are.
func (s *Server) paged(c catalog.Catalog, r *http.Request) (catalog.Catalog, error) {
	total := max(1, (len(c.Datasets)+datasetsPerPage-1)/datasetsPerPage)
	n, asked := 1, r.URL.Query().Get("page")
	if asked != "" {
		var err error
		if n, err = strconv.Atoi(asked); err != nil || n < 1 {
			return c, &BadParameter{"page", asked, "1 to " + strconv.Itoa(total)}
		}
	}
	if n > total {
		return c, fmt.Errorf("page %d of %d: %w", n, total, store.ErrNotFound)
	}
	if total == 1 && asked == "" {
		return c, nil
	}
	profile := ""
	if r.URL.Query().Get("profile") == string(rdf.Profile211) {
		profile = "&profile=" + string(rdf.Profile211)
	}
	address := func(n int) string { return s.Self.URL + r.URL.Path + "?page=" + strconv.Itoa(n) + profile }
	p := &catalog.Page{IRI: address(n), Number: n, Total: total, TotalItems: len(c.Datasets), First: address(1), Last: address(total)}
	if n > 1 {
		p.Previous = address(n - 1)
		c.Parts, c.Services = nil, nil
	}
	if n < total {
		p.Next = address(n + 1)
	}
	c.Datasets = c.Datasets[(n-1)*datasetsPerPage : min(n*datasetsPerPage, len(c.Datasets))]
	c.Page = p
	return c, nil
}

func (s *Server) nodeCatalogue(*http.Request) (catalog.Catalog, error) {
	nodes, err := s.Fed.Nodes()
	if err != nil {
		return catalog.Catalog{}, err
	}
	var members []catalog.SubCatalog
	for _, n := range nodes {
		if n.State == "accepted" {
			members = append(members, s.memberLink(n))
		}
	}
	return s.Catalog.Catalogue(members), nil
}

func (s *Server) memberLink(n NodeStatus) catalog.SubCatalog {
	return s.Catalog.MemberLink(n.Catalog, n.Name, bodyOf(n.ID), n.Level)
}

// bodyOf is the SIRET in a node id.
func bodyOf(node string) string {
	siret, _, _ := strings.Cut(node, "-")
	return siret
}

func (s *Server) buyerCatalogue(r *http.Request) (catalog.Catalog, error) {
	siret := mux.Vars(r)["siret"]
	c, ok := s.Catalog.BuyerCatalogue(siret)
	if !ok {
		return c, fmt.Errorf("catalogue of buyer %q: %w", siret, store.ErrNotFound)
	}
	return c, nil
}

// dataset answers with the catalogue cut down to one dataset.
func (s *Server) dataset(w http.ResponseWriter, r *http.Request) error {
	return s.graph(func(r *http.Request) (catalog.Catalog, error) {
		id := mux.Vars(r)["id"]
		d, ok := s.Shelf.Dataset(id)
		if !ok {
			return catalog.Catalog{}, fmt.Errorf("dataset %q: %w", id, store.ErrNotFound)
		}
		c := s.Catalog.Catalogue(nil)
		if d.Buyer != "" {
			c, _ = s.Catalog.BuyerCatalogue(d.Buyer)
		}
		var only []catalog.Dataset
		for _, set := range c.Datasets {
			if set.Identifier == id {
				only = append(only, set)
			}
		}
		c.Datasets, c.Parts, c.Services = only, nil, nil
		return c, nil
	}, "")(w, r)
}

// writeGraph writes a catalogue with a strong tag for each syntax and coding.
func (s *Server) writeGraph(w http.ResponseWriter, r *http.Request, c catalog.Catalog, syntax rdf.Syntax) error {
	profile := rdf.Profile301
	switch asked := r.URL.Query().Get("profile"); asked {
	case "", string(rdf.Profile301):
	case string(rdf.Profile211):
		profile = rdf.Profile211
	default:
		return &BadParameter{"profile", asked, "3.0.1, 2.1.1"}
	}
	g, problems := rdf.FromCatalogAs(c, profile)
	for _, p := range problems {
		s.Log.Warn().Str("catalogue", c.IRI).Str("problem", p.String()).Msg("catalogue")
	}
	if problems.Errors() > 0 {
		// What is left out looks deleted to a harvester: better no answer.
		return fmt.Errorf("catalogue %s: %w", c.IRI, problems)
	}
	var b bytes.Buffer
	if err := rdf.Write(&b, g, syntax); err != nil {
		return fmt.Errorf("write catalogue %s: %w", c.IRI, err)
	}
	h := w.Header()
	h.Set("Content-Type", syntax.MediaType())
	h.Set("Cache-Control", "public, no-cache")
	h.Set("Link", fmt.Sprintf(`<%s>; rel="canonical"`, c.IRI))
	return serveBytes(w, r, b.Bytes(), c.Modified)
}

// serveBytes answers a body made in memory: tag, zstd or gzip for those who take it,
// 304 for those who have it, ranges on the plain body.
func serveBytes(w http.ResponseWriter, r *http.Request, body []byte, modified time.Time) error {
	sum := sha256.Sum256(body)
	etag := hex.EncodeToString(sum[:16])
	h := w.Header()
	if r.Header.Get("Range") == "" && len(body) > 1024 {
		switch {
		case accepts(r, "zstd"):
			body, etag = zstdPacker().EncodeAll(body, nil), etag+"-zstd"
			h.Set("Content-Encoding", "zstd")
		case accepts(r, "gzip"):
			packed, err := gzipped(body)
			if err != nil {
				return err
			}
			body, etag = packed, etag+"-gzip"
			h.Set("Content-Encoding", "gzip")
		}
	}
	h.Set("ETag", `"`+etag+`"`)
	http.ServeContent(w, r, "", modified, bytes.NewReader(body))
	return nil
}

// zstdPacker packs bodies; it may be used by many at once.
var zstdPacker = sync.OnceValue(func() *zstd.Encoder {
	z, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		panic(err) // the options are fixed
	}
	return z
})

var gzipPool = sync.Pool{New: func() any { return gzip.NewWriter(nil) }}

func gzipped(body []byte) ([]byte, error) {
	var b bytes.Buffer
	z := gzipPool.Get().(*gzip.Writer)
	defer gzipPool.Put(z)
	z.Reset(&b)
	if _, err := z.Write(body); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
