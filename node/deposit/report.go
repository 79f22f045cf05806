package deposit

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"maillon/catalog"
	"maillon/catalog/pivot"
	"maillon/store"
	"maillon/store/whole"
)

// Outcome says what became of a deposit as a whole.
type Outcome string

// The outcomes.
const (
	Accepted  Outcome = "accepted"  // something was appended
	Unchanged Outcome = "unchanged" // all of it was already published
	Rejected  Outcome = "rejected"  // the file is at fault: nothing was appended
)

// Kept says what became of one record.
type Kept string

// What becomes of a record.
const (
	Appended Kept = "appended"
	Known    Kept = "known"    // already published: appends nothing
	Repeated Kept = "repeated" // the same record stands earlier in this file
	KeptOut  Kept = "kept-out" // publication: stricte, and not conforming
)

// maxRows bounds the rows of records with problems that a report keeps; the
// counts are always of all.
const maxRows = 2000

// A Report is what a depositor is told. It is kept beside the file.
type Report struct {
	ID       string           `json:"id"`
	Name     string           `json:"name"`
	Series   string           `json:"series"`
	Mode     Mode             `json:"mode"`
	At       time.Time        `json:"at"`
	Bytes    int64            `json:"bytes"`
	SHA256   string           `json:"sha256"`
	Stored   string           `json:"stored"` // name of the file as kept, in the deposit's folder; "" once a record of it was redacted
	Layout   string           `json:"layout"`
	Outcome  Outcome          `json:"outcome"`
	Problem  *catalog.Problem `json:"problem,omitempty"` // why the file was rejected
	Offset   int64            `json:"offset,omitempty"`  // byte where it went wrong
	Counts   Counts           `json:"counts"`
	First    uint64           `json:"first"`              // journal index of the first entry appended
	Size     uint64           `json:"size"`               // journal size afterwards
	Warnings catalog.Problems `json:"warnings,omitempty"` // about the file as a whole
	Rules    map[string]int   `json:"rules,omitempty"`    // occurrences of each rule
	Records  []RecordReport   `json:"records,omitempty"`  // those with problems or repairs, the first 2,000
	Cut      bool             `json:"cut,omitempty"`      // there were more
	Unsaved  error            `json:"-"`                  // why this report could not be kept, though the journal has the records
}

// Counts of records.
type Counts struct {
	Records    int `json:"records"`
	Conforming int `json:"conforming"`
	ToCorrect  int `json:"toCorrect"`
	Refused    int `json:"refused"`
	Warnings   int `json:"warnings"` // problems of severity warning
	Appended   int `json:"appended"`
	Known      int `json:"known"`
	Repeated   int `json:"repeated"`
	KeptOut    int `json:"keptOut"`
}

// A RecordReport is what is said of one record.
type RecordReport struct {
	Pointer  string           `json:"pointer"`
	Line     int              `json:"line,omitempty"`
	Kind     pivot.Kind       `json:"kind,omitempty"`
	Key      string           `json:"key,omitempty"` // buyer "/" id as written
	State    pivot.State      `json:"state"`
	Schema   pivot.Version    `json:"schema,omitempty"`
	Kept     Kept             `json:"kept,omitempty"`
	Problems catalog.Problems `json:"problems,omitempty"`
	Repairs  []pivot.Repair   `json:"repairs,omitempty"`
}

// add counts a record, and keeps it if there is something to say of it.
func (r *Report) add(row RecordReport) {
	switch row.State {
	case pivot.Conforming:
		r.Counts.Conforming++
	case pivot.ToCorrect:
		r.Counts.ToCorrect++
	default:
		r.Counts.Refused++
	}
	switch row.Kept {
	case Appended:
		r.Counts.Appended++
	case Known:
		r.Counts.Known++
	case Repeated:
		r.Counts.Repeated++
	case KeptOut:
		r.Counts.KeptOut++
	}
	if r.Rules == nil {
		r.Rules = map[string]int{}
	}
	for _, p := range row.Problems {
		r.Rules[p.Rule]++
		if p.Severity == catalog.Warning {
			r.Counts.Warnings++
		}
	}
	if len(row.Problems) == 0 && len(row.Repairs) == 0 {
		return
	}
	if len(r.Records) >= maxRows {
		r.Cut = true
		return
	}
	r.Records = append(r.Records, row)
}

// refuseFile records why the file could not be read to its end.
func (r *Report) refuseFile(e *pivot.FileError) {
	p := e.Problem
	if p.Line == 0 {
		p.Line = e.Line
	}
	r.Problem, r.Offset, r.Outcome = &p, e.Offset, Rejected
	r.Counts.Appended = 0
}

func (r *Report) refuse(rule, found, expected string) {
	r.Problem = &catalog.Problem{Rule: rule, Severity: catalog.Error, Found: found, Expected: expected}
	r.Outcome = Rejected
	r.Counts.Appended = 0
}

