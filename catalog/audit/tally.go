package audit

import (
	"cmp"
	"slices"
	"strings"
	"unique"
)

// A Count is how often something was met.
type Count struct {
	Key string `json:"key"`
	N   int    `json:"n"`
}

// A Tally counts by key. It is sorted by key, and small: a partition keeps
// three of them for years.
type Tally []Count

// Add counts key n more times. The key's bytes are shared with other tallies.
func (t *Tally) Add(key string, n int) {
	at, found := slices.BinarySearchFunc(*t, key, func(c Count, key string) int { return strings.Compare(c.Key, key) })
	if found {
		(*t)[at].N += n
		return
	}
	*t = slices.Insert(*t, at, Count{unique.Make(key).Value(), n})
}

// Of is how often key was met.
func (t Tally) Of(key string) int {
	for _, c := range t {
		if c.Key == key {
			return c.N
		}
	}
	return 0
}

// Merge adds what o counts.
func (t *Tally) Merge(o Tally) {
	for _, c := range o {
		t.Add(c.Key, c.N)
	}
}

// Most lists the keys met most often, at most n of them; ties by key.
func (t Tally) Most(n int) []Count {
	out := slices.Clone(t)
	slices.SortStableFunc(out, func(a, b Count) int { return cmp.Compare(b.N, a.N) })
	return out[:min(n, len(out))]
}
