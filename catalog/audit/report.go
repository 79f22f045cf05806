package audit

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"maillon/catalog/territory"
)

// An Actor is a body: a legal unit, with all its establishments.
type Actor struct {
	ID     string   `json:"id"`    // its SIREN; "commune:CODE" if it has none; the identifier as written if that is no SIRET
	SIRET  string   `json:"siret"` // under which most is known of it; "" if no establishment is known
	SIRETs []string `json:"sirets,omitempty"`
	Name   string   `json:"name"`
	// Level and Geozone are those of the geographic code; an organisme takes the
	// geozone of its node, or has none.
	Level        territory.Level   `json:"level"`
	Geozone      territory.Geozone `json:"geozone,omitzero"`
	Departements []string          `json:"departements,omitempty"` // codes: those that an EPCI touches; none for a région
	EPCI         string            `json:"epci,omitempty"`         // SIREN, of a commune
	Population   int               `json:"population,omitempty"`   // of a commune

	State     State      `json:"state"`
	DCAT      DCAT       `json:"dcat"`
	Nodes     []Node     `json:"nodes,omitempty"` // its own
	By        []string   `json:"by,omitempty"`    // other nodes in whose journals its contracts stand
	Sources   []string   `json:"sources,omitempty"`
	Last      time.Time  `json:"last,omitzero"` // receipt of the newest thing of it
	Silent    bool       `json:"silent"`        // it publishes, and nothing came for SilentAfter
	Obstacles []Obstacle `json:"obstacles,omitempty"`
	Contracts int        `json:"contracts"`
	ToCorrect int        `json:"toCorrect"`
	Late      int        `json:"late"`
	// Errors that people reported of its contracts and nobody answered, when the oldest
	// was made, and how many days ago that was.
	Unanswered       int       `json:"unanswered"`
	OldestUnanswered time.Time `json:"oldestUnanswered,omitzero"`
	UnansweredDays   int       `json:"unansweredDays"`

	Measure *Measure `json:"-"` // never nil
	errors  []string // of its sources
	most    int      // contracts under SIRET
}

// A Total counts the bodies of a level, a département or an EPCI.
type Total struct {
	Key       string        `json:"key"` // a level, or the code of the territory
	Name      string        `json:"name,omitempty"`
	Bodies    int           `json:"bodies"` // that may have to publish
	States    map[State]int `json:"states"`
	DCAT      int           `json:"dcat"`      // with a catalogue, their own or hosted
	Silent    int           `json:"silent"`    // that publish, and are silent
	Obstacles int           `json:"obstacles"` // with at least one
	Contracts int           `json:"contracts"`
	ToCorrect int           `json:"toCorrect"`
	Late      int           `json:"late"`

	Unanswered     int `json:"unanswered"`     // errors that people reported and nobody answered
	UnansweredDays int `json:"unansweredDays"` // since the oldest of them was made
}

// Publishing is how many of the bodies publish in some way.
func (t Total) Publishing() int { return t.States[Own] + t.States[Other] + t.States[Harvested] }

func (t *Total) add(a *Actor) {
	t.Bodies++
	if t.States == nil {
		t.States = map[State]int{}
	}
	t.States[a.State]++
	t.Contracts += a.Contracts
	t.ToCorrect += a.ToCorrect
	t.Late += a.Late
	t.Unanswered += a.Unanswered
	t.UnansweredDays = max(t.UnansweredDays, a.UnansweredDays)
	for _, is := range []struct {
		n   *int
		yes bool
	}{{&t.DCAT, a.DCAT != DCATNone}, {&t.Silent, a.Silent}, {&t.Obstacles, len(a.Obstacles) > 0}} {
		if is.yes {
			*is.n++
		}
	}
}

// A Report is the audit of a territory. It is not changed once made.
type Report struct {
	Territory    territory.Geozone
	At           time.Time
	Actors       []*Actor // those of which something is known first, then by level, name and id
	Outside      []*Actor // met here, but of another territory: in no total
	All          Total
	Levels       []Total
	Departements []Total
	EPCIs        []Total // of the communes in each
	Obstacles    Tally   // bodies that have each
	Measure      Measure // of all actors

	byID  map[string]*Actor
	names map[string]string // of nodes
}

