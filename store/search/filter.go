package search

import (
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strconv"
	"strings"

	"maillon/catalog/territory"
)

// A selection is the rows that a query finds: those of a set that every test lets
// through. Bitmaps and what is remembered make the set, columns the tests.
type selection struct {
	c     *core
	set   rowset
	tests []test
	terms []clauseRows // of the text, for relevance
}

// A set of less than one in so many of all rows is gone through row by row, not word by
// word; the postings of codes that have less than one in so many are put together.
const (
	wordsFrom    = 6
	postingsUpTo = 16
)

// settle lets the tests decide: then the set is what the query finds. It returns how
// many that are.
func (s *selection) settle() int {
	n := s.set.count()
	for ; len(s.tests) > 0 && n > s.c.n/wordsFrom; s.tests = s.tests[1:] {
		t := &s.tests[0]
		n = 0
		for i, w := range s.set {
			if w != 0 {
				w &= t.word(i)
				s.set[i] = w
				n += bits.OnesCount64(w)
			}
		}
	}
	if len(s.tests) == 0 {
		return n
	}
	set := newRowset(s.c.n)
	n = 0
	s.set.each(func(rows []uint32) bool {
		for i := range s.tests {
			rows = s.tests[i].keep(rows)
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

func (s *selection) meet(set rowset) { s.set.and(set) }

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
		s.buyersWho("level "+strings.Join(q.Level, "|"), func(f *buyerFact) bool { return slices.Contains(q.Level, f.level) })
	}
}

// buyersWho keeps the rows of some buyers.
func (s *selection) buyersWho(key string, are func(*buyerFact) bool) {
	s.only(key, func() test {
		wanted := make([]bool, len(s.c.buyerFacts))
		for i := range s.c.buyerFacts {
			wanted[i] = are(&s.c.buyerFacts[i])
		}
		return s.column(baseBuyer, wanted, s.c.byBuyer)
	})
}

// column tests whether the code of a row is wanted: by the postings of these codes where
// they are few, else by looking at the column.
func (s *selection) column(b base, wanted []bool, posts []posting) test {
	c, size := s.c, 0
	for code, n := range c.all[b][:min(len(wanted), len(c.all[b]))] {
		if wanted[code] {
			size += int(n)
		}
	}
	t := c.cols[b].among(wanted)
	if size <= c.n/postingsUpTo {
		t.set = func() rowset {
			set := newRowset(c.n)
			for code, is := range wanted {
				if is && code < len(posts) {
					set.or(&posts[code])
				}
			}
			return set
		}
	}
	return t
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
			s.buyersWho("buyers in "+namesOf(of), func(f *buyerFact) bool {
				return slices.ContainsFunc(of, func(g territory.Geozone) bool { return territory.Contains(g, f.zone) })
			})
		default:
			s.executed(of, side == PlaceSide)
		}
	}
}

func namesOf(zones []territory.Geozone) string {
	names := make([]string, len(zones))
	for i, g := range zones {
		names[i] = g.String()
	}
	return strings.Join(names, "|")
}

// executed filters by the place of execution; unless given, by that or the buyer's.
func (s *selection) executed(zones []territory.Geozone, given bool) {
	side := "in "
	if given {
		side = "executed in "
	}
	s.only(side+namesOf(zones), func() test {
		p := s.c.places
		communes, epcis, departements, regions := p.communes.set(), p.epcis.set(), p.departements.set(), p.regions.set()
		for _, g := range zones {
			switch g.Level() {
			case territory.Commune:
				communes.take(g.Code())
			case territory.EPCI:
				epcis.take(g.Code())
			case territory.Region:
				regions.take(g.Code())
			default:
				departements.take(territory.Departements(g)...)
			}
		}
		wanted := make([]bool, len(s.c.spots.values))
		for code, at := range s.c.spots.values {
			in := communes.has[at.commune] || epcis.has[at.epci] || departements.has[at.departement] || regions.has[at.region]
			wanted[code] = in && (at.given || !given)
		}
		return s.column(basePlace, wanted, s.c.posts[basePlace])
	})
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
	key := fmt.Sprintf("mix %q %q %q %q %q %q %t", q.State, q.Kind, q.Procedure, q.Nature, q.Technique, q.Considered, q.Conflict)
	s.only(key, func() test {
		c := s.c
		among := func(list []string, v string) bool { return len(list) == 0 || slices.Contains(list, v) }
		social, green := slices.Contains(q.Considered, wishes[0]), slices.Contains(q.Considered, wishes[1])
		wanted := make([]bool, len(c.mixes.values))
		for code, m := range c.mixes.values {
			wanted[code] = among(q.State, string(states[m.flags&flagState])) && among(q.Kind, kindOf(m.flags)) &&
				among(q.Procedure, c.procedures.values[m.procedure]) && among(q.Nature, c.natures.values[m.nature]) &&
				among(q.Technique, c.techniques.values[m.technique]) && (!social || m.flags&flagSocial != 0) &&
				(!green || m.flags&flagGreen != 0) && (!q.Conflict || m.flags&flagConflict != 0)
		}
		return s.column(baseMix, wanted, c.posts[baseMix])
	})
}

