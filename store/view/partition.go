package view

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"maillon/catalog/pivot"
	"maillon/store"
)

// A Partition is the contracts of one buyer that were notified in one year.
type Partition struct {
	Buyer      string         `json:"buyer"`
	BuyerName  string         `json:"buyerName,omitempty"`
	Year       string         `json:"year"` // "" if unknown
	Contracts  int            `json:"contracts"`
	Conforming int            `json:"conforming"`
	ToCorrect  int            `json:"toCorrect"`
	Revision   uint64         `json:"revision"` // changes with anything that readers see
	Changed    time.Time      `json:"changed"`  // receipt of the newest record that ever stood in it
	Nodes      map[string]int `json:"nodes"`    // versions per publishing node
}

func partKey(buyer, year string) string { return buyer + "\x00" + year }

// value is the partition in its bucket; buyer and year are in the key.
func (p *Partition) value() []byte {
	dst := appendText(make([]byte, 0, 64), p.BuyerName)
	for _, n := range []int{p.Contracts, p.Conforming, p.ToCorrect} {
		dst = binary.AppendVarint(dst, int64(n))
	}
	dst = binary.AppendVarint(binary.BigEndian.AppendUint64(dst, p.Revision), p.Changed.Unix())
	for _, node := range slices.Sorted(maps.Keys(p.Nodes)) {
		dst = binary.AppendVarint(appendName(dst, node), int64(p.Nodes[node]))
	}
	return dst
}

func partitionOf(key, value []byte) (Partition, error) {
	buyer, year, _ := bytes.Cut(key, []byte{0})
	d := decoder{b: value}
	p := Partition{
		Buyer: string(buyer), Year: string(year), BuyerName: d.text(),
		Contracts: int(d.varint()), Conforming: int(d.varint()), ToCorrect: int(d.varint()),
		Revision: d.uint64(), Changed: time.Unix(d.varint(), 0).UTC(), Nodes: map[string]int{},
	}
	for len(d.b) > 0 && !d.bad {
		p.Nodes[d.name()] = int(d.varint())
	}
	if err := d.end(); err != nil {
		return p, fmt.Errorf("partition %q: %w", key, err)
	}
	return p, nil
}

// part counts a contract of a buyer in its partition, or out of it. Partitions are
// written once, by saveParts.
func (b *applying) part(buyer, name string, c *groupContract, sign int) error {
	key := partKey(buyer, c.year)
	p := b.parts[key]
	if p == nil {
		p = &Partition{Buyer: buyer, Year: c.year, Nodes: map[string]int{}}
		if raw := b.tx.Bucket(partBucket).Get([]byte(key)); raw != nil {
			var err error
			if *p, err = partitionOf([]byte(key), raw); err != nil {
				return err
			}
		}
		b.parts[key] = p
	}
	p.count(name, c, sign)
	return nil
}

func (p *Partition) count(name string, c *groupContract, sign int) {
	p.Contracts += sign
	switch c.state {
	case pivot.Conforming:
		p.Conforming += sign
	case pivot.ToCorrect:
		p.ToCorrect += sign
	}
	p.Revision += uint64(sign) * c.content
	p.BuyerName = cmp.Or(name, p.BuyerName)
	if newest := time.Unix(c.newest, 0).UTC(); newest.After(p.Changed) {
		p.Changed = newest
	}
	for _, v := range c.versions {
		for _, r := range v.refs {
			if p.Nodes[r.Node] += sign; p.Nodes[r.Node] == 0 {
				delete(p.Nodes, r.Node)
			}
		}
	}
	if p.Contracts == 0 { // nothing stays of it
		*p = Partition{Buyer: p.Buyer, Year: p.Year, Nodes: map[string]int{}}
	}
}

func (b *applying) saveParts() error {
	parts := b.tx.Bucket(partBucket)
	for _, key := range slices.Sorted(maps.Keys(b.parts)) {
		p := b.parts[key]
		if p.Contracts == 0 {
			if err := parts.Delete([]byte(key)); err != nil {
				return err
			}
			continue
		}
		if err := parts.Put([]byte(key), p.value()); err != nil {
			return err
		}
	}
	return nil
}

// Totals counts what the views hold.
type Totals struct {
	Records    int            `json:"records"`
	Contracts  int            `json:"contracts"`
	Conforming int            `json:"conforming"`
	ToCorrect  int            `json:"toCorrect"`
	Withdrawn  int            `json:"withdrawn"`
	Redacted   int            `json:"redacted"`
	Conflicts  int            `json:"conflicts"` // contracts whose sources contradict each other
	Kinds      map[string]int `json:"kinds"`
}

func (t *Totals) count(c *groupContract, sign int) {
	t.Contracts += sign
	switch c.state {
	case pivot.Conforming:
		t.Conforming += sign
	case pivot.ToCorrect:
		t.ToCorrect += sign
	case Withdrawn:
		t.Withdrawn += sign
	case Redacted:
		t.Redacted += sign
	}
	if c.conflict {
		t.Conflicts += sign
	}
	if t.Kinds == nil {
		t.Kinds = map[string]int{}
	}
	if t.Kinds[string(c.kind)] += sign; t.Kinds[string(c.kind)] == 0 {
		delete(t.Kinds, string(c.kind))
	}
}

func totals(tx store.Tx) (Totals, error) {
	var t Totals
	if raw := tx.Bucket(metaBucket).Get(totalsKey); raw != nil {
		if err := json.Unmarshal(raw, &t); err != nil {
			return t, fmt.Errorf("totals: %w", err)
		}
	}
	return t, nil
}
