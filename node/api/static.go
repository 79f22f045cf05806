package api

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gorilla/mux"

	"maillon/catalog"
	"maillon/catalog/facet"
	"maillon/catalog/rdf"
	"maillon/catalog/texts"
	"maillon/node/shelf"
	"maillon/node/web"
	"maillon/store/journal"
	"maillon/store/view"
)

// A StaticSite is a node's public face as files, for those who have web space and no
// server: each file is what the node's own handlers answer at an address. There is one
// face per language, since nobody negotiates: the pages of the first stand at their
// paths, those of another in a folder of its own.
//
// What needs an answer made for the asker is not there: search, facets, numbers, the API,
// forms, reports of deposits. docs/static.md lists what is.
type StaticSite struct {
	// Faces have [Server.Static] set, and pages whose site has it. The first is French:
	// it answers everything that is no page.
	Faces []StaticFace

	routers map[texts.Lang]*mux.Router
	held    []byte // the checkpoint that the files are of
}

// A StaticFace answers in one language.
type StaticFace struct {
	Lang   texts.Lang
	Server *Server
}

// A StaticFile is one file of a [StaticSite].
type StaticFile struct {
	Name string // below the folder, with slashes
	URI  string // what it is the answer to
	Lang texts.Lang
	Page bool // asked for as people do
	body []byte
	want int // the status that is right; 0 for 200
}

// The languages' first one, in which everything is said that is no page.
func (x *StaticSite) main() *Server { return x.Faces[0].Server }

// Files lists all files, those first that others lead to; the checkpoint of the journal,
// which promises all the rest, is the last. Nothing is answered yet: [StaticSite.Write]
// does.
func (x *StaticSite) Files(ctx context.Context) iter.Seq2[StaticFile, error] {
	return func(yield func(StaticFile, error) bool) {
		x.routers = map[texts.Lang]*mux.Router{}
		for _, f := range x.Faces {
			x.routers[f.Lang] = f.Server.router()
		}
		l := &staticLister{StaticSite: x, yield: yield, buyers: map[string]bool{}}
		for _, part := range []func(context.Context) error{
			l.serverFiles, l.assets, l.data, l.journal, l.contracts, l.datasets, l.buyerPages, l.pages, l.graphs, l.home, l.checkpoint,
		} {
			if err := part(ctx); errors.Is(err, errEnough) {
				return
			} else if err != nil {
				yield(StaticFile{}, err)
				return
			}
		}
	}
}

// errEnough: whoever reads the list has stopped.
var errEnough = errors.New("enough")

// A staticLister lists the files of one site.
type staticLister struct {
	*StaticSite
	yield  func(StaticFile, error) bool
	buyers map[string]bool // that pages lead to
}

func (l *staticLister) give(f StaticFile) error {
	if !l.yield(f, nil) {
		return errEnough
	}
	return nil
}

// file lists what is no page, under its own path.
func (l *staticLister) file(uris ...string) error {
	for _, uri := range uris {
		if err := l.give(StaticFile{Name: strings.TrimPrefix(uri, "/"), URI: uri, Lang: l.Faces[0].Lang}); err != nil {
			return err
		}
	}
	return nil
}

// page lists a page in every language.
func (l *staticLister) page(path string) error {
	for _, f := range l.Faces {
		err := l.give(StaticFile{Name: strings.TrimPrefix(web.Folder(f.Lang, path), "/") + "index.html", URI: path, Lang: f.Lang, Page: true})
		if err != nil {
			return err
		}
	}
	return nil
}

func (l *staticLister) assets(context.Context) error {
	for _, f := range l.Faces {
		if f.Server == l.main() {
			if err := l.file(f.Server.Pages.Assets()...); err != nil {
				return err
			}
		}
	}
	return l.file(shelf.TableSchemaPath, shelf.ContractSchemaPath, shelf.RegisterSchemaPath)
}

