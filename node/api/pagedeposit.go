package api

import (
	"cmp"
	"net/http"
	"slices"

	"github.com/gorilla/mux"

	"maillon/catalog"
	"maillon/catalog/contract"
	"maillon/catalog/pivot"
	"maillon/catalog/texts"
	"maillon/node/deposit"
	"maillon/node/web"
)

// maxPlaces bounds the places that a page lists under one rule; the CSV has them all.
const maxPlaces = 20

func depositRow(rep *deposit.Report) web.DepositRow {
	n := rep.Counts
	return web.DepositRow{
		ID: rep.ID, Name: rep.Name, Series: rep.Series, Outcome: string(rep.Outcome), At: rep.At,
		Records: n.Records, Conforming: n.Conforming, ToCorrect: n.ToCorrect, Refused: n.Refused, Appended: n.Appended,
	}
}

func (s *Server) depositPage(w http.ResponseWriter, r *http.Request) error {
	rep, err := s.Desk.Report(mux.Vars(r)["id"])
	if err != nil {
		return err
	}
	lang := langOf(r)
	api := s.base() + "/api/v1/deposits/" + rep.ID
	page := web.DepositPage{
		DepositRow: depositRow(rep), Mode: string(rep.Mode), SHA256: rep.SHA256, Layout: rep.Layout, Bytes: rep.Bytes, First: rep.First, Size: rep.Size,
		Known: rep.Counts.Known, Repeated: rep.Counts.Repeated, KeptOut: rep.Counts.KeptOut, Cut: rep.Cut, JSON: api, CSV: api + ".csv",
		Rules: s.ruleRows(rep, lang),
	}
	if rep.Problem != nil {
		row := problemRow(*rep.Problem, lang)
		row.Offset = rep.Offset
		page.Problem = &row
	}
	for _, p := range rep.Warnings {
		page.Warnings = append(page.Warnings, problemRow(p, lang))
	}
	return s.page(w, r, http.StatusOK, page)
}

// ruleRows sorts what is to be mended by rule: errors first, the most
// frequent first. What was read differently from what was written comes last.
func (s *Server) ruleRows(rep *deposit.Report, lang texts.Lang) []web.RuleRow {
	rows := map[string]*web.RuleRow{}
	row := func(rule, severity, text, hint string) *web.RuleRow {
		if rows[rule] == nil {
			rows[rule] = &web.RuleRow{Rule: rule, Severity: severity, Text: text, Hint: hint}
		}
		return rows[rule]
	}
	for _, rec := range rep.Records {
		for _, p := range rec.Problems {
			e := problemRow(p, lang)
			one := row(p.Rule, string(p.Severity), e.Text, e.Hint)
			one.Count = rep.Rules[p.Rule]
			if len(one.Places) < maxPlaces {
				one.Places = append(one.Places, s.placeRow(rec, p))
			}
		}
		for _, fix := range rec.Repairs {
			one := row(fix.Rule, "repair", texts.T(lang, "repair."+fix.Rule), "")
			one.Count++
			if len(one.Places) < maxPlaces {
				one.Places = append(one.Places, s.placeRow(rec, catalog.Problem{Pointer: fix.Pointer, Found: fix.From, Expected: fix.To}))
			}
		}
	}
	out := make([]web.RuleRow, 0, len(rows))
	for _, one := range rows {
		out = append(out, *one)
	}
	rank := map[string]int{string(catalog.Error): 0, string(catalog.Warning): 1, "repair": 2}
	slices.SortFunc(out, func(a, b web.RuleRow) int {
		return cmp.Or(cmp.Compare(rank[a.Severity], rank[b.Severity]), cmp.Compare(b.Count, a.Count), cmp.Compare(a.Rule, b.Rule))
	})
	return out
}

func (s *Server) placeRow(rec deposit.RecordReport, p catalog.Problem) web.PlaceRow {
	row := web.PlaceRow{Key: rec.Key, Pointer: rec.Pointer + p.Pointer, Line: cmp.Or(p.Line, rec.Line), State: string(rec.State), Found: p.Found, Expected: p.Expected}
	if rec.State != pivot.Refused && rec.Kept != deposit.KeptOut {
		if buyer, id, ok := cutKey(rec.Key); ok {
			row.ContractURL = s.base() + "/marches/" + contract.Escape(buyer) + "/" + contract.Escape(id)
		}
	}
	return row
}

// cutKey splits buyer "/" id; the buyer is a SIRET, so the first slash divides.
func cutKey(key string) (buyer, id string, ok bool) {
	for i := range len(key) {
		if key[i] == '/' {
			return key[:i], key[i+1:], true
		}
	}
	return "", "", false
}
