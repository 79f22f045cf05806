package web

import "maillon/catalog/texts"

// DictionaryPage explains every field of a contract.
type DictionaryPage struct {
	Kinds []DictionaryKind
}

func (DictionaryPage) name() string { return "dictionary" }

func (DictionaryPage) title(lang texts.Lang) string { return texts.T(lang, "web.dictionary.title") }

// A DictionaryKind is one of the two kinds of contract.
type DictionaryKind struct {
	ID     string // anchor
	Title  string
	Fields []DictionaryRow
}

// A DictionaryRow is one field.
type DictionaryRow struct {
	Anchor  string // unique on the page
	Path    string // "titulaires/titulaire/id"
	Text    string // what it means
	Type    string // in words, with its bounds
	Words   []string
	Example string
	Current string // whether the newest version wants it, in words
	History []FieldHistory
}

// A FieldHistory is what some versions say of a field.
type FieldHistory struct {
	Versions string // "2.0.4, 2.0.3; XSD 2.0.2"
	Text     string
}

// RulesPage explains every rule by which files and records are judged.
type RulesPage struct {
	Scopes []RuleScopeRows
}

func (RulesPage) name() string { return "rules" }

func (RulesPage) title(lang texts.Lang) string { return texts.T(lang, "web.rules.title") }

// A RuleScopeRows is the rules on one thing: the file, the record…
type RuleScopeRows struct {
	ID    string
	Title string
	Lead  string
	Rules []RuleText
}

// A RuleText is one rule in words. Its ID is its anchor.
type RuleText struct {
	ID, Severity, Text, Hint, Explain, Source string
}

// VendorPage is what makers of software need: examples, the API, and the tests to
// run against their export.
type VendorPage struct {
	URL   string // of the node, without trailing slash
	Files []FileRow
}

func (VendorPage) name() string { return "vendor" }

func (VendorPage) title(lang texts.Lang) string { return texts.T(lang, "web.vendor.title") }
