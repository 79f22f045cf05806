// Package contract decides which records are the same contract, and which of
// them is shown.
//
// The buyer and the id as written do not identify a contract: one id can cover
// 47 lots, ids of 1.x change with each modification, some ids are reused. So
// all records that could concern each other ([GroupKey]) are looked at
// together, and [Consolidate] makes contracts of them. It is a pure function
// of the set of records: their order and their repetition change nothing.
//
// What distinguishes, in this order:
//
//   - Records with the same hash are one record from several sources.
//   - Within an id, records with the same objet are versions of one contract,
//     unless one deposit holds several of them published on one day with other
//     suppliers or amounts: then they stand side by side, as lots do.
//   - Two objets under one id that were notified on one day to the same
//     companies are two tellings of one contract, if nothing else stands under
//     the id and no deposit holds both as of one day.
//   - Ids of 1.x that differ only in their last two digits are one contract
//     only if those digits equal the number of modifications, or if the
//     modifications of one contain those of the other, and if the objet, or the
//     day of notification and the companies, are the same: lots are numbered
//     so too.
//
// All else is kept apart. Nothing is ever dropped: the versions that are not
// shown stay with the contract, with the reason and the differing fields.
package contract

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"maillon/catalog/entry"
	"maillon/catalog/pivot"
)

// Authority says in what capacity a node speaks of a buyer.
type Authority int

// The authorities, the least first.
const (
	None    Authority = iota // it has none: kept, flagged, never shown over the others
	Harvest                  // a hub that harvested a catalogue
	Charter                  // the hub admitted it to publish for this buyer
	Own                      // the buyer's own node
)

func (a Authority) String() string {
	return [...]string{"none", "harvest", "charter", "own"}[a]
}

// MarshalText writes the authority as String does.
func (a Authority) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// A Source is one record of a group as one node published it.
type Source struct {
	Ref       entry.Ref
	Deposit   string // deposit it came in; records of one deposit can stand side by side
	Hash      pivot.Hash
	At        time.Time // receipt
	Authority Authority
	State     pivot.State
	Withdrawn bool
	Contract  pivot.Contract
}

// Case says how a contract came out of its group.
type Case string

// The cases.
const (
	Alone    Case = "alone"    // one record
	Versions Case = "versions" // several records of one contract under one id
	Lots     Case = "lots"     // several contracts under one id
	Folded   Case = "folded"   // several ids for one contract
)

// A Contract is what the records of a group say together of one contract.
type Contract struct {
	Slug      string   // second part of its address: the id, percent-encoded, with ~8hex if the id has several contracts
	IDs       []string // ids under which it was published, sorted; but the address begins with the first
	Case      Case
	Versions  []Version // best first: the first is shown
	Withdrawn bool      // every record was withdrawn by its publisher
	Decisions []Ruled   // of operators that hold for it; see [Decide]
}

// A Version is one record of a contract.
type Version struct {
	Source  Source
	Also    []Source // the same record from other sources
	Reason  string   // why it is shown or not: key of the texts, after "reason."
	Differs []string // legal names of the fields that differ from the version shown
}

// Consolidate makes contracts of the records of one group, ordered by slug.
func Consolidate(sources []Source) []Contract {
	if len(sources) == 1 { // most groups: spare them the comparisons
		id := sources[0].Contract.ID
		return []Contract{{Slug: Escape(id), IDs: []string{id}, Case: Alone, Withdrawn: sources[0].Withdrawn,
			Versions: []Version{{Source: sources[0], Reason: "shown-only"}}}}
	}
	records := repeats(sources)
	byID := map[string][]record{}
	for _, r := range records {
		byID[r.best.Contract.ID] = append(byID[r.best.Contract.ID], r)
	}
	var clusters []cluster
	for _, id := range sortedKeys(byID) {
		clusters = append(clusters, split(id, byID[id])...)
	}
	clusters = fold(clusters)
	slugs := name(clusters)
	out := make([]Contract, 0, len(clusters))
	for i, c := range clusters {
		out = append(out, c.contract(slugs[i]))
	}
	slices.SortFunc(out, func(a, b Contract) int { return strings.Compare(a.Slug, b.Slug) })
	return out
}

// A record is one set of bytes, whoever published it.
type record struct {
	best  Source   // the source that speaks for it
	also  []Source // nil if no other does
	words string   // of its objet, folded for comparison
}

func (r record) sources() []Source { return append([]Source{r.best}, r.also...) }

// repeats brings the sources of the same bytes together.
func repeats(sources []Source) []record {
	type id struct {
		hash pivot.Hash
		kind pivot.Kind
	}
	same := map[id][]Source{}
	for _, s := range sources {
		k := id{s.Hash, s.Contract.Kind}
		same[k] = append(same[k], s)
	}
	out := make([]record, 0, len(same))
	for _, list := range same {
		slices.SortFunc(list, compareSources)
		list = slices.CompactFunc(list, func(a, b Source) bool { return a.Ref == b.Ref })
		r := record{best: list[0], words: fold8(list[0].Contract.Object)}
		if len(list) > 1 {
			r.also = list[1:]
		}
		out = append(out, r)
	}
	slices.SortFunc(out, func(a, b record) int { return slices.Compare(a.best.Hash[:], b.best.Hash[:]) })
	return out
}

// compareSources puts the source that best speaks for a record first: living
// before withdrawn, more authority, earlier receipt, then a fixed order.
func compareSources(a, b Source) int {
	return cmp.Or(
		boolCompare(a.Withdrawn, b.Withdrawn),
		cmp.Compare(b.Authority, a.Authority),
		a.At.Compare(b.At),
		strings.Compare(a.Ref.Node, b.Ref.Node),
		cmp.Compare(a.Ref.Epoch, b.Ref.Epoch),
		cmp.Compare(a.Ref.Index, b.Ref.Index),
	)
}

// boolCompare puts false before true.
func boolCompare(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
