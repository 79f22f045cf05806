// Package toolbox reads, checks and renders the boîte à outils of a territory:
// what a chef de file hands to those who publish and those who use the data.
//
// The content is Markdown and YAML. The program holds defaults (defaults/); an
// operator's folder replaces them file by file:
//
//	pages/NAME.md       a page, pages/NAME.en.md the same in English; pages/guide.md is the guide
//	temoignages/NAME.md a testimony, or the result of an analysis
//	contacts.yaml       calendrier.yaml  appels.yaml  jalons.yaml  roles.yaml  services.yaml
//	images/             what the Markdown shows
//
// [Read] is a function of the files alone: it never fails, it lists what is
// wrong as [Problem]s and leaves out the least it can: an entry, else a file.
// Everything in a folder is taken for hostile: sizes and numbers are bounded,
// HTML in Markdown is left out, links lead nowhere but to pages, and no content
// makes it panic. [Folder] reads again what has changed on the disk.
package toolbox

import (
	"embed"
	"io/fs"
	"net/url"
	"time"

	"maillon/catalog/texts"
)

//go:embed defaults
var embedded embed.FS

// Defaults is the content that the program holds, as a folder to start from.
func Defaults() fs.FS {
	f, err := fs.Sub(embedded, "defaults")
	if err != nil {
		panic(err) // the name is right or the program was not built
	}
	return f
}

// Bounds of a folder.
const (
	mostFiles    = 500
	mostBytes    = 64 << 10 // of one YAML or Markdown file: some odd Markdown takes time with the square of its length
	mostLine     = 4 << 10  // bytes of one line of Markdown
	mostEntries  = 500      // of one list
	mostText     = 5000     // bytes of one text in YAML
	mostProblems = 100
	// MostImage is the size of the largest image, in bytes.
	MostImage = 5 << 20
)

// A Text is what people read, in one language or two: a string in the YAML, or
// a mapping with fr and en.
type Text struct{ French, English string }

// In is the text in lang, or in the other language if it has none.
func (t Text) In(lang texts.Lang) string {
	if lang == texts.English && t.English != "" || t.French == "" {
		return t.English
	}
	return t.French
}

// A Link leads from an entry to a page of this node ("/valider") or elsewhere.
type Link struct {
	Title Text   `yaml:"titre,required"`
	URL   string `yaml:"lien,required,url"`
}

// A Contact is somebody to ask.
type Contact struct {
	Name      Text   `yaml:"nom,required"`
	Function  Text   `yaml:"fonction"`
	Body      Text   `yaml:"organisme"`
	Subjects  []Text `yaml:"sujets"`
	Territory Text   `yaml:"territoire"`
	Mail      string `yaml:"courriel,mail"`
	Phone     string `yaml:"telephone"`
	URL       string `yaml:"lien,url"`
}

// An Event is a training or a workshop. Its moments are AAAA-MM-JJ or
// AAAA-MM-JJTHH:MM in the zone of the place.
type Event struct {
	Title     Text   `yaml:"titre,required"`
	Start     Moment `yaml:"debut,required"`
	End       Moment `yaml:"fin"`
	Zone      Zone   `yaml:"fuseau"` // Europe/Paris if it is not given
	Place     Text   `yaml:"lieu"`
	Audience  Text   `yaml:"public"`
	Level     Level  `yaml:"echelon"`
	Summary   Text   `yaml:"resume"`
	URL       string `yaml:"lien,url"`
	Cancelled bool   `yaml:"annule"`
}

// A Call is a call for projects.
type Call struct {
	Title    Text   `yaml:"titre,required"`
	Body     Text   `yaml:"organisme"`
	Opens    Moment `yaml:"ouverture"`
	Closes   Moment `yaml:"cloture"` // the last day
	Zone     Zone   `yaml:"fuseau"`
	Audience Text   `yaml:"public"`
	Support  Text   `yaml:"soutien"`
	Level    Level  `yaml:"echelon"`
	Summary  Text   `yaml:"resume"`
	URL      string `yaml:"lien,url"`
}

// A Role is a level of the ecosystem: those who regulate, steer, animate,
// produce or use.
type Role struct {
	Name    Text   `yaml:"niveau,required"`
	Mission Text   `yaml:"mission,required"`
	Actors  []Text `yaml:"acteurs"`
	Here    Text   `yaml:"ici"`      // what this node gives them
	Hands   Text   `yaml:"transmet"` // what passes on to the next level
}

// A Plan is the deployment: lanes of steps, in months from a start.
type Plan struct {
	Start Moment `yaml:"depart"` // zero: months are counted, not dated
	Lanes []Lane `yaml:"voies,required"`
}

