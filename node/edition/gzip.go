package edition

import (
	"encoding/binary"
	"hash/crc32"
)

// A file is served compressed as one gzip member, as browsers want it, put together
// from streams of deflate: a head, the streams, an empty last block, and the checksum
// and length of the whole, which follow from those of the parts.
var (
	gzipHead  = []byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255}
	lastBlock = []byte{0x03, 0x00}
)

func gzipTail(crc uint32, size int64) []byte {
	b := append([]byte{}, lastBlock...)
	b = binary.LittleEndian.AppendUint32(b, crc)
	return binary.LittleEndian.AppendUint32(b, uint32(size)) //nolint:gosec // RFC 1952 wants it modulo 2^32
}

// mostStored is what a block of bytes that are not compressed holds.
const mostStored = 1<<16 - 1

// stored is a text as deflate: blocks that are not compressed and not the last.
func stored(text []byte) []byte {
	var b []byte
	for len(text) > 0 {
		n := min(len(text), mostStored)
		b = append(b, 0)
		b = binary.LittleEndian.AppendUint16(b, uint16(n))  //nolint:gosec // at most mostStored
		b = binary.LittleEndian.AppendUint16(b, ^uint16(n)) //nolint:gosec // at most mostStored
		b = append(b, text[:n]...)
		text = text[n:]
	}
	return b
}

// combine is the CRC-32 of two texts one after the other, from the CRC-32 of each and
// the length of the second.
func combine(a, b uint32, length int64) uint32 {
	// A text of zeros changes the state by a linear map over bits; the map of
	// 2^k zero bytes is that of 2^(k-1) applied twice.
	var square, next [32]uint32
	square[0] = crc32.IEEE // one zero bit
	for i := 1; i < 32; i++ {
		square[i] = 1 << (i - 1)
	}
	for range 3 { // one zero byte
		twice(&next, &square)
		square, next = next, square
	}
	for ; length > 0; length >>= 1 {
		if length&1 != 0 {
			a = times(&square, a)
		}
		twice(&next, &square)
		square, next = next, square
	}
	return a ^ b
}

func times(m *[32]uint32, v uint32) (sum uint32) {
	for i := 0; v != 0; i, v = i+1, v>>1 {
		if v&1 != 0 {
			sum ^= m[i]
		}
	}
	return sum
}

func twice(to, m *[32]uint32) {
	for i := range m {
		to[i] = times(m, m[i])
	}
}
