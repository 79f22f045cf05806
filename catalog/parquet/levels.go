package parquet

import "encoding/binary"

// appendHybrid appends numbers of width bits in the hybrid of runs and packed bits of
// the format (encoding RLE).
func appendHybrid[T byte | uint32](b []byte, list []T, width int) []byte {
	for len(list) > 0 {
		if n := runOf(list); n >= 8 || n == len(list) {
			b = binary.AppendUvarint(b, uint64(n)<<1)
			for i := 0; i < width; i += 8 {
				b = append(b, byte(uint32(list[0])>>i))
			}
			list = list[n:]
			continue
		}
		n := 8
		for n < len(list) && runOf(list[n:min(n+8, len(list))]) < 8 {
			n += 8
		}
		n = min(n, len(list)) // only the last run of all is filled up
		b = binary.AppendUvarint(b, uint64((n+7)/8)<<1|1)
		b = appendPacked(b, list[:n], width)
		list = list[n:]
	}
	return b
}

// runOf is how many equal values a list begins with.
func runOf[T comparable](list []T) int {
	n := 1
	for n < len(list) && list[n] == list[0] {
		n++
	}
	return n
}

// appendPacked appends numbers of width bits, the lowest bit first, filled up with
// zeros to a multiple of eight numbers.
func appendPacked[T byte | uint32](b []byte, list []T, width int) []byte {
	var acc uint64
	have := 0
	for i := range (len(list) + 7) / 8 * 8 {
		if i < len(list) {
			acc |= uint64(list[i]) << have
		}
		for have += width; have >= 8; have -= 8 {
			b = append(b, byte(acc))
			acc >>= 8
		}
	}
	return b
}
