package web

import (
	"strconv"

	"maillon/catalog/texts"
)

// AboutPage is one of the pages the law asks of a public site. Its Topic is
// accessibilite, mentions-legales or donnees-personnelles.
type AboutPage struct{ Topic string }

// A passage is a heading and its paragraphs, keys of texts.
type passage struct {
	Heading string
	Paras   []string
}

// Passages are the texts web.about.TOPIC.1, .1.1, .1.2…, .2 and so on.
func (p AboutPage) Passages() []passage {
	var all []passage
	for i := 1; ; i++ {
		key := "web.about." + p.Topic + "." + strconv.Itoa(i)
		if !texts.Has(key) {
			return all
		}
		one := passage{Heading: key}
		for j := 1; texts.Has(key + "." + strconv.Itoa(j)); j++ {
			one.Paras = append(one.Paras, key+"."+strconv.Itoa(j))
		}
		all = append(all, one)
	}
}

func (AboutPage) name() string { return "about" }

func (p AboutPage) title(lang texts.Lang) string { return word(lang, "web.about", p.Topic) }
