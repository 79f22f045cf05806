package pivot

import (
	"math"
	"slices"
	"strings"
)

// A Field is an entry of the data dictionary: a field of a contract, or of what
// stands within one, with what each version of the official schema says of it.
// What it means is in catalog/texts, under [Field.TextKey].
type Field struct {
	Path    string  `json:"path"` // "titulaires/titulaire/id": names as the nested layout and XML write them
	Name    string  `json:"name"`
	Example string  `json:"example,omitempty"`
	Usage   []Usage `json:"usage"` // newest first; editions that say the same are together
}

// A Usage is what some editions of the official schema say of a field.
type Usage struct {
	JSON     []Version `json:"json,omitempty"` // versions whose JSON Schema says this
	XSD      []Version `json:"xsd,omitempty"`  // versions whose XSD says this
	Required bool      `json:"required"`
	Type     FieldType `json:"type"`
	Min      *float64  `json:"minimum,omitempty"` // of a number
	Max      *float64  `json:"maximum,omitempty"`
	Short    int       `json:"minLength,omitempty"` // characters of a text
	Long     int       `json:"maxLength,omitempty"`
	Words    []string  `json:"enum,omitempty"`
	Items    int       `json:"minItems,omitempty"` // of a list
	Empty    bool      `json:"nullable,omitempty"` // null, or an empty element, is accepted
}

// FieldType says what a value is. Its words for people are in catalog/texts
// under "type.".
type FieldType string

// The types.
const (
	FieldText   FieldType = "text"
	FieldWord   FieldType = "word" // one of a closed list
	FieldDate   FieldType = "date"
	FieldSIRET  FieldType = "siret"
	FieldCPV    FieldType = "cpv"
	FieldUID    FieldType = "uid" // SIRET, then id
	FieldFlag   FieldType = "boolean"
	FieldWhole  FieldType = "integer"
	FieldNumber FieldType = "number"
	FieldObject FieldType = "object"
	FieldList   FieldType = "list"  // of objects
	FieldWords  FieldType = "words" // several of a closed list
)

var fieldTypes = [...]FieldType{
	sortText: FieldText, sortWord: FieldWord, sortDate: FieldDate, sortSIRET: FieldSIRET, sortCPV: FieldCPV, sortUID: FieldUID,
	sortFlag: FieldFlag, sortWhole: FieldWhole, sortAmount: FieldNumber, sortObject: FieldObject, sortList: FieldList, sortWords: FieldWords,
}

// fieldEditions are the editions, newest first.
var fieldEditions = []struct {
	set     schemaSet
	version Version
	xsd     bool
}{
	{j204, V204, false}, {j203, V203, false}, {j202, V202, false}, {x202, V202, true}, {j201, V201, false}, {x201, V201, true},
	{j200, V200, false}, {x200, V200, true}, {j150, V150, false}, {x150, V150, true}, {j140, V140, false}, {x140, V140, true}, {j130, V130, false},
}

// Dictionary lists the fields of a kind of contract, in the order of the
// official schemas, each before those within it. It is made from the tables by
// which records are judged.
func Dictionary(k Kind) []Field {
	root := &schemaMarche
	if k == Concession {
		root = &schemaConcession
	}
	return fieldsOf(root, "", always)
}

// fieldsOf lists the fields of a group that editions in know.
func fieldsOf(g *schemaGroup, above string, in schemaSet) []Field {
	var fields []Field
	var done []string
	for _, line := range g.Fields {
		if slices.Contains(done, line.Name) {
			continue
		}
		done = append(done, line.Name)
		f := Field{Path: above + line.Name, Name: line.Name, Example: fieldExamples[above+line.Name]}
		var within []*schemaField
		for i := range g.Fields {
			if l := &g.Fields[i]; l.Name == line.Name {
				within = append(within, l)
			}
		}
		f.use(within, in)
		if len(f.Usage) == 0 {
			continue
		}
		fields = append(fields, f)
		if t := within[len(within)-1].Type; t.Group != nil {
			path := f.Path + "/"
			known, item := never, t.Item
			for _, l := range within {
				if known |= l.In; l.In&jn != 0 {
					item = l.Type.Item // the XSD has one that differs
				}
			}
			if t.Sort == sortList {
				path += item + "/"
			}
			fields = append(fields, fieldsOf(t.Group, path, known&in)...)
		}
	}
	return fields
}

// use gathers what the editions say by the lines of the field.
func (f *Field) use(lines []*schemaField, in schemaSet) {
	for _, e := range fieldEditions {
		for _, l := range lines {
			if l.In&in&e.set == 0 {
				continue
			}
			u := usageOf(l, e.set)
			at := slices.IndexFunc(f.Usage, u.same)
			if at < 0 {
				f.Usage = append(f.Usage, u)
				at = len(f.Usage) - 1
			}
			if e.xsd {
				f.Usage[at].XSD = append(f.Usage[at].XSD, e.version)
			} else {
				f.Usage[at].JSON = append(f.Usage[at].JSON, e.version)
			}
		}
	}
}

func usageOf(l *schemaField, edition schemaSet) Usage {
	t := l.Type
	u := Usage{Required: l.Must&edition != 0, Type: fieldTypes[t.Sort], Words: t.Words, Items: t.AtLeast, Empty: t.Empty}
	switch t.Sort {
	case sortText:
		u.Short = int(t.Min)
		if !math.IsNaN(t.Max) {
			u.Long = int(t.Max)
		}
	case sortWhole, sortAmount:
		u.Min, u.Max = fieldLimit(t.Min), fieldLimit(t.Max)
	}
	return u
}

func fieldLimit(f float64) *float64 {
	if math.IsNaN(f) {
		return nil
	}
	return &f
}

// same reports whether two editions say the same.
func (u Usage) same(v Usage) bool {
	equal := func(a, b *float64) bool { return a == nil && b == nil || a != nil && b != nil && *a == *b }
	return u.Required == v.Required && u.Type == v.Type && equal(u.Min, v.Min) && equal(u.Max, v.Max) && u.Short == v.Short &&
		u.Long == v.Long && slices.Equal(u.Words, v.Words) && u.Items == v.Items && u.Empty == v.Empty
}

// In is what version v says of the field in JSON, or else in XML; false if it does
// not know it.
func (f Field) In(v Version) (Usage, bool) {
	for _, u := range f.Usage {
		if slices.Contains(u.JSON, v) {
			return u, true
		}
	}
	for _, u := range f.Usage {
		if slices.Contains(u.XSD, v) {
			return u, true
		}
	}
	return Usage{}, false
}

// TextKey is the key of what the field means, in catalog/texts.
func (f Field) TextKey() string { return "field." + strings.ReplaceAll(f.Path, "/", ".") + ".text" }
