package view

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"

	"maillon/catalog/contract"
	"maillon/catalog/entry"
	"maillon/catalog/pivot"
	"maillon/store"
)

// ConflictKind says what there is to settle.
type ConflictKind string

// The kinds of conflicts.
const (
	Sources    ConflictKind = "sources"    // sources of one contract contradict each other
	Collision  ConflictKind = "collision"  // one id was used for contracts that nobody published side by side
	Duplicates ConflictKind = "duplicates" // different ids, perhaps one contract
)

// ConflictKinds lists them in the order in which conflicts are listed.
var ConflictKinds = []ConflictKind{Collision, Duplicates, Sources}

// conflictKey is the first letter of the kind and: for sources the address; for a
// collision the escaped buyer, "/", and the escaped id; for duplicates the day as in
// keys of the list, and the first address.
func conflictKey(kind ConflictKind, rest string) []byte { return append([]byte{kind[0]}, rest...) }

// conflictValue is one byte, 1 if it was settled, and the addresses of the
// contracts unless the key is the address.
func conflictValue(settled bool, addresses []string) []byte {
	return appendTexts([]byte{bit(settled, 1)}, addresses)
}

// settled reports whether a decision of one of these kinds, or that all stays as it
// is, holds for the contract.
func (c *groupContract) settled(what ...string) bool {
	return slices.ContainsFunc(c.decisions, func(d contract.Ruled) bool {
		return d.What == entry.DecideSettled || slices.Contains(what, d.What)
	})
}

// oneDecision reports whether one decision that they are apart, or stay as they
// are, holds for all of the contracts.
func oneDecision(list []*groupContract) bool {
	return slices.ContainsFunc(list[0].decisions, func(d contract.Ruled) bool {
		about := d.What == entry.DecideApart || d.What == entry.DecideSettled
		return about && !slices.ContainsFunc(list, func(c *groupContract) bool { return !slices.Contains(c.decisions, d) })
	})
}

