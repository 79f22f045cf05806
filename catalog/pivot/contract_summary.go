package pivot

import (
	"cmp"
	"slices"
	"time"
)

// LatestPublication is the latest day on which something of the contract was
// published: its data, a modification, an act of subcontracting or its
// change, a year of execution. "" if no date of publication is given.
func (c Contract) LatestPublication() string {
	last := ""
	see := func(date string) {
		if normIsDay(date) {
			last = max(last, date)
		}
	}
	see(c.Published)
	for _, m := range c.Modifications {
		see(m.Published)
	}
	for _, s := range c.Subcontracts {
		see(s.Published)
	}
	for _, s := range c.SubcontractChanges {
		see(s.Published)
	}
	for _, e := range c.Execution {
		see(e.Published)
	}
	return last
}

// Year is the year of notification (or signature) in four digits; "" if it is
// not known, or written as no contract can have been signed ("0218-01-05").
func (c Contract) Year() string {
	if !normIsDay(c.Notified) || c.Notified < "1800" || c.Notified >= "2200" {
		return ""
	}
	return c.Notified[:4]
}

// Completeness counts the values of legal fields that the contract gives, at
// all levels. Extra does not count. Of two versions of one contract the one
// with the higher count tells more.
func (c Contract) Completeness() int {
	n := someTexts(c.ID, c.Buyer.ID, c.Buyer.Name, c.Nature, c.Object, c.CPV, c.Procedure, c.FrameworkID, c.CCAG,
		c.Grouping, c.Notified, c.Published, c.Start, c.PriceForm)
	n += someTexts(c.Techniques...) + someTexts(c.Modalities...) + someTexts(c.PriceTypes...) +
		someTexts(c.Social...) + someTexts(c.Environment...)
	n += some(c.Innovative, c.Advance, c.Subcontracting) + some(c.Offers, c.Months) +
		some(c.AdvanceRate, c.Amount, c.Subsidy, c.OriginEU, c.OriginFR)
	if c.Place != nil {
		n += someTexts(c.Place.Code, c.Place.CodeType, c.Place.Name)
	}
	n += someSuppliers(c.Suppliers...)
	for _, s := range c.Subcontracts {
		n += some(s.ID, s.Months) + some(s.Amount) + someTexts(s.Notified, s.Published, s.PriceVar) + someSuppliers(s.Supplier)
	}
	for _, s := range c.SubcontractChanges {
		n += some(s.ID, s.Months) + some(s.Amount) + someTexts(s.Notified, s.Published)
	}
	for _, m := range c.Modifications {
		n += some(m.ID, m.Months) + some(m.Amount) + someTexts(m.Object, m.Notified, m.Published) + someSuppliers(m.Suppliers...)
	}
	for _, e := range c.Execution {
		n += someTexts(e.Published) + some(e.Investment)
		for _, t := range e.Tariffs {
			n += someTexts(t.Title) + some(t.Price)
		}
	}
	return n
}

func someTexts(list ...string) (n int) {
	for _, s := range list {
		if s != "" {
			n++
		}
	}
	return n
}

func some[T any](list ...*T) (n int) {
	for _, p := range list {
		if p != nil {
			n++
		}
	}
	return n
}

func someSuppliers(list ...Supplier) (n int) {
	for _, s := range list {
		n += someTexts(s.IDType, s.ID, s.Name)
	}
	return n
}

// MostMonths is from which duration on one is taken for a slip: a hundred years.
const MostMonths = 1200

// End is the day, AAAA-MM-JJ, on which the contract is to end: its notification and
// its duration; "" if either is missing or absurd.
func (c Contract) End() string {
	start, err := time.Parse(time.DateOnly, c.Notified)
	if err != nil || c.Months == nil || *c.Months <= 0 || *c.Months >= MostMonths {
		return ""
	}
	return start.AddDate(0, *c.Months, 0).Format(time.DateOnly)
}

// Current is the contract as its last modification left it: amount, duration
// and suppliers are those of the latest modification that gives them, by date
// of notification and, on one day, by place in the list. The modifications
// stay in it; c is not changed.
func (c Contract) Current() Contract {
	mods := slices.Clone(c.Modifications)
	slices.SortStableFunc(mods, func(a, b Modification) int { return cmp.Compare(a.Notified, b.Notified) })
	for _, m := range mods {
		if m.Months != nil {
			c.Months = m.Months
		}
		if m.Amount != nil {
			c.Amount = m.Amount
		}
		if len(m.Suppliers) > 0 {
			c.Suppliers = m.Suppliers
		}
	}
	return c
}
