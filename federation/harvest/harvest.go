// Package harvest reads foreign DCAT catalogues: page by page, with conditional
// requests, one broken dataset at a time; and says what a visit changes.
//
// A catalogue that others serve is their word, not ours: what cannot be read is
// said and costs as little as it can, and nothing is taken for deleted because a
// page broke. The package decides and fetches; it keeps nothing.
package harvest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/url"
	"path"
	"slices"
	"strings"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/runes"
	"golang.org/x/text/transform"

	"maillon/catalog"
	"maillon/catalog/rdf"
	"maillon/federation/follow"
)

// A Fetcher asks for documents; [follow.Client] is one.
type Fetcher interface {
	Fetch(ctx context.Context, w follow.Wanted) (*follow.Document, error)
}

// Limits of one visit.
const (
	MaxPages    = 20_000
	MaxPage     = 256 << 20 // bytes of one page
	maxBarren   = 3         // pages in a row that bring nothing new
	maxProblems = 500
)

// A Page is what is remembered of one page of a catalogue.
type Page struct {
	URL      string   `json:"url"`
	ETag     string   `json:"etag,omitempty"`
	Modified string   `json:"modified,omitempty"`
	Sum      string   `json:"sum"` // of its bytes
	Next     string   `json:"next,omitempty"`
	Keys     []string `json:"keys"`            // of its datasets
	Tells    bool     `json:"tells,omitempty"` // the server says that the tag of this first page is one of all
}

// A Visit is what one walk through a catalogue found.
type Visit struct {
	Title     catalog.Text
	Pages     []Page
	Keys      map[string]bool // datasets of every page, the unchanged ones too
	Requests  int
	Unchanged bool // no page has changed
	Complete  bool // every page was read whole: what is not there is absent
	Total     int  // datasets as the catalogue counts them; -1 if it does not
	Problems  catalog.Problems
}

// Accept is what a harvester asks for: RDF/XML is what most servers write best.
const Accept = "application/rdf+xml, text/turtle;q=0.9, application/ld+json;q=0.8, application/n-triples;q=0.7, application/trig;q=0.6, application/n-quads;q=0.5, */*;q=0.1"

// WholeHeader is set by a node of ours on the answers of a catalogue whose first
// page changes whenever any page does, so that one request tells that nothing has.
const WholeHeader = "Maillon-First-Page-Tells"

// Walk visits a catalogue. known is what the last visit remembered; each is given
// every dataset of the pages that have changed since. The error is of the first
// page, or of each: a later page that fails ends the visit with a problem, not
// complete.
func Walk(ctx context.Context, f Fetcher, address, from string, known []Page, each func(rdf.Found) error) (Visit, error) {
	w := walker{f: f, from: from, known: map[string]Page{}, seen: map[string]bool{}, sums: map[string]string{}, each: each}
	for _, p := range known {
		w.known[p.URL] = p
	}
	w.visit = Visit{Keys: map[string]bool{}, Unchanged: true, Complete: true, Total: -1}
	for next := address; next != ""; {
		if len(w.visit.Pages) >= MaxPages {
			w.broken(next, RulePages, fmt.Sprint(MaxPages))
			break
		}
		page, tells, err := w.page(ctx, next)
		if err != nil {
			if len(w.visit.Pages) == 0 || errors.Is(err, errEach) || ctx.Err() != nil {
				return w.visit, err
			}
			w.broken(next, RulePage, err.Error())
			break
		}
		w.visit.Pages = append(w.visit.Pages, page)
		if tells && w.visit.Unchanged && len(known) > 0 { // the rest is as it was
			w.visit.Pages = known
			for _, p := range known {
				w.add(p.Keys)
			}
			return w.visit, nil
		}
		next = page.Next
	}
	if n := len(w.visit.Keys); w.visit.Complete && w.visit.Total > n+w.left {
		// The catalogue counts more than it lists: what is missing may be its own fault.
		w.broken(address, RuleCount, fmt.Sprintf("%d / %d", n, w.visit.Total))
	}
	return w.visit, nil
}

// Rules of a visit; their words are in the table of texts.
const (
	RulePage   = "harvest-page"   // a page cannot be read
	RulePages  = "harvest-pages"  // too many pages
	RuleLoop   = "harvest-loop"   // a page leads back
	RuleSyntax = "harvest-syntax" // a page breaks off: what stands before is read
	RuleValue  = "harvest-value"  // a value that RDF cannot hold
	RuleCount  = "harvest-count"  // fewer datasets than the catalogue says
)

