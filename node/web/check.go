package web

import "maillon/catalog/texts"

// CheckPage lets anyone check a pivot file and, once one has been sent, says
// what is to be mended in it, rule by rule.
type CheckPage struct {
	Done     bool // a file was checked: the fields up to Rules tell what was found
	File     string
	Layout   string // in words
	Records  int
	Valid    int
	Refused  int // records that the official schema refuses
	Warnings int
	Rules    []RuleRow // the most serious first

	Schema   string // the version that was asked for
	Versions []string
	Most     int64 // bytes of a file
}

func (CheckPage) name() string { return "check" }

func (CheckPage) title(lang texts.Lang) string { return texts.T(lang, "web.check.title") }
