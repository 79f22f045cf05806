package view

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"maillon/catalog/contract"
	"maillon/catalog/entry"
	"maillon/store"
)

// A DecisionRow is a decision of an operator, as the journal of a hub states it.
type DecisionRow struct {
	Speaker  string         `json:"speaker"`
	Key      string         `json:"key"`
	Decision entry.Decision `json:"decision"`
	At       time.Time      `json:"at"`
}

// decision keeps the newest word on some data, and has the contracts that it is
// about made again.
func (b *applying) decision(row DecisionRow) error {
	if err := putJSON(b.tx.Bucket(decisionBucket), statementKey(row.Speaker, row.Key), row); err != nil {
		return err
	}
	index := b.tx.Bucket(decidedBucket)
	for _, s := range row.Decision.Sides {
		group := groupKey(s.Buyer, s.ID)
		if err := index.Put(decidedKey(group, row.Speaker, row.Key), nil); err != nil {
			return err
		}
		b.touch(group).all = true
	}
	return nil
}

func decidedKey(group, speaker, key string) []byte {
	return []byte(group + "\x00" + speaker + "\x00" + key)
}

// cutDecided is the reverse of decidedKey.
func cutDecided(k []byte) (group, speaker, key string) {
	rest, key, _ := cutLast(string(k), 0)
	group, speaker, _ = cutLast(rest, 0)
	return group, speaker, key
}

