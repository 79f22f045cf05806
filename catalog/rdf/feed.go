package rdf

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"

	"maillon/catalog"
)

// A Feed is what one document, or one page of several, says as a catalogue. It is
// read generously: what DCAT 1 to 3 and the portals that exist write, and what
// they get wrong, as long as the meaning is certain.
type Feed struct {
	Title    catalog.Text
	Found    []Found // datasets, by IRI
	Problems catalog.Problems
	Parts    []string // IRIs of other catalogues that it leads to
	Next     string   // address of the page after this one, "" on the last
	Total    int      // datasets of all pages as it says; -1 if it does not
}

// A Found is one dataset of a feed.
type Found struct {
	Key     string // by which it is known from one visit to the next: its IRI, or the identifier of one without
	Dataset catalog.Dataset
	Through []string // ids of the nodes that it came through, as its record says
	Triples []byte   // all that the document says of it, as sorted N-Triples
}

// maxFound bounds what is kept of one dataset, in bytes of N-Triples.
const maxFound = 400 << 10

// Rules of a feed; their words are in the table of texts.
const (
	RuleFoundStub  = "feed-stub"     // a dataset of which nothing is said
	RuleFoundLarge = "feed-large"    // a dataset of which too much is said
	RuleFoundTitle = "feed-title"    // a dataset without a title: its name stands in
	RuleFoundTwice = "feed-twice"    // the same key twice
	RuleFoundKey   = "feed-no-key"   // neither IRI nor identifier: its title stands in
	RuleFoundFiles = "feed-no-files" // nothing leads to the data
)

// FeedRules lists the rules of a feed.
func FeedRules() []string {
	return []string{RuleFoundStub, RuleFoundLarge, RuleFoundTitle, RuleFoundTwice, RuleFoundKey, RuleFoundFiles}
}

// FeedOf reads a graph as a catalogue. One dataset that is broken is said in the
// problems and left out, never the feed; the pointer of a problem is the
// dataset's IRI or label. What has the type dcat:Dataset counts, wherever it
// stands.
func FeedOf(g *Graph) Feed {
	f := feedReader{g: g, keys: map[string]bool{}, feed: Feed{Total: -1}}
	f.catalogs()
	f.paging()
	f.records()
	for _, s := range g.Subjects(IRI(rdfType), IRI(nsDCAT+"Dataset")) {
		f.found(s)
	}
	slices.SortFunc(f.feed.Found, func(a, b Found) int { return strings.Compare(a.Key, b.Key) })
	return f.feed
}

type feedReader struct {
	g       *Graph
	feed    Feed
	keys    map[string]bool
	through map[string][]string // by IRI of the dataset
}

func (f *feedReader) say(severity catalog.Severity, rule string, s Term, found string) {
	f.feed.Problems = append(f.feed.Problems, catalog.Problem{Pointer: shown(s), Rule: rule, Severity: severity, Found: shownText(found)})
}

// catalogs reads the catalogue itself: the one that has most datasets.
func (f *feedReader) catalogs() {
	most := 0
	for _, c := range f.g.Subjects(IRI(rdfType), IRI(nsDCAT+"Catalog")) {
		sets := f.g.Objects(c, IRI(nsDCAT+"dataset"))
		if title := f.texts(c, nsDCT+"title"); f.feed.Title.IsZero() || len(sets) > most {
			f.feed.Title, most = title, len(sets)
		}
		for _, p := range []string{nsDCAT + "catalog", nsDCT + "hasPart"} {
			for _, part := range f.g.Objects(c, IRI(p)) {
				if part.IsIRI() && !slices.Contains(f.feed.Parts, part.Value()) {
					f.feed.Parts = append(f.feed.Parts, part.Value())
				}
			}
		}
	}
}

// paging reads both ways in which Hydra has been used: PartialCollectionView with
// next, and PagedCollection with nextPage, as IRIs or as texts.
func (f *feedReader) paging() {
	for _, class := range []string{"PartialCollectionView", "PagedCollection"} {
		for _, view := range f.g.Subjects(IRI(rdfType), IRI(nsHydra+class)) {
			for _, p := range []string{"next", "nextPage"} {
				for _, o := range f.g.Objects(view, IRI(nsHydra+p)) {
					if f.feed.Next == "" && !o.IsBlank() {
						f.feed.Next = o.Value()
					}
				}
			}
		}
	}
	for t := range f.g.All() {
		if t.Predicate.Value() == nsHydra+"totalItems" {
			if n, err := strconv.Atoi(t.Object.Value()); err == nil && n >= 0 {
				f.feed.Total = n
			}
		}
	}
}

// records reads through which nodes datasets came.
func (f *feedReader) records() {
	f.through = map[string][]string{}
	for _, r := range f.g.Subjects(IRI(rdfType), IRI(nsDCAT+"CatalogRecord")) {
		topic := f.one(r, nsFOAF+"primaryTopic")
		var shared []string // nodes that every source came through
		for i, source := range f.g.Objects(r, IRI(nsPROV+"wasDerivedFrom")) {
			var nodes []string
			for _, who := range f.g.Objects(source, IRI(nsPROV+"wasAttributedTo")) {
				if id, ok := strings.CutPrefix(who.Value(), nodeURN); ok {
					nodes = append(nodes, id)
				}
			}
			if i == 0 {
				shared = nodes
			} else {
				shared = slices.DeleteFunc(shared, func(id string) bool { return !slices.Contains(nodes, id) })
			}
		}
		if topic != "" && len(shared) > 0 {
			slices.Sort(shared)
			f.through[topic] = slices.Compact(shared)
		}
	}
}

