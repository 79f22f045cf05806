package catalog

import "strings"

// A Metric is one of the metrics by which data.europa.eu scores metadata
// (Metadata Quality Assessment). Its words for people are in catalog/texts under
// "quality." and its ID: ".text" says what it wants, ".hint" how to get it.
type Metric struct {
	ID     string `json:"id"`
	Points int    `json:"points"` // at most
	Got    int    `json:"got"`
}

// A Score is what a dataset gets.
type Score struct {
	Got     int      `json:"got"`
	Of      int      `json:"of"` // 405
	Rating  Rating   `json:"rating,omitempty"`
	Metrics []Metric `json:"metrics"`
}

// Rating is a score in a word. Its words for people are in catalog/texts under
// "quality.rating.".
type Rating string

// The ratings, by the points from which they begin.
const (
	Excellent  Rating = "excellent"  // 351
	Good       Rating = "good"       // 221
	Sufficient Rating = "sufficient" // 121
	Bad        Rating = "bad"
)

// RatingOf is the rating of a number of points.
func RatingOf(points int) Rating {
	switch {
	case points >= 351:
		return Excellent
	case points >= 221:
		return Good
	case points >= 121:
		return Sufficient
	}
	return Bad
}

// Served says what of a dataset's addresses answers.
type Served struct{ Access, Download bool }

// euLicences is where the EU keeps its vocabulary of licences.
const euLicences = "http://publications.europa.eu/resource/authority/licence/"

// ScoreOf scores a dataset as it stands in catalogue c, by the metrics and points
// of the MQA: 405 in all. A metric on distributions is met if each of them meets
// it.
func ScoreOf(d Dataset, c Catalog, served Served) Score {
	each := func(is func(Distribution) bool) bool {
		for _, f := range d.Distributions {
			if !is(f) {
				return false
			}
		}
		return len(d.Distributions) > 0
	}
	licence := func(f Distribution) string {
		if f.Licence != "" || d.Foreign {
			return f.Licence
		}
		if c.Licence != "" {
			return c.Licence
		}
		return LicenceOuverte
	}
	known := func(f Format) bool { _, ok := f.row(); return ok }
	_, problems := Catalog{
		IRI: c.IRI, Title: c.Title, Description: c.Description, Publisher: c.Publisher, Contact: c.Contact, Datasets: []Dataset{d},
	}.Publishable()
	var s Score
	for _, m := range []struct {
		id     string
		points int
		met    bool
	}{
		{"keywords", 30, len(d.Keywords) > 0},
		{"themes", 30, len(d.Themes) > 0},
		{"spatial", 20, !d.Coverage.IsZero() || !d.Foreign && !c.Coverage.IsZero()},
		{"temporal", 20, !d.Period.IsZero()},

		{"access", 50, served.Access && each(func(f Distribution) bool { return f.AccessURL != "" || f.DownloadURL != "" })},
		{"download", 20, each(func(f Distribution) bool { return f.DownloadURL != "" })},
		{"download-answers", 30, served.Download && each(func(f Distribution) bool { return f.DownloadURL != "" })},

		{"format", 20, each(func(f Distribution) bool { return f.Format != "" || f.FormatName != "" })},
		{"media-type", 10, each(func(f Distribution) bool { return f.MediaType != "" || f.Format.MediaType() != "" })},
		{"vocabulary", 10, each(func(f Distribution) bool { return known(f.Format) })},
		{"open-format", 20, each(func(f Distribution) bool { return f.Format.Open() })},
		{"machine-readable", 20, each(func(f Distribution) bool { return f.Format.MachineReadable() })},
		{"compliance", 30, problems.Errors() == 0},

		{"licence", 20, each(func(f Distribution) bool { return licence(f) != "" })},
		{"licence-vocabulary", 10, each(func(f Distribution) bool { return strings.HasPrefix(licence(f), euLicences) })},
		{"access-rights", 10, d.Access != ""},
		{"access-vocabulary", 5, d.Access != ""},
		{"contact", 20, !d.Contact.IsZero() || !d.Foreign && !c.Contact.IsZero()},
		{"publisher", 10, d.Publisher.Name != "" || !d.Foreign && c.Publisher.Name != ""},

		{"rights", 5, false}, // a distribution has a licence, and no other statement of rights
		{"byte-size", 5, each(func(f Distribution) bool { return f.ByteSize > 0 })},
		{"issued", 5, !d.Issued.IsZero()},
		{"modified", 5, !d.Modified.IsZero()},
	} {
		got := 0
		if m.met {
			got = m.points
		}
		s.Metrics = append(s.Metrics, Metric{m.id, m.points, got})
		s.Got, s.Of = s.Got+got, s.Of+m.points
	}
	s.Rating = RatingOf(s.Got)
	return s
}
