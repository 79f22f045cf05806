package node

import (
	"net/http"

	"maillon/node/doctor"
	"maillon/node/web"
)

// health shows what maillon doctor would say now.
func (d *desk) health(w http.ResponseWriter, r *http.Request, base web.Desk) {
	page := web.DeskHealthPage{Desk: base}
	var facts doctor.Facts
	if err := d.ask(r, http.MethodGet, "/admin/v1/doctor", nil, &facts); err != nil {
		page.Error = err.Error()
		d.render(w, r, statusOf(page.Desk), page)
		return
	}
	lang := deskLang(r)
	for _, f := range doctor.Examine(facts) {
		page.Findings = append(page.Findings, web.DeskFinding{Grade: string(f.Grade), Name: f.Name(lang), Text: f.Text(lang), Mend: f.Mend})
	}
	d.render(w, r, http.StatusOK, page)
}
