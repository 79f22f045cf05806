package web

import "maillon/catalog/texts"

// LoginPage asks for a token of deposits.
type LoginPage struct {
	Next  string // path to go to then, without the site's base
	Error string
}

func (LoginPage) name() string { return "login" }

func (LoginPage) title(lang texts.Lang) string { return texts.T(lang, "web.login.title") }

// EntryPage is the form in which a contract is typed or corrected.
type EntryPage struct {
	Kind     string // marche or contrat-concession
	Contract string // address of the contract that is corrected; "" for a new one
	Form     string // what proves that the form is from a page of this session

	Checked          bool
	Errors, Warnings int
	Problems         []ProblemRow // about no field

	Fields        []EntryField
	Suppliers     []EntryRow
	Modifications []EntryRow

	SearchCPV, SearchPlace string
	Codes, Places          []EntryChoice // found
}

func (EntryPage) name() string { return "entry" }

func (p EntryPage) title(lang texts.Lang) string {
	if p.Contract != "" {
		return texts.T(lang, "web.entry.correct", p.Contract)
	}
	return texts.T(lang, "web.entry.title")
}

// An EntryRow is a supplier or a modification.
type EntryRow struct{ Fields []EntryField }

// An EntryField is one field of the form.
type EntryField struct {
	Name     string // of the column; mostly its legal name
	Label    string // what people call it; "" for its name
	At       int    // number of the supplier or modification, from 1; 0 for a field that stands once
	Help     string
	Example  string
	Type     string // of the input: text, date
	Value    string
	Words    []EntryWord // a closed list
	Several  bool        // of which several may be chosen
	Required bool
	Problems []ProblemRow
}

// An EntryWord is a word of a closed list.
type EntryWord struct {
	Word   string
	Chosen bool
}

// An EntryChoice is a code that was found.
type EntryChoice struct{ Code, Name string }
