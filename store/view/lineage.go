package view

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"maillon/catalog/contract"
	"maillon/catalog/entry"
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
	prefix := contract.Escape(buyer) + "/"
	for k := range b.tx.Bucket(groupBucket).Ascend([]byte(prefix)) {
		if !strings.HasPrefix(string(k), prefix) {
			return
		}
		b.touch(string(k)).all = true
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

// A familyRecords is the records of one group key under every buyer of a family.
type familyRecords struct {
	rows    map[string][]*record
	all     []*record
	sources map[string][]contract.Source
	names   map[string]string // of the buyers: any that they gave, but always the same
}

// familyGroup makes again the contracts of one group key under every buyer of a
// family, once for all of them.
func (b *applying) familyGroup(family []string, id string) error {
	first := groupOfFamily(family[0], id)
	if b.made == nil {
		b.made = map[string]bool{}
	}
	if b.made[first] {
		return nil
	}
	b.made[first] = true
	f, err := b.familyRecords(family, id)
	if err != nil {
		return err
	}
	fresh := map[string][]groupContract{}
	for _, share := range contract.ConsolidateFamily(b.auth.lineage, f.sources) {
		for _, c := range share.Contracts {
			gc := b.groupContract(c, share.Buyer)
			gc.family, gc.name, gc.others = true, f.names[share.Buyer], othersOf(c, share.Buyer)
			fresh[share.Buyer] = append(fresh[share.Buyer], gc)
		}
	}
	var all []groupContract
	b.family = family
	for _, buyer := range slices.Backward(family) { // heirs first: a bare id of theirs is their own contract
		rows := f.rows[buyer]
		if len(rows) == 0 {
			continue
		}
		list := append(fresh[buyer], b.redacted(rows, fresh[buyer])...)
		if err := b.write(groupOfFamily(buyer, id), list, nil, rows); err != nil {
			return err
		}
		all = append(all, list...)
	}
	return b.release(f.all, all)
}

func groupOfFamily(buyer, id string) string { return contract.Escape(buyer) + "/" + id }

// familyRecords gathers the records of a family, and takes its contracts out.
func (b *applying) familyRecords(family []string, id string) (familyRecords, error) {
	f := familyRecords{rows: map[string][]*record{}, sources: map[string][]contract.Source{}, names: map[string]string{}}
	for _, buyer := range family {
		key := groupOfFamily(buyer, id)
		old, err := getGroup(b.tx, key)
		if err != nil {
			return f, err
		}
		rows, err := b.groupRecords(key, old.records())
		if err != nil {
			return f, err
		}
		sources, err := b.sources(rows)
		if err != nil {
			return f, err
		}
		f.rows[buyer], f.all = rows, append(f.all, rows...)
		if len(sources) > 0 {
			f.sources[buyer] = sources
		}
		for _, s := range sources {
			f.names[buyer] = max(f.names[buyer], s.Contract.Buyer.Name)
		}
		if err := b.clear(contract.Escape(buyer), old.contracts); err != nil {
			return f, err
		}
	}
	return f, nil
}

// othersOf lists under whom, beside the buyer, versions of a contract were published.
func othersOf(c contract.Contract, buyer string) []string {
	var out []string
	for _, v := range c.Versions {
		if id := v.Source.Contract.Buyer.ID; id != buyer && !slices.Contains(out, contract.Escape(id)) {
			out = append(out, contract.Escape(id))
		}
	}
	return out
}

// alias has the ids of a contract lead to it from under those who published versions
// of it and stand not in its address. The first of a family to say so counts.
func (b *applying) alias(c *groupContract, address string) error {
	bucket := b.tx.Bucket(aliasBucket)
	for _, key := range c.aliases() {
		holder, _ := splitGroup(string(bucket.Get(key)))
		if holder != "" && slices.Contains(b.family, unescape(holder)) {
			continue
		}
		if err := bucket.Put(key, []byte(address)); err != nil {
			return err
		}
	}
	return nil
}

func (b *applying) unalias(c *groupContract, address string) error {
	bucket := b.tx.Bucket(aliasBucket)
	for _, key := range c.aliases() {
		if string(bucket.Get(key)) != address {
			continue
		}
		if err := bucket.Delete(key); err != nil {
			return err
		}
	}
	return nil
}

func (c *groupContract) aliases() [][]byte {
	var out [][]byte
	for _, buyer := range c.others {
		for _, id := range c.ids {
			out = append(out, []byte(buyer+"/"+contract.Escape(id)))
		}
	}
	return out
}
