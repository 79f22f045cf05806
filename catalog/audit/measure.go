package audit

import (
	"slices"
	"time"

	"maillon/catalog"
	"maillon/catalog/pivot"
)

// A Measure is what a set of contracts amounts to. The zero value is that of no
// contract. Contracts that were withdrawn or redacted are counted as such and in
// nothing else.
type Measure struct {
	Conforming, ToCorrect int
	Withdrawn, Redacted   int
	Marches, Concessions  int

	Years  Tally // of notification or signature; "" if unknown
	Months Tally // of receipt of the version shown, as in 2026-03
	Errors Tally // rule → contracts that break it, by errors
	Doubts Tally // rule → contracts that break it, by warnings

	// Of marchés. Days has the days from notification to publication, in any
	// order; those that are not in it are Early or Undated.
	Days    []int16
	Late    int // published more than two months after notification
	Early   int // published before notification: one of the dates is wrong
	Undated int // one of the dates is missing, or no date

	// Of concessions, which are to be published before their execution begins.
	Begun        int // both dates are known
	BegunLate    int // published after the beginning
	BegunUndated int

	asked, given []uint32 // by place in fields; nil if no contract was added
}

// Contracts is the number of contracts that stand; 0 of nil.
func (m *Measure) Contracts() int {
	if m == nil {
		return 0
	}
	return m.Conforming + m.ToCorrect
}

// Add takes in a contract as it is shown.
func (m *Measure) Add(c *pivot.Complete) {
	switch {
	case c.State != pivot.Conforming && c.State != pivot.ToCorrect:
		m.Redacted++
		return
	case c.Withdrawn:
		m.Withdrawn++
		return
	case c.State == pivot.Conforming:
		m.Conforming++
	default:
		m.ToCorrect++
	}
	m.Years.Add(c.Year(), 1)
	if !c.ReceivedAt.IsZero() {
		m.Months.Add(c.ReceivedAt.UTC().Format("2006-01"), 1)
	}
	m.addRules(c.Problems)
	m.addFields(c)
	if c.Kind == pivot.Concession {
		m.Concessions++
		m.addConcession(&c.Contract)
		return
	}
	m.Marches++
	m.addMarche(&c.Contract)
}

// addRules counts each rule once a contract.
func (m *Measure) addRules(ps catalog.Problems) {
	for i, p := range ps {
		same := func(q catalog.Problem) bool { return q.Rule == p.Rule && q.Severity == p.Severity }
		if slices.ContainsFunc(ps[:i], same) {
			continue
		}
		if p.Severity == catalog.Error {
			m.Errors.Add(p.Rule, 1)
		} else {
			m.Doubts.Add(p.Rule, 1)
		}
	}
}

func (m *Measure) addFields(c *pivot.Complete) {
	all := fields()
	if m.asked == nil {
		m.asked, m.given = make([]uint32, len(all)), make([]uint32, len(all))
	}
	for i := range all {
		f := &all[i]
		if f.kind != c.Kind || !f.asked[c.Schema] {
			continue
		}
		m.asked[i]++
		if f.given(&c.Contract) {
			m.given[i]++
		}
	}
}

func (m *Measure) addMarche(c *pivot.Contract) {
	from, ok := dayOf(c.Notified)
	to, known := dayOf(c.Published)
	switch {
	case !ok || !known:
		m.Undated++
	case to.Before(from):
		m.Early++
	default:
		m.Days = append(m.Days, int16(min(to.Sub(from)/(24*time.Hour), 1<<15-1)))
		if to.After(Deadline(from)) {
			m.Late++
		}
	}
}

func (m *Measure) addConcession(c *pivot.Contract) {
	start, ok := dayOf(c.Start)
	published, known := dayOf(c.Published)
	if !ok || !known {
		m.BegunUndated++
		return
	}
	m.Begun++
	if published.After(start) {
		m.BegunLate++
	}
}

// dayOf reads a date that a contract can have: from 1990 to 2099.
func dayOf(s string) (time.Time, bool) {
	d, err := time.Parse(time.DateOnly, s)
	return d, err == nil && d.Year() >= 1990 && d.Year() < 2100
}

// Deadline is the last day on which a marché notified on a day may be
// published: that of the same number two months later, or the last of that month.
func Deadline(notified time.Time) time.Time {
	first := time.Date(notified.Year(), notified.Month()+2, 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return first.AddDate(0, 0, min(notified.Day(), last)-1)
}

// Merge adds what o holds. o stays as it is.
func (m *Measure) Merge(o *Measure) {
	if o == nil {
		return
	}
	for _, n := range []struct {
		to   *int
		from int
	}{
		{&m.Conforming, o.Conforming}, {&m.ToCorrect, o.ToCorrect}, {&m.Withdrawn, o.Withdrawn}, {&m.Redacted, o.Redacted},
		{&m.Marches, o.Marches}, {&m.Concessions, o.Concessions}, {&m.Late, o.Late}, {&m.Early, o.Early}, {&m.Undated, o.Undated},
		{&m.Begun, o.Begun}, {&m.BegunLate, o.BegunLate}, {&m.BegunUndated, o.BegunUndated},
	} {
		*n.to += n.from
	}
	m.Years.Merge(o.Years)
	m.Months.Merge(o.Months)
	m.Errors.Merge(o.Errors)
	m.Doubts.Merge(o.Doubts)
	m.Days = append(m.Days, o.Days...)
	if o.asked == nil {
		return
	}
	if m.asked == nil {
		m.asked, m.given = make([]uint32, len(o.asked)), make([]uint32, len(o.asked))
	}
	for i := range o.asked {
		m.asked[i] += o.asked[i]
		m.given[i] += o.given[i]
	}
}

// Fields tells for each legal field how many contracts give it; fields that no
// contract was asked for are left out.
func (m *Measure) Fields() []FieldShare {
	var out []FieldShare
	for i, n := range m.asked {
		if f := fields()[i]; n > 0 {
			out = append(out, FieldShare{f.name, f.kind, f.required, int(n), int(m.given[i])})
		}
	}
	return out
}

// A Delay is how long marchés take from notification to publication, and how
// many keep to the legal two months. Share is what Late is of N.
type Delay struct {
	N       int     `json:"n"`       // marchés with both dates
	Median  int     `json:"median"`  // days
	P90     int     `json:"p90"`     // days: nine in ten take no longer
	Late    int     `json:"late"`    // more than two months
	Share   float64 `json:"share"`   // 0 to 1
	Early   int     `json:"early"`   // published before notification, left out of the days
	Missing int     `json:"missing"` // without one of the dates

	Concessions     int `json:"concessions"`     // with publication and beginning of execution
	ConcessionsLate int `json:"concessionsLate"` // published after that beginning
}

// Delay sums up the delays. The median and the 90th centile are days that were
// met: of n sorted values those of rank ⌈n/2⌉ and ⌈9n/10⌉.
func (m *Measure) Delay() Delay {
	d := Delay{N: len(m.Days), Late: m.Late, Early: m.Early, Missing: m.Undated, Concessions: m.Begun, ConcessionsLate: m.BegunLate}
	if d.N == 0 {
		return d
	}
	days := slices.Clone(m.Days)
	slices.Sort(days)
	d.Median, d.P90 = int(days[(d.N+1)/2-1]), int(days[(9*d.N+9)/10-1])
	d.Share = float64(d.Late) / float64(d.N)
	return d
}
