package texts

import (
	"fmt"
	"strings"
)

// read adds the texts of a file to all. It reads what the files of this folder hold and
// no other YAML, so that the table is there within two milliseconds of a start:
//
//	key: {fr: "…", en: "…"}
//
//	key:
//	  fr: "…"
//	  en: "…"
//
// with comments and empty lines between. A test reads the same files as YAML.
func read(all map[string]text, name, file string) error {
	key, line := "", 0
	for l := range strings.Lines(file) {
		line++
		l = strings.TrimRight(l, "\r\n")
		at := func(err error) error { return fmt.Errorf("texts/%s:%d: %w", name, line, err) }
		switch {
		case l == "" || strings.HasPrefix(strings.TrimLeft(l, " "), "#"):
			continue
		case strings.HasPrefix(l, "  ") && key != "":
			t := all[key]
			if err := t.set(strings.TrimLeft(l, " ")); err != nil {
				return at(err)
			}
			all[key] = t
			continue
		}
		var rest string
		var ok bool
		if key, rest, ok = strings.Cut(l, ":"); !ok || key == "" || strings.ContainsAny(key, " \"'{") {
			return at(errForm)
		}
		if _, twice := all[key]; twice {
			return at(fmt.Errorf("key %s stands twice", key))
		}
		t, err := inline(strings.TrimSpace(rest))
		if err != nil {
			return at(err)
		}
		all[key] = t
	}
	return nil
}

var errForm = fmt.Errorf(`this line has neither of the forms: key: {fr: "…", en: "…"}, or key: and below it, by two spaces, fr: "…" and en: "…"`)

// inline reads {fr: "…", en: "…"}; nothing at all means that lines follow.
func inline(s string) (t text, err error) {
	if s == "" {
		return t, nil
	}
	s, ok := strings.CutPrefix(s, "{")
	for ok {
		rest, err := t.take(s)
		if err != nil {
			return t, err
		}
		rest = strings.TrimLeft(rest, " ")
		if rest == "}" {
			return t, nil
		}
		s, ok = strings.CutPrefix(rest, ",")
	}
	return t, errForm
}

// set reads a line of one language.
func (t *text) set(s string) error {
	rest, err := t.take(s)
	if err == nil && strings.TrimSpace(rest) != "" {
		return errForm
	}
	return err
}

// take reads fr: "…" or en: "…" and gives what stands behind it.
func (t *text) take(s string) (rest string, err error) {
	lang, s, _ := strings.Cut(strings.TrimLeft(s, " "), ":")
	s, ok := strings.CutPrefix(strings.TrimLeft(s, " "), `"`)
	if !ok {
		return "", errForm
	}
	end := 0
	for end < len(s) && s[end] != '"' {
		if s[end] == '\\' {
			end++
		}
		end++
	}
	if end >= len(s) {
		return "", errForm
	}
	value, err := unescape(s[:end])
	if err != nil {
		return "", err
	}
	switch Lang(lang) {
	case French:
		t.French = value
	case English:
		t.English = value
	default:
		return "", errForm
	}
	return s[end+1:], nil
}

// unescape resolves \n, \" and \\; a text without them stays a part of its file.
func unescape(s string) (string, error) {
	if strings.IndexByte(s, '\\') < 0 {
		return s, nil
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			b.WriteByte(s[i])
			continue
		}
		switch i++; s[i] { // take has seen that a byte follows
		case 'n':
			b.WriteByte('\n')
		case '"', '\\':
			b.WriteByte(s[i])
		default:
			return "", fmt.Errorf(`\%c is not read here: only \n, \" and \\ are`, s[i])
		}
	}
	return b.String(), nil
}
