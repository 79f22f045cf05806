package search

import (
	"slices"
	"strings"
	"sync"

	"maillon/catalog/pivot"
	"maillon/catalog/territory"
)

// A buyerFact is what the geographic code knows of a buyer.
type buyerFact struct {
	zone  territory.Geozone // none for an organisme
	level string            // "" if the identifier is no SIRET
	rank  uint32            // its place in levels plus one; 0 for none
	name  string            // of the body

	departement, region uint32 // codes of where it sits
}

// A place is a territory at each level, as codes of a places.
type place struct {
	departement, region, epci, commune uint32
	given                              bool // by the contract
}

// places numbers territories.
type places struct{ departements, regions, epcis, communes *dict }

func newPlaces() *places {
	return &places{newDict(1 << 8), newDict(1 << 8), newDict(1 << 16), newDict(1 << 16)}
}

// buyer is what is known of a buyer.
func (p *places) buyer(siret string) buyerFact {
	f := buyerFactOf(siret)
	f.rank = uint32(slices.Index(levels, f.level) + 1)
	if ds := territory.Departements(f.zone); len(ds) > 0 && f.zone.Level() != territory.National {
		f.region = p.regions.code(territory.RegionOf(ds[0]))
		if f.zone.Level() != territory.Region {
			f.departement = p.departements.code(ds[0])
		}
	}
	return f
}

func buyerFactOf(siret string) buyerFact {
	if len(siret) < 9 {
		return buyerFact{}
	}
	f := buyerFact{level: string(territory.Organisme)}
	if !territory.IsSIREN(siret[:9]) {
		f.level = ""
	}
	if body, ok := territory.BySIREN(siret[:9]); ok {
		f = buyerFact{zone: body.Geozone, level: string(body.Level), name: body.Name}
	}
	return f
}

// of is where a contract is executed, at each level at which that is known; where
// nothing is known, where its buyer sits. departement is that of its row in lists.
func (p *places) of(c *pivot.Contract, departement string, buyer buyerFact) place {
	var out place
	var zone territory.Geozone
	if c.Place != nil {
		zone = zoneOf(c.Place.Code, c.Place.CodeType)
		out.given = !zone.IsZero() || territory.DepartementOf(c.Place.Code, c.Place.CodeType) != ""
	}
	if !out.given {
		zone = buyer.zone
	}
	region := territory.RegionOf(departement)
	switch zone.Level() {
	case territory.Commune:
		m, _ := territory.CommuneByCode(zone.Code())
		out.commune, out.epci = p.communes.code(m.Code), p.epcis.code(m.EPCI)
	case territory.EPCI:
		out.epci = p.epcis.code(zone.Code())
	case territory.Region:
		region = zone.Code()
	}
	out.departement, out.region = p.departements.code(departement), p.regions.code(region)
	return out
}

// zoneOf is the commune of a lieuExecution, or its région; none where neither follows
// from the code: a postcode that several communes share is never guessed.
func zoneOf(code, codeType string) territory.Geozone {
	code = strings.ToUpper(strings.TrimSpace(code))
	kind := strings.ToLower(codeType)
	name := ""
	switch {
	case strings.Contains(kind, "postal"):
		name = "commune:" + communeOfPostcode(padded(code, 5))
	case strings.Contains(kind, "commune"):
		name = "commune:" + padded(code, 5)
	case strings.Contains(kind, "gion"):
		name = "region:" + padded(code, 2)
	default:
		return territory.Geozone{}
	}
	z, err := territory.ParseGeozone("fr:" + name)
	if err != nil {
		return territory.Geozone{}
	}
	return z
}

// padded puts back a zero that a spreadsheet took from the start.
func padded(code string, n int) string {
	if len(code) == n-1 {
		return "0" + code
	}
	return code
}

// soleCommunes are the communes that are alone under their postcode.
var soleCommunes = sync.OnceValue(func() map[string]string {
	out := map[string]string{}
	for m := range territory.Communes() {
		for code := range strings.FieldsSeq(m.Postcodes) {
			if _, shared := out[code]; shared {
				out[code] = ""
			} else {
				out[code] = m.Code
			}
		}
	}
	return out
})

func communeOfPostcode(code string) string { return soleCommunes()[code] }
