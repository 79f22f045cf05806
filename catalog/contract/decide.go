package contract

import (
	"cmp"
	"encoding/hex"
	"slices"
	"strings"

	"maillon/catalog/entry"
)

// A Ruling is an operator's decision that counts here. Of several on the same data
// only one does: whoever gathers them chooses.
type Ruling struct {
	entry.Decision
	Key string
	At  int64 // of the statement, Unix seconds
}

// A Ruled names a decision that holds for a contract.
type Ruled struct{ What, Key string }

// A Placed is a contract under the buyer in whose address it stands.
type Placed struct {
	Buyer string
	Contract
}

// Decide applies operators' decisions to contracts that could concern each other,
// which must have come out of [Consolidate] or [ConsolidateFamily]. A decision holds
// only where the contracts have exactly the records that it names, withdrawn ones
// left aside: when a record came or went since, the rules speak again.
//
// Newer decisions are applied before older ones, those that separate before those
// that join, until none applies any more; so their order does not matter. A
// contract keeps the address that was handed out first.
func Decide(list []Placed, rulings []Ruling) []Placed {
	d := deciding{list: slices.Clone(list)}
	rulings = slices.DeleteFunc(slices.Clone(rulings), func(r Ruling) bool { return r.Void || r.Check() != nil })
	slices.SortFunc(rulings, func(a, b Ruling) int { return cmp.Or(cmp.Compare(b.At, a.At), strings.Compare(a.Key, b.Key)) })
	rulings = slices.CompactFunc(rulings, func(a, b Ruling) bool { return a.Key == b.Key })
	for _, r := range rulings {
		if r.What == entry.DecideApart {
			d.separate(r)
		}
	}
	done := map[string]bool{}
	for again := true; again; {
		again = false
		for _, r := range rulings {
			if r.What == entry.DecideSame && !done[r.Key] && d.join(r) {
				done[r.Key], again = true, true
			}
		}
	}
	for _, r := range rulings {
		switch at, ok := d.match(r.Sides); {
		case !ok || r.What == entry.DecideSame:
		case r.What == entry.DecideShow:
			d.list[at[0]].Contract = d.list[at[0]].showing(r)
		default:
			for _, i := range at {
				d.rule(i, r)
			}
		}
	}
	slices.SortStableFunc(d.list, func(a, b Placed) int {
		return cmp.Or(strings.Compare(a.Buyer, b.Buyer), strings.Compare(a.Slug, b.Slug))
	})
	return d.list
}

type deciding struct{ list []Placed }

// rule notes that a decision holds.
func (d *deciding) rule(i int, r Ruling) {
	d.list[i].Decisions = append(slices.Clip(d.list[i].Decisions), Ruled{r.What, r.Key})
}

// match finds the contracts that have exactly the records of the sides, one each.
func (d *deciding) match(sides []entry.Side) ([]int, bool) {
	var out []int
	for _, s := range sides {
		i := slices.IndexFunc(d.list, func(p Placed) bool { return slices.Equal(p.Living(), s.Records) })
		if i < 0 || slices.Contains(out, i) {
			return nil, false
		}
		out = append(out, i)
	}
	return out, true
}

