package node

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/mux"

	"maillon/catalog/texts"
	"maillon/federation"
	"maillon/node/api"
	"maillon/node/authority"
	"maillon/node/web"
)

// A desk is the pages of a hub's operators, on the admin listener. What it does it
// asks of the same API as the command line, in the operator's name: there is one
// place that decides, and one trail.
type desk struct {
	n      *Node
	pages  *web.Pages
	acts   http.Handler // the API, for whoever is known
	tokens []string     // of the node itself

	mu   sync.Mutex
	open map[[sha256.Size]byte]deskSession
}

const (
	deskCookie = "maillon_bureau"
	deskLasts  = 8 * time.Hour
	deskMost   = 200 // sessions
	deskBody   = 64 << 10
)

// newDesk makes the desk over the handler of the API.
func (n *Node) newDesk(acts http.Handler, tokens []string) (*desk, error) {
	site := n.site()
	site.Base = ""
	pages, err := web.New(site)
	return &desk{n: n, pages: pages, acts: acts, tokens: tokens, open: map[[sha256.Size]byte]deskSession{}}, err
}

// routes adds the pages to r.
func (d *desk) routes(r *mux.Router) {
	r.PathPrefix("/assets/").Handler(d.pages.Static())
	r.Handle("/", http.RedirectHandler("/bureau", http.StatusSeeOther))
	r.HandleFunc("/bureau/connexion", d.login).Methods("GET", "POST")
	r.HandleFunc("/bureau/etat", d.known(d.health)).Methods("GET")
	r.HandleFunc("/bureau/deconnexion", d.known(d.sent(d.logout))).Methods("POST")
	if d.n.below == nil { // no members to decide on
		r.Handle("/bureau", http.RedirectHandler("/bureau/etat", http.StatusSeeOther)).Methods("GET")
		return
	}
	for path, page := range map[string]func(http.ResponseWriter, *http.Request, web.Desk){
		"/bureau": d.members, "/bureau/invitations": d.invitations, "/bureau/suivi": d.trail, "/bureau/operateurs": d.operators, "/bureau/conflits": d.conflicts, "/bureau/signalements": d.reports,
	} {
		r.HandleFunc(path, d.known(page)).Methods("GET")
	}
	for path, act := range map[string]func(http.ResponseWriter, *http.Request, web.Desk){
		"/bureau/invitations": d.invite, "/bureau/operateurs": d.addOperator, "/bureau/operateurs/retirer": d.removeOperator,
		"/bureau/conflits": d.settle, "/bureau/decisions/{key:[0-9a-f]{32}}/annuler": d.void,
		"/bureau/signalements/{id:[0-9a-f]{32}}":                   d.answerReport,
		"/bureau/membres/{node}/{act:accept|suspend|revoke|renew}": d.decide, "/bureau/invitations/{token}/withdraw": d.withdraw,
	} {
		r.HandleFunc(path, d.known(d.sent(act))).Methods("POST")
	}
}

func (d *desk) render(w http.ResponseWriter, r *http.Request, status int, page web.Page) {
	if err := d.pages.Render(w, r, status, deskLang(r), page); err != nil {
		d.n.log.Error().Err(err).Msg("page of the desk")
	}
}

func deskLang(r *http.Request) texts.Lang {
	if l := r.URL.Query().Get("lang"); l != "" {
		return texts.Parse(l)
	}
	return texts.Parse(r.Header.Get("Accept-Language"))
}

