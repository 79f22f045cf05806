package web

import "maillon/catalog/texts"

// APIPage shows what the API answers, with a form to try each reading.
type APIPage struct {
	URL      string // base of the API's addresses, with scheme and host
	Document string // the description for programs
	Try      string // where forms lead
	Groups   []APIGroup
}

// An APIGroup is operations that belong together.
type APIGroup struct {
	ID, Title  string
	Operations []APIOperation
}

// An APIOperation is one method of one path.
type APIOperation struct {
	ID, Method, Path string
	Text, More       string
	Media            string // that it answers in
	Token, Readable  bool
	Params           []APIParam
}

// An APIParam is a parameter of an operation.
type APIParam struct {
	Name, Text, Example    string
	Values                 []string // the only ones, if any
	Required, Number, Date bool
	Least, Most            int
}

func (APIPage) name() string { return "api" }

func (APIPage) title(lang texts.Lang) string { return texts.T(lang, "openapi.page.title") }
