// Package territory knows who and where the public bodies of France are: the
// levels of the federation, geozones, SIREN and SIRET, node ids, and the
// official geographic code (COG) with its communes, intercommunalities (EPCI),
// départements and régions.
//
// [SIREN], [SIRET], [NodeID] and [Geozone] are values that cannot be wrong:
// they are made by their Parse function only, compare with ==, serve as map
// keys, and their zero value means "none". As text (and so in JSON) they are
// written as people write them; the zero value is the empty text.
//
// The geographic code is embedded, read once when first asked for, and never
// changes while the program runs: any number of goroutines may ask at the same
// time. Questions about a place that it does not know are answered by "" or
// false, never by a guess.
//
// The territory is not a tree: an EPCI may lie in several départements, even
// in two régions. [Contains] says what "inside" means.
//
// The package does not know suppliers, does not geocode and draws no map.
package territory

import (
	"fmt"
	"slices"
)

// Level is the échelon at which a node acts.
type Level string

// The levels, from the smallest territory to the largest, then the buyers
// that are no territory.
const (
	Commune     Level = "commune"
	EPCI        Level = "epci" // a group of communes with its own taxation, or a territory of Grand Paris
	Departement Level = "departement"
	Region      Level = "region"
	National    Level = "national"
	Organisme   Level = "organisme" // hospital, school, mixed syndicate, state service…
)

// Levels lists every level in the order of the constants.
func Levels() []Level {
	return []Level{Commune, EPCI, Departement, Region, National, Organisme}
}

// ParseLevel checks that s names a level, in lower case and without accent.
func ParseLevel(s string) (Level, error) {
	if l := Level(s); slices.Contains(Levels(), l) {
		return l, nil
	}
	return "", fmt.Errorf("level %q is unknown, want one of commune, epci, departement, region, national, organisme", shown(s))
}

// shown cuts what came from outside, so that no message grows with it.
func shown(s string) string {
	const most = 40
	if len(s) <= most {
		return s
	}
	return s[:most] + "…"
}
