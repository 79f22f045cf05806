package api

import (
	"encoding/xml"
	"html"
	"net/http"
	"strings"
	"time"

	"github.com/gorilla/mux"

	"maillon/catalog/audit"
	"maillon/catalog/texts"
)

// An atomFeed is a feed of RFC 4287.
type atomFeed struct {
	XMLName xml.Name    `xml:"http://www.w3.org/2005/Atom feed"`
	Lang    string      `xml:"xml:lang,attr"`
	ID      string      `xml:"id"`
	Title   string      `xml:"title"`
	Updated string      `xml:"updated"`
	Author  atomAuthor  `xml:"author"`
	Links   []atomLink  `xml:"link"`
	Entries []atomEntry `xml:"entry"`
}

type atomAuthor struct {
	Name string `xml:"name"`
}

type atomLink struct {
	Rel  string `xml:"rel,attr"`
	Type string `xml:"type,attr,omitempty"`
	Href string `xml:"href,attr"`
}

type atomEntry struct {
	ID      string      `xml:"id"`
	Title   string      `xml:"title"`
	Updated string      `xml:"updated"`
	Links   []atomLink  `xml:"link"`
	Content atomContent `xml:"content"`
}

type atomContent struct {
	Type string `xml:"type,attr"`
	Body string `xml:",chardata"`
}

// letterFeed has one entry, the letter as it stands. Its id follows from what the
// letter says, so that a reader sees a changed letter as a new entry, and the same
// one never twice.
func (s *Server) letterFeed(w http.ResponseWriter, r *http.Request) error {
	lang := langOf(r)
	_, a, letter, err := s.letterTo(r, mux.Vars(r)["siret"], lang)
	if err != nil {
		return err
	}
	page, self := s.Self.URL+"/audit/"+a.Number(), s.Self.URL+"/feeds/audit/"+a.Number()+".atom"
	title, updated := texts.T(lang, "web.letter.title", a.Name), letter.Changed.Format(time.RFC3339)
	feed := atomFeed{
		Lang: string(lang), ID: self, Title: title, Updated: updated, Author: atomAuthor{s.Self.Name},
		Links: []atomLink{{Rel: "self", Type: "application/atom+xml", Href: self}, {Rel: "alternate", Type: "text/html", Href: page}},
		Entries: []atomEntry{{
			ID: "urn:maillon:audit:" + a.Number() + ":" + letter.Tag, Title: title, Updated: updated,
			Links: []atomLink{{Rel: "alternate", Type: "text/html", Href: page}}, Content: atomContent{"html", s.letterHTML(letter, lang)},
		}},
	}
	raw, err := xml.MarshalIndent(feed, "", " ")
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/atom+xml; charset=utf-8")
	w.Header().Add("Vary", "Accept-Language")
	return serveBytes(w, r, append([]byte(xml.Header), raw...), time.Time{}) // by its tag alone: states of nodes have no date
}

// letterHTML is a letter as a feed reader shows it. Every text is escaped.
func (s *Server) letterHTML(l audit.Letter, lang texts.Lang) string {
	var b strings.Builder
	list := func(title, element string, lines []audit.Line) {
		if len(lines) == 0 {
			return
		}
		b.WriteString("<h2>" + html.EscapeString(title) + "</h2><" + element + ">")
		for _, line := range lines {
			b.WriteString("<li>" + html.EscapeString(strings.TrimSpace(line.Text+" "+line.Hint)))
			if line.Path != "" {
				b.WriteString(` <a href="` + html.EscapeString(s.Self.URL+line.Path) + `">` + html.EscapeString(s.letterLine(line, lang).Link) + "</a>")
			}
			b.WriteString("</li>")
		}
		b.WriteString("</" + element + ">")
	}
	list(texts.T(lang, "web.letter.well"), "ul", l.Well)
	first := min(audit.First, len(l.Mend))
	list(texts.T(lang, "web.letter.mend.many", first), "ol", l.Mend[:first])
	list(texts.T(lang, "web.letter.more"), "ul", l.Mend[first:])
	return b.String()
}
