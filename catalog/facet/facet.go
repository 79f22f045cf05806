// Package facet asks a catalogue by theme, publisher, level, territory, format,
// quality and date: which datasets, and how many there are of each.
package facet

import (
	"cmp"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"maillon/catalog"
	"maillon/catalog/territory"
)

// A Query filters datasets. Empty fields do not filter.
type Query struct {
	Text      string // words of the title, description or keywords, all of them
	Theme     string // code, as in GOVE
	Publisher string // SIRET, IRI or name
	Level     string // of the publisher
	Territory string // geozone: what lies inside it
	Format    string // code of a file's format
	Quality   string // rating, or better
	Since     time.Time
}

// Names are the parameters of a query, in the order in which people see them.
func Names() []string {
	return []string{"q", "theme", "publisher", "level", "territory", "format", "quality", "modified_since"}
}

// A BadValue is a parameter that cannot be read.
type BadValue struct{ Name, Found, Expected string }

func (e *BadValue) Error() string { return e.Name + ": " + e.Found + ", want " + e.Expected }

// Parse reads a query from the parameters of an address. Others are passed over.
func Parse(v url.Values) (Query, error) {
	q := Query{
		Text: strings.TrimSpace(v.Get("q")), Theme: strings.ToUpper(v.Get("theme")), Publisher: v.Get("publisher"), Level: v.Get("level"),
		Territory: v.Get("territory"), Format: v.Get("format"), Quality: v.Get("quality"),
	}
	if q.Format != "" {
		f := catalog.FormatOf(q.Format)
		if f == "" {
			return q, &BadValue{"format", q.Format, "CSV, JSON, XML…"}
		}
		q.Format = string(f)
	}
	if q.Theme != "" && !slices.Contains(catalog.Themes(), catalog.Theme(q.Theme)) {
		return q, &BadValue{"theme", q.Theme, "GOVE, ECON…"}
	}
	if q.Territory != "" {
		if _, err := territory.ParseGeozone(q.Territory); err != nil {
			return q, &BadValue{"territory", q.Territory, "fr:departement:35…"}
		}
	}
	if q.Level != "" {
		if _, err := territory.ParseLevel(q.Level); err != nil {
			return q, &BadValue{"level", q.Level, "commune, epci, departement, region, national, organisme"}
		}
	}
	if q.Quality != "" && !slices.Contains(ratings, catalog.Rating(q.Quality)) {
		return q, &BadValue{"quality", q.Quality, "excellent, good, sufficient, bad"}
	}
	if s := v.Get("modified_since"); s != "" {
		var err error
		if q.Since, err = time.Parse(time.DateOnly, s); err != nil {
			if q.Since, err = time.Parse(time.RFC3339, s); err != nil {
				return q, &BadValue{"modified_since", s, "2026-01-31"}
			}
		}
	}
	return q, nil
}

// Values writes q as parameters of an address.
func (q Query) Values() url.Values {
	v := url.Values{}
	for name, value := range map[string]string{"q": q.Text, "theme": q.Theme, "publisher": q.Publisher, "level": q.Level,
		"territory": q.Territory, "format": q.Format, "quality": q.Quality} {
		if value != "" {
			v.Set(name, value)
		}
	}
	if !q.Since.IsZero() {
		v.Set("modified_since", q.Since.Format(time.DateOnly))
		if !q.Since.Equal(q.Since.Truncate(24 * time.Hour)) {
			v.Set("modified_since", q.Since.Format(time.RFC3339))
		}
	}
	return v
}

// IsZero reports whether q asks for all.
func (q Query) IsZero() bool { return q == Query{} }

// ratings, the worst first.
var ratings = []catalog.Rating{catalog.Bad, catalog.Sufficient, catalog.Good, catalog.Excellent}

// A Scorer scores a dataset, when it is asked to.
type Scorer func(catalog.Dataset) catalog.Score

