package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/mux"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"maillon/catalog"
	"maillon/catalog/facet"
	"maillon/catalog/rdf"
	"maillon/node/shelf"
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
	for path, make := range map[string]func(*http.Request) (catalog.Catalog, error){
		"/catalog":                      s.nodeCatalogue,
		"/catalog/all":                  s.allCatalogue,
		"/buyers/{siret}/catalog":       s.buyerCatalogue,
		"/catalog/datasets/{id}":        s.oneDataset,
		"/catalog/datasets/{id}/{name}": s.oneDataset, // a distribution, with its dataset
		"/catalog/services/{id}":        s.oneService,
		"/catalog/records/{id}":         s.oneRecord,
		"/catalog/harvested/{id}":       s.oneHarvested,
		"/catalog/series/{id}":          s.oneSeries,
	} {
		h := s.answer(s.graph(make))
		// The suffix first: {id} takes dots too.
		r.Handle(path+".{suffix:"+suffixes+"}", h).Methods("GET", "HEAD")
		r.Handle(path, h).Methods("GET", "HEAD")
	}
}

// graph answers with a catalogue in the syntax that the suffix or the Accept
// header asks for. Whoever names text/html at the bare address is shown a page;
// harvesters never are.
func (s *Server) graph(make func(*http.Request) (catalog.Catalog, error)) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if err := s.Ready(); err != nil {
			return err // never an empty or partial catalogue
		}
		syntax, html := rdf.Negotiate(r.Header.Get("Accept"))
		if suffix := mux.Vars(r)["suffix"]; suffix != "" {
			syntax, _ = rdf.SyntaxOf("." + suffix) // the route takes no other
		} else if html {
			w.Header().Add("Vary", "Accept, Accept-Encoding")
			return s.cataloguePage(w, r, make)
		}
		a, err := s.cached(r, syntax, func() (answerBody, error) { return s.body(r, syntax, make) })
		if err != nil {
			return err
		}
		a.serve(w, r)
		return nil
	}
}

// body makes the answer of one page of a catalogue in one syntax.
func (s *Server) body(r *http.Request, syntax rdf.Syntax, make func(*http.Request) (catalog.Catalog, error)) (answerBody, error) {
	c, err := make(r)
	if err != nil {
		return answerBody{}, err
	}
	if s.Static { // there is no API
		c.Services = nil
		c = onlyNamed(c)
	}
	if c, err = s.filtered(c, r); err != nil {
		return answerBody{}, err
	}
	all := c.Datasets
	if c, err = s.paged(c, r); err != nil {
		return answerBody{}, err
	}
	var whole []byte
	if c.Page != nil && c.Page.Number == 1 {
		// The tag of the first page is one of every page, so that a harvester that
		// knows us asks once.
		h := sha256.New()
		if err := json.NewEncoder(h).Encode(all); err != nil {
			return answerBody{}, err
		}
		whole = h.Sum(nil)
	}
	return s.writeGraph(r, c, syntax, whole)
}

// filtered keeps the datasets that the parameters of the address ask for.
func (s *Server) filtered(c catalog.Catalog, r *http.Request) (catalog.Catalog, error) {
	q, err := queryOfFacets(r)
	if err != nil || q.IsZero() {
		return c, err
	}
	score := scorer(c)
	c.Datasets = slices.DeleteFunc(slices.Clone(c.Datasets), func(d catalog.Dataset) bool { return !q.Match(d, score) })
	c.Parts, c.Services = nil, nil
	return onlyNamed(c), nil
}

func queryOfFacets(r *http.Request) (facet.Query, error) {
	q, err := facet.Parse(r.URL.Query())
	if bad, ok := errors.AsType[*facet.BadValue](err); ok {
		return q, &BadParameter{bad.Name, bad.Found, bad.Expected}
	}
	return q, err
}

