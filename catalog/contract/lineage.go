package contract

import (
	"cmp"
	"slices"
	"strings"

	"maillon/catalog/entry"
)

// A Lineage knows which buyers go on as which (communes that merge, a town hall
// that moves). The zero value knows of none. It is made by [NewLineage] and never
// changes.
type Lineage struct {
	after  map[string][]string // successors by SIRET, sorted
	before map[string][]string // predecessors by SIRET, sorted
	moved  map[[2]string]bool  // from, to: one body at another address
}

// NewLineage makes a lineage of what believed nodes say. Of two that contradict
// each other by going round in a circle the one that takes effect later is passed
// over. Their order does not matter.
func NewLineage(all []entry.Succession) Lineage {
	all = slices.Clone(all)
	slices.SortFunc(all, func(a, b entry.Succession) int {
		return cmp.Or(strings.Compare(a.On, b.On), strings.Compare(a.From, b.From), strings.Compare(a.To, b.To))
	})
	l := Lineage{after: map[string][]string{}, before: map[string][]string{}, moved: map[[2]string]bool{}}
	for _, s := range all {
		if s.Void || s.Check() != nil || slices.Contains(l.after[s.From], s.To) || slices.Contains(l.Ancestors(s.From), s.To) {
			continue
		}
		l.after[s.From] = append(l.after[s.From], s.To)
		l.before[s.To] = append(l.before[s.To], s.From)
		l.moved[[2]string{s.From, s.To}] = s.Why == entry.WhyMove
	}
	for _, m := range []map[string][]string{l.after, l.before} {
		for _, list := range m {
			slices.Sort(list)
		}
	}
	return l
}

// Successors lists who goes on for a buyer directly.
func (l Lineage) Successors(buyer string) []string { return l.after[buyer] }

// Predecessors lists for whom a buyer goes on directly.
func (l Lineage) Predecessors(buyer string) []string { return l.before[buyer] }

// Heirs lists everyone who may speak for a buyer: its successors and theirs.
func (l Lineage) Heirs(buyer string) []string { return closure(l.after, buyer) }

// Ancestors lists everyone for whom a buyer may speak.
func (l Lineage) Ancestors(buyer string) []string { return closure(l.before, buyer) }

// Family lists all that are connected with a buyer, itself too, predecessors
// before those that follow them.
func (l Lineage) Family(buyer string) []string {
	if len(l.after[buyer]) == 0 && len(l.before[buyer]) == 0 {
		return []string{buyer}
	}
	seen := map[string]bool{buyer: true}
	queue := []string{buyer}
	for len(queue) > 0 {
		b := queue[0]
		queue = queue[1:]
		for _, next := range slices.Concat(l.after[b], l.before[b]) {
			if !seen[next] {
				seen[next] = true
				queue = append(queue, next)
			}
		}
	}
	out := sortedKeys(seen)
	slices.SortStableFunc(out, func(a, b string) int { return cmp.Compare(len(l.Ancestors(a)), len(l.Ancestors(b))) })
	return out
}

func closure(next map[string][]string, from string) []string {
	seen := map[string]bool{}
	queue := next[from]
	for len(queue) > 0 {
		b := queue[0]
		queue = queue[1:]
		if !seen[b] {
			seen[b] = true
			queue = append(queue, next[b]...)
		}
	}
	return sortedKeys(seen)
}

// A Share is the contracts that stand under one buyer of a family.
type Share struct {
	Buyer     string // under whose address they stand
	Contracts []Contract
}

// ConsolidateFamily is [Consolidate] for the records of one group key under each
// buyer of a family. A body that moved is one body: its records come together as
// under one SIRET. A body that goes on for others may go on with their contracts:
// its records of one of these (same kind, same objet or same day and companies)
// join it, under the address that it has always had; its others stand alone, even
// under an id that a predecessor used too.
func ConsolidateFamily(l Lineage, byBuyer map[string][]Source) []Share {
	if len(byBuyer) == 0 {
		return nil
	}
	records := map[string][]Source{}
	for buyer, list := range byBuyer {
		records[l.home(buyer, byBuyer)] = append(records[l.home(buyer, byBuyer)], list...)
	}
	order := l.Family(sortedKeys(byBuyer)[0])
	for _, heir := range order {
		for _, goesOn := range []func(old, heir Contract) bool{sameObject, sameAward} {
			for _, from := range l.Ancestors(heir) {
				if len(records[heir]) > 0 && len(records[from]) > 0 {
					records[from], records[heir] = join(records[from], records[heir], goesOn)
				}
			}
		}
	}
	var out []Share
	for _, buyer := range order {
		if len(records[buyer]) > 0 {
			out = append(out, Share{buyer, Consolidate(records[buyer])})
		}
	}
	return out
}

// home is the first address of a body among those that have records, so that
// moves change no address.
func (l Lineage) home(buyer string, have map[string][]Source) string {
	best := buyer
	for at := buyer; ; {
		i := slices.IndexFunc(l.before[at], func(from string) bool { return l.moved[[2]string{from, at}] })
		if i < 0 {
			return best
		}
		at = l.before[at][i]
		if len(have[at]) > 0 {
			best = at
		}
	}
}

// join gives the contracts of an heir that go on with one of old to old.
func join(old, heir []Source, goesOn func(old, heir Contract) bool) (joined, rest []Source) {
	known := Consolidate(old)
	joined = slices.Clip(old)
	for _, c := range Consolidate(heir) {
		if slices.ContainsFunc(known, func(k Contract) bool { return goesOn(k, c) }) {
			joined = append(joined, c.sources()...)
		} else {
			rest = append(rest, c.sources()...)
		}
	}
	if len(joined) == len(old) {
		return joined, rest
	}
	// What did not come together with a record of the predecessor after all is the
	// heir's own.
	mine := map[entry.Ref]bool{}
	for _, s := range old {
		mine[s.Ref] = true
	}
	var kept []Source
	for _, c := range Consolidate(joined) {
		list := c.sources()
		if slices.ContainsFunc(list, func(s Source) bool { return mine[s.Ref] }) {
			kept = append(kept, list...)
		} else {
			rest = append(rest, list...)
		}
	}
	return kept, rest
}

// sameObject reports whether two contracts of one id have one objet.
func sameObject(old, heir Contract) bool {
	x, y := old.Versions[0].Source.Contract, heir.Versions[0].Source.Contract
	return sameID(old, heir) && x.Kind == y.Kind && fold8(x.Object) == fold8(y.Object)
}

// sameAward reports whether two contracts of one id were notified on one day to
// the same companies.
func sameAward(old, heir Contract) bool {
	x, y := old.Versions[0].Source.Contract, heir.Versions[0].Source.Contract
	return sameID(old, heir) && x.Kind == y.Kind && x.Notified != "" && x.Notified == y.Notified &&
		companies(x.Suppliers) != "" && companies(x.Suppliers) == companies(y.Suppliers)
}

func sameID(a, b Contract) bool {
	return slices.ContainsFunc(a.IDs, func(id string) bool { return slices.Contains(b.IDs, id) })
}

// sources lists every source of a contract.
func (c Contract) sources() []Source {
	var out []Source
	for _, v := range c.Versions {
		out = append(append(out, v.Source), v.Also...)
	}
	return out
}
