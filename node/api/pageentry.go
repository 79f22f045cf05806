package api

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"maillon/catalog"
	"maillon/catalog/cpv"
	"maillon/catalog/entry"
	"maillon/catalog/pivot"
	"maillon/catalog/pivot/draft"
	"maillon/catalog/pivot/guide"
	"maillon/catalog/territory"
	"maillon/catalog/texts"
	"maillon/node/deposit"
	"maillon/node/web"
	"maillon/store/view"
)

// errForm: a form that was not sent from a page of its session.
var errForm = errors.New("this form is too old: open the page again")

// entrySeries is the series of deposits that are typed by hand.
const entrySeries = "saisie"

// entryMost is the number of bytes of the form.
const entryMost = 256 << 10

// entryFound is the number of codes that a search shows.
const entryFound = 30

// An entryForm is a draft with what surrounds it on the page.
type entryForm struct {
	draft.Draft
	address            string // of the contract that is corrected; "" for a new one
	suppliers, changes int    // that the page has room for
	codes, places      string // what is searched for
}

func (s *Server) entryPage(w http.ResponseWriter, r *http.Request) error {
	open, ok := s.sessions.of(r, s.Now())
	if !ok {
		http.Redirect(w, r, s.base()+"/connexion?next="+url.QueryEscape(localPath("/saisie?"+r.URL.RawQuery)), http.StatusSeeOther)
		return nil
	}
	q := r.URL.Query()
	f := entryForm{Draft: draft.Draft{Kind: pivot.Marche, Values: map[string][]string{}}}
	if q.Get("kind") == string(pivot.Concession) {
		f.Kind = pivot.Concession
	}
	if address := q.Get("contract"); address != "" {
		d, err := s.correctable(address)
		if err != nil {
			return err
		}
		f.Draft, f.address = draft.Of(d.Versions[0].Contract), address
	} else {
		for _, header := range []string{"acheteur_id", "autoriteConcedante_id"} {
			if id, err := territory.ParseNodeID(s.Self.ID); err == nil {
				f.Values[header] = []string{id.SIRET().String()}
			}
		}
		f.Values["datePublicationDonnees"] = []string{s.Now().Format("2006-01-02")}
	}
	return s.showEntry(w, r, http.StatusOK, open, f, nil)
}

// correctable finds a contract of this node that the form can hold: one of 2.x.
func (s *Server) correctable(address string) (view.Detail, error) {
	buyer, slug, _ := strings.Cut(address, "/")
	d, err := s.Views.Contract(buyer, slug)
	if err != nil {
		return d, err
	}
	if shown := d.Versions[0]; shown.Node != s.Self.ID || shown.Contract.Generation != pivot.Gen2 {
		return d, &BadParameter{"contract", address, texts.T(texts.French, "web.entry.notours")}
	}
	return d, nil
}

// postEntry checks what was typed and publishes it if nothing forbids it.
// Buttons that do neither change the form alone.
func (s *Server) postEntry(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, entryMost)
	if err := r.ParseForm(); err != nil {
		if _, large := errors.AsType[*http.MaxBytesError](err); large {
			return err
		}
		return &BadParameter{"form", "", "a form"}
	}
	open, ok := s.sessions.of(r, s.Now())
	if !ok {
		return s.page(w, r, http.StatusForbidden, web.LoginPage{Next: "/saisie", Error: texts.T(langOf(r), "web.login.ended")})
	}
	if !open.sent(r) {
		return errForm
	}
	f := readEntry(r)
	switch do := r.PostFormValue("do"); do {
	case "supplier":
		f.suppliers++
	case "modification":
		f.changes++
	case "cpv", "place":
	default:
		result, err := f.Check(s.Now())
		if err != nil {
			return err
		}
		if do == "publish" && result.Problems.Errors() == 0 {
			return s.publishEntry(w, r, f, result)
		}
		return s.showEntry(w, r, http.StatusOK, open, f, &result)
	}
	return s.showEntry(w, r, http.StatusOK, open, f, nil)
}

