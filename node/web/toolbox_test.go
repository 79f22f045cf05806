package web

import (
	"testing"
	"time"

	"maillon/catalog/texts"
)

var sampleState = ToolboxState{File: "contacts.yaml", Broken: true}

// fullToolbox has every field of every page of the toolbox.
func fullToolbox() []Page {
	links := []ToolboxLink{{"Vérifier", "Avant de publier", "/opendata/valider"}, {"Publier", "", "https://ailleurs.invalid/"}}
	event := ToolboxEvent{
		ID: "e-1", Title: "Publier son premier marché", Place: "Saint-Denis", Audience: "secrétaires de mairie", Level: "territorial", Summary: "Deux heures.",
		URL: "https://inscription.invalid/", Start: then, Last: then.Add(2 * time.Hour), Hour: true, Zone: "Indian/Reunion", Cancelled: true,
	}
	past := event
	past.ID, past.Hour, past.Cancelled, past.Last = "e-2", false, false, then.AddDate(0, 0, 2)
	step := ToolboxStep{Title: "Réunion de lancement", Detail: "Montrer des données", Who: "EPCI", First: 1, Last: 3, From: then, To: then.AddDate(0, 2, 0), Done: true}
	story := ToolboxStory{Lang: texts.English, Name: "s1", Title: "Ce que la publication a changé", Author: "Une maire", Function: "maire", Organisation: "Aval", Date: then, Body: "<p>Texte</p>\n<h4 id=\"t-s1-a\">Sous-titre</h4>"}
	analysis := story
	analysis.Name, analysis.Body = "a1", "<p>Chiffres</p>"
	return []Page{
		ToolboxPage{Steps: links, Sections: links, Agent: true, Problems: []ToolboxProblem{{"contacts.yaml:2", "« couriel » n’est pas une clé connue"}}},
		ToolboxDocPage{Lang: texts.English, Name: "guide", Title: "Le guide", Body: "<p>a</p>\n<h2 id=\"a\">A</h2>", Sections: []ToolboxLink{{"A", "", "#a"}}},
		ToolboxRolesPage{sampleState, `<svg role="img" aria-label="x"></svg>`, []ToolboxRole{{"Pilotage", "Pilote", "Consolide", []string{"région", "EPCI"}}}},
		ToolboxPlanPage{sampleState, then, `<svg role="img" aria-label="x"></svg>`, []ToolboxLane{{"Pilotage", []ToolboxStep{step, {Title: "Suite", First: 2, Last: 2}}}, {"Animation", []ToolboxStep{step}}}},
		ToolboxContactsPage{sampleState, []ToolboxContact{{"Service des marchés", "référent", "Région", "53", "m@region.invalid", "00 00 00 00 00", "https://region.invalid/", []string{"jeton", "format"}}}},
		ToolboxCalendarPage{sampleState, []ToolboxEvent{event}, []ToolboxEvent{past}, "/opendata/c.ics", "/opendata/c.atom"},
		ToolboxCallsPage{sampleState, []ToolboxCall{{"Achats durables", "Région", "communes", "la moitié", "national", "En deux phrases.", "https://appel.invalid/", "open", then, then.AddDate(0, 1, 0)}}},
		ToolboxStoriesPage{sampleState, []ToolboxStory{story}, []ToolboxStory{analysis}},
		ToolboxServicesPage{sampleState, []ToolboxProfile{{"Citoyen", []ToolboxNeed{{"Voir", "Chaque contrat a sa page", "Le payé", links}}}}},
		ToolboxKitPage{"/opendata/kit.zip", 123456, []ToolboxFile{{"guide.md", "le guide", "", 1234}}, []ToolboxFile{{"affiches/a.svg", "affiche", "/opendata/a.svg", 1234}}},
	}
}

func emptyToolbox() []Page {
	return []Page{
		ToolboxPage{}, ToolboxDocPage{Name: "p", Title: "P"}, ToolboxRolesPage{}, ToolboxPlanPage{}, ToolboxContactsPage{}, ToolboxCalendarPage{}, ToolboxCallsPage{},
		ToolboxStoriesPage{}, ToolboxServicesPage{}, ToolboxKitPage{},
	}
}

// sparseToolbox has one empty row in every list.
func sparseToolbox() []Page {
	link := []ToolboxLink{{URL: "/opendata/x"}}
	return []Page{
		ToolboxPage{Steps: link, Sections: link, Problems: make([]ToolboxProblem, 1)}, ToolboxDocPage{Name: "p", Title: "P", Sections: []ToolboxLink{{URL: "#toc"}}},
		ToolboxRolesPage{Roles: make([]ToolboxRole, 1)}, ToolboxPlanPage{Lanes: []ToolboxLane{{}, {Steps: make([]ToolboxStep, 1)}}},
		ToolboxContactsPage{Contacts: make([]ToolboxContact, 1)}, ToolboxCalendarPage{Coming: make([]ToolboxEvent, 1), Past: make([]ToolboxEvent, 1)},
		ToolboxCallsPage{Calls: make([]ToolboxCall, 1)}, ToolboxStoriesPage{Testimonies: make([]ToolboxStory, 1), Analyses: make([]ToolboxStory, 1)},
		ToolboxServicesPage{Profiles: []ToolboxProfile{{Needs: make([]ToolboxNeed, 1)}}},
		ToolboxKitPage{Files: make([]ToolboxFile, 1), Posters: []ToolboxFile{{Name: "a.svg", URL: "/opendata/a.svg"}}},
	}
}

func TestTimesOfTheToolboxInWords(t *testing.T) {
	paris := time.FixedZone("", 3600)
	at := func(d, h int) time.Time { return time.Date(2027, 1, d, h, 0, 0, 0, paris) }
	for want, got := range map[string]string{
		"14\u00a0janvier\u00a02027":                                                 ToolboxEvent{Start: at(14, 0), Last: at(14, 23)}.When(texts.French),
		"du 14\u00a0janvier\u00a02027 au 15\u00a0janvier\u00a02027":                 ToolboxEvent{Start: at(14, 0), Last: at(15, 23)}.When(texts.French),
		"14\u00a0January\u00a02027, 09:00 – 12:00":                                  ToolboxEvent{Start: at(14, 9), Last: at(14, 12), Hour: true}.When(texts.English),
		"du 14\u00a0janvier\u00a02027 09:00 au 15\u00a0janvier\u00a02027 12:00 (X)": ToolboxEvent{Start: at(14, 9), Last: at(15, 12), Hour: true, Zone: "X"}.When(texts.French),
		"mois 3":        ToolboxStep{First: 3, Last: 3}.When(texts.French),
		"months 3 to 4": ToolboxStep{First: 3, Last: 4}.When(texts.English),
		"janvier\u00a02027 à février\u00a02027": ToolboxStep{First: 1, Last: 2, From: at(1, 0), To: at(50, 0)}.When(texts.French),
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
