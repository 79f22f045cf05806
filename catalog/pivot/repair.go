package pivot

import "maillon/catalog/texts"

// A Repair is one thing that [Normalise] read differently from what was
// written. It changes the form of a value, never its meaning, and never the
// record: what the legal schema says is said of the record as deposited.
type Repair struct {
	Pointer string `json:"pointer"`      // JSON pointer of the place, relative to the record as written
	Rule    string `json:"rule"`         // stable id of the rule, one of [RepairRules]
	From    string `json:"from"`         // what stood there, cut to 120 characters
	To      string `json:"to,omitempty"` // what was read; "" if it was read as absent
}

// The rules, by what was found.
const (
	repairApostrophe = "repair-apostrophe"    // ’ for ' in a value of a closed list
	repairBoolean    = "repair-boolean"       // oui, non, 0, 1, "true" for a boolean
	repairControl    = "repair-control"       // control characters, byte order marks inside a text
	repairDate       = "repair-date"          // 31/12/2024
	repairDateTime   = "repair-date-time"     // a date with a time of day
	repairDuplicate  = "repair-duplicate"     // the same item twice in a list
	repairEmpty      = "repair-empty"         // "" for a value that is not given
	repairKey        = "repair-key"           // "nom " for "nom"
	repairName       = "repair-name"          // the name that this field has in another version or kind
	repairNC         = "repair-nc"            // "NC" for a value that is not given
	repairNull       = "repair-null"          // null for a value that is not given
	repairNumber     = "repair-number-string" // "12,50" for a number
	repairRepeated   = "repair-repeated-key"  // one key twice in an object: the last one is read
	repairSpace      = "repair-space"         // spaces around a text, or inside a SIRET
	repairString     = "repair-string"        // a number for a text
	repairTimezone   = "repair-timezone"      // 2019-03-01+01:00
	repairUnreadable = "repair-unreadable"    // what cannot be read is left out
	repairVersion    = "repair-version"       // a value of 2.0.0 in the words of 2.0.1 and later
	repairWord       = "repair-word"          // a known variant of a value of a closed list
	repairZero       = "repair-zero"          // the first zero of a SIRET or postcode, which a spreadsheet dropped
	repairWrapper    = "repair-wrapper"       // a list wrapped, or not wrapped, against its layout
)

// RepairRules lists the ids of the rules, sorted. Each has a text in
// catalog/texts/repairs.yaml under "repair." and the id.
var RepairRules = []string{
	repairApostrophe, repairBoolean, repairControl, repairDate, repairDateTime, repairDuplicate, repairEmpty,
	repairKey, repairName, repairNC, repairNull, repairNumber, repairRepeated, repairSpace, repairString,
	repairTimezone, repairUnreadable, repairVersion, repairWord, repairWrapper, repairZero,
}

// Text says the repair to a person, in one sentence.
func (r Repair) Text(lang texts.Lang) string {
	return texts.T(lang, "repair."+r.Rule, r.From, r.To)
}

// repairCut keeps the first 120 characters of s.
func repairCut(s string) string {
	n := 0
	for i := range s {
		if n++; n > 120 {
			return s[:i] + "…"
		}
	}
	return s
}
