package pivot

import (
	"math"
	"slices"
)

// judgeKinds are kinds of JSON values.
type judgeKinds uint8

const (
	judgeText judgeKinds = 1 << iota
	judgeNumber
	judgeBool
	judgeNull
	judgeObject
	judgeList
)

// A judgeRule is what one edition demands of one value. It is made from the
// tables and never changed.
type judgeRule struct {
	kinds judgeKinds // that are accepted
	loose bool       // other kinds are accepted too, unchecked

	whole       bool    // no fraction
	least, most float64 // of a number; NaN is no limit

	short, long int // characters of a text; long < 0 is no limit
	words       []string
	form        *judgeForm

	index   []uint8 // by name: place in members + 1, or 0
	members []judgeMember
	need    [2]uint64 // names that must stand
	closed  bool      // no other names

	item    *judgeRule
	atLeast int
	unique  bool
	first   bool // only the first item is checked

	xmlLeaf    bool // a text, never elements
	xmlTrim    bool // white space around the text does not count
	xmlEmpty   bool // the empty text is accepted
	xmlRepeat  bool // stands in a list: may occur more than once
	xmlMixed   bool // text may stand between the elements
	xmlOrdered bool // the elements stand in the order of members
}

type judgeMember struct {
	name string
	id   uint8
	rule *judgeRule
}

// A judgeForm is a form that a text must have.
type judgeForm struct {
	rule string // id of the rule that it breaks otherwise
	like string // the form, as a regular expression
	is   func([]byte) bool
}

// An edition is one official schema, made ready to judge with.
type judgeEdition struct {
	version Version
	kinds   map[Kind]*judgeRule
}

// judgeEditions are the editions of each form, oldest first. It is written
// once, before main, and only read afterwards.
var judgeEditions = map[Form][]judgeEdition{
	Flat:   schemaCompile(Flat, j130, j140, j150, j200),
	Nested: schemaCompile(Nested, j201, j202, j203, j204),
	XML:    schemaCompile(XML, x140, x150, x200, x201, x202),
}

var schemaVersions = map[schemaSet]Version{
	j130: V130, j140: V140, j150: V150, j200: V200, j201: V201, j202: V202, j203: V203, j204: V204,
	x140: V140, x150: V150, x200: V200, x201: V201, x202: V202,
}

func schemaCompile(f Form, of ...schemaSet) []judgeEdition {
	list := make([]judgeEdition, len(of))
	for i, e := range of {
		c := schemaCompiler{form: f, edition: e}
		list[i] = judgeEdition{version: schemaVersions[e], kinds: map[Kind]*judgeRule{
			Marche:     c.group(&schemaMarche),
			Concession: c.group(&schemaConcession),
		}}
	}
	return list
}

// A schemaCompiler makes the rules of one edition.
type schemaCompiler struct {
	form    Form
	edition schemaSet
}

func (c schemaCompiler) in(s schemaSet) bool { return s&c.edition != 0 }

// group makes the rule of an object.
func (c schemaCompiler) group(g *schemaGroup) *judgeRule {
	r := &judgeRule{
		kinds: judgeObject, loose: c.in(g.Loose), closed: c.in(g.Closed | schemaXML),
		xmlMixed: c.in(g.Mixed & schemaXML), xmlOrdered: c.in(g.Ordered & schemaXML),
	}
	for _, f := range g.Fields {
		if c.in(f.In) {
			r.add(f.Name, c.field(f.Type), c.in(f.Must))
		}
	}
	return r
}

// add makes a member of r.
func (r *judgeRule) add(name string, rule *judgeRule, must bool) {
	id := schemaNameID([]byte(name))
	if r.index == nil {
		r.index = make([]uint8, schemaNames.count+1)
	}
	r.members = append(r.members, judgeMember{name, id, rule})
	r.index[id] = uint8(len(r.members))
	if must {
		r.need[id>>6] |= 1 << (id & 63)
	}
}

func (c schemaCompiler) field(t schemaType) *judgeRule {
	switch t.Sort {
	case sortObject:
		return c.group(t.Group)
	case sortList, sortWords:
		return c.list(t)
	}
	if c.form == XML {
		return c.leaf(t)
	}
	r := &judgeRule{long: -1, least: math.NaN(), most: math.NaN(), kinds: judgeText}
	c.constrain(r, t)
	switch t.Sort {
	case sortWhole, sortAmount:
		r.kinds = judgeNumber
	case sortFlag:
		r.kinds = judgeBool
	}
	if t.Empty {
		r.kinds |= judgeNull
	}
	return r
}

// leaf makes the rule of an element that holds a text.
func (c schemaCompiler) leaf(t schemaType) *judgeRule {
	r := &judgeRule{long: -1, least: math.NaN(), most: math.NaN(), kinds: judgeText, xmlLeaf: true, xmlEmpty: t.Empty}
	c.constrain(r, t)
	switch t.Sort {
	case sortWhole, sortAmount:
		r.kinds, r.xmlTrim = judgeNumber, true
	case sortDate:
		r.xmlTrim = true
	case sortFlag:
		if r.words = wordsFlagXML; t.XSBool {
			r.words, r.xmlTrim = wordsFlagXML[2:], true
		}
	}
	return r
}

