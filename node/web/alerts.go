package web

import "maillon/catalog/texts"

// AlertsPage offers the ways to follow a search.
type AlertsPage struct {
	Query     string // of the search's address
	Search    string // in words
	SearchURL string
	Feed      string // absolute
	URL       string // of this node
	Mail      bool   // it sends mail
	Hooks     bool   // it calls webhooks
	Asked     bool   // somebody has just signed up
}

func (AlertsPage) name() string { return "alerts" }

func (AlertsPage) title(lang texts.Lang) string { return texts.T(lang, "alerts.title") }

// AlertPage is one alert, for whoever has its token.
type AlertPage struct {
	Action  string // address that ends it; with /confirmer after it, the one that confirms
	Search  string // in words
	Every   string // daily, weekly or now
	Pending bool   // it waits to be confirmed
	Stopped bool   // it has just ended
	Letters bool   // it is no alert: letters to a member's contact
}

func (AlertPage) name() string { return "alert" }

func (p AlertPage) title(lang texts.Lang) string {
	if p.Letters {
		return texts.T(lang, "alerts.letters.title")
	}
	return texts.T(lang, "alerts.one.title")
}
