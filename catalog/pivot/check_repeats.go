package pivot

import (
	"hash/maphash"
	"strconv"
	"strings"

	"maillon/catalog"
)

// checkMostKept is the number of records of a file among which repeats are
// looked for: beyond, memory would grow with the file. It takes 16 MiB.
const checkMostKept = 1 << 19

// Bounds on the frameworks that a file's records name.
const (
	checkMostFrameworks = 1 << 14 // kept
	checkMostNamed      = 5       // named in a warning
)

// checkRepeats knows the records of a file met so far, by hashes.
type checkRepeats struct {
	seed       maphash.Seed
	slots      []checkSlot // a power of two, at least twice as many as are used
	used       int
	frameworks []checkFramework
}

// A checkSlot is a record: its buyer and id, its bytes, its place in the file
// from 1; 0 for an empty slot.
type checkSlot struct {
	key  uint64
	body uint32
	at   uint32
}

// A checkFramework is an accord-cadre that a record names, by the key that its
// own record would have. The zero one is none.
type checkFramework struct {
	key uint64
	id  string
}

func newCheckRepeats() *checkRepeats {
	return &checkRepeats{seed: maphash.MakeSeed(), slots: make([]checkSlot, 1<<10)}
}

// slot gives the place of a record among the slots, all but its at.
func (c *checkRepeats) slot(rec *Record) checkSlot {
	return checkSlot{key: c.key(rec.Buyer, rec.ID), body: uint32(maphash.Bytes(c.seed, rec.Raw))}
}

func (c *checkRepeats) key(buyer, id string) uint64 {
	var h maphash.Hash
	h.SetSeed(c.seed)
	h.WriteString(buyer)
	h.WriteByte(0)
	h.WriteString(id)
	return h.Sum64()
}

// framework is the accord-cadre that the record on the tape names.
func (c *checkRepeats) framework(rec *Record, t *jsonTape) checkFramework {
	if t == nil || rec.Form == Table {
		return checkFramework{}
	}
	node := t.find(0, nameFramework)
	if node < 0 || t.nodes[node].kind != '"' {
		return checkFramework{}
	}
	id := string(xmlTrim(t.textOf(node)))
	if id == "" || id == rec.ID || len(id) > maxIdentity {
		return checkFramework{}
	}
	return checkFramework{key: c.key(rec.Buyer, id), id: id}
}

// named notes that a record names f.
func (c *checkRepeats) named(f checkFramework) {
	if f.id == "" || len(c.frameworks) > checkMostFrameworks {
		return
	}
	if n := len(c.frameworks); n == 0 || c.frameworks[n-1].key != f.key { // mostly they come in a row
		c.frameworks = append(c.frameworks, f)
	}
}

// unknown warns of the accords-cadres that are named and are not in the file.
// Of a file too long to be kept, it says nothing.
func (c *checkRepeats) unknown() (catalog.Problem, bool) {
	if c.used == checkMostKept || len(c.frameworks) > checkMostFrameworks {
		return catalog.Problem{}, false
	}
	var named []string
	told := map[uint64]bool{}
	for _, f := range c.frameworks {
		if told[f.key] || c.slots[c.find(f.key)].at != 0 {
			continue
		}
		told[f.key] = true
		if len(named) < checkMostNamed {
			named = append(named, f.id)
		} else if len(named) == checkMostNamed {
			named = append(named, "…")
		}
	}
	return catalog.Problem{
		Rule: ruleFrameworkUnknown, Severity: catalog.Warning, Found: strconv.Itoa(len(told)), Expected: strings.Join(named, ", "),
	}, len(told) > 0
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
