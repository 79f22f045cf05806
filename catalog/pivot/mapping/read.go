package mapping

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/transform"
)

// mostLine is the number of bytes of one line of an export, or of one contract
// of a JSON.
const mostLine = 4 << 20

// An ExportError says what is wrong with an export, and where.
type ExportError struct {
	Line int // of a CSV, from 1; 0 if it does not matter
	Text string
}

func (e *ExportError) Error() string {
	if e.Line > 0 {
		return fmt.Sprintf("line %d: %s", e.Line, e.Text)
	}
	return e.Text
}

// Reader gives the export as a table of contracts in CSV, which [pivot.NewReader]
// reads. Whoever does not read it to its end closes it.
func (m *Mapping) Reader(export io.Reader) io.ReadCloser {
	r, w := io.Pipe()
	go func() { w.CloseWithError(m.Write(w, export)) }() //nolint:errcheck // it never fails
	return r
}

// Write writes the export as a table of contracts.
func (m *Mapping) Write(w io.Writer, export io.Reader) error {
	out := csv.NewWriter(w)
	out.Comma = ';'
	names := m.names()
	if err := out.Write(names); err != nil {
		return err
	}
	cells := make([]string, len(names))
	line := func(get func(string) string) error {
		if m.skipped(get) {
			return nil
		}
		for i, name := range names {
			cells[i] = m.Fields[name].cell(get)
		}
		return out.Write(cells)
	}
	in, err := m.decoded(export)
	if err != nil {
		return err
	}
	read := m.csv
	if m.Format == "json" {
		read = m.json
	}
	if err := read(in, line); err != nil {
		return err
	}
	out.Flush()
	return out.Error()
}

// decoded gives the export in UTF-8.
func (m *Mapping) decoded(export io.Reader) (*bufio.Reader, error) {
	in := bufio.NewReaderSize(export, 64<<10)
	head, err := in.Peek(64 << 10)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) {
		return nil, err
	}
	if bytes.HasPrefix(head, []byte("\xef\xbb\xbf")) {
		if _, err := in.Discard(3); err != nil {
			return nil, err
		}
		return in, nil
	}
	wide := strings.EqualFold(m.Encoding, "windows-1252")
	if m.Encoding == "" { // the end of what was peeked may cut a letter
		wide = !utf8.Valid(head[:max(0, len(head)-utf8.UTFMax)])
		if len(head) < 64<<10 {
			wide = !utf8.Valid(head)
		}
	}
	if !wide {
		return in, nil
	}
	return bufio.NewReader(transform.NewReader(in, charmap.Windows1252.NewDecoder())), nil
}

// csv reads a CSV, whose first line names its columns.
func (m *Mapping) csv(in *bufio.Reader, line func(func(string) string) error) error {
	head, err := in.Peek(min(in.Size(), 16<<10))
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) {
		return err
	}
	r := csv.NewReader(&bounded{src: in})
	r.Comma, r.LazyQuotes, r.FieldsPerRecord, r.ReuseRecord = m.comma(head), true, -1, true
	header, err := r.Read()
	if err != nil {
		return exportError(err)
	}
	at := map[string]int{}
	for i, name := range header {
		if _, twice := at[strings.TrimSpace(name)]; !twice {
			at[strings.TrimSpace(name)] = i
		}
	}
	for _, c := range m.columns() {
		if _, ok := at[c]; !ok {
			return &ExportError{Line: 1, Text: fmt.Sprintf("no column is called %q: the file has %s", c, strings.Join(header, ", "))}
		}
	}
	for {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return exportError(err)
		}
		err = line(func(name string) string {
			if i := at[name]; i < len(cells) {
				return cells[i]
			}
			return ""
		})
		if err != nil {
			return err
		}
	}
}

func exportError(err error) error {
	if bad, ok := errors.AsType[*csv.ParseError](err); ok {
		return &ExportError{Line: bad.Line, Text: bad.Err.Error()}
	}
	if errors.Is(err, io.EOF) {
		return &ExportError{Text: "the file is empty"}
	}
	return err
}

