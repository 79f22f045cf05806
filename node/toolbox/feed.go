package toolbox

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"strings"
	"time"
	"unicode/utf8"

	"maillon/catalog/texts"
)

// A Feed names what is written for other programs.
type Feed struct {
	Title string
	URL   string // public address of the node, without trailing slash
	Lang  texts.Lang
}

// uid names an event for as long as its title and its start do not change.
func (e Event) uid() string {
	sum := sha256.Sum256([]byte(e.Title.French + "\x00" + e.Title.English + "\x00" + e.Start.Format(time.RFC3339)))
	return hex.EncodeToString(sum[:12])
}

// ID is the anchor of an event on the page of the calendar.
func (e Event) ID() string { return "e-" + e.uid() }

// ICS writes events as an iCalendar (RFC 5545), hours in UTC. stamp is when
// the content last changed.
func (f Feed) ICS(events []Event, stamp time.Time) []byte {
	var b icalendar
	b.line("BEGIN", "VCALENDAR")
	b.line("VERSION", "2.0")
	b.line("PRODID", "-//Maillon//Boite a outils//FR")
	b.line("CALSCALE", "GREGORIAN")
	b.text("X-WR-CALNAME", f.Title)
	host := strings.TrimPrefix(strings.TrimPrefix(f.URL, "https://"), "http://")
	for _, e := range events {
		b.line("BEGIN", "VEVENT")
		b.text("UID", e.uid()+"@"+host)
		b.line("DTSTAMP", stamp.UTC().Format("20060102T150405Z"))
		if e.Start.Hour {
			b.line("DTSTART", e.At().UTC().Format("20060102T150405Z"))
			b.line("DTEND", e.Until().UTC().Format("20060102T150405Z"))
		} else {
			b.line("DTSTART;VALUE=DATE", e.At().Format("20060102"))
			b.line("DTEND;VALUE=DATE", e.Until().Format("20060102"))
		}
		b.text("SUMMARY", e.Title.In(f.Lang))
		b.text("LOCATION", e.Place.In(f.Lang))
		b.text("DESCRIPTION", e.Summary.In(f.Lang))
		b.line("URL", f.absolute(e))
		if e.Cancelled {
			b.line("STATUS", "CANCELLED")
		}
		b.line("END", "VEVENT")
	}
	b.line("END", "VCALENDAR")
	return b.Bytes()
}

// absolute is where an event is told: its own page, or the calendar.
func (f Feed) absolute(e Event) string {
	switch {
	case e.URL == "":
		return f.URL + Home + "/calendrier#" + e.ID()
	case strings.HasPrefix(e.URL, "/"):
		return f.URL + e.URL
	}
	return e.URL
}

// icalendar writes content lines, folded at 75 bytes between letters.
type icalendar struct{ bytes.Buffer }

// text writes a value of the type TEXT; an empty one is left out.
func (b *icalendar) text(name, value string) {
	if value = strings.Join(strings.Fields(value), " "); value != "" {
		b.line(name, strings.NewReplacer(`\`, `\\`, ";", `\;`, ",", `\,`).Replace(value))
	}
}

func (b *icalendar) line(name, value string) {
	length := 0
	for _, r := range strings.ToValidUTF8(name+":"+value, "�") {
		if r < ' ' || r == 0x7f {
			continue
		}
		n := utf8.RuneLen(r)
		if length+n > 75 {
			b.WriteString("\r\n ")
			length = 1
		}
		b.WriteRune(r)
		length += n
	}
	b.WriteString("\r\n")
}

type atomFeed struct {
	XMLName xml.Name    `xml:"http://www.w3.org/2005/Atom feed"`
	Lang    string      `xml:"xml:lang,attr"`
	ID      string      `xml:"id"`
	Title   string      `xml:"title"`
	Updated string      `xml:"updated"`
	Links   []atomLink  `xml:"link"`
	Author  atomAuthor  `xml:"author"`
	Entries []atomEntry `xml:"entry"`
}

type atomAuthor struct {
	Name string `xml:"name"`
}

type atomLink struct {
	Rel  string `xml:"rel,attr,omitempty"`
	Href string `xml:"href,attr"`
}

type atomEntry struct {
	ID      string   `xml:"id"`
	Title   string   `xml:"title"`
	Updated string   `xml:"updated"`
	Link    atomLink `xml:"link"`
	Summary string   `xml:"summary,omitempty"`
}

// Atom writes events as an Atom feed (RFC 4287), stamp is when the content
// last changed. when puts the moment of an event in words.
func (f Feed) Atom(events []Event, stamp time.Time, when func(Event) string) ([]byte, error) {
	page := f.URL + Home + "/calendrier"
	at := stamp.UTC().Format(time.RFC3339)
	feed := atomFeed{
		Lang: string(f.Lang), ID: page, Title: f.Title, Updated: at, Author: atomAuthor{f.Title},
		Links: []atomLink{{"self", page + ".atom"}, {"alternate", page}},
	}
	for _, e := range events {
		summary := when(e)
		for _, s := range []string{e.Place.In(f.Lang), e.Summary.In(f.Lang)} {
			if s != "" {
				summary += ". " + s
			}
		}
		feed.Entries = append(feed.Entries, atomEntry{
			ID: page + "#" + e.ID(), Title: e.Title.In(f.Lang), Updated: at, Link: atomLink{Href: f.absolute(e)}, Summary: summary,
		})
	}
	raw, err := xml.MarshalIndent(feed, "", " ")
	return append([]byte(xml.Header), raw...), err
}
