package pivot

import (
	"hash/maphash"
	"strconv"

	"maillon/catalog"
)

// checkMostKept is the number of records of a file among which repeats are
// looked for: beyond, memory would grow with the file. It takes 32 MiB.
const checkMostKept = 1 << 20

// checkRepeats knows the records of a file met so far, by hashes.
type checkRepeats struct {
	seed  maphash.Seed
	slots []checkSlot // a power of two, at least twice as many as are used
	used  int
}

// A checkSlot is a record: its buyer and id, its bytes, its place in the file
// from 1; 0 for an empty slot.
type checkSlot struct {
	key  uint64
	body uint32
	at   uint32
}

func newCheckRepeats() *checkRepeats {
	return &checkRepeats{seed: maphash.MakeSeed(), slots: make([]checkSlot, 1<<10)}
}

// slot gives the place of a record among the slots, all but its at.
func (c *checkRepeats) slot(rec *Record) checkSlot {
	var h maphash.Hash
	h.SetSeed(c.seed)
	h.WriteString(rec.Buyer)
	h.WriteByte(0)
	h.WriteString(rec.ID)
	return checkSlot{key: h.Sum64(), body: uint32(maphash.Bytes(c.seed, rec.Raw))}
}

// meet notes the record, the at-th of the file, and says if an earlier one has
// the same buyer and id.
func (c *checkRepeats) meet(s checkSlot, at int, id string) (catalog.Problem, bool) {
	i := c.find(s.key)
	if first := c.slots[i]; first.at != 0 {
		p := catalog.Problem{
			Pointer: "/id", Rule: ruleIDTwice, Severity: catalog.Warning, Found: judgeCut([]byte(id)), Expected: strconv.Itoa(int(first.at)),
		}
		if first.body == s.body {
			p.Rule = ruleRecordTwice
		}
		return p, true
	}
	if c.used < checkMostKept {
		s.at = uint32(at)
		c.slots[i] = s
		if c.used++; 2*c.used > len(c.slots) && c.used < checkMostKept {
			c.grow()
		}
	}
	return catalog.Problem{}, false
}

// find gives the slot of key, or the empty one where it belongs.
func (c *checkRepeats) find(key uint64) int {
	mask := uint64(len(c.slots) - 1)
	i := key & mask
	for c.slots[i].at != 0 && c.slots[i].key != key {
		i = (i + 1) & mask
	}
	return int(i)
}

func (c *checkRepeats) grow() {
	old := c.slots
	c.slots = make([]checkSlot, 2*len(old))
	for _, s := range old {
		if s.at != 0 {
			c.slots[c.find(s.key)] = s
		}
	}
}
