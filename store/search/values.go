package search

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"maillon/catalog/texts"
)

// Values is the query as the parameters of an address, in one form only: reading it
// gives the query back, and equal queries give equal addresses.
func (q Query) Values() url.Values {
	v := url.Values{}
	if q.Text != "" {
		v.Set("q", q.Text)
	}
	for name, list := range q.lists() {
		if len(*list) > 0 {
			v[name] = slices.Sorted(slices.Values(*list))
		}
	}
	for name, r := range q.ranges() {
		setNumber(v, name+"_min", r.Min)
		setNumber(v, name+"_max", r.Max)
	}
	for name, day := range q.days() {
		if *day != "" {
			v.Set(name, *day)
		}
	}
	for _, z := range q.Where {
		v.Add(z.param(), z.Code)
	}
	for name := range v {
		slices.Sort(v[name])
	}
	if q.Conflict {
		v.Set("conflict", "1")
	}
	q.pageValues(v)
	return v
}

func (q *Query) pageValues(v url.Values) {
	if q.Sort != "" {
		v.Set("sort", string(q.Sort))
	}
	switch {
	case len(q.Facets) == 0:
	case slices.Equal(q.Facets, Facets()):
		v.Set("facets", "all")
	default:
		v.Set("facets", strings.ReplaceAll(joined(q.Facets), ", ", ","))
	}
	if q.Limit != DefaultLimit {
		v.Set("limit", strconv.Itoa(q.Limit))
	}
	if q.After != "" {
		v.Set("after", q.After)
	}
}

// param is the name of the parameter for the zone.
func (z Zone) param() string {
	if z.Side == Either {
		return z.Level
	}
	return string(z.Side) + "_" + z.Level
}

func setNumber(v url.Values, name string, n *float64) {
	if n != nil {
		v.Set(name, strconv.FormatFloat(*n, 'f', -1, 64))
	}
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// longestNamed is longer than the name of any parameter.
const longestNamed = 40

// nearest is the name of the list that is nearest to one that is not in it: at most
// a third of its letters differ.
func nearest(name string, list []string) string {
	best, least := "", len(name)/3+1
	if len(name) > longestNamed {
		return ""
	}
	for _, known := range list {
		if d := texts.Distance(name, known); d < least {
			best, least = known, d
		}
	}
	return best
}