// NodeName is the name of a node, or its id.
func (r *Report) NodeName(id string) string { return cmp.Or(r.names[id], id) }

// Find finds an actor by its id, its SIREN or one of its SIRETs, those of
// another territory too.
func (r *Report) Find(id string) (*Actor, bool) {
	a, ok := r.byID[keyOf(id)]
	return a, ok
}

// keyOf is the id of the actor that an identifier belongs to.
func keyOf(id string) string {
	const siren, siret = 9, 14
	if (len(id) == siret || len(id) == siren) && territory.IsSIREN(id[:siren]) {
		return id[:siren]
	}
	return id
}

// Compile makes the audit of a territory.
func Compile(in Input) *Report {
	b := builder{in: in, byID: map[string]*Actor{}}
	b.geographic()
	for _, n := range in.Nodes {
		b.node(n)
	}
	for _, buyer := range in.Buyers {
		b.buyer(buyer)
	}
	for _, f := range in.Foreign {
		b.foreign(f)
	}
	for _, u := range in.Reports {
		b.reported(u)
	}
	return b.report()
}

// report judges the actors and adds them up.
func (b *builder) report() *Report {
	r := &Report{Territory: b.in.Territory, At: b.in.Now, byID: b.byID, names: map[string]string{}}
	for _, n := range b.in.Nodes {
		r.names[n.ID] = n.Name
	}
	for _, a := range b.byID {
		b.judge(a)
		if b.outside(a) {
			r.Outside = append(r.Outside, a)
		} else {
			r.Actors = append(r.Actors, a)
		}
	}
	slices.SortFunc(r.Actors, compareActors)
	slices.SortFunc(r.Outside, compareActors)
	near := territory.Departements(b.in.Territory)
	levels, departements, epcis := map[string]*Total{}, map[string]*Total{}, map[string]*Total{}
	for _, a := range r.Actors {
		r.All.add(a)
		count(levels, string(a.Level), a)
		for _, d := range a.Departements {
			if len(near) == 0 || slices.Contains(near, d) { // of an EPCI that lies across the border the inner part
				count(departements, d, a)
			}
		}
		if a.EPCI != "" {
			count(epcis, a.EPCI, a)
		}
		for _, o := range a.Obstacles {
			r.Obstacles.Add(string(o), 1)
		}
		r.Measure.Merge(a.Measure)
	}
	r.Levels = ordered(levels, func(a, b Total) int { return rank(territory.Level(a.Key)) - rank(territory.Level(b.Key)) })
	byKey := func(a, b Total) int { return strings.Compare(a.Key, b.Key) }
	r.Departements, r.EPCIs = ordered(departements, byKey), ordered(epcis, byKey)
	for i, t := range r.Departements {
		r.Departements[i].Name = territory.DepartementName(t.Key)
	}
	for i, t := range r.EPCIs {
		z, err := territory.ParseGeozone("fr:epci:" + t.Key)
		if err == nil {
			r.EPCIs[i].Name = territory.Name(z)
		}
	}
	return r
}

func count(to map[string]*Total, key string, a *Actor) {
	t := to[key]
	if t == nil {
		t = &Total{Key: key}
		to[key] = t
	}
	t.add(a)
}

func ordered(all map[string]*Total, by func(a, b Total) int) []Total {
	out := make([]Total, 0, len(all))
	for _, t := range all {
		out = append(out, *t)
	}
	slices.SortFunc(out, by)
	return out
}

func compareActors(a, b *Actor) int {
	known := func(a *Actor) int {
		if a.State == Unknown {
			return 1
		}
		return 0
	}
	return cmp.Or(known(a)-known(b), rank(a.Level)-rank(b.Level), strings.Compare(a.Name, b.Name), strings.Compare(a.ID, b.ID))
}

// rank orders the levels as territory.Levels does.
func rank(l territory.Level) int { return slices.Index(territory.Levels(), l) }

// Number is the number that names the body in addresses: its SIRET, or what is
// known instead.
func (a *Actor) Number() string { return cmp.Or(a.SIRET, a.ID) }
