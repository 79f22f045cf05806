package search

import (
	"slices"
	"strings"
	"sync"
)

// A memo remembers tables until the index changes. A page of numbers asks a score of
// questions, and its next reader the same ones.
type memo struct {
	mu     sync.Mutex
	tables map[string]Table
}

// Bounds of a memo: how many tables, and how many groups each.
const (
	mostTables = 512
	mostKept   = 200
)

// memoKey names a question: sort, limit and cursor do not matter, but do no harm.
func memoKey(q *Query, by []Dimension, measures []Measure) string {
	var b strings.Builder
	b.WriteString(q.Values().Encode())
	for _, d := range by {
		b.WriteString("\x00by " + string(d))
	}
	for _, m := range measures {
		b.WriteString("\x00of " + string(m))
	}
	return b.String()
}

func (m *memo) get(key string) (Table, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	t, ok := m.tables[key]
	return t.clone(), ok
}

func (m *memo) keep(key string, t Table) {
	if len(t.Groups) > mostKept {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.tables == nil || len(m.tables) >= mostTables {
		m.tables = map[string]Table{}
	}
	m.tables[key] = t.clone()
}

// forget is called, with the index locked for writing, whenever a contract changes.
func (m *memo) forget() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.tables = nil
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
