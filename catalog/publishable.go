package catalog

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Rules of a catalogue; their words for people stand under "rule.<id>" in the
// table of texts. An Error leaves the item out, a Warning mends or leaves out
// one property of it.
const (
	RuleIRI         = "dcat-iri"         // an address that is not absolute
	RuleTitle       = "dcat-title"       // no title
	RuleIdentifier  = "dcat-identifier"  // no identifier
	RuleTwice       = "dcat-twice"       // an IRI or identifier that another item has
	RuleDescription = "dcat-description" // no description: the title stands in
	RulePublisher   = "dcat-publisher"   // no publisher's name: its SIRET or IRI stands in
	RuleAccess      = "dcat-access-url"  // a distribution that leads nowhere
	RuleChecksum    = "dcat-checksum"    // no SHA-256
	RuleSize        = "dcat-size"        // a negative size
	RuleEmail       = "dcat-email"       // no electronic address
	RuleSIRET       = "dcat-siret"       // not fourteen digits
	RuleWord        = "dcat-word"        // a word that its vocabulary does not have
	RuleBox         = "dcat-box"         // a rectangle turned over, or off the earth
	RulePeriod      = "dcat-period"      // a period that ends before it starts
	RuleTopic       = "dcat-topic"       // a link to what is not on this page
	RuleModified    = "dcat-modified"    // a record without its date
	RuleTriple      = "dcat-triple"      // a statement that RDF cannot hold
	RuleLimit       = "dcat-limit"       // more than a page may hold
)

// Publishable is c as it can be published, and what is wrong with it. What
// cannot be published is left out (a dataset without IRI, identifier or title,
// a second one with the same IRI or identifier, a distribution that leads
// nowhere), with a problem of severity [Error]; a lesser fault costs one
// property, with a [Warning]. Pointers lead into c, as in
// /datasets/3/distributions/0/downloadURL.
//
// c is not changed. What is left out of an answer looks deleted to harvesters:
// whoever serves the page decides whether the errors allow it. Without an
// absolute IRI of its own, no catalogue can be published: the answer is the
// zero Catalog.
func (c Catalog) Publishable() (Catalog, Problems) {
	k := &checker{taken: map[string]bool{}, identifiers: map[string]bool{}}
	if !k.own("", c.IRI) {
		return Catalog{}, k.problems
	}
	k.catalog(&c)
	c.Datasets = keep(c.Datasets, func(i int, d *Dataset) bool { return k.dataset(at("/datasets", i), d) })
	c.Services = keep(c.Services, func(i int, s *DataService) bool { return k.service(at("/services", i), s) })
	c.Parts = keep(c.Parts, func(i int, s *SubCatalog) bool { return k.part(at("/parts", i), s) })
	c.Series = keep(c.Series, func(i int, s *Series) bool { return k.series(at("/series", i), s) })
	series := map[string]bool{}
	for _, s := range c.Series {
		series[s.IRI] = true
	}
	topics := map[string]bool{}
	for i, d := range c.Datasets {
		topics[d.IRI] = true
		if !series[d.InSeries] {
			c.Datasets[i].InSeries = ""
		}
	}
	for i, s := range c.Services {
		c.Services[i].Serves = keep(s.Serves, func(_ int, iri *string) bool { return topics[*iri] })
	}
	for _, s := range c.Services {
		topics[s.IRI] = true
	}
	c.Records = keep(c.Records, func(i int, r *CatalogRecord) bool { return k.record(at("/records", i), r, topics) })
	return c, k.problems
}

// keep is a copy of list with the items that ok accepts; ok may mend them.
func keep[T any](list []T, ok func(int, *T) bool) []T {
	var kept []T
	for i, item := range list {
		if ok(i, &item) {
			if kept == nil {
				kept = make([]T, 0, len(list))
			}
			kept = append(kept, item)
		}
	}
	return kept
}

func at(pointer string, i int) string { return pointer + "/" + strconv.Itoa(i) }

