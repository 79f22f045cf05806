package api

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gorilla/mux"

	"maillon/catalog/texts"
	"maillon/node/toolbox"
	"maillon/node/web"
	"maillon/store"
)

// toolboxRoutes are the boîte à outils, if the node has one.
func (s *Server) toolboxRoutes(r *mux.Router) {
	if s.Toolbox == nil {
		return
	}
	t := r.PathPrefix(toolbox.Home).Subrouter()
	get := func(path string, h handler) { t.Handle(path, s.answer(h)).Methods("GET", "HEAD") }
	get("", s.toolboxPage)
	get("/roles", s.toolboxRolesPage)
	get("/deploiement", s.toolboxPlanPage)
	get("/contacts", s.toolboxContactsPage)
	get("/calendrier", s.toolboxCalendarPage)
	get("/calendrier.ics", s.toolboxICS)
	get("/calendrier.atom", s.toolboxAtom)
	get("/appels", s.toolboxCallsPage)
	get("/temoignages", s.toolboxStoriesPage)
	get("/services", s.toolboxServicesPage)
	get("/kit", s.toolboxKitPage)
	get("/kit.zip", s.toolboxKit)
	get("/affiches/{name}", s.toolboxPoster)
	get("/images/{name}", s.toolboxImage)
	get("/{page}", s.toolboxDocPage)
}

// toolboxParts are the parts of the index after the guide, with the keys of
// their texts.
var toolboxParts = []struct{ path, key, lead string }{
	{"/kit", "kit", "kit.card"}, {"/services", "services", "services.lead"}, {"/roles", "roles", "roles.lead"}, {"/deploiement", "plan", "plan.lead"},
	{"/contacts", "contacts", "contacts.lead"}, {"/calendrier", "calendar", "calendar.lead"}, {"/appels", "calls", "calls.lead"}, {"/temoignages", "stories", "stories.lead"},
}

func (s *Server) toolboxPage(w http.ResponseWriter, r *http.Request) error {
	lang, box := langOf(r), s.Toolbox.State()
	home := s.base() + toolbox.Home
	var page web.ToolboxPage
	if guide, ok := box.Page("guide"); ok {
		for _, section := range guide.In(lang).Sections {
			page.Steps = append(page.Steps, web.ToolboxLink{Title: stepTitle(section.Title), URL: home + "/guide#" + section.ID})
		}
	}
	for _, part := range toolboxParts {
		page.Sections = append(page.Sections, web.ToolboxLink{
			Title: texts.T(lang, "toolbox."+part.key+".title"), Lead: texts.T(lang, "toolbox."+part.lead), URL: home + part.path,
		})
	}
	for _, p := range box.Pages {
		if doc := p.In(lang); p.Name != "guide" {
			page.Sections = append(page.Sections, web.ToolboxLink{Title: doc.Title, Lead: doc.Summary, URL: home + "/" + p.Name})
		}
	}
	if _, page.Agent = s.sessions.of(r, s.Now()); page.Agent {
		for _, p := range box.Problems {
			page.Problems = append(page.Problems, web.ToolboxProblem{Where: p.Where(), Text: p.Text(lang)})
		}
	}
	return s.page(w, r, http.StatusOK, page)
}

// stepTitle is a heading without the number that a list gives it anyway.
func stepTitle(title string) string {
	if number, rest, ok := strings.Cut(title, ". "); ok {
		if _, err := strconv.Atoi(number); err == nil {
			return rest
		}
	}
	return title
}

func (s *Server) toolboxDocPage(w http.ResponseWriter, r *http.Request) error {
	name := mux.Vars(r)["page"]
	found, ok := s.Toolbox.State().Page(name)
	if !ok {
		return notFound("page", name)
	}
	doc := found.In(langOf(r))
	page := web.ToolboxDocPage{Lang: other(doc, langOf(r)), Name: name, Title: doc.Title, Body: doc.Body}
	if len(doc.Sections) >= 3 {
		for _, section := range doc.Sections {
			page.Sections = append(page.Sections, web.ToolboxLink{Title: section.Title, URL: "#" + section.ID})
		}
	}
	return s.page(w, r, http.StatusOK, page)
}

// other is the language of a text if it is not the one asked for (RGAA 8.7).
func other(doc *toolbox.Doc, asked texts.Lang) texts.Lang {
	if doc.Lang == asked {
		return ""
	}
	return doc.Lang
}

func stateOf(box toolbox.State, file string) web.ToolboxState {
	return web.ToolboxState{File: file, Broken: box.Broken[file]}
}

