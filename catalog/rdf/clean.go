package rdf

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// cleanIRI is iri such that every syntax can write it and every reader takes
// it for the same: what RFC 3987 does not allow is percent-encoded, dot
// segments of web addresses are resolved. It refuses what is not absolute.
func cleanIRI(iri string) (string, error) {
	iri = strings.Trim(iri, " \t\r\n")
	scheme, rest, ok := strings.Cut(iri, ":")
	if !ok || !isScheme(scheme) || rest == "" {
		return "", errors.New("not an absolute IRI")
	}
	if isPrefix(scheme) {
		return "", fmt.Errorf("the scheme %s of the IRI is one of our prefixes", scheme)
	}
	web := strings.EqualFold(scheme, "http") || strings.EqualFold(scheme, "https")
	if web && (!strings.HasPrefix(rest, "//") || len(rest) == 2 || strings.IndexByte("/?#", rest[2]) >= 0) {
		return "", errors.New("a web address without host")
	}
	if !plainIRI(iri) {
		iri = escapeIRI(iri, len(scheme)+1)
	}
	if web && strings.Contains(iri, "/.") {
		iri = withoutDots(iri, len(scheme)+3)
	}
	return iri, nil
}

func isScheme(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && (i == 0 || (c < '0' || c > '9') && c != '+' && c != '-' && c != '.') {
			return false
		}
	}
	return s != ""
}

// plainIRI reports whether no character of s needs a second look.
func plainIRI(s string) bool {
	for i := range len(s) {
		c := s[i]
		if !isNameByte(c) && strings.IndexByte(":/.?=&~,;+!$'()*@", c) < 0 {
			return c == '#' && plainIRI(s[i+1:]) && strings.IndexByte(s[i+1:], '#') < 0
		}
	}
	return true
}

const hexDigits = "0123456789ABCDEF"

// escapeIRI percent-encodes what may not stand in an IRI, from byte start on.
func escapeIRI(s string, start int) string {
	b := make([]byte, 0, len(s)+16)
	b = append(b, s[:start]...)
	authority, fragment := strings.HasPrefix(s[start:], "//"), false
	for i := start; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if authority && i > start+1 && strings.IndexByte("/?#", s[i]) >= 0 {
			authority = false
		}
		if allowedInIRI(r, n, s[i:], authority, fragment) {
			b = append(b, s[i:i+n]...)
		} else {
			for _, c := range []byte(s[i : i+n]) {
				b = append(b, '%', hexDigits[c>>4], hexDigits[c&15])
			}
		}
		fragment = fragment || r == '#'
		i += n
	}
	return string(b)
}

func allowedInIRI(r rune, n int, s string, authority, fragment bool) bool {
	switch {
	case r == utf8.RuneError && n < 2:
		return false
	case r == '%':
		return len(s) > 2 && isHex(s[1]) && isHex(s[2])
	case r == '#':
		return !fragment
	case r == '[' || r == ']':
		return authority
	case r < 0x80:
		return r > ' ' && r < 0x7F && strings.IndexByte("\"<>\\^`{|}", byte(r)) < 0
	}
	return inUCSChar(r)
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f'
}

// inUCSChar follows ucschar of RFC 3987: no controls, no private use, no
// specials, no non-characters.
func inUCSChar(r rune) bool {
	switch {
	case r >= 0xA0 && r <= 0xD7FF, r >= 0xF900 && r <= 0xFDCF, r >= 0xFDF0 && r <= 0xFFEF:
		return true
	}
	return r >= 0x10000 && r <= 0xEFFFD && r&0xFFFF <= 0xFFFD && (r < 0xE0000 || r >= 0xE1000)
}

// withoutDots resolves the segments . and .. of the path of an absolute web
// address whose host starts at byte host: some readers do and some do not, and
// they must see the same IRI.
func withoutDots(iri string, host int) string {
	end := len(iri)
	if i := strings.IndexAny(iri, "?#"); i >= 0 {
		end = i
	}
	path := strings.IndexByte(iri[host:end], '/')
	if path < 0 {
		return iri
	}
	path += host
	var kept []string
	segments := strings.Split(iri[path+1:end], "/")
	for i, s := range segments {
		last := i == len(segments)-1
		switch {
		case s == "..":
			kept = kept[:max(len(kept)-1, 0)]
		case s != ".":
			kept = append(kept, s)
		}
		if last && (s == "." || s == "..") {
			kept = append(kept, "")
		}
	}
	return iri[:path+1] + strings.Join(kept, "/") + iri[end:]
}

// cleanText is s without what XML 1.0 cannot hold: control characters and
// non-characters are taken out, bytes that are not UTF-8 become U+FFFD.
func cleanText(s string) string {
	for i := range len(s) {
		if c := s[i]; c >= 0x80 || c < ' ' {
			return slowCleanText(s)
		}
	}
	return s
}

func slowCleanText(s string) string {
	clean := utf8.ValidString(s)
	for _, r := range s {
		clean = clean && inXML(r)
	}
	if clean {
		return s
	}
	return strings.Map(func(r rune) rune {
		if inXML(r) {
			return r
		}
		return -1
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

// inXML follows Char of XML 1.0.
func inXML(r rune) bool {
	return r == '\t' || r == '\n' || r == '\r' || r >= ' ' && r != 0xFFFE && r != 0xFFFF
}

// cleanLang is a language tag in lower case, or "" if it is none.
func cleanLang(s string) string {
	s = strings.ToLower(s)
	part := 0
	for i := range len(s) {
		c := s[i]
		switch {
		case c == '-' && part > 0:
			part = 0
			continue
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9' && strings.IndexByte(s[:i], '-') >= 0:
			part++
		default:
			return ""
		}
		if part > 8 {
			return ""
		}
	}
	if part == 0 {
		return ""
	}
	return s
}

// checkPredicate refuses what RDF/XML cannot write as an element: an IRI that
// does not end in an XML name, and the names that its syntax keeps to itself.
func checkPredicate(iri string) error {
	namespace, local := splitName(iri)
	if local == "" {
		return errors.New("a predicate must end in a name")
	}
	switch namespace {
	case "http://www.w3.org/XML/1998/namespace", "http://www.w3.org/2000/xmlns/":
		return errors.New("a predicate in a namespace that XML reserves")
	case nsRDF:
		switch local {
		case "RDF", "ID", "about", "parseType", "resource", "nodeID", "datatype",
			"Description", "li", "aboutEach", "aboutEachPrefix", "bagID":
			return errors.New("a predicate that RDF/XML reserves")
		}
	}
	return nil
}

// splitName cuts an IRI before the longest XML name at its end.
func splitName(iri string) (namespace, local string) {
	i := len(iri)
	for i > 0 {
		r, n := utf8.DecodeLastRuneInString(iri[:i])
		if r >= utf8.RuneSelf && !inLatinName(r) || r < utf8.RuneSelf && !isNameByte(byte(r)) && r != '.' {
			break
		}
		i -= n
	}
	for i < len(iri) && iri[i] < utf8.RuneSelf && !isNameStart(iri[i]) {
		i++
	}
	return iri[:i], iri[i:]
}

// inLatinName reports whether r, beyond ASCII, may stand and begin in a name by
// every edition of XML 1.0: the letters with accents of European languages, of
// which national vocabularies make predicates.
func inLatinName(r rune) bool {
	switch {
	case r == 0xD7, r == 0xF7, r == 0x132, r == 0x133, r == 0x13F, r == 0x140, r == 0x149:
		return false
	}
	return r >= 0xC0 && r <= 0x17E
}