// Rules lists them.
func Rules() []string {
	return []string{RulePage, RulePages, RuleLoop, RuleSyntax, RuleValue, RuleCount}
}

type walker struct {
	f      Fetcher
	from   string
	known  map[string]Page
	seen   map[string]bool   // addresses visited
	sums   map[string]string // address of a page by what it holds
	each   func(rdf.Found) error
	barren int // pages in a row that brought nothing new
	left   int // datasets that were said and left out
	visit  Visit
}

var errEach = errors.New("what was found could not be kept")

// say reports a problem, once however often it comes.
func (w *walker) say(severity catalog.Severity, rule, pointer, found string) {
	p := catalog.Problem{Pointer: pointer, Rule: rule, Severity: severity, Found: found}
	if len(w.visit.Problems) < maxProblems && !slices.Contains(w.visit.Problems, p) {
		w.visit.Problems = append(w.visit.Problems, p)
	}
}

// broken says what ended the visit early, or left something out of it.
func (w *walker) broken(pointer, rule, found string) {
	w.visit.Complete = false
	w.say(catalog.Error, rule, pointer, found)
}

func (w *walker) add(keys []string) {
	for _, k := range keys {
		w.visit.Keys[k] = true
	}
}

// page visits one page. tells reports that an unchanged first page vouches for all.
func (w *walker) page(ctx context.Context, address string) (p Page, tells bool, err error) {
	w.seen[address] = true
	old := w.known[address]
	w.visit.Requests++
	doc, err := w.f.Fetch(ctx, follow.Wanted{URL: address, ETag: old.ETag, Modified: old.Modified, Accept: Accept, From: w.from, Limit: MaxPage})
	if err != nil {
		return p, false, err
	}
	defer doc.Close()
	first := len(w.visit.Pages) == 0
	says := doc.Header.Get(WholeHeader) != ""
	tells = first && (says || doc.Unchanged && old.Tells || old.Next == "")
	if doc.Unchanged {
		w.add(old.Keys)
		return old, tells, nil
	}
	raw, err := io.ReadAll(doc)
	if err != nil {
		return p, false, err
	}
	sum := sha256.Sum256(raw)
	p = Page{URL: address, ETag: doc.ETag, Modified: doc.Modified, Sum: hex.EncodeToString(sum[:]), Tells: says}
	if p.Sum == old.Sum { // a server without tags
		p.Next, p.Keys = old.Next, old.Keys
		w.add(old.Keys)
		return p, tells, nil
	}
	w.visit.Unchanged = false
	return p, false, w.read(&p, doc.URL, doc.ContentType, raw)
}

// read reads a page that has changed.
func (w *walker) read(p *Page, base, contentType string, raw []byte) error {
	if twin, again := w.sums[p.Sum]; again {
		w.broken(p.URL, RuleLoop, twin)
		return nil
	}
	w.sums[p.Sum] = p.URL
	syntax, err := SyntaxOf(contentType, base, raw)
	if err != nil {
		return err
	}
	g, refused, skipped, err := rdf.ReadOn(clean(raw, contentType, syntax), syntax, base)
	if err != nil {
		if g.Len() == 0 {
			return err
		}
		w.broken(p.URL, RuleSyntax, err.Error())
	}
	for _, e := range skipped {
		w.broken(p.URL, RuleSyntax, e.Error())
	}
	for _, r := range refused {
		w.say(catalog.Warning, RuleValue, p.URL, r.Error())
	}
	feed := rdf.FeedOf(g)
	if len(w.visit.Pages) == 0 {
		w.visit.Title = feed.Title
	}
	w.visit.Total = max(w.visit.Total, feed.Total)
	for _, problem := range feed.Problems {
		if problem.Severity == catalog.Error {
			w.left++
		}
		w.say(problem.Severity, problem.Rule, problem.Pointer, problem.Found)
	}
	for _, d := range feed.Found {
		if w.visit.Keys[d.Key] {
			w.say(catalog.Warning, rdf.RuleFoundTwice, d.Key, d.Key)
			w.left++
			continue
		}
		w.visit.Keys[d.Key] = true
		p.Keys = append(p.Keys, d.Key)
		if err := w.each(d); err != nil {
			return fmt.Errorf("%w: %w", errEach, err)
		}
	}
	if w.barren++; len(p.Keys) > 0 {
		w.barren = 0
	}
	if w.barren >= maxBarren && feed.Next != "" {
		w.broken(p.URL, RuleLoop, feed.Next)
		return nil
	}
	return w.next(p, base, feed.Next)
}