// collide notes which ids of the contracts, which are all that stand under their
// ids, cover what does not belong together.
func (b *applying) collide(buyer string, fresh []groupContract) error {
	if len(fresh) < 2 {
		return nil
	}
	byID := map[string][]*groupContract{}
	for i := range fresh {
		if c := &fresh[i]; c.state != Withdrawn && c.state != Redacted {
			for _, id := range c.ids {
				byID[id] = append(byID[id], c)
			}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(byID)) {
		list := byID[id]
		var deposits [][]contract.Deposited
		for _, c := range list {
			deposits = append(deposits, c.deposits)
		}
		if !contract.Collides(deposits) {
			continue
		}
		var addresses []string
		for _, c := range list {
			addresses = append(addresses, c.address(buyer))
		}
		key := conflictKey(Collision, buyer+"/"+contract.Escape(id))
		if err := b.tx.Bucket(conflictBucket).Put(key, conflictValue(oneDecision(list), addresses)); err != nil {
			return err
		}
	}
	return nil
}

func (b *applying) uncollide(buyer string, c *groupContract) error {
	for _, id := range c.ids {
		if err := b.tx.Bucket(conflictBucket).Delete(conflictKey(Collision, buyer+"/"+contract.Escape(id))); err != nil {
			return err
		}
	}
	return nil
}

// suspect looks again for duplicates among what buyers notified on the days on which
// their part of the list has changed.
func (b *applying) suspect() error {
	places := make([]string, 0, len(b.list)) // day and buyer, as keys of the list begin
	for key := range b.list {
		buyer, _, _ := strings.Cut(key[dayBytes:], "/")
		places = append(places, key[:dayBytes+len(buyer)])
	}
	slices.Sort(places)
	done := map[string]bool{}
	for _, p := range slices.Compact(places) {
		day, buyer := p[:dayBytes], p[dayBytes:]
		if day == unknownDay || done[p] {
			continue
		}
		family := []string{buyer}
		if b.auth != nil {
			if all := b.auth.lineage.Family(unescape(buyer)); len(all) > 1 {
				family = family[:0]
				for _, one := range all {
					family = append(family, contract.Escape(one))
					done[day+contract.Escape(one)] = true
				}
			}
		}
		if err := b.suspectOn(day, family); err != nil {
			return fmt.Errorf("duplicates of %s: %w", buyer, err)
		}
	}
	return nil
}

// unknownDay begins the keys of contracts that were notified nobody knows when.
var unknownDay = string(listKey(0, ""))

// maxSuspects bounds how many contracts, of one day and the same companies, are
// compared with each other.
const maxSuspects = 100

// suspectOn looks for duplicates among what a family of buyers notified on one day.
func (b *applying) suspectOn(day string, family []string) error {
	list, conflicts := b.tx.Bucket(listBucket), b.tx.Bucket(conflictBucket)
	same := map[string][]string{} // addresses by companies
	count := 0
	var stale [][]byte
	for _, buyer := range family {
		prefix := day + buyer + "/"
		for k, value := range list.Ascend([]byte(prefix)) {
			if !strings.HasPrefix(string(k), prefix) {
				break
			}
			who, ok := companiesIn(value)
			if ok && len(same[who]) < maxSuspects {
				same[who] = append(same[who], string(k[dayBytes:]))
			}
			count++
		}
		old := conflictKey(Duplicates, prefix)
		for k := range conflicts.Ascend(old) {
			if !bytes.HasPrefix(k, old) {
				break
			}
			stale = append(stale, bytes.Clone(k))
		}
	}
	for _, k := range stale {
		if err := conflicts.Delete(k); err != nil {
			return err
		}
	}
	if count < 2 {
		return nil
	}
	for _, who := range slices.Sorted(maps.Keys(same)) {
		if addresses := same[who]; len(addresses) > 1 {
			if err := b.suspectAmong(day, addresses); err != nil {
				return err
			}
		}
	}
	return nil
}

// companiesIn reads from a value of the list which companies the contract has now;
// ok is false if it has none, or is not published any more.
func companiesIn(value []byte) (string, bool) {
	d := decoder{b: value}
	state := states[d.byte()&3]
	d.rawName()
	for range 3 {
		d.raw(d.count())
	}
	var ids []string
	const siren = 9
	for !d.bad && len(d.b) > 0 {
		id := d.name()
		ids = append(ids, id[:min(siren, len(id))])
	}
	slices.Sort(ids)
	return strings.Join(slices.Compact(ids), " "), !d.bad && len(ids) > 0 && state != Withdrawn && state != Redacted
}

func (b *applying) suspectAmong(day string, addresses []string) error {
	contracts, said := make([]groupContract, len(addresses)), make([]pivot.Contract, len(addresses))
	for i, address := range addresses {
		_, c, err := contractAt(b.tx, address)
		if err != nil {
			return err
		}
		r, err := b.record(c.shown())
		if err != nil {
			return err
		}
		t, err := r.read()
		if err != nil {
			return err
		}
		contracts[i], said[i] = c, t.contract
	}
	var failed error
	deposits := func(c *groupContract) map[string]bool {
		out := map[string]bool{}
		for _, ref := range refsOfContracts([]groupContract{*c}) {
			r, err := b.record(ref)
			if err == nil {
				_, err = r.read()
			}
			if err != nil {
				failed = err
				return out
			}
			out[ref.Node+"\x00"+r.told.deposit] = true
		}
		return out
	}
	sets := contract.Duplicates(said, func(i, j int) bool {
		mine := deposits(&contracts[i])
		for k := range deposits(&contracts[j]) {
			if mine[k] {
				return true
			}
		}
		return false
	})
	if failed != nil {
		return failed
	}
	for _, set := range sets {
		var names []string
		var list []*groupContract
		for _, i := range set {
			names, list = append(names, addresses[i]), append(list, &contracts[i])
		}
		if err := b.tx.Bucket(conflictBucket).Put(conflictKey(Duplicates, day+names[0]), conflictValue(oneDecision(list), names)); err != nil {
			return err
		}
	}
	return nil
}

// A Conflict is something that an operator may settle.
type Conflict struct {
	Kind      ConflictKind
	Settled   bool
	Contracts []Detail // one if its sources contradict each other, else several
}

// A ConflictQuery filters conflicts. Empty fields do not filter.
type ConflictQuery struct {
	Kind  ConflictKind
	Buyer string
	State string // open or settled
	After string // cursor of the page before
	Limit int
}

// The states of conflicts.
const (
	StateOpen    = "open"
	StateSettled = "settled"
)

// A ConflictPage is a part of the conflicts that a query finds.
type ConflictPage struct {
	Total int // of all pages
	Items []Conflict
	Next  string // cursor of the next page; "" on the last
}

// maxSides bounds the contracts that one conflict tells of.
const maxSides = 64

// Conflicts lists what there is to settle, and what was settled.
func (v *Views) Conflicts(q ConflictQuery) (ConflictPage, error) {
	after, err := base64.RawURLEncoding.DecodeString(q.After)
	if err != nil {
		return ConflictPage{}, fmt.Errorf("%w: %q", ErrCursor, q.After)
	}
	var page ConflictPage
	err = v.db.View(func(tx store.Tx) error {
		last := []byte(nil)
		for k, value := range tx.Bucket(conflictBucket).Ascend(nil) {
			c, addresses, err := conflictOf(k, value)
			if err != nil {
				return err
			}
			if !q.match(c, addresses) {
				continue
			}
			page.Total++
			switch {
			case bytes.Compare(k, after) <= 0 || page.Next != "":
			case len(page.Items) == q.Limit:
				page.Next = base64.RawURLEncoding.EncodeToString(last)
			default:
				last = bytes.Clone(k)
				if c.Contracts, err = details(tx, addresses); err != nil {
					return err
				}
				page.Items = append(page.Items, c)
			}
		}
		return nil
	})
	return page, err
}

func (q ConflictQuery) match(c Conflict, addresses []string) bool {
	return (q.Kind == "" || c.Kind == q.Kind) && (q.State == "" || c.Settled == (q.State == StateSettled)) &&
		(q.Buyer == "" || strings.HasPrefix(addresses[0], contract.Escape(q.Buyer)+"/"))
}

// conflictOf reads a row, but not its contracts.
func conflictOf(key, value []byte) (c Conflict, addresses []string, err error) {
	d := decoder{b: value}
	c.Settled = d.byte() == 1
	addresses = d.texts()
	for _, kind := range ConflictKinds {
		if len(key) > 0 && key[0] == kind[0] {
			c.Kind = kind
		}
	}
	if c.Kind == Sources {
		addresses = []string{string(key[1:])}
	}
	if d.end() != nil || c.Kind == "" || len(addresses) == 0 {
		return c, nil, fmt.Errorf("conflict %q: %w", key, errRow)
	}
	return c, addresses, nil
}

func details(tx store.Tx, addresses []string) ([]Detail, error) {
	var out []Detail
	for _, address := range addresses[:min(len(addresses), maxSides)] {
		buyer, c, err := contractAt(tx, address)
		if err != nil {
			return nil, err
		}
		d, err := detail(tx, buyer, &c)
		if err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	return out, nil
}