// A checker looks through one catalogue.
type checker struct {
	problems    Problems
	taken       map[string]bool // IRIs that an item of the page has
	identifiers map[string]bool

	// What items without their own take from the catalogue.
	publisherOf Agent
	contactOf   Contact
	licenceOf   string
}

func (k *checker) say(severity Severity, rule, pointer, found, expected string) {
	k.problems = append(k.problems, Problem{Pointer: pointer, Rule: rule, Severity: severity, Found: cut(found), Expected: expected})
}

// own checks the IRI of an item: absolute, on the web, and no other item's.
func (k *checker) own(pointer, iri string) bool {
	switch {
	case !isWeb(iri):
		k.say(Error, RuleIRI, pointer+"/iri", iri, wantWeb)
		return false
	case k.taken[iri]:
		k.say(Error, RuleTwice, pointer+"/iri", iri, "")
		return false
	}
	k.taken[iri] = true
	return true
}

// link empties an optional IRI that is not absolute.
func (k *checker) link(pointer string, iri *string) {
	if *iri == "" || isWeb(*iri) {
		return
	}
	k.say(Warning, RuleIRI, pointer, *iri, wantWeb)
	*iri = ""
}

// describe trims both texts and lets the title stand in for a description.
func (k *checker) describe(pointer string, title, description *Text) bool {
	trim(title)
	trim(description)
	if title.IsZero() {
		k.say(Error, RuleTitle, pointer+"/title", "", "")
		return false
	}
	if description.IsZero() {
		k.say(Warning, RuleDescription, pointer+"/description", "", "")
		*description = *title
	}
	return true
}

func trim(t *Text) {
	t.French, t.English = trimmed(t.French), trimmed(t.English)
}

// trimmed is s without spaces around it, or "" if nobody would see anything.
func trimmed(s string) string {
	if !strings.ContainsFunc(s, visible) {
		return ""
	}
	return strings.TrimSpace(s)
}

func visible(r rune) bool {
	return r != utf8.RuneError && unicode.IsGraphic(r) && !unicode.IsSpace(r)
}

// word empties a word that is not in its list.
func word[W ~string](k *checker, pointer string, w *W, all []W) {
	if known(*w, all) {
		return
	}
	k.say(Warning, RuleWord, pointer, string(*w), listed(all))
	*w = ""
}

// words is the words of list that its vocabulary has, each once.
func words[W ~string](k *checker, pointer string, list, all []W) []W {
	seen := map[W]bool{}
	return keep(list, func(i int, w *W) bool {
		word(k, at(pointer, i), w, all)
		again := seen[*w]
		seen[*w] = true
		return *w != "" && !again
	})
}

const wantWeb = "https://…"

// isWeb reports whether s is an absolute address of the web: http or https
// and a host. Characters that an IRI does not allow are no obstacle after the
// host: they are escaped when it is written.
func isWeb(s string) bool {
	rest, ok := strings.CutPrefix(s, "https://")
	if !ok {
		rest, ok = strings.CutPrefix(s, "http://")
	}
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		rest = rest[:end]
	}
	return ok && rest != "" && utf8.ValidString(rest) && !strings.ContainsFunc(rest, notInHost)
}

func notInHost(r rune) bool {
	return r <= ' ' || r == 0x7F || strings.ContainsRune("\"<>\\^`{|}%", r) || r == utf8.RuneError
}

// cut is s short enough for a report, without breaking a character.
func cut(s string) string {
	const most = 120
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	runes := []rune(s)
	return string(runes[:most-1]) + "…"
}

// Rules lists the ids of every rule of a catalogue.
func Rules() []string {
	return []string{RuleIRI, RuleTitle, RuleIdentifier, RuleTwice, RuleDescription, RulePublisher, RuleAccess, RuleChecksum, RuleSize,
		RuleEmail, RuleSIRET, RuleWord, RuleBox, RulePeriod, RuleTopic, RuleModified, RuleTriple, RuleLimit}
}
