package contract

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"maillon/catalog/pivot"
)

// Disputed reports whether sources contradict each other on a contract: two records
// that are each the latest word of somebody differ. What a node published before it
// published again is no contradiction, but two records that stand in one of its
// deposits are, unless one tells of more modifications. What was withdrawn says
// nothing.
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

// newer reports whether a is an update of b: with more modifications, or in another
// deposit and published later.
func newer(a, b Source) bool {
	x, y := published(a), published(b)
	return x >= y && len(a.Contract.Modifications) > len(b.Contract.Modifications) || x > y && a.Deposit != b.Deposit
}

// Collides reports whether the contracts that stand under one id do not belong
// together as lots do: one of them was never published side by side with another, or
// two nodes do not publish the same of them. Of each contract it is given where it
// was published.
func Collides(published [][]Deposited) bool {
	holds, sets := map[Deposited]int{}, map[string]map[int]bool{}
	for i, list := range published {
		for _, d := range list {
			holds[d]++
			if sets[d.Node] == nil {
				sets[d.Node] = map[int]bool{}
			}
			sets[d.Node][i] = true
		}
	}
	if len(published) < 2 {
		return false
	}
	for _, set := range sets {
		if len(sets) > 1 && len(set) < len(published) {
			return true
		}
	}
	return slices.ContainsFunc(published, func(list []Deposited) bool {
		return !slices.ContainsFunc(list, func(d Deposited) bool { return holds[d] > 1 })
	})
}

// Deposited is a deposit of a node.
type Deposited struct{ Node, Deposit string }

// Deposits lists where a contract was published, in order.
func (c Contract) Deposits() []Deposited {
	var out []Deposited
	for _, v := range c.Versions {
		for _, s := range append([]Source{v.Source}, v.Also...) {
			out = append(out, Deposited{s.Ref.Node, s.Deposit})
		}
	}
	slices.SortFunc(out, func(a, b Deposited) int {
		return cmp.Or(strings.Compare(a.Node, b.Node), strings.Compare(a.Deposit, b.Deposit))
	})
	return slices.Compact(out)
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