func (s *Server) toolboxRolesPage(w http.ResponseWriter, r *http.Request) error {
	lang, box := langOf(r), s.Toolbox.State()
	page := web.ToolboxRolesPage{ToolboxState: stateOf(box, "roles.yaml"), Drawing: toolbox.DrawRoles(box.Roles, lang, texts.T(lang, "toolbox.roles.drawing"))}
	for _, role := range box.Roles {
		page.Roles = append(page.Roles, web.ToolboxRole{
			Name: role.Name.In(lang), Mission: role.Mission.In(lang), Here: role.Here.In(lang), Actors: wordsIn(role.Actors, lang),
		})
	}
	return s.page(w, r, http.StatusOK, page)
}

func wordsIn(list []toolbox.Text, lang texts.Lang) []string {
	var all []string
	for _, t := range list {
		all = append(all, t.In(lang))
	}
	return all
}

func (s *Server) toolboxPlanPage(w http.ResponseWriter, r *http.Request) error {
	lang, box := langOf(r), s.Toolbox.State()
	page := web.ToolboxPlanPage{ToolboxState: stateOf(box, "jalons.yaml"), Start: box.Plan.Start.Time}
	page.Drawing = toolbox.DrawPlan(box.Plan, lang, texts.T(lang, "toolbox.plan.drawing"))
	for _, lane := range box.Plan.Lanes {
		row := web.ToolboxLane{Name: lane.Name.In(lang)}
		for _, step := range lane.Steps {
			one := web.ToolboxStep{
				Title: step.Title.In(lang), Detail: step.Detail.In(lang), Who: step.Who.In(lang), Done: step.Done,
				First: step.Month + 1, Last: step.Month + max(step.Lasts, 1),
			}
			if from, to := box.Plan.When(step); !from.IsZero() {
				one.From, one.To = from, to.AddDate(0, 0, -1)
			}
			row.Steps = append(row.Steps, one)
		}
		page.Lanes = append(page.Lanes, row)
	}
	return s.page(w, r, http.StatusOK, page)
}

// local puts the site's base before an address of this site.
func (s *Server) local(url string) string {
	if strings.HasPrefix(url, "/") {
		return s.base() + url
	}
	return url
}

func (s *Server) toolboxContactsPage(w http.ResponseWriter, r *http.Request) error {
	lang, box := langOf(r), s.Toolbox.State()
	page := web.ToolboxContactsPage{ToolboxState: stateOf(box, "contacts.yaml")}
	for _, c := range box.Contacts {
		page.Contacts = append(page.Contacts, web.ToolboxContact{
			Name: c.Name.In(lang), Function: c.Function.In(lang), Body: c.Body.In(lang), Territory: c.Territory.In(lang),
			Mail: c.Mail, Phone: c.Phone, URL: s.local(c.URL), Subjects: wordsIn(c.Subjects, lang),
		})
	}
	return s.page(w, r, http.StatusOK, page)
}

func (s *Server) toolboxCalendarPage(w http.ResponseWriter, r *http.Request) error {
	lang, box := langOf(r), s.Toolbox.State()
	home := s.base() + toolbox.Home
	page := web.ToolboxCalendarPage{ToolboxState: stateOf(box, "calendrier.yaml"), ICS: home + "/calendrier.ics", Atom: home + "/calendrier.atom"}
	for _, e := range box.Events {
		row := eventRow(e, lang)
		row.URL = s.local(e.URL)
		if e.Until().After(s.Now()) {
			page.Coming = append(page.Coming, row)
		} else {
			page.Past = append([]web.ToolboxEvent{row}, page.Past...)
		}
	}
	return s.page(w, r, http.StatusOK, page)
}

func eventRow(e toolbox.Event, lang texts.Lang) web.ToolboxEvent {
	row := web.ToolboxEvent{
		ID: e.ID(), Title: e.Title.In(lang), Place: e.Place.In(lang), Audience: e.Audience.In(lang), Level: string(e.Level), Summary: e.Summary.In(lang),
		Start: e.At(), Last: e.Until(), Hour: e.Start.Hour, Zone: e.ZoneAway(), Cancelled: e.Cancelled,
	}
	if !row.Hour {
		row.Last = row.Last.Add(-time.Second)
	}
	return row
}

func (s *Server) toolboxFeed(r *http.Request) toolbox.Feed {
	lang := langOf(r)
	return toolbox.Feed{Title: texts.T(lang, "toolbox.calendar.title") + " – " + s.Self.Name, URL: s.Self.URL, Lang: lang}
}

func (s *Server) toolboxICS(w http.ResponseWriter, r *http.Request) error {
	box := s.Toolbox.State()
	w.Header().Set("Content-Disposition", `inline; filename="calendrier.ics"`)
	sendFile(w, "text/calendar; charset=utf-8", inert, s.toolboxFeed(r).ICS(box.Events, box.Changed))
	return nil
}

