package search

import (
	"encoding/binary"
	"hash/maphash"
	"math"
	"slices"
	"strings"

	"maillon/catalog/cpv"
	"maillon/catalog/pivot"
	"maillon/store/view"
)

// A core is the index itself. Rows are only ever added at its end; a contract that
// changes is a new row, and the old one dies. Whoever holds a core without the lock
// may go on reading the rows that were there: compacting makes another core.
type core struct {
	n        int // rows, dead ones too
	live     rowset
	liveRows int

	cols  [bases]column      // a code per row
	cards cards              // what is counted most
	all   [allBases][]uint32 // how many living rows have each code

	day, end, published []uint32           // YYYYMMDD, 0 unknown
	amount              []float64          // NaN unknown
	initial             map[uint32]float64 // before modifications, where that is another
	months              []uint16           // plus one; 0 unknown
	content             []uint64           // see view.Shown
	supplierEnds        []uint32           // of each row's suppliers in supplierList
	supplierList        []uint32
	blobs               arena // what rows show beside the columns, see blob

	buyers, suppliers, cpvs         *dict
	procedures, natures, techniques *dict
	nodes                           *dict
	places                          *places
	mixes                           *table[mix]
	spots                           *table[place]
	sites                           *sites

	buyerNames, supplierNames []string // by code: the newest that was given
	buyerFacts                []buyerFact

	posts    [bases][]posting // by code; of the bases that filter
	byBuyer  []posting
	bySupply []posting

	words *vocabulary
	text  *textIndex
	ids   ids

	conditions conditions // what is asked often
	folds      folds
	tables     memo[Table]
	counted    memo[map[Dimension][]Count]

	at   map[uint64]uint32 // hash of the address => its living row
	seed maphash.Seed
}

func newCore() *core {
	const small = 1 << 16
	c := &core{
		buyers: newDict(math.MaxInt32), suppliers: newDict(math.MaxInt32), cpvs: newDict(small), procedures: newDict(small),
		natures: newDict(small), techniques: newDict(small), nodes: newDict(small), places: newPlaces(),
		mixes: newTable[mix](), spots: newTable[place](),
		buyerNames: []string{""}, supplierNames: []string{""}, buyerFacts: []buyerFact{{}}, byBuyer: make([]posting, 1), bySupply: make([]posting, 1),
		words: newVocabulary(), text: newTextIndex(), initial: map[uint32]float64{}, at: map[uint64]uint32{}, seed: maphash.MakeSeed(), cards: newCards(),
		tables: memo[Table]{most: mostTables, copy: Table.clone}, counted: memo[map[Dimension][]Count]{most: mostFacets, copy: copyFacets},
	}
	c.sites = newSites(Register{})
	c.sites.buyer("", buyerFact{})
	c.sites.supplier("")
	return c
}

// room makes place for one more row.
func (c *core) room() {
	if c.n>>6 >= len(c.live) {
		c.live = append(c.live, 0)
	}
}

// put adds a contract, or puts it in the place of what stood at its address.
func (c *core) put(s *view.Shown) {
	h := maphash.String(c.seed, s.Address)
	if old, ok := c.at[h]; ok {
		c.kill(old)
	}
	row := uint32(c.n)
	c.room()
	c.live.add(row)
	c.liveRows++
	c.at[h] = row
	c.content = append(c.content, s.Content)
	c.putNumbers(s)
	buyer := c.putBuyer(s)
	c.putSuppliers(s, row)
	c.putCodes(s, row, buyer)
	c.deal()
	c.blobs.add(blobOf(s))
	c.text.addObject(row, c.words.tokens(s.Object))
	c.ids.add(row, c.id(row))
	c.tell(row, 1)
	c.n++
}

// remove takes the contract at an address out.
func (c *core) remove(address string) bool {
	h := maphash.String(c.seed, address)
	row, ok := c.at[h]
	if ok {
		c.kill(row)
		delete(c.at, h)
	}
	return ok
}

func (c *core) kill(row uint32) {
	if c.live.has(row) {
		c.live.remove(row)
		c.liveRows--
		c.tell(row, ^uint32(0)) // one less
	}
}