// Match reports whether q wants a dataset.
func (q Query) Match(d catalog.Dataset, score Scorer) bool {
	switch {
	case q.Theme != "" && !slices.Contains(d.Themes, catalog.Theme(q.Theme)),
		q.Publisher != "" && q.Publisher != d.Publisher.SIRET && q.Publisher != d.Publisher.IRI && !strings.EqualFold(q.Publisher, d.Publisher.Name),
		q.Level != "" && q.Level != d.Publisher.Level,
		q.Format != "" && !slices.ContainsFunc(d.Distributions, func(f catalog.Distribution) bool { return string(f.Format) == q.Format }),
		!q.Since.IsZero() && d.Modified.Before(q.Since),
		q.Territory != "" && !inside(q.Territory, d.Coverage.Geozone),
		q.Text != "" && !says(d, q.Text),
		q.Quality != "" && slices.Index(ratings, score(d).Rating) < slices.Index(ratings, catalog.Rating(q.Quality)):
		return false
	}
	return true
}

func inside(outer, inner string) bool {
	if outer == inner {
		return true
	}
	o, errO := territory.ParseGeozone(outer)
	i, errI := territory.ParseGeozone(inner)
	return errO == nil && errI == nil && territory.Contains(o, i)
}

// says reports whether a dataset has all words of a text.
func says(d catalog.Dataset, text string) bool {
	all := d.Title.French + " " + d.Title.English + " " + d.Description.French + " " + d.Description.English + " " + d.Publisher.Name + " " + d.Identifier
	for _, k := range d.Keywords {
		all += " " + k.French + " " + k.English
	}
	all = plain.Replace(strings.ToLower(all))
	for word := range strings.FieldsSeq(plain.Replace(strings.ToLower(text))) {
		if !strings.Contains(all, word) {
			return false
		}
	}
	return true
}

// plain takes accents off, as people who search do.
var plain = strings.NewReplacer("à", "a", "â", "a", "ä", "a", "é", "e", "è", "e", "ê", "e", "ë", "e", "î", "i", "ï", "i", "ô", "o", "ö", "o",
	"ù", "u", "û", "u", "ü", "u", "ç", "c", "ñ", "n", "œ", "oe", "’", "'")

// A Value is one value of a facet.
type Value struct {
	Value string `json:"value"`
	Name  string `json:"name,omitempty"` // of a publisher or territory
	Count int    `json:"count"`
}

// Facets count datasets by each facet: the most frequent values first.
type Facets struct {
	Theme     []Value `json:"theme"`
	Publisher []Value `json:"publisher"`
	Level     []Value `json:"level"`
	Territory []Value `json:"territory"`
	Format    []Value `json:"format"`
	Quality   []Value `json:"quality"`
}

// most bounds the values of a facet.
const most = 100

// Count counts datasets.
func Count(sets []catalog.Dataset, score Scorer) Facets {
	counts := make([]map[string]Value, 6)
	for i := range counts {
		counts[i] = map[string]Value{}
	}
	add := func(i int, value, name string) {
		if value == "" {
			return
		}
		v := counts[i][value]
		v.Value, v.Count = value, v.Count+1
		if v.Name == "" {
			v.Name = name
		}
		counts[i][value] = v
	}
	for _, d := range sets {
		for _, t := range d.Themes {
			add(0, string(t), "")
		}
		add(1, cmp.Or(d.Publisher.SIRET, d.Publisher.Name), d.Publisher.Name)
		add(2, d.Publisher.Level, "")
		if strings.HasPrefix(d.Coverage.Geozone, "fr") {
			add(3, d.Coverage.Geozone, d.Coverage.Name)
		}
		seen := map[catalog.Format]bool{}
		for _, f := range d.Distributions {
			if !seen[f.Format] {
				seen[f.Format] = true
				add(4, string(f.Format), "")
			}
		}
		add(5, string(score(d).Rating), "")
	}
	list := func(i int) []Value {
		out := slices.SortedFunc(maps.Values(counts[i]), func(a, b Value) int {
			return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(a.Value, b.Value))
		})
		if out == nil {
			return []Value{}
		}
		return out[:min(len(out), most)]
	}
	return Facets{list(0), list(1), list(2), list(3), list(4), list(5)}
}
