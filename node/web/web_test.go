package web

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"maillon/catalog/texts"
)

func render(t *testing.T, site Site, lang texts.Lang, page Page) string {
	t.Helper()
	p, err := New(site)
	if err != nil {
		t.Fatal(err)
	}
	return renderWith(t, p, lang, page)
}

func renderWith(t *testing.T, p *Pages, lang texts.Lang, page Page) string {
	t.Helper()
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, "/marches?cpv=45", nil)
	if err := p.Render(w, r, http.StatusOK, lang, page); err != nil {
		t.Fatalf("%T: %v", page, err)
	}
	return w.Body.String()
}

func everyPage() map[string][]Page {
	all := map[string][]Page{
		"full":   slices.Concat(fullPages(), fullToolbox(), fullSite()),
		"empty":  slices.Concat(emptyPages(), emptyToolbox(), emptySite()),
		"sparse": slices.Concat(sparsePages(), sparseToolbox(), sparseSite()),
	}
	for kind, more := range map[string][]Page{"full": fullReports(), "empty": emptyReports(), "sparse": sparseReports()} {
		all[kind] = append(all[kind], more...)
	}
	return all
}

func TestEveryPageHasSamples(t *testing.T) {
	for kind, pages := range everyPage() {
		seen := map[string]bool{}
		for _, p := range pages {
			seen[p.name()] = true
		}
		for _, s := range samples {
			if !seen[s.name()] {
				t.Errorf("no %s sample of the page %s", kind, s.name())
			}
		}
	}
}

func TestEveryPageIsSound(t *testing.T) {
	for _, site := range []Site{sampleSite, {Name: "Nœud"}} {
		p, err := New(site)
		if err != nil {
			t.Fatal(err)
		}
		for kind, pages := range everyPage() {
			for _, lang := range texts.Langs {
				titles := map[string]bool{}
				for _, page := range pages {
					name := fmt.Sprintf("%s %s %s", kind, lang, page.name())
					doc := parse(t, renderWith(t, p, lang, page))
					for _, fault := range faults(doc, lang) {
						t.Errorf("%s: %s", name, fault)
					}
					title := textOf(first(doc, "title"))
					if titles[title] {
						t.Errorf("%s: the title %q is that of another page", name, title)
					}
					titles[title] = true
				}
			}
		}
	}
}

func TestNoPageShowsTheKeyOfAMissingText(t *testing.T) {
	p, err := New(sampleSite)
	if err != nil {
		t.Fatal(err)
	}
	for kind, pages := range everyPage() {
		for _, page := range pages {
			doc := renderWith(t, p, texts.French, page)
			for _, part := range []string{"web.", "state.", "outcome.", "toolbox."} {
				for at := range strings.SplitSeq(textOf(parse(t, doc)), " ") {
					if strings.HasPrefix(strings.TrimSpace(at), part) {
						t.Errorf("%s %s shows %q", kind, page.name(), at)
					}
				}
			}
		}
	}
}

// hostile would open an element, leave an attribute or run as an address.
const hostile = `javascript:alert(1)"'><script>x</script><img src=x onerror=y>{{.}}`

func TestHostileTextIsEscapedInEveryField(t *testing.T) {
	site := Site{}
	poison(reflect.ValueOf(&site).Elem(), 0)
	site.Base = "" // the operator's own, checked by the configuration
	p, err := New(site)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range samples {
		page := reflect.New(reflect.TypeOf(s)).Elem()
		poison(page, 0)
		doc := parse(t, renderWith(t, p, texts.French, page.Interface().(Page)))
		for n := range doc.Descendants() {
			if n.Data == "script" || n.Data == "img" && n.Type == html.ElementNode && attr(n, "src") == "x" {
				t.Errorf("%s: a hostile text made an element %s", s.name(), n.Data)
			}
			for _, a := range n.Attr {
				if strings.HasPrefix(a.Key, "on") || (a.Key == "href" || a.Key == "src") && strings.HasPrefix(a.Val, "javascript:") {
					t.Errorf("%s: a hostile text made %s=%q", s.name(), a.Key, a.Val)
				}
			}
		}
		if s.name() != "about" && !strings.Contains(textOf(doc), "<script>x</script>") {
			t.Errorf("%s: the hostile text should be shown as text", s.name())
		}
	}
}

