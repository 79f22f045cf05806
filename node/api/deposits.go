package api

import (
	"encoding/csv"
	"net/http"
	"strconv"
	"strings"

	"github.com/gorilla/mux"

	"maillon/catalog"
	"maillon/catalog/entry"
	"maillon/catalog/texts"
	"maillon/node/deposit"
)

func (s *Server) depositRoutes(r *mux.Router) {
	r.Handle("/deposits", s.answer(s.postDeposit)).Methods("POST")
	r.Handle("/deposits", s.answer(s.listDeposits)).Methods("GET", "HEAD")
	r.Handle("/deposits/{id}", s.answer(s.getDeposit)).Methods("GET", "HEAD")
	r.Handle("/retractions", s.answer(s.postRetraction)).Methods("POST")
}

// postDeposit publishes the file in the request's body. Parameters: name,
// series, mode (merge, replace), force. 200: nothing was new; 201: appended;
// 422: the file is at fault and appended nothing. The report is the answer.
func (s *Server) postDeposit(w http.ResponseWriter, r *http.Request) error {
	if err := s.authorised(r); err != nil {
		return err
	}
	q := r.URL.Query()
	req := deposit.Request{Name: q.Get("name"), Series: q.Get("series"), Mode: deposit.Mode(q.Get("mode"))}
	if f := q.Get("force"); f != "" {
		b, err := strconv.ParseBool(f)
		if err != nil {
			return &BadParameter{"force", f, "true, false"}
		}
		req.Force = b
	}
	rep, err := s.Publisher.Deposit(r, req)
	if err != nil {
		return err
	}
	w.Header().Set("Location", s.Self.URL+"/api/v1/deposits/"+rep.ID)
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	switch rep.Outcome {
	case deposit.Accepted:
		w.WriteHeader(http.StatusCreated)
	case deposit.Rejected:
		w.WriteHeader(http.StatusUnprocessableEntity)
	}
	return writeJSON(w, Explain(rep, langOf(r)))
}

func (s *Server) listDeposits(w http.ResponseWriter, r *http.Request) error {
	reports, err := s.Desk.Reports(50)
	if err != nil {
		return err
	}
	return writeJSON(w, map[string]any{"items": reports})
}

func (s *Server) getDeposit(w http.ResponseWriter, r *http.Request) error {
	id, asCSV := strings.CutSuffix(mux.Vars(r)["id"], ".csv")
	rep, err := s.Desk.Report(id)
	if err != nil {
		return err
	}
	explained := Explain(rep, langOf(r))
	if !asCSV {
		return writeJSON(w, explained)
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="rapport-`+id+`.csv"`)
	return reportCSV(w, explained)
}

func reportCSV(w http.ResponseWriter, rep ExplainedReport) error {
	c := csv.NewWriter(w)
	c.Comma = ';'
	_ = c.Write([]string{"pointer", "line", "key", "state", "schema", "severity", "rule", "place", "found", "expected", "text", "hint"})
	for _, row := range rep.Rows {
		for _, p := range row.Problems {
			_ = c.Write(safeCells(row.Pointer, strconv.Itoa(row.Line), row.Key, string(row.State), string(row.Schema),
				string(p.Severity), p.Rule, p.Pointer, p.Found, p.Expected, p.Text, p.Hint))
		}
	}
	c.Flush()
	return nil // the client is gone if writing failed
}

// safeCells keeps spreadsheets from taking a cell for a formula.
func safeCells(cells ...string) []string {
	for i, c := range cells {
		if c != "" && strings.ContainsRune("=+-@\t\r", rune(c[0])) {
			cells[i] = "'" + c
		}
	}
	return cells
}

// An ExplainedReport is a report with the words for people beside each problem.
type ExplainedReport struct {
	*deposit.Report
	Problem *ExplainedProblem `json:"problem,omitempty"`
	Rows    []ExplainedRecord `json:"records,omitempty"`
}

// An ExplainedRecord is a record's part of an ExplainedReport.
type ExplainedRecord struct {
	deposit.RecordReport
	Problems []ExplainedProblem `json:"problems,omitempty"`
}

// An ExplainedProblem is a problem in the reader's language.
type ExplainedProblem struct {
	catalog.Problem
	Text string `json:"text"`
	Hint string `json:"hint"`
}

// ExplainProblem finds the words for a problem.
func ExplainProblem(p catalog.Problem, lang texts.Lang) ExplainedProblem {
	return ExplainedProblem{
		Problem: p,
		Text:    texts.T(lang, "rule."+p.Rule+".text", p.Found, p.Expected),
		Hint:    texts.T(lang, "rule."+p.Rule+".hint", p.Found, p.Expected),
	}
}

// Explain puts a report into words.
func Explain(rep *deposit.Report, lang texts.Lang) ExplainedReport {
	out := ExplainedReport{Report: rep}
	if rep.Problem != nil {
		p := ExplainProblem(*rep.Problem, lang)
		out.Problem = &p
	}
	for _, row := range rep.Records {
		r := ExplainedRecord{RecordReport: row}
		for _, p := range row.Problems {
			r.Problems = append(r.Problems, ExplainProblem(p, lang))
		}
		out.Rows = append(out.Rows, r)
	}
	return out
}

// postRetraction withdraws or redacts one entry of the own journal.
// Parameters: op (withdraw, redact), entry (its index), reason.
func (s *Server) postRetraction(w http.ResponseWriter, r *http.Request) error {
	if err := s.authorised(r); err != nil {
		return err
	}
	q := r.URL.Query()
	op := entry.Op(q.Get("op"))
	if op != entry.Withdraw && op != entry.Redact {
		return &BadParameter{"op", q.Get("op"), "withdraw, redact"}
	}
	target, err := strconv.ParseUint(q.Get("entry"), 10, 63)
	if err != nil {
		return &BadParameter{"entry", q.Get("entry"), "the index of an entry of this node's journal"}
	}
	reason := q.Get("reason")
	if reason == "" || len(reason) > 200 {
		return &BadParameter{"reason", reason, "1 to 200 bytes: the reason stays public"}
	}
	index, err := s.Publisher.Retract(r, op, target, reason)
	if err != nil {
		return err
	}
	return writeJSON(w, map[string]any{"entry": index, "op": op, "target": target})
}
