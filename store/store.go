// Package store says what Maillon asks of the place where it keeps things:
// an ordered key-value space with transactions. store/bolt is the real one,
// store/storetest a copy in memory that can fail on demand; both pass the
// suite of storetest. Journals and mirrors (store/journal) and views
// (store/view) are written against this contract alone.
package store

import (
	"errors"
	"iter"
)

// Errors that callers tell apart.
var (
	ErrNotFound = errors.New("not found")
	ErrReadOnly = errors.New("read-only")
)

// A DB is an ordered key-value space of nested buckets.
type DB interface {
	// View runs f in a transaction that sees one unchanging state. Long
	// views keep pages from being reused: copy what must outlive f.
	View(f func(Tx) error) error
	// Update runs f in the one writing transaction. When it returns nil all
	// that f wrote is on disk; when it returns an error nothing is.
	Update(f func(Tx) error) error
}

// A Tx is a transaction. Slices it hands out are valid until it ends and
// must not be changed.
type Tx interface {
	// Bucket returns the bucket at path. In an update it is made if absent;
	// in a view an absent bucket reads as empty.
	Bucket(path ...string) Bucket
	// Drop removes the bucket at path with all it holds; nil if it was absent.
	Drop(path ...string) error
	// Names lists the buckets directly under path, in order.
	Names(path ...string) []string
}

// A Bucket maps keys (1 to 32 KiB) to values, in the order of the keys' bytes.
type Bucket interface {
	// Get returns the value of key, nil if there is none.
	Get(key []byte) []byte
	Put(key, value []byte) error
	// Delete removes key; nil if it was absent.
	Delete(key []byte) error
	// Ascend yields the pairs from the first key ≥ from, upwards. The
	// bucket must not be written while ranging.
	Ascend(from []byte) iter.Seq2[[]byte, []byte]
	// Descend yields the pairs from the last key ≤ from (nil: the last of
	// all), downwards.
	Descend(from []byte) iter.Seq2[[]byte, []byte]
}