// ask asks the API in the operator's name.
func (d *desk) ask(r *http.Request, method, path string, body, into any) error {
	var raw []byte
	if body != nil {
		var err error
		if raw, err = json.Marshal(body); err != nil {
			return err
		}
	}
	req, err := http.NewRequestWithContext(context.WithoutCancel(r.Context()), method, path, bytes.NewReader(raw))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", r.Header.Get("Authorization"))
	w := &answer{header: http.Header{}, status: http.StatusOK}
	d.acts.ServeHTTP(w, req)
	if w.status >= http.StatusBadRequest {
		var p struct{ Title, Detail string }
		_ = json.Unmarshal(w.body.Bytes(), &p)
		return errors.New(cmp.Or(p.Detail, p.Title, http.StatusText(w.status)))
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(w.body.Bytes(), into)
}

// An answer is what the API answers the desk.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *answer) Header() http.Header         { return a.header }
func (a *answer) WriteHeader(status int)      { a.status = status }
func (a *answer) Write(p []byte) (int, error) { return a.body.Write(p) }

func (d *desk) members(w http.ResponseWriter, r *http.Request, base web.Desk) {
	lang := deskLang(r)
	if base.Said == "" && base.Error == "" {
		base.Said = saidIn(lang, r.URL.Query())
	}
	page := web.DeskMembersPage{Desk: base, May: operatorOf(r).Role.May(authority.Registrar)}
	var nodes struct{ Items []api.NodeStatus }
	if err := d.ask(r, http.MethodGet, "/admin/v1/members", nil, &nodes); err != nil {
		page.Error = err.Error()
	}
	if f := d.n.trust.office; f != nil {
		page.Charters = f.Key() != ""
		if _, count, err := f.Drafts(); err == nil {
			page.Drafts = count
		}
	}
	for _, s := range nodes.Items {
		if s.State == "self" || s.State == "hub" || s.Hub != "" && s.Hub != d.n.cfg.ID.String() {
			continue // a member of another hub is that hub's
		}
		m := web.DeskMember{
			NodeRow: web.NodeRow{
				ID: s.ID, Name: s.Name, Level: s.Level, Territory: s.Geozone, State: s.State, URL: s.URL, Reason: s.Reason, Error: s.Error, Seen: s.Seen,
			},
			Publishes: strings.Join(s.Publishes, " "),
		}
		if stated, ok := d.n.roster.member(s.ID); ok {
			m.Charter = stated.Charter != ""
		}
		if s.State == Pending {
			page.Waiting = append(page.Waiting, m)
		} else {
			page.Members = append(page.Members, m)
		}
	}
	for why, count := range d.n.Refusals() {
		page.Refused = append(page.Refused, web.DeskCount{Label: refusalIn(lang, why), Count: int(count)})
	}
	slices.SortFunc(page.Refused, func(a, b web.DeskCount) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(a.Label, b.Label))
	})
	d.render(w, r, statusOf(base), page)
}

func refusalIn(lang texts.Lang, why federation.Refusal) string {
	if key := "desk.refusal." + string(why); texts.Has(key) {
		return texts.T(lang, key)
	}
	return string(why)
}

// statusOf is that of a page that says why something was not done.
func statusOf(d web.Desk) int {
	if d.Error != "" {
		return http.StatusUnprocessableEntity
	}
	return http.StatusOK
}

// saidIn is what was just done, as the address of the page says.
func saidIn(lang texts.Lang, q url.Values) string {
	if key := "desk.said." + q.Get("fait"); texts.Has(key) && len(q.Get("quoi")) <= 64 {
		return texts.T(lang, key, q.Get("quoi"))
	}
	return ""
}

// done shows a page again, with what was done.
func done(w http.ResponseWriter, r *http.Request, path, what, about string) {
	q := url.Values{"fait": {what}, "quoi": {about}}
	if l := r.URL.Query().Get("lang"); l != "" {
		q.Set("lang", l)
	}
	http.Redirect(w, r, path+"?"+q.Encode(), http.StatusSeeOther)
}

// decide is a decision on one node.
func (d *desk) decide(w http.ResponseWriter, r *http.Request, base web.Desk) {
	node, act := mux.Vars(r)["node"], mux.Vars(r)["act"]
	path := "/admin/v1/members/" + url.PathEscape(node) + "/" + act
	var body any
	if act == "accept" {
		body = map[string]any{"publishes": strings.Fields(r.PostFormValue("publishes"))}
	} else if reason := r.PostFormValue("reason"); reason != "" {
		path += "?reason=" + url.QueryEscape(reason)
	}
	var answer struct{ State string }
	if err := d.ask(r, http.MethodPost, path, body, &answer); err != nil {
		base.Error = err.Error()
		d.members(w, r, base)
		return
	}
	if answer.State == "waits" {
		act = "waits"
	}
	done(w, r, "/bureau", act, node)
}

func (d *desk) invitations(w http.ResponseWriter, r *http.Request, base web.Desk) {
	d.showInvitations(w, r, web.DeskInvitationsPage{Desk: base})
}

func (d *desk) showInvitations(w http.ResponseWriter, r *http.Request, page web.DeskInvitationsPage) {
	page.May = operatorOf(r).Role.May(authority.Registrar)
	if page.Said == "" && page.Error == "" && len(page.Made) == 0 {
		page.Said = saidIn(deskLang(r), r.URL.Query())
	}
	var list struct{ Items []federation.Invitation }
	if err := d.ask(r, http.MethodGet, "/admin/v1/invitations", nil, &list); err != nil && page.Error == "" {
		page.Error = err.Error()
	}
	slices.SortFunc(list.Items, func(a, b federation.Invitation) int { return b.At.Compare(a.At) })
	const shown = 500
	for _, v := range list.Items[:min(len(list.Items), shown)] {
		page.Invitations = append(page.Invitations, d.invitation(v))
	}
	d.render(w, r, statusOf(page.Desk), page)
}

