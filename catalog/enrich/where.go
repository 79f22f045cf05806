package enrich

import (
	"strings"

	"maillon/catalog/territory"
)

// Place is where a lieuExecution is. codeType is the typeCode of the legal format.
// A postal code is a commune only if it serves no other; of several it gives the
// levels at which they are one. The code of a commune that was merged gives the
// commune of today.
func Place(code, codeType string) Where {
	code, kind := strings.ToUpper(strings.TrimSpace(code)), strings.ToLower(codeType)
	var w Where
	switch {
	case strings.Contains(kind, "postal"):
		w = postcode(pad(code, 5))
	case strings.Contains(kind, "commune"):
		w = Commune(pad(code, 5), Record)
	case strings.Contains(kind, "gion"):
		w = zone(territory.Region, pad(code, 2), Record)
	}
	if w.Departement == nil {
		if d := territory.DepartementOf(code, codeType); d != "" {
			above := zone(territory.Departement, d, Record)
			w.Departement, w.Region = above.Departement, above.Region
		}
	}
	return w
}

// Commune is where a commune is, by its code of today or of before.
func Commune(code, source string) Where {
	m, ok := territory.CommuneByCode(code)
	if !ok {
		return Where{}
	}
	w := zone(territory.Commune, m.Code, source)
	if m.Code != code && w.Commune != nil {
		w.Commune.Former = code
	}
	return w
}

// zone is a territory of the geographic code, and what it lies in.
func zone(level territory.Level, code, source string) Where {
	z, err := territory.ParseGeozone("fr:" + string(level) + ":" + code)
	if err != nil {
		return Where{}
	}
	return of(z, source)
}

// of is a territory and what it lies in. source is what led to the territory; the
// levels above it follow from the geographic code.
func of(z territory.Geozone, source string) Where {
	var w Where
	own := area(z, source)
	switch z.Level() {
	case territory.Commune:
		w.Commune = own
		if m, ok := territory.CommuneByCode(z.Code()); ok {
			w.EPCI = areaOf(territory.EPCI, m.EPCI)
		}
	case territory.EPCI:
		w.EPCI = own
	case territory.Departement:
		w.Departement = own
	case territory.Region:
		w.Region = own
		return w
	default:
		return w
	}
	regions := map[string]bool{}
	departements := territory.Departements(z)
	for _, d := range departements {
		regions[territory.RegionOf(d)] = true
	}
	if w.Departement == nil && len(departements) == 1 {
		w.Departement = areaOf(territory.Departement, departements[0])
	}
	if len(regions) == 1 {
		w.Region = areaOf(territory.Region, territory.RegionOf(departements[0]))
	}
	return w
}

func area(z territory.Geozone, source string) *Area {
	return &Area{Code: z.Code(), Name: territory.Name(z), Geozone: z.String(), Source: source}
}

// areaOf is a territory that follows from the geographic code; nil if it does not
// know it.
func areaOf(level territory.Level, code string) *Area {
	z, err := territory.ParseGeozone("fr:" + string(level) + ":" + code)
	if err != nil {
		return nil
	}
	return area(z, COG)
}

// postcode keeps of the communes that a code serves the levels at which they agree.
func postcode(code string) Where {
	var w Where
	for i, m := range territory.ByPostcode(code) {
		here := Commune(m.Code, Record)
		if i == 0 {
			w = here
			continue
		}
		w.Commune = nil
		w.EPCI, w.Departement, w.Region = same(w.EPCI, here.EPCI), same(w.Departement, here.Departement), same(w.Region, here.Region)
	}
	return w
}

func same(a, b *Area) *Area {
	if a == nil || b == nil || a.Code != b.Code {
		return nil
	}
	return a
}

// pad puts back one zero lost at the start of a code of n characters.
func pad(code string, n int) string {
	if len(code) == n-1 {
		return "0" + code
	}
	return code
}