// scorer scores the datasets of a catalogue. What this federation publishes is
// served by itself; what others publish was not asked for.
func scorer(c catalog.Catalog) facet.Scorer {
	c.Datasets, c.Records, c.Series, c.Parts = nil, nil, nil, nil
	return func(d catalog.Dataset) catalog.Score {
		return catalog.ScoreOf(d, c, catalog.Served{Access: !d.Foreign, Download: !d.Foreign})
	}
}

// onlyNamed leaves out the records and series that no dataset of c has.
func onlyNamed(c catalog.Catalog) catalog.Catalog {
	named := map[string]bool{}
	for _, d := range c.Datasets {
		named[d.IRI], named[d.InSeries] = true, true
	}
	for _, d := range c.Services {
		named[d.IRI] = true
	}
	c.Records = slices.DeleteFunc(slices.Clone(c.Records), func(r catalog.CatalogRecord) bool { return !named[r.Topic] })
	c.Series = slices.DeleteFunc(slices.Clone(c.Series), func(d catalog.Series) bool { return !named[d.IRI] })
	return c
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
	q, err := queryOfFacets(r)
	if err != nil {
		return c, err
	}
	v := q.Values()
	if r.URL.Query().Get("profile") == string(rdf.Profile211) {
		v.Set("profile", string(rdf.Profile211))
	}
	address := func(n int) string {
		if s.Static {
			return s.Self.URL + graphFile(r.URL.Path, v.Get("profile"), n)
		}
		v.Set("page", strconv.Itoa(n))
		return s.Self.URL + r.URL.Path + "?" + v.Encode()
	}
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
	return onlyNamed(c), nil
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
	c := s.Catalog.Catalogue(members)
	s.Shelf.AddHosted(&c, hosted(nodes))
	return c, nil
}

// hosted are the members whose journals and files are stored and served here.
func hosted(nodes []NodeStatus) (out []shelf.Member) {
	for _, n := range nodes {
		if n.Storage == "hub" && n.State == "accepted" {
			out = append(out, memberOf(n))
		}
	}
	return out
}

func memberOf(n NodeStatus) shelf.Member {
	return shelf.Member{ID: n.ID, Name: n.Name, Level: n.Level, URL: n.URL, Base: n.Base, Territory: n.Geozone}
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
	siret := pathVar(r, "siret")
	c, ok := s.Catalog.BuyerCatalogue(siret)
	if !ok {
		return c, fmt.Errorf("catalogue of buyer %q: %w", siret, store.ErrNotFound)
	}
	return c, nil
}

// allCatalogue is the union of everything that this node knows.
func (s *Server) allCatalogue(*http.Request) (catalog.Catalog, error) {
	members, err := s.members()
	if err != nil {
		return catalog.Catalog{}, err
	}
	return s.Shelf.All(members)
}

// members are the nodes whose journals are here.
func (s *Server) members() ([]shelf.Member, error) {
	nodes, err := s.Fed.Nodes()
	if err != nil {
		return nil, err
	}
	var out []shelf.Member
	for _, n := range nodes {
		if n.State == "accepted" {
			out = append(out, memberOf(n))
		}
	}
	return out, nil
}

// only cuts a catalogue down to some of its datasets.
func only(c catalog.Catalog, keep func(catalog.Dataset) bool, what, name string) (catalog.Catalog, error) {
	c.Datasets = slices.DeleteFunc(slices.Clone(c.Datasets), func(d catalog.Dataset) bool { return !keep(d) })
	if len(c.Datasets) == 0 {
		return c, fmt.Errorf("%s %q: %w", what, name, store.ErrNotFound)
	}
	c.Parts, c.Services = nil, nil
	return onlyNamed(c), nil
}

// oneDataset is a catalogue cut down to one dataset of this node's own.
func (s *Server) oneDataset(r *http.Request) (catalog.Catalog, error) {
	id := mux.Vars(r)["id"]
	var c catalog.Catalog
	if d, ok := s.Shelf.Dataset(id); ok {
		c, _ = s.Catalog.BuyerCatalogue(d.Buyer)
	} else {
		c = s.Catalog.Catalogue(nil)
	}
	return only(c, func(d catalog.Dataset) bool { return d.Identifier == id }, "dataset", id)
}

