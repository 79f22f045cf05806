package pivot

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// tableLines is the member of a record of form [Table] that holds its lines.
const tableLines = "lignes"

// tableMostLines is the number of lines that one contract may take.
const tableMostLines = 1000

// A tableRecord is a record of form [Table] in the layout of the law.
type tableRecord struct {
	legal   Record // Nested for 2.x, Flat for 1.x
	buyer   string // its name
	names   []string
	extra   map[string]json.RawMessage
	repairs []Repair
	places  map[string]string // pointers of the cells that gave fields
}

// A tableLine is a line of a contract, by the names of columns.
type tableLine struct {
	cells map[string]tableCell         // those that stand once on a line
	more  map[int]map[string]tableCell // of the suppliers titulaire_…_2

	changed []map[string]tableCell // suppliers after the modification that the line tells
}

// tableRead brings a record of form [Table] into the layout of the law: that
// of 2.x if it has anything of the fields of 2022, or was notified from 2024 on,
// else that of 1.x. Numbers, days and yes or no are read as people and
// spreadsheets write them; what cannot be read so stays as written, for the
// schema to refuse.
func tableRead(rec Record) tableRecord {
	t := tableRecord{legal: rec, extra: map[string]json.RawMessage{}, places: map[string]string{}}
	root, err := normTree(rec.Raw)
	if err != nil {
		t.repairs = append(t.repairs, Repair{Rule: repairUnreadable, From: repairCut(err.Error())})
	}
	lines := t.lines(root)
	changes := lines
	if len(lines) > 0 && lines[0].cells[tableState].said() != "" {
		lines, changes = tableStates(lines)
	}
	b := tableBuilder{tableRecord: &t, lines: lines, changes: changes}
	b.first = func(name string) tableCell {
		for _, l := range lines {
			if c, ok := l.cells[name]; ok && c.said() != "" {
				return c
			}
		}
		if len(lines) == 0 {
			return tableCell{}
		}
		return lines[0].cells[name]
	}
	t.legal.Kind = tableKind(b.first("type").said(), b.first("nature").said(), t.legal.Kind)
	t.legal.Form = Flat
	if b.generation() == Gen2 {
		t.legal.Form = Nested
	}
	t.legal.Raw = b.record()
	return t
}

// lines takes the lines of root apart; columns that are not known become extra.
func (t *tableRecord) lines(root *normNode) []tableLine {
	var lines []tableLine
	list := root.get(tableLines)
	if list == nil {
		return nil
	}
	for _, node := range list.kids {
		l := tableLine{cells: map[string]tableCell{}}
		for _, k := range node.kids {
			if k.kind != '"' {
				continue
			}
			name := k.name
			if k.written != "" {
				name = k.written
			}
			h := tableNamed(name)
			if h.column == nil {
				t.extras(name, k.text)
				continue
			}
			if key := tableFold(name); strings.HasPrefix(key, "autoriteconcedante") || strings.HasPrefix(key, "concessionnaire") {
				t.legal.Kind = Concession
			}
			cell := tableCell{text: k.text, sort: h.column.sort, at: k.pointer()}
			switch {
			case h.number == 0:
				if old, has := l.cells[h.column.name]; !has || old.said() == "" {
					l.cells[h.column.name] = cell
				} else {
					t.extras(name, k.text)
				}
			default:
				if l.more == nil {
					l.more = map[int]map[string]tableCell{}
				}
				if l.more[h.number] == nil {
					l.more[h.number] = map[string]tableCell{}
				}
				l.more[h.number][h.column.name] = cell
			}
		}
		lines = append(lines, l)
	}
	return lines
}

// extras keeps a cell of a column that is not known: its text, or the list of
// the texts that its lines have.
func (t *tableRecord) extras(name, text string) {
	if tableNothing[strings.TrimSpace(text)] || strings.TrimSpace(text) == "" {
		return
	}
	quoted, err := jsontext.AppendQuote(nil, strings.ToValidUTF8(text, "\ufffd"))
	if err != nil {
		return
	}
	old, has := t.extra[name]
	if !has {
		t.extra[name] = quoted
		return
	}
	var list []json.RawMessage
	if old[0] != '[' || json.Unmarshal(old, &list) != nil {
		list = []json.RawMessage{old}
	}
	if slices.ContainsFunc(list, func(m json.RawMessage) bool { return string(m) == string(quoted) }) {
		return
	}
	if all, err := json.Marshal(append(list, quoted)); err == nil {
		t.extra[name] = all
	}
}

func tableKind(kind, nature string, known Kind) Kind {
	for _, s := range []string{tableFold(kind), tableFold(nature)} {
		if strings.Contains(s, "concession") || strings.HasPrefix(s, "delegationdeservice") {
			return Concession
		}
	}
	if known == "" {
		return Marche
	}
	return known
}

// repair notes what was read differently. A cell is read once for each field
// it gives: each repair is told once.
func (t *tableRecord) repair(c tableCell, rule, to string) {
	r := Repair{Pointer: c.at, Rule: rule, From: repairCut(c.text), To: repairCut(to)}
	if len(t.repairs) < normMaxRepairs && !slices.Contains(t.repairs, r) {
		t.repairs = append(t.repairs, r)
	}
}

// tableNormalise is [Normalise] for a record of form [Table].
func tableNormalise(rec Record) (Contract, []Repair) {
	t := tableRead(rec)
	c, repairs := Normalise(t.legal)
	if c.Buyer.Name == "" {
		c.Buyer.Name = t.buyer
	}
	for i := range c.Suppliers {
		if c.Suppliers[i].Name == "" && i < len(t.names) && len(t.names) == len(c.Suppliers) {
			c.Suppliers[i].Name = t.names[i]
		}
	}
	for name, value := range t.extra {
		if c.Extra == nil {
			c.Extra = map[string]json.RawMessage{}
		}
		if _, taken := c.Extra[name]; !taken {
			c.Extra[name] = value
		}
	}
	for i := range repairs {
		field, _, _ := strings.Cut(strings.TrimPrefix(repairs[i].Pointer, "/"), "/")
		if repairs[i].Pointer = t.places[field]; repairs[i].Pointer == "" {
			repairs[i].Pointer = "/" + tableLines
		}
	}
	return c, append(t.repairs, repairs...)
}