// data are the files of datasets.
func (l *staticLister) data(context.Context) error {
	for _, d := range l.main().Shelf.Datasets("") {
		if !isSegment(d.ID) {
			continue
		}
		for _, f := range d.Files {
			if err := l.file("/files/" + d.ID + "/" + f.Name); err != nil {
				return err
			}
		}
	}
	return nil
}

// journal lists the tiles of the journal as it is now, whatever is appended meanwhile.
func (l *staticLister) journal(context.Context) error {
	s := l.main()
	held, size, err := s.head()
	if err != nil || held == nil {
		return err
	}
	l.held = held
	for path := range journal.Resources(size) {
		if err := l.file("/journal/" + path); err != nil {
			return err
		}
	}
	return l.file("/journal/key")
}

// head is the newest checkpoint, as it is served, and the size it is of; nil if nothing
// was signed yet.
func (s *Server) head() ([]byte, uint64, error) {
	note := s.Fed.Cosigned(s.Own)
	if note == nil {
		return nil, 0, nil
	}
	size, err := journal.SizeOf(note)
	return note, size, err
}

func (l *staticLister) checkpoint(context.Context) error {
	if l.held == nil {
		return nil
	}
	return l.give(StaticFile{Name: "journal/checkpoint", URI: "/journal/checkpoint", Lang: l.Faces[0].Lang, body: l.held})
}

// contracts lists the pages of contracts, and the lists of them by year.
func (l *staticLister) contracts(ctx context.Context) error {
	s := l.main()
	years, err := s.listedYears(ctx)
	if err != nil {
		return err
	}
	for _, year := range years {
		for n := range year.cursors {
			rows, err := s.yearContracts(ctx, year, n+1)
			if err != nil {
				return err
			}
			for _, row := range rows {
				l.buyers[row.Buyer] = true
				if err := l.page("/marches/" + row.Address); err != nil {
					return err
				}
			}
			if err := l.page(listPath(yearsPath+"/"+year.year, n+1)); err != nil {
				return err
			}
		}
	}
	return l.page("/marches")
}

// syntaxes lists a graph in every syntax.
func (l *staticLister) syntaxes(path string) error {
	for _, x := range rdf.Syntaxes() {
		if err := l.file(path + x.Suffix()); err != nil {
			return err
		}
	}
	return nil
}

// both lists an address that people and programs ask for.
func (l *staticLister) both(path string) error {
	if err := l.page(path); err != nil {
		return err
	}
	return l.syntaxes(path)
}

// datasets lists what there is of each dataset, and the lists of them.
func (l *staticLister) datasets(context.Context) error {
	s := l.main()
	f, err := s.search(facet.Query{})
	if err != nil {
		return err
	}
	series := map[string]bool{}
	for _, one := range f.listed {
		d := one.Dataset
		if !isSegment(s.pageID(d)) {
			continue
		}
		if err := l.page("/jeux/" + s.pageID(d)); err != nil {
			return err
		}
		paths := []string{"/catalog/records/" + shelf.RecordID(d.IRI)}
		switch own, ok := strings.CutPrefix(d.IRI, s.names()+"/"); {
		case ok && strings.HasPrefix(own, "catalog/datasets/"):
			paths = []string{"/" + own} // its record is a part of it
		case ok:
			paths = append(paths, "/"+own)
		}
		if of, ok := strings.CutPrefix(d.InSeries, s.names()+"/"); ok && !series[of] {
			series[of] = true
			paths = append(paths, "/"+of)
		}
		for _, path := range paths {
			if err := l.both(path); err != nil {
				return err
			}
		}
	}
	for n := range max(1, (len(f.listed)+datasetsPerView-1)/datasetsPerView) {
		if err := l.page(listPath("/catalogue", n+1)); err != nil {
			return err
		}
	}
	return nil
}

// files is what stands before the paths of files.
func (s *Server) files() string {
	u, err := url.Parse(s.Self.URL)
	if err != nil {
		return ""
	}
	return u.Path
}

