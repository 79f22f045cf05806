// Package mapping reads any CSV or JSON export as a table of contracts, by a
// mapping that says which of its columns are which fields.
package mapping

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"maillon/catalog/pivot"
)

// A Mapping says how to read an export. docs/mapping.md describes it.
type Mapping struct {
	Title     string           `yaml:"title"`     // what the export is, for people
	Format    string           `yaml:"format"`    // "csv" (default) or "json"
	Separator string           `yaml:"separator"` // of a CSV: one character; found in the first line if not given
	Encoding  string           `yaml:"encoding"`  // "utf-8" or "windows-1252"; found if not given
	Records   string           `yaml:"records"`   // of a JSON: names, with points, down to the list of contracts; "" is the root
	Lines     string           `yaml:"lines"`     // of a JSON: the list within a contract that has a line for each item
	Skip      []Condition      `yaml:"skip"`      // lines that are left out
	Fields    map[string]Field `yaml:"fields"`    // by the column of the table of contracts
}

// A Field says where the value of a field comes from: one of Column, Columns
// and Value.
type Field struct {
	Column    string            `yaml:"column"`
	Columns   []string          `yaml:"columns"` // joined by Join, those that say nothing left out
	Join      string            `yaml:"join"`    // default a space
	Value     string            `yaml:"value"`   // the same on every line
	Codes     map[string]string `yaml:"codes"`   // what a value of the export stands for
	Otherwise *string           `yaml:"otherwise"`
	at        int
}

// UnmarshalYAML also takes a text alone for the name of a column, and notes the line.
func (f *Field) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode {
		*f = Field{Column: node.Value, at: node.Line}
		return nil
	}
	for i := 0; i+1 < len(node.Content); i += 2 { // a custom decoder is not told of KnownFields
		if key := node.Content[i]; !slices.Contains([]string{"column", "columns", "join", "value", "codes", "otherwise"}, key.Value) {
			return fmt.Errorf("line %d: %q is not known here: use column, columns, join, value, codes, otherwise", key.Line, key.Value)
		}
	}
	type plain Field
	if err := node.Decode((*plain)(f)); err != nil {
		return err
	}
	f.at = node.Line
	return nil
}

// A Condition is met by a line whose Column holds one of Values.
type Condition struct {
	Column string   `yaml:"column"`
	Values []string `yaml:"values"`
}

// most is the number of bytes of a mapping.
const most = 1 << 20

// Parse reads a mapping and checks it. Errors say the line.
func Parse(r io.Reader) (*Mapping, error) {
	raw, err := io.ReadAll(io.LimitReader(r, most+1))
	switch {
	case err != nil:
		return nil, err
	case len(raw) > most:
		return nil, fmt.Errorf("mapping is larger than %d bytes", most)
	}
	dec := yaml.NewDecoder(bytes.NewReader(raw))
	dec.KnownFields(true)
	m := &Mapping{}
	if err := dec.Decode(m); err != nil {
		return nil, err
	}
	return m, m.check()
}

func (m *Mapping) check() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	switch m.Format {
	case "", "csv", "json":
	default:
		bad("format %q: use csv or json", m.Format)
	}
	switch strings.ToLower(m.Encoding) {
	case "", "utf-8", "windows-1252":
	default:
		bad("encoding %q: use utf-8 or windows-1252", m.Encoding)
	}
	if len([]rune(m.Separator)) > 1 || strings.ContainsAny(m.Separator, "\"\r\n") {
		bad("separator %q: one character", m.Separator)
	}
	known := pivot.TableColumns()
	for _, name := range m.names() {
		f := m.Fields[name]
		if !slices.Contains(known, numberless(name)) {
			bad("line %d: no field is called %q: use one of %s", f.at, name, strings.Join(known, " "))
		}
		given := 0
		for _, is := range []bool{f.Column != "", len(f.Columns) > 0, f.Value != ""} {
			if is {
				given++
			}
		}
		if given != 1 {
			bad("line %d: %s: give one of column, columns and value", f.at, name)
		}
	}
	if _, ok := m.Fields["id"]; !ok {
		bad("fields: id is missing")
	}
	if m.Fields["acheteur_id"].Column+m.Fields["acheteur_id"].Value == "" && len(m.Fields["acheteur_id"].Columns) == 0 {
		bad("fields: acheteur_id is missing")
	}
	return errors.Join(errs...)
}

// numberless is the name of a column without the number of a supplier:
// titulaire_id_2 is titulaire_id.
func numberless(name string) string {
	if !strings.HasPrefix(name, "titulaire_") {
		return name
	}
	stem := strings.TrimRight(name, "0123456789")
	return strings.TrimSuffix(stem, "_")
}

// names are those of the fields in the order of the table of contracts.
func (m *Mapping) names() []string {
	order := pivot.TableColumns()
	names := make([]string, 0, len(m.Fields))
	for name := range m.Fields {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		if d := slices.Index(order, numberless(a)) - slices.Index(order, numberless(b)); d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	return names
}

// columns are those of the export that the mapping speaks of.
func (m *Mapping) columns() []string {
	var list []string
	for _, name := range m.names() {
		f := m.Fields[name]
		for _, c := range append([]string{f.Column}, f.Columns...) {
			if c != "" && !slices.Contains(list, c) {
				list = append(list, c)
			}
		}
	}
	for _, s := range m.Skip {
		if !slices.Contains(list, s.Column) {
			list = append(list, s.Column)
		}
	}
	return list
}

// cell is what a line gives for a field.
func (f Field) cell(get func(string) string) string {
	s := f.Value
	switch {
	case f.Column != "":
		s = get(f.Column)
	case len(f.Columns) > 0:
		var parts []string
		for _, c := range f.Columns {
			if v := strings.TrimSpace(get(c)); v != "" {
				parts = append(parts, v)
			}
		}
		join := f.Join
		if join == "" {
			join = " "
		}
		s = strings.Join(parts, join)
	}
	s = strings.TrimSpace(s)
	if to, ok := f.Codes[s]; ok {
		return to
	}
	if f.Otherwise != nil && (len(f.Codes) > 0 || s == "") {
		return *f.Otherwise
	}
	return s
}

// skipped reports whether a line is to be left out.
func (m *Mapping) skipped(get func(string) string) bool {
	return slices.ContainsFunc(m.Skip, func(c Condition) bool { return slices.Contains(c.Values, strings.TrimSpace(get(c.Column))) })
}
