package journal

import (
	"slices"

	"github.com/transparency-dev/merkle/compact"
	"golang.org/x/mod/sumdb/tlog"
)

// A head is the right edge of a tree: all that appending needs.
type head struct {
	size  uint64
	edges [maxLevel + 1][]byte // hashes of the partial tile of each level
	tail  [][]byte             // headers of the partial bundle; only for writers
	tree  *compact.Range
}

func rangeFactory() *compact.RangeFactory {
	return &compact.RangeFactory{Hash: func(l, r []byte) []byte {
		h := tlog.NodeHash(tlog.Hash(l), tlog.Hash(r))
		return h[:]
	}}
}

// width is the number of hashes in the partial tile of a level.
func width(size uint64, level int) int { return int(size >> (8 * level) % tileSize) }

// tileBytes returns at least n hashes of a tile.
func (p part) tileBytes(level int, tile uint64, n int) ([]byte, error) {
	key := tileKey(level, tile)
	v := p.bucket("tiles").Get(key)
	if v == nil {
		v = p.bucket("edge").Get(key)
	}
	if len(v) < n*hashSize {
		return nil, damaged("tile %d of level %d has %d bytes, want %d", tile, level, len(v), n*hashSize)
	}
	return v[:n*hashSize], nil
}

// head reads the right edge at size, which is what is stored or less.
func (p part) head(size uint64) (head, error) {
	h := head{size: size}
	for level := range h.edges {
		n := width(size, level)
		if n == 0 {
			continue
		}
		v, err := p.tileBytes(level, size>>(8*level)/tileSize, n)
		if err != nil {
			return head{}, err
		}
		h.edges[level] = slices.Clone(v)
	}
	var err error
	h.tree, err = rangeFactory().NewRange(0, size, h.peaks())
	return h, err
}

// peaks computes the roots of the perfect trees that the edge is made of,
// the largest first. The width of an edge, in binary, says where they end.
func (h *head) peaks() [][]byte {
	var peaks [][]byte
	for level := maxLevel; level >= 0; level-- {
		edge := h.edges[level]
		for bit := tileSize / 2; bit > 0; bit /= 2 {
			if len(edge)/hashSize&bit != 0 {
				peaks = append(peaks, fold(edge[:bit*hashSize]))
				edge = edge[bit*hashSize:]
			}
		}
	}
	return peaks
}

// fold is the root of the perfect tree over hashes, a power of two of them.
func fold(hashes []byte) []byte {
	level := make([]tlog.Hash, len(hashes)/hashSize)
	for i := range level {
		level[i] = tlog.Hash(hashes[i*hashSize : (i+1)*hashSize])
	}
	for len(level) > 1 {
		for i := range len(level) / 2 {
			level[i] = tlog.NodeHash(level[2*i], level[2*i+1])
		}
		level = level[:len(level)/2]
	}
	return level[0][:]
}

// root is the root of the tree.
func (h *head) root() (tlog.Hash, error) {
	if h.size == 0 {
		return tlog.TreeHash(0, nil)
	}
	b, err := h.tree.GetRootHash(nil)
	if err != nil {
		return tlog.Hash{}, err
	}
	return tlog.Hash(b), nil
}

// clone returns a head that can grow without changing h.
func (h *head) clone() (head, error) {
	c := *h
	for i := range c.edges {
		c.edges[i] = slices.Clip(c.edges[i])
	}
	c.tail = slices.Clip(c.tail)
	var err error
	c.tree, err = rangeFactory().NewRange(0, h.size, slices.Clone(h.tree.Hashes()))
	return c, err
}

// grow adds one leaf, and calls full with each tile that it completes.
func (h *head) grow(leaf []byte, full func(level int, tile uint64, hashes []byte)) error {
	hash := tlog.RecordHash(leaf)
	err := h.tree.Append(hash[:], func(id compact.NodeID, node []byte) {
		if id.Level%8 != 0 || id.Level/8 > maxLevel {
			return
		}
		edge := &h.edges[id.Level/8]
		*edge = append(*edge, node...)
		if len(*edge) == tileSize*hashSize {
			full(int(id.Level/8), id.Index/tileSize, *edge)
			*edge = nil
		}
	})
	h.size++
	return err
}