func (d *desk) invitation(v federation.Invitation) web.DeskInvitation {
	return web.DeskInvitation{
		Token: v.Token, Name: v.Name, For: cmp.Or(v.Geozone, v.SIRET), By: v.By, Expires: v.Expires, Used: v.UsedAt, UsedBy: v.UsedBy, Over: v.Expires.Before(d.n.now()),
	}
}

func (d *desk) invite(w http.ResponseWriter, r *http.Request, base web.Desk) {
	page := web.DeskInvitationsPage{Desk: base, For: strings.TrimSpace(r.PostFormValue("for")), SIRET: strings.TrimSpace(r.PostFormValue("siret")), Name: strings.TrimSpace(r.PostFormValue("name"))}
	ask := authority.Ask{Geozone: page.For, SIRET: page.SIRET, Name: page.Name, Publishes: strings.Fields(r.PostFormValue("publishes"))}
	var made struct{ Items []authority.Invited }
	err := d.ask(r, http.MethodPost, "/admin/v1/invitations", map[string]any{"items": []authority.Ask{ask}}, &made)
	if err != nil {
		page.Error = err.Error()
	}
	for _, v := range made.Items {
		one := d.invitation(v.Invitation)
		one.String = v.String
		page.Made = append(page.Made, one)
		page.For, page.SIRET, page.Name = "", "", ""
	}
	d.showInvitations(w, r, page)
}

func (d *desk) withdraw(w http.ResponseWriter, r *http.Request, base web.Desk) {
	if err := d.ask(r, http.MethodPost, "/admin/v1/invitations/"+url.PathEscape(mux.Vars(r)["token"])+"/withdraw", nil, nil); err != nil {
		base.Error = err.Error()
		d.invitations(w, r, base)
		return
	}
	done(w, r, "/bureau/invitations", "withdraw", "")
}

func (d *desk) trail(w http.ResponseWriter, r *http.Request, base web.Desk) {
	page := web.DeskTrailPage{Desk: base}
	var list struct{ Items []authority.Act }
	if err := d.ask(r, http.MethodGet, "/admin/v1/trail?before="+url.QueryEscape(cmp.Or(r.URL.Query().Get("avant"), "0")), nil, &list); err != nil {
		page.Error = err.Error()
	}
	for _, a := range list.Items {
		page.Acts = append(page.Acts, web.DeskAct{Number: a.Number, At: a.At, By: a.By, Role: string(a.Role), What: a.What, About: a.About, Particular: a.Detail})
	}
	if n := len(list.Items); n > 0 && list.Items[n-1].Number > 1 {
		page.Next = "/bureau/suivi?avant=" + strconv.FormatUint(list.Items[n-1].Number, 10)
	}
	d.render(w, r, statusOf(page.Desk), page)
}

func (d *desk) operators(w http.ResponseWriter, r *http.Request, base web.Desk) {
	d.showOperators(w, r, web.DeskOperatorsPage{Desk: base})
}

func (d *desk) showOperators(w http.ResponseWriter, r *http.Request, page web.DeskOperatorsPage) {
	page.May = operatorOf(r).Role.May(authority.Administrator)
	if page.Said == "" && page.Error == "" && page.Token == "" {
		page.Said = saidIn(deskLang(r), r.URL.Query())
	}
	var list struct{ Items []authority.Operator }
	if err := d.ask(r, http.MethodGet, "/admin/v1/operators", nil, &list); err != nil && page.Error == "" {
		page.Error = err.Error()
	}
	for _, o := range list.Items {
		page.Operators = append(page.Operators, web.DeskOperator{Name: o.Name, Role: string(o.Role), Since: o.Since})
	}
	d.render(w, r, statusOf(page.Desk), page)
}

func (d *desk) addOperator(w http.ResponseWriter, r *http.Request, base web.Desk) {
	var made struct{ Token string }
	page := web.DeskOperatorsPage{Desk: base}
	err := d.ask(r, http.MethodPost, "/admin/v1/operators", map[string]string{"name": strings.TrimSpace(r.PostFormValue("name")), "role": r.PostFormValue("role")}, &made)
	if err != nil {
		page.Error = err.Error()
	}
	page.Token = made.Token
	d.showOperators(w, r, page)
}

func (d *desk) removeOperator(w http.ResponseWriter, r *http.Request, base web.Desk) {
	name := r.PostFormValue("name")
	if err := d.ask(r, http.MethodDelete, "/admin/v1/operators/"+url.PathEscape(name), nil, nil); err != nil {
		base.Error = err.Error()
		d.operators(w, r, base)
		return
	}
	done(w, r, "/bureau/operateurs", "removed", name)
}
