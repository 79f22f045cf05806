package web

import (
	"html/template"
	"time"

	"maillon/catalog/texts"
)

// Prose is HTML that package node/toolbox has made of an operator's Markdown or
// has drawn: it is put in the page as it is. Nothing else may be Prose.
type Prose = template.HTML

// ToolboxPage is the index of the boîte à outils.
type ToolboxPage struct {
	Steps    []ToolboxLink // of the guide
	Sections []ToolboxLink
	Agent    bool // shows what is wrong in the operator's folder
	Problems []ToolboxProblem
}

func (ToolboxPage) name() string { return "toolbox" }

func (ToolboxPage) title(lang texts.Lang) string { return texts.T(lang, "toolbox.title") }

// A ToolboxLink leads to a part of the toolbox.
type ToolboxLink struct{ Title, Lead, URL string }

// A ToolboxProblem is something wrong in the operator's folder.
type ToolboxProblem struct{ Where, Text string }

// ToolboxDocPage is a page of Markdown: the guide, or one of the operator's.
type ToolboxDocPage struct {
	Lang     texts.Lang // of the text if it is not that of the page
	Name     string
	Title    string
	Body     Prose
	Sections []ToolboxLink // its headings, with addresses that begin with #
}

func (ToolboxDocPage) name() string { return "toolbox-doc" }

func (p ToolboxDocPage) title(texts.Lang) string { return p.Title }

// ToolboxState tells how a part of the toolbox stands.
type ToolboxState struct {
	File   string // of the operator's folder
	Broken bool   // that file cannot be read
}

// ToolboxRolesPage tells who does what.
type ToolboxRolesPage struct {
	ToolboxState
	Drawing Prose
	Roles   []ToolboxRole
}

func (ToolboxRolesPage) name() string { return "toolbox-roles" }

func (ToolboxRolesPage) title(lang texts.Lang) string { return texts.T(lang, "toolbox.roles.title") }

// A ToolboxRole is a level of the ecosystem.
type ToolboxRole struct {
	Name, Mission, Here string
	Actors              []string
}

// ToolboxPlanPage is the deployment plan.
type ToolboxPlanPage struct {
	ToolboxState
	Start   time.Time // zero if the plan has no dates
	Drawing Prose
	Lanes   []ToolboxLane
}

func (ToolboxPlanPage) name() string { return "toolbox-plan" }

func (ToolboxPlanPage) title(lang texts.Lang) string { return texts.T(lang, "toolbox.plan.title") }

// A ToolboxLane is what one group of actors does.
type ToolboxLane struct {
	Name  string
	Steps []ToolboxStep
}

// A ToolboxStep is a milestone: months First to Last, from 1, and the days if
// the plan has a start.
type ToolboxStep struct {
	Title, Detail, Who string
	First, Last        int
	From, To           time.Time // first and last day
	Done               bool
}

// When puts the time of a step in words.
func (s ToolboxStep) When(lang texts.Lang) string {
	first, last := s.From, s.To
	one, many, a, b := "toolbox.plan.month", "toolbox.plan.months", any(s.First), any(s.Last)
	if !first.IsZero() {
		one, many, a, b = "toolbox.plan.in", "toolbox.plan.between", monthOf(lang, first), monthOf(lang, last)
	}
	if s.First == s.Last {
		return texts.T(lang, one, a)
	}
	return texts.T(lang, many, a, b)
}

// ToolboxContactsPage lists whom to ask.
type ToolboxContactsPage struct {
	ToolboxState
	Contacts []ToolboxContact
}

func (ToolboxContactsPage) name() string { return "toolbox-contacts" }

func (ToolboxContactsPage) title(lang texts.Lang) string {
	return texts.T(lang, "toolbox.contacts.title")
}

// A ToolboxContact is somebody to ask.
type ToolboxContact struct {
	Name, Function, Body, Territory, Mail, Phone, URL string
	Subjects                                          []string
}