func (s *Server) toolboxAtom(w http.ResponseWriter, r *http.Request) error {
	lang, box := langOf(r), s.Toolbox.State()
	raw, err := s.toolboxFeed(r).Atom(box.Events, box.Changed, func(e toolbox.Event) string { return eventRow(e, lang).When(lang) })
	if err != nil {
		return err
	}
	sendFile(w, "application/atom+xml; charset=utf-8", inert, raw)
	return nil
}

// Policies of files: they do nothing, or style themselves.
const (
	inert  = "default-src 'none'; sandbox"
	styled = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
)

// sendFile answers with a file that readers may keep for some minutes.
func sendFile(w http.ResponseWriter, media, policy string, raw []byte) {
	h := w.Header()
	h.Set("Content-Type", media)
	h.Set("Content-Security-Policy", policy)
	h.Set("Cache-Control", "public, max-age=300")
	h.Add("Vary", "Accept-Language")
	h.Set("Content-Length", strconv.Itoa(len(raw)))
	_, _ = w.Write(raw) // a reader who has gone away is no fault of the node
}

func (s *Server) toolboxCallsPage(w http.ResponseWriter, r *http.Request) error {
	lang, box := langOf(r), s.Toolbox.State()
	page := web.ToolboxCallsPage{ToolboxState: stateOf(box, "appels.yaml")}
	var closed []web.ToolboxCall
	for _, c := range box.Calls {
		row := web.ToolboxCall{
			Title: c.Title.In(lang), Body: c.Body.In(lang), Audience: c.Audience.In(lang), Support: c.Support.In(lang), Level: string(c.Level),
			Summary: c.Summary.In(lang), URL: s.local(c.URL), State: c.State(s.Now()), Opens: c.Opens.Time, Closes: c.Closes.Time,
		}
		if row.State == "closed" {
			closed = append(closed, row)
		} else {
			page.Calls = append(page.Calls, row)
		}
	}
	page.Calls = append(page.Calls, closed...)
	return s.page(w, r, http.StatusOK, page)
}

func (s *Server) toolboxStoriesPage(w http.ResponseWriter, r *http.Request) error {
	lang, box := langOf(r), s.Toolbox.State()
	page := web.ToolboxStoriesPage{ToolboxState: web.ToolboxState{File: "temoignages/NOM.md"}}
	for name := range box.Broken {
		page.Broken = page.Broken || strings.HasPrefix(name, "temoignages/")
	}
	for _, story := range box.Stories {
		doc := story.In(lang)
		row := web.ToolboxStory{
			Lang: other(doc, lang), Name: story.Name, Title: doc.Title, Body: doc.Body, Date: story.Date.Time,
			Author: story.Author.In(lang), Function: story.Function.In(lang), Organisation: story.Body.In(lang),
		}
		if story.Kind == "analyse" {
			page.Analyses = append(page.Analyses, row)
		} else {
			page.Testimonies = append(page.Testimonies, row)
		}
	}
	return s.page(w, r, http.StatusOK, page)
}

func (s *Server) toolboxServicesPage(w http.ResponseWriter, r *http.Request) error {
	lang, box := langOf(r), s.Toolbox.State()
	page := web.ToolboxServicesPage{ToolboxState: stateOf(box, "services.yaml")}
	for _, p := range box.Profiles {
		profile := web.ToolboxProfile{Name: p.Name.In(lang)}
		for _, n := range p.Needs {
			need := web.ToolboxNeed{Want: n.Want.In(lang), Today: n.Today.In(lang), Missing: n.Missing.In(lang)}
			for _, l := range n.Links {
				need.Links = append(need.Links, web.ToolboxLink{Title: l.Title.In(lang), URL: s.local(l.URL)})
			}
			profile.Needs = append(profile.Needs, need)
		}
		page.Profiles = append(page.Profiles, profile)
	}
	return s.page(w, r, http.StatusOK, page)
}

// toolboxImage serves an image that the operator's texts show.
func (s *Server) toolboxImage(w http.ResponseWriter, r *http.Request) error {
	name := mux.Vars(r)["name"]
	media, ok := toolbox.ImageType(name)
	if !ok {
		return notFound("image", name)
	}
	f, size, err := s.Toolbox.Image(name)
	if errors.Is(err, fs.ErrNotExist) {
		return notFound("image", name)
	}
	if err != nil {
		return fmt.Errorf("toolbox: %w", err)
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, size))
	if err != nil {
		return fmt.Errorf("toolbox, images/%s: %w: %w", name, err, store.ErrNotFound)
	}
	sendFile(w, media, styled, raw)
	return nil
}
