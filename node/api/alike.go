package api

import (
	"cmp"
	"slices"
	"strings"

	"maillon/catalog/territory"
	"maillon/catalog/texts"
	"maillon/node/web"
	"maillon/store/search"
)

// comparedIDs are the indicators that territories are compared by: none of them
// grows with the territory.
var comparedIDs = []string{"contracts", "amount-median", "single-offer", "offers-median", "social", "environmental", "innovative", "modified", "delay-median", "late", "conforming", "local-departement", "local-region", "distance-median", "sme"}

// likes is how many territories count as similar.
const likes = 5

// compare sets a territory beside similar ones, its région and all that is known.
func (c counter) compare(z territory.Geozone) (*web.Comparison, error) {
	alone := func(where ...search.Zone) search.Query {
		q := c.q
		q.Where = where
		return q
	}
	level := string(z.Level())
	columns := []struct {
		head  string
		query search.Query
	}{{territory.Name(z), c.q}}
	similar, err := c.similar(z)
	if err != nil {
		return nil, err
	}
	out := &web.Comparison{Lead: texts.T(c.lang, "numbers.compared.none")}
	if len(similar) > 0 {
		var names []string
		var zones []search.Zone
		for _, code := range similar {
			names = append(names, nameOf(z.Level(), code))
			zones = append(zones, search.Zone{Level: level, Code: code})
		}
		out.Lead = texts.T(c.lang, "numbers.compared.lead", strings.Join(names, ", "))
		columns = append(columns, struct {
			head  string
			query search.Query
		}{texts.T(c.lang, "numbers.similar"), alone(zones...)})
	}
	if deps := territory.Departements(z); z.Level() != territory.Region && len(deps) > 0 {
		if region := territory.RegionOf(deps[0]); region != "" {
			columns = append(columns, struct {
				head  string
				query search.Query
			}{territory.RegionName(region), alone(search.Zone{Level: "region", Code: region})})
		}
	}
	columns = append(columns, struct {
		head  string
		query search.Query
	}{texts.T(c.lang, "numbers.everything"), alone()})
	var answers []IndicatorsAnswer
	for _, col := range columns {
		out.Head = append(out.Head, col.head)
		a, err := c.s.indicatorsOf(c.ctx, col.query, c.lang)
		if err != nil {
			return nil, err
		}
		answers = append(answers, a)
	}
	for _, id := range comparedIDs {
		row, told := web.ComparedRow{}, false
		for i, a := range answers {
			at := slices.IndexFunc(a.Items, func(i Indicator) bool { return i.ID == id })
			row.Label, told = a.Items[at].Text, told || a.Items[at].Value != nil
			row.Cells = append(row.Cells, web.ComparedCell{Whose: out.Head[i], Value: amountOf(c.lang, a.Items[at].Unit, a.Items[at].Value)})
		}
		if told {
			out.Rows = append(out.Rows, row)
		}
	}
	return out, nil
}

// similar are the territories of a level that have contracts here and whose population
// is nearest.
func (c counter) similar(z territory.Geozone) ([]string, error) {
	by := map[territory.Level]search.Dimension{
		territory.Commune: search.ByCommune, territory.EPCI: search.ByEPCI, territory.Departement: search.ByDepartement, territory.Region: search.ByRegion,
	}[z.Level()]
	q := c.q
	q.Where = nil
	t, err := c.s.Index.Group(c.ctx, q, []search.Dimension{by}, []search.Measure{search.CountOf})
	if err != nil {
		return nil, err
	}
	people := populations(z.Level())
	var codes []string
	for _, g := range t.Groups {
		if code := g.Keys[0].Code; code != "" && code != z.Code() && people[code] > 0 {
			codes = append(codes, code)
		}
	}
	own := people[z.Code()]
	far := func(code string) int {
		if d := people[code] - own; d > 0 {
			return d
		}
		return own - people[code]
	}
	slices.SortFunc(codes, func(a, b string) int { return cmp.Or(cmp.Compare(far(a), far(b)), strings.Compare(a, b)) })
	return codes[:min(len(codes), likes)], nil
}

// populations are those of the territories of a level.
func populations(level territory.Level) map[string]int {
	people := map[string]int{}
	for m := range territory.Communes() {
		code := m.Code
		switch level {
		case territory.EPCI:
			code = m.EPCI
		case territory.Departement:
			code = m.Departement
		case territory.Region:
			code = territory.RegionOf(m.Departement)
		}
		people[code] += m.Population
	}
	return people
}

// nameOf is the name of the territory of a code; the code if there is none.
func nameOf(level territory.Level, code string) string {
	z, err := zone(level, code)
	if err != nil {
		return code
	}
	return territory.Name(z)
}

func zone(level territory.Level, code string) (territory.Geozone, error) {
	return territory.ParseGeozone("fr:" + string(level) + ":" + code)
}
