package search

import "sync"

// A card is what facets count of a row, side by side: a row that is counted costs one
// look into memory, not one for each column. What rows often have together is one code,
// so that four numbers count what most facets ask for.
type card struct {
	trait uint32 // see trait
	scope uint32 // see scope
	desk  uint32 // see desk
	first uint32 // code of the first supplier; moreSuppliers is set if there are others
}

const moreSuppliers = 1 << 31

// A trait is a mix, as its code, and the year of notification (see yearOf).
type trait struct{ mix, year uint32 }

// A scope is where, on the side of lists, and the division of the CPV.
type scope struct{ departement, region, division uint32 }

// A desk is a buyer, its level (see buyerFact.rank), and the node that publishes for it.
type desk struct{ buyer, node, level uint32 }

// The bases of which a row's code is on its card.
const (
	baseTrait = mostSupplierBase + 1 + iota
	baseScope
	baseDesk
	allBases
)

// cards are those of all rows. They follow from the columns, and are in no snapshot.
type cards struct {
	list   []card
	traits *table[trait]
	scopes *table[scope]
	desks  *table[desk]
}

func newCards() cards {
	return cards{traits: newTable[trait](), scopes: newTable[scope](), desks: newTable[desk]()}
}

// deal makes the card of the next row, whose columns and suppliers are there.
func (c *core) deal() {
	row := uint32(len(c.cards.list))
	at := c.where(row)
	part := uint32(0)
	if d, ok := division(c.cpvs.values[c.cols[baseCPV].at(row)]); ok {
		part = uint32(d) + 1
	}
	buyer := c.cols[baseBuyer].at(row)
	k := card{
		trait: c.cards.traits.code(trait{c.cols[baseMix].at(row), yearOf(c, c.cols[baseMonth].at(row))}),
		scope: c.cards.scopes.code(scope{at.departement, at.region, part}),
		desk:  c.cards.desks.code(desk{buyer, c.cols[baseNode].at(row), c.buyerFacts[buyer].rank}),
	}
	if s := c.suppliersOf(row); len(s) > 0 {
		if k.first = s[0]; len(s) > 1 {
			k.first |= moreSuppliers
		}
	}
	c.cards.list = append(c.cards.list, k)
}

// code is that of a row in a base of which it has one.
func (c *core) code(b base, row uint32) uint32 {
	switch b {
	case baseTrait:
		return c.cards.list[row].trait
	case baseScope:
		return c.cards.list[row].scope
	case baseDesk:
		return c.cards.list[row].desk
	}
	return c.cols[b].at(row)
}

// mixOf is the mix of a trait's code.
func (c *core) mixOf(code uint32) *mix { return &c.mixes.values[c.cards.traits.values[code].mix] }

// folds remembers what the codes of bases are in the dimensions made of them: codes are
// only ever added.
type folds struct {
	mu sync.Mutex
	by map[Dimension][]uint32
}

// fold is the code in a dimension by the code in its base; nil where they are the same.
func (c *core) fold(d Dimension) []uint32 {
	sp := dimensions[d]
	if sp.fold == nil {
		return nil
	}
	c.folds.mu.Lock()
	defer c.folds.mu.Unlock()
	list := c.folds.by[d]
	if n := c.sizeOf(sp.base); len(list) < n {
		for code := len(list); code < n; code++ {
			list = append(list, sp.fold(c, uint32(code)))
		}
		if c.folds.by == nil {
			c.folds.by = map[Dimension][]uint32{}
		}
		c.folds.by[d] = list
	}
	return list
}

// forget is for what gives codes another meaning.
func (f *folds) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.by = nil
}
