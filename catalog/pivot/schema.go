package pivot

// The tables of schema_marche.go and schema_concession.go say what the
// official schemas demand, with a line per field and, where versions or
// formats differ, a line per difference. From them schema_compile.go makes
// the rules by which one version judges one form; names and constraints stand
// nowhere else.

// A schemaSet is a set of editions. An edition is one official schema file:
// a version as JSON Schema (j…) or as XSD (x…).
type schemaSet uint16

// The editions, oldest first in each format.
const (
	j130 schemaSet = 1 << iota
	j140
	j150
	j200
	j201
	j202
	j203
	j204
	x140
	x150
	x200
	x201
	x202
)

// Sets that the tables speak of.
const (
	jo  = j130 | j140 // before the procedures of 2019; of a list only the first item is checked
	j1  = jo | j150
	x1  = x140 | x150
	v1  = j1 | x1                   // arrêtés of 2017 to 2019
	jn  = j201 | j202 | j203 | j204 // nested layout
	xn  = x201 | x202
	v20 = j200 | x200
	vn  = jn | xn
	v2  = v20 | vn // arrêtés of 22/12/2022

	always = v1 | v2 // every edition

	schemaJSON = j1 | j200 | jn
	schemaXML  = x1 | x200 | xn

	never schemaSet = 0
)

// A schemaField is one line of the table of a group: what the editions In say
// of the field Name. Must are the editions that require it.
type schemaField struct {
	Name string
	In   schemaSet
	Type schemaType
	Must schemaSet
}

// A schemaGroup is the table of an object: a contract, or what stands within.
type schemaGroup struct {
	Name   string
	Fields []schemaField
	Closed schemaSet // editions that refuse fields which are not in the table; every XSD does

	Loose   schemaSet // editions that accept anything but an object in its place
	Mixed   schemaSet // XSD: text may stand between the elements
	Ordered schemaSet // XSD: the elements stand in the order of the table
}

// schemaSort is what a value is, before its constraints.
type schemaSort uint8

const (
	sortText   schemaSort = iota // a text of Min to Max characters
	sortWord                     // one of Words
	sortDate                     // a date; each schema has its own idea of it
	sortSIRET                    // fourteen digits
	sortCPV                      // eight digits and an optional check digit
	sortUID                      // SIRET, then id
	sortFlag                     // true or false
	sortWhole                    // whole number
	sortAmount                   // number
	sortObject                   // Group
	sortList                     // Group, repeated under the name Item
	sortWords                    // one of Words, repeated under the name Item
)

// A schemaType is the type of a field with its constraints.
type schemaType struct {
	Sort       schemaSort
	Min, Max   float64 // of a number, or characters of a text; unset if NaN
	Words      []string
	Item       string // name of an item where the layout names it
	AtLeast    int    // items of a list
	Group      *schemaGroup
	Empty      bool // null in JSON, an empty element in XML, is accepted too
	Twice      bool // JSON: a list may hold the same item twice
	First      bool // JSON: only the first item of a list is checked
	AnyWrapper bool // JSON, nested: the wrapper of an item may be anything but an object
	XSBool     bool // XSD: xs:boolean, not the words oui, non, true, false, 0, 1
}
