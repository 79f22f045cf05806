package audit

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"maillon/catalog/territory"
)

// A builder gathers what is known of each actor.
type builder struct {
	in   Input
	byID map[string]*Actor
}

// geographic adds the bodies that stand for the territories inside the one audited.
func (b *builder) geographic() {
	z := b.in.Territory
	if z.IsZero() {
		return
	}
	for m := range territory.Communes() {
		if !inside(z, m) {
			continue
		}
		a := b.actor(cmp.Or(m.SIREN, "commune:"+m.Code))
		a.Name, a.Level, a.EPCI, a.Population = m.Name, territory.Commune, m.EPCI, m.Population
		a.Geozone, _ = territory.ParseGeozone("fr:commune:" + m.Code) // of the code itself: it is known
		a.Departements = []string{m.Departement}
	}
	for e := range territory.EPCIs() {
		if territory.Contains(z, e) {
			b.place(b.actor(e.Code()), territory.EPCI, e, territory.Name(e))
		}
	}
	for siren, body := range territory.Bodies() {
		if territory.Contains(z, body.Geozone) {
			b.place(b.actor(siren), body.Level, body.Geozone, body.Name)
		}
	}
}

// inside reports whether a commune lies in z, at once for the large territories.
func inside(z territory.Geozone, m territory.Municipality) bool {
	switch z.Level() {
	case territory.National:
		return true
	case territory.Region:
		return territory.RegionOf(m.Departement) == z.Code()
	case territory.EPCI:
		return m.EPCI == z.Code() || m.EPT == z.Code()
	case territory.Departement:
		return slices.Contains(territory.Departements(z), m.Departement)
	}
	return m.Code == z.Code()
}

func (b *builder) actor(id string) *Actor {
	a := b.byID[id]
	if a == nil {
		a = &Actor{ID: id, Measure: &Measure{}}
		b.byID[id] = a
	}
	return a
}

// met is the actor of a SIRET that was met; if the geographic code knows it,
// with its place.
func (b *builder) met(siret, name string) *Actor {
	id := keyOf(siret)
	a := b.actor(id)
	if a.Level == "" {
		if body, ok := territory.BySIREN(id); ok {
			b.place(a, body.Level, body.Geozone, body.Name)
		} else {
			a.Level, a.Name = territory.Organisme, name
		}
	}
	if a.Name == "" {
		a.Name = name
	}
	if id != siret && len(siret) > len(id) && !slices.Contains(a.SIRETs, siret) {
		a.SIRETs = append(a.SIRETs, siret)
	}
	return a
}

func (b *builder) place(a *Actor, level territory.Level, z territory.Geozone, name string) {
	a.Level, a.Geozone, a.Name = level, z, name
	switch level {
	case territory.Commune:
		m, _ := territory.CommuneByCode(z.Code())
		a.EPCI, a.Population, a.Departements = m.EPCI, m.Population, []string{m.Departement}
	case territory.EPCI, territory.Departement:
		a.Departements = territory.Departements(z)
	}
}

// siretOf is the body of a node id.
func siretOf(node string) string {
	siret, _, _ := strings.Cut(node, "-")
	return siret
}

func (b *builder) node(n Node) {
	a := b.met(siretOf(n.ID), n.Name)
	a.Nodes = append(a.Nodes, n)
	if a.Level == territory.Organisme && a.Geozone.IsZero() {
		if z, err := territory.ParseGeozone(n.Geozone); err == nil {
			a.Geozone = z
			if d := territory.Departements(z); len(d) == 1 {
				a.Departements = d
			}
		}
	}
}

func (b *builder) buyer(y Buyer) {
	a := b.met(y.ID, y.Name)
	a.Measure.Merge(y.Measure)
	if y.Last.After(a.Last) {
		a.Last = y.Last
	}
	if n := y.Measure.Contracts(); a.SIRET == "" || n > a.most || n == a.most && y.ID < a.SIRET {
		a.SIRET, a.most = y.ID, n
	}
	for node, harvested := range y.By {
		switch {
		case keyOf(siretOf(node)) == a.ID && !harvested:
			a.best(Own)
		case harvested:
			a.best(Harvested)
		default:
			a.best(Other)
		}
		if keyOf(siretOf(node)) != a.ID && !slices.Contains(a.By, node) {
			a.By = append(a.By, node)
		}
	}
}

