package api

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/gorilla/mux"

	"maillon/catalog/texts"
	"maillon/node/alerts"
	"maillon/node/mail"
	"maillon/node/web"
	"maillon/store/search"
)

func (s *Server) alertRoutes(r, v1 *mux.Router) {
	r.Handle("/feeds/marches.atom", s.answer(s.searchFeed)).Methods("GET", "HEAD")
	r.Handle("/alertes", s.answer(s.alertsPage)).Methods("GET", "HEAD")
	r.Handle("/alertes", s.answer(s.postAlertForm)).Methods("POST")
	r.Handle("/alertes/{token}", s.answer(s.alertPage)).Methods("GET", "HEAD")
	// A mail program posts List-Unsubscribe=One-Click here (RFC 8058).
	r.Handle("/alertes/{token}", s.answer(s.stopAlertForm)).Methods("POST")
	r.Handle("/alertes/{token}/confirmer", s.answer(s.confirmAlertForm)).Methods("POST")
	v1.Handle("/alerts", s.answer(s.postAlert)).Methods("POST")
	v1.Handle("/alerts/{token}", s.answer(s.getAlert)).Methods("GET", "HEAD")
	v1.Handle("/alerts/{token}", s.answer(s.deleteAlert)).Methods("DELETE")
}

// maxAlert bounds a form or a wish in JSON.
const maxAlert = 8 << 10

// An AlertAsk is what is posted to follow a search.
type AlertAsk struct {
	Query   string `json:"query"` // as in the address of the search: cpv=45&departement=35
	Email   string `json:"email,omitempty"`
	Webhook string `json:"webhook,omitempty"`
	Every   string `json:"every,omitempty"` // daily or weekly, of mail
	Lang    string `json:"lang,omitempty"`
}

// An AlertJSON is the state of an alert. It does not tell the address.
type AlertJSON struct {
	Kind      alerts.Kind  `json:"kind"`
	Query     string       `json:"query"`
	Every     alerts.Every `json:"every"`
	Created   time.Time    `json:"created"`
	Confirmed time.Time    `json:"confirmed,omitzero"`
	Failing   time.Time    `json:"failing,omitzero"` // since when the webhook does not answer
	Token     string       `json:"token,omitempty"`  // of a webhook, once
	Secret    string       `json:"secret,omitempty"` // of a webhook, once: its signatures are made with it
}

func alertJSON(a alerts.Subscription) AlertJSON {
	return AlertJSON{Kind: a.Kind, Query: a.Query, Every: a.Every, Created: a.Created, Confirmed: a.Confirmed, Failing: a.Failing}
}

func (s *Server) subscribe(r *http.Request, ask AlertAsk) (alerts.Subscription, error) {
	if s.Alerts == nil {
		return alerts.Subscription{}, alerts.ErrOff
	}
	if err := s.Ready(); err != nil {
		return alerts.Subscription{}, err
	}
	v, err := url.ParseQuery(ask.Query)
	if err != nil {
		return alerts.Subscription{}, &BadParameter{"query", ask.Query, "cpv=45&departement=35"}
	}
	a := alerts.Ask{Kind: alerts.Mail, To: ask.Email, Query: v, Every: alerts.Every(ask.Every), Lang: texts.Parse(ask.Lang)}
	if ask.Webhook != "" {
		a.Kind, a.To = alerts.Webhook, ask.Webhook
	}
	got, err := s.Alerts.Subscribe(r.Context(), a)
	switch {
	case errors.Is(err, mail.ErrAddress):
		err = &BadParameter{"email", "…", "name@domain"}
	case errors.Is(err, alerts.ErrEvery):
		err = &BadParameter{"every", ask.Every, "daily, weekly"}
	case errors.Is(err, alerts.ErrQuery):
		err = &BadParameter{"query", ask.Query[:min(len(ask.Query), 40)] + "…", "at most 1000 bytes"}
	case errors.Is(err, alerts.ErrWebhook):
		err = &BadParameter{"webhook", ask.Webhook, err.Error()}
	}
	return got, err
}

func (s *Server) postAlert(w http.ResponseWriter, r *http.Request) error {
	var ask AlertAsk
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxAlert)).Decode(&ask); err != nil {
		return &BadParameter{"body", err.Error(), `{"query":"cpv=45","email":"…","every":"daily"}`}
	}
	got, err := s.subscribe(r, ask)
	if err != nil {
		return err
	}
	out := alertJSON(got)
	if got.Kind == alerts.Webhook { // whoever answered the challenge is who asked
		if out.Token, err = s.Alerts.Token(got); err != nil {
			return err
		}
		out.Secret = got.Secret
	}
	w.Header().Set("Cache-Control", "no-store")
	return writeJSON(w, out)
}

