package catalog

import (
	"time"
	"unicode/utf8"
)

// NineOf scores a dataset as data.gouv.fr does once it has harvested it: nine
// criteria, a point each. Their words for people are in catalog/texts under
// "nine." and their IDs. A frequency that promises no day (continuous, irregular)
// counts as kept; a place counts if it has a geometry, which is all that its
// harvester reads of one.
func NineOf(d Dataset, c Catalog, served Served, now time.Time) Score {
	description := d.Description.French
	if description == "" {
		description = d.Description.English
	}
	licence := d.Foreign && len(d.Distributions) > 0 && d.Distributions[0].Licence != "" || !d.Foreign
	var open, described bool
	for _, f := range d.Distributions {
		open = open || f.Format.Open()
		described = described || !f.Description.IsZero()
	}
	var s Score
	for _, m := range []struct {
		id  string
		met bool
	}{
		{"licence", licence},
		{"temporal", !d.Period.IsZero()},
		{"spatial", !d.Coverage.Box.IsZero() || !d.Foreign && d.Coverage.IsZero() && !c.Coverage.Box.IsZero()},
		{"frequency", d.Frequency != "" && d.Frequency != Unknown},
		{"fulfilled", fulfilled(d, now)},
		{"description", utf8.RuneCountInString(description) > 100},
		{"open-format", open},
		{"available", len(d.Distributions) > 0 && served.Access && served.Download},
		{"documentation", described},
	} {
		got := 0
		if m.met {
			got = 1
		}
		s.Metrics = append(s.Metrics, Metric{m.id, 1, got})
		s.Got, s.Of = s.Got+got, s.Of+1
	}
	return s
}

// fulfilled reports whether the data are as fresh as their frequency promises,
// give or take a day.
func fulfilled(d Dataset, now time.Time) bool {
	const day = 24 * time.Hour
	periods := map[Frequency]time.Duration{
		Hourly: time.Hour, Daily: day, Weekly: 7 * day, Biweekly: 14 * day, Monthly: 31 * day, Bimonthly: 62 * day, Quarterly: 92 * day,
		Semiannual: 183 * day, Annual: 366 * day, Biennial: 731 * day, Triennial: 1096 * day,
	}
	if p, ok := periods[d.Frequency]; ok {
		return !d.Modified.IsZero() && now.Sub(d.Modified) <= p+day
	}
	return d.Frequency == Continuous || d.Frequency == Irregular || d.Frequency == AsNeeded || d.Frequency == Never
}
