package node

import (
	"net/http"
	"net/url"

	"github.com/gorilla/mux"

	"maillon/node/authority"
	"maillon/node/web"
)

// conflicts lists where sources contradict each other; what is open, unless asked
// otherwise.
func (d *desk) conflicts(w http.ResponseWriter, r *http.Request, base web.Desk) {
	lang := deskLang(r)
	if base.Said == "" && base.Error == "" {
		base.Said = saidIn(lang, r.URL.Query())
	}
	v := asked(r, "open", "kind", "after", "buyer")
	page := web.DeskConflictsPage{Desk: base, May: operatorOf(r).Role.May(authority.Registrar)}
	rows, err := d.n.face.ConflictsPage(v, "/bureau/conflits", lang)
	if err != nil && page.Error == "" {
		page.Error = err.Error()
	}
	page.ConflictsPage = rows
	d.render(w, r, statusOf(page.Desk), page)
}

// asked is what a list of the desk is asked for: one state unless the address says
// otherwise, and what else is named.
func asked(r *http.Request, state string, names ...string) url.Values {
	q, v := r.URL.Query(), url.Values{}
	for _, name := range append(names, "state") {
		if x := q.Get(name); x != "" {
			v.Set(name, x)
		}
	}
	if !q.Has("state") {
		v.Set("state", state)
	}
	return v
}

// settle is a decision between sources.
func (d *desk) settle(w http.ResponseWriter, r *http.Request, base web.Desk) {
	ask := DecisionAsk{
		What: r.PostFormValue("what"), Contracts: r.PostForm["contract"], Shown: r.PostFormValue("shown"), Reason: r.PostFormValue("reason"), Seen: r.PostFormValue("seen"),
	}
	if err := d.ask(r, http.MethodPost, "/admin/v1/decisions", ask, nil); err != nil {
		base.Error = err.Error()
		d.conflicts(w, r, base)
		return
	}
	done(w, r, "/bureau/conflits", "decided", "")
}

func (d *desk) void(w http.ResponseWriter, r *http.Request, base web.Desk) {
	path := "/admin/v1/decisions/" + mux.Vars(r)["key"] + "/void"
	if err := d.ask(r, http.MethodPost, path, map[string]string{"reason": r.PostFormValue("reason")}, nil); err != nil {
		base.Error = err.Error()
		d.conflicts(w, r, base)
		return
	}
	done(w, r, "/bureau/conflits", "voided", "")
}
