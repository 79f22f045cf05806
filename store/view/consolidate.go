package view

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strings"

	"maillon/catalog/contract"
	"maillon/catalog/entry"
)

// consolidate makes again the contracts of every group that was touched.
func (b *applying) consolidate() error {
	for _, g := range slices.Sorted(maps.Keys(b.groups)) {
		if err := b.group(g); err != nil {
			return fmt.Errorf("group %q: %w", g, err)
		}
	}
	return nil
}

func (b *applying) group(key string) error {
	if b.auth == nil {
		var err error
		if b.auth, err = readAuthorities(b.tx, b.v.self); err != nil {
			return err
		}
	}
	buyer, id := splitGroup(key)
	family := b.auth.lineage.Family(unescape(buyer))
	switch ids, said, err := b.bonded(family, id); {
	case err != nil:
		return err
	case len(said) > 0:
		return b.decidedGroup(family, ids, said)
	case len(family) > 1:
		return b.familyGroup(family, id)
	}
	old, err := getGroup(b.tx, key)
	if err != nil {
		return err
	}
	same, redo := old.untouched(b.groups[key])
	refs := refsOfContracts(redo)
	if len(same) == 0 {
		refs = old.records()
	}
	rows, err := b.groupRecords(key, refs)
	if err != nil {
		return err
	}
	fresh, err := b.contracts(unescape(buyer), rows)
	if err != nil {
		return err
	}
	if err := b.clear(buyer, redo); err != nil {
		return err
	}
	if err := b.write(key, fresh, same, rows); err != nil {
		return err
	}
	return b.release(rows, fresh)
}

// untouched tells the contracts of a group that stay as they are from those that
// are to be made again: if no record there is or comes can be of one contract with
// those under other ids, only the ids that were touched.
func (g *groupRow) untouched(t *touched) (same, redo []groupContract) {
	mixes := slices.ContainsFunc(t.fresh, func(r *record) bool { return r.told != nil && r.told.mixes }) ||
		slices.ContainsFunc(g.contracts, func(c groupContract) bool { return c.mixes() || c.family })
	if t.all || g.own != nil || mixes {
		return nil, g.contracts
	}
	for _, c := range g.contracts {
		if slices.ContainsFunc(c.ids, func(id string) bool { return t.ids[id] }) {
			redo = append(redo, c)
		} else {
			same = append(same, c)
		}
	}
	return same, redo
}

// release counts the records of consolidated contracts, writes those that were
// there before and have changed, and lets go of what only consolidation needs:
// a statement can touch every record there is.
func (b *applying) release(rows []*record, contracts []groupContract) error {
	if err := b.classify(rows, contracts); err != nil {
		return err
	}
	for _, r := range rows {
		r.told = nil
		if r.fresh {
			continue // saveRecords
		}
		delete(b.records, r.ref)
		if r.changed {
			if err := b.tx.Bucket(recordBucket).Put(refKey(r.ref), r.value()); err != nil {
				return err
			}
		}
	}
	return nil
}

// groupRecords gathers records of a group: those of the store, and all that are new.
func (b *applying) groupRecords(key string, refs []entry.Ref) ([]*record, error) {
	var rows []*record
	for _, ref := range refs {
		r, err := b.record(ref)
		if err != nil {
			return nil, err
		}
		rows = append(rows, r)
	}
	if t := b.groups[key]; t != nil {
		rows = append(rows, t.fresh...)
	}
	return rows, nil
}

// clear takes contracts of a buyer out.
func (b *applying) clear(buyer string, old []groupContract) error {
	for i := range old {
		if err := b.remove(buyer, &old[i]); err != nil {
			return err
		}
	}
	return nil
}

// write puts fresh contracts in their place and keeps them as a group, with those
// that stay the same. rows are the records behind the fresh ones.
func (b *applying) write(key string, fresh, same []groupContract, rows []*record) error {
	buyer, id := splitGroup(key)
	for i := range fresh {
		if err := b.add(buyer, &fresh[i]); err != nil {
			return err
		}
	}
	if err := b.collide(buyer, fresh); err != nil {
		return err
	}
	g := groupRow{contracts: slices.Concat(same, fresh)}
	slices.SortStableFunc(g.contracts, compareContracts)
	own := refsOfContracts(same)
	for _, r := range rows {
		own = append(own, r.ref)
	}
	if slices.SortFunc(own, compareRefs); !slices.Equal(own, refsOfContracts(g.contracts)) {
		g.own = own
	}
	return b.tx.Bucket(groupBucket).Put([]byte(key), g.value(id))
}

// compareContracts puts redacted contracts behind the others, else sorts by slug.
func compareContracts(a, b groupContract) int {
	if x, y := a.state == Redacted, b.state == Redacted; x != y {
		return int(bit(x, 1)) - int(bit(y, 1))
	}
	return strings.Compare(a.slug(), b.slug())
}

// contracts consolidates the records of a group. What was redacted is a
// contract of its own as long as nothing else stands under its id.
func (b *applying) contracts(buyer string, rows []*record) ([]groupContract, error) {
	parts, err := b.apart(rows)
	if err != nil {
		return nil, err
	}
	var out []groupContract
	for _, part := range parts {
		for _, c := range contract.Consolidate(part) {
			out = append(out, b.groupContract(c, buyer))
		}
	}
	return append(out, b.redacted(rows, out)...), nil
}

