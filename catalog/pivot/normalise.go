package pivot

import (
	"encoding/json"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Normalise reads a record for its meaning and lists what it read
// differently from what was written. It never fails: what it cannot read is
// left out and said.
//
// It mends form only: wrappers, single items for lists, apostrophes, spaces,
// timezones, numbers and booleans written as texts, "NC" and null for "not
// given". An amount, a date or an identifier that is wrong stays as wrong as
// it was written. Kind and identity are those of the record: Normalise reads
// no kind from the content.
//
// In the layout of 2.0.0 an empty list and null mean "none"; they are read as
// the words that 2.0.1 gave to that ("Sans objet", "Pas de CCAG"…), and its
// other words as those of 2.0.1.
//
// At most 500 repairs are listed of one record.
//
// What no legal schema knows is in Extra, under its name, or under its JSON
// pointer without the first slash where it lies deeper.
func Normalise(rec Record) (Contract, []Repair) {
	if rec.Form == Table {
		return tableNormalise(rec)
	}
	root, parser, err := normParse(rec.Raw)
	defer parser.release()
	return normalise(rec, root, err)
}

// normalise reads the record whose root is given; err is what was wrong with its text.
func normalise(rec Record, root *normNode, err error) (Contract, []Repair) {
	r := &normReader{kind: rec.Kind, form: rec.Form}
	if err != nil {
		r.repairs = append(r.repairs, Repair{Rule: repairUnreadable, From: repairCut(err.Error())})
	}
	r.gen = normGeneration(rec, root)
	r.v200 = r.gen == Gen2 && (rec.Form == Flat || rec.Form == XML && normHas200(rec.Kind, root))
	c := r.contract(root)
	r.rest(root)
	c.Extra = r.extra
	return c, r.repairs
}

// A normReader reads one record.
type normReader struct {
	kind    Kind
	form    Form
	gen     Generation
	v200    bool // the layout of 2.0.0, where "none" is an empty list or null
	repairs []Repair
	extra   map[string]json.RawMessage
}

// normMaxRepairs bounds what is said of one record. Real ones need a dozen.
const normMaxRepairs = 500

// say adds a repair at n.
func (r *normReader) say(n *normNode, rule, from, to string) {
	if len(r.repairs) >= normMaxRepairs {
		return
	}
	r.repairs = append(r.repairs, Repair{Pointer: n.pointer(), Rule: rule, From: repairCut(from), To: repairCut(to)})
}

// take finds the member of obj with one of these names, the first of which
// is the right one here, and marks it as read.
func (r *normReader) take(obj *normNode, names ...string) *normNode {
	for i, name := range names {
		n := obj.get(name)
		if n == nil {
			continue
		}
		r.takeAll(obj, name)
		if i > 0 && !(r.form != Nested && normNames200[name]) {
			r.say(n, repairName, name, names[0])
		}
		return n
	}
	return nil
}

// takeAll marks every member called name, of which the last one is read.
func (r *normReader) takeAll(obj *normNode, name string) {
	seen, id := false, schemaNameID(name)
	for i := len(obj.kids) - 1; i >= 0; i-- {
		k := obj.kids[i]
		if !k.is(id, name) {
			continue
		}
		if k.used = true; seen {
			k.kids = nil
			r.say(k, repairRepeated, name, "")
			continue
		}
		if seen = true; k.written != "" {
			r.say(k, repairKey, k.written, k.name)
		}
	}
}

// rest keeps what was not read.
func (r *normReader) rest(n *normNode) {
	for _, k := range n.kids {
		if k.used {
			r.rest(k)
			continue
		}
		if r.extra == nil {
			r.extra = map[string]json.RawMessage{}
		}
		raw := jsontext.Value(strings.ToValidUTF8(string(k.raw), "\ufffd"))
		if raw.Compact() != nil {
			continue // the end of a record that is cut: said as unreadable
		}
		r.extra[strings.TrimPrefix(k.pointer(), "/")] = json.RawMessage(raw)
	}
}
