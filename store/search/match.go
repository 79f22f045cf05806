package search

import (
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"maillon/store/search/french"
)

// A clause is a word of a query, or several in quotes that must stand together.
type clause struct {
	words  []string
	phrase bool
	prefix bool   // the word may go on: it is being typed
	from   string // what stands between spaces, or quotes, of which it is a word
	place  int    // of that among all of these
}

// parseText reads the text of a query: words, of which those that say nothing are
// passed over, and phrases in quotes. The last word may go on, unless a space follows.
func parseText(text string) []clause {
	var out []clause
	text = strings.NewReplacer("«", `"`, "»", `"`, "“", `"`, "”", `"`).Replace(joinedDigits(text))
	parts := strings.Split(text, `"`)
	place := 0
	for i, part := range parts {
		if i%2 == 1 && i < len(parts)-1 {
			words := slices.Collect(french.Words(part))
			if slices.ContainsFunc(words, func(w string) bool { return !french.Stop(w) }) {
				out = append(out, clause{words: words, phrase: len(words) > 1, from: part, place: place})
			}
			place++
			continue
		}
		last, _ := utf8.DecodeLastRuneInString(part)
		open := i == len(parts)-1 && (unicode.IsLetter(last) || unicode.IsDigit(last))
		chunks := strings.Fields(part)
		for j, chunk := range chunks {
			words := slices.Collect(french.Words(chunk))
			for k, w := range words {
				typed := open && j == len(chunks)-1 && k == len(words)-1
				if !french.Stop(w) {
					out = append(out, clause{words: []string{w}, prefix: typed && utf8.RuneCountInString(w) > 1, from: chunk, place: place})
				}
			}
			place++
		}
	}
	return out[:min(len(out), maxClauses)]
}

// maxClauses bounds the words of a query.
const maxClauses = 20

// A clauseRows is where a clause matches.
type clauseRows struct {
	weight  float32 // the rarer the word, the more
	objects rowset  // in the object, as written or another form of the word
	begins  rowset  // a word of the object begins so; nil if none was asked for
	names   rowset  // in a name or the CPV; nil if in none
	numbers rowset  // of a clause without words: in the number of the contract
}

// match keeps the rows in which every clause of the text matches, words before phrases:
// they leave fewer objects to read. What can be the number of a contract is found as
// that too.
func (s *selection) match(text string) {
	clauses := parseText(text)
	if len(clauses) > 1 && s.numbers(text, clauses) {
		return
	}
	slices.SortStableFunc(clauses, func(a, b clause) int { return len(a.words) - len(b.words) })
	seen := map[int]bool{}
	for _, cl := range clauses {
		if seen[cl.place] {
			continue
		}
		var of []clause
		for _, other := range clauses {
			if other.place == cl.place {
				of = append(of, other)
			}
		}
		seen[cl.place] = s.numbers(cl.from, of)
		if !seen[cl.place] {
			s.meet(s.words(cl))
		}
	}
}

// numbers keeps the rows of contracts that bear a number, and those in which the words
// of it match; it does nothing if there is no such number.
func (s *selection) numbers(number string, clauses []clause) bool {
	found := s.c.numbered(number)
	if found == nil {
		return false
	}
	all := slices.Clone(s.set)
	for _, cl := range clauses {
		all.and(s.words(cl))
	}
	s.terms = append(s.terms, clauseRows{numbers: found})
	all.orSet(found)
	s.meet(all)
	return true
}

// words are the rows in which a clause matches.
func (s *selection) words(cl clause) rowset {
	m := s.clause(cl)
	all := slices.Clone(m.objects)
	if m.begins != nil {
		all.orSet(m.begins)
	}
	if m.names != nil {
		all.orSet(m.names)
	}
	// Steps of a half keep the order of a list while contracts come in.
	m.weight = float32(math.Floor(2*math.Log2(float64(s.c.n+1)/float64(all.count()+1)))+2) / 2
	s.terms = append(s.terms, m)
	return all
}

func (s *selection) clause(cl clause) clauseRows {
	c := s.c
	m := clauseRows{objects: newRowset(c.n)}
	codes := coded{map[uint32]bool{}, map[uint32]bool{}, map[uint32]bool{}}
	if cl.phrase {
		s.phrase(cl.words, m.objects, codes)
	} else {
		terms := c.words.find(cl.words[0])
		for _, t := range terms {
			m.objects.or(c.text.rowsWith(t))
		}
		c.identified(cl.words[0], codes)
		if cl.prefix {
			more := c.words.begin(cl.words[0], func(t term) int { return c.text.rowsWith(t).size() })
			m.begins = newRowset(c.n)
			for _, t := range more {
				m.begins.or(c.text.rowsWith(t))
			}
			terms = append(terms, more...)
		}
		c.text.buyers.with(terms, codes.buyers)
		c.text.suppliers.with(terms, codes.suppliers)
		c.text.cpvs.with(terms, codes.cpvs)
	}
	m.names = s.rowsOf(codes)
	return m
}

