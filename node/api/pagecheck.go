package api

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"maillon/catalog"
	"maillon/catalog/pivot"
	"maillon/catalog/pivot/report"
	"maillon/catalog/texts"
	"maillon/node/web"
)

func (s *Server) checkPage(page web.CheckPage) web.CheckPage {
	page.Most = s.mostChecked()
	for _, form := range []pivot.Form{pivot.Flat, pivot.Nested} {
		for _, v := range pivot.Versions(form) {
			page.Versions = append(page.Versions, string(v))
		}
	}
	slices.Reverse(page.Versions) // the newest first
	return page
}

// postCheckPage checks the file of the form and shows what was found, or hands
// it out as a table. Nothing outlives the request.
func (s *Server) postCheckPage(w http.ResponseWriter, r *http.Request) error {
	if r.ContentLength > s.mostChecked() {
		return &http.MaxBytesError{Limit: s.mostChecked()}
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(validateMost))
	r.Body = http.MaxBytesReader(w, r.Body, s.mostChecked())
	if err := r.ParseMultipartForm(1 << 20); err != nil { // beyond, the file waits in a temporary one
		if _, large := errors.AsType[*http.MaxBytesError](err); large {
			return err
		}
		return &BadParameter{"Content-Type", r.Header.Get("Content-Type"), "multipart/form-data"}
	}
	defer r.MultipartForm.RemoveAll() //nolint:errcheck // the system clears temporary files
	in, head, err := r.FormFile("file")
	if err != nil {
		return &BadParameter{"file", "", "a file"}
	}
	defer in.Close()
	o := report.Options{Name: head.Filename, Lang: langOf(r), Check: pivot.Checking{Today: s.Now()}}
	schema := r.PostFormValue("schema")
	if schema != "" {
		if o.Check.Schema, err = pivot.ParseVersion(schema); err != nil {
			return &BadParameter{"schema", schema, "1.3.0 to 2.0.4"}
		}
	}
	file := pivot.NewReader(in, pivot.Limits{File: s.mostChecked()})
	w.Header().Set("Cache-Control", "no-store")
	if r.PostFormValue("as") == "csv" {
		return validateCSV(w, file, o)
	}
	rules := checkRules{lang: o.Lang, rows: map[string]*web.RuleRow{}}
	sum, err := report.Run(file, o, rules.see)
	if err != nil {
		return err
	}
	return s.page(w, r, http.StatusOK, s.checkPage(web.CheckPage{
		Done: true, File: head.Filename, Layout: checkLayout(sum.Layout, o.Lang), Records: sum.Records, Valid: sum.Valid,
		Refused: sum.Invalid, Warnings: sum.Warnings, Rules: rules.sorted(), Schema: schema,
	}))
}

// checkLayout says in words how a file is built.
func checkLayout(layout string, lang texts.Lang) string {
	if layout == "" || !texts.Has("form."+layout) {
		return layout
	}
	return texts.T(lang, "form."+layout)
}

// checkRules gathers what is wrong by rule, with the first places of each.
type checkRules struct {
	lang texts.Lang
	rows map[string]*web.RuleRow
}

func (c *checkRules) see(rec report.Record) error {
	for _, p := range rec.Problems {
		row := c.rows[p.Rule]
		if row == nil {
			const found, expected = "…", "…"
			row = &web.RuleRow{
				Rule: p.Rule, Severity: string(p.Severity), Text: texts.T(c.lang, "rule."+p.Rule+".text", found, expected),
				Hint: texts.T(c.lang, "rule."+p.Rule+".hint", found, expected),
			}
			c.rows[p.Rule] = row
		}
		if row.Count++; len(row.Places) < maxPlaces {
			row.Places = append(row.Places, web.PlaceRow{
				Key: rec.UID, Pointer: rec.Pointer + p.Pointer, Line: max(rec.Line, p.Line), Found: p.Found, Expected: p.Expected,
			})
		}
	}
	return nil
}

// sorted gives the errors first, the most frequent first.
func (c *checkRules) sorted() []web.RuleRow {
	list := make([]web.RuleRow, 0, len(c.rows))
	for _, row := range c.rows {
		list = append(list, *row)
	}
	slices.SortFunc(list, func(a, b web.RuleRow) int {
		return cmp.Or(
			cmp.Compare(checkRank(a), checkRank(b)), cmp.Compare(b.Count, a.Count), strings.Compare(a.Rule, b.Rule),
		)
	})
	return list
}

func checkRank(r web.RuleRow) int {
	if r.Severity == string(catalog.Error) {
		return 0
	}
	return 1
}