// Living lists the hashes of the records that are not withdrawn, in hexadecimal,
// sorted: what a decision on the contract names.
func (c Contract) Living() []string {
	var out []string
	for _, v := range c.Versions {
		if !v.Source.Withdrawn {
			out = append(out, hex.EncodeToString(v.Source.Hash[:]))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// separate splits a contract that has exactly the records of all sides.
func (d *deciding) separate(r Ruling) {
	side := map[string]int{}
	for i, s := range r.Sides {
		for _, hash := range s.Records {
			side[hash] = i
		}
	}
	all := sortedKeys(side)
	at := slices.IndexFunc(d.list, func(p Placed) bool { return slices.Equal(p.Living(), all) })
	if at < 0 {
		return
	}
	whole := d.list[at]
	parts := make([][]record, len(r.Sides))
	for _, v := range whole.Versions {
		// What was withdrawn stays with the first part.
		i := side[hex.EncodeToString(v.Source.Hash[:])]
		parts[i] = append(parts[i], v.record())
	}
	taken := map[string]bool{}
	for _, p := range d.list {
		taken[p.Buyer+"/"+p.Slug] = true
	}
	slices.SortFunc(parts, func(a, b []record) int { return compareReceipt(first(a), first(b)) })
	var out []Placed
	for i, records := range parts {
		slug := whole.Slug
		if i > 0 {
			slug = freeSlug(whole.Buyer, first(records), taken)
		}
		taken[whole.Buyer+"/"+slug] = true
		c := cluster{ids: idsOf(records), records: records, lots: true}
		if i == 0 { // its address begins with this id
			c.ids = append([]string{whole.IDs[0]}, slices.DeleteFunc(c.ids, func(id string) bool { return id == whole.IDs[0] })...)
		}
		out = append(out, Placed{whole.Buyer, c.contract(slug)})
	}
	d.list = slices.Replace(d.list, at, at+1, out...)
}

// freeSlug is an address within a buyer's that no other contract has.
func freeSlug(buyer string, s Source, taken map[string]bool) string {
	hash := s.Hash.String()
	for n := shortHash; ; n += shortHash {
		slug := Escape(s.Contract.ID) + "~" + hash[:min(n, len(hash))]
		if n > len(hash) || !taken[buyer+"/"+slug] {
			return slug
		}
	}
}

func idsOf(records []record) []string {
	ids := map[string]bool{}
	for _, r := range records {
		ids[r.best.Contract.ID] = true
	}
	return sortedKeys(ids)
}

// join makes one contract of those that a decision says are one.
func (d *deciding) join(r Ruling) bool {
	at, ok := d.match(r.Sides)
	if !ok {
		return false
	}
	slices.SortFunc(at, func(i, j int) int {
		return cmp.Or(compareReceipt(d.list[i].first(), d.list[j].first()), cmp.Compare(i, j))
	})
	into := d.list[at[0]]
	c := cluster{ids: slices.Clone(into.IDs)}
	for _, i := range at {
		for _, v := range d.list[i].Versions {
			c.records = append(c.records, v.record())
		}
		for _, id := range d.list[i].IDs {
			if !slices.Contains(c.ids, id) {
				c.ids = append(c.ids, id)
			}
		}
	}
	slices.Sort(c.ids[1:]) // its address begins with the first
	c.lots = into.Case == Lots
	joined := c.contract(into.Slug)
	joined.Decisions = append(slices.Clip(into.Decisions), Ruled{r.What, r.Key})
	d.list[at[0]].Contract = joined
	gone := slices.Sorted(slices.Values(at[1:]))
	for _, i := range slices.Backward(gone) {
		d.list = slices.Delete(d.list, i, i+1)
	}
	return true
}

func (c Contract) first() Source {
	var records []record
	for _, v := range c.Versions {
		records = append(records, v.record())
	}
	return first(records)
}

func (v Version) record() record {
	return record{best: v.Source, also: v.Also, words: fold8(v.Source.Contract.Object)}
}

// showing is the contract with the record that was chosen before the others.
func (c Contract) showing(r Ruling) Contract {
	i := slices.IndexFunc(c.Versions, func(v Version) bool { return !v.Source.Withdrawn && v.Source.Hash.String() == r.Shown })
	if i < 0 {
		return c
	}
	chosen := c.Versions[i]
	rest := slices.Delete(slices.Clone(c.Versions), i, i+1)
	chosen.Reason, chosen.Differs = "shown-decision", nil
	for k := range rest {
		rest[k].Reason, rest[k].Differs = "lost-decision", Differs(chosen.Source.Contract, rest[k].Source.Contract)
	}
	c.Versions = append([]Version{chosen}, rest...)
	c.Withdrawn = false
	c.Decisions = append(slices.Clip(c.Decisions), Ruled{r.What, r.Key})
	return c
}
