package view

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"maillon/catalog/contract"
	"maillon/catalog/entry"
	"maillon/catalog/pivot"
	"maillon/store"
)

// A SuccessionRow is what one node says of a body that goes on as another.
type SuccessionRow struct {
	Speaker    string           `json:"speaker"`
	Succession entry.Succession `json:"succession"`
	At         time.Time        `json:"at"`
}

// succession keeps the newest word on a succession, and has everything that the
// two bodies published, and their families, consolidated again.
func (b *applying) succession(row SuccessionRow) error {
	key := statementKey(row.Speaker, entry.SuccessionKey(row.Succession.From, row.Succession.To))
	buyers := map[string]bool{}
	touch := func() error {
		auth, err := readAuthorities(b.tx, b.v.self)
		if err != nil {
			return err
		}
		for _, one := range []string{row.Succession.From, row.Succession.To} {
			for _, buyer := range auth.lineage.Family(one) {
				buyers[buyer] = true
			}
		}
		return nil
	}
	if err := touch(); err != nil { // as it was
		return err
	}
	if err := putJSON(b.tx.Bucket(lineageBucket), key, row); err != nil {
		return err
	}
	b.auth = nil
	if err := touch(); err != nil { // as it is
		return err
	}
	for buyer := range buyers {
		b.groupsOf(buyer)
	}
	return nil
}

// believedAnew has everything consolidated again that any succession concerns: a
// hub is believed from now on, or no more.
func (b *applying) believedAnew() error {
	for _, raw := range b.tx.Bucket(lineageBucket).Ascend(nil) {
		var r SuccessionRow
		if err := json.Unmarshal(raw, &r); err != nil {
			return err
		}
		b.groupsOf(r.Succession.From)
		b.groupsOf(r.Succession.To)
	}
	return nil
}

// groupsOf marks every group of a buyer.
func (b *applying) groupsOf(buyer string) {
	prefix := buyer + "\x00"
	for k := range b.tx.Bucket(recordBucket).Ascend([]byte(prefix)) {
		if !strings.HasPrefix(string(k), prefix) {
			return
		}
		b.groups[groupOf(k)] = true
	}
}

// lineage reads what counts of all that is said: the word of this node and of
// believed hubs, and that of the body that goes.
func lineage(tx store.Tx, believed map[string]bool) (contract.Lineage, error) {
	rows, err := successions(tx, believed)
	if err != nil {
		return contract.Lineage{}, err
	}
	list := make([]entry.Succession, 0, len(rows))
	for _, r := range rows {
		list = append(list, r.Succession)
	}
	return contract.NewLineage(list), nil
}

// successions lists them by from and to: of several words on one, the newest.
func successions(tx store.Tx, believed map[string]bool) ([]SuccessionRow, error) {
	newest := map[string]SuccessionRow{}
	for _, raw := range tx.Bucket(lineageBucket).Ascend(nil) {
		var r SuccessionRow
		if err := json.Unmarshal(raw, &r); err != nil {
			return nil, err
		}
		const siren = 9
		own := len(r.Speaker) >= siren && r.Speaker[:siren] == r.Succession.From[:siren]
		key := entry.SuccessionKey(r.Succession.From, r.Succession.To)
		old, known := newest[key]
		if (believed[r.Speaker] || own) && (!known || r.At.After(old.At) || r.At.Equal(old.At) && r.Speaker < old.Speaker) {
			newest[key] = r
		}
	}
	out := make([]SuccessionRow, 0, len(newest))
	for _, r := range newest {
		out = append(out, r)
	}
	slices.SortFunc(out, func(a, b SuccessionRow) int {
		return strings.Compare(entry.SuccessionKey(a.Succession.From, a.Succession.To), entry.SuccessionKey(b.Succession.From, b.Succession.To))
	})
	return out, nil
}

// Successions lists the successions that count, those that were taken back too.
func (v *Views) Successions() ([]SuccessionRow, error) {
	var out []SuccessionRow
	err := v.db.View(func(tx store.Tx) error {
		rows, err := members(tx, v.self)
		if err != nil {
			return err
		}
		out, err = successions(tx, believedOf(rows, v.self))
		return err
	})
	return out, err
}

// Lineage tells which buyers go on as which.
func (v *Views) Lineage() (contract.Lineage, error) {
	var out contract.Lineage
	err := v.db.View(func(tx store.Tx) error {
		rows, err := members(tx, v.self)
		if err != nil {
			return err
		}
		out, err = lineage(tx, believedOf(rows, v.self))
		return err
	})
	return out, err
}

// familyGroup makes again the contracts of one group key under every buyer of a
// family, once for all of them.
func (b *applying) familyGroup(family []string, id string) error {
	first := family[0] + "\x00" + id
	if b.made == nil {
		b.made = map[string]bool{}
	}
	if b.made[first] {
		return nil
	}
	b.made[first] = true
	rows, keys := map[string][]keyed{}, map[string]keyed{}
	sources := map[string][]contract.Source{}
	names := map[string]string{}
	for _, buyer := range family {
		list, err := b.groupRows(buyer + "\x00" + id)
		if err != nil {
			return err
		}
		rows[buyer] = list
		for _, r := range list {
			keys[string(refKey(r.row.Ref))] = r
			if r.row.State != Redacted {
				sources[buyer] = append(sources[buyer], b.source(r.row))
			}
			if name := r.row.Contract.Buyer.Name; name > names[buyer] { // any, but always the same
				names[buyer] = name
			}
		}
		if err := b.clear(buyer + "\x00" + id); err != nil {
			return err
		}
	}
	fresh := map[string][]contractRow{}
	for _, share := range contract.ConsolidateFamily(b.auth.lineage, sources) {
		for _, c := range share.Contracts {
			fresh[share.Buyer] = append(fresh[share.Buyer], b.contractRowOf(c, keys, pivot.Buyer{ID: share.Buyer, Name: names[share.Buyer]}))
		}
	}
	for _, buyer := range slices.Backward(family) { // heirs first: a bare id of theirs is their own contract
		if len(rows[buyer]) == 0 {
			continue
		}
		if err := b.replace(buyer+"\x00"+id, append(fresh[buyer], b.redacted(rows[buyer], keys)...)); err != nil {
			return err
		}
	}
	return b.classify(slices.Concat(slices.Collect(maps.Values(rows))...), slices.Concat(slices.Collect(maps.Values(fresh))...))
}
