// Package web writes a node's pages for people, in French and in English.
//
// A page is a plain value ([HomePage], [ContractPage]…) that a handler fills
// and [Pages.Render] writes; nothing here reads the store or the network. The
// pages need no script and load nothing from another host: one style sheet,
// served by [Pages.Static] under a name that changes with its content, and the
// reader's own fonts. Every value is untrusted and escaped by html/template.
//
// Each page has one file of Go for its values and one of HTML beside it. The
// fields named URL, JSON, CSV, Next or First hold addresses as they are put in
// the page: with the site's base if they lie on this site, absolute if not.
// A field left empty is left out of the page.
package web

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"io/fs"
	"maps"
	"net/http"
	"strings"
	"sync"
	"time"

	"maillon/catalog/texts"
)

//go:embed *.html
var markup embed.FS

//go:embed style.css
var style []byte

// Policy lets a page load its style sheet and its images from this site, and
// nothing else from anywhere. Who may frame it follows.
const Policy = "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors "

// A Site is what every page says of the node that serves it.
type Site struct {
	Name      string // the organisation's, as its agents write it
	NodeID    string
	Level     string // échelon: commune, epci, departement, region, national, organisme
	Territory string // geozone
	Base      string // what stands before every path: "" or "/opendata", never a final "/"
	Version   string // of the program
	Contact   string // address people write to
	Toolbox   bool   // the node has a boîte à outils
	Downloads bool   // the node is a hub, and offers the data of its territory
	Theme     Theme
	Legal     Legal
	// Frames lists who may show a page with ?embed=1 in a frame, as
	// frame-ancestors of a policy has it; "" for everyone.
	Frames string
	// Static: the pages are kept as files, for a web server that only hands out files. They
	// lead to nothing that is answered on the spot: no search, no form, no API.
	Static bool
	// Files is what stands before the paths of files, where the pages of a language stand
	// in a folder of their own (Static); else it is Base.
	Files string
	// Now is the clock by which declarations expire; nil is [time.Now].
	Now func() time.Time
}

// Pages writes the pages of one site. It is safe for concurrent use.
type Pages struct {
	site  Site
	style []byte // the style sheet, in the site's colours
	sheet string // its path, without the base
	logo  string // likewise of the logo; "" for none
	// The frame, its parts, and every page, parsed when a page is first written in the
	// language: a megabyte and a half each, and few nodes are read in both.
	sets map[texts.Lang]func() (*template.Template, error)
}

// A Page is one of this package's page values.
type Page interface {
	name() string // of its template
	title(texts.Lang) string
}

// samples has one value of each page, to find its template.
var samples = []Page{
	HomePage{}, DepositPage{}, ContractPage{}, ContractsPage{},
	RegisterPage{}, BuyerPage{}, SupplierPage{}, MovePage{}, AlertsPage{}, AlertPage{}, ErrorPage{}, AboutPage{}, CheckPage{}, DictionaryPage{}, RulesPage{}, LoginPage{}, EntryPage{}, VendorPage{}, QualityPage{}, CataloguePage{}, DatasetPage{}, SourcesPage{},
	AuditPage{}, LetterPage{}, DownloadsPage{},
	ConflictsPage{}, DeskConflictsPage{},
	APIPage{}, YearsPage{}, NumbersPage{}, ProfilesPage{},
	DeskLoginPage{}, DeskMembersPage{}, DeskInvitationsPage{}, DeskTrailPage{}, DeskOperatorsPage{}, DeskHealthPage{},
	ToolboxPage{}, ToolboxDocPage{}, ToolboxRolesPage{}, ToolboxPlanPage{}, ToolboxContactsPage{}, ToolboxCalendarPage{}, ToolboxCallsPage{}, ToolboxStoriesPage{}, ToolboxServicesPage{}, ToolboxKitPage{},
	ReportPage{}, ReportsPage{}, DeskReportsPage{},
}