// poison sets every string under v to the hostile one and gives lists an item.
func poison(v reflect.Value, depth int) {
	switch v.Kind() {
	case reflect.String:
		if v.Type() != reflect.TypeFor[Prose]() { // that is HTML, checked where it is made
			v.SetString(hostile)
		}
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(7)
	case reflect.Float64:
		v.SetFloat(1.5)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		poison(v.Elem(), depth+1)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		poison(v.Index(0), depth+1)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return
		}
		for i := range v.NumField() {
			poison(v.Field(i), depth+1)
		}
	}
}

func TestRenderSaysWhatItSends(t *testing.T) {
	p, err := New(sampleSite)
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, "/marches?buyer=1&lang=en", nil)
	if err := p.Render(w, r, http.StatusNotFound, texts.English, ErrorPage{Status: 404}); err != nil {
		t.Fatal(err)
	}
	if w.Code != http.StatusNotFound {
		t.Errorf("status %d", w.Code)
	}
	for key, want := range map[string]string{
		"Content-Type": "text/html; charset=utf-8", "Content-Language": "en", "Vary": "Accept-Language, Accept",
		"Content-Security-Policy": Policy + "'none'", "X-Content-Type-Options": "nosniff",
	} {
		if got := w.Header().Get(key); got != want {
			t.Errorf("%s: %q, want %q", key, got, want)
		}
	}
	if !strings.Contains(w.Body.String(), `href="?buyer=1&amp;lang=fr" lang="fr"`) {
		t.Error("the other language is not one link away with the same query")
	}
}

// broken is a page whose template fails half-way: it gives no values at all.
type broken struct{ HomePage }

func (broken) name() string { return "error" }

func TestAPageThatFailsIsAPlain500(t *testing.T) {
	p, err := New(sampleSite)
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	err = p.Render(w, httptest.NewRequest(http.MethodGet, "/", nil), http.StatusOK, texts.French, broken{})
	if err == nil || !strings.Contains(err.Error(), "page error") {
		t.Errorf("error %v", err)
	}
	if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "<") {
		t.Errorf("answer %d %q", w.Code, w.Body)
	}
}

func TestTheStyleSheetIsSmallAndServedUnderItsHash(t *testing.T) {
	if len(style) >= 20_000 {
		t.Errorf("style.css has %d bytes, 20,000 is too much", len(style))
	}
	p, err := New(sampleSite)
	if err != nil {
		t.Fatal(err)
	}
	link := attr(first(parse(t, renderWith(t, p, texts.French, HomePage{})), "link", "rel", "stylesheet"), "href")
	for path, want := range map[string]int{strings.TrimPrefix(link, sampleSite.Base): 200, "/assets/style-0.css": 404, "/assets/": 404} {
		w := httptest.NewRecorder()
		p.Static().ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		if w.Code != want {
			t.Errorf("%s: %d, want %d", path, w.Code, want)
		}
		if immutable := strings.Contains(w.Header().Get("Cache-Control"), "immutable"); immutable != (want == 200) {
			t.Errorf("%s: Cache-Control %q", path, w.Header().Get("Cache-Control"))
		}
		if want == 200 && !bytes.Equal(w.Body.Bytes(), style) {
			t.Errorf("%s is not the style sheet", path)
		}
	}
}

// TestScreenshots writes each page with its style inside, to be looked at.
func TestScreenshots(t *testing.T) {
	dir := os.Getenv("MAILLON_SCREENSHOTS")
	if dir == "" {
		t.Skip("MAILLON_SCREENSHOTS names no folder to write the pages in")
	}
	for i, page := range append(everyPage()["full"], HomePage{}, ErrorPage{Status: 404}) {
		for _, lang := range texts.Langs {
			doc := render(t, sampleSite, lang, page)
			head, rest, _ := strings.Cut(doc, `<link rel="stylesheet"`)
			_, rest, _ = strings.Cut(rest, ">")
			name := fmt.Sprintf("%02d-%s-%s.html", i, page.name(), lang)
			doc = head + "<style>" + string(style) + "</style>" + rest
			if err := os.WriteFile(filepath.Join(dir, name), []byte(doc), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// All pages share one set of templates: of two with one name, the first would be
// lost without a word.
func TestNoTwoTemplatesBearOneName(t *testing.T) {
	files, err := markup.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	defined, in := regexp.MustCompile(`{{-? *define "([^"]+)"`), map[string]string{}
	for _, f := range files {
		raw, err := markup.ReadFile(f.Name())
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range defined.FindAllStringSubmatch(string(raw), -1) {
			name := m[1]
			if name == "page" {
				name = pageOf(f.Name())
			}
			if other, twice := in[name]; twice {
				t.Errorf("%q stands in %s and in %s", name, other, f.Name())
			}
			in[name] = f.Name()
		}
	}
}
