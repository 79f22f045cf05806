package search

import (
	"fmt"
	"math"
	"slices"

	"maillon/catalog/territory"
)

// A Register tells where bodies and firms sit, and of what size they are: what no
// contract says. Its functions may be nil, and must be safe for concurrent use.
type Register struct {
	// Firm is the commune (INSEE code) and the size (PME, ETI, GE) of an
	// establishment by its SIRET; "" for what is not known.
	Firm func(siret string) (commune, size string)
	// Centre is the middle of a commune, in degrees.
	Centre func(commune string) (longitude, latitude float64, ok bool)
}

// A seat is where somebody sits, as codes of a places; 0 for what is not known.
type seat struct {
	levels [levelCount]uint32 // commune, EPCI, département, région
	size   uint8              // place in sizes plus one
	stands uint32             // commune of the establishment, to measure distances from
}

// levelCount is how many levels of territory there are; they stand as in zones.
const levelCount = 4

var sizes = []string{"PME", "ETI", "GE"}

// A firm is what the register says of the supplier of a contract, and how that is to
// its buyer: bit n of known says that the level n of both is known, of same that it is
// one. It is the supplier that the contract names first: a contract has one value.
type firm struct {
	levels      [levelCount]uint32
	size        uint8
	known, same uint8
}

// sites is what follows from a register, by the codes of a core's dictionaries.
type sites struct {
	register  Register
	places    *places
	suppliers []seat
	buyers    []seat
	firms     *table[firm]
	centres   []Centre // by code of places.communes
}

// A Centre is the middle of a commune; known is false where that is not known.
type Centre struct {
	Longitude, Latitude float64
	Known               bool
}

func newSites(r Register) *sites {
	s := &sites{register: r, places: newPlaces(), firms: newTable[firm]()}
	s.firms.code(firm{}) // 0 is nothing known
	return s
}

// supplier notes where the supplier of the next code sits.
func (s *sites) supplier(siret string) { s.suppliers = append(s.suppliers, s.seatOf(siret)) }

// buyer notes where the buyer of the next code sits: a body of the geographic code at
// its own level and those above, any other where its establishment is.
func (s *sites) buyer(siret string, f buyerFact) {
	at := s.seatOf(siret)
	switch f.zone.Level() {
	case territory.Commune:
		m, _ := territory.CommuneByCode(f.zone.Code())
		at.levels = s.levelsOf(m)
		if at.stands == 0 {
			at.stands = at.levels[0]
		}
	case territory.EPCI, territory.Departement, territory.Region:
		at.levels = [levelCount]uint32{}
		if f.zone.Level() == territory.EPCI {
			at.levels[1] = s.places.epcis.code(f.zone.Code())
		}
		if ds := territory.Departements(f.zone); len(ds) > 0 {
			at.levels[3] = s.places.regions.code(territory.RegionOf(ds[0]))
			if f.zone.Level() != territory.Region {
				at.levels[2] = s.places.departements.code(ds[0])
			}
		}
	}
	s.buyers = append(s.buyers, at)
}

func (s *sites) seatOf(siret string) (at seat) {
	if s.register.Firm == nil || siret == "" {
		return at
	}
	commune, size := s.register.Firm(siret)
	at.size = uint8(slices.Index(sizes, size) + 1)
	if m, ok := territory.CommuneByCode(commune); ok {
		at.levels = s.levelsOf(m)
		at.stands = at.levels[0]
	}
	return at
}

func (s *sites) levelsOf(m territory.Municipality) [levelCount]uint32 {
	p := s.places
	code := p.communes.code(m.Code)
	for int(code) >= len(s.centres) {
		s.centres = append(s.centres, Centre{})
	}
	if c := &s.centres[code]; s.register.Centre != nil && !c.Known {
		c.Longitude, c.Latitude, c.Known = s.register.Centre(m.Code)
	}
	return [levelCount]uint32{code, p.epcis.code(m.EPCI), p.departements.code(m.Departement), p.regions.code(territory.RegionOf(m.Departement))}
}

// firm is the code of what is known of a contract's supplier.
func (s *sites) firm(buyer, supplier uint32) uint32 {
	b, at := &s.buyers[buyer], &s.suppliers[supplier]
	out := firm{levels: at.levels, size: at.size}
	for i := range levelCount {
		if b.levels[i] == 0 || at.levels[i] == 0 {
			continue
		}
		out.known |= 1 << i
		if b.levels[i] == at.levels[i] {
			out.same |= 1 << i
		}
	}
	return s.firms.code(out)
}

// earth is its mean radius, in kilometres.
const earth = 6371.0088