// apart makes sources of records, and splits them by id where those of several ids
// cannot be of one contract: that spares most groups all comparisons.
func (b *applying) apart(rows []*record) ([][]contract.Source, error) {
	rows = slices.SortedStableFunc(slices.Values(rows), func(x, y *record) int { return strings.Compare(x.id, y.id) })
	sources, err := b.sources(rows)
	if err != nil || len(sources) < 2 || slices.ContainsFunc(rows, func(r *record) bool { return r.told != nil && r.told.mixes }) {
		return [][]contract.Source{sources}, err
	}
	var out [][]contract.Source
	from := 0
	for i := range sources {
		if i+1 == len(sources) || sources[i+1].Contract.ID != sources[i].Contract.ID {
			out = append(out, sources[from:i+1])
			from = i + 1
		}
	}
	return out, nil
}

// sources are the records that are not redacted, as sources of contracts.
func (b *applying) sources(rows []*record) ([]contract.Source, error) {
	out := make([]contract.Source, 0, len(rows))
	for _, r := range rows {
		if r.state == Redacted {
			continue
		}
		t, err := r.read()
		if err != nil {
			return nil, fmt.Errorf("record %d of %s: %w", r.ref.Index, r.ref.Node, err)
		}
		out = append(out, contract.Source{
			Ref: r.ref, Deposit: t.deposit, Hash: r.hash, At: r.at, State: r.state, Withdrawn: r.withdrawn, Contract: t.contract,
			Authority: b.auth.of(r.ref.Node, r.buyer),
		})
	}
	return out, nil
}

// redacted are the contracts of which nothing is left: one for all that was
// redacted under an id, if no living record or contract of the group has it.
func (b *applying) redacted(rows []*record, fresh []groupContract) (out []groupContract) {
	taken := map[string]bool{}
	for _, c := range fresh {
		for _, id := range c.ids {
			taken[id] = true
		}
	}
	for _, r := range rows {
		if r.state != Redacted {
			taken[r.id] = true
		}
	}
	for _, r := range rows {
		if r.state != Redacted || taken[r.id] {
			continue
		}
		taken[r.id] = true
		c := contract.Contract{Slug: contract.Escape(r.id), IDs: []string{r.id}, Case: contract.Alone, Versions: []contract.Version{{
			Source: contract.Source{Ref: r.ref, At: r.at, State: r.state, Withdrawn: r.withdrawn, Authority: b.auth.of(r.ref.Node, r.buyer)},
			Reason: "redacted",
		}}}
		out = append(out, b.groupContract(c, r.buyer))
	}
	return out
}

// groupContract is the row of a contract that stands under a buyer's address.
func (b *applying) groupContract(c contract.Contract, buyer string) groupContract {
	shown := c.Versions[0].Source
	record := b.records[shown.Ref]
	out := groupContract{kind: record.kind, state: record.state, how: c.Case, ids: c.IDs, suffix: c.Slug[len(contract.Escape(c.IDs[0])):]}
	out.year, out.day = shown.Contract.Year(), dayOf(shown.Contract.Notified)
	if c.Withdrawn && record.state != Redacted {
		out.state = Withdrawn
	}
	var sum []byte
	for _, v := range c.Versions {
		gv := groupVersion{authority: v.Source.Authority, reason: v.Reason, differs: v.Differs}
		if r := b.records[v.Source.Ref]; r.hashed {
			gv.hashed, gv.short = true, binary.BigEndian.Uint32(r.hash[:])
		}
		for _, s := range append([]contract.Source{v.Source}, v.Also...) {
			t := b.records[s.Ref].told
			gv.mixes = gv.mixes || t != nil && t.mixes
		}
		for _, s := range append([]contract.Source{v.Source}, v.Also...) {
			gv.refs = append(gv.refs, s.Ref)
			out.newest = max(out.newest, s.At.Unix())
			sum = appendRefs(sum, []entry.Ref{s.Ref})
			sum = append(append(sum, bit(s.Withdrawn, 1)), s.State...)
		}
		sum = append(append(sum, v.Source.Hash[:]...), byte(v.Source.Authority))
		sum = append(sum, v.Reason...)
		out.versions = append(out.versions, gv)
	}
	out.conflict, out.decisions, out.deposits = len(c.Versions) > 1 && c.Disputed(), c.Decisions, c.Deposits()
	for _, d := range c.Decisions {
		sum = append(append(sum, d.What...), d.Key...)
	}
	sum = append(append(append(sum, out.address(contract.Escape(buyer))...), 0), out.state...)
	h := fnv.New64a()
	_, _ = h.Write(sum)
	out.content = h.Sum64()
	return out
}

func (b *applying) add(buyer string, c *groupContract) error {
	address := c.address(buyer)
	shown := b.records[c.versions[0].refs[0]]
	t, err := shown.read()
	if err != nil {
		return err
	}
	b.list[string(listKey(c.day, address))] = listValue(c, t.facts)
	if c.conflict {
		if err := b.tx.Bucket(conflictBucket).Put(conflictKey(Sources, address), conflictValue(c.settled(entry.DecideShow), nil)); err != nil {
			return err
		}
	}
	if err := b.alias(c, address); err != nil {
		return err
	}
	if err := b.note(buyer, address, c, shown); err != nil {
		return err
	}
	b.totals.count(c, +1)
	name := t.contract.Buyer.Name
	if c.family {
		name = c.name
	}
	return b.part(unescape(buyer), name, c, +1)
}

// remove takes a contract out.
func (b *applying) remove(buyer string, c *groupContract) error {
	address := c.address(buyer)
	b.list[string(listKey(c.day, address))] = nil
	if c.conflict {
		if err := b.tx.Bucket(conflictBucket).Delete(conflictKey(Sources, address)); err != nil {
			return err
		}
	}
	if err := b.uncollide(buyer, c); err != nil {
		return err
	}
	if err := b.unalias(c, address); err != nil {
		return err
	}
	b.noteGone(buyer, address, c)
	b.totals.count(c, -1)
	return b.part(unescape(buyer), "", c, -1)
}
