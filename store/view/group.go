package view

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"maillon/catalog/contract"
	"maillon/catalog/entry"
	"maillon/catalog/pivot"
	"maillon/store"
)

// A groupRow is what became of the records of one group: their contracts, and all
// that is needed to find these and to take them out again.
type groupRow struct {
	contracts []groupContract // by slug, redacted ones last
	own       []entry.Ref     // its records, in order, if they are not just those of its contracts
}

// A groupContract is a contract with its versions as references to records.
type groupContract struct {
	kind     pivot.Kind
	state    pivot.State // of the version shown; withdrawn or redacted count here too
	how      contract.Case
	conflict bool // its sources contradict each other
	year     string
	day      uint32 // see dayOf
	content  uint64 // changes with anything that readers see
	newest   int64  // receipt of its newest record, Unix seconds
	ids      []string
	suffix   string   // of its slug, after the first id
	family   bool     // it stands under the address of one of a family
	name     string   // of that one
	others   []string // of that family, escaped, who published versions of it too
	versions []groupVersion

	decisions []contract.Ruled     // that hold for it
	deposits  []contract.Deposited // that hold a record of it; not kept
}

// A groupVersion is one record of a contract.
type groupVersion struct {
	authority contract.Authority
	reason    string
	differs   []string
	mixes     bool // see told
	hashed    bool
	short     uint32 // the start of its hash
	refs      []entry.Ref
}

// slug is the second part of the contract's address.
func (c *groupContract) slug() string { return contract.Escape(c.ids[0]) + c.suffix }

func (c *groupContract) address(buyer string) string { return buyer + "/" + c.slug() }

// shown is the record that the contract shows.
func (c *groupContract) shown() entry.Ref { return c.versions[0].refs[0] }

// records counts versions and repeats, from all sources.
func (c *groupContract) records() (n int) {
	for _, v := range c.versions {
		n += len(v.refs)
	}
	return n
}

// mixes reports whether a record of the contract does, see told.
func (c *groupContract) mixes() bool {
	return slices.ContainsFunc(c.versions, func(v groupVersion) bool { return v.mixes })
}

// refsOfContracts lists the records of contracts, in order.
func refsOfContracts(list []groupContract) []entry.Ref {
	var out []entry.Ref
	for _, c := range list {
		for _, v := range c.versions {
			out = append(out, v.refs...)
		}
	}
	slices.SortFunc(out, compareRefs)
	return out
}

// records lists the records of the group.
func (g *groupRow) records() []entry.Ref {
	if g.own != nil {
		return g.own
	}
	return refsOfContracts(g.contracts)
}

// compareRefs orders refs as their keys are: a node id holds no zero byte.
func compareRefs(a, b entry.Ref) int {
	return cmp.Or(strings.Compare(a.Node, b.Node), cmp.Compare(a.Epoch, b.Epoch), cmp.Compare(a.Index, b.Index))
}

var (
	states  = []pivot.State{pivot.Conforming, pivot.ToCorrect, Withdrawn, Redacted}
	cases   = []contract.Case{contract.Alone, contract.Versions, contract.Lots, contract.Folded}
	reasons = []string{"", "redacted", "shown-only", "shown-living", "shown-authority", "shown-later", "shown-richer", "shown-hash",
		"lost-living", "lost-authority", "lost-later", "lost-richer", "lost-hash", "shown-decision", "lost-decision"}
)

// The flags of a group's contract: two bits of state, two of case, and these.
const (
	flagKind = 1 << (iota + 4)
	flagConflict
	flagIDs    // its ids are not just that of the group
	flagFamily // its name follows, and what decisions hold for it
)

// The flags of a version, beside its authority.
const (
	flagHash  = 0x80
	flagMixes = 0x40
)

// value is the row in its bucket. id is the part of its key after the buyer.
func (g *groupRow) value(id string) []byte {
	dst := binary.AppendUvarint(make([]byte, 0, 64), uint64(len(g.contracts)))
	for i := range g.contracts {
		dst = g.contracts[i].append(dst, id)
	}
	dst = binary.AppendUvarint(dst, uint64(len(g.own)))
	return appendRefs(dst, g.own)
}

func (c *groupContract) append(dst []byte, id string) []byte {
	ids := len(c.ids) != 1 || c.ids[0] != id
	flags := byte(slices.Index(states, c.state)) | byte(slices.Index(cases, c.how))<<2 |
		bit(c.kind == pivot.Concession, flagKind) | bit(c.conflict, flagConflict) | bit(ids, flagIDs) | bit(c.family, flagFamily)
	dst = appendName(append(dst, flags), c.year)
	dst = binary.BigEndian.AppendUint32(dst, c.day)
	dst = binary.BigEndian.AppendUint64(dst, c.content)
	dst = binary.AppendVarint(dst, c.newest)
	if ids {
		dst = appendTexts(dst, c.ids)
	}
	dst = appendText(dst, c.suffix)
	if c.family {
		dst = appendTexts(appendText(dst, c.name), c.others)
		dst = binary.AppendUvarint(dst, uint64(len(c.decisions)))
		for _, d := range c.decisions {
			dst = appendText(appendText(dst, d.What), d.Key)
		}
	}
	dst = binary.AppendUvarint(dst, uint64(len(c.versions)))
	for _, v := range c.versions {
		dst = v.append(dst)
	}
	return dst
}

