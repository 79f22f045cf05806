package catalog

import (
	"strings"
	"unicode/utf8"
)

// publisher mends an agent so that it has a name; it reports whether the
// agent's IRI can be used.
func (k *checker) publisher(p string, a *Agent) bool {
	if a.SIRET != "" && !isSIRET(a.SIRET) {
		k.say(Warning, RuleSIRET, p+"/siret", a.SIRET, "")
		a.SIRET = ""
	}
	if a.Name = trimmed(a.Name); a.Name == "" {
		k.say(Warning, RulePublisher, p+"/name", "", "")
		if a.Name = a.SIRET; a.Name == "" {
			a.Name = a.IRI
		}
	}
	if a.Name == "" {
		a.Name = "?"
	}
	word(k, p+"/type", &a.Type, PublisherTypes())
	word(k, p+"/level", &a.Level, levels())
	k.link(p+"/homepage", &a.Homepage)
	if !isWeb(a.IRI) || k.taken[a.IRI] {
		k.say(Warning, RuleIRI, p+"/iri", a.IRI, wantWeb)
		return false
	}
	return true
}

// authors completes an item with the catalogue's publisher and contact.
func (k *checker) authors(p string, a *Agent, c *Contact) {
	if a.IsZero() || !k.publisher(p+"/publisher", a) {
		*a = k.publisherOf
	}
	if k.contact(p+"/contact", c); c.IsZero() {
		*c = k.contactOf
	}
}

// contact empties what nobody can write to.
func (k *checker) contact(p string, c *Contact) {
	c.Name = trimmed(c.Name)
	if c.Email != "" && !isEmail(c.Email) {
		k.say(Warning, RuleEmail, p+"/email", c.Email, "")
		c.Email = ""
	}
	k.link(p+"/page", &c.Page)
	if c.Name == "" {
		c.Name = c.Email
	}
}

// isEmail is deliberately shallow: one @ with something on both sides, and
// nothing that could not stand in a mailto address.
func isEmail(s string) bool {
	user, host, ok := strings.Cut(s, "@")
	odd := func(r rune) bool {
		return r <= ' ' || r == 0x7F || r == utf8.RuneError || strings.ContainsRune("\"<>\\^`{|}%,;:?#@/", r)
	}
	return ok && user != "" && host != "" && len(s) <= 254 && !strings.ContainsFunc(user+host, odd)
}

// licence completes an item with the catalogue's licence.
func (k *checker) licence(p string, iri *string) {
	if k.link(p, iri); *iri == "" {
		*iri = k.licenceOf
	}
}

// keywords is the texts that say something, each once. Harvesters keep 3 to 96
// characters of each; that cut is theirs.
func (k *checker) keywords(list []Text) []Text {
	seen := map[Text]bool{}
	return keep(list, func(_ int, t *Text) bool {
		trim(t)
		again := seen[*t]
		seen[*t] = true
		return !t.IsZero() && !again
	})
}

func (k *checker) standards(p string, list []Standard) []Standard {
	return keep(list, func(i int, s *Standard) bool {
		k.link(at(p, i)+"/iri", &s.IRI)
		trim(&s.Title)
		return s.IRI != ""
	})
}

func (k *checker) coverage(p string, c *Coverage) {
	c.Geozone, c.Name = trimmed(c.Geozone), trimmed(c.Name)
	if !c.Box.IsZero() && !c.Box.valid() {
		k.say(Warning, RuleBox, p+"/box", "", "")
		c.Box = Box{}
	}
}

func (k *checker) period(p string, d *Period) {
	if !d.Start.IsZero() && !d.End.IsZero() && d.End.Before(d.Start) {
		k.say(Warning, RulePeriod, p, d.Start.Format("2006-01-02")+"/"+d.End.Format("2006-01-02"), "")
		*d = Period{}
	}
}

func (k *checker) mediaType(p string, m *string) {
	kind, name, ok := strings.Cut(*m, "/")
	if *m == "" || ok && isToken(kind) && isToken(name) {
		return
	}
	k.say(Warning, RuleWord, p, *m, "text/csv, application/json…")
	*m = ""
}

// isToken follows the restricted names of RFC 6838.
func isToken(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || strings.IndexByte("!#$&-^_.+", c) >= 0 {
			continue
		}
		return false
	}
	return s != "" && len(s) <= 127
}

func isSHA256(s string) bool {
	return len(s) == 64 && strings.Trim(s, "0123456789abcdef") == ""
}