// decisionsOn lists what is said of contracts of a group, void or not.
func decisionsOn(tx store.Tx, group string) ([]DecisionRow, error) {
	var out []DecisionRow
	prefix := group + "\x00"
	for k := range tx.Bucket(decidedBucket).Ascend([]byte(prefix)) {
		if !strings.HasPrefix(string(k), prefix) {
			break
		}
		g, speaker, key := cutDecided(k)
		if g != group {
			continue
		}
		r, err := decisionAt(tx, speaker, key)
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}

func decisionAt(tx store.Tx, speaker, key string) (r DecisionRow, err error) {
	raw := tx.Bucket(decisionBucket).Get(statementKey(speaker, key))
	if raw == nil {
		return r, store.ErrNotFound
	}
	return r, json.Unmarshal(raw, &r)
}

// decidedAnew has all contracts that decisions are about made again: a hub is
// believed from now on, or no more.
func (b *applying) decidedAnew() {
	for k := range b.tx.Bucket(decidedBucket).Ascend(nil) {
		group, _, _ := cutDecided(k)
		b.touch(group).all = true
	}
}

// bonded finds what decisions tie to a group key of a family: the group keys that
// must be looked at together, and the decisions. There are none of either for
// almost every group.
func (b *applying) bonded(family []string, id string) (ids []string, rows []DecisionRow, err error) {
	if b.undecided == nil {
		none := true
		for range b.tx.Bucket(decidedBucket).Ascend(nil) {
			none = false
			break
		}
		b.undecided = &none
	}
	ids = []string{id}
	if *b.undecided {
		return ids, nil, nil
	}
	seen := map[string]bool{}
	for i := 0; i < len(ids); i++ {
		for _, buyer := range family {
			said, err := decisionsOn(b.tx, groupOfFamily(buyer, ids[i]))
			if err != nil {
				return nil, nil, err
			}
			for _, r := range said {
				if k := r.Speaker + r.Key; seen[k] || !b.auth.believed[r.Speaker] {
					continue
				} else {
					seen[k] = true
				}
				rows = append(rows, r)
				for _, s := range r.Decision.Sides {
					if g := contract.GroupKey(s.ID); slices.Contains(family, s.Buyer) && !slices.Contains(ids, g) {
						ids = append(ids, g)
					}
				}
			}
		}
	}
	return ids, rows, nil
}

// rulings are the decisions that count: this node's own before those of hubs below,
// of several the newest. A hub below is heard on records of nodes that it vouches for.
func (b *applying) rulings(rows []DecisionRow, sources []contract.Source) []contract.Ruling {
	from := map[string][]string{}
	for _, s := range sources {
		hash := s.Hash.String()
		from[hash] = append(from[hash], s.Ref.Node)
	}
	counts := map[string]DecisionRow{}
	for _, r := range rows {
		if !b.auth.mayDecide(r, from) {
			continue
		}
		if old, known := counts[r.Key]; !known || b.auth.rather(r, old) {
			counts[r.Key] = r
		}
	}
	var out []contract.Ruling
	for _, key := range slices.Sorted(maps.Keys(counts)) {
		r := counts[key]
		out = append(out, contract.Ruling{Decision: r.Decision, Key: key, At: r.At.Unix()})
	}
	return out
}

func (a *authorities) mayDecide(r DecisionRow, from map[string][]string) bool {
	if r.Speaker == a.self {
		return true
	}
	for _, s := range r.Decision.Sides {
		for _, hash := range s.Records {
			nodes := from[hash]
			if len(nodes) > 0 && !slices.ContainsFunc(nodes, func(n string) bool { return n == r.Speaker || a.vouches[r.Speaker][n] }) {
				return false
			}
		}
	}
	return true
}

// rather reports whether x counts rather than y.
func (a *authorities) rather(x, y DecisionRow) bool {
	switch {
	case (x.Speaker == a.self) != (y.Speaker == a.self):
		return x.Speaker == a.self
	case !x.At.Equal(y.At):
		return x.At.After(y.At)
	}
	return x.Speaker < y.Speaker
}

// decidedGroup makes again the contracts of all that decisions tie to a group key,
// and what decisions made of them before.
func (b *applying) decidedGroup(family, ids []string, said []DecisionRow) error {
	slices.Sort(ids)
	first := groupOfFamily(family[0], ids[0])
	if b.made == nil {
		b.made = map[string]bool{}
	}
	if b.made[first] {
		return nil
	}
	b.made[first] = true
	var placed []contract.Placed
	var sources []contract.Source
	var gathered []*record
	rows, names := map[string][]*record{}, map[string]string{}
	for _, id := range ids {
		f, err := b.familyRecords(family, id)
		if err != nil {
			return err
		}
		for buyer, list := range f.rows {
			rows[groupOfFamily(buyer, id)] = list
		}
		for buyer, list := range f.sources {
			sources, names[buyer] = append(sources, list...), max(names[buyer], f.names[buyer])
		}
		gathered = append(gathered, f.all...)
		for _, share := range contract.ConsolidateFamily(b.auth.lineage, f.sources) {
			for _, c := range share.Contracts {
				placed = append(placed, contract.Placed{Buyer: share.Buyer, Contract: c})
			}
		}
	}
	fresh := map[string][]groupContract{}
	for _, p := range contract.Decide(placed, b.rulings(said, sources)) {
		gc := b.groupContract(p.Contract, p.Buyer)
		gc.family, gc.name, gc.others = true, names[p.Buyer], othersOf(p.Contract, p.Buyer)
		if slices.ContainsFunc(p.IDs, func(id string) bool { return contract.GroupKey(id) != contract.GroupKey(p.IDs[0]) }) {
			gc.others = append(gc.others, contract.Escape(p.Buyer))
		}
		key := groupOfFamily(p.Buyer, contract.GroupKey(p.IDs[0]))
		fresh[key] = append(fresh[key], gc)
	}
	b.family = family
	var all []groupContract
	for _, id := range ids {
		for _, buyer := range slices.Backward(family) {
			key := groupOfFamily(buyer, id)
			if len(rows[key]) == 0 {
				continue
			}
			list := append(fresh[key], b.redacted(rows[key], fresh[key])...)
			if err := b.write(key, list, nil, rows[key]); err != nil {
				return err
			}
			all = append(all, list...)
		}
	}
	return b.release(gathered, all)
}

// A DecisionDetail is a decision with whether it holds.
type DecisionDetail struct {
	DecisionRow
	Holds bool // else it was taken back, or the data that it was about has changed
}

// decisionDetails lists what was decided of a contract, newest first. hashes are
// those of its records.
func decisionDetails(tx store.Tx, buyer string, c *groupContract, hashes map[string]bool) ([]DecisionDetail, error) {
	if !c.family {
		// Whatever a decision is about was made again with it.
		return nil, nil
	}
	var out []DecisionDetail
	seen := map[string]bool{}
	for _, b := range append([]string{buyer}, c.others...) {
		for _, id := range c.ids {
			rows, err := decisionsOn(tx, groupKey(unescape(b), id))
			if err != nil {
				return nil, err
			}
			for _, r := range rows {
				holds := slices.ContainsFunc(c.decisions, func(d contract.Ruled) bool { return d.Key == r.Key })
				if k := r.Speaker + r.Key; seen[k] || !holds && !r.touches(hashes) {
					continue
				} else {
					seen[k] = true
				}
				out = append(out, DecisionDetail{r, holds && !r.Decision.Void})
			}
		}
	}
	slices.SortFunc(out, func(a, b DecisionDetail) int {
		if c := b.At.Compare(a.At); c != 0 {
			return c
		}
		return strings.Compare(a.Speaker+a.Key, b.Speaker+b.Key)
	})
	return out, nil
}

// touches reports whether the decision names one of the records.
func (r DecisionRow) touches(hashes map[string]bool) bool {
	return slices.ContainsFunc(r.Decision.Sides, func(s entry.Side) bool {
		return slices.ContainsFunc(s.Records, func(h string) bool { return hashes[h] })
	})
}

// Decision is what this node itself decided under a key.
func (v *Views) Decision(key string) (r DecisionRow, err error) {
	err = v.db.View(func(tx store.Tx) (err error) { r, err = decisionAt(tx, v.self, key); return err })
	return r, err
}

// Side is the contract as a decision names it: by the records that are not withdrawn.
func (d Detail) Side() entry.Side {
	s := entry.Side{Buyer: d.Buyer, ID: d.IDs[0]}
	for _, v := range d.Versions {
		if !v.Withdrawn && v.Hash != "" {
			s.Records = append(s.Records, v.Hash)
		}
	}
	slices.Sort(s.Records)
	s.Records = slices.Compact(s.Records)
	return s
}
