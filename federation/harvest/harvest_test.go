package harvest

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"maillon/catalog/rdf"
	"maillon/federation/follow"
)

const head = `@prefix dcat: <http://www.w3.org/ns/dcat#> . @prefix dct: <http://purl.org/dc/terms/> . @prefix hydra: <http://www.w3.org/ns/hydra/core#> .
`

// set is a dataset of a catalogue that a test serves.
func set(id string) string {
	return fmt.Sprintf("<http://a.fr/%s> a dcat:Dataset ; dct:title \"%s\" ; dcat:distribution [ dcat:downloadURL <http://a.fr/%s.csv> ] .\n", id, id, id)
}

func next(class, property, target string) string {
	return fmt.Sprintf("<> a hydra:%s ; hydra:%s %s .\n", class, property, target)
}

// visit walks through what h serves under /1.
func visit(t *testing.T, h http.Handler, known []Page) (Visit, []string, error) {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return walk(t, s.URL+"/1", known)
}

func walk(t *testing.T, address string, known []Page) (Visit, []string, error) {
	t.Helper()
	var found []string
	c := follow.NewClient(follow.Options{AllowPrivate: true})
	v, err := Walk(context.Background(), c, address, "", known, func(d rdf.Found) error {
		found = append(found, strings.TrimPrefix(d.Key, "http://a.fr/"))
		return nil
	})
	return v, found, err
}

// pages serves documents by path, each with a tag of what it holds.
func pages(docs map[string]string, asked *atomic.Int64) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked != nil {
			asked.Add(1)
		}
		doc, ok := docs[r.URL.RequestURI()]
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/turtle; charset=utf-8")
		w.Header().Set("ETag", fmt.Sprintf(`"%x"`, len(doc)))
		if r.Header.Get("If-None-Match") == w.Header().Get("ETag") {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		_, _ = w.Write([]byte(doc))
	})
}

func rules(v Visit) (list []string) {
	for _, p := range v.Problems {
		list = append(list, p.Rule)
	}
	return list
}

func TestBothKindsOfHydraPagesAreWalked(t *testing.T) {
	for name, link := range map[string]string{
		"PartialCollectionView, an IRI":       next("PartialCollectionView", "next", "</2>"),
		"PagedCollection, a text":             next("PagedCollection", "nextPage", `"/2"`),
		"PagedCollection, next, and an IRI":   next("PagedCollection", "next", "</2>"),
		"PartialCollectionView with nextPage": next("PartialCollectionView", "nextPage", "</2>"),
	} {
		v, found, err := visit(t, pages(map[string]string{"/1": head + set("a") + link, "/2": head + set("b")}, nil), nil)
		if diff := cmp.Diff([]string{"a", "b"}, found); err != nil || diff != "" || !v.Complete || v.Requests != 2 {
			t.Errorf("%s: %v %+v %s", name, err, v, diff)
		}
	}
}

func TestPagesThatLeadBackAreLeft(t *testing.T) {
	var asked atomic.Int64
	v, found, err := visit(t, pages(map[string]string{
		"/1": head + set("a") + next("PartialCollectionView", "next", "</2>"),
		"/2": head + set("b") + next("PartialCollectionView", "next", "</3>"),
		"/3": head + set("c") + next("PartialCollectionView", "next", "</2>"),
	}, &asked), nil)
	if err != nil || v.Complete || asked.Load() != 3 || len(found) != 3 || !strings.Contains(fmt.Sprint(rules(v)), RuleLoop) {
		t.Errorf("%v, complete %v, %d requests, %v, %v", err, v.Complete, asked.Load(), found, v.Problems)
	}
	// A server that answers any page number with the same page.
	v, found, err = visit(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/turtle")
		_, _ = fmt.Fprint(w, head+set("a")+"<http://x.fr/> a hydra:PartialCollectionView ; hydra:next <?p="+fmt.Sprint(asked.Add(1))+"> .")
	}), nil)
	if err != nil || v.Complete || len(found) != 1 || v.Requests > 5 {
		t.Errorf("%v, complete %v, %d requests, %d found", err, v.Complete, v.Requests, len(found))
	}
}

func TestNothingChangedIsOneRequest(t *testing.T) {
	var asked atomic.Int64
	one := httptest.NewServer(pages(map[string]string{"/1": head + set("a") + set("b")}, &asked))
	defer one.Close()
	v, _, err := walk(t, one.URL+"/1", nil)
	if err != nil || v.Unchanged {
		t.Fatal(err, v)
	}
	again, found, err := walk(t, one.URL+"/1", v.Pages)
	if err != nil || !again.Unchanged || !again.Complete || again.Requests != 1 || len(found) != 0 || len(again.Keys) != 2 || asked.Load() != 2 {
		t.Errorf("%v %+v %v", err, again, found)
	}

	// Two pages: both are asked, unless the server says that the first one tells.
	docs := map[string]string{"/1": head + set("a") + next("PartialCollectionView", "next", "</2>"), "/2": head + set("b")}
	for tells, want := range map[bool]int{false: 2, true: 1} {
		inner := pages(docs, nil)
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if tells {
				w.Header().Set(WholeHeader, "1")
			}
			inner.ServeHTTP(w, r)
		}))
		v, _, err := walk(t, s.URL+"/1", nil)
		if err != nil {
			t.Fatal(err)
		}
		again, _, err := walk(t, s.URL+"/1", v.Pages)
		if err != nil || again.Requests != want || !again.Unchanged || len(again.Keys) != 2 || len(again.Pages) != 2 {
			t.Errorf("tells %v: %v %+v", tells, err, again)
		}
		s.Close()
	}
}

