package api

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/gorilla/mux"

	"maillon/catalog/pivot"
	"maillon/catalog/pivot/draft"
	"maillon/catalog/pivot/flat"
	"maillon/catalog/pivot/guide"
	"maillon/catalog/texts"
	"maillon/node/web"
)

// referenceRoutes are what explains the format and its rules.
func (s *Server) referenceRoutes(r, v1 *mux.Router) {
	v1.Handle("/dictionary", s.answer(s.getDictionary)).Methods("GET", "HEAD")
	v1.Handle("/table-schema", s.answer(s.getTableSchema)).Methods("GET", "HEAD")
	r.Handle("/dictionnaire", s.answer(s.dictionaryPage)).Methods("GET", "HEAD")
	r.Handle("/editeurs", s.answer(s.vendorPage)).Methods("GET", "HEAD")
	r.Handle("/editeurs/{file}", s.answer(s.vendorFile)).Methods("GET", "HEAD")
	r.Handle("/regles", s.answer(s.rulesPage)).Methods("GET", "HEAD")
}

// A FieldEntry is a field as /api/v1/dictionary tells it.
type FieldEntry struct {
	pivot.Field
	Text string `json:"text"`
}

func (s *Server) getDictionary(w http.ResponseWriter, r *http.Request) error {
	answer := map[pivot.Kind][]FieldEntry{}
	for _, kind := range []pivot.Kind{pivot.Marche, pivot.Concession} {
		for _, f := range pivot.Dictionary(kind) {
			answer[kind] = append(answer[kind], FieldEntry{f, texts.T(langOf(r), f.TextKey())})
		}
	}
	return writeJSON(w, answer)
}

// getTableSchema answers the Table Schema of the flat tables.
func (s *Server) getTableSchema(w http.ResponseWriter, r *http.Request) error {
	schema, err := flat.TableSchema(langOf(r))
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(schema) // a reader who has gone away is no fault of the node
	return nil
}

func (s *Server) dictionaryPage(w http.ResponseWriter, r *http.Request) error {
	lang := langOf(r)
	var page web.DictionaryPage
	for _, kind := range []pivot.Kind{pivot.Marche, pivot.Concession} {
		rows := web.DictionaryKind{ID: string(kind), Title: texts.T(lang, "web.dictionary."+string(kind))}
		for _, f := range guide.Rows(kind, lang) {
			row := web.DictionaryRow{
				Anchor: string(kind) + "." + strings.ReplaceAll(f.Path, "/", "."), Path: f.Path, Text: f.Text,
				Type: f.Type, Words: f.Words, Example: f.Example, Current: f.Current,
			}
			for _, h := range f.History {
				row.History = append(row.History, web.FieldHistory(h))
			}
			rows.Fields = append(rows.Fields, row)
		}
		page.Kinds = append(page.Kinds, rows)
	}
	return s.page(w, r, http.StatusOK, page)
}

func (s *Server) rulesPage(w http.ResponseWriter, r *http.Request) error {
	lang := langOf(r)
	var page web.RulesPage
	for _, rule := range pivot.Rules() {
		at := slices.IndexFunc(page.Scopes, func(s web.RuleScopeRows) bool { return s.ID == string(rule.Of) })
		if at < 0 {
			key := "web.rules.scope." + string(rule.Of)
			page.Scopes = append(page.Scopes, web.RuleScopeRows{
				ID: string(rule.Of), Title: texts.T(lang, key), Lead: texts.T(lang, key+".lead"),
			})
			at = len(page.Scopes) - 1
		}
		key := "rule." + rule.ID
		const found, expected = "…", "…"
		page.Scopes[at].Rules = append(page.Scopes[at].Rules, web.RuleText{
			ID: rule.ID, Severity: string(rule.Severity), Text: texts.T(lang, key+".text", found, expected),
			Hint: texts.T(lang, key+".hint", found, expected), Explain: texts.T(lang, key+".explain"), Source: texts.T(lang, key+".source"),
		})
	}
	return s.page(w, r, http.StatusOK, page)
}

// A vendorExample is a file that a vendor starts from.
type vendorExample struct {
	name, format, media string
	write               func(io.Writer, []pivot.Contract) error
}

var vendorFiles = []vendorExample{
	{"exemple.json", "JSON 2.0.4", "application/json", func(w io.Writer, list []pivot.Contract) error {
		return pivot.WriteJSON(w, pivot.Gen2, slices.Values(list))
	}},
	{"exemple.xml", "XML 2.0.2", "application/xml", func(w io.Writer, list []pivot.Contract) error {
		return pivot.WriteXML(w, pivot.Gen2, slices.Values(list))
	}},
	{"exemple.csv", "CSV", "text/csv; charset=utf-8", func(w io.Writer, list []pivot.Contract) error {
		return flat.WriteCSV(w, slices.Values(list))
	}},
	{"modele.xlsx", "XLSX", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", func(w io.Writer, _ []pivot.Contract) error {
		return guide.WriteTemplateXLSX(w, texts.French)
	}},
}

func (s *Server) vendorPage(w http.ResponseWriter, r *http.Request) error {
	page := web.VendorPage{URL: s.Self.URL}
	for _, f := range vendorFiles {
		page.Files = append(page.Files, web.FileRow{Label: f.name, Format: f.format, URL: s.base() + "/editeurs/" + f.name})
	}
	return s.page(w, r, http.StatusOK, page)
}

func (s *Server) vendorFile(w http.ResponseWriter, r *http.Request) error {
	i := slices.IndexFunc(vendorFiles, func(f vendorExample) bool { return f.name == mux.Vars(r)["file"] })
	if i < 0 {
		return notFound("file", mux.Vars(r)["file"])
	}
	var list []pivot.Contract
	for _, kind := range []pivot.Kind{pivot.Marche, pivot.Concession} {
		c, err := draft.Example(kind)
		if err != nil {
			return err
		}
		list = append(list, c)
	}
	var b bytes.Buffer
	if err := vendorFiles[i].write(&b, list); err != nil {
		return err
	}
	w.Header().Set("Content-Type", vendorFiles[i].media)
	w.Header().Set("Content-Disposition", `attachment; filename="`+vendorFiles[i].name+`"`)
	_, _ = w.Write(b.Bytes()) // a reader who has gone away is no fault of the node
	return nil
}