// readEntry reads the form.
func readEntry(r *http.Request) entryForm {
	f := entryForm{
		Draft: draft.Draft{Kind: pivot.Marche, Values: map[string][]string{}}, address: r.PostFormValue("contract"),
		codes: r.PostFormValue("search_cpv"), places: r.PostFormValue("search_place"),
	}
	if r.PostFormValue("kind") == string(pivot.Concession) {
		f.Kind = pivot.Concession
	}
	for _, c := range guide.Columns(f.Kind) {
		if values := r.PostForm[c.Header]; len(values) > 0 {
			f.Values[c.Header] = values[:min(len(values), draft.Most)]
		}
	}
	if code := r.PostFormValue("found_cpv"); code != "" {
		f.Values["codeCPV"] = []string{code}
	}
	if code := r.PostFormValue("found_place"); code != "" {
		f.Values["lieuExecution_code"], f.Values["lieuExecution_typeCode"] = []string{code}, []string{"Code commune"}
	}
	return f
}

// publishEntry deposits the contract as a file of the law; what it corrects is
// withdrawn.
func (s *Server) publishEntry(w http.ResponseWriter, r *http.Request, f entryForm, result draft.Result) error {
	c := result.Contract
	var old view.Detail
	if f.address != "" {
		var err error
		if old, err = s.correctable(f.address); err != nil {
			return err
		}
		c = draft.Keep(c, old.Versions[0].Contract)
	}
	var file bytes.Buffer
	if err := pivot.WriteJSON(&file, pivot.Gen2, slices.Values([]pivot.Contract{c})); err != nil {
		return err
	}
	sent := r.Clone(r.Context())
	sent.Body, sent.ContentLength = io.NopCloser(&file), int64(file.Len())
	rep, err := s.Publisher.Deposit(sent, deposit.Request{Name: "saisie-" + c.ID + ".json", Series: entrySeries})
	if err != nil {
		return err
	}
	for _, v := range old.Versions {
		if rep.Outcome != deposit.Accepted || v.Withdrawn || v.Node != s.Self.ID {
			continue
		}
		if _, err := s.Publisher.Retract(r, entry.Withdraw, v.Index, texts.T(texts.French, "web.entry.corrected")); err != nil {
			return err
		}
	}
	http.Redirect(w, r, s.base()+"/depots/"+rep.ID, http.StatusSeeOther)
	return nil
}

// showEntry writes the page: the form with what is wrong at each field.
func (s *Server) showEntry(w http.ResponseWriter, r *http.Request, status int, open session, f entryForm, result *draft.Result) error {
	w.Header().Set("Cache-Control", "no-store")
	lang := langOf(r)
	page := web.EntryPage{
		Kind: string(f.Kind), Contract: f.address, Form: open.form, Codes: foundCodes(f.codes), Places: foundPlaces(f.places),
		SearchCPV: f.codes, SearchPlace: f.places,
	}
	problems := map[string]map[int][]web.ProblemRow{}
	if result != nil {
		page.Checked, page.Errors, page.Warnings = true, result.Problems.Errors(), len(result.Problems)-result.Problems.Errors()
		for _, p := range result.Problems {
			header, at := draft.Column(f.Kind, p.Pointer)
			if header == "" {
				page.Problems = append(page.Problems, entryProblem(p, lang))
				continue
			}
			if problems[header] == nil {
				problems[header] = map[int][]web.ProblemRow{}
			}
			problems[header][at] = append(problems[header][at], entryProblem(p, lang))
		}
	}
	rows := guide.Rows(f.Kind, lang)
	suppliers, changes := max(1, f.Count("supplier"), min(f.suppliers+f.Count("supplier"), draft.Most)), min(f.changes+f.Count("modification"), draft.Most)
	page.Suppliers, page.Modifications = make([]web.EntryRow, suppliers), make([]web.EntryRow, changes)
	for _, c := range guide.Columns(f.Kind) {
		i := slices.IndexFunc(rows, func(row guide.Row) bool { return row.Path == c.Path })
		switch draft.Repeated(c.Header) {
		case "supplier":
			for n := range page.Suppliers {
				page.Suppliers[n].Fields = append(page.Suppliers[n].Fields, entryField(c, rows[i], f.Values[c.Header], n, problems[c.Header][n], lang))
			}
		case "modification":
			for n := range page.Modifications {
				page.Modifications[n].Fields = append(page.Modifications[n].Fields, entryField(c, rows[i], f.Values[c.Header], n, problems[c.Header][n], lang))
			}
		default:
			var all []web.ProblemRow
			for _, at := range problems[c.Header] {
				all = append(all, at...)
			}
			page.Fields = append(page.Fields, entryField(c, rows[i], f.Values[c.Header], -1, all, lang))
		}
	}
	return s.page(w, r, status, page)
}

