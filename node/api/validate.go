package api

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/gorilla/mux"

	"maillon/catalog"
	"maillon/catalog/pivot"
	"maillon/catalog/pivot/report"
)

var (
	errBusy   = errors.New("as many files as this node checks at once are being checked; try again in a moment")
	errCoding = errors.New("Content-Encoding: use gzip or zstd, or none; compress the file inside a form, not the form")
)

// inTurn lets a bounded number of files be checked at once. One check uses
// every core: a few more only fill the time in which a file is on its way.
func inTurn() func(handler) handler {
	turns := make(chan struct{}, 2*runtime.GOMAXPROCS(0))
	return func(h handler) handler {
		return func(w http.ResponseWriter, r *http.Request) error {
			// Without this an early answer waits for the request to end, and a
			// sender that stalls never gets it.
			conn := http.NewResponseController(w)
			_ = conn.EnableFullDuplex() // not every connection can
			select {
			case turns <- struct{}{}:
				defer func() { <-turns }()
				return h(w, r)
			default:
				_ = conn.SetReadDeadline(time.Now().Add(validateRefused)) // as above
				w.Header().Set("Connection", "close")                     // nothing else is read from it
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

// mostChecked bounds a file that is only checked, in bytes.
func (s *Server) mostChecked() int64 {
	switch {
	case s.ValidateBytes > 0:
		return s.ValidateBytes
	case s.MaxBytes > 0:
		return min(s.MaxBytes, validateBytes)
	}
	return validateBytes
}

const (
	validateBytes = 100 << 20        // default of Server.ValidateBytes
	validateMost  = 10 * time.Minute // for a file to arrive, in all

	validateRefused = 5 * time.Second // for a file that is not checked
)

// A validatedRecord is a line of the answer of /api/v1/validate: a record, or
// without pointer the file as a whole.
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

// The verdicts.
const (
	verdictOK = "OK"
	verdictKO = "KO"
)

// recordVerdict is KO where the legal schema refuses something.
func recordVerdict(problems []report.Problem) string {
	for _, p := range problems {
		if p.Severity == catalog.Error {
			return verdictKO
		}
	}
	return verdictOK
}

func fileVerdict(name string, sum report.Summary) validatedFile {
	f := validatedFile{File: name, Verdict: verdictOK, Summary: sum}
	if sum.Invalid > 0 {
		f.Verdict = verdictKO
	}
	return f
}

// postValidate checks the file in the request's body, or in the field "file"
// of a form, and keeps nothing. Parameters: name (as the report calls the
// file), schema (a version), all (true: also records without problems), lang.
// The answer streams while the file is read: JSON lines, or CSV or one JSON
// object where the request accepts that.
func (s *Server) postValidate(w http.ResponseWriter, r *http.Request) error {
	up, err := s.openUpload(w, r)
	if err != nil {
		return err
	}
	defer up.close()
	o, err := s.validateOptions(r, up.fields)
	if err != nil {
		return err
	}
	shape := linesShape
	switch accept := r.Header.Get("Accept"); {
	case strings.Contains(accept, "text/csv"):
		shape = csvShape
	case strings.Contains(accept, "application/json"):
		shape = objectShape
	}
	s.writeReport(w, up, o, shape)
	return nil
}

func (s *Server) validateOptions(r *http.Request, q url.Values) (report.Options, error) {
	o := report.Options{Name: q.Get("name"), Lang: langOf(r), Check: pivot.Checking{Today: s.Now()}}
	if v := q.Get("schema"); v != "" {
		var err error
		if o.Check.Schema, err = pivot.ParseVersion(v); err != nil {
			return o, &BadParameter{"schema", v, "1.3.0 to 2.0.4"}
		}
	}
	if v := q.Get("all"); v != "" {
		var err error
		if o.All, err = strconv.ParseBool(v); err != nil {
			return o, &BadParameter{"all", v, "true, false"}
		}
	}
	if len(o.Name) > validateName {
		return o, &BadParameter{"name", o.Name[:40] + "…", "at most 200 bytes"}
	}
	return o, nil
}

// validateName bounds the name of a file, in bytes.
const validateName = 200

// A reportShape makes the writer of one form of answer over out, after the
// headers that it needs.
type reportShape func(h http.Header, out *bufio.Writer, o report.Options) reportWriter

// A reportWriter takes the records of a report and then its summary. Its
// errors are those of the writer below.
type reportWriter struct {
	record func(report.Record) error
	end    func(report.Summary) error
}

// writeReport reads the file and answers meanwhile. An error of reading or
// writing shows nowhere: the answer has begun, and whoever reads it is gone.
func (s *Server) writeReport(w http.ResponseWriter, up *upload, o report.Options, shape reportShape) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Add("Vary", "Accept, Accept-Language")
	line := newOutLine(w, up.duplex)
	out := bufio.NewWriterSize(line, 32<<10)
	to := shape(w.Header(), out, o)
	sum, err := report.Run(up.reader(), o, to.record)
	if err == nil {
		err = to.end(sum)
	}
	if err == nil {
		err = out.Flush()
	}
	up.drain()
	line.close(err)
}

// linesShape answers a line of JSON for each record, then one for the file.
func linesShape(h http.Header, out *bufio.Writer, o report.Options) reportWriter {
	h.Set("Content-Type", "application/x-ndjson; charset=utf-8")
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	return reportWriter{
		record: func(rec report.Record) error { return enc.Encode(validatedRecord{rec, recordVerdict(rec.Problems)}) },
		end:    func(sum report.Summary) error { return enc.Encode(fileVerdict(o.Name, sum)) },
	}
}

// objectLines is how many records one JSON object holds.
const objectLines = 10_000

// objectShape answers one JSON object: records, the first objectLines of
// them; left, how many more there were; and what [validatedFile] says.
func objectShape(h http.Header, out *bufio.Writer, o report.Options) reportWriter {
	h.Set("Content-Type", "application/json; charset=utf-8")
	lines, left := 0, 0
	return reportWriter{
		record: func(rec report.Record) error {
			if lines == objectLines {
				left++
				return nil
			}
			before := ","
			if lines == 0 {
				before = `{"records":[`
			}
			lines++
			return writePart(out, before, validatedRecord{rec, recordVerdict(rec.Problems)})
		},
		end: func(sum report.Summary) error {
			before := `],"left":` + strconv.Itoa(left)
			if lines == 0 {
				before = `{"records":[` + before
			}
			last := fileVerdict(o.Name, sum)
			for _, part := range []struct {
				name  string
				value any
			}{{`,"file":`, last.File}, {`,"verdict":`, last.Verdict}, {`,"summary":`, last.Summary}} {
				if err := writePart(out, before+part.name, part.value); err != nil {
					return err
				}
				before = ""
			}
			_, err := out.WriteString("}\n")
			return err
		},
	}
}

func writePart(out *bufio.Writer, before string, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, _ = out.WriteString(before) // the error comes again below
	_, err = out.Write(raw)
	return err
}

// csvShape answers a table with a line for each problem.
func csvShape(h http.Header, out *bufio.Writer, _ report.Options) reportWriter {
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="rapport.csv"`)
	c := csv.NewWriter(out)
	c.Comma = ';'
	_ = c.Write([]string{"pointer", "line", "uid", "schema", "verdict", "severity", "rule", "place", "found", "expected", "text", "hint"})
	return reportWriter{
		record: func(rec report.Record) error {
			verdict, schema := recordVerdict(rec.Problems), string(rec.Schema)
			for _, p := range rec.Problems {
				_ = c.Write(safeCells(rec.Pointer, lineCell(max(rec.Line, p.Line)), rec.UID, schema, verdict, string(p.Severity), p.Rule,
					p.Pointer, p.Found, p.Expected, p.Text(), p.Hint))
			}
			if len(rec.Problems) == 0 {
				_ = c.Write(safeCells(rec.Pointer, lineCell(rec.Line), rec.UID, schema, verdict, "", "", "", "", "", "", ""))
			}
			return c.Error()
		},
		end: func(report.Summary) error {
			c.Flush()
			return c.Error()
		},
	}
}

// validateCSV answers the table at once, for a file that has arrived.
func validateCSV(w http.ResponseWriter, file *pivot.Reader, o report.Options) error {
	out := bufio.NewWriter(w)
	to := csvShape(w.Header(), out, o)
	if sum, err := report.Run(file, o, to.record); err == nil && to.end(sum) == nil {
		_ = out.Flush() // whoever reads it is gone if this fails
	}
	return nil
}

// lineCell is a line number, or nothing where it is not known.
func lineCell(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}
