package bolt

import (
	"bytes"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"maillon/store"
)

// A tx is a bbolt transaction. err is the first thing that went wrong where
// [store.Tx] has no way to say so; it fails the transaction.
type tx struct {
	bolt *bbolt.Tx
	err  error
}

func (t *tx) note(err error) {
	if t.err == nil {
		t.err = err
	}
}

// checkPath refuses what cannot name a bucket of a user of the store.
func checkPath(path []string) error {
	if len(path) == 0 {
		return errors.New("a bucket needs a path")
	}
	if path[0] == ownBucket {
		return fmt.Errorf("bucket %s belongs to the store itself", ownBucket)
	}
	return nil
}

// Bucket implements [store.Tx].
func (t *tx) Bucket(path ...string) store.Bucket {
	if err := checkPath(path); err != nil {
		t.note(err)
		return bucket{tx: t}
	}
	return bucket{tx: t, bolt: t.open(path)}
}

// open returns nil for a bucket that is absent and not to be made.
func (t *tx) open(path []string) *bbolt.Bucket {
	var b *bbolt.Bucket
	for i, name := range path {
		var next *bbolt.Bucket
		var err error
		switch {
		case t.bolt.Writable() && i == 0:
			next, err = t.bolt.CreateBucketIfNotExists([]byte(name))
		case t.bolt.Writable():
			next, err = b.CreateBucketIfNotExists([]byte(name))
		case i == 0:
			next = t.bolt.Bucket([]byte(name))
		default:
			next = b.Bucket([]byte(name))
		}
		if err != nil {
			t.note(fmt.Errorf("bucket %s: %w", strings.Join(path[:i+1], "/"), err))
		}
		if next == nil {
			return nil
		}
		b = next
	}
	b.FillPercent = fillPercent
	return b
}

// find returns the bucket at path without making it; nil if absent.
func (t *tx) find(path []string) *bbolt.Bucket {
	b := t.bolt.Bucket([]byte(path[0]))
	for _, name := range path[1:] {
		if b == nil {
			return nil
		}
		b = b.Bucket([]byte(name))
	}
	return b
}

// Drop implements [store.Tx].
func (t *tx) Drop(path ...string) error {
	if err := checkPath(path); err != nil {
		return err
	}
	parent, name := path[:len(path)-1], []byte(path[len(path)-1])
	var err error
	if len(parent) == 0 {
		err = t.bolt.DeleteBucket(name)
	} else if b := t.find(parent); b != nil {
		err = b.DeleteBucket(name)
	}
	if err != nil && !errors.Is(err, berrors.ErrBucketNotFound) {
		return fmt.Errorf("drop bucket %s: %w", strings.Join(path, "/"), err)
	}
	return nil
}

// Names implements [store.Tx].
func (t *tx) Names(path ...string) []string {
	var names []string
	add := func(k []byte) error {
		if len(path) > 0 || string(k) != ownBucket {
			names = append(names, string(k))
		}
		return nil
	}
	if len(path) == 0 {
		t.note(t.bolt.ForEach(func(k []byte, _ *bbolt.Bucket) error { return add(k) }))
	} else if b := t.find(path); b != nil {
		t.note(b.ForEachBucket(add))
	}
	return names
}

// A bucket is a bbolt bucket; bolt is nil if it is absent or failed to be made.
type bucket struct {
	tx   *tx
	bolt *bbolt.Bucket
}

// Get implements [store.Bucket].
func (b bucket) Get(key []byte) []byte {
	if b.bolt == nil || len(key) == 0 {
		return nil
	}
	return b.bolt.Get(key)
}

// Put implements [store.Bucket]. bbolt keeps the value it is given until the
// commit, so it is given a copy.
func (b bucket) Put(key, value []byte) error {
	if b.bolt == nil {
		return b.absent()
	}
	return b.bolt.Put(key, append(make([]byte, 0, len(value)), value...))
}

// Delete implements [store.Bucket].
func (b bucket) Delete(key []byte) error {
	if b.bolt == nil {
		return b.absent()
	}
	if len(key) == 0 {
		return nil
	}
	return b.bolt.Delete(key)
}

func (b bucket) absent() error {
	if b.tx.err != nil {
		return b.tx.err
	}
	return fmt.Errorf("write in a view: %w", store.ErrReadOnly)
}

// Ascend implements [store.Bucket].
func (b bucket) Ascend(from []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(k, v []byte) bool) {
		if b.bolt == nil {
			return
		}
		c := b.bolt.Cursor()
		for k, v := c.Seek(from); k != nil; k, v = c.Next() {
			if v != nil && !yield(k, v) { // nil: a bucket inside this one
				return
			}
		}
	}
}

// Descend implements [store.Bucket].
func (b bucket) Descend(from []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(k, v []byte) bool) {
		if b.bolt == nil {
			return
		}
		c := b.bolt.Cursor()
		for k, v := seekBack(c, from); k != nil; k, v = c.Prev() {
			if v != nil && !yield(k, v) {
				return
			}
		}
	}
}

// seekBack goes to the last key ≤ from.
func seekBack(c *bbolt.Cursor, from []byte) (key, value []byte) {
	if from == nil {
		return c.Last()
	}
	k, v := c.Seek(from)
	switch {
	case k == nil:
		return c.Last()
	case !bytes.Equal(k, from):
		return c.Prev()
	default:
		return slices.Clip(k), v
	}
}
