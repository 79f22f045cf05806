package search

import (
	"math"
	"slices"
	"strings"

	"maillon/catalog/territory"
)

// A selection is the rows that a query finds: those of a set that every test lets
// through. Bitmaps make the set, columns the tests.
type selection struct {
	c     *core
	set   rowset
	tests []func(rows []uint32) []uint32
	terms []clauseRows // of the text, for relevance
}

// settle lets the tests decide: then the set is what the query finds. It returns how
// many that are.
func (s *selection) settle() int {
	if len(s.tests) == 0 {
		return s.set.count()
	}
	set, n := make(rowset, len(s.set)), 0
	s.set.each(func(rows []uint32) bool {
		for _, test := range s.tests {
			if rows = test(rows); len(rows) == 0 {
				return true
			}
		}
		n += len(rows)
		for _, r := range rows {
			set.add(r)
		}
		return true
	})
	s.set, s.tests = set, nil
	return n
}

// rows are all rows, in order.
func (s *selection) rows() []uint32 {
	out := make([]uint32, 0, s.settle())
	s.set.each(func(rows []uint32) bool { out = append(out, rows...); return true })
	return out
}

func (s *selection) test(f func(rows []uint32) []uint32) { s.tests = append(s.tests, f) }

func (s *selection) meet(set rowset) {
	s.set.and(set)
}

// find is the selection of a query.
func (c *core) find(q *Query) *selection {
	s := &selection{c: c, set: slices.Clone(c.live)}
	s.named(q)
	s.places(q.Where)
	s.sited(q)
	s.codes(q)
	s.ranges(q)
	if q.Text != "" {
		s.match(q.Text)
	}
	return s
}

// named filters by buyer and supplier.
func (s *selection) named(q *Query) {
	c := s.c
	if len(q.Buyer) > 0 {
		set := newRowset(c.n)
		for _, id := range q.Buyer {
			if code, ok := c.buyers.codes[id]; ok {
				set.or(&c.byBuyer[code])
			}
		}
		s.meet(set)
	}
	if len(q.Supplier) > 0 {
		set := newRowset(c.n)
		for _, id := range q.Supplier {
			if code, ok := c.suppliers.codes[id]; ok {
				set.or(&c.bySupply[code])
			}
		}
		s.meet(set)
	}
	if len(q.Level) > 0 {
		s.buyersWho(func(f *buyerFact) bool { return slices.Contains(q.Level, f.level) })
	}
}

// buyersWho keeps the rows of some buyers.
func (s *selection) buyersWho(are func(*buyerFact) bool) {
	wanted, size := make([]bool, len(s.c.buyerFacts)), 0
	for i := range s.c.buyerFacts {
		if wanted[i] = are(&s.c.buyerFacts[i]); wanted[i] {
			size += s.c.byBuyer[i].size()
		}
	}
	s.column(baseBuyer, wanted, size, s.c.byBuyer)
}

// column keeps the rows whose code is wanted: by their postings where these are few,
// else by looking at the column.
func (s *selection) column(b base, wanted []bool, size int, posts []posting) {
	if size == s.c.n {
		return // it lets everything through
	}
	if size > s.c.n/16 {
		s.test(func(rows []uint32) []uint32 { return s.c.cols[b].keep(rows, wanted) })
		return
	}
	set := newRowset(s.c.n)
	for code, is := range wanted {
		if is && code < len(posts) {
			set.or(&posts[code])
		}
	}
	s.meet(set)
}

// places filters by territory, side by side.
func (s *selection) places(zones []Zone) {
	for _, side := range []Side{Either, BuyerSide, PlaceSide} {
		var of []territory.Geozone
		for _, z := range zones {
			if z.Side != side {
				continue
			}
			if g, err := z.geozone(); err == nil {
				of = append(of, g)
			}
		}
		switch {
		case len(of) == 0 && !slices.ContainsFunc(zones, func(z Zone) bool { return z.Side == side }):
		case side == BuyerSide:
			s.buyersWho(func(f *buyerFact) bool {
				return slices.ContainsFunc(of, func(g territory.Geozone) bool { return territory.Contains(g, f.zone) })
			})
		default:
			s.executed(of, side == PlaceSide)
		}
	}
}

// executed filters by the place of execution; unless given, by that or the buyer's.
func (s *selection) executed(zones []territory.Geozone, given bool) {
	p := s.c.places
	var communes, epcis, departements, regions []string
	for _, g := range zones {
		switch g.Level() {
		case territory.Commune:
			communes = append(communes, g.Code())
		case territory.EPCI:
			epcis = append(epcis, g.Code())
		case territory.Region:
			regions = append(regions, g.Code())
		default:
			departements = append(departements, territory.Departements(g)...)
		}
	}
	wanted, size := make([]bool, len(s.c.spots.values)), 0
	for code, at := range s.c.spots.values {
		in := slices.Contains(communes, p.communes.values[at.commune]) || slices.Contains(epcis, p.epcis.values[at.epci]) ||
			slices.Contains(departements, p.departements.values[at.departement]) || slices.Contains(regions, p.regions.values[at.region])
		if in && (at.given || !given) {
			wanted[code] = true
			size += s.c.posts[basePlace][code].size()
		}
	}
	s.column(basePlace, wanted, size, s.c.posts[basePlace])
}