// next finds the page after this one, and refuses to walk in circles.
func (w *walker) next(p *Page, base, next string) error {
	if next == "" {
		return nil
	}
	b, err := url.Parse(base)
	if err != nil {
		return err
	}
	u, err := b.Parse(strings.TrimSpace(next))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		w.broken(p.URL, RulePage, next)
		return nil
	}
	u.Fragment = ""
	if w.seen[u.String()] {
		w.broken(p.URL, RuleLoop, u.String())
		return nil
	}
	p.Next = u.String()
	return nil
}

// ErrNoFeed: the address does not answer with a catalogue.
var ErrNoFeed = errors.New("no catalogue is served there")

// SyntaxOf finds the syntax of a document: by its Content-Type if that says one,
// else by its first bytes, else by the end of its address.
func SyntaxOf(contentType, address string, raw []byte) (rdf.Syntax, error) {
	essence, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		essence, _, _ = strings.Cut(contentType, ";")
	}
	switch strings.ToLower(strings.TrimSpace(essence)) {
	case "application/rdf+xml":
		return rdf.RDFXML, nil
	case "text/turtle", "application/x-turtle", "text/n3", "text/rdf+n3":
		return rdf.Turtle, nil
	case "application/ld+json":
		return rdf.JSONLD, nil
	case "application/n-triples":
		return rdf.NTriples, nil
	case "application/trig", "application/x-trig":
		return rdf.TriG, nil
	case "application/n-quads":
		return rdf.NQuads, nil
	}
	start := strings.ToLower(string(raw[:min(len(raw), 2048)]))
	start = strings.TrimLeft(strings.TrimPrefix(start, "\ufeff"), " \t\r\n")
	switch {
	case strings.HasPrefix(start, "<!doctype html"), strings.HasPrefix(start, "<html"):
		return 0, fmt.Errorf("%w: the answer is a page for people; give the address of the catalogue itself, which often ends with .rdf, .ttl or .jsonld", ErrNoFeed)
	case strings.HasPrefix(start, "<?xml"), strings.HasPrefix(start, "<rdf:rdf"):
		return rdf.RDFXML, nil
	case strings.HasPrefix(start, "{"), strings.HasPrefix(start, "["):
		return rdf.JSONLD, nil
	case strings.HasPrefix(start, "@prefix"), strings.HasPrefix(start, "@base"), strings.HasPrefix(start, "prefix"), strings.HasPrefix(start, "#"):
		return rdf.Turtle, nil
	}
	if u, err := url.Parse(address); err == nil {
		switch strings.ToLower(path.Ext(u.Path)) {
		case ".rdf", ".xml", ".owl":
			return rdf.RDFXML, nil
		case ".ttl", ".n3":
			return rdf.Turtle, nil
		case ".jsonld", ".json":
			return rdf.JSONLD, nil
		case ".nt":
			return rdf.NTriples, nil
		case ".trig":
			return rdf.TriG, nil
		case ".nq":
			return rdf.NQuads, nil
		}
	}
	if strings.HasPrefix(start, "<http") {
		return rdf.Turtle, nil // N-Triples too
	}
	return 0, fmt.Errorf("%w: the answer (%s) is neither RDF/XML, Turtle, TriG, JSON-LD, N-Triples nor N-Quads", ErrNoFeed, essence)
}

// clean undoes what breaks whole pages of real catalogues: another encoding than
// UTF-8, bytes that are no text, characters that XML cannot hold.
func clean(raw []byte, contentType string, syntax rdf.Syntax) io.Reader {
	_, params, _ := mime.ParseMediaType(contentType) // without parameters it is UTF-8
	var r io.Reader = bytes.NewReader(raw)
	switch strings.ToLower(params["charset"]) {
	case "iso-8859-1", "latin1", "windows-1252", "iso-8859-15":
		if syntax != rdf.RDFXML { // XML says so itself
			r = charmap.Windows1252.NewDecoder().Reader(r)
		}
	}
	if syntax == rdf.RDFXML && declares(raw) {
		return r // its reader decodes it
	}
	return transform.NewReader(r, transform.Chain(runes.ReplaceIllFormed(), runes.Remove(controls)))
}

// declares reports whether an XML document names an encoding that is not UTF-8.
func declares(raw []byte) bool {
	head := strings.ToLower(string(raw[:min(len(raw), 200)]))
	_, after, ok := strings.Cut(head, "encoding=")
	return ok && !strings.HasPrefix(strings.TrimLeft(after, `"'`), "utf-8")
}

// controls are the characters that no syntax takes.
var controls = runes.Predicate(func(r rune) bool {
	return r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0x7F || r == 0xFFFE || r == 0xFFFF
})
