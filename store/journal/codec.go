package journal

import (
	"sync"

	"github.com/klauspost/compress/zstd"

	"maillon/catalog/entry"
)

// A run of bodies ends after this many entries or bytes.
const (
	runEntries = 64
	runBytes   = 256 << 10
)

// maxUnpacked bounds what one block of the store can unfold to: a run of one
// body of the greatest length; a bundle is smaller.
const maxUnpacked = entry.MaxBody + 4<<10

// codec is shared by all logs: its two halves keep no state between calls
// but megabytes of tables, and a hub has a thousand logs.
var codec = sync.OnceValue(func() (c struct {
	enc *zstd.Encoder
	dec *zstd.Decoder
}) {
	// The options are constants, so neither call can fail.
	c.enc, _ = zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithLowerEncoderMem(true))
	c.dec, _ = zstd.NewReader(nil, zstd.WithDecoderMaxMemory(maxUnpacked), zstd.WithDecoderConcurrency(0))
	return c
})

func pack(raw []byte) []byte {
	return codec().enc.EncodeAll(raw, make([]byte, 0, len(raw)/3+64))
}

func unpack(block []byte) ([]byte, error) {
	raw, err := codec().dec.DecodeAll(block, nil)
	if err != nil {
		return nil, damaged("block of %d bytes: %w", len(block), err)
	}
	return raw, nil
}

// unpackBundle returns the 256 leaves of a stored bundle.
func unpackBundle(block []byte) ([][]byte, error) {
	raw, err := unpack(block)
	if err != nil {
		return nil, err
	}
	leaves, err := entry.ReadBundle(raw, tileSize)
	if err != nil {
		return nil, damaged("bundle: %w", err)
	}
	return leaves, nil
}

// packBundle is the stored form of leaves, each at most [entry.MaxHeader] long.
func packBundle(leaves [][]byte) ([]byte, error) {
	raw, err := joinLeaves(leaves)
	return pack(raw), err
}

func joinLeaves(leaves [][]byte) (raw []byte, err error) {
	for _, leaf := range leaves {
		if raw, err = entry.AppendBundle(raw, leaf); err != nil {
			return nil, err
		}
	}
	return raw, nil
}

// unpackRun returns the bodies of a stored run.
func unpackRun(block []byte) ([]entry.Body, error) {
	raw, err := unpack(block)
	if err != nil {
		return nil, err
	}
	bodies := make([]entry.Body, 0, runEntries)
	for len(raw) > 0 {
		if len(bodies) == tileSize {
			return nil, damaged("run of more than %d bodies", tileSize)
		}
		var b entry.Body
		if b, raw, err = entry.CutBody(raw); err != nil {
			return nil, damaged("run of bodies: %w", err)
		}
		bodies = append(bodies, b)
	}
	return bodies, nil
}

func packRun(bodies []entry.Body) []byte {
	var raw []byte
	for _, b := range bodies {
		raw = entry.AppendBody(raw, b)
	}
	return pack(raw)
}