// codes filters by the values of closed and open lists.
func (s *selection) codes(q *Query) {
	s.mixed(q)
	if len(q.Node) > 0 {
		set := newRowset(s.c.n)
		for _, v := range q.Node {
			if code, ok := s.c.nodes.codes[v]; ok && int(code) < len(s.c.posts[baseNode]) {
				set.or(&s.c.posts[baseNode][code])
			}
		}
		s.meet(set)
	}
	if len(q.CPV) > 0 {
		s.cpv(q.CPV)
	}
}

// mixed filters by what is told together: state, kind, procedure, nature, technique,
// considerations, conflict.
func (s *selection) mixed(q *Query) {
	if len(q.State)+len(q.Kind)+len(q.Procedure)+len(q.Nature)+len(q.Technique)+len(q.Considered) == 0 && !q.Conflict {
		return
	}
	c := s.c
	among := func(list []string, v string) bool { return len(list) == 0 || slices.Contains(list, v) }
	social, green := slices.Contains(q.Considered, wishes[0]), slices.Contains(q.Considered, wishes[1])
	wanted, size := make([]bool, len(c.mixes.values)), 0
	for code, m := range c.mixes.values {
		wanted[code] = among(q.State, string(states[m.flags&flagState])) && among(q.Kind, kindOf(m.flags)) &&
			among(q.Procedure, c.procedures.values[m.procedure]) && among(q.Nature, c.natures.values[m.nature]) &&
			among(q.Technique, c.techniques.values[m.technique]) && (!social || m.flags&flagSocial != 0) &&
			(!green || m.flags&flagGreen != 0) && (!q.Conflict || m.flags&flagConflict != 0)
		if wanted[code] {
			size += c.posts[baseMix][code].size()
		}
	}
	s.column(baseMix, wanted, size, c.posts[baseMix])
}

// cpv keeps the rows whose code begins so. A shorter code of the tree that ends in
// zeros is not its branch: 45000000 is that code, 45 the branch.
func (s *selection) cpv(prefixes []string) {
	d := s.c.cpvs
	wanted, size := make([]bool, len(d.values)), 0
	for code, value := range d.values {
		for _, p := range prefixes {
			p, _, _ = strings.Cut(p, "-")
			if value != "" && strings.HasPrefix(value, p) {
				wanted[code] = true
			}
		}
		if wanted[code] && code < len(s.c.posts[baseCPV]) {
			size += s.c.posts[baseCPV][code].size()
		}
	}
	s.column(baseCPV, wanted, size, s.c.posts[baseCPV])
}

func kindOf(flags uint32) string {
	if flags&flagConcession != 0 {
		return kinds[1]
	}
	return kinds[0]
}

// ranges filters by numbers and days.
func (s *selection) ranges(q *Query) {
	c := s.c
	if r := q.Amount; !r.open() {
		s.amounts(r)
	}
	if r := q.Months; !r.open() {
		s.between(r, func(row uint32) float64 { return lessOne(uint32(c.months[row])) })
	}
	if r := q.Offers; !r.open() {
		s.between(r, func(row uint32) float64 { return lessOne(c.cols[baseOffers].at(row)) })
	}
	s.daysIn(q.Notified, c.day, baseMonth)
	s.daysIn(q.Ends, c.end, baseEndMonth)
}

// lessOne is a number that is kept plus one, NaN for 0.
func lessOne(n uint32) float64 {
	if n == 0 {
		return math.NaN()
	}
	return float64(n - 1)
}

// amounts is what is asked for most, and of most rows.
func (s *selection) amounts(r Range) {
	low, high, col := math.Inf(-1), math.Inf(1), s.c.amount
	if r.Min != nil {
		low = *r.Min
	}
	if r.Max != nil {
		high = *r.Max
	}
	s.test(func(rows []uint32) []uint32 {
		n := 0
		for _, row := range rows {
			rows[n] = row
			if v := col[row]; v >= low && v <= high { // not so for NaN
				n++
			}
		}
		return rows[:n]
	})
}

func (s *selection) between(r Range, of func(row uint32) float64) {
	s.test(func(rows []uint32) []uint32 {
		out := rows[:0]
		for _, row := range rows {
			if v := of(row); v == v && r.holds(v) {
				out = append(out, row)
			}
		}
		return out
	})
}

// fewMonths is up to how many months are gathered from their rows.
const fewMonths = 24

func (s *selection) daysIn(d Days, col []uint32, b base) {
	if d.open() {
		return
	}
	from, to := d.bounds()
	if first, last := monthOf(from), monthOf(to); first > 0 && last >= first && last-first < fewMonths {
		set := newRowset(s.c.n)
		for m := first; m <= last && int(m) < len(s.c.posts[b]); m++ {
			set.or(&s.c.posts[b][m])
		}
		s.meet(set)
	}
	s.test(func(rows []uint32) []uint32 {
		out := rows[:0]
		for _, row := range rows {
			if v := col[row]; v >= from && v <= to && v != 0 {
				out = append(out, row)
			}
		}
		return out
	})
}