// New prepares the pages of a site. It fails if one of them has no template.
func New(site Site) (*Pages, error) {
	if site.Now == nil {
		site.Now = time.Now
	}
	if !site.Static {
		site.Files = site.Base
	}
	sheet := site.Theme.sheetOf(style)
	p := &Pages{
		site:  site,
		style: sheet,
		sheet: "/assets/style-" + digest(sheet) + ".css",
		sets:  map[texts.Lang]func() (*template.Template, error){},
	}
	if site.Theme.Logo != nil {
		p.logo = "/assets/logo-" + digest(site.Theme.Logo) + site.Theme.ending()
	}
	for _, page := range samples {
		if _, err := fs.Stat(markup, page.name()+".html"); err != nil {
			return nil, fmt.Errorf("template of the page %s: %w", page.name(), err)
		}
	}
	for _, lang := range texts.Langs {
		p.sets[lang] = sync.OnceValues(func() (*template.Template, error) { return p.parse(lang) })
	}
	return p, nil
}

// parse reads the templates of every page in a language.
func (p *Pages) parse(lang texts.Lang) (*template.Template, error) {
	set, err := template.New("").Funcs(p.funcs(lang)).ParseFS(markup, "frame.html", "parts.html", "toolbox-parts.html", "conflict-parts.html", "numbers-parts.html", "finances-parts.html")
	if err != nil {
		return nil, fmt.Errorf("templates of the frame: %w", err)
	}
	for _, page := range samples {
		if err := addPage(set, page.name()); err != nil {
			return nil, fmt.Errorf("template of the page %s: %w", page.name(), err)
		}
	}
	return set, nil
}

// addPage parses the file of a page into a set. In every file the page is called
// "page"; in the set, which all pages share with the frame and its parts, it is
// called after its file.
func addPage(set *template.Template, name string) error {
	file := name + ".html"
	raw, err := markup.ReadFile(file)
	if err != nil {
		return err
	}
	if set.Lookup(file) != nil {
		return nil // a kind of page that two values fill
	}
	text := strings.Replace(string(raw), `{{define "page"}}`, `{{define "`+pageOf(name)+`"}}`, 1)
	_, err = set.New(file).Parse(text)
	return err
}

// pageOf is the name of a page in a set of templates.
func pageOf(name string) string { return "page " + name }

// digest names a file by its content.
func digest(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:6])
}

// Site is what the pages say of the node.
func (p *Pages) Site() Site { return p.site }

func (p *Pages) funcs(lang texts.Lang) template.FuncMap {
	all := template.FuncMap{
		"t":    func(key string, args ...any) string { return typeset(lang, texts.T(lang, key, args...)) },
		"lang": func() texts.Lang { return lang },
		"site": func() Site { return p.site },
		"answering": func(row ReportRow, path, form string) any {
			return struct {
				Row        ReportRow
				Path, CSRF string
			}{row, path, form}
		},
		"link": p.site.Page,
		"data": func(path string) string { return p.site.Files + path },
	}
	maps.Copy(all, formats(lang))
	return all
}

// frame is what the template around every page is given.
type frame struct {
	Site
	Lang, Other  texts.Lang
	Title, Sheet string
	OtherURL     string // the same page in the other language
	Logo         string // its address; "" for none
	Access       string // totale, partielle, non: the state of accessibility
	Page         Page
	Body         template.HTML // the page, written
	Desk         *Desk         // nil but for pages of the desk
	Embed        bool          // the page stands in a frame of another site: without head and foot
	Alone        string        // its address without the frame
}

