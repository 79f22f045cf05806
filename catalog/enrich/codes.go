package enrich

import (
	"strings"
	"sync"

	"maillon/catalog/territory"
)

// Codes are the INSEE codes of a place, "" where a level is not known. They are what a
// [Where] says, for tables of millions of lines.
type Codes struct{ Commune, Departement, Region string }

// PlaceCodes is [Place] in codes.
func PlaceCodes(code, codeType string) Codes {
	code = strings.ToUpper(strings.TrimSpace(code))
	var c Codes
	switch kind := strings.ToLower(codeType); {
	case strings.Contains(kind, "postal"):
		c.Commune = territory.OnlyCommune(pad(code, 5))
	case strings.Contains(kind, "commune"):
		if m, ok := territory.CommuneByCode(pad(code, 5)); ok {
			c.Commune = m.Code
		}
	case strings.Contains(kind, "gion"):
		if region := pad(code, 2); territory.RegionName(region) != "" {
			c.Region = region
		}
	}
	if m, ok := territory.CommuneByCode(c.Commune); ok {
		c.Departement = m.Departement
	} else {
		c.Departement = territory.DepartementOf(code, codeType)
	}
	if c.Departement != "" {
		c.Region = territory.RegionOf(c.Departement)
	}
	return c
}

// BuyerCodes is where a buyer that stands for a territory is, in codes.
func BuyerCodes(siret string) Codes {
	const siren = 9
	if len(siret) < siren {
		return Codes{}
	}
	body, ok := territory.BySIREN(siret[:siren])
	if !ok {
		return Codes{}
	}
	if body.Level == territory.EPCI {
		return unions()[body.Geozone]
	}
	return codesIn(body.Geozone)
}

// unions are the codes of every EPCI: to find one takes a look at all its communes.
var unions = sync.OnceValue(func() map[territory.Geozone]Codes {
	all := map[territory.Geozone]Codes{}
	for z := range territory.EPCIs() {
		all[z] = codesIn(z)
	}
	return all
})

// codesIn are the codes of a territory and of what it lies in.
func codesIn(z territory.Geozone) Codes {
	var c Codes
	switch z.Level() {
	case territory.Region:
		return Codes{Region: z.Code()}
	case territory.Commune:
		c.Commune = z.Code()
	}
	departements := territory.Departements(z)
	if len(departements) == 1 {
		c.Departement = departements[0]
	} else if z.Level() == territory.Departement { // Alsace
		c.Departement = z.Code()
	}
	for i, d := range departements {
		switch r := territory.RegionOf(d); {
		case i == 0:
			c.Region = r
		case r != c.Region:
			c.Region = ""
			return c
		}
	}
	return c
}
