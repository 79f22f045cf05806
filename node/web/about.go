package web

import (
	"strconv"
	"time"

	"maillon/catalog/texts"
)

// AboutPage is one of the pages the law asks of a public site. Its Topic is
// accessibilite, mentions-legales or donnees-personnelles; the rest is made
// by [About].
type AboutPage struct {
	Topic    string
	Passages []Passage
}

// A Passage is a heading and what is under it.
type Passage struct {
	Heading string
	Paras   []string
	Facts   []FactRow
	List    []string
	Links   []FileRow
}

// A Legal is what the law asks an organisation to say on its site. What is left
// empty is left out.
type Legal struct {
	Director string // who is responsible for the publication: name or office
	Address  string // of the organisation
	Phone    string
	Host     string // who hosts the site: name and address
	DPO      string // where the data protection officer is reached
	LogDays  int    // how long addresses of requests are kept; 0 if not said
	Access   Access
}

// An Access is what an audit of accessibility found. Its zero value is no audit.
type Access struct {
	Percent  int // of the RGAA's criteria that are met
	On       time.Time
	By       string   // who made it
	Report   string   // address of its report
	Plan     string   // address of the plan of several years
	Failings []string // contents that are not accessible, and why
}

// accessFor is how long a declaration holds (decree 2019-768, article 7).
const accessFor = 3 * 365 * 24 * time.Hour

// State is totale, partielle or non: without an audit in force a site is deemed not
// to conform, and below half of the criteria it does not (order of 20/09/2019).
func (a Access) State(now time.Time) string {
	switch {
	case a.On.IsZero(), now.Sub(a.On) > accessFor, a.Percent < 50:
		return "non"
	case a.Percent == 100:
		return "totale"
	}
	return "partielle"
}

// About makes one of these pages from what the configuration says.
func About(topic string, site Site, lang texts.Lang, now time.Time) AboutPage {
	p := AboutPage{Topic: topic}
	switch topic {
	case "accessibilite":
		p.Passages = append(p.Passages, site.Legal.Access.passages(site, lang, now)...)
	case "mentions-legales":
		p.Passages = append(p.Passages, site.publisher(lang))
	}
	p.Passages = append(p.Passages, written(topic, site.Name, lang)...)
	if topic == "donnees-personnelles" {
		p.Passages = append(p.Passages, site.privacy(lang)...)
	}
	return p
}

// written are the texts web.about.TOPIC.1, .1.1, .1.2…, .2 and so on.
func written(topic, name string, lang texts.Lang) []Passage {
	var all []Passage
	for i := 1; ; i++ {
		key := "web.about." + topic + "." + strconv.Itoa(i)
		if !texts.Has(key) {
			return all
		}
		one := Passage{Heading: texts.T(lang, key)}
		for j := 1; texts.Has(key + "." + strconv.Itoa(j)); j++ {
			one.Paras = append(one.Paras, texts.T(lang, key+"."+strconv.Itoa(j), name))
		}
		all = append(all, one)
	}
}

// publisher says who publishes the site and where it stands.
func (s Site) publisher(lang texts.Lang) Passage {
	p := Passage{Heading: texts.T(lang, "site.publisher"), Paras: []string{texts.T(lang, "site.publisher.text", s.Name)}}
	if s.Legal.Director == "" {
		p.Paras = append(p.Paras, texts.T(lang, "site.director.default"))
	}
	for _, f := range []struct{ key, value string }{
		{"director", s.Legal.Director}, {"address", s.Legal.Address}, {"phone", s.Legal.Phone}, {"host", s.Legal.Host},
	} {
		if f.value != "" {
			p.Facts = append(p.Facts, FactRow{Label: texts.T(lang, "site."+f.key), Text: f.value})
		}
	}
	return p
}

// privacy says what the configuration says of personal data.
func (s Site) privacy(lang texts.Lang) []Passage {
	p := Passage{Heading: texts.T(lang, "site.privacy")}
	if s.Legal.LogDays > 0 {
		p.Facts = append(p.Facts, FactRow{Label: texts.T(lang, "site.logdays"), Text: many(lang, "web.days", s.Legal.LogDays)})
	}
	if s.Legal.DPO != "" {
		p.Facts = append(p.Facts, FactRow{Label: texts.T(lang, "site.dpo"), Text: s.Legal.DPO})
	}
	if p.Facts == nil {
		return nil
	}
	return []Passage{p}
}

// passages tell the state, what an audit found, and what is not accessible.
func (a Access) passages(site Site, lang texts.Lang, now time.Time) []Passage {
	state := a.State(now)
	p := Passage{Heading: texts.T(lang, "site.access"), Paras: []string{
		texts.T(lang, "site.access.duty", site.Name), texts.T(lang, "site.access."+state, site.Name),
	}}
	switch {
	case a.On.IsZero():
		p.Paras = append(p.Paras, texts.T(lang, "site.access.noaudit"))
		return []Passage{p}
	case now.Sub(a.On) > accessFor:
		p.Paras = append(p.Paras, texts.T(lang, "site.access.old"))
	}
	p.Facts = []FactRow{{Label: texts.T(lang, "site.access.on"), Text: day(lang, a.On)}, {Label: texts.T(lang, "site.access.by"), Text: a.By},
		{Label: texts.T(lang, "site.access.percent"), Text: texts.T(lang, "web.percent", a.Percent)}}
	for _, l := range []struct{ key, url string }{{"site.access.report", a.Report}, {"site.access.plan", a.Plan}} {
		if l.url != "" {
			p.Links = append(p.Links, FileRow{Label: texts.T(lang, l.key), URL: l.url})
		}
	}
	all := []Passage{p}
	if len(a.Failings) > 0 {
		all = append(all, Passage{Heading: texts.T(lang, "site.access.failings"), List: a.Failings})
	}
	return all
}

func (AboutPage) name() string { return "about" }

func (p AboutPage) title(lang texts.Lang) string { return word(lang, "web.about", p.Topic) }
