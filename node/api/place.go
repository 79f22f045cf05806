package api

import "maillon/catalog/territory"

// placeOf finds the level and geozone of a body in the geographic code.
func placeOf(siret string) (level, geozone string) {
	const siren = 9
	if len(siret) < siren {
		return "", ""
	}
	b, ok := territory.BySIREN(siret[:siren])
	if !ok {
		return "", ""
	}
	return string(b.Level), b.Geozone.String()
}
