// Package storetest holds the contract of package store as a test suite,
// [Run], and [Mem], a store in memory that passes it and can fail on demand.
//
// Mem is for tests: it copies a bucket whenever a transaction first writes to
// it, so it is exact in what it rolls back and slow with large buckets.
package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"maillon/store"
)

// A Mem is a [store.DB] in memory.
type Mem struct {
	write sync.Mutex // held by the one Update
	state atomic.Pointer[state]
	fail  atomic.Pointer[func(op string) (bool, error)]
}

var _ store.DB = (*Mem)(nil)

// A state is all buckets by path, and is never changed once it is in a Mem.
type state map[string]*pairs

// pairs are in the order of their keys.
type pairs struct{ keys, values [][]byte }

// sep stands between the names of a path, end after the last one. Both sort
// before anything a name holds.
const sep = "\x00"

// Memory returns an empty store.
func Memory() *Mem {
	m := &Mem{}
	m.state.Store(&state{})
	return m
}

// Fail asks f before each transaction ends well: op is "update" or "view".
// If f returns an error the caller is told so; happens says whether an update
// takes place all the same, as when a power cut hits between the write and
// the answer. nil ends the failures.
func (m *Mem) Fail(f func(op string) (happens bool, err error)) {
	if f == nil {
		m.fail.Store(nil)
		return
	}
	m.fail.Store(&f)
}

func (m *Mem) outcome(op string) (bool, error) {
	if f := m.fail.Load(); f != nil {
		return (*f)(op)
	}
	return true, nil
}

// Copy returns a store with the same content, which then goes its own way:
// what a backup would hold.
func (m *Mem) Copy() *Mem {
	c := &Mem{}
	c.state.Store(m.state.Load())
	return c
}

// View implements [store.DB].
func (m *Mem) View(f func(store.Tx) error) error {
	t := &tx{state: *m.state.Load()}
	if err := errors.Join(f(t), t.err); err != nil {
		return err
	}
	_, err := m.outcome("view")
	return err
}

// Update implements [store.DB].
func (m *Mem) Update(f func(store.Tx) error) error {
	m.write.Lock()
	defer m.write.Unlock()
	t := &tx{state: maps.Clone(*m.state.Load()), own: map[string]bool{}}
	if err := f(t); err != nil {
		return err
	}
	if t.err != nil {
		return t.err
	}
	happens, err := m.outcome("update")
	if err == nil || happens {
		m.state.Store(&t.state)
	}
	return err
}

// A tx sees state; own lists the buckets it has copied, nil in a view.
type tx struct {
	state state
	own   map[string]bool
	err   error
}

// Bucket implements [store.Tx].
func (t *tx) Bucket(path ...string) store.Bucket {
	if err := checkPath(path); err != nil {
		if t.err == nil {
			t.err = err
		}
		return bucket{tx: t}
	}
	id := strings.Join(path, sep)
	if t.own != nil {
		for i := range path {
			up := strings.Join(path[:i+1], sep)
			if t.state[up] == nil {
				t.state[up], t.own[up] = &pairs{}, true
			}
		}
	}
	return bucket{tx: t, id: id}
}

func checkPath(path []string) error {
	if len(path) == 0 {
		return errors.New("a bucket needs a path")
	}
	for _, name := range path {
		if name == "" || strings.Contains(name, sep) {
			return fmt.Errorf("bucket %q: a name must not be empty or hold a zero byte", path)
		}
	}
	return nil
}

// Drop implements [store.Tx].
func (t *tx) Drop(path ...string) error {
	if err := checkPath(path); err != nil {
		return err
	}
	if t.own == nil {
		return fmt.Errorf("drop bucket %s: %w", strings.Join(path, "/"), store.ErrReadOnly)
	}
	id := strings.Join(path, sep)
	maps.DeleteFunc(t.state, func(k string, _ *pairs) bool { return k == id || strings.HasPrefix(k, id+sep) })
	return nil
}

// Names implements [store.Tx].
func (t *tx) Names(path ...string) []string {
	prefix := ""
	if len(path) > 0 {
		prefix = strings.Join(path, sep) + sep
	}
	var names []string
	for id := range t.state {
		if rest, ok := strings.CutPrefix(id, prefix); ok && !strings.Contains(rest, sep) {
			names = append(names, rest)
		}
	}
	slices.Sort(names)
	return names
}

type bucket struct {
	tx *tx
	id string
}

// read returns what the bucket holds; nothing if it is absent.
func (b bucket) read() *pairs {
	if p := b.tx.state[b.id]; p != nil {
		return p
	}
	return &pairs{}
}

// edit returns the transaction's own copy of the bucket.
func (b bucket) edit() (*pairs, error) {
	switch {
	case b.tx.own == nil:
		return nil, fmt.Errorf("write in a view: %w", store.ErrReadOnly)
	case b.id == "":
		return nil, b.tx.err
	}
	p := b.read()
	if !b.tx.own[b.id] {
		p = &pairs{slices.Clone(p.keys), slices.Clone(p.values)}
		b.tx.state[b.id], b.tx.own[b.id] = p, true
	}
	return p, nil
}

func (p *pairs) find(key []byte) (int, bool) {
	return slices.BinarySearchFunc(p.keys, key, bytes.Compare)
}

// Get implements [store.Bucket].
func (b bucket) Get(key []byte) []byte {
	p := b.read()
	if i, ok := p.find(key); ok {
		return p.values[i]
	}
	return nil
}

// maxKey is bbolt's.
const maxKey = 32768

// Put implements [store.Bucket].
func (b bucket) Put(key, value []byte) error {
	p, err := b.edit()
	switch {
	case err != nil:
		return err
	case len(key) == 0 || len(key) > maxKey:
		return fmt.Errorf("key of %d bytes, want 1 to %d", len(key), maxKey)
	case b.tx.state[b.id+sep+string(key)] != nil:
		return fmt.Errorf("key %q is the name of a bucket", key)
	}
	value = append([]byte{}, value...)
	i, ok := p.find(key)
	if ok {
		p.values[i] = value
		return nil
	}
	p.keys = slices.Insert(p.keys, i, bytes.Clone(key))
	p.values = slices.Insert(p.values, i, value)
	return nil
}

// Delete implements [store.Bucket].
func (b bucket) Delete(key []byte) error {
	p, err := b.edit()
	if err != nil {
		return err
	}
	if i, ok := p.find(key); ok {
		p.keys, p.values = slices.Delete(p.keys, i, i+1), slices.Delete(p.values, i, i+1)
	}
	return nil
}

// Ascend implements [store.Bucket].
func (b bucket) Ascend(from []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(k, v []byte) bool) {
		p := b.read()
		for i, _ := p.find(from); i < len(p.keys); i++ {
			if !yield(p.keys[i], p.values[i]) {
				return
			}
		}
	}
}

// Descend implements [store.Bucket].
func (b bucket) Descend(from []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(k, v []byte) bool) {
		p := b.read()
		i := len(p.keys) - 1
		if from != nil {
			var ok bool
			if i, ok = p.find(from); !ok {
				i--
			}
		}
		for ; i >= 0; i-- {
			if !yield(p.keys[i], p.values[i]) {
				return
			}
		}
	}
}
