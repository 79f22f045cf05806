// Package texts is the one table of what people read, in French and English.
//
// A text is found by its key. The table is the union of the YAML files of
// this folder, one per part of the program; each key has both languages and
// both hold the same placeholders. Placeholders are {0}, {1}… in the order
// of the arguments.
package texts

import (
	"embed"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Lang is a language of the table.
type Lang string

// The languages of the table. French is the first: the law's terms are French.
const (
	French  Lang = "fr"
	English Lang = "en"
)

// Langs lists the languages, the default one first.
var Langs = []Lang{French, English}

//go:embed *.yaml
var files embed.FS

type text struct {
	French  string `yaml:"fr"`
	English string `yaml:"en"`
}

// table is written once, before main, and only read afterwards.
var table = load(files)

func load(f fs.FS) map[string]text {
	names, err := fs.Glob(f, "*.yaml")
	if err != nil {
		panic(err)
	}
	all := make(map[string]text, 4096)
	for _, name := range names {
		raw, err := fs.ReadFile(f, name)
		if err != nil {
			panic(err)
		}
		if err := read(all, name, string(raw)); err != nil {
			panic(err)
		}
	}
	return all
}

// Has reports whether the table has a text for key.
func Has(key string) bool {
	_, ok := table[key]
	return ok
}

// Keys lists every key, sorted.
func Keys() []string {
	return slices.Sorted(maps.Keys(table))
}

// T returns the text of key in lang with its placeholders filled. A key that
// is not in the table is returned as it is: a missing text shows, it never
// breaks a page.
func T(lang Lang, key string, args ...any) string {
	t, ok := table[key]
	if !ok {
		return key
	}
	s := t.French
	if lang == English {
		s = t.English
	}
	if len(args) == 0 {
		return s
	}
	return fill(s, args)
}

// fill puts args in the places of {0}, {1}…; a place without an argument stays.
func fill(s string, args []any) string {
	var b strings.Builder
	for {
		open := strings.IndexByte(s, '{')
		if open < 0 {
			b.WriteString(s)
			return b.String()
		}
		end := strings.IndexByte(s[open:], '}')
		n, err := strconv.Atoi(s[open+1 : open+max(end, 1)])
		if end < 0 || err != nil || n < 0 || n >= len(args) {
			b.WriteString(s[:open+1])
			s = s[open+1:]
			continue
		}
		b.WriteString(s[:open])
		if text, ok := args[n].(string); ok {
			b.WriteString(text)
		} else {
			fmt.Fprint(&b, args[n])
		}
		s = s[open+end+1:]
	}
}

// Parse finds the language that s asks for: a locale (fr_FR.UTF-8), a tag
// (en-GB) or an Accept-Language header. What it does not know is French.
func Parse(s string) Lang {
	for part := range strings.SplitSeq(s, ",") {
		tag := strings.ToLower(strings.TrimSpace(part))
		switch {
		case strings.HasPrefix(tag, "fr"):
			return French
		case strings.HasPrefix(tag, "en"):
			return English
		}
	}
	return French
}
