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
	p, set := s.c.places, newRowset(s.c.n)
	for _, g := range zones {
		var d *dict
		var b base
		switch g.Level() {
		case territory.Commune:
			d, b = p.communes, baseCommune
		case territory.EPCI:
			d, b = p.epcis, baseEPCI
		case territory.Region:
			d, b = p.regions, baseRegion
		default:
			for _, code := range territory.Departements(g) {
				s.orCode(set, p.departements, baseDepartement, code)
			}
			continue
		}
		s.orCode(set, d, b, g.Code())
	}
	s.meet(set)
	if given {
		s.flags(func(f uint32) bool { return f&flagPlace != 0 })
	}
}

func (s *selection) orCode(set rowset, d *dict, b base, value string) {
	if code, ok := d.codes[value]; ok && int(code) < len(s.c.posts[b]) {
		set.or(&s.c.posts[b][code])
	}
}

// codes filters by the values of closed and open lists.
func (s *selection) codes(q *Query) {
	for _, f := range []struct {
		values []string
		d      *dict
		b      base
	}{
		{q.Procedure, s.c.procedures, baseProcedure}, {q.Nature, s.c.natures, baseNature}, {q.Technique, s.c.techniques, baseTechnique}, {q.Node, s.c.nodes, baseNode},
	} {
		if len(f.values) == 0 {
			continue
		}
		set := newRowset(s.c.n)
		for _, v := range f.values {
			s.orCode(set, f.d, f.b, v)
		}
		s.meet(set)
	}
	if len(q.CPV) > 0 {
		s.cpv(q.CPV)
	}
	s.flagged(q)
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

func (s *selection) flagged(q *Query) {
	if len(q.State) > 0 {
		s.flags(func(f uint32) bool { return slices.Contains(q.State, string(states[f&flagState])) })
	}
	if len(q.Kind) > 0 {
		s.flags(func(f uint32) bool { return slices.Contains(q.Kind, kindOf(f)) })
	}
	if slices.Contains(q.Considered, wishes[0]) {
		s.flags(func(f uint32) bool { return f&flagSocial != 0 })
	}
	if slices.Contains(q.Considered, wishes[1]) {
		s.flags(func(f uint32) bool { return f&flagGreen != 0 })
	}
	if q.Conflict {
		s.flags(func(f uint32) bool { return f&flagConflict != 0 })
	}
}

func kindOf(flags uint32) string {
	if flags&flagConcession != 0 {
		return kinds[1]
	}
	return kinds[0]
}

// flags keeps the rows whose flags are such.
func (s *selection) flags(are func(uint32) bool) {
	posts := s.c.posts[baseFlags]
	wanted, size := make([]bool, flagsEnd), 0
	for f := range wanted {
		if wanted[f] = are(uint32(f)); wanted[f] && f < len(posts) {
			size += posts[f].size()
		}
	}
	s.column(baseFlags, wanted, size, posts)
}

// ranges filters by numbers and days.
func (s *selection) ranges(q *Query) {
	c := s.c
	if r := q.Amount; !r.open() {
		s.between(r, func(row uint32) float64 { return c.amount[row] })
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