// A Lane is what one group of actors does.
type Lane struct {
	Name  Text   `yaml:"voie,required"`
	Steps []Step `yaml:"jalons,required"`
}

// A Step is a milestone: Lasts months from the Month-th after the start.
type Step struct {
	Title  Text `yaml:"titre,required"`
	Month  int  `yaml:"mois"`
	Lasts  int  `yaml:"duree"`
	Detail Text `yaml:"detail"`
	Who    Text `yaml:"qui"`
	Done   bool `yaml:"fait"`
}

// A Profile is a kind of user and the services for it.
type Profile struct {
	Name  Text   `yaml:"profil,required"`
	Needs []Need `yaml:"besoins,required"`
}

// A Need is what a user wants, what there is for it, and what there is not.
type Need struct {
	Want    Text   `yaml:"besoin,required"`
	Today   Text   `yaml:"aujourdhui"`
	Links   []Link `yaml:"liens"`
	Missing Text   `yaml:"manque"`
}

// A Page is a text in one language or two.
type Page struct {
	Name string // of its file and its address
	docs map[texts.Lang]*Doc
}

// In is the page in lang, or in the other language if it has none. Never nil.
func (p Page) In(lang texts.Lang) *Doc {
	if d := p.docs[lang]; d != nil {
		return d
	}
	for _, l := range texts.Langs {
		if d := p.docs[l]; d != nil {
			return d
		}
	}
	return &Doc{Title: p.Name}
}

// A Story is a testimony, or the result of an analysis.
type Story struct {
	Page
	Kind     string // temoignage or analyse
	Author   Text
	Function Text
	Body     Text // the author's
	Date     Moment
}

// A Content is a toolbox that was read. Nobody changes it afterwards.
type Content struct {
	Pages    []Page // sorted by name, the guide included
	Stories  []Story
	Contacts []Contact
	Events   []Event // by start
	Calls    []Call  // by last day, those without last
	Roles    []Role
	Plan     Plan
	Profiles []Profile
	Problems []Problem
	// Broken holds the files of the operator of which nothing could be read.
	Broken map[string]bool
	// Own holds the files that are the operator's, the others are the defaults.
	Own map[string]bool
	// Images holds the names of files of images/ that may be shown.
	Images map[string]bool
}

// Page finds a page by its name.
func (c *Content) Page(name string) (Page, bool) {
	for _, p := range c.Pages {
		if p.Name == name {
			return p, true
		}
	}
	return Page{}, false
}

// Options are what the content is rendered for.
type Options struct {
	URL string // public address of the node, without trailing slash
	// Lang is the language in which a Folder logs what is wrong; "" is French.
	Lang texts.Lang
}

// base is the path before every address of the node.
func (o Options) base() string {
	u, err := url.Parse(o.URL)
	if err != nil {
		return ""
	}
	return u.Path
}

// home is where a zone is not given.
const home = "Europe/Paris"

// At is the start of an event in its zone.
func (e Event) At() time.Time { return e.Start.in(e.Zone) }

// ZoneAway is the zone of an event if it is not that of Paris, else "".
func (e Event) ZoneAway() string {
	if e.Zone.name == home {
		return ""
	}
	return e.Zone.name
}

// Until is the end of an event: of its last day if it has no hour, two hours
// after its start if its end is not said.
func (e Event) Until() time.Time {
	switch {
	case e.End.IsZero() && e.Start.Hour:
		return e.At().Add(2 * time.Hour)
	case e.End.IsZero():
		return e.At().AddDate(0, 0, 1)
	case e.End.Hour:
		return e.End.in(e.Zone)
	}
	return e.End.in(e.Zone).AddDate(0, 0, 1)
}

// State tells whether a call is to come, open or closed at a time.
func (c Call) State(now time.Time) string {
	switch {
	case !c.Closes.IsZero() && !now.Before(c.end()):
		return "closed"
	case !c.Opens.IsZero() && now.Before(c.Opens.in(c.Zone)):
		return "coming"
	}
	return "open"
}

func (c Call) end() time.Time {
	if c.Closes.Hour {
		return c.Closes.in(c.Zone)
	}
	return c.Closes.in(c.Zone).AddDate(0, 0, 1)
}

// When is the first day of a step and the first day after it, zero if the plan
// has no start.
func (p Plan) When(s Step) (from, to time.Time) {
	if p.Start.IsZero() {
		return
	}
	start := p.Start.in(Zone{})
	start = time.Date(start.Year(), start.Month(), 1, 0, 0, 0, 0, start.Location())
	return start.AddDate(0, s.Month, 0), start.AddDate(0, s.Month+max(s.Lasts, 1), 0)
}
