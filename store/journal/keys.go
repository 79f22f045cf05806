package journal

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strconv"

	"maillon/store"
)

// Keys of a journal, in buckets under "journal" / node id / epoch in decimal.
// Integers are 8 bytes, big-endian, unless said.
//
//	meta     "size"       number of entries stored, with the tail that is not published
//	meta     "checkpoint" the last signed note, byte for byte
//	bundles  bundle       zstd of the 256 leaves of a full bundle, as `tile/entries/<N>`
//	tail     entry        header of an entry of the last, partial bundle
//	tiles    level (1 byte), tile    256 hashes of 32 bytes
//	edge     level (1 byte), tile    1 to 255 hashes: the partial tile of each level
//	bodies   first entry  zstd of a run of bodies, as in `bodies/<N>`; runs follow each
//	                      other without gaps, none crosses the end of a bundle
//	redacts  entry        target, of every redact entry
//	sweep    target       the published redact entry whose erasure is still to be done
//	erased   target       the redact entry that erased the body of target
//
// Bundles and tiles are written once. A run of bodies is written again only
// when one of its bodies is erased.
const root = "journal"

var (
	sizeKey       = []byte("size")
	checkpointKey = []byte("checkpoint")
)

// tileSize is the number of hashes in a full tile, and of entries in a full bundle.
const (
	tileSize = 256
	hashSize = 32
	maxLevel = 5 // 256⁶ entries are maxSize
)

// A part is a transaction seen from one journal.
type part struct {
	tx          store.Tx
	node, epoch string
}

func (l *Log) in(tx store.Tx) part {
	return part{tx, l.node, strconv.Itoa(l.epoch)}
}

func (p part) bucket(name string) store.Bucket { return p.tx.Bucket(root, p.node, p.epoch, name) }

func indexKey(i uint64) []byte { return binary.BigEndian.AppendUint64(nil, i) }

func tileKey(level int, tile uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte{byte(level)}, tile)
}

// getIndex reads a number at key; ok is false if there is none.
func getIndex(b store.Bucket, key []byte) (n uint64, ok bool, err error) {
	v := b.Get(key)
	if v == nil {
		return 0, false, nil
	}
	if len(v) != 8 {
		return 0, false, damaged("number of %d bytes at key %x", len(v), key)
	}
	return binary.BigEndian.Uint64(v), true, nil
}

// size is the number of entries stored.
func (p part) size() (uint64, error) {
	n, _, err := getIndex(p.bucket("meta"), sizeKey)
	return n, err
}

func damaged(format string, args ...any) error {
	return fmt.Errorf("%w (%w)", ErrDamaged, fmt.Errorf(format, args...))
}

// deleteFrom removes the keys from first on, as long as they begin with prefix.
func deleteFrom(b store.Bucket, prefix, first []byte) error {
	var keys [][]byte
	for k := range b.Ascend(first) {
		if !bytes.HasPrefix(k, prefix) {
			break
		}
		keys = append(keys, bytes.Clone(k))
	}
	for _, k := range keys {
		if err := b.Delete(k); err != nil {
			return err
		}
	}
	return nil
}

// List names the journals that the store holds, with or without entries.
func List(db store.DB) ([]Name, error) {
	var names []Name
	err := db.View(func(tx store.Tx) error {
		for _, node := range tx.Names(root) {
			for _, num := range tx.Names(root, node) {
				epoch, err := strconv.Atoi(num)
				if err != nil || checkName(node, epoch) != nil {
					return damaged("bucket %s/%s is not a journal", node, num)
				}
				names = append(names, Name{node, epoch})
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list the journals: %w", err)
	}
	return names, nil
}

// A Name tells one journal from all others.
type Name struct {
	Node  string
	Epoch int
}
