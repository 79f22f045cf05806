package territory

import (
	"strings"
)

// DepartementOf is the code of the département of a lieuExecution, "" when it
// is unknown or does not follow from the code (a pays, most régions).
//
// codeType is the typeCode of the legal format, read without regard to case
// and accents: Code postal, Code commune, Code arrondissement, Code canton,
// Code département, Code région, Code pays. A zero lost at the start of a
// code, as spreadsheets do, is put back. A postcode that several départements
// share belongs to the one whose number it bears, if that is one of them.
func DepartementOf(code, codeType string) string {
	code = strings.ToUpper(strings.TrimSpace(code))
	if len(code) > 8 {
		return ""
	}
	switch kind := strings.ToLower(codeType); {
	case strings.Contains(kind, "postal"):
		return departementOfPostcode(pad(code, 5))
	case strings.Contains(kind, "commune"):
		code = pad(code, 5)
		if m, ok := CommuneByCode(code); ok {
			return m.Departement
		}
		return known(departementPrefix(code))
	case strings.Contains(kind, "partement"):
		code = pad(code, 2)
		if code == "20" {
			return "" // Corsica before 1976: 2A or 2B, nobody can tell
		}
		return known(code)
	case strings.Contains(kind, "arrondissement"), strings.Contains(kind, "canton"):
		return known(departementPrefix(code))
	case strings.Contains(kind, "gion"):
		return onlyDepartement(pad(code, 2))
	}
	return ""
}

func departementOfPostcode(code string) string {
	t := cog()
	own := known(departementPrefix(code))
	first, several, among := "", false, false
	for at := range t.postcodes.find(code, postcodeDigits) {
		d := departementPrefix(t.communes.code(at))
		if first == "" {
			first = d
		}
		several = several || d != first
		among = among || d == own
	}
	switch {
	case first != "" && !several:
		return first
	case first == "" || among:
		return own // unknown postcodes are mostly those of large users (CEDEX)
	}
	return ""
}

// onlyDepartement is the département of a région that has one alone.
func onlyDepartement(region string) string {
	if codes := Departements(Geozone{Region, region}); len(codes) == 1 {
		return codes[0]
	}
	return ""
}

// departementPrefix is the part of a commune code or a postcode that names
// the département; Corsica's postcodes say 20, its commune codes 2A and 2B.
func departementPrefix(code string) string {
	switch {
	case len(code) < 3:
		return code
	case strings.HasPrefix(code, "97"), strings.HasPrefix(code, "98"):
		return code[:3]
	case strings.HasPrefix(code, "200"), strings.HasPrefix(code, "201"):
		return "2A"
	case strings.HasPrefix(code, "202"), strings.HasPrefix(code, "206"):
		return "2B"
	}
	return code[:2]
}

// known is code if it is the code of a département, otherwise "".
func known(code string) string {
	if _, ok := cog().departements[code]; !ok || code == alsace {
		return ""
	}
	return code
}

// pad puts back one zero lost at the start of a code of n characters.
func pad(code string, n int) string {
	if len(code) == n-1 {
		return "0" + code
	}
	return code
}

// PostcodeKnown reports whether some commune has the postal code. The CEDEX of
// firms and offices are no codes of a place and are not known.
func PostcodeKnown(code string) bool {
	for range cog().postcodes.find(code, postcodeDigits) {
		return true
	}
	return false
}

const postcodeDigits = 5

// ByPostcode lists the communes of today that a postal code serves, by code;
// most codes serve several.
func ByPostcode(code string) []Municipality {
	t := cog()
	var out []Municipality
	for at := range t.postcodes.find(code, postcodeDigits) {
		out = append(out, t.communes.at(at))
	}
	return out
}

// OnlyCommune is the code of the one commune that a postal code serves, "" if it serves
// several or none.
func OnlyCommune(postcode string) string {
	if only := ByPostcode(postcode); len(only) == 1 {
		return only[0].Code
	}
	return ""
}