func (c *core) putNumbers(s *view.Shown) {
	day := dayOf(s.Notified)
	c.day, c.published = append(c.day, day), append(c.published, dayOf(s.Published))
	c.amount = append(c.amount, number(s.Amount))
	c.setInitial(uint32(c.n), number(s.Contract.Amount))
	months := uint16(0)
	if m := s.Months; m != nil && *m >= 0 && *m < pivot.MostMonths {
		months = uint16(*m) + 1
	}
	c.months, c.end = append(c.months, months), append(c.end, endOf(day, s.Months))
}

// setInitial notes the amount of a row before modifications.
func (c *core) setInitial(row uint32, v float64) {
	if now := c.amount[row]; v != now && (v == v || now == now) {
		c.initial[row] = v
	}
}

// initialOf is the amount of a row before modifications; NaN where it is not known.
func (c *core) initialOf(row uint32) float64 {
	if v, ok := c.initial[row]; ok {
		return v
	}
	return c.amount[row]
}

// endOf is the day on which a contract ends; 0 if it is not known.
func endOf(day uint32, months *int) uint32 {
	if day == 0 || months == nil || *months <= 0 || *months >= pivot.MostMonths {
		return 0
	}
	return dayNumber(timeOf(day).AddDate(0, *months, 0))
}

// offersOf is a number of offers plus one; 0 if it is not known.
func offersOf(n *int) uint32 {
	if n == nil || *n < 0 {
		return 0
	}
	return uint32(min(*n, mostOffers)) + 1
}

// The most offers that are told apart, and the longest value of an open list.
const (
	mostOffers = 60_000
	longest    = 200
)

func number(p *float64) float64 {
	if p == nil || math.IsNaN(*p) || math.IsInf(*p, 0) {
		return math.NaN()
	}
	return *p
}

func (c *core) putBuyer(s *view.Shown) uint32 {
	b := c.buyers.code(s.Buyer)
	if int(b) == len(c.buyerFacts) {
		c.buyerFacts = append(c.buyerFacts, c.places.buyer(s.Buyer))
		c.buyerNames = append(c.buyerNames, "")
		c.byBuyer = append(c.byBuyer, posting{})
		c.sites.buyer(s.Buyer, c.buyerFacts[b])
		if f := c.buyerFacts[b]; f.name != "" {
			c.text.buyers.add(b, c.words.tokens(f.name))
		}
	}
	if name := s.BuyerName; name != "" && c.buyerNames[b] != name {
		c.buyerNames[b] = name
		c.text.buyers.add(b, c.words.tokens(name))
	}
	c.byBuyer[b].add(uint32(c.n))
	return b
}

func (c *core) putSuppliers(s *view.Shown, row uint32) {
	now := s.Contract.Current()
	start := len(c.supplierList)
	for _, id := range s.Suppliers {
		code := c.suppliers.code(id)
		if int(code) == len(c.supplierNames) {
			c.supplierNames = append(c.supplierNames, "")
			c.bySupply = append(c.bySupply, posting{})
			c.sites.supplier(id)
		}
		if !slices.Contains(c.supplierList[start:], code) {
			c.supplierList = append(c.supplierList, code)
			c.bySupply[code].add(row)
		}
	}
	c.supplierEnds = append(c.supplierEnds, uint32(len(c.supplierList)))
	for _, who := range now.Suppliers {
		if code := c.suppliers.codes[who.ID]; code != 0 && who.Name != "" && c.supplierNames[code] != who.Name {
			c.supplierNames[code] = who.Name
			c.text.suppliers.add(code, c.words.tokens(who.Name))
		}
	}
}

// suppliersOf are the codes of a row's suppliers.
func (c *core) suppliersOf(row uint32) []uint32 {
	start := uint32(0)
	if row > 0 {
		start = c.supplierEnds[row-1]
	}
	return c.supplierList[start:c.supplierEnds[row]]
}

