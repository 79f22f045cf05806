package search

import (
	"slices"
	"strings"
	"sync"
)

// A memo remembers answers until the index changes. A page of numbers asks a score of
// questions, and its next reader the same ones; who looks at a list asks for its next
// page, or for another order.
type memo[T any] struct {
	mu   sync.Mutex
	most int
	all  map[string]T
	copy func(T) T // readers may change what they get
}

// Bounds of the memos: how many tables with how many groups each, and how many times
// all facets of a query.
const (
	mostTables = 512
	mostKept   = 200
	mostFacets = 256
)

// memoKey names a question: sort, limit and cursor do not matter, but do no harm.
func memoKey(q *Query, by []Dimension, measures []Measure, plausible bool) string {
	var b strings.Builder
	if plausible {
		b.WriteString("plausible ")
	}
	b.WriteString(q.Values().Encode())
	for _, d := range by {
		b.WriteString("\x00by " + string(d))
	}
	for _, m := range measures {
		b.WriteString("\x00of " + string(m))
	}
	return b.String()
}

// facetKey names what facets depend on.
func facetKey(q *Query) string {
	f := q.Filter()
	f.Facets = q.Facets
	return f.Values().Encode()
}

func (m *memo[T]) get(key string) (T, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	t, ok := m.all[key]
	return m.copy(t), ok
}

func (m *memo[T]) keep(key string, t T) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.all == nil || len(m.all) >= m.most {
		m.all = map[string]T{}
	}
	m.all[key] = m.copy(t)
}

// forget is for whatever changes an answer, with the index locked for writing.
func (c *core) forget() {
	c.tables.forget()
	c.counted.forget()
}

func (m *memo[T]) forget() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.all = nil
}

func copyFacets(f map[Dimension][]Count) map[Dimension][]Count {
	out := make(map[Dimension][]Count, len(f))
	for d, list := range f {
		out[d] = slices.Clone(list)
	}
	return out
}

// clone is a copy whose numbers may be changed.
func (t Table) clone() Table {
	t.Total = t.Total.clone()
	groups := make([]Group, len(t.Groups))
	for i, g := range t.Groups {
		groups[i] = g.clone()
	}
	t.Groups = groups
	return t
}

func (g Group) clone() Group {
	g.Keys, g.Values, g.Missing = slices.Clone(g.Keys), slices.Clone(g.Values), slices.Clone(g.Missing)
	return g
}