func entryProblem(p catalog.Problem, lang texts.Lang) web.ProblemRow {
	row := problemRow(p, lang)
	row.Pointer, row.Line = "", 0
	if p.Rule == "required" {
		row.Text, row.Hint = texts.T(lang, "web.entry.missing"), ""
	}
	return row
}

// entryField is a field of the form; at is the number of its supplier or
// modification, -1 for a field that stands once.
func entryField(c guide.Column, row guide.Row, values []string, at int, problems []web.ProblemRow, lang texts.Lang) web.EntryField {
	f := web.EntryField{
		Name: c.Header, Label: entryLabel(c, lang), Help: row.Text, Example: row.Example, Required: row.Required, Problems: problems, Type: "text",
		Several: row.Several,
	}
	if at >= 0 {
		f.At = at + 1
		values = values[min(at, len(values)):min(at+1, len(values))]
	}
	if len(values) > 0 {
		f.Value = values[0]
	}
	words := row.Words
	switch {
	case row.Flag:
		words = []string{"oui", "non"}
	case row.Day:
		f.Type = "date"
	}
	for _, word := range words {
		f.Words = append(f.Words, web.EntryWord{Word: word, Chosen: slices.Contains(values, word)})
	}
	if len(words) > 0 && f.Value != "" && !slices.Contains(words, f.Value) { // what stands in the contract that is corrected
		f.Words = append(f.Words, web.EntryWord{Word: f.Value, Chosen: true})
	}
	return f
}

// entryLabel is what people call a field.
func entryLabel(c guide.Column, lang texts.Lang) string {
	for _, key := range []string{"label." + c.Header, "field." + c.Header} {
		if texts.Has(key) {
			return texts.T(lang, key)
		}
	}
	return ""
}

// foundCodes are the CPV codes whose number or name holds every word.
func foundCodes(search string) (found []web.EntryChoice) {
	words := strings.Fields(strings.ToLower(search))
	if len(words) == 0 {
		return nil
	}
	for code, name := range cpv.All() {
		if !holdsAll(strings.ToLower(code+" "+name), words) {
			continue
		}
		if found = append(found, web.EntryChoice{Code: code, Name: name}); len(found) == entryFound {
			break
		}
	}
	return found
}

// foundPlaces are the communes whose code or name holds every word.
func foundPlaces(search string) (found []web.EntryChoice) {
	words := strings.Fields(strings.ToLower(search))
	if len(words) == 0 {
		return nil
	}
	for m := range territory.Communes() {
		if !holdsAll(strings.ToLower(m.Code+" "+m.Name), words) {
			continue
		}
		if found = append(found, web.EntryChoice{Code: m.Code, Name: m.Name}); len(found) == entryFound {
			break
		}
	}
	return found
}

func holdsAll(text string, words []string) bool {
	return !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(text, w) })
}
