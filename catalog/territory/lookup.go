package territory

import (
	"iter"
	"maps"
	"slices"
	"sort"
	"strings"
)

// A Municipality is a commune of today. All codes are INSEE codes; a field
// that the geographic code leaves open is empty.
type Municipality struct {
	Code        string
	Name        string
	SIREN       string // of the commune as a legal unit; none in Polynesia and some islands
	Departement string // code, or that of the overseas collectivity
	EPCI        string // SIREN; none on four islands and overseas
	EPT         string // SIREN of its part of Grand Paris
	Postcodes   string // parted by spaces
	Population  int    // legal population
}

// A Body is a legal unit that stands for a territory.
type Body struct {
	Level   Level
	Geozone Geozone
	Name    string // of the legal unit: "Département d'Ille-et-Vilaine", "Rennes"
}

// CommuneByCode finds a commune by its INSEE code, by the code of a commune
// that was merged into it, or by that of one of its municipal arrondissements.
func CommuneByCode(code string) (Municipality, bool) {
	t := cog()
	at, found := sort.Find(t.communes.len(), func(i int) int { return strings.Compare(code, t.communes.code(i)) })
	if !found {
		was, ok := t.old[code]
		if !ok {
			return Municipality{}, false
		}
		at = int(was)
	}
	return t.communes.at(at), true
}

// BySIREN finds the body of a SIREN: a commune, an EPCI, a département, a
// région, or a collectivity that stands for one. Every other public body is an
// organisme, which the geographic code does not know.
func BySIREN(siren string) (Body, bool) {
	t := cog()
	for at := range t.sirens.find(siren, 9) {
		m := t.communes.at(at)
		return Body{Commune, Geozone{Commune, m.Code}, m.Name}, true
	}
	if e, ok := t.epcis[siren]; ok {
		return Body{EPCI, Geozone{EPCI, siren}, e.name}, true
	}
	b, ok := t.bySIREN[siren]
	return b, ok
}

// RegionOf is the code of the région of a département, "" if unknown. An
// overseas collectivity is its own région.
func RegionOf(departement string) string { return cog().departements[departement].region }

// DepartementName is the name of a département, "" if unknown.
func DepartementName(code string) string { return cog().departements[code].name }

// RegionName is the name of a région, "" if unknown.
func RegionName(code string) string { return cog().regions[code] }

// Communes ranges over the communes of today, by code.
func Communes() iter.Seq[Municipality] {
	return func(yield func(Municipality) bool) {
		c := &cog().communes
		for at := range c.len() {
			if !yield(c.at(at)) {
				return
			}
		}
	}
}

// EPCIs ranges over the EPCI and the parts of Grand Paris, by SIREN.
func EPCIs() iter.Seq[Geozone] {
	return func(yield func(Geozone) bool) {
		for _, code := range cog().epciCodes {
			if !yield(Geozone{EPCI, code}) {
				return
			}
		}
	}
}

// DepartementCodes ranges over the départements and overseas collectivities,
// by code. Alsace as one collectivity (6AE) is not among them.
func DepartementCodes() iter.Seq[string] {
	codes := slices.Sorted(maps.Keys(cog().departements))
	return slices.Values(slices.DeleteFunc(codes, func(c string) bool { return c == alsace }))
}

// RegionCodes ranges over the régions and overseas collectivities, by code.
func RegionCodes() iter.Seq[string] { return slices.Values(slices.Sorted(maps.Keys(cog().regions))) }

// members lists the communes of an EPCI or EPT.
func members(code string) []Municipality {
	t := cog()
	var ms []Municipality
	for _, at := range t.members[code] {
		ms = append(ms, t.communes.at(int(at)))
	}
	return ms
}

// Bodies ranges over the bodies that stand for a département or a région, by
// SIREN. Communes and EPCI have theirs in [Communes] and [EPCIs].
func Bodies() iter.Seq2[string, Body] {
	return func(yield func(string, Body) bool) {
		t := cog()
		for _, siren := range slices.Sorted(maps.Keys(t.bySIREN)) {
			if !yield(siren, t.bySIREN[siren]) {
				return
			}
		}
	}
}
