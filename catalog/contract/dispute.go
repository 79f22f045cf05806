package contract

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"maillon/catalog/pivot"
)

// Disputed reports whether sources contradict each other on a contract: two records
// that are each the latest word of somebody differ. What a node published before it
// published again is no contradiction, and what was withdrawn says nothing.
func (c Contract) Disputed() bool {
	var latest []Source
	for _, v := range c.Versions {
		if v.Source.Withdrawn {
			continue
		}
		if len(latest) > 0 && len(Differs(latest[0].Contract, v.Source.Contract)) == 0 {
			continue
		}
		for _, s := range append([]Source{v.Source}, v.Also...) {
			if !s.Withdrawn && !c.updated(s) {
				latest = append(latest, v.Source)
				break
			}
		}
	}
	return len(latest) > 1
}

// updated reports whether the node that published s has published the contract
// again since.
func (c Contract) updated(s Source) bool {
	return slices.ContainsFunc(c.Versions, func(v Version) bool {
		return slices.ContainsFunc(append([]Source{v.Source}, v.Also...), func(o Source) bool {
			return !o.Withdrawn && o.Ref.Node == s.Ref.Node && o.Hash != s.Hash && newer(o, s)
		})
	})
}

// newer reports whether a is an update of b: published later, or as late with more
// modifications. Two that one node published as of one day are not.
func newer(a, b Source) bool {
	x, y := published(a), published(b)
	return x > y || x == y && len(a.Contract.Modifications) > len(b.Contract.Modifications)
}

// Collides reports whether, of the contracts that stand under one id, one does not
// belong there: nobody published it side by side with another, as lots are. Of each
// contract it is given the deposits that hold a record of it, sorted.
func Collides(deposits [][]string) bool {
	holds := map[string]int{}
	for _, list := range deposits {
		for _, d := range list {
			holds[d]++
		}
	}
	return len(deposits) > 1 && slices.ContainsFunc(deposits, func(list []string) bool {
		return !slices.ContainsFunc(list, func(d string) bool { return holds[d] > 1 })
	})
}

// Duplicates finds contracts of one buyer with different ids that may be one that
// was published several times, as when it was typed into two tools. Each set that it
// returns is a set of indices, in order. together reports whether one deposit holds
// both: who publishes two contracts side by side knows them apart, unless their ids
// are those of 1.x that only differ in the number of modifications.
func Duplicates(list []pivot.Contract, together func(i, j int) bool) [][]int {
	set := make([]int, len(list))
	for j := range list {
		set[j] = j
		for i := range j {
			if set[i] == set[j] || !suspected(list[i], list[j]) || !oneBase(list[i].ID, list[j].ID) && together(i, j) {
				continue
			}
			from, to := max(set[i], set[j]), min(set[i], set[j])
			for k := range j + 1 {
				if set[k] == from {
					set[k] = to
				}
			}
		}
	}
	bySet := make([][]int, len(list))
	for i, s := range set {
		bySet[s] = append(bySet[s], i)
	}
	return slices.DeleteFunc(bySet, func(s []int) bool { return len(s) < 2 })
}

// suspected reports whether two contracts of one buyer look like one: notified on
// one day to the same companies for the same amount (of 100 € at least: smaller ones
// are placeholders), under an objet in almost the same words and with the same
// numbers, for lots are numbered.
func suspected(a, b pivot.Contract) bool {
	const least = 100
	same := a.Kind == b.Kind && a.ID != b.ID && a.Notified != "" && a.Notified == b.Notified &&
		a.Amount != nil && b.Amount != nil && *a.Amount == *b.Amount && *a.Amount >= least &&
		companies(a.Suppliers) != "" && companies(a.Suppliers) == companies(b.Suppliers)
	return same && alike(a.Object, b.Object)
}

func oneBase(a, b string) bool {
	x, _, first := sequence(a)
	y, _, second := sequence(b)
	return first && second && x == y
}

// alike compares two objets: their numbers must be the same, and of their words all
// but one in five.
func alike(a, b string) bool {
	x, y := wordsOf(a), wordsOf(b)
	if len(x) == 0 || len(y) == 0 {
		return false
	}
	both, all := 0, len(y)
	for w := range x {
		if y[w] {
			both++
			continue
		}
		if numbered(w) {
			return false
		}
		all++
	}
	for w := range y {
		if !x[w] && numbered(w) {
			return false
		}
	}
	return both*5 >= all*4
}

// wordsOf are the words of a text without accents and case; short ones say nothing
// unless they count lots.
func wordsOf(s string) map[string]bool {
	plain := strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFKD.String(s))
	out := map[string]bool{}
	for _, w := range strings.FieldsFunc(plain, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		if len(w) > 2 || numbered(w) || len(w) == 1 {
			out[w] = true
		}
	}
	return out
}

// numbered reports whether a word can tell one lot from another: a number, or a
// single letter.
func numbered(w string) bool {
	return len(w) == 1 || strings.ContainsFunc(w, unicode.IsDigit) || strings.Trim(w, "ivx") == ""
}
