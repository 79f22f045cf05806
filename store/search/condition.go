package search

import "sync"

// A test is a part of a query that follows from what stands in the columns of a row.
type test struct {
	set  func() rowset                // the rows that pass, where these are few; nil where the columns are to be read
	keep func(rows []uint32) []uint32 // those of the rows that pass
	word func(i int) uint64           // the same of the rows of a word of a set, of those that are there
}

// Rows never change: what passed a test once passes it for ever, unless another register
// is taken. So the rows that pass what is asked often are remembered, as far as they were
// there, and only those that came since are looked at.
type conditions struct {
	mu    sync.Mutex
	asked map[string]int // how often, of what is not remembered
	known map[string]*passed
	clock int
}

// A passed is which of the first rows of an index pass a test. It is not changed.
type passed struct {
	set  rowset
	n    int // rows that were there
	used int // when, on the clock of the conditions
}

// Bounds of what is remembered: a set takes an eighth of a byte a row.
const (
	mostPassed = 96
	mostAsked  = 4096 // tests whose number is kept
	oftenAsked = 3
)

// only keeps the rows that pass a test. Its key says what it asks: equal keys, equal
// tests. The second time that it is asked, what passes is remembered.
func (s *selection) only(key string, of func() test) {
	known, often := s.c.conditions.look(key)
	if known != nil && known.n == s.c.n {
		s.meet(known.set)
		return
	}
	switch t := of(); {
	case often:
		s.meet(s.c.conditions.keep(key, t.pass(s.c.n, known)))
	case t.set != nil:
		s.meet(t.set())
	default:
		s.tests = append(s.tests, t)
	}
}

// pass is which of the n rows pass; some are known already.
func (t *test) pass(n int, known *passed) *passed {
	if t.set != nil && known == nil {
		return &passed{set: t.set(), n: n}
	}
	p, from := &passed{set: newRowset(n), n: n}, 0
	if known != nil {
		from = known.n >> 6 // the last word may have got rows
		copy(p.set, known.set[:from])
	}
	for i := from; i < len(p.set); i++ {
		p.set[i] = t.word(i)
	}
	return p
}

// look finds what is known of a test, and tells whether it is asked often.
func (c *conditions) look(key string) (known *passed, often bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p := c.known[key]; p != nil {
		c.clock++
		p.used = c.clock
		return p, true
	}
	if c.asked == nil || len(c.asked) >= mostAsked {
		c.asked = map[string]int{}
	}
	c.asked[key]++
	return nil, c.asked[key] >= oftenAsked
}

// keep remembers what passes a test, in the place of what was not asked for longest.
func (c *conditions) keep(key string, p *passed) rowset {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known == nil {
		c.known = map[string]*passed{}
	}
	c.clock++
	p.used = c.clock
	delete(c.asked, key)
	c.known[key] = p
	for len(c.known) > mostPassed {
		oldest := key
		for k, other := range c.known {
			if other.used < c.known[oldest].used {
				oldest = k
			}
		}
		delete(c.known, oldest)
	}
	return p.set
}

// forget is for what changes rows, with the index locked for writing.
func (c *conditions) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked, c.known = nil, nil
}

// bit is 1 for true; the compiler makes no branch of it.
func bit(is bool) uint64 {
	if is {
		return 1
	}
	return 0
}

// word64 are those values of a column that a word of a set is about.
func word64[T any](col []T, i int) []T { return col[i<<6 : min(len(col), i<<6+64)] }

// among is the test whether a code is wanted.
func (c *column) among(wanted []bool) test {
	if c.u16 != nil {
		return amongOf(c.u16, wanted)
	}
	return amongOf(c.u32, wanted)
}

func amongOf[T uint16 | uint32](col []T, wanted []bool) test {
	return test{
		keep: func(rows []uint32) []uint32 { return keepIn(col, rows, wanted) },
		word: func(i int) (w uint64) {
			for k, v := range word64(col, i) {
				w |= bit(wanted[v]) << k
			}
			return w
		},
	}
}

// within is the test whether a value is between two, both included.
func within[T uint32 | float64](col []T, low, high T) test {
	return test{
		keep: func(rows []uint32) []uint32 {
			n := 0
			for _, r := range rows {
				rows[n] = r
				v := col[r] // NaN is within nothing
				n += int(bit(v >= low) & bit(v <= high))
			}
			return rows[:n]
		},
		word: func(i int) (w uint64) {
			for k, v := range word64(col, i) {
				w |= bit(v >= low) & bit(v <= high) << k
			}
			return w
		},
	}
}
