package harvest

import (
	"maps"
	"slices"
	"time"
)

// A Seen is what is remembered of one dataset of a source.
type Seen struct {
	Sum     string    `json:"sum"`              // of what was last kept of it
	First   time.Time `json:"first"`            // first seen
	Last    time.Time `json:"last"`             // last seen
	Missing time.Time `json:"missing,omitzero"` // since when complete visits do not find it
}

// A Policy says when what a source no longer lists is taken for deleted.
type Policy struct {
	Grace time.Duration // how long it must be missing
	Share float64       // the part of a source's datasets, from 0 to 1, that may go at once without an operator's word
}

// A Change is what a visit changes in the memory of a source.
type Change struct {
	Gone    []string // keys to delete, sorted
	Missing int      // datasets that are missing, those to be deleted included
	Held    int      // datasets that would be deleted but wait for an operator's word
}

// Settle takes a visit into the ledger of a source: what it found is there, and
// what a complete visit did not find is missing. What has been missing for the
// grace is gone, unless it is more than the share: then all of it waits until it
// comes back or an operator confirms. A visit that is not complete says nothing of
// what is absent, and neither does one that finds nothing at all.
func Settle(ledger map[string]Seen, v Visit, p Policy, now time.Time, confirmed bool) Change {
	for k := range v.Keys {
		if s, ok := ledger[k]; ok {
			s.Last, s.Missing = now, time.Time{}
			ledger[k] = s
		}
	}
	var c Change
	absent := v.Complete && (len(v.Keys) > 0 || confirmed)
	for _, k := range slices.Sorted(maps.Keys(ledger)) {
		s := ledger[k]
		if absent && !v.Keys[k] && s.Missing.IsZero() {
			s.Missing = now
			ledger[k] = s
		}
		if s.Missing.IsZero() {
			continue
		}
		c.Missing++
		if absent && (now.Sub(s.Missing) >= p.Grace || confirmed) {
			c.Gone = append(c.Gone, k)
		}
	}
	if most := max(1, int(p.Share*float64(len(ledger)))); len(c.Gone) > most && !confirmed {
		c.Held, c.Gone = len(c.Gone), nil
	}
	for _, k := range c.Gone {
		delete(ledger, k)
	}
	return c
}