// alertOf finds the alert of a request's token.
func (s *Server) alertOf(r *http.Request) (alerts.Subscription, string, error) {
	token := mux.Vars(r)["token"]
	if s.Alerts == nil {
		return alerts.Subscription{}, token, alerts.ErrToken
	}
	a, err := s.Alerts.Find(token)
	return a, token, err
}

func (s *Server) getAlert(w http.ResponseWriter, r *http.Request) error {
	a, _, err := s.alertOf(r)
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	return writeJSON(w, alertJSON(a))
}

func (s *Server) deleteAlert(w http.ResponseWriter, r *http.Request) error {
	a, token, err := s.alertOf(r)
	if err != nil {
		return err
	}
	if err := s.Alerts.Stop(token); err != nil {
		return err
	}
	return writeJSON(w, alertJSON(a))
}

// alertsPage offers the ways to follow the search that stands in its address.
func (s *Server) alertsPage(w http.ResponseWriter, r *http.Request) error {
	v, err := searchOf(r.URL.Query())
	if err != nil {
		return err
	}
	return s.page(w, r, http.StatusOK, s.alertsForm(v.Encode(), langOf(r)))
}

func (s *Server) alertsForm(query string, lang texts.Lang) web.AlertsPage {
	page := web.AlertsPage{
		Query: query, Search: alerts.Describe(query, lang), SearchURL: s.base() + "/marches", Feed: s.Self.URL + "/feeds/marches.atom",
		Mail: s.Alerts != nil && s.Alerts.Post != nil, Hooks: s.Alerts != nil && s.Alerts.HTTP != nil, URL: s.Self.URL,
	}
	if query != "" {
		page.SearchURL, page.Feed = page.SearchURL+"?"+query, page.Feed+"?"+query
	}
	return page
}

func (s *Server) postAlertForm(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxAlert)
	if err := r.ParseForm(); err != nil {
		return &BadParameter{"body", err.Error(), "a form"}
	}
	lang := langOf(r)
	ask := AlertAsk{Query: r.PostFormValue("query"), Email: r.PostFormValue("email"), Every: r.PostFormValue("every"), Lang: string(lang)}
	if _, err := s.subscribe(r, ask); err != nil {
		return err
	}
	page := s.alertsForm(ask.Query, lang)
	page.Asked = true
	return s.page(w, r, http.StatusOK, page)
}

func (s *Server) alertPage(w http.ResponseWriter, r *http.Request) error {
	return s.showAlert(w, r, false)
}

// showAlert shows the alert of a token, which the page may confirm and end, or that it
// has ended.
func (s *Server) showAlert(w http.ResponseWriter, r *http.Request, stopped bool) error {
	w.Header().Set("Cache-Control", "no-store")
	token, lang := mux.Vars(r)["token"], langOf(r)
	page := web.AlertPage{Action: s.base() + "/alertes/" + url.PathEscape(token), Stopped: stopped, Letters: s.Alerts != nil && s.Alerts.IsLetters(token)}
	if !stopped && !page.Letters {
		a, _, err := s.alertOf(r)
		if err != nil {
			return err
		}
		page.Search, page.Pending, page.Every = alerts.Describe(a.Query, lang), a.Confirmed.IsZero(), string(a.Every)
	}
	return s.Pages.Render(w, r, http.StatusOK, lang, page)
}

func (s *Server) confirmAlertForm(w http.ResponseWriter, r *http.Request) error {
	if s.Alerts == nil {
		return alerts.ErrToken
	}
	if _, err := s.Alerts.Confirm(mux.Vars(r)["token"]); err != nil {
		return err
	}
	return s.showAlert(w, r, false)
}

func (s *Server) stopAlertForm(w http.ResponseWriter, r *http.Request) error {
	if s.Alerts == nil {
		return alerts.ErrToken
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxAlert)
	if err := s.Alerts.Stop(mux.Vars(r)["token"]); err != nil {
		return err
	}
	return s.showAlert(w, r, true)
}

// alertKind is how errors of alerts are answered.
func alertKind(err error) (kind, title string, status int, ok bool) {
	switch {
	case errors.Is(err, alerts.ErrOff):
		return "off", "This node does not send that", http.StatusNotFound, true
	case errors.Is(err, alerts.ErrMany), errors.Is(err, mail.ErrFull):
		return "many", "Too many alerts", http.StatusTooManyRequests, true
	}
	return "", "", 0, false
}

var _ alerts.Search = (*Server)(nil)

// searchOf is a search as addresses write it, without what only says which part of it
// is shown, and how.
func searchOf(v url.Values) (url.Values, error) {
	q, err := queryOf(withoutEmpty(cloneValues(v)), "lang")
	return filtersOf(q), err
}

// filtersOf are the filters of a search as addresses write them.
func filtersOf(q search.Query) url.Values {
	q = q.Filter()
	q.Limit = search.DefaultLimit // which no address tells
	return q.Values()
}
