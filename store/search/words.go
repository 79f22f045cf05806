package search

import (
	"cmp"
	"slices"
	"sort"
	"strings"

	"maillon/store/search/french"
)

// A term is a stem, numbered. 0 stands for a word that says nothing.
type term = uint32

// A vocabulary numbers the stems of all words that were met, and finds words by their
// beginning.
type vocabulary struct {
	words   map[string]term   // every word as met, in lower case
	stems   map[string]term   // every stem
	folded  map[string][]term // words that have accents, without them
	kin     map[term][]term   // stems that the same word has with and without accents
	forms   []form            // sorted
	fresh   []form            // not sorted in yet
	scratch []term
}

// A form is a word without accents, and its term.
type form struct {
	word string
	term term
}

// maxWords bounds the vocabulary: texts of publishers can invent words without end.
// What is beyond cannot be searched for by its word.
const maxWords = 4_000_000

func newVocabulary() *vocabulary {
	return &vocabulary{words: map[string]term{}, stems: map[string]term{}, folded: map[string][]term{}, kin: map[term][]term{}}
}

// maxTokens bounds what is read of one text.
const maxTokens = 1000

// tokens are the terms of a text, in order. The slice is good until the next call.
func (v *vocabulary) tokens(text string) []term {
	out := v.scratch[:0]
	for w := range french.Words(text) {
		out = append(out, v.learn(w))
		if len(out) == maxTokens {
			break
		}
	}
	v.scratch = out
	return out
}

// learn is the term of a word, which is new or not.
func (v *vocabulary) learn(word string) term {
	if t, ok := v.words[word]; ok {
		return t
	}
	if french.Stop(word) || len(v.words) >= maxWords {
		return 0
	}
	word = strings.Clone(word)
	stem := french.Stem(word)
	t, ok := v.stems[stem]
	if !ok {
		t = term(len(v.stems) + 1)
		v.stems[stem] = t
	}
	v.words[word] = t
	plain := french.Fold(word)
	v.link(word, plain, t)
	v.fresh = append(v.fresh, form{plain, t})
	if len(v.fresh) > max(2000, len(v.forms)/8) {
		v.sortIn()
	}
	return t
}

// link relates a word to those that differ from it by accents only.
func (v *vocabulary) link(word, plain string, t term) {
	for _, other := range v.folded[plain] {
		v.relate(t, other)
	}
	if plain == word {
		return
	}
	if other, ok := v.words[plain]; ok {
		v.relate(t, other)
	}
	if !slices.Contains(v.folded[plain], t) {
		v.folded[plain] = append(v.folded[plain], t)
	}
}

// relate says that two terms can be one word.
func (v *vocabulary) relate(a, b term) {
	if a == b || a == 0 || b == 0 {
		return
	}
	if !slices.Contains(v.kin[a], b) {
		v.kin[a] = append(v.kin[a], b)
		v.kin[b] = append(v.kin[b], a)
	}
}

func (v *vocabulary) sortIn() {
	slices.SortFunc(v.fresh, compareForms)
	merged := make([]form, 0, len(v.forms)+len(v.fresh))
	i, j := 0, 0
	for i < len(v.forms) || j < len(v.fresh) {
		if j == len(v.fresh) || i < len(v.forms) && compareForms(v.forms[i], v.fresh[j]) <= 0 {
			merged = append(merged, v.forms[i])
			i++
		} else {
			merged = append(merged, v.fresh[j])
			j++
		}
	}
	v.forms, v.fresh = merged, nil
}

func compareForms(a, b form) int {
	return cmp.Or(strings.Compare(a.word, b.word), cmp.Compare(a.term, b.term))
}

// find are the terms that a word of a query stands for; none if no text has it.
func (v *vocabulary) find(word string) []term {
	var out []term
	add := func(t term) {
		if t != 0 && !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	add(v.words[word])
	add(v.stems[french.Stem(word)])
	plain := french.Fold(word)
	add(v.words[plain])
	for _, t := range v.folded[plain] {
		add(t)
	}
	for _, t := range slices.Clone(out) {
		for _, k := range v.kin[t] {
			add(k)
		}
	}
	return out
}

// maxPrefix is how many terms a beginning of a word may stand for.
const maxPrefix = 400

// begin are the terms of words that begin so; the most used ones, if there are too many.
func (v *vocabulary) begin(prefix string, size func(term) int) []term {
	plain := french.Fold(prefix)
	seen := map[term]bool{}
	at := sort.Search(len(v.forms), func(i int) bool { return v.forms[i].word >= plain })
	for ; at < len(v.forms) && strings.HasPrefix(v.forms[at].word, plain); at++ {
		seen[v.forms[at].term] = true
	}
	for _, f := range v.fresh {
		if strings.HasPrefix(f.word, plain) {
			seen[f.term] = true
		}
	}
	out := make([]term, 0, len(seen))
	for t := range seen {
		out = append(out, t)
	}
	slices.SortFunc(out, func(a, b term) int { return cmp.Or(cmp.Compare(size(b), size(a)), cmp.Compare(a, b)) })
	return out[:min(len(out), maxPrefix)]
}
