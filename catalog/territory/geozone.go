package territory

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

const (
	france = "fr"
	// alsace is the INSEE code of the Collectivité européenne d'Alsace, which
	// acts as the département of both 67 and 68 (law 2019-816).
	alsace = "6AE"
)

// A Geozone is a territory of the embedded geographic code. The zero value is
// "none"; any other value has passed [ParseGeozone] and exists.
type Geozone struct {
	level Level
	code  string
}

// ParseGeozone checks s: "fr", or "fr:", a level and a code of the geographic
// code, as in fr:commune:35238, fr:epci:243500139, fr:departement:35,
// fr:region:53. The code of a commune that was merged, and that of an
// arrondissement of Paris, Lyon or Marseille, give the commune of today.
//
// An organisme has no geozone of its own: it takes the one of its seat.
func ParseGeozone(s string) (Geozone, error) {
	if s == france {
		return Geozone{level: National}, nil
	}
	if s == "" {
		return Geozone{}, errors.New("geozone is empty")
	}
	parts := strings.Split(s, ":")
	if len(s) > 64 || len(parts) != 3 || parts[0] != france {
		return Geozone{}, fmt.Errorf("geozone %q: want fr or fr:level:code, such as fr:commune:35238", shown(s))
	}
	level, code := Level(parts[1]), parts[2]
	z, ok := zone(level, code)
	if !ok {
		switch level {
		case Commune, EPCI, Departement, Region:
			return Geozone{}, fmt.Errorf("geozone %q: the geographic code of %d has no %s %q", shown(s), Vintage, level, shown(code))
		default:
			return Geozone{}, fmt.Errorf("geozone %q has level %q, want commune, epci, departement or region", shown(s), shown(parts[1]))
		}
	}
	return z, nil
}

// zone finds the territory of a level and a code.
func zone(level Level, code string) (Geozone, bool) {
	switch level {
	case Commune:
		m, ok := CommuneByCode(code)
		return Geozone{Commune, m.Code}, ok
	case EPCI:
		_, ok := cog().epcis[code]
		return Geozone{EPCI, code}, ok
	case Departement:
		_, ok := cog().departements[code]
		return Geozone{Departement, code}, ok
	case Region:
		_, ok := cog().regions[code]
		return Geozone{Region, code}, ok
	}
	return Geozone{}, false
}

// String is the text that [ParseGeozone] reads, or "" for the zero value.
func (z Geozone) String() string {
	switch z.level {
	case "":
		return ""
	case National:
		return france
	}
	return france + ":" + string(z.level) + ":" + z.code
}

// IsZero reports whether z is "none".
func (z Geozone) IsZero() bool { return z == Geozone{} }

// Level is Commune, EPCI, Departement, Region or National; "" for the zero value.
func (z Geozone) Level() Level { return z.level }

// Code is the INSEE code, the SIREN of an EPCI, or "" for the whole country.
func (z Geozone) Code() string { return z.code }

// MarshalText writes what String gives.
func (z Geozone) MarshalText() ([]byte, error) { return []byte(z.String()), nil }

// UnmarshalText checks as [ParseGeozone] does; the empty text is the zero value.
func (z *Geozone) UnmarshalText(text []byte) error { return unmarshal(z, text, ParseGeozone) }

// Name is what the geographic code calls the territory ("Rennes", "Rennes
// Métropole", "Ille-et-Vilaine", "Bretagne", "France"), "" for the zero value.
func Name(z Geozone) string {
	switch z.level {
	case Commune:
		m, _ := CommuneByCode(z.code)
		return m.Name
	case EPCI:
		return cog().epcis[z.code].name
	case Departement:
		return DepartementName(z.code)
	case Region:
		return RegionName(z.code)
	case National:
		return "France"
	}
	return ""
}

// rank orders the levels of territories by size.
func rank(l Level) int {
	return 1 + slices.Index([]Level{Commune, EPCI, Departement, Region, National}, l)
}

// Contains reports whether inner lies inside outer; a territory lies inside
// itself. A commune lies in its EPCI, its département and its région; a
// département lies in its région. An EPCI lies in every département and every
// région where one of its communes lies, so that it may lie in several. Of two
// different territories of one level, only the parts of Grand Paris lie in the
// métropole, and the two départements of Alsace in their common collectivity.
// The zero value neither contains nor is contained.
func Contains(outer, inner Geozone) bool {
	if outer.IsZero() || inner.IsZero() || rank(inner.level) > rank(outer.level) {
		return false
	}
	if outer == inner || outer.level == National {
		return true
	}
	switch inner.level {
	case Commune:
		m, _ := CommuneByCode(inner.code)
		return holds(outer, m)
	case EPCI:
		if outer.level == EPCI && !cog().epcis[inner.code].part {
			return false
		}
		return slices.ContainsFunc(members(inner.code), func(m Municipality) bool { return holds(outer, m) })
	case Departement:
		if outer.level == Region {
			return RegionOf(inner.code) == outer.code
		}
		return slices.Contains(Departements(outer), inner.code)
	}
	return false
}

// holds reports whether commune m lies in z.
func holds(z Geozone, m Municipality) bool {
	switch z.level {
	case Commune:
		return z.code == m.Code
	case EPCI:
		return m.EPCI == z.code || m.EPT == z.code
	case Departement:
		return slices.Contains(Departements(z), m.Departement)
	case Region:
		return RegionOf(m.Departement) == z.code
	}
	return z.level == National
}

// Departements lists the codes of the départements that z touches, sorted:
// those of a région, the one of a commune, one or several for an EPCI. The
// overseas collectivities count as départements, as in the geographic code.
func Departements(z Geozone) []string {
	switch z.level {
	case Commune:
		m, _ := CommuneByCode(z.code)
		return []string{m.Departement}
	case EPCI:
		var codes []string
		for _, m := range members(z.code) {
			codes = append(codes, m.Departement)
		}
		slices.Sort(codes)
		return slices.Compact(codes)
	case Departement:
		if z.code == alsace {
			return []string{"67", "68"}
		}
		return []string{z.code}
	case Region, National:
		var codes []string
		for code := range DepartementCodes() {
			if z.level == National || RegionOf(code) == z.code {
				codes = append(codes, code)
			}
		}
		return codes
	}
	return nil
}