// oneService is a catalogue cut down to one service.
func (s *Server) oneService(r *http.Request) (catalog.Catalog, error) {
	c := s.Catalog.Catalogue(nil)
	id := mux.Vars(r)["id"]
	iri := s.names() + "/catalog/services/" + id
	c.Services = slices.DeleteFunc(slices.Clone(c.Services), func(d catalog.DataService) bool { return d.IRI != iri })
	if len(c.Services) == 0 {
		return c, fmt.Errorf("service %q: %w", id, store.ErrNotFound)
	}
	c.Datasets, c.Parts = nil, nil
	return onlyNamed(c), nil
}

// oneRecord is the catalogue of everything cut down to one dataset that stands
// elsewhere, with the record of where it comes from.
func (s *Server) oneRecord(r *http.Request) (catalog.Catalog, error) {
	c, err := s.allCatalogue(r)
	if err != nil {
		return c, err
	}
	id := mux.Vars(r)["id"]
	return only(c, func(d catalog.Dataset) bool { return shelf.RecordID(d.IRI) == id }, "record", id)
}

// oneHarvested is a harvested dataset that has no address of its own.
func (s *Server) oneHarvested(r *http.Request) (catalog.Catalog, error) {
	c, err := s.allCatalogue(r)
	if err != nil {
		return c, err
	}
	id := mux.Vars(r)["id"]
	return only(c, func(d catalog.Dataset) bool { return d.IRI == s.names()+"/catalog/harvested/"+id }, "dataset", id)
}

// oneSeries is a buyer's catalogue, as a series of years.
func (s *Server) oneSeries(r *http.Request) (catalog.Catalog, error) {
	id := mux.Vars(r)["id"]
	if id == shelf.YearsID(s.Self.ID) || id == shelf.DepartementsID(s.Self.ID) {
		iri := s.names() + "/catalog/series/" + id
		return only(s.Catalog.Catalogue(nil), func(d catalog.Dataset) bool { return d.InSeries == iri }, "series", id)
	}
	c, found := s.Catalog.BuyerCatalogue(shelf.SeriesBuyer(id))
	if !found {
		return c, fmt.Errorf("series %q: %w", id, store.ErrNotFound)
	}
	return c, nil
}

// writeGraph writes a catalogue with all that goes with it.
func (s *Server) writeGraph(r *http.Request, c catalog.Catalog, syntax rdf.Syntax, whole []byte) (answerBody, error) {
	profile := rdf.Profile301
	switch asked := r.URL.Query().Get("profile"); asked {
	case "", string(rdf.Profile301):
	case string(rdf.Profile211):
		profile = rdf.Profile211
	default:
		return answerBody{}, &BadParameter{"profile", asked, "3.0.1, 2.1.1"}
	}
	g, problems := rdf.FromCatalogAs(c, profile)
	for _, p := range problems {
		s.Log.Debug().Str("catalogue", c.IRI).Str("problem", p.String()).Msg("catalogue")
	}
	if problems.Errors() > 0 {
		// What is left out looks deleted to a harvester: better no answer.
		return answerBody{}, fmt.Errorf("catalogue %s: %w", c.IRI, problems)
	}
	var b bytes.Buffer
	if err := rdf.Write(&b, g, syntax); err != nil {
		return answerBody{}, fmt.Errorf("write catalogue %s: %w", c.IRI, err)
	}
	link := fmt.Sprintf(`<%s>; rel="canonical"`, c.IRI)
	if c.Page != nil {
		for _, to := range []struct{ rel, target string }{{"next", c.Page.Next}, {"prev", c.Page.Previous}} {
			if to.target != "" {
				link += fmt.Sprintf(`, <%s>; rel=%q`, to.target, to.rel)
			}
		}
	}
	return newAnswer(b.Bytes(), syntax.MediaType(), link, c.Modified, whole)
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