// ToolboxCalendarPage lists trainings and workshops.
type ToolboxCalendarPage struct {
	ToolboxState
	Coming, Past []ToolboxEvent
	ICS, Atom    string
}

func (ToolboxCalendarPage) name() string { return "toolbox-calendar" }

func (ToolboxCalendarPage) title(lang texts.Lang) string {
	return texts.T(lang, "toolbox.calendar.title")
}

// A ToolboxEvent is a training or a workshop. Its times are in the zone of the
// place; Last is its end, or its last day if Hour is false.
type ToolboxEvent struct {
	ID, Title, Place, Audience, Level, Summary, URL string
	Start, Last                                     time.Time
	Hour                                            bool
	Zone                                            string // its name if it is not that of Paris
	Cancelled                                       bool
}

// When puts the time of an event in words.
func (e ToolboxEvent) When(lang texts.Lang) string {
	first, last := day(lang, e.Start), day(lang, e.Last)
	switch {
	case e.Start.IsZero():
		return ""
	case e.Hour && first == last:
		first = texts.T(lang, "toolbox.calendar.hours", first, e.Start.Format("15:04"), e.Last.Format("15:04"))
	case e.Hour:
		first = texts.T(lang, "toolbox.calendar.days", first+" "+e.Start.Format("15:04"), last+" "+e.Last.Format("15:04"))
	case first != last:
		first = texts.T(lang, "toolbox.calendar.days", first, last)
	}
	if e.Zone != "" && e.Hour {
		first += " (" + e.Zone + ")"
	}
	return first
}

// ToolboxCallsPage lists calls for projects.
type ToolboxCallsPage struct {
	ToolboxState
	Calls []ToolboxCall
}

func (ToolboxCallsPage) name() string { return "toolbox-calls" }

func (ToolboxCallsPage) title(lang texts.Lang) string { return texts.T(lang, "toolbox.calls.title") }

// A ToolboxCall is a call for projects; its State is coming, open or closed.
type ToolboxCall struct {
	Title, Body, Audience, Support, Level, Summary, URL, State string
	Opens, Closes                                              time.Time
}

// ToolboxStoriesPage holds testimonies and results of analyses.
type ToolboxStoriesPage struct {
	ToolboxState
	Testimonies, Analyses []ToolboxStory
}

func (ToolboxStoriesPage) name() string { return "toolbox-stories" }

func (ToolboxStoriesPage) title(lang texts.Lang) string {
	return texts.T(lang, "toolbox.stories.title")
}

// A ToolboxStory is one testimony or result.
type ToolboxStory struct {
	Lang                                        texts.Lang // of the text if it is not that of the page
	Name, Title, Author, Function, Organisation string
	Date                                        time.Time
	Body                                        Prose
}

// ToolboxServicesPage tells what the data is good for, by profile.
type ToolboxServicesPage struct {
	ToolboxState
	Profiles []ToolboxProfile
}

func (ToolboxServicesPage) name() string { return "toolbox-services" }

func (ToolboxServicesPage) title(lang texts.Lang) string {
	return texts.T(lang, "toolbox.services.title")
}

// A ToolboxProfile is a kind of user.
type ToolboxProfile struct {
	Name  string
	Needs []ToolboxNeed
}

// A ToolboxNeed is what a user wants, what there is and what there is not.
type ToolboxNeed struct {
	Want, Today, Missing string
	Links                []ToolboxLink
}

// ToolboxKitPage is where the kit is downloaded.
type ToolboxKitPage struct {
	URL     string
	Size    int64
	Files   []ToolboxFile
	Posters []ToolboxFile // with an address
}

func (ToolboxKitPage) name() string { return "toolbox-kit" }

func (ToolboxKitPage) title(lang texts.Lang) string { return texts.T(lang, "toolbox.kit.title") }

// A ToolboxFile is one file of the kit.
type ToolboxFile struct {
	Name, Text, URL string
	Size            int64
}
