package journal

import (
	"bytes"
	"encoding/binary"
)

// cutTo removes all entries from size on, and what was built from them.
func (p part) cutTo(size uint64) error {
	for _, cut := range []func(uint64) error{p.cutHeaders, p.cutTiles, p.cutRuns} {
		if err := cut(size); err != nil {
			return err
		}
	}
	if err := deleteFrom(p.bucket("redacts"), nil, indexKey(size)); err != nil {
		return err
	}
	return p.bucket("meta").Put(sizeKey, indexKey(size))
}

// cutHeaders makes the bundle that size falls into partial again.
func (p part) cutHeaders(size uint64) error {
	bundle, start := size/tileSize, size/tileSize*tileSize
	bundles, tail := p.bucket("bundles"), p.bucket("tail")
	if data := bundles.Get(indexKey(bundle)); data != nil {
		leaves, err := unpackBundle(data)
		if err != nil {
			return err
		}
		for i := start; i < size; i++ {
			if err := tail.Put(indexKey(i), leaves[i-start]); err != nil {
				return err
			}
		}
	}
	if err := deleteFrom(tail, nil, indexKey(size)); err != nil {
		return err
	}
	return deleteFrom(bundles, nil, indexKey(bundle))
}

// cutTiles makes the tile of each level that size falls into partial again.
func (p part) cutTiles(size uint64) error {
	tiles, edge := p.bucket("tiles"), p.bucket("edge")
	for level := range maxLevel + 1 {
		index, n := size>>(8*level)/tileSize, width(size, level)
		var hashes []byte
		if n > 0 {
			v, err := p.tileBytes(level, index, n)
			if err != nil {
				return err
			}
			hashes = bytes.Clone(v)
		}
		key, prefix := tileKey(level, index), []byte{byte(level)}
		if err := deleteFrom(tiles, prefix, key); err != nil {
			return err
		}
		if err := deleteFrom(edge, prefix, key); err != nil {
			return err
		}
		if n > 0 {
			if err := edge.Put(key, hashes); err != nil {
				return err
			}
		}
	}
	return nil
}

// cutRuns also shortens the run that size falls into. Commits end runs, so
// there is hardly ever one.
func (p part) cutRuns(size uint64) error {
	bodies := p.bucket("bodies")
	for k, v := range bodies.Descend(indexKey(size)) {
		first := binary.BigEndian.Uint64(k)
		if first >= size {
			continue
		}
		run, err := unpackRun(v)
		if err != nil {
			return err
		}
		if first+uint64(len(run)) > size {
			if err := bodies.Put(bytes.Clone(k), packRun(run[:size-first])); err != nil {
				return err
			}
		}
		break
	}
	return deleteFrom(bodies, nil, indexKey(size))
}