// coded are codes of columns whose names match.
type coded struct{ buyers, suppliers, cpvs map[uint32]bool }

// identified adds the buyers and suppliers whose identifier is or begins with a word
// of digits, and the CPV codes.
func (c *core) identified(word string, to coded) {
	if strings.Trim(word, "0123456789") != "" || len(word) < 8 {
		return
	}
	begins := func(d *dict, codes map[uint32]bool) {
		if code, ok := d.codes[word]; ok {
			codes[code] = true
			return
		}
		for code, v := range d.values {
			if strings.HasPrefix(v, word) {
				codes[uint32(code)] = true
			}
		}
	}
	if len(word) == 8 {
		begins(c.cpvs, to.cpvs)
		return
	}
	begins(c.buyers, to.buyers)
	begins(c.suppliers, to.suppliers)
}

// rowsOf are the rows of codes; nil for none.
func (s *selection) rowsOf(codes coded) rowset {
	c := s.c
	if len(codes.buyers)+len(codes.suppliers)+len(codes.cpvs) == 0 {
		return nil
	}
	set := newRowset(c.n)
	for code := range codes.suppliers {
		set.or(&c.bySupply[code])
	}
	s.orCoded(set, codes.buyers, baseBuyer, c.byBuyer)
	s.orCoded(set, codes.cpvs, baseCPV, c.posts[baseCPV])
	return set
}

// manyCodes is from how many codes on a column is looked through, rather than the
// rows of each gathered.
const manyCodes = 200

func (s *selection) orCoded(set rowset, codes map[uint32]bool, b base, posts []posting) {
	if len(codes) < manyCodes {
		for code := range codes {
			if int(code) < len(posts) {
				set.or(&posts[code])
			}
		}
		return
	}
	wanted := make([]bool, s.c.sizeOf(b))
	for code := range codes {
		wanted[code] = true
	}
	t := s.c.cols[b].among(wanted)
	s.set.each(func(rows []uint32) bool {
		for _, r := range t.keep(rows) {
			set.add(r)
		}
		return true
	})
}

// phrase adds the objects and names in which the words stand together, in order.
func (s *selection) phrase(words []string, objects rowset, to coded) {
	c := s.c
	s.settle()                         // the fewer rows are left, the fewer objects are read
	want := make([][]term, len(words)) // nil: a word that says nothing
	var candidates rowset
	for i, w := range words {
		if french.Stop(w) {
			continue
		}
		want[i] = c.words.find(w)
		set := newRowset(c.n)
		for _, t := range want[i] {
			set.or(c.text.rowsWith(t))
		}
		if candidates == nil {
			candidates = slices.Clone(s.set)
		}
		candidates.and(set)
		if want[i] == nil {
			want[i] = []term{}
		}
	}
	holds := c.text.holding(want)
	candidates.each(func(rows []uint32) bool {
		for _, r := range rows {
			if holds(r) {
				objects.add(r)
			}
		}
		return true
	})
	for _, n := range []struct {
		names *names
		to    map[uint32]bool
	}{{&c.text.buyers, to.buyers}, {&c.text.suppliers, to.suppliers}, {&c.text.cpvs, to.cpvs}} {
		first := slices.IndexFunc(want, func(t []term) bool { return t != nil })
		found := map[uint32]bool{}
		n.names.with(want[first], found)
		for code := range found {
			if stands(n.names.tokens[code], want) {
				n.to[code] = true
			}
		}
	}
}

// stands reports whether a run of the tokens is what is wanted, word by word.
func stands(tokens []term, want [][]term) bool {
	for at := 0; at+len(want) <= len(tokens); at++ {
		ok := true
		for i, terms := range want {
			if ok = terms == nil && tokens[at+i] == 0 || slices.Contains(terms, tokens[at+i]); !ok {
				break
			}
		}
		if ok {
			return true
		}
	}
	return false
}

// The weights of a match, by where it is.
const (
	inObject = 1
	inBegin  = 0.6
	inName   = 0.5
	inNumber = 100 // more than words weigh together: who pastes a number wants its contract
)

// scores gives each row of a run its relevance: for each clause, the rarer the word and
// the shorter the object, the more.
func (s *selection) scores(rows []uint32, out []float32) {
	for i, r := range rows {
		length := float32(len(s.c.text.tokens.at(r)))
		short := 1.6 / (1 + length/40)
		sum := float32(0)
		for k := range s.terms {
			m := &s.terms[k]
			switch {
			case m.numbers != nil:
				if m.numbers.has(r) {
					sum += inNumber
				}
				continue
			case m.objects.has(r):
				sum += m.weight * inObject * (0.5 + short)
			case m.begins != nil && m.begins.has(r):
				sum += m.weight * inBegin * (0.5 + short)
			default:
				sum += m.weight * inName
			}
			if m.names != nil && m.names.has(r) {
				sum += m.weight * 0.2
			}
		}
		out[i] = sum
	}
}