// isBuyer reports whether a buyer has a page.
func (s *Server) isBuyer(siret string) bool {
	if len(s.Shelf.Datasets(siret)) > 0 {
		return true
	}
	found, err := s.Views.Contracts(view.Query{Buyer: siret, Limit: 1})
	if err == nil && found.Total > 0 {
		return true
	}
	lineage, err := s.Views.Lineage()
	return err == nil && len(lineage.Family(siret)) > 1
}

// buyerPages lists the pages of all buyers that a page leads to.
func (l *staticLister) buyerPages(context.Context) error {
	s := l.main()
	lineage, err := s.Views.Lineage()
	if err != nil {
		return err
	}
	parts, err := s.Views.Partitions(view.PartitionQuery{})
	if err != nil {
		return err
	}
	for _, p := range parts {
		l.buyers[p.Buyer] = true
	}
	for _, b := range slices.Collect(maps.Keys(l.buyers)) {
		for _, kin := range lineage.Family(b) {
			l.buyers[kin] = true
		}
	}
	for _, b := range slices.Sorted(maps.Keys(l.buyers)) {
		if !isSegment(b) || !s.isBuyer(b) {
			continue
		}
		if err := l.page("/acheteurs/" + b); err != nil {
			return err
		}
		if len(s.Shelf.Datasets(b)) > 0 {
			if err := l.catalogue("/buyers/"+b+"/catalog", s.Catalog.BuyerCatalogue); err != nil {
				return err
			}
		}
	}
	return nil
}

func (l *staticLister) pages(context.Context) error {
	for _, path := range []string{"/register", "/qualite", "/sources", "/dictionnaire", "/regles", "/accessibilite", "/mentions-legales", "/donnees-personnelles"} {
		if err := l.page(path); err != nil {
			return err
		}
	}
	if err := l.syntaxes("/register"); err != nil {
		return err
	}
	return l.file("/register.json", "/register.csv", "/feeds/marches.atom", "/sitemap.xml", "/robots.txt")
}

// graphs lists the catalogues.
func (l *staticLister) graphs(context.Context) error {
	s := l.main()
	for path, of := range map[string]func(*http.Request) (catalog.Catalog, error){"/catalog/all": s.allCatalogue, "/catalog": s.nodeCatalogue} {
		err := l.catalogueOf(path, func() (catalog.Catalog, error) { return of(nil) })
		if err != nil {
			return err
		}
	}
	return nil
}

func (l *staticLister) catalogue(path string, of func(siret string) (catalog.Catalog, bool)) error {
	return l.catalogueOf(path, func() (catalog.Catalog, error) {
		c, _ := of(strings.Split(path, "/")[2])
		return c, nil
	})
}

