package setup

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"maillon/catalog/territory"
)

// A Body is a public body that the geographic code knows.
type Body struct {
	SIREN   string
	Name    string
	Level   territory.Level
	Geozone territory.Geozone
	Where   string // what tells it from others of its name: its département
	weight  int    // population, for the order
}

// maxFound bounds what [Find] gives.
const maxFound = 20

// Find looks a body up by its SIRET, its SIREN, its INSEE code or its name, written
// with or without accents, capitals, "commune de". Bodies whose name is just that
// come first, the larger before the smaller.
func Find(query string) []Body {
	query = strings.TrimSpace(query)
	if digits := strings.ReplaceAll(query, " ", ""); len(digits) >= 9 && onlyDigits(digits) {
		if b, ok := territory.BySIREN(digits[:9]); ok {
			return []Body{bodyOf(digits[:9], b)}
		}
		return nil
	}
	if m, ok := territory.CommuneByCode(strings.ToUpper(query)); ok {
		return []Body{commune(m)}
	}
	want := fold(query)
	if want == "" {
		return nil
	}
	var exact, partial []Body
	for b := range bodies() {
		switch name := fold(b.Name); {
		case name == want:
			exact = append(exact, b)
		case len(want) > 3 && strings.Contains(" "+name+" ", " "+want+" "):
			partial = append(partial, b)
		}
	}
	for _, list := range [][]Body{exact, partial} {
		slices.SortStableFunc(list, func(a, b Body) int { return cmp.Compare(b.weight, a.weight) })
	}
	found := append(exact, partial...)
	return found[:min(len(found), maxFound)]
}

// bodies ranges over all that have a SIREN.
func bodies() func(func(Body) bool) {
	return func(yield func(Body) bool) {
		for m := range territory.Communes() {
			if m.SIREN != "" && !yield(commune(m)) {
				return
			}
		}
		for z := range territory.EPCIs() {
			b, ok := territory.BySIREN(z.Code())
			if ok && !yield(bodyOf(z.Code(), b)) {
				return
			}
		}
		for siren, b := range territory.Bodies() {
			if !yield(bodyOf(siren, b)) {
				return
			}
		}
	}
}

func commune(m territory.Municipality) Body {
	z, _ := territory.ParseGeozone("fr:commune:" + m.Code)
	return Body{m.SIREN, m.Name, territory.Commune, z, territory.DepartementName(m.Departement), m.Population}
}

func bodyOf(siren string, b territory.Body) Body {
	if b.Level == territory.Commune {
		if m, ok := territory.CommuneByCode(b.Geozone.Code()); ok {
			return commune(m)
		}
	}
	out := Body{SIREN: siren, Name: b.Name, Level: b.Level, Geozone: b.Geozone}
	if b.Level == territory.EPCI {
		for _, d := range territory.Departements(b.Geozone) {
			out.Where = strings.TrimPrefix(out.Where+", "+territory.DepartementName(d), ", ")
		}
	}
	return out
}

func onlyDigits(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < '0' || r > '9' })
}

// fold makes names comparable: no accents, capitals, hyphens, abbreviations, nor
// what a body is called before its name.
func fold(s string) string {
	var b strings.Builder
	for _, r := range norm.NFD.String(strings.ToLower(s)) {
		switch {
		case unicode.Is(unicode.Mn, r):
		case r == 'œ':
			b.WriteString("oe")
		case unicode.IsLetter(r), unicode.IsDigit(r):
			b.WriteRune(r)
		default:
			b.WriteByte(' ')
		}
	}
	words := strings.Fields(b.String())
	for i, w := range words {
		switch w {
		case "st":
			words[i] = "saint"
		case "ste":
			words[i] = "sainte"
		}
	}
	if len(words) > 2 && slices.Contains([]string{"commune", "ville", "mairie"}, words[0]) && (words[1] == "de" || words[1] == "d" || words[1] == "du") {
		words = words[2:]
	}
	return strings.Join(words, " ")
}

// SeatSIRET is the SIRET that a body has if it has never moved: its first
// establishment. Whoever sets up a node must look whether it is so.
func SeatSIRET(siren string) string {
	for check := range 10 {
		s := siren + "0001" + string(rune('0'+check))
		if territory.IsSIRET(s) {
			return s
		}
	}
	return ""
}

// HubOf proposes the body that leads a territory: the région's council, none for the
// nation and for régions themselves.
func HubOf(z territory.Geozone) (Body, bool) {
	if z.Level() == territory.Region || z.Code() == "" {
		return Body{}, false
	}
	for _, d := range territory.Departements(z) {
		region := territory.RegionOf(d)
		for siren, b := range territory.Bodies() {
			if b.Level == territory.Region && b.Geozone.Code() == region {
				return bodyOf(siren, b), true
			}
		}
	}
	return Body{}, false
}
