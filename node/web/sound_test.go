package web

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"maillon/catalog/texts"
)

func parse(t *testing.T, s string) *html.Node {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(s))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// faults lists what a page owes its readers and does not give.
func faults(doc *html.Node, lang texts.Lang) []string {
	var all []string
	say := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	if got := attr(first(doc, "html"), "lang"); got != string(lang) {
		say("lang is %q", got)
	}
	for _, name := range []string{"h1", "main", "header", "footer", "title"} {
		// A picture has a title of its own.
		if n := len(slices.DeleteFunc(find(doc, name), func(n *html.Node) bool { return n.Namespace == "svg" })); n != 1 {
			say("%d elements %s", n, name)
		}
	}
	if strings.TrimSpace(textOf(first(doc, "h1"))) == "" {
		say("the h1 is empty")
	}
	if first(doc, "a", "href", "#"+attr(first(doc, "main"), "id")) == nil {
		say("no link skips to the content")
	}
	ids, rank := map[string]bool{}, 0
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		if id := attr(n, "id"); id != "" {
			if ids[id] {
				say("id %s stands twice", id)
			}
			ids[id] = true
		}
		if len(n.Data) == 2 && n.Data[0] == 'h' && n.Data[1] >= '1' && n.Data[1] <= '6' {
			if r := int(n.Data[1] - '0'); r > rank+1 {
				say("%s %q after an h%d", n.Data, textOf(n), rank)
			} else {
				rank = r
			}
		}
		all = append(all, elementFaults(n)...)
	}
	for n := range doc.Descendants() {
		if at := attr(n, "aria-labelledby"); at != "" && !ids[at] {
			say("nothing has the id %s", at)
		}
	}
	return append(all, fieldFaults(doc)...)
}

func elementFaults(n *html.Node) []string {
	var all []string
	switch n.Data {
	case "script", "style", "iframe", "object":
		// A block of data runs nothing.
		if n.Data != "script" || attr(n, "type") != "application/ld+json" || attr(n, "src") != "" {
			all = append(all, "an element "+n.Data)
		}
	case "table":
		if first(n, "caption") == nil {
			all = append(all, "a table without caption: "+textOf(n))
		}
	case "th":
		if s := attr(n, "scope"); s != "col" && s != "row" {
			all = append(all, "a header without scope: "+textOf(n))
		}
	case "nav":
		if attr(n, "aria-label") == "" {
			all = append(all, "a nav without name")
		}
	}
	for _, a := range n.Attr {
		if a.Key == "style" || strings.HasPrefix(a.Key, "on") {
			all = append(all, "inline "+a.Key)
		}
		if a.Key != "href" && a.Key != "src" && a.Key != "action" {
			continue
		}
		u, err := url.Parse(a.Val)
		// Only the federation's own nodes, .invalid in the samples, are elsewhere.
		if err != nil || u.Host != "" && (n.Data != "a" || !strings.HasSuffix(u.Host, ".invalid")) {
			all = append(all, fmt.Sprintf("%s %s=%q leads elsewhere", n.Data, a.Key, a.Val))
		}
	}
	return all
}

func fieldFaults(doc *html.Node) []string {
	var all []string
	for _, name := range []string{"input", "select", "textarea"} {
		for _, n := range find(doc, name) {
			if attr(n, "type") == "hidden" {
				continue
			}
			label := first(doc, "label", "for", attr(n, "id"))
			if attr(n, "id") == "" || label == nil || strings.TrimSpace(textOf(label)) == "" {
				all = append(all, "no label for the field "+attr(n, "name"))
			}
		}
	}
	return all
}

func find(n *html.Node, name string) []*html.Node {
	var all []*html.Node
	for d := range n.Descendants() {
		if d.Type == html.ElementNode && d.Data == name {
			all = append(all, d)
		}
	}
	return all
}

// first is the first element called name, with the attribute pair if given.
func first(n *html.Node, name string, pair ...string) *html.Node {
	for _, d := range find(n, name) {
		if len(pair) == 0 || attr(d, pair[0]) == pair[1] {
			return d
		}
	}
	return nil
}

func attr(n *html.Node, key string) string {
	if n == nil {
		return ""
	}
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func textOf(n *html.Node) string {
	var b strings.Builder
	if n == nil {
		return ""
	}
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
			b.WriteByte(' ')
		}
	}
	return b.String()
}