func TestAServerWithoutTagsIsReadAgainOnlyIfItsBytesDiffer(t *testing.T) {
	doc := head + set("a")
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, doc) }))
	defer s.Close()
	v, found, err := walk(t, s.URL+"/1", nil)
	if err != nil || len(found) != 1 {
		t.Fatal(err, found)
	}
	if again, found, err := walk(t, s.URL+"/1", v.Pages); err != nil || !again.Unchanged || len(found) != 0 {
		t.Error(err, again, found)
	}
	doc += set("b")
	if again, found, err := walk(t, s.URL+"/1", v.Pages); err != nil || again.Unchanged || len(found) != 2 {
		t.Error(err, again, found)
	}
}

func TestABrokenPageCostsLittleAndDeletesNothing(t *testing.T) {
	v, found, err := visit(t, pages(map[string]string{
		"/1": head + set("a") + next("PartialCollectionView", "next", "</2>"),
		"/2": head + set("b") + "<http://a.fr/c> a dcat:Dataset ; dct:title 12x34 y .\n" + set("d"),
	}, nil), nil)
	if diff := cmp.Diff([]string{"a", "b", "d"}, found); err != nil || diff != "" || v.Complete {
		t.Errorf("one broken statement of Turtle: %v, complete %v %s", err, v.Complete, diff)
	}
	v, found, err = visit(t, pages(map[string]string{"/1": head + set("a") + next("PartialCollectionView", "next", "</404>")}, nil), nil)
	if err != nil || len(found) != 1 || v.Complete {
		t.Errorf("%v, complete %v", err, v.Complete)
	}
	if _, _, err = visit(t, pages(nil, nil), nil); err == nil {
		t.Error("a first page that is not there is no error")
	}
	v, _, err = visit(t, pages(map[string]string{"/1": head + set("a") + "<> a hydra:PartialCollectionView ; hydra:totalItems 9 ."}, nil), nil)
	if err != nil || v.Complete || !strings.Contains(fmt.Sprint(rules(v)), RuleCount) {
		t.Errorf("fewer than it counts: %v %+v", err, v)
	}
}

func TestEncodingsAndSyntaxes(t *testing.T) {
	const xml = `<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:dcat="http://www.w3.org/ns/dcat#" xmlns:dct="http://purl.org/dc/terms/"><dcat:Dataset rdf:about="http://a.fr/a"><dct:title>Été%s</dct:title></dcat:Dataset></rdf:RDF>`
	latin := func(s string) string { return strings.ReplaceAll(s, "É", "\xc9") }
	latin = func(f func(string) string) func(string) string {
		return func(s string) string { return strings.ReplaceAll(f(s), "é", "\xe9") }
	}(latin)
	for name, c := range map[string]struct{ contentType, doc string }{
		"no type":             {"", head + `<http://a.fr/a> a dcat:Dataset ; dct:title "Été" .`},
		"text/plain":          {"text/plain", head + `<http://a.fr/a> a dcat:Dataset ; dct:title "Été" .`},
		"octets":              {"application/octet-stream", fmt.Sprintf(xml, "")},
		"xml":                 {"application/xml", `<?xml version="1.0" encoding="UTF-8"?>` + fmt.Sprintf(xml, "")},
		"latin XML":           {"text/xml", latin(`<?xml version="1.0" encoding="ISO-8859-1"?>` + fmt.Sprintf(xml, ""))},
		"a control character": {"application/rdf+xml", fmt.Sprintf(xml, "\x0b")},
		"latin Turtle, said":  {"text/turtle; charset=iso-8859-1", latin(head + `<http://a.fr/a> a dcat:Dataset ; dct:title "Été" .`)},
		"TriG":                {"application/trig", head + `{ <http://a.fr/a> a dcat:Dataset ; dct:title "Été" . } <http://a.fr/g> { <http://a.fr/b> a dcat:Dataset ; dct:title "Autre graphe" . }`},
		"N-Quads": {"application/n-quads", `<http://a.fr/a> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <http://www.w3.org/ns/dcat#Dataset> .` + "\n" +
			`<http://a.fr/a> <http://purl.org/dc/terms/title> "Été" .` + "\n" + `<http://a.fr/a> <http://purl.org/dc/terms/title> "Ailleurs" <http://a.fr/g> .`},
		"JSON-LD as JSON":   {"application/json", `{"@id":"http://a.fr/a","@type":"http://www.w3.org/ns/dcat#Dataset","http://purl.org/dc/terms/title":"Été"}`},
		"a byte order mark": {"application/ld+json", "\xef\xbb\xbf" + `{"@id":"http://a.fr/a","@type":"http://www.w3.org/ns/dcat#Dataset","http://purl.org/dc/terms/title":"Été"}`},
		"N-Triples without a type": {"", `<http://a.fr/a> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <http://www.w3.org/ns/dcat#Dataset> .` + "\n" +
			`<http://a.fr/a> <http://purl.org/dc/terms/title> "Été" .`},
	} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["Content-Type"] = []string{c.contentType}
			_, _ = fmt.Fprint(w, c.doc)
		}))
		var title string
		_, err := Walk(context.Background(), follow.NewClient(follow.Options{AllowPrivate: true}), s.URL, "", nil, func(d rdf.Found) error {
			title = d.Dataset.Title.French
			return nil
		})
		if err != nil || title != "Été" {
			t.Errorf("%s: %q, %v", name, title, err)
		}
		s.Close()
	}
	_, _, err := visit(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprint(w, "<!doctype html><p>Bonjour")
	}), nil)
	if err == nil || !strings.Contains(err.Error(), "page for people") {
		t.Error(err)
	}
}