// constrain sets what is common to JSON and XML.
func (c schemaCompiler) constrain(r *judgeRule, t schemaType) {
	switch t.Sort {
	case sortText:
		r.short = int(t.Min)
		if !math.IsNaN(t.Max) {
			r.long = int(t.Max)
		}
	case sortWord:
		r.words = t.Words
	case sortWhole, sortAmount:
		r.whole, r.least, r.most = t.Sort == sortWhole, t.Min, t.Max
	case sortDate:
		r.form = c.date()
	case sortSIRET:
		r.form = &judgeForm{ruleSIRET, `^[0-9]{14}$`, judgeIsSIRET}
	case sortCPV:
		r.form = &judgeForm{ruleCPV, `^[0-9]{8}(-[0-9])?$`, judgeIsCPV}
	case sortUID:
		r.form = &judgeForm{ruleUID, `^[0-9]{14}.{7,16}$`, judgeIsUID}
	}
}

func (c schemaCompiler) date() *judgeForm {
	switch {
	case c.form == XML:
		return &judgeForm{ruleDate, "xs:date", judgeIsXSDate}
	case c.in(j130):
		return &judgeForm{ruleDate, `^[0-9]{4}-[0-9]{2}-[0-9]{2}$`, func(s []byte) bool { return len(s) == 10 && judgeIsDay(s) }}
	case c.in(v1):
		return &judgeForm{ruleDate, `^\d{4}-[01]\d-[0-3]\d([+-][0-2]\d:[0-5]\dZ?)?$`, judgeIsDate1}
	default:
		return &judgeForm{ruleDate, `\d{4}-\d{2}-\d{2}`, judgeHasDate}
	}
}

// list makes the rule of a list, in the layout of the form.
func (c schemaCompiler) list(t schemaType) *judgeRule {
	item := c.item(t)
	if c.form == XML {
		item.xmlRepeat = true
		r := &judgeRule{kinds: judgeObject, closed: true}
		r.add(t.Item, item, t.AtLeast > 0)
		return r
	}
	r := &judgeRule{kinds: judgeList, item: item, atLeast: t.AtLeast, unique: !t.Twice, first: t.First}
	if c.form == Flat {
		return r
	}
	wrapper := &judgeRule{kinds: judgeObject, loose: t.AnyWrapper && t.Sort == sortList}
	if t.Sort == sortWords { // {"technique": [word, …]}
		wrapper.add(t.Item, r, true)
		return wrapper
	}
	wrapper.add(t.Item, item, true) // [{"titulaire": {…}}, …]
	r.item = wrapper
	return r
}

func (c schemaCompiler) item(t schemaType) *judgeRule {
	if t.Sort == sortList {
		return c.group(t.Group)
	}
	return c.field(schemaType{Sort: sortWord, Words: t.Words})
}

// schemaNames knows the names of the tables' fields and items by number.
var schemaNames = schemaCollect(&schemaMarche, &schemaConcession)

// A schemaNameTable gives each name a number from 1, by a hash of its length
// and two of its bytes. The numbers are in the order of the names' bytes.
type schemaNameTable struct {
	slots  [1 << 9]schemaNameSlot
	quoted [128]string // by number, as JSON writes it
	count  int
}

type schemaNameSlot struct {
	name string
	id   uint8
}

func schemaHash[T string | []byte](name T) uint32 {
	n := len(name)
	return (uint32(n)*7 + uint32(name[0])*33 + uint32(name[n-1])*129 + uint32(name[n/2])*517) & (1<<9 - 1)
}

// schemaNameID is the number of name, or 0 if no table has it.
func schemaNameID[T string | []byte](name T) uint8 {
	if len(name) == 0 {
		return 0
	}
	for i := schemaHash(name); ; i = (i + 1) & (1<<9 - 1) {
		slot := &schemaNames.slots[i]
		if slot.id == 0 || slot.name == string(name) {
			return slot.id
		}
	}
}

func schemaCollect(groups ...*schemaGroup) *schemaNameTable {
	t := &schemaNameTable{}
	var names []string
	for len(groups) > 0 {
		g := groups[0]
		groups = groups[1:]
		for _, f := range g.Fields {
			names = append(names, f.Name)
			if f.Type.Item != "" {
				names = append(names, f.Type.Item)
			}
			if f.Type.Group != nil {
				groups = append(groups, f.Type.Group)
			}
		}
	}
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		i := schemaHash([]byte(name))
		for t.slots[i].id != 0 {
			i = (i + 1) & (1<<9 - 1)
		}
		t.count++
		t.slots[i] = schemaNameSlot{name, uint8(t.count)}
		t.quoted[t.count] = `"` + name + `"`
	}
	return t
}

// The names that reading itself looks for.
var (
	nameID, nameType, nameBuyer       = schemaNameOf("id"), schemaNameOf("_type"), schemaNameOf("acheteur")
	nameAuthority, nameIDType         = schemaNameOf("autoriteConcedante"), schemaNameOf("typeIdentifiant")
	nameAmount, nameValue, nameNature = schemaNameOf("montant"), schemaNameOf("valeurGlobale"), schemaNameOf("nature")
	nameObject, nameUID               = schemaNameOf("objet"), schemaNameOf("uid")
)

func schemaNameOf(name string) uint8 { return schemaNameID([]byte(name)) }
