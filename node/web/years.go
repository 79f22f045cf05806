package web

import "maillon/catalog/texts"

// YearsPage lists contracts by year of notification, for a site of files: there nobody
// answers a search.
type YearsPage struct {
	Total    int          // contracts of the year, or of all
	Years    []FacetValue // each with its first page, the newest first
	Year     string       // AAAA, or sans-date; "" for the page of all years
	Items    []ContractRow
	Number   int // of this page of the year, from 1
	Of       int // how many pages the year has
	Previous string
	Next     string
	Feed     string // what is new, as Atom
}

// YearText names the year for people.
func (p YearsPage) YearText() string {
	for _, y := range p.Years {
		if y.Chosen {
			return y.Label
		}
	}
	return p.Year
}

func (YearsPage) name() string { return "years" }

func (p YearsPage) title(lang texts.Lang) string {
	if p.Year == "" {
		return texts.T(lang, "web.years.title")
	}
	if p.Number > 1 {
		return texts.T(lang, "web.years.of", p.YearText()) + " – " + texts.T(lang, "web.years.page", p.Number, p.Of)
	}
	return texts.T(lang, "web.years.of", p.YearText())
}
