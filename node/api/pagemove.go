package api

import (
	"net/http"
	"strings"

	"maillon/catalog/compare"
	"maillon/catalog/texts"
	"maillon/node/web"
)

func (s *Server) movePage(w http.ResponseWriter, r *http.Request) error {
	return s.page(w, r, http.StatusOK, web.MovePage{URL: s.Self.URL, Most: s.mostChecked()})
}

// postMovePage compares the file of the form with what this node holds. Nothing
// outlives the request.
func (s *Server) postMovePage(w http.ResponseWriter, r *http.Request) error {
	if err := s.Ready(); err != nil {
		return err
	}
	up, err := s.openUpload(w, r)
	if err != nil {
		return err
	}
	defer up.close()
	got, err := s.compareFile(r.Context(), up.fields.Get("name"), up.reader())
	if err != nil {
		return err
	}
	up.drain()
	w.Header().Set("Cache-Control", "no-store")
	lang := langOf(r)
	page := web.MovePage{
		URL: s.Self.URL, Most: s.mostChecked(), Done: true, File: got.File, Error: got.Error, Cut: got.Cut, Lacks: got.States[compare.Lacking],
	}
	words := func(st compare.State) string { return texts.T(lang, "compare.state."+string(st)) }
	for _, st := range compare.States() {
		page.Counts = append(page.Counts, web.MoveCount{State: words(st), Do: texts.T(lang, "compare.state."+string(st)+".do"), N: got.States[st]})
	}
	for _, one := range got.Items {
		row := web.MoveRow{Title: one.Object, Key: one.Buyer + "/" + one.ID, State: words(one.State), URL: one.Permalink, Pointer: one.Pointer}
		if path, ok := strings.CutPrefix(one.Permalink, s.Self.URL); ok && one.Permalink != "" {
			row.URL = s.base() + path
		}
		var fields []string
		for _, f := range one.Differs {
			if key := "field." + f; texts.Has(key) {
				f = texts.T(lang, key)
			}
			fields = append(fields, f)
		}
		row.Fields = strings.Join(fields, ", ")
		page.Items = append(page.Items, row)
	}
	return s.page(w, r, http.StatusOK, page)
}