// found reads one dataset: from what is kept of it, so that it is read alike
// wherever and in whatever order it stood.
func (f *feedReader) found(s Term) {
	triples, ok := f.describe(s)
	if !ok {
		f.say(catalog.Error, RuleFoundLarge, s, "")
		return
	}
	d, err := DatasetOf(triples)
	title := f.texts(s, nsDCT+"title")
	if err != nil || title.IsZero() && d.Description.IsZero() && len(d.Distributions) == 0 {
		f.say(catalog.Error, RuleFoundStub, s, "")
		return
	}
	if title.IsZero() {
		f.say(catalog.Warning, RuleFoundTitle, s, d.Title.French)
	}
	k := d.IRI
	if k == "" {
		k = d.Identifier
	}
	if k == "" {
		if k = d.Title.French; k == "" {
			k = d.Title.English
		}
		f.say(catalog.Warning, RuleFoundKey, s, k)
	}
	if f.keys[k] {
		f.say(catalog.Error, RuleFoundTwice, s, k)
		return
	}
	f.keys[k] = true
	if len(d.Distributions) == 0 {
		f.say(catalog.Warning, RuleFoundFiles, s, "")
	}
	f.feed.Found = append(f.feed.Found, Found{Key: k, Dataset: d, Through: f.through[d.IRI], Triples: triples})
}

// describe gathers what the document says of a dataset: its own triples and
// those of what it leads to, but not of other datasets, catalogues and records.
func (f *feedReader) describe(s Term) ([]byte, bool) {
	only := NewGraph()
	seen := map[string]bool{}
	const deepest = 5
	size := 0
	var add func(s Term, depth int) bool
	add = func(s Term, depth int) bool {
		k := key(s.t)
		if seen[k] || depth > deepest {
			return true
		}
		seen[k] = true
		n := f.g.nodes[k]
		if n == nil {
			return true
		}
		for _, t := range n.triples {
			if size += len(t.Object.RawValue()) + len(k) + 40; size > maxFound {
				return false
			}
			if err := only.Add(Term{t.Subject}, Term{t.Predicate}, Term{t.Object}); err != nil {
				return false
			}
		}
		for _, t := range n.triples {
			o := Term{t.Object}
			if o.IsLiteral() || f.isItem(o) {
				continue
			}
			if !add(o, depth+1) {
				return false
			}
		}
		return true
	}
	if !add(s, 0) {
		return nil, false
	}
	lines := bytes.Split(bytes.TrimSuffix(ntriples(relabelled(only)), []byte("\n")), []byte("\n"))
	slices.SortFunc(lines, bytes.Compare)
	return append(bytes.Join(lines, []byte("\n")), '\n'), true
}

// isItem reports whether a term is an item of a catalogue in its own right.
func (f *feedReader) isItem(t Term) bool {
	for _, c := range f.g.Objects(t, IRI(rdfType)) {
		switch strings.TrimPrefix(c.Value(), nsDCAT) {
		case "Dataset", "Catalog", "CatalogRecord", "DatasetSeries":
			return true
		}
	}
	return false
}

// relabelRounds is how far around a blank node its name looks.
const relabelRounds = 6

// relabelled gives blank nodes names that follow from what is said of them and
// around them, not from where they stood: the same description is the same bytes
// at every visit. Blank nodes of which the same is said keep names of their own.
func relabelled(g *Graph) *Graph {
	nodes := g.sorted()
	names := map[string]string{}
	for range relabelRounds {
		next := map[string]string{}
		for _, n := range nodes {
			if rank(n.subject) != 2 {
				continue
			}
			var lines []string
			for _, x := range n.triples {
				o := Term{x.Object}
				text := o.String()
				if o.IsBlank() {
					text = "_:" + names[o.Value()]
				}
				lines = append(lines, x.Predicate.RawValue()+" "+text)
			}
			slices.Sort(lines)
			sum := sha256.Sum256([]byte(strings.Join(lines, "\n")))
			next[n.subject.RawValue()] = "b" + hex.EncodeToString(sum[:8])
		}
		names = next
	}
	final, alike := map[string]string{}, map[string]int{}
	rename := func(t Term) Term {
		if !t.IsBlank() {
			return t
		}
		n, ok := final[t.Value()]
		if !ok {
			like := names[t.Value()]
			if like == "" {
				like = "b" // nothing is said of it
			}
			n = like
			if alike[like]++; alike[like] > 1 {
				n = like + "x" + strconv.Itoa(alike[like])
			}
			final[t.Value()] = n
		}
		return Blank(n)
	}
	out := NewGraph()
	for t := range g.All() {
		_ = out.Add(rename(t.Subject), t.Predicate, rename(t.Object)) // what one graph took, the other takes
	}
	return out
}

func ntriples(g *Graph) []byte {
	var b bytes.Buffer
	_ = Write(&b, g, NTriples) // a buffer takes everything
	return b.Bytes()
}

func lastSegment(s string) string {
	s = strings.TrimRight(s, "/#")
	if i := strings.LastIndexAny(s, "/#:"); i >= 0 {
		s = s[i+1:]
	}
	return s
}