// Render writes page in lang with status. The page is made whole before its
// first byte is sent: when its template fails the reader gets a plain 500 and
// the caller the error.
func (p *Pages) Render(w http.ResponseWriter, r *http.Request, status int, lang texts.Lang, page Page) error {
	if lang != texts.English {
		lang = texts.French
	}
	f := frame{
		Site: p.site, Lang: lang, Title: page.title(lang), Sheet: p.site.Files + p.sheet, Page: page, Access: p.site.Legal.Access.State(p.site.Now()),
	}
	if p.logo != "" {
		f.Logo = p.site.Files + p.logo
	}
	f.Other, f.OtherURL = otherLanguage(r, lang)
	if p.site.Static {
		f.OtherURL = p.site.Files + addressOf(Folder(f.Other, pathOf(r, page)))
	}
	framed := "'none'"
	if _, ok := page.(embeddable); ok && r.URL.Query().Get("embed") == "1" {
		f.Embed, f.Alone = true, p.alone(r)
		framed = cmp.Or(p.site.Frames, "*")
	}
	if page, ok := page.(deskPage); ok {
		d := page.desk()
		f.Desk = &d
	}
	var b []byte
	set, err := p.sets[lang]()
	if err == nil {
		b, err = write(set, f)
	}
	if err != nil {
		http.Error(w, texts.T(lang, "web.error.template"), http.StatusInternalServerError)
		return fmt.Errorf("page %s for %s: %w", page.name(), r.URL.Path, err)
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", string(lang))
	h.Add("Vary", "Accept-Language, Accept")
	h.Set("Content-Security-Policy", Policy+framed)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	w.WriteHeader(status)
	if _, err := w.Write(b); err != nil {
		return fmt.Errorf("page %s for %s: %w", page.name(), r.URL.Path, err)
	}
	return nil
}

// write fills the page, and then the frame around it.
func write(set *template.Template, f frame) ([]byte, error) {
	var body, whole bytes.Buffer
	if err := set.ExecuteTemplate(&body, pageOf(f.Page.name()), f.Page); err != nil {
		return nil, err
	}
	f.Body = template.HTML(body.String()) // what html/template has just made
	if err := set.ExecuteTemplate(&whole, "frame", f); err != nil {
		return nil, err
	}
	return whole.Bytes(), nil
}

// Assets are the paths that [Pages.Static] serves, without the base.
func (p *Pages) Assets() []string {
	if p.logo == "" {
		return []string{p.sheet}
	}
	return []string{p.sheet, p.logo}
}

// Static serves the style sheet and the logo at their present names, to be kept
// for ever, and answers 404 to any other path. It expects paths without the site's base.
func (p *Pages) Static() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		var body []byte
		switch r.URL.Path {
		case p.sheet:
			h.Set("Content-Type", "text/css; charset=utf-8")
			body = p.style
		case p.logo:
			h.Set("Content-Type", p.site.Theme.LogoType)
			// A picture that is opened by itself runs and loads nothing.
			h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox")
			body = p.site.Theme.Logo
		default:
			http.NotFound(w, r)
			return
		}
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
		h.Set("X-Content-Type-Options", "nosniff")
		// A reader who has gone away is no fault of the node.
		_, _ = w.Write(body)
	})
}

// An embeddable page only shows public data: other sites may frame it.
type embeddable interface{ embeddable() }

// alone is the address of the page outside of a frame.
func (p *Pages) alone(r *http.Request) string {
	q := r.URL.Query()
	q.Del("embed")
	return p.site.Base + r.URL.EscapedPath() + "?" + q.Encode()
}

// Page is the address of a page of the site, by its path. That of a folder of files ends
// in a slash: web servers send those who leave it out there by a second request.
func (s Site) Page(path string) string {
	if s.Static {
		path = addressOf(Folder(texts.French, path)) // Base has the language
	}
	return s.Base + path
}

// Folder is the folder of the page of a path, escaped as in an address, among files:
// French at the path itself, as on a node, other languages in a folder of their own.
// A folder is named by the escaped text: no id can lead out of it, whatever the web
// server thinks of %2F.
func Folder(lang texts.Lang, path string) string {
	if lang != texts.French {
		path = "/" + string(lang) + path
	}
	const most = 200 // bytes; file systems take 255
	parts := strings.Split(strings.TrimSuffix(path, "/"), "/")
	for i, p := range parts {
		if len(p) > most {
			parts[i] = p[:most-20] + "~~" + digest([]byte(p)) // ids have no ~~
		}
	}
	return strings.Join(parts, "/") + "/"
}

// addressOf is the address that leads to a folder.
func addressOf(folder string) string { return strings.ReplaceAll(folder, "%", "%25") }

// pathOf is the path of a page that is kept as a file. That of an error is shown at any
// address: it leads home.
func pathOf(r *http.Request, page Page) string {
	if _, failed := page.(ErrorPage); failed {
		return "/"
	}
	return r.URL.EscapedPath()
}

// otherLanguage is the language a page is not in, and its address in it.
func otherLanguage(r *http.Request, lang texts.Lang) (texts.Lang, string) {
	other := texts.English
	if lang == texts.English {
		other = texts.French
	}
	q := r.URL.Query()
	q.Set("lang", string(other))
	return other, "?" + q.Encode()
}