// comma is what separates cells: what the mapping says, or the sign that the
// first line has most of.
func (m *Mapping) comma(head []byte) rune {
	if m.Separator != "" {
		return []rune(m.Separator)[0]
	}
	first, _, _ := bytes.Cut(head, []byte{'\n'})
	best, most := ';', 0
	for _, c := range ";,\t|" {
		if n := bytes.Count(first, []byte(string(c))); n > most {
			best, most = c, n
		}
	}
	return best
}

// A bounded source refuses a quoted cell, or a line, without end.
type bounded struct {
	src  *bufio.Reader
	line int // bytes since the last end of line that did not stand in quotes
	in   bool
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.src.Read(p)
	for _, c := range p[:n] {
		switch {
		case c == '"':
			b.in = !b.in
		case c == '\n' && !b.in:
			b.line = 0
		}
		if b.line++; b.line > mostLine {
			return 0, &ExportError{Text: fmt.Sprintf("a line is longer than %d bytes: a quotation mark may not be closed", mostLine)}
		}
	}
	return n, err
}

// json reads the list of contracts of a JSON, one after the other.
func (m *Mapping) json(in *bufio.Reader, line func(func(string) string) error) error {
	dec := jsontext.NewDecoder(in, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if err := descend(dec, m.Records); err != nil {
		return jsonError(dec, err)
	}
	if tok, err := dec.ReadToken(); err != nil || tok.Kind() != '[' {
		return jsonError(dec, errors.Join(err, errors.New("no list of contracts stands at records: "+strconv.Quote(m.Records))))
	}
	for dec.PeekKind() != ']' {
		raw, err := dec.ReadValue()
		if err != nil {
			return jsonError(dec, err)
		}
		if len(raw) > mostLine {
			return jsonError(dec, fmt.Errorf("a contract is larger than %d bytes", mostLine))
		}
		var record any
		if err := json.Unmarshal(raw, &record, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)); err != nil {
			return jsonError(dec, err)
		}
		items := []any{nil}
		if list, ok := lookup(record, m.Lines).([]any); ok && m.Lines != "" && len(list) > 0 {
			items = list
		}
		for _, item := range items {
			err := line(func(name string) string {
				if within, ok := strings.CutPrefix(name, m.Lines+"."); ok && m.Lines != "" {
					return text(lookup(item, within))
				}
				return text(lookup(record, name))
			})
			if err != nil {
				return err
			}
		}
	}
	_, err := dec.ReadToken()
	return err
}

func jsonError(dec *jsontext.Decoder, err error) error {
	return &ExportError{Text: fmt.Sprintf("byte %d: %v", dec.InputOffset(), err)}
}

// descend goes down to the value at path, a name after the other.
func descend(dec *jsontext.Decoder, path string) error {
	if path == "" {
		return nil
	}
	name, rest, _ := strings.Cut(path, ".")
	if tok, err := dec.ReadToken(); err != nil || tok.Kind() != '{' {
		return errors.Join(err, fmt.Errorf("no object holds %q", name))
	}
	for dec.PeekKind() == '"' {
		tok, err := dec.ReadToken()
		if err != nil {
			return err
		}
		if tok.String() == name {
			return descend(dec, rest)
		}
		if err := dec.SkipValue(); err != nil {
			return err
		}
	}
	return fmt.Errorf("nothing is called %q", name)
}

// lookup finds the value at path in what was decoded; nil if there is none.
func lookup(v any, path string) any {
	for path != "" && v != nil {
		object, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		if in, ok := object[path]; ok { // a name may have points of its own
			return in
		}
		var name string
		name, path, _ = strings.Cut(path, ".")
		v = object[name]
	}
	return v
}

// text is a value as a cell of a table: several are separated by |.
func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case bool:
		return strconv.FormatBool(v)
	case []any:
		var parts []string
		for _, in := range v {
			if s := text(in); s != "" && !slices.Contains(parts, s) {
				parts = append(parts, s)
			}
		}
		return strings.Join(parts, "|")
	}
	return ""
}