// putCodes adds the columns that are counted.
func (c *core) putCodes(s *view.Shown, row, buyer uint32) {
	k := &s.Contract
	where := c.places.of(k, s.Departement, c.buyerFacts[buyer])
	code, _, _ := strings.Cut(s.CPV, "-")
	before := len(c.cpvs.values)
	cpvCode := c.cpvs.code(cut(code, 16))
	if int(cpvCode) == before {
		c.text.cpvs.add(cpvCode, c.words.tokens(cpv.French(code)))
	}
	technique := ""
	if len(k.Techniques) > 0 {
		technique = k.Techniques[0]
	}
	day := c.day[row]
	codes := [bases]uint32{
		baseMix: c.mixes.code(mix{flagsOf(s, where.given), c.procedures.code(cut(k.Procedure, longest)), c.natures.code(cut(k.Nature, longest)),
			c.techniques.code(cut(technique, longest))}),
		basePlace: c.spots.code(where), baseCPV: cpvCode, baseMonth: monthOf(day), baseEndMonth: monthOf(c.end[row]), baseOffers: offersOf(k.Offers),
		baseNode: c.nodes.code(s.Node), baseBuyer: buyer, baseFirm: c.sites.firm(buyer, c.supplierOf(row)),
	}
	for b := range codes {
		c.cols[b].add(base(b), codes[b])
		if !filters[b] {
			continue
		}
		for int(codes[b]) >= len(c.posts[b]) {
			c.posts[b] = append(c.posts[b], posting{})
		}
		c.posts[b][codes[b]].add(row)
	}
}

// cut bounds a text of a publisher.
func cut(s string, most int) string {
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "")
	}
	return s
}

// division is the first two digits of a CPV code.
func division(code string) (int, bool) {
	if len(code) < 2 || code[0] < '0' || code[0] > '9' || code[1] < '0' || code[1] > '9' {
		return 0, false
	}
	return int(code[0]-'0')*10 + int(code[1]-'0'), true
}

// The flags of a row.
const (
	flagState      = 3 // two bits: place in states
	flagConcession = 1 << (iota + 1)
	flagConflict
	flagModified
	flagSocialKnown
	flagSocial
	flagGreenKnown
	flagGreen
	flagPlace // the place of execution is given
	flagInnovative
	flagsEnd
)

var states = []pivot.State{pivot.Conforming, pivot.ToCorrect, view.Withdrawn, view.Redacted}

func stateNames() []string {
	out := make([]string, len(states))
	for i, s := range states {
		out[i] = string(s)
	}
	return out
}

func flagsOf(s *view.Shown, placed bool) uint32 {
	flags := uint32(max(0, slices.Index(states, s.State)))
	set := func(is bool, flag uint32) {
		if is {
			flags |= flag
		}
	}
	k := &s.Contract
	set(s.Kind == pivot.Concession, flagConcession)
	set(s.Conflict, flagConflict)
	set(len(k.Modifications) > 0, flagModified)
	set(len(k.Social) > 0, flagSocialKnown)
	set(slices.ContainsFunc(k.Social, considers), flagSocial)
	set(len(k.Environment) > 0, flagGreenKnown)
	set(slices.ContainsFunc(k.Environment, considers), flagGreen)
	set(placed, flagPlace)
	set(k.Innovative != nil && *k.Innovative, flagInnovative)
	return flags
}

// considers reports whether a value of a list of considerations is one: the law's
// word for none is a value too.
func considers(value string) bool { return value != "" && !strings.HasPrefix(value, "Pas de") }

// blobOf is what a row shows beside its columns: slug, id, object, notification if it
// is no day, publication if it is no day, authority, records.
func blobOf(s *view.Shown) []byte {
	_, slug, _ := strings.Cut(s.Address, "/")
	other, published := s.Notified, s.Published
	if dayOf(other) != 0 {
		other = ""
	}
	if dayOf(published) != 0 {
		published = ""
	}
	id := s.ID
	if id == unescaped(slug) {
		id = ""
	}
	dst := make([]byte, 0, 24+len(slug)+len(id)+len(s.Object))
	for _, t := range []string{slug, id, s.Object, other, published, s.Authority} {
		dst = append(binary.AppendUvarint(dst, uint64(len(t))), t...)
	}
	return binary.AppendUvarint(dst, uint64(s.Records))
}
