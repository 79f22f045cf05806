package rdf

import (
	"errors"
	"hash/fnv"
	"strconv"
	"strings"
	"time"

	"maillon/catalog"
	"maillon/catalog/texts"
)

// A Profile is a version of DCAT-AP.
type Profile string

// The profiles. 2.1.1 is for consumers that still ask for it: its byteSize is a
// decimal, and it takes no checksum but SHA-1, so that ours are left out.
const (
	Profile301 Profile = "3.0.1"
	Profile211 Profile = "2.1.1"
)

// FromCatalog is [FromCatalogAs] of the newest profile.
func FromCatalog(c catalog.Catalog) (*Graph, catalog.Problems) { return FromCatalogAs(c, Profile301) }

// FromCatalogAs is c as DCAT-AP of a profile, such that the strictest official shapes
// find no violation: every node that the catalogue refers to is typed and
// labelled inside the page, authority codes included. What is written is
// [catalog.Catalog.Publishable]; its problems are returned, with those of
// values that RDF cannot hold.
//
// A catalogue that cannot be published at all gives an empty graph. It must be
// answered by an error, never by an empty page: harvesters delete what they no
// longer see.
func FromCatalogAs(c catalog.Catalog, profile Profile) (*Graph, catalog.Problems) {
	c, problems := c.Publishable()
	b := &builder{g: NewGraph(), profile: profile, problems: problems, described: map[string]bool{}}
	if c.IRI == "" {
		return b.g, b.problems
	}
	b.catalog(c)
	for _, d := range c.Datasets {
		b.dataset(d)
		b.link(IRI(c.IRI), nsDCAT+"dataset", d.IRI)
	}
	if profile != Profile211 {
		for _, s := range c.Series {
			b.series(s)
		}
	}
	for _, s := range c.Services {
		b.service(s)
		b.link(IRI(c.IRI), nsDCAT+"service", s.IRI)
	}
	for _, s := range c.Parts {
		b.part(s)
		b.link(IRI(c.IRI), nsDCAT+"catalog", s.IRI)
	}
	for _, r := range c.Records {
		b.record(r)
		b.link(IRI(c.IRI), nsDCAT+"record", r.IRI)
	}
	return b.g, b.problems
}

// A builder fills a graph and collects what did not go in.
type builder struct {
	g         *Graph
	profile   Profile
	problems  catalog.Problems
	described map[string]bool // shared nodes already described, by IRI
	full      bool
}

// add adds a triple, or says why it was left out. Predicate is the IRI of one
// of our vocabularies.
func (b *builder) add(s Term, predicate string, o Term) {
	err := b.g.Add(s, IRI(predicate), o)
	switch {
	case err == nil || b.full:
	case errors.Is(err, ErrFull):
		b.full = true
		b.problems = append(b.problems, catalog.Problem{Rule: catalog.RuleLimit, Severity: catalog.Error, Expected: strconv.Itoa(MaxTriples)})
	default:
		b.problems = append(b.problems, catalog.Problem{Rule: catalog.RuleTriple, Severity: catalog.Warning,
			Found: shown(s) + " " + predicate, Expected: err.Error()})
	}
}

// link adds an IRI, if there is one.
func (b *builder) link(s Term, predicate, iri string) {
	if iri != "" {
		b.add(s, predicate, IRI(iri))
	}
}

// text adds a text in its languages.
func (b *builder) text(s Term, predicate string, t catalog.Text) {
	if t.French != "" {
		b.add(s, predicate, LangLiteral(t.French, "fr"))
	}
	if t.English != "" {
		b.add(s, predicate, LangLiteral(t.English, "en"))
	}
}

// plain adds a text without language, if there is one.
func (b *builder) plain(s Term, predicate, text string) {
	if text != "" {
		b.add(s, predicate, Literal(text))
	}
}

func (b *builder) typed(s Term, predicate, value, datatype string) {
	b.add(s, predicate, TypedLiteral(value, datatype))
}

// instant adds a moment, in UTC to the second, if there is one that XML Schema
// can write.
func (b *builder) instant(s Term, predicate string, t time.Time) {
	if t = t.UTC(); !t.IsZero() && writable(t) {
		b.typed(s, predicate, t.Format("2006-01-02T15:04:05Z"), nsXSD+"dateTime")
	}
}

// day adds a date as it stands, if there is one.
func (b *builder) day(s Term, predicate string, t time.Time) {
	if !t.IsZero() && writable(t) {
		b.typed(s, predicate, t.Format("2006-01-02"), nsXSD+"date")
	}
}

func writable(t time.Time) bool { return t.Year() >= 1 && t.Year() <= 9999 }

func (b *builder) class(s Term, classes ...string) {
	for _, c := range classes {
		b.add(s, rdfType, IRI(c))
	}
}

// first reports whether iri is met for the first time: shared nodes are
// described once, so that a property of which the shapes want one has one.
func (b *builder) first(iri string) bool {
	again := b.described[iri]
	b.described[iri] = true
	return iri != "" && !again
}

// word links to a word of a vocabulary, and types and labels it on first use.
func (b *builder) word(s Term, predicate, namespace, code, class, label string) {
	if code == "" {
		return
	}
	iri := namespace + code
	b.link(s, predicate, iri)
	if b.first(iri) {
		b.class(IRI(iri), class)
		b.label(IRI(iri), label+code)
	}
}

// label adds a text of the table in both languages.
func (b *builder) label(s Term, key string) {
	b.text(s, nsSKOS+"prefLabel", catalog.Text{French: texts.T(texts.French, key), English: texts.T(texts.English, key)})
}

// document links to a page for people.
func (b *builder) document(s Term, predicate, iri string) {
	b.link(s, predicate, iri)
	if b.first(iri) {
		b.class(IRI(iri), nsFOAF+"Document")
	}
}

// resource links to what has no class of its own.
func (b *builder) resource(s Term, predicate, iri string) {
	if iri != "" {
		b.link(s, predicate, iri)
		b.class(IRI(iri), nsRDFS+"Resource")
	}
}

// fragment names a part of what iri names.
func fragment(iri, name string) string {
	if strings.Contains(iri, "#") {
		return iri + "." + name
	}
	return iri + "#" + name
}

// anonymous is the blank node for a part of s. Its label depends on nothing
// else, so that a dataset is written alike on every page.
func anonymous(s Term, part string) Term {
	h := fnv.New64a()
	_, _ = h.Write([]byte(s.Value() + " " + part)) // a hash never fails
	return Blank("b" + strconv.FormatUint(h.Sum64(), 36))
}