// catalogueOf lists a catalogue: its page, and its pages as data in every syntax, those
// after the first before it; of the whole ones in the older profile too.
func (l *staticLister) catalogueOf(path string, of func() (catalog.Catalog, error)) error {
	if err := l.page(path); err != nil {
		return err
	}
	c, err := of()
	if err != nil {
		return err
	}
	pages := max(1, (len(c.Datasets)+datasetsPerPage-1)/datasetsPerPage)
	profiles := []string{""}
	if path == "/catalog" || path == "/catalog/all" {
		profiles = []string{string(rdf.Profile211), ""}
	}
	for _, profile := range profiles {
		for n := pages; n > 0; n-- {
			for _, x := range rdf.Syntaxes() {
				f := StaticFile{Name: graphFile(path+x.Suffix(), profile, n)[1:], URI: graphURI(path+x.Suffix(), profile, n), Lang: l.Faces[0].Lang}
				if err := l.give(f); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// graphFile is where a graph stands among files, that has parameters on a node:
// /catalog.ttl?profile=2.1.1&page=2 is /catalog-dcat-ap-2.1.1-page-2.ttl.
func graphFile(path, profile string, page int) string {
	at := strings.LastIndexByte(path, '.')
	name := path[:at]
	if profile != "" {
		name += "-dcat-ap-" + profile
	}
	if page > 1 {
		name += fmt.Sprintf("-page-%d", page)
	}
	return name + path[at:]
}

func graphURI(path, profile string, page int) string {
	v := url.Values{}
	if profile != "" {
		v.Set("profile", profile)
	}
	if page > 1 {
		v.Set("page", fmt.Sprint(page))
	}
	if len(v) == 0 {
		return path
	}
	return path + "?" + v.Encode()
}

// home lists the front page, and the page for addresses where nothing stands.
func (l *staticLister) home(context.Context) error {
	if err := l.page("/"); err != nil {
		return err
	}
	return l.give(StaticFile{Name: "404.html", URI: "/404", Lang: l.Faces[0].Lang, Page: true, want: http.StatusNotFound})
}

// Write makes the answer that a file is. It opens where the answer goes once it is known
// to be the right one, and writes it as it comes. found is false if what the file is of
// has gone since it was listed. After any error, what was written is not whole.
func (x *StaticSite) Write(ctx context.Context, f StaticFile, open func(name string) (io.Writer, error)) (found bool, err error) {
	out := &fileAnswer{open: func() (io.Writer, error) { return open(f.Name) }, header: http.Header{}, want: cmp.Or(f.want, http.StatusOK)}
	if f.body != nil {
		_, err := out.Write(f.body)
		return true, errors.Join(err, out.err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, f.URI, nil)
	if err != nil {
		return false, fmt.Errorf("%s: %w", f.URI, err)
	}
	if r.Header.Set("Accept-Language", string(f.Lang)); f.Page {
		r.Header.Set("Accept", "text/html")
	}
	func() {
		defer func() {
			if p := recover(); p == http.ErrAbortHandler {
				out.err = errors.Join(out.err, errors.New("the answer broke off"))
			} else if p != nil {
				panic(p)
			}
		}()
		x.routers[f.Lang].ServeHTTP(out, r)
	}()
	switch {
	case ctx.Err() != nil:
		return false, ctx.Err()
	case out.err != nil:
		return false, fmt.Errorf("%s: %w", f.URI, out.err)
	case out.status == http.StatusNotFound && out.want != out.status:
		return false, nil
	case out.status != out.want && out.status != 0:
		return false, fmt.Errorf("%s: status %d: %s", f.URI, out.status, out.said)
	}
	if out.to == nil { // an empty answer is one
		out.Write(nil)
	}
	return true, out.err
}

// A fileAnswer is a response that goes where a file is written, if its status is right.
type fileAnswer struct {
	open   func() (io.Writer, error)
	header http.Header
	want   int
	status int    // 0 until it is known
	said   []byte // the beginning of a wrong answer
	to     io.Writer
	err    error
}

func (a *fileAnswer) Header() http.Header { return a.header }

func (a *fileAnswer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}

func (a *fileAnswer) Write(b []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	if a.status != a.want {
		a.said = append(a.said, b[:min(len(b), 300-len(a.said))]...)
		return len(b), nil
	}
	if a.to == nil && a.err == nil {
		a.to, a.err = a.open()
	}
	if a.err != nil {
		return 0, a.err
	}
	n, err := a.to.Write(b)
	a.err = err
	return n, err
}

// withoutAnswers leaves out of the page of a contract what only a running node answers.
func (s *Server) withoutAnswers(page *web.ContractPage) {
	page.JSON, page.FixURL = "", ""
	if !isSegment(page.Buyer) {
		page.BuyerURL = ""
	}
}

// isSegment reports whether a name stands in an address as it is. A buyer that is written
// otherwise, or its dataset, has no address that leads to it.
func isSegment(s string) bool { return url.PathEscape(s) == s && strings.Trim(s, ".") != "" }
