package audit

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"maillon/catalog"
	"maillon/catalog/pivot"
	"maillon/catalog/territory"
	"maillon/catalog/texts"
)

const (
	rennes    = "21350238800019"
	acigne    = "21350001000011"
	metropole = "24350013900189"
	megalis   = "25351449100047"
	region    = "23350001600040"
	paris     = "21750001600019"
)

var now = time.Date(2026, 6, 30, 12, 0, 0, 0, time.UTC)

func zone(t testing.TB, s string) territory.Geozone {
	t.Helper()
	z, err := territory.ParseGeozone(s)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// contracts measures n contracts, of which some are to be corrected.
func contracts(n, faulty int) *Measure {
	m := &Measure{}
	for i := range n {
		c := marche("2026-01-05", "2026-01-25")
		if i < faulty {
			c.State = pivot.ToCorrect
		}
		m.Add(&c)
	}
	return m
}

func node(id, zone string) Node {
	return Node{ID: id, State: "accepted", Geozone: zone, URL: "https://n.example", Catalog: "https://n.example/catalog", Contact: "a@b.example"}
}

func TestStates(t *testing.T) {
	buyer := func(id string, by map[string]bool) Buyer {
		return Buyer{ID: id, By: by, Last: now.AddDate(0, -1, 0), Measure: contracts(1, 0)}
	}
	for _, c := range []struct {
		name  string
		in    Input
		state State
		dcat  DCAT
	}{
		{"nothing", Input{}, Unknown, DCATNone},
		{"a node without contracts", Input{Nodes: []Node{node(rennes, "")}}, Idle, DCATOwn},
		{"own node", Input{Nodes: []Node{node(rennes, "")}, Buyers: []Buyer{buyer(rennes, map[string]bool{rennes: false})}}, Own, DCATOwn},
		{"own second node", Input{Nodes: []Node{node(rennes+"-2", "")}, Buyers: []Buyer{buyer(rennes, map[string]bool{rennes + "-2": false})}}, Own, DCATOwn},
		{"another establishment's node", Input{Buyers: []Buyer{buyer("21350238800027", map[string]bool{rennes: false})}}, Own, DCATOwn},
		{"another's node", Input{Buyers: []Buyer{buyer(rennes, map[string]bool{megalis: false})}}, Other, DCATHosted},
		{"harvested", Input{Buyers: []Buyer{buyer(rennes, map[string]bool{region: true})}}, Harvested, DCATNone},
		{"harvested by its own node", Input{Buyers: []Buyer{buyer(rennes, map[string]bool{rennes: true})}}, Harvested, DCATNone},
		{"harvested and published", Input{Buyers: []Buyer{buyer(rennes, map[string]bool{region: true, megalis: false})}}, Other, DCATHosted},
		{"a foreign catalogue only", Input{Foreign: []Foreign{{SIRET: rennes, Source: "https://p.example"}}}, Idle, DCATOwn},
		{"a foreign catalogue and its contracts", Input{Foreign: []Foreign{{SIRET: rennes}}, Buyers: []Buyer{buyer(rennes, map[string]bool{region: true})}}, Harvested, DCATOwn},
	} {
		c.in.Territory, c.in.Now = zone(t, "fr:commune:35238"), now
		a, ok := Compile(c.in).Find(rennes)
		if !ok || a.State != c.state || a.DCAT != c.dcat {
			t.Errorf("%s: %+v, want %s and %s", c.name, a, c.state, c.dcat)
		}
	}
}

func TestObstaclesAndSilence(t *testing.T) {
	set := func(change func(*Node)) Node { n := node(rennes, ""); change(&n); return n }
	for _, c := range []struct {
		name string
		node Node
		last time.Time
		m    *Measure
		want []Obstacle
		mute bool
	}{
		{"none", node(rennes, ""), now, contracts(2, 1), nil, false},
		{"suspended", set(func(n *Node) { n.State = "suspended" }), now, contracts(1, 0), []Obstacle{Suspended}, false},
		{"pending", set(func(n *Node) { n.State = "pending" }), now, contracts(1, 0), []Obstacle{Pending}, false},
		{"unreachable", set(func(n *Node) { n.Error = "timeout" }), now, contracts(1, 0), []Obstacle{Unreachable}, false},
		{"suspended nodes are not asked", set(func(n *Node) { n.State, n.Error = "suspended", "timeout" }), now, contracts(1, 0), []Obstacle{Suspended}, false},
		{"no contact", set(func(n *Node) { n.Contact = "" }), now, contracts(1, 0), []Obstacle{NoContact}, false},
		{"charter", set(func(n *Node) { n.Expires = now.Add(-time.Second) }), now, contracts(1, 0), []Obstacle{CharterExpired}, false},
		{"charter that holds", set(func(n *Node) { n.Expires = now }), now, contracts(1, 0), nil, false},
		{"only to correct", node(rennes, ""), now, contracts(2, 2), []Obstacle{OnlyToCorrect}, false},
		{"six months to the day", node(rennes, ""), now.Add(-SilentAfter), contracts(1, 0), nil, false},
		{"silent", node(rennes, ""), now.Add(-SilentAfter - time.Second), contracts(1, 0), nil, true},
	} {
		r := Compile(Input{Territory: zone(t, "fr:commune:35238"), Now: now, Nodes: []Node{c.node},
			Buyers: []Buyer{{ID: rennes, By: map[string]bool{rennes: false}, Last: c.last, Measure: c.m}}})
		a, _ := r.Find(rennes)
		if diff := gocmp.Diff(c.want, a.Obstacles); diff != "" || a.Silent != c.mute {
			t.Errorf("%s: silent %v, obstacles %s", c.name, a.Silent, diff)
		}
	}
}

func TestWhoIsInATerritory(t *testing.T) {
	for _, c := range []struct {
		zone   string
		bodies int
		levels []string
	}{
		{"fr:commune:35238", 1, []string{"commune"}},
		{"fr:epci:243500139", 44, []string{"commune", "epci"}}, // 43 communes
		{"fr:region:53", 0, []string{"commune", "epci", "departement", "region"}},
		{"fr", 0, []string{"commune", "epci", "departement", "region"}},
	} {
		r := Compile(Input{Territory: zone(t, c.zone), Now: now})
		var levels []string
		sum := 0
		for _, l := range r.Levels {
			levels = append(levels, l.Key)
			sum += l.Bodies
		}
		if !slices.Equal(levels, c.levels) || sum != r.All.Bodies || c.bodies > 0 && sum != c.bodies || r.All.States[Unknown] != sum {
			t.Errorf("%s: %v, %+v", c.zone, levels, r.All)
		}
		if len(r.Outside) != 0 {
			t.Errorf("%s: %d bodies of the code are outside", c.zone, len(r.Outside))
		}
	}
}

func TestBodiesOfOtherTerritoriesAreInNoTotal(t *testing.T) {
	r := Compile(Input{Territory: zone(t, "fr:region:53"), Self: region, Now: now,
		Nodes:  []Node{node(megalis, "fr:region:53"), node("18000001000017", "fr:region:11")},
		Buyers: []Buyer{{ID: paris, Measure: contracts(5, 0), By: map[string]bool{megalis: false}}, {ID: rennes, Measure: contracts(2, 0), By: map[string]bool{megalis: false}}}})
	if len(r.Outside) != 2 || r.All.Contracts != 2 || r.Measure.Contracts() != 2 {
		t.Errorf("outside %d, contracts %d", len(r.Outside), r.All.Contracts)
	}
	if a, ok := r.Find(paris); !ok || a.Contracts != 5 {
		t.Error("a body outside still has its report")
	}
	for _, d := range r.Departements {
		if territory.RegionOf(d.Key) != "53" {
			t.Errorf("département %s counts in Bretagne", d.Key)
		}
	}
}

func TestAReportIsTheSameInAnyOrder(t *testing.T) {
	in := Input{Territory: zone(t, "fr:departement:35"), Now: now, Nodes: []Node{node(rennes, ""), node(megalis, "fr:commune:35238"), node(rennes+"-2", "")},
		Buyers: []Buyer{
			{ID: rennes, By: map[string]bool{megalis: false, rennes: false}, Measure: contracts(2, 0)}, {ID: "21350238800027", By: map[string]bool{rennes: false}, Measure: contracts(3, 1)},
			{ID: "mal écrit", Name: "Syndicat", By: map[string]bool{megalis: false}, Measure: contracts(1, 1)}},
		Foreign: []Foreign{{SIRET: acigne, Source: "b", Error: "x"}, {SIRET: acigne, Source: "a"}}}
	whole := Compile(in)
	slices.Reverse(in.Nodes)
	slices.Reverse(in.Buyers)
	slices.Reverse(in.Foreign)
	strip := gocmp.FilterPath(func(p gocmp.Path) bool { n := p.Last().String(); return n == ".byID" || n == ".errors" }, gocmp.Ignore())
	if diff := gocmp.Diff(whole, Compile(in), strip, gocmp.AllowUnexported(Report{}, Actor{}, Measure{}), gocmp.Comparer(func(a, b territory.Geozone) bool { return a == b })); diff != "" {
		t.Error(diff)
	}
	if a, _ := whole.Find(rennes); a.SIRET != rennes || a.Contracts != 5 || len(a.SIRETs) != 2 {
		t.Errorf("Rennes with two establishments: %+v", a)
	}
	if a, ok := whole.Find("mal écrit"); !ok || a.Level != territory.Organisme || a.Name != "Syndicat" {
		t.Errorf("a buyer with a bad identifier: %+v", a)
	}
}

func TestLettersPutTheMostUsefulFirst(t *testing.T) {
	m := contracts(10, 0)
	for i := range 8 {
		c := marche("2026-01-05", "2026-05-05")
		c.State, c.Problems = pivot.ToCorrect, problems("minimum", i%2 == 0, "enum")
		m.Add(&c)
	}
	bad := node(rennes, "")
	bad.Contact, bad.Error = "", "connexion refusée"
	r := Compile(Input{Territory: zone(t, "fr:departement:35"), Now: now, Nodes: []Node{bad},
		Buyers: []Buyer{{ID: rennes, By: map[string]bool{rennes: false}, Last: now.AddDate(-1, 0, 0), Measure: m}}})
	a, _ := r.Find(rennes)
	var codes []string
	for _, l := range LetterOf(r, a, texts.French).Mend {
		if l.Code != "field" { // the samples leave most fields out
			codes = append(codes, strings.TrimSpace(l.Code+" "+l.Rule))
		}
	}
	want := []string{"unreachable", "silent", "no-contact", "rule enum", "late publication-late", "rule minimum"}
	if diff := gocmp.Diff(want, codes); diff != "" {
		t.Error(diff)
	}
}

func TestEveryLineHasItsTextsInBothLanguages(t *testing.T) {
	for _, lang := range texts.Langs {
		r, actors := everyCase(t)
		for _, a := range actors {
			l := LetterOf(r, a, lang)
			for _, line := range append(l.Well, l.Mend...) {
				if line.Text == "" || strings.HasPrefix(line.Text, "audit.") || strings.HasPrefix(line.Hint, "audit.") || strings.Contains(line.Text+line.Hint, "{0}") {
					t.Errorf("%s %s: %+v", lang, a.Name, line)
				}
			}
			if l.Tag != LetterOf(r, a, texts.French).Tag {
				t.Errorf("%s: the tag depends on the language", a.Name)
			}
		}
	}
	for _, s := range States() {
		if !texts.Has("audit.state." + string(s)) {
			t.Errorf("no text for the state %s", s)
		}
	}
	for _, o := range Obstacles() {
		if !texts.Has("audit.obstacle." + string(o)) {
			t.Errorf("no text for the obstacle %s", o)
		}
	}
}

// everyCase has an actor for each state and each obstacle.
func everyCase(t *testing.T) (*Report, []*Actor) {
	in := Input{Territory: zone(t, "fr:departement:35"), Now: now}
	code := 1
	add := func(n Node, b Buyer) {
		for m := range territory.Communes() {
			if m.Departement == "35" && m.Code > fmt.Sprintf("35%03d", code) && m.SIREN != "" {
				code++
				n.ID, b.ID = m.SIREN+"00000", m.SIREN+"00000"
				break
			}
		}
		in.Nodes, in.Buyers = append(in.Nodes, n), append(in.Buyers, b)
	}
	full := Buyer{By: map[string]bool{megalis: false}, Measure: contracts(12, 1), Last: now.AddDate(-1, 0, 0)}
	for _, n := range []Node{{State: "suspended", Reason: "clé perdue"}, {State: "pending"}, {State: "accepted", Error: "x", Expires: now.AddDate(-1, 0, 0)}} {
		add(n, full)
		add(n, Buyer{By: map[string]bool{region: true}, Measure: &Measure{Conforming: 1, Early: 2, Begun: 2, BegunLate: 1, Days: []int16{1}}})
	}
	in.Foreign = []Foreign{{SIRET: acigne, Error: "503", Source: "s"}}
	r := Compile(in)
	return r, r.Actors
}

func BenchmarkCompileFrance(b *testing.B) {
	in := Input{Territory: zone(b, "fr"), Now: now}
	for m := range territory.Communes() {
		if m.SIREN != "" {
			in.Buyers = append(in.Buyers, Buyer{ID: m.SIREN + "00000", By: map[string]bool{megalis: false}, Last: now, Measure: contracts(33, 1)})
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		Compile(in)
	}
}

// problems are errors of the rules; the first only if also is true.
func problems(first string, also bool, rest ...string) (out catalog.Problems) {
	if also {
		rest = append(rest, first)
	}
	for _, rule := range rest {
		out = append(out, catalog.Problem{Rule: rule, Severity: catalog.Error})
	}
	return out
}

// Reports that nobody answered are counted with their age, per body and in all, and the
// letter asks for an answer.
func TestReportsWithoutAnAnswer(t *testing.T) {
	in := Input{Territory: zone(t, "fr:commune:35238"), Now: now, Nodes: []Node{node(rennes, "")},
		Buyers: []Buyer{{ID: rennes, By: map[string]bool{rennes: false}, Last: now, Measure: contracts(2, 0)}},
		Reports: []Unanswered{
			{Buyer: rennes, N: 2, Oldest: now.AddDate(0, 0, -10)}, {Buyer: "21350238800027", N: 1, Oldest: now.AddDate(0, 0, -41)}, // another establishment
			{Buyer: paris, N: 7, Oldest: now}, // nothing is known of it
		}}
	r := Compile(in)
	a, _ := r.Find(rennes)
	if a.Unanswered != 3 || a.UnansweredDays != 41 || !a.OldestUnanswered.Equal(now.AddDate(0, 0, -41)) || r.All.Unanswered != 3 || r.All.UnansweredDays != 41 {
		t.Errorf("%+v, all %+v", a, r.All)
	}
	asked := func(a *Actor) (lines []string) {
		for _, l := range LetterOf(r, a, texts.English).Mend {
			lines = append(lines, l.Code+": "+l.Text)
		}
		return lines
	}
	if got := strings.Join(asked(a), "\n"); !strings.Contains(strings.ReplaceAll(got, "\u00a0", " "), "reports: 3 errors reported on your contracts have no answer; the oldest is of 20 May 2026.") {
		t.Errorf("the letter asks for %s", strings.ReplaceAll(got, "\u00a0", " "))
	}
	in.Reports = []Unanswered{{Buyer: rennes, N: 1, Oldest: now.AddDate(0, 0, -1)}}
	r = Compile(in)
	a, _ = r.Find(rennes)
	if got := strings.Join(asked(a), "\n"); !strings.Contains(got, "report: An error") {
		t.Errorf("the letter asks for %s", got)
	}
	in.Reports = nil
	r = Compile(in)
	a, _ = r.Find(rennes)
	if got := strings.Join(asked(a), "\n"); strings.Contains(got, "report") {
		t.Errorf("without reports the letter asks for %s", got)
	}
}