// receive keeps the file as received, whatever it is, and starts its report.
func (d *Desk) receive(req Request, r io.Reader) (*Report, string, error) {
	at := d.Now().UTC().Truncate(time.Second)
	rep := &Report{ID: newID(at), Name: cleanName(req.Name), Series: req.Series, Mode: req.Mode, At: at}
	dir := filepath.Join(d.Dir, rep.ID)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, "", fmt.Errorf("%w: %w", ErrStorage, err)
	}
	rep.Stored = "file" + storedExt(rep.Name)
	err := func() error {
		f, err := os.OpenFile(filepath.Join(dir, rep.Stored), os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrStorage, err)
		}
		defer f.Close()
		sum := sha256.New()
		from := &source{r: io.LimitReader(r, d.MaxBytes+1)}
		rep.Bytes, err = io.Copy(io.MultiWriter(f, sum), from)
		if from.err != nil {
			return fmt.Errorf("%w (%s after %d bytes: %w)", ErrUpload, rep.Name, rep.Bytes, from.err)
		}
		if err != nil {
			return fmt.Errorf("%w: %w", ErrStorage, err)
		}
		rep.SHA256 = hex.EncodeToString(sum.Sum(nil))
		if rep.Bytes > d.MaxBytes {
			rep.refuse("file-too-large", fmt.Sprintf("> %d", d.MaxBytes), fmt.Sprintf("≤ %d", d.MaxBytes))
		}
		return f.Sync()
	}()
	if err != nil {
		return nil, "", errors.Join(err, os.RemoveAll(dir))
	}
	return rep, dir, nil
}

// A source remembers that it was the reading that failed.
type source struct {
	r   io.Reader
	err error
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

// cleanName keeps the last part of a file's name, bounded, without control characters.
func cleanName(name string) string {
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	name = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, strings.ToValidUTF8(name, ""))
	if r := []rune(name); len(r) > 120 {
		name = string(r[:120])
	}
	return name
}

// storedExt is the ending under which a file is kept: a short list, so that
// nothing received ever gets a name that means something to a machine.
func storedExt(name string) string {
	low := strings.ToLower(name)
	for _, ext := range []string{".json", ".xml", ".csv", ".json.gz", ".xml.gz", ".csv.gz"} {
		if strings.HasSuffix(low, ext) {
			return ext
		}
	}
	return ".bin"
}

func saveReport(dir string, rep *Report) error {
	raw, err := json.MarshalIndent(rep, "", " ")
	if err != nil {
		return fmt.Errorf("report of deposit %s: %w", rep.ID, err)
	}
	if err := whole.WriteFile(filepath.Join(dir, "report.json"), raw, 0o600); err != nil {
		return fmt.Errorf("%w: %w", ErrStorage, err)
	}
	return nil
}

// forget removes what a deposit's folder still says of a redacted record: the
// file as received, which holds it, and the values quoted in the report.
func (d *Desk) forget(id, pointer string) error {
	rep, err := d.Report(id)
	if errors.Is(err, store.ErrNotFound) {
		return nil // the folder is gone, or came back without it from a backup
	}
	if err != nil {
		return err
	}
	dir := filepath.Join(d.Dir, id)
	if rep.Stored != "" {
		if err := os.Remove(filepath.Join(dir, rep.Stored)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%w: %w", ErrStorage, err)
		}
		rep.Stored = ""
	}
	for i, row := range rep.Records {
		if row.Pointer != pointer {
			continue
		}
		for j := range row.Problems {
			row.Problems[j].Found = ""
		}
		rep.Records[i].Repairs = nil
	}
	return saveReport(dir, rep)
}

// Report returns the report of one deposit; [store.ErrNotFound] if there is none.
func (d *Desk) Report(id string) (*Report, error) {
	if strings.ContainsAny(id, "/\\.\x00") || id == "" || len(id) > longestID {
		return nil, fmt.Errorf("deposit %q: %w", id, store.ErrNotFound)
	}
	raw, err := os.ReadFile(filepath.Join(d.Dir, id, "report.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("deposit %q: %w", id, store.ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrStorage, err)
	}
	var rep Report
	if err := json.Unmarshal(raw, &rep); err != nil {
		return nil, fmt.Errorf("report of deposit %s: %w", id, err)
	}
	return &rep, nil
}

// longestID is more than the id of any deposit has, and less than a file system takes.
const longestID = 120

// Reports returns the heads of the newest n reports, newest first: everything but
// their Records. They are shared: do not change them.
func (d *Desk) Reports(n int) ([]*Report, error) {
	dirs, err := os.ReadDir(d.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrStorage, err)
	}
	var out []*Report
	for _, dir := range slices.Backward(dirs) { // ids begin with the time
		if len(out) == n {
			break
		}
		rep, err := d.head(dir.Name())
		if errors.Is(err, store.ErrNotFound) {
			continue // being received now, or cut short by a crash
		}
		if err != nil {
			return nil, err
		}
		out = append(out, rep)
	}
	return out, nil
}

// A head is a report without its records, as read from a file of that date and size.
type head struct {
	at   time.Time
	size int64
	rep  *Report
}

// mostHeads is how many heads are remembered; a list shows fifty.
const mostHeads = 200

// head reads the report of a deposit if it has changed since the last time.
func (d *Desk) head(id string) (*Report, error) {
	info, err := os.Stat(filepath.Join(d.Dir, filepath.Base(id), "report.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("deposit %q: %w", id, store.ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrStorage, err)
	}
	d.reading.Lock()
	defer d.reading.Unlock()
	if h, ok := d.heads[id]; ok && h.at.Equal(info.ModTime()) && h.size == info.Size() {
		return h.rep, nil
	}
	rep, err := d.Report(id)
	if err != nil {
		return nil, err
	}
	rep.Records = nil
	if d.heads == nil || len(d.heads) >= mostHeads {
		d.heads = map[string]head{}
	}
	d.heads[id] = head{info.ModTime(), info.Size(), rep}
	return rep, nil
}