// distance is how far two communes are from each other, in kilometres as the crow
// flies; NaN where a middle is not known.
func (s *sites) distance(a, b uint32) float64 {
	if a == 0 || b == 0 || !s.centres[a].Known || !s.centres[b].Known {
		return math.NaN()
	}
	const rad = math.Pi / 180
	p, q := s.centres[a], s.centres[b]
	dy, dx := math.Sin((q.Latitude-p.Latitude)*rad/2), math.Sin((q.Longitude-p.Longitude)*rad/2)
	h := dy*dy + math.Cos(p.Latitude*rad)*math.Cos(q.Latitude*rad)*dx*dx
	return 2 * earth * math.Asin(math.Min(1, math.Sqrt(h)))
}

// supplierOf is the code of the supplier that a row names first; 0 for none.
func (c *core) supplierOf(row uint32) uint32 {
	start := uint32(0)
	if row > 0 {
		start = c.supplierEnds[row-1]
	}
	if start == c.supplierEnds[row] {
		return 0
	}
	return c.supplierList[start]
}

// A siting is what a register changes of a core.
type siting struct {
	sites *sites
	col   column
	posts []posting
	all   []uint32
}

// sited works out what a register changes. It only reads the core: queries may go on,
// but nobody may change it.
func (c *core) sited(r Register) siting {
	s := newSites(r)
	for i, id := range c.buyers.values {
		s.buyer(id, c.buyerFacts[i])
	}
	for _, id := range c.suppliers.values {
		s.supplier(id)
	}
	out := siting{sites: s, col: newColumn(baseFirm, c.n)}
	for i := range c.n {
		row := uint32(i)
		code := s.firm(c.cols[baseBuyer].at(row), c.supplierOf(row))
		out.col.add(baseFirm, code)
		for int(code) >= len(out.posts) {
			out.posts, out.all = append(out.posts, posting{}), append(out.all, 0)
		}
		out.posts[code].add(row)
		if c.live.has(row) {
			out.all[code]++
		}
	}
	return out
}

// take puts a siting in place.
func (c *core) take(s siting) {
	c.forget()
	c.conditions.forget()
	c.folds.forget()
	c.sites, c.cols[baseFirm], c.posts[baseFirm], c.all[baseFirm] = s.sites, s.col, s.posts, s.all
}

// Site makes the index know what a register says; queries go on meanwhile. It is for
// the one goroutine that changes the index, again whenever the register has changed.
func (x *Index) Site(r Register) {
	s := x.core.sited(r)
	x.mu.Lock()
	defer x.mu.Unlock()
	x.core.take(s)
}

// firm is what is known of a row's supplier.
func (c *core) firm(row uint32) *firm { return &c.sites.firms.values[c.cols[baseFirm].at(row)] }

// nearLevels are the values of [ByLocal]: the smallest territory that buyer and
// supplier share, the last for those who share none.
var nearLevels = append(slices.Clone(zones), "ailleurs")

// near is the place in nearLevels plus one; 0 where it is not known.
func (f *firm) near() uint32 {
	for i := range uint32(levelCount) {
		if f.same&(1<<i) != 0 {
			return i + 1
		}
	}
	if f.known == 0 {
		return 0
	}
	return levelCount + 1
}

// sited filters by what the register says of the supplier.
func (s *selection) sited(q *Query) {
	var of []Zone
	for _, z := range q.Where {
		if z.Side == SupplierSide {
			of = append(of, z)
		}
	}
	if len(of)+len(q.Size)+len(q.Local) == 0 {
		return
	}
	s.only(fmt.Sprintf("firm %q %q %q", of, q.Size, q.Local), func() test { return s.firms(of, q) })
}

// firms tests what the register says of the supplier.
func (s *selection) firms(of []Zone, q *Query) test {
	p := s.c.sites.places
	dicts := [levelCount]*dict{p.communes, p.epcis, p.departements, p.regions}
	in := func(f *firm) bool {
		return len(of) == 0 || slices.ContainsFunc(of, func(z Zone) bool {
			i := slices.Index(zones, z.Level)
			code, ok := dicts[i].codes[z.Code]
			return ok && code != 0 && f.levels[i] == code
		})
	}
	among := func(list, all []string, code uint32) bool {
		return len(list) == 0 || code > 0 && slices.Contains(list, all[code-1])
	}
	wanted := make([]bool, len(s.c.sites.firms.values))
	for code := range s.c.sites.firms.values {
		f := &s.c.sites.firms.values[code]
		wanted[code] = in(f) && among(q.Size, sizes, uint32(f.size)) && among(q.Local, nearLevels, f.near())
	}
	return s.column(baseFirm, wanted, s.c.posts[baseFirm])
}
