package web

import (
	"time"

	"maillon/catalog/texts"
)

// AuditPage tells of a territory who may have to publish, and who does.
type AuditPage struct {
	Territory  string // its name
	At         time.Time
	Total      AuditTotal
	Outside    int // bodies of other territories met here
	Levels     []AuditTotal
	Map        TileMap
	Maps       []AuditMap   // by real outlines
	Counties   []AuditTotal // by département
	Unions     []AuditTotal // by EPCI, if they are few enough for a page
	Obstacles  []AuditCount
	Filter     AuditFilter
	Actors     []AuditActor
	Found      int // actors that the filter takes, on all pages
	Next       string
	First      string
	JSON, CSV  string
	Conforming int
	Delay      AuditDelay
	Fields     []AuditField
	Rules      []AuditRule
	Trend      []AuditCount // by month of receipt, newest last
}

func (AuditPage) name() string { return "audit" }

func (p AuditPage) title(lang texts.Lang) string {
	return texts.T(lang, "web.audit.title", p.Territory)
}

// FewCounties reports whether their table is short enough to stand open.
func (p AuditPage) FewCounties() bool { return len(p.Counties) <= 12 }

// An AuditTotal counts the bodies of a part of the territory.
type AuditTotal struct {
	Key, Name                          string
	URL                                string // of the page with these bodies only
	Bodies, Own, Other, Harvested      int
	Idle, Unknown, DCAT, Silent, Stuck int
	Contracts, ToCorrect, Late         int
	Unanswered, UnansweredDays         int // reported errors, and the days since the oldest
	Percent                            int // of bodies that publish
}

// Publishing is how many bodies publish in some way.
func (t AuditTotal) Publishing() int { return t.Own + t.Other + t.Harvested }

// An AuditMap is a picture of the territory.
type AuditMap struct {
	URL, Title string
}

// An AuditCount is how often something was met.
type AuditCount struct {
	Key, Label string
	N          int
}

// An AuditFilter holds what the form was sent with.
type AuditFilter struct {
	Level, Territory, State, Obstacle  string
	AllLevels, AllStates, AllObstacles []string // the choices
}

// Used reports whether anything narrows the list.
func (f AuditFilter) Used() bool {
	return f.Level != "" || f.Territory != "" || f.State != "" || f.Obstacle != ""
}

// Levels are the choices of a level.
func (f AuditFilter) Levels() []option { return choices(f.Level, f.AllLevels...) }

// States are the choices of a state.
func (f AuditFilter) States() []option { return choices(f.State, f.AllStates...) }

// Obstacles are the choices of an obstacle.
func (f AuditFilter) Obstacles() []option { return choices(f.Obstacle, f.AllObstacles...) }

// An AuditActor is one body in a list.
type AuditActor struct {
	URL               string // of its letter; "" if it has no number
	Name, ID, Level   string
	Territory         string
	State, DCAT       string
	Publisher         string // who publishes for it
	Obstacles         []string
	Silent            bool
	Last              time.Time
	Contracts, Faulty int
	Median            int // days; meaningless without Dated
	Dated, Late       int

	Unanswered, UnansweredDays int // reported errors, and the days since the oldest
}

// An AuditDelay is how long publication takes.
type AuditDelay struct {
	N, Median, P90, Late, Percent, Early, Missing int
	Concessions, ConcessionsLate                  int
}

// An AuditField is how many contracts give a field.
type AuditField struct {
	Name, Legal, Kind, URL string
	Required               bool
	Asked, Given, Percent  int
}

// An AuditRule is a rule that contracts break.
type AuditRule struct {
	Rule, Text, Hint string
	N                int
}

// LetterPage is the letter of an audit to one body.
type LetterPage struct {
	ID, SIRET, Name, Level, Territory string
	State, DCAT                       string
	At                                time.Time
	Well                              []LetterLine
	First                             []LetterLine // the most useful things to mend
	More                              []LetterLine // the others
	Nodes                             []NodeRow
	Contracts, Conforming, Faulty     int
	ContractsURL, FaultyURL           string
	Delay                             AuditDelay
	Fields                            []AuditField
	Rules                             []AuditRule // warnings too
	Years, Trend                      []AuditCount
	Audit, JSON, Feed                 string
}

func (LetterPage) name() string { return "letter" }

func (p LetterPage) title(lang texts.Lang) string { return texts.T(lang, "web.letter.title", p.Name) }

// A LetterLine is one thing that a letter says.
type LetterLine struct {
	Text, Hint string
	URL, Link  string // where to go, and what is there
	Command    string // to type where the node runs
}