func (v groupVersion) append(dst []byte) []byte {
	dst = append(dst, byte(v.authority)|bit(v.hashed, flagHash)|bit(v.mixes, flagMixes), byte(slices.Index(reasons, v.reason)))
	if v.hashed {
		dst = binary.BigEndian.AppendUint32(dst, v.short)
	}
	dst = appendTexts(dst, v.differs)
	dst = binary.AppendUvarint(dst, uint64(len(v.refs)))
	return appendRefs(dst, v.refs)
}

func appendRefs(dst []byte, list []entry.Ref) []byte {
	for _, r := range list {
		dst = binary.AppendUvarint(appendName(dst, r.Node), uint64(r.Epoch))
		dst = binary.AppendUvarint(dst, r.Index)
	}
	return dst
}

// groupOf reads a value.
func groupOf(id string, value []byte) (groupRow, error) {
	d := decoder{b: value}
	var g groupRow
	n := d.count()
	for range n {
		g.contracts = append(g.contracts, d.groupContract(id))
		if d.bad {
			break
		}
	}
	if n := d.count(); n > 0 {
		g.own = d.refs(n)
	}
	return g, d.end()
}

func (d *decoder) groupContract(id string) groupContract {
	flags := d.byte()
	c := groupContract{
		state: states[flags&3], how: cases[flags>>2&3], kind: pivot.Marche, conflict: flags&flagConflict != 0, family: flags&flagFamily != 0,
		year: d.name(), day: d.uint32(), content: d.uint64(), newest: d.varint(), ids: []string{id},
	}
	if flags&flagKind != 0 {
		c.kind = pivot.Concession
	}
	if flags&flagIDs != 0 {
		if c.ids = d.texts(); len(c.ids) == 0 {
			d.bad, d.b = true, nil
		}
	}
	c.suffix = d.text()
	if c.family {
		c.name, c.others = d.text(), d.texts()
		for range d.count() {
			c.decisions = append(c.decisions, contract.Ruled{What: d.text(), Key: d.text()})
		}
	}
	n := d.count()
	for range n {
		c.versions = append(c.versions, d.groupVersion())
		if d.bad {
			break
		}
	}
	if len(c.versions) == 0 {
		d.bad, d.b = true, nil
	}
	return c
}

func (d *decoder) groupVersion() groupVersion {
	who, why := d.byte(), int(d.byte())
	v := groupVersion{authority: contract.Authority(who &^ (flagHash | flagMixes)), hashed: who&flagHash != 0, mixes: who&flagMixes != 0}
	if v.authority > contract.Own || why >= len(reasons) {
		d.bad, d.b = true, nil
		return v
	}
	v.reason = reasons[why]
	if v.hashed {
		v.short = d.uint32()
	}
	v.differs = d.texts()
	if v.refs = d.refs(d.count()); len(v.refs) == 0 {
		d.bad, d.b = true, nil
	}
	return v
}

func (d *decoder) refs(n int) []entry.Ref {
	out := make([]entry.Ref, 0, min(n, len(d.b)/3+1)) // each has at least three bytes
	for range n {
		if d.bad {
			break
		}
		out = append(out, entry.Ref{Node: d.name(), Epoch: d.number(), Index: d.uvarint()})
	}
	return out
}

// getGroup reads the group with the key; an empty one if there is none.
func getGroup(tx store.Tx, key string) (groupRow, error) {
	raw := tx.Bucket(groupBucket).Get([]byte(key))
	if raw == nil {
		return groupRow{}, nil
	}
	_, id := splitGroup(key)
	g, err := groupOf(id, raw)
	if err != nil {
		return g, fmt.Errorf("group %q: %w", key, err)
	}
	return g, nil
}

// splitGroup splits the key of a group into the escaped buyer and the group key of
// its ids.
func splitGroup(key string) (buyer, id string) {
	buyer, id, _ = strings.Cut(key, "/")
	return buyer, id
}

// unescape is the buyer or id of a part of an address.
func unescape(part string) string {
	if plain, err := url.PathUnescape(part); err == nil {
		return plain
	}
	return part
}

// contractAt finds the contract at an address, and the escaped buyer in it. The group
// follows from the address: an escaped id holds no ~.
func contractAt(tx store.Tx, address string) (buyer string, c groupContract, err error) {
	buyer, slug, _ := strings.Cut(address, "/")
	id, _, _ := strings.Cut(slug, "~")
	g, err := getGroup(tx, groupKey(unescape(buyer), unescape(id)))
	if err != nil {
		return buyer, c, err
	}
	for _, c := range g.contracts {
		if c.slug() == slug {
			return buyer, c, nil
		}
	}
	return buyer, c, fmt.Errorf("contract %s: %w", address, store.ErrNotFound)
}