func (b *builder) foreign(f Foreign) {
	a := b.met(f.SIRET, f.Name)
	a.DCAT = DCATOwn
	a.best(Idle)
	if !slices.Contains(a.Sources, f.Source) {
		a.Sources = append(a.Sources, f.Source)
	}
	if f.Error != "" {
		a.errors = append(a.errors, f.Error)
	}
	if f.Last.After(a.Last) {
		a.Last = f.Last
	}
}

// reported adds what was reported of a buyer; one of whom there is nothing else any more
// is no actor by that.
func (b *builder) reported(u Unanswered) {
	a, known := b.byID[keyOf(u.Buyer)]
	if !known || u.N == 0 {
		return
	}
	a.Unanswered += u.N
	if a.OldestUnanswered.IsZero() || u.Oldest.Before(a.OldestUnanswered) {
		a.OldestUnanswered = u.Oldest.UTC()
		a.UnansweredDays = max(0, int(b.in.Now.Sub(u.Oldest)/(24*time.Hour)))
	}
}

// best takes s if it is better than the state so far.
func (a *Actor) best(s State) {
	if a.State == "" || slices.Index(States(), s) < slices.Index(States(), a.State) {
		a.State = s
	}
}

// judge draws from what was gathered of an actor.
func (b *builder) judge(a *Actor) {
	slices.Sort(a.SIRETs)
	slices.Sort(a.By)
	slices.Sort(a.Sources)
	slices.SortFunc(a.Nodes, func(x, y Node) int { return strings.Compare(x.ID, y.ID) })
	switch {
	case len(a.Nodes) > 0:
		a.best(Idle)
		a.SIRET, a.DCAT = siretOf(a.Nodes[0].ID), DCATOwn
	case a.State == Own:
		a.DCAT = DCATOwn
	case a.DCAT == "" && a.State == Other:
		a.DCAT = DCATHosted
	}
	if a.State == "" {
		a.State = Unknown
	}
	if a.DCAT == "" {
		a.DCAT = DCATNone
	}
	if a.SIRET == "" && len(a.SIRETs) > 0 {
		a.SIRET = a.SIRETs[0]
	}
	if a.Name == "" {
		a.Name = cmp.Or(a.SIRET, a.ID)
	}
	m := a.Measure
	a.Contracts, a.ToCorrect, a.Late = m.Contracts(), m.ToCorrect, m.Late+m.BegunLate
	a.Silent = a.State.Publishes() && !a.Last.IsZero() && b.in.Now.Sub(a.Last) > SilentAfter
	a.Obstacles = obstacles(a, b.in)
}

func obstacles(a *Actor, in Input) []Obstacle {
	var out []Obstacle
	have := map[Obstacle]bool{
		SourceFailing: len(a.errors) > 0,
		OnlyToCorrect: a.Measure.Conforming == 0 && a.Measure.ToCorrect > 0,
		NoContact:     len(a.Nodes) > 0 && !slices.ContainsFunc(a.Nodes, func(n Node) bool { return n.Contact != "" }),
	}
	for _, n := range a.Nodes {
		have[Suspended] = have[Suspended] || n.State == "suspended"
		have[Pending] = have[Pending] || n.State == "pending"
		have[Unreachable] = have[Unreachable] || n.Error != "" && n.State == "accepted"
		have[CharterExpired] = have[CharterExpired] || !n.Expires.IsZero() && in.Now.After(n.Expires)
	}
	for _, o := range Obstacles() {
		if have[o] {
			out = append(out, o)
		}
	}
	return out
}

// outside reports whether an actor belongs to another territory than the one
// audited. Whoever audits belongs to its own; of an organisme without a place it
// is not known, and it stays.
func (b *builder) outside(a *Actor) bool {
	if a.ID == keyOf(siretOf(b.in.Self)) || a.Geozone.IsZero() || b.in.Territory.IsZero() {
		return false
	}
	return !territory.Contains(b.in.Territory, a.Geozone)
}
