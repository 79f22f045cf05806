package federation

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Sizes of a [Digest] and of what is asked for after comparing two.
const (
	DigestBuckets = 256
	DigestSize    = DigestBuckets * 8 // bytes

	// MaxBuckets is how many buckets one request may ask for. With a full
	// book of a bad day (MaxBook ids, MaxKeys keys each) they hold some
	// 3 MiB; usually a few notes.
	MaxBuckets = 32
)

// A Digest tells in 2 kB what a book holds, so that two members find out what
// one of them lacks without handing over everything. Each note falls into the
// bucket of its node ([BucketOf]); a bucket is the XOR of the first eight
// bytes of the SHA-256 of its notes. Books with the same notes have the same
// digest in whatever order they came; different notes have different digests
// but for one chance in 2⁶⁴ a bucket.
//
// Whoever chooses its own notes can make two buckets equal (XOR is linear).
// That hides what its author said itself, from the one it exchanges with; the
// next exchange, with another member, shows it.
type Digest [DigestBuckets]uint64

// BucketOf is the bucket of a node: the first byte of the SHA-256 of its id.
// All keys that claim the id share it.
func BucketOf(node string) byte {
	sum := sha256.Sum256([]byte(node))
	return sum[0]
}

// Digest tells what the book holds and a reader whose clock is at now would
// still take: what has expired cannot be repaired.
func (b *Book) Digest(now time.Time) Digest {
	var d Digest
	for node, keys := range b.nodes {
		i := BucketOf(node)
		for _, a := range keys {
			if !a.Expires.After(now) {
				continue
			}
			sum := sha256.Sum256(a.note)
			d[i] ^= binary.BigEndian.Uint64(sum[:8])
		}
	}
	return d
}

// NotesIn lists the announcements held in the buckets that have not expired,
// of every key, by node id and key.
func (b *Book) NotesIn(buckets []byte, now time.Time) [][]byte {
	var wanted [DigestBuckets]bool
	for _, i := range buckets {
		wanted[i] = true
	}
	var nodes []string
	for node := range b.nodes {
		if wanted[BucketOf(node)] {
			nodes = append(nodes, node)
		}
	}
	slices.Sort(nodes)
	var out [][]byte
	for _, node := range nodes {
		for _, key := range slices.Sorted(maps.Keys(b.nodes[node])) {
			if a := b.nodes[node][key]; a.Expires.After(now) {
				out = append(out, a.note)
			}
		}
	}
	return out
}

// Differ lists the buckets in which two digests differ, in ascending order.
func (d *Digest) Differ(o *Digest) []byte {
	var out []byte
	for i := range d {
		if d[i] != o[i] {
			out = append(out, byte(i))
		}
	}
	return out
}

// Append appends the digest's DigestSize bytes: its buckets in order, each a
// big-endian integer.
func (d *Digest) Append(dst []byte) []byte {
	for _, v := range d {
		dst = binary.BigEndian.AppendUint64(dst, v)
	}
	return dst
}

// ParseDigest reads what [Digest.Append] writes.
func ParseDigest(b []byte) (Digest, error) {
	var d Digest
	if len(b) != DigestSize {
		return d, fmt.Errorf("digest of %d bytes, want %d", len(b), DigestSize)
	}
	for i := range d {
		d[i] = binary.BigEndian.Uint64(b[8*i:])
	}
	return d, nil
}

// FormatBuckets writes buckets as a request asks for them: "03,a0,ff".
func FormatBuckets(buckets []byte) string {
	out := make([]string, len(buckets))
	for i, b := range buckets {
		out[i] = hex.EncodeToString([]byte{b})
	}
	return strings.Join(out, ",")
}

// ParseBuckets reads what [FormatBuckets] writes: 1 to MaxBuckets buckets, in
// any order, repeated or not.
func ParseBuckets(s string) ([]byte, error) {
	if len(s) > MaxBuckets*3-1 {
		return nil, fmt.Errorf("buckets %q: more than %d asked for at once", cut(s), MaxBuckets)
	}
	var out []byte
	for part := range strings.SplitSeq(s, ",") {
		b, err := hex.DecodeString(part)
		if err != nil || len(b) != 1 || part != strings.ToLower(part) {
			return nil, fmt.Errorf("buckets %q: %q is not two hexadecimal digits (write them as 03,a0,ff)", cut(s), cut(part))
		}
		out = append(out, b[0])
	}
	return out, nil
}
