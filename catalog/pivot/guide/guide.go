// Package guide says the data dictionary in words: as rows for a page, as
// Markdown, and as a workbook to fill in.
package guide

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"maillon/catalog/pivot"
	"maillon/catalog/texts"
)

// newest is the version that a reader is told of first.
const newest = pivot.V204

// A Row is a field in words.
type Row struct {
	Path     string // "titulaires/titulaire/id"
	Text     string // what it means
	Type     string // with its bounds
	Words    []string
	Example  string
	Current  string // whether the newest version wants it
	Required bool   // by the newest version
	Known    bool   // to the newest version
	Several  bool   // several of Words may be given
	Flag     bool   // yes or no
	Day      bool   // a date
	History  []History
}

// A History is what some versions say of a field.
type History struct {
	Versions string // "2.0.4, 2.0.3 ; XSD 2.0.2"
	Text     string
}

// Rows explains the fields of a kind of contract.
func Rows(kind pivot.Kind, lang texts.Lang) []Row {
	var rows []Row
	for _, f := range pivot.Dictionary(kind) {
		rows = append(rows, row(f, lang))
	}
	return rows
}

func row(f pivot.Field, lang texts.Lang) Row {
	r := Row{Path: f.Path, Text: texts.T(lang, f.TextKey()), Example: f.Example}
	now, known := f.In(newest)
	r.Known, r.Required = known, known && now.Required
	if known {
		r.Current = usageWord(now, lang)
	} else {
		now = f.Usage[0]
		r.Current = texts.T(lang, "web.dictionary.notknown", newest)
	}
	r.Type, r.Words = usageForm(now, lang), now.Words
	r.Several, r.Flag, r.Day = now.Type == pivot.FieldWords, now.Type == pivot.FieldFlag, now.Type == pivot.FieldDate
	if len(f.Usage) < 2 {
		return r
	}
	for _, u := range f.Usage {
		text := usageWord(u, lang) + ", " + usageForm(u, lang)
		if len(u.Words) > 0 && !slices.Equal(u.Words, r.Words) {
			text += " : " + strings.Join(u.Words, " | ")
		}
		r.History = append(r.History, History{Versions: usageVersions(u), Text: text})
	}
	return r
}

func usageWord(u pivot.Usage, lang texts.Lang) string {
	if u.Required {
		return texts.T(lang, "web.dictionary.required")
	}
	return texts.T(lang, "web.dictionary.optional")
}

// usageForm is the type with its bounds.
func usageForm(u pivot.Usage, lang texts.Lang) string {
	parts := []string{texts.T(lang, "type."+string(u.Type))}
	add := func(key string, args ...any) { parts = append(parts, texts.T(lang, "web.dictionary."+key, args...)) }
	if u.Min != nil {
		add("atleast", strconv.FormatFloat(*u.Min, 'f', -1, 64))
	}
	if u.Max != nil {
		add("atmost", strconv.FormatFloat(*u.Max, 'f', -1, 64))
	}
	if u.Short > 0 {
		add("short", u.Short)
	}
	if u.Long > 0 {
		add("long", u.Long)
	}
	if u.Items > 0 {
		add("items", u.Items)
	}
	if u.Empty {
		add("empty")
	}
	return strings.Join(parts, ", ")
}

func usageVersions(u pivot.Usage) string {
	var parts []string
	if len(u.JSON) > 0 {
		parts = append(parts, versions(u.JSON))
	}
	if len(u.XSD) > 0 {
		parts = append(parts, "XSD "+versions(u.XSD))
	}
	return strings.Join(parts, " ; ")
}

func versions(list []pivot.Version) string {
	words := make([]string, len(list))
	for i, v := range list {
		words[i] = string(v)
	}
	return strings.Join(words, ", ")
}

// WriteMarkdown writes the dictionary of both kinds as Markdown.
func WriteMarkdown(w io.Writer, lang texts.Lang) error {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "# %s\n\n%s\n", texts.T(lang, "web.dictionary.title"), texts.T(lang, "web.dictionary.lead"))
	for _, kind := range []pivot.Kind{pivot.Marche, pivot.Concession} {
		fmt.Fprintf(b, "\n## %s\n", texts.T(lang, "web.dictionary."+string(kind)))
		for _, r := range Rows(kind, lang) {
			fmt.Fprintf(b, "\n### `%s`\n\n%s\n\n- %s (%s)\n", r.Path, r.Text, r.Type, r.Current)
			if len(r.Words) > 0 {
				fmt.Fprintf(b, "- %s\n", strings.Join(r.Words, " · "))
			}
			if r.Example != "" {
				fmt.Fprintf(b, "- %s `%s`\n", texts.T(lang, "web.dictionary.example"), r.Example)
			}
			for _, h := range r.History {
				fmt.Fprintf(b, "- %s : %s\n", h.Versions, h.Text)
			}
		}
	}
	return b.Flush()
}
