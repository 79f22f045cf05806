package api

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/gorilla/mux"

	"maillon/catalog/texts"
	"maillon/node/api/openapi"
	"maillon/node/web"
)

func (s *Server) openapiRoutes(r *mux.Router) {
	r.Handle("/openapi.json", s.answer(s.getDocument)).Methods("GET", "HEAD")
	r.Handle("/api", s.answer(s.apiPage)).Methods("GET", "HEAD")
	r.Handle("/api/try", s.answer(s.tryOperation)).Methods("GET", "HEAD")
}

// getDocument answers the description of /api for programs.
func (s *Server) getDocument(w http.ResponseWriter, r *http.Request) error {
	raw, err := json.MarshalIndent(described.Document(openapi.Server{
		URL: s.Self.URL, Name: s.Self.Name, Contact: s.Self.Contact, Version: s.Pages.Site().Version,
	}, langOf(r)), "", " ")
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Cache-Control", "no-cache")
	h.Add("Vary", "Accept-Language")
	_, _ = w.Write(append(raw, '\n')) // a reader who has gone away is no fault of the node
	return nil
}

func (s *Server) apiPage(w http.ResponseWriter, r *http.Request) error {
	lang := langOf(r)
	page := web.APIPage{URL: s.Self.URL, Document: s.base() + "/openapi.json?lang=" + string(lang), Try: s.base() + "/api/try"}
	for _, o := range described.Operations {
		at := slices.IndexFunc(page.Groups, func(g web.APIGroup) bool { return g.ID == o.Tag })
		if at < 0 {
			at = len(page.Groups)
			page.Groups = append(page.Groups, web.APIGroup{ID: o.Tag, Title: texts.T(lang, "openapi.tag."+o.Tag)})
		}
		page.Groups[at].Operations = append(page.Groups[at].Operations, apiRow(o, lang))
	}
	return s.page(w, r, http.StatusOK, page)
}

func apiRow(o openapi.Operation, lang texts.Lang) web.APIOperation {
	row := web.APIOperation{
		ID: o.ID, Method: o.Method, Path: o.Path, Text: o.Summary(lang), More: o.More(lang), Media: strings.Join(o.Answer[0].Media, ", "),
		Token: o.Token, Readable: o.Readable(),
	}
	for _, p := range o.Params {
		row.Params = append(row.Params, web.APIParam{
			Name: p.Name, Text: o.ParamText(lang, p.Name), Example: p.Example, Values: p.Enum, Required: p.Required || o.InPath(p.Name),
			Number: p.Type == "integer", Date: p.Format == "date", Least: p.Least, Most: p.Most,
		})
	}
	return row
}

// tryOperation leads from the form of an operation to where it is answered: an
// address of this API and no other, without what was left empty.
func (s *Server) tryOperation(w http.ResponseWriter, r *http.Request) error {
	v := r.URL.Query()
	i := slices.IndexFunc(operations, func(o openapi.Operation) bool { return o.ID == v.Get("op") && o.Readable() })
	if i < 0 {
		return notFound("operation", v.Get("op"))
	}
	address, missing := operations[i].Address(v)
	if missing != "" {
		return &BadParameter{missing, "", operations[i].ParamText(langOf(r), missing)}
	}
	http.Redirect(w, r, s.base()+address, http.StatusSeeOther)
	return nil
}
