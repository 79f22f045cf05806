package pivot

import (
	"crypto/sha256"
	"encoding/hex"
)

// Kind says which of the two legal objects a record is.
type Kind string

// The two kinds, named as the elements of the legal format.
const (
	Marche     Kind = "marche"
	Concession Kind = "contrat-concession"
)

// Form says how the bytes of a record are to be read. It is detected from
// the file, never taken from what the file says of itself.
type Form string

// The forms.
const (
	// Flat is an element of the JSON array `marches` (versions 1.x and 2.0.0).
	Flat Form = "json-flat"
	// Nested is an element of `marches.marche` or `marches.contrat-concession` (2.0.1 and later).
	Nested Form = "json-nested"
	// XML is a `<marche>` or `<contrat-concession>` element in its lossless
	// JSON form (docs/protocol.md, "XML records as JSON").
	XML Form = "xml"
	// Table is a contract on one or more lines of a table (CSV, XLSX), as
	// {"lignes":[{header: cell}]}; empty cells are left out. No official schema
	// speaks of tables: what is judged is the contract in the layout of the
	// law, and pointers are those of that layout.
	Table Form = "table"
)

// Version is a version of the official schema: "1.4.0", "2.0.3"…
type Version string

// The versions a record can be judged by, oldest first.
const (
	V130 Version = "1.3.0"
	V140 Version = "1.4.0"
	V150 Version = "1.5.0"
	V200 Version = "2.0.0"
	V201 Version = "2.0.1"
	V202 Version = "2.0.2"
	V203 Version = "2.0.3"
	V204 Version = "2.0.4"
)

// State is the state of a record (docs/architecture.md, "States").
type State string

// The states.
const (
	Conforming State = "conforme"   // the official schema accepts the record as deposited
	ToCorrect  State = "a-corriger" // identified, but with errors
	Refused    State = "refused"    // unreadable, or without buyer or id
)

// A Record is one contract as it stood in a file, before any reading of its
// meaning.
type Record struct {
	Kind    Kind
	Form    Form
	Pointer string // place in the file: "/marches/3", "/marches/marche/3" (also for XML)
	Line    int    // line in the file, from 1; 0 if the format has none
	Raw     []byte // the JSON bytes as deposited, or the lossless JSON form of an XML element
	Buyer   string // acheteur.id or autoriteConcedante.id as written; "" if there is none
	ID      string // id as written; "" if there is none
}

// Hash identifies a record whatever the order of its keys and the white
// space between them.
type Hash [sha256.Size]byte

// String is the hash in hexadecimal.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// Short is the first 8 hexadecimal digits, as used in addresses.
func (h Hash) Short() string { return hex.EncodeToString(h[:4]) }
