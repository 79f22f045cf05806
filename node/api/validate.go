package api

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/gorilla/mux"

	"maillon/catalog"
	"maillon/catalog/pivot"
	"maillon/catalog/pivot/report"
	"maillon/catalog/texts"
	"maillon/store"
)

var (
	errBusy   = errors.New("as many files as this node checks at once are being checked; try again in a moment")
	errCoding = errors.New("Content-Encoding: use gzip or zstd, or none")
)

// inTurn lets a bounded number of files be checked at once. One check uses
// every core: a few more only fill the time in which a file is on its way.
func inTurn() func(handler) handler {
	turns := make(chan struct{}, 2*runtime.GOMAXPROCS(0))
	return func(h handler) handler {
		return func(w http.ResponseWriter, r *http.Request) error {
			select {
			case turns <- struct{}{}:
				defer func() { <-turns }()
				return h(w, r)
			default:
				return errBusy
			}
		}
	}
}

func (s *Server) validateRoutes(r *mux.Router, turn func(handler) handler) {
	r.Handle("/validate", s.answer(turn(s.postValidate))).Methods("POST")
	r.Handle("/rules", s.answer(s.listRules)).Methods("GET", "HEAD")
	r.Handle("/rules/{id}", s.answer(s.getRule)).Methods("GET", "HEAD")
}

// A validatedRecord is a line of the answer of /api/v1/validate.
type validatedRecord struct {
	report.Record
	Verdict string `json:"verdict"` // OK, KO
}

// A validatedFile is the last line of the answer of /api/v1/validate.
type validatedFile struct {
	File    string         `json:"file"`
	Verdict string         `json:"verdict"` // OK if no record is KO
	Summary report.Summary `json:"summary"`
}

// postValidate checks the file in the request's body and keeps nothing.
// Parameters: name (as the report calls the file), schema (a version), all
// (true: also records without problems), lang. The answer streams while the
// file is read: JSON lines, or CSV where the request accepts that.
func (s *Server) postValidate(w http.ResponseWriter, r *http.Request) error {
	o, err := s.validateOptions(r)
	if err != nil {
		return err
	}
	if r.ContentLength > s.MaxBytes {
		return &http.MaxBytesError{Limit: s.MaxBytes}
	}
	// The answer begins before the request has ended. Where the connection
	// cannot do that, it waits in the buffers between. A sender that stalls
	// gives its turn back in the end.
	conn := http.NewResponseController(w)
	_, _ = conn.EnableFullDuplex(), conn.SetReadDeadline(time.Now().Add(validateMost))
	file := pivot.NewReader(http.MaxBytesReader(w, r.Body, s.MaxBytes), pivot.Limits{File: s.MaxBytes})
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Vary", "Accept")
	if strings.Contains(r.Header.Get("Accept"), "text/csv") {
		return validateCSV(w, file, o)
	}
	return validateLines(w, file, o)
}

func (s *Server) validateOptions(r *http.Request) (report.Options, error) {
	q := r.URL.Query()
	o := report.Options{Name: q.Get("name"), Lang: langOf(r), Check: pivot.Checking{Today: s.Now()}}
	if v := q.Get("schema"); v != "" {
		var err error
		if o.Check.Schema, err = pivot.ParseVersion(v); err != nil {
			return o, &BadParameter{"schema", v, "1.4.0 to 2.0.4"}
		}
	}
	if v := q.Get("all"); v != "" {
		var err error
		if o.All, err = strconv.ParseBool(v); err != nil {
			return o, &BadParameter{"all", v, "true, false"}
		}
	}
	if len(o.Name) > 200 {
		return o, &BadParameter{"name", o.Name[:40] + "…", "at most 200 bytes"}
	}
	switch r.Header.Get("Content-Encoding") {
	case "", "identity", "gzip", "zstd": // the reader sees which one it is
		return o, nil
	}
	return o, errCoding
}

// validateMost is how long a file may take to arrive.
const validateMost = 10 * time.Minute

// validateVerdict is KO where the legal schema refuses something.
func validateVerdict(problems []report.Problem) string {
	for _, p := range problems {
		if p.Severity == catalog.Error {
			return "KO"
		}
	}
	return "OK"
}

func validateLines(w http.ResponseWriter, file *pivot.Reader, o report.Options) error {
	w.Header().Set("Content-Type", "application/x-ndjson; charset=utf-8")
	out := bufio.NewWriterSize(w, 32<<10)
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	sum, err := report.Run(file, o, func(rec report.Record) error {
		return enc.Encode(validatedRecord{rec, validateVerdict(rec.Problems)})
	})
	if err != nil {
		return nil //nolint:nilerr // the answer has begun, and whoever reads it is gone
	}
	last := validatedFile{File: o.Name, Verdict: "OK", Summary: sum}
	if sum.Invalid > 0 {
		last.Verdict = "KO"
	}
	_ = enc.Encode(last) // as above
	_ = out.Flush()
	return nil
}

// validateCSV writes a line for each problem.
func validateCSV(w http.ResponseWriter, file *pivot.Reader, o report.Options) error {
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="rapport.csv"`)
	c := csv.NewWriter(w)
	c.Comma = ';'
	_ = c.Write([]string{"pointer", "line", "uid", "schema", "verdict", "severity", "rule", "place", "found", "expected", "text", "hint"})
	_, err := report.Run(file, o, func(rec report.Record) error {
		verdict := validateVerdict(rec.Problems)
		for _, p := range rec.Problems {
			line := max(rec.Line, p.Line)
			_ = c.Write(safeCells(rec.Pointer, strconv.Itoa(line), rec.UID, string(rec.Schema), verdict, string(p.Severity), p.Rule,
				p.Pointer, p.Found, p.Expected, p.Text(), p.Hint))
		}
		return c.Error()
	})
	if err == nil {
		c.Flush()
	}
	return nil // as validateLines
}

// A ruleEntry is a rule as /api/v1/rules tells it.
type ruleEntry struct {
	ID       string           `json:"id"`
	Severity catalog.Severity `json:"severity"`
	Scope    pivot.RuleScope  `json:"scope"`
	Text     string           `json:"text"` // {0} is what was found, {1} what is expected
	Hint     string           `json:"hint"`
}

func ruleOf(r pivot.Rule, lang texts.Lang) ruleEntry {
	const found, expected = "{0}", "{1}"
	return ruleEntry{
		r.ID, r.Severity, r.Of, texts.T(lang, "rule."+r.ID+".text", found, expected), texts.T(lang, "rule."+r.ID+".hint", found, expected),
	}
}

func (s *Server) listRules(w http.ResponseWriter, r *http.Request) error {
	items := []ruleEntry{}
	for _, rule := range pivot.Rules() {
		items = append(items, ruleOf(rule, langOf(r)))
	}
	return writeJSON(w, map[string]any{"items": items})
}

func (s *Server) getRule(w http.ResponseWriter, r *http.Request) error {
	for _, rule := range pivot.Rules() {
		if rule.ID == mux.Vars(r)["id"] {
			return writeJSON(w, ruleOf(rule, langOf(r)))
		}
	}
	return fmt.Errorf("no such rule: %w", store.ErrNotFound)
}
