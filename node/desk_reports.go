package node

import (
	"net/http"

	"github.com/gorilla/mux"

	"maillon/node/authority"
	"maillon/node/reports"
	"maillon/node/web"
)

// reports lists what was reported here and at members.
func (d *desk) reports(w http.ResponseWriter, r *http.Request, base web.Desk) {
	lang := deskLang(r)
	if base.Said == "" && base.Error == "" {
		base.Said = saidIn(lang, r.URL.Query())
	}
	v := asked(r, "received", "after", "node", "buyer")
	may := operatorOf(r).Role.May(authority.Registrar)
	page := web.DeskReportsPage{Desk: base}
	rows, err := d.n.face.ReportsPage(v, "/bureau/signalements", may)
	if err != nil && page.Error == "" {
		page.Error = err.Error()
	}
	page.Reports = rows
	page.Reports.CSRF, page.Reports.Path, page.Reports.JSON = base.Form, "/bureau/signalements/", ""
	public := d.n.cfg.URL
	for i := range page.Reports.Items { // the site stands on another listener
		row := &page.Reports.Items[i]
		row.ContractURL = public + "/marches/" + row.Contract
		if row.RecordURL != "" {
			row.RecordURL = row.ContractURL
		}
	}
	d.render(w, r, statusOf(page.Desk), page)
}

// answerReport is what the buyer says, for whom this node answers.
func (d *desk) answerReport(w http.ResponseWriter, r *http.Request, base web.Desk) {
	a := reports.Answer{State: r.PostFormValue("state"), Text: r.PostFormValue("text"), Show: r.PostFormValue("show") != ""}
	if err := d.ask(r, http.MethodPost, "/admin/v1/reports/"+mux.Vars(r)["id"]+"/answer", a, nil); err != nil {
		base.Error = err.Error()
		d.reports(w, r, base)
		return
	}
	done(w, r, "/bureau/signalements", "report", "")
}