// cpv keeps the rows whose code begins so. A shorter code of the tree that ends in
// zeros is not its branch: 45000000 is that code, 45 the branch.
func (s *selection) cpv(prefixes []string) {
	s.only("cpv "+strings.Join(prefixes, "|"), func() test {
		d := s.c.cpvs
		wanted := make([]bool, len(d.values))
		for code, value := range d.values {
			for _, p := range prefixes {
				p, _, _ = strings.Cut(p, "-")
				if value != "" && strings.HasPrefix(value, p) {
					wanted[code] = true
				}
			}
		}
		return s.column(baseCPV, wanted, s.c.posts[baseCPV])
	})
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
		low, high := r.bounds()
		s.only(r.key("amount"), func() test { return within(c.amount, low, high) })
	}
	if r := q.Months; !r.open() {
		s.between(r, "months", func(row uint32) float64 { return lessOne(uint32(c.months[row])) })
	}
	if r := q.Offers; !r.open() {
		s.between(r, "offers", func(row uint32) float64 { return lessOne(c.cols[baseOffers].at(row)) })
	}
	s.daysIn("day", q.Notified, c.day, baseMonth)
	s.daysIn("end", q.Ends, c.end, baseEndMonth)
}

// lessOne is a number that is kept plus one, NaN for 0.
func lessOne(n uint32) float64 {
	if n == 0 {
		return math.NaN()
	}
	return float64(n - 1)
}

// bounds are the bounds of a range as numbers.
func (r Range) bounds() (low, high float64) {
	low, high = math.Inf(-1), math.Inf(1)
	if r.Min != nil {
		low = *r.Min
	}
	if r.Max != nil {
		high = *r.Max
	}
	return low, high
}

func (r Range) key(of string) string {
	low, high := r.bounds()
	return of + " " + strconv.FormatFloat(low, 'g', -1, 64) + " " + strconv.FormatFloat(high, 'g', -1, 64)
}

// between tests whether a number of a row is in a range.
func (s *selection) between(r Range, name string, of func(row uint32) float64) {
	low, high := r.bounds()
	in := func(row uint32) uint64 {
		v := of(row) // NaN is in no range
		return bit(v >= low) & bit(v <= high)
	}
	s.only(r.key(name), func() test {
		return test{
			keep: func(rows []uint32) []uint32 {
				n := 0
				for _, row := range rows {
					rows[n] = row
					n += int(in(row))
				}
				return rows[:n]
			},
			word: func(i int) (w uint64) {
				for row := i << 6; row < min(s.c.n, i<<6+64); row++ {
					w |= in(uint32(row)) << (row & 63)
				}
				return w
			},
		}
	})
}

// fewMonths is up to how many months are gathered from their rows.
const fewMonths = 24

func (s *selection) daysIn(name string, d Days, col []uint32, b base) {
	if d.open() {
		return
	}
	from, to := d.bounds()
	s.only(name+" "+d.From+" "+d.To, func() test {
		t := within(col, max(from, 1), to) // 0 is not known
		if first, last := monthOf(from), monthOf(to); first > 0 && last >= first && last-first < fewMonths {
			t.set = func() rowset { return s.months(first, last, b, &t) }
		}
		return t
	})
}

// months are the rows of some months that pass a test.
func (s *selection) months(first, last uint32, b base, t *test) rowset {
	set := newRowset(s.c.n)
	for m := first; m <= last && int(m) < len(s.c.posts[b]); m++ {
		set.or(&s.c.posts[b][m])
	}
	for i, w := range set {
		if w != 0 {
			set[i] = w & t.word(i)
		}
	}
	return set
}
