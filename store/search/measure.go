package search

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// A Measure is what is said of a group of contracts: "count", "share", or what is made
// of a number or a fact, as in "sum:amount", "median:months", "p90:delay",
// "rate:single_offer", "distinct:supplier", "share:amount".
type Measure string

// The measures that need no number.
const (
	CountOf Measure = "count" // contracts
	ShareOf Measure = "share" // contracts of the group among all that the query finds, 0 to 1
)

// what a measure is made of: an operation and its operand.
func (m Measure) parts() (op, of string) {
	op, of, _ = strings.Cut(string(m), ":")
	if of == "" && m != CountOf && m != ShareOf {
		of = "amount"
	}
	return op, of
}

// Numbers lists what sums, means and percentiles can be made of. Amounts are euros
// without tax; delay is days from notification to publication; growth is what
// modifications changed of the amount, as a part of it, where there are any; distance is
// kilometres from the buyer to the supplier.
func Numbers() []string {
	return []string{"amount", "initial", "months", "offers", "delay", "growth", "distance"}
}

// Facts lists what rates can be made of.
func Facts() []string {
	return []string{"social", "environmental", "modified", "innovative", "single_offer", "concession", "conforme", "late", "sme",
		"local_commune", "local_epci", "local_departement", "local_region"}
}

// Known reports whether there is such a measure.
func (m Measure) Known() bool {
	op, of := m.parts()
	switch op {
	case "count", "share":
		return of == "" || op == "share" && of == "amount"
	case "sum", "mean", "median", "min", "max":
		return slices.Contains(Numbers(), of)
	case "rate", "amount_rate":
		return slices.Contains(Facts(), of)
	case "distinct":
		return of == "buyer" || of == "supplier"
	}
	_, ok := percent(op)
	return ok && slices.Contains(Numbers(), of)
}

// percent reads p1 to p99, and median.
func percent(op string) (float64, bool) {
	if op == "median" {
		return 0.5, true
	}
	n, err := strconv.Atoi(strings.TrimPrefix(op, "p"))
	if err != nil || op[0] != 'p' || n < 1 || n > 99 {
		return 0, false
	}
	return float64(n) / 100, true
}

// ParseMeasures reads measures parted by commas. Without any it is the count and the
// sum of amounts.
func ParseMeasures(text string) ([]Measure, error) {
	if strings.TrimSpace(text) == "" {
		return []Measure{CountOf, "sum:amount"}, nil
	}
	var out []Measure
	for part := range strings.SplitSeq(text, ",") {
		m := Measure(strings.TrimSpace(part))
		if !m.Known() || len(out) == maxMeasures {
			return nil, &ParamError{Name: "measures", Value: shown(part), Want: "count, share, share:amount, distinct:buyer, distinct:supplier, " +
				"sum, mean, median, min, max, p1…p99 of " + strings.Join(Numbers(), ", ") + " (as in median:amount), rate, amount_rate of " + strings.Join(Facts(), ", ")}
		}
		out = append(out, m)
	}
	return out, nil
}

const maxMeasures = 12

// ParseDimensions reads up to two dimensions parted by a comma.
func ParseDimensions(text string) ([]Dimension, error) {
	var out []Dimension
	for part := range strings.SplitSeq(text, ",") {
		d := Dimension(strings.TrimSpace(part))
		if d == "" {
			continue
		}
		if !d.Known() || len(out) == 2 {
			return nil, &ParamError{Name: "by", Value: shown(part), Want: "one or two of " + joined(Dimensions())}
		}
		out = append(out, d)
	}
	return out, nil
}

// number gives what a number is of a row; NaN where it is not known.
func (c *core) number(name string) func(row uint32) float64 {
	switch name {
	case "initial":
		return c.initialOf
	case "months":
		return func(r uint32) float64 { return lessOne(uint32(c.months[r])) }
	case "offers":
		return func(r uint32) float64 { return lessOne(c.cols[baseOffers].at(r)) }
	case "delay":
		return func(r uint32) float64 { return c.delay(r) }
	case "distance":
		return c.distance
	case "growth":
		return func(r uint32) float64 {
			was := c.initialOf(r)
			if c.flags(r)&flagModified == 0 || was == 0 {
				return math.NaN()
			}
			return (c.amount[r] - was) / was
		}
	}
	return func(r uint32) float64 { return c.amount[r] }
}

// delay is how many days passed from notification to publication.
func (c *core) delay(r uint32) float64 {
	if c.day[r] == 0 || c.published[r] == 0 {
		return math.NaN()
	}
	return float64(civil(c.published[r]) - civil(c.day[r]))
}

// distance is how far the supplier's commune is from the one where the buyer sits.
func (c *core) distance(r uint32) float64 {
	return c.sites.distance(c.sites.buyers[c.cols[baseBuyer].at(r)].stands, c.sites.suppliers[c.supplierOf(r)].stands)
}

// civil numbers the days of the calendar one after another.
func civil(day uint32) int {
	y, m, d := int(day/10000), int(day/100%100), int(day%100)
	if m <= 2 {
		y, m = y-1, m+12
	}
	return 365*y + y/4 - y/100 + y/400 + (153*(m-3)+2)/5 + d
}

// legalDelay is within how many days data are to be published (two months).
const legalDelay = 62

// fact tells whether a row is so, and whether that is known.
func (c *core) fact(name string) func(row uint32) (is, known bool) {
	flag := func(known, is uint32) func(uint32) (bool, bool) {
		return func(r uint32) (bool, bool) {
			f := c.flags(r)
			return f&is != 0, known == 0 || f&known != 0
		}
	}
	switch name {
	case "social":
		return flag(flagSocialKnown, flagSocial)
	case "environmental":
		return flag(flagGreenKnown, flagGreen)
	case "modified":
		return flag(0, flagModified)
	case "innovative":
		return flag(0, flagInnovative)
	case "concession":
		return flag(0, flagConcession)
	case "single_offer":
		return func(r uint32) (bool, bool) { n := c.cols[baseOffers].at(r); return n == 2, n > 1 }
	case "sme":
		return func(r uint32) (bool, bool) { n := c.firm(r).size; return n == 1, n > 0 }
	case "local_commune", "local_epci", "local_departement", "local_region":
		bit := uint8(1) << slices.Index(zones, strings.TrimPrefix(name, "local_"))
		return func(r uint32) (bool, bool) { f := c.firm(r); return f.same&bit != 0, f.known&bit != 0 }
	case "late":
		return func(r uint32) (bool, bool) { d := c.delay(r); return d > legalDelay, d == d }
	}
	return func(r uint32) (bool, bool) { return c.flags(r)&flagState == 0, true }
}
