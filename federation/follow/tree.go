package follow

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
	"golang.org/x/sync/errgroup"

	"maillon/catalog/entry"
)

// tileHeight is that of c2sp.org/tlog-tiles: 256 hashes a tile.
const tileHeight = 8

// A tree reads hashes of the served tree from its tiles, each proven against
// the signed root. It is used by one goroutine.
type tree struct {
	s      *session
	head   Checkpoint
	hashes tlog.HashReader
	tiles  *tiles
	window hashWindow
}

func newTree(ctx context.Context, s *session, head Checkpoint) *tree {
	t := &tree{s: s, head: head, tiles: &tiles{s: s, proven: map[tlog.Tile][]byte{}, ctx: ctx}}
	t.hashes = tlog.TileHashReader(tlog.Tree{N: int64(head.Size), Hash: head.Root}, t.tiles)
	return t
}

// contains checks that the served tree goes on from an earlier head.
func (t *tree) contains(old Checkpoint) error {
	if old.Size == 0 {
		return nil
	}
	t.tiles.reset()
	proof, err := tlog.ProveTree(int64(t.head.Size), int64(old.Size), t.hashes)
	if err != nil {
		return t.tiles.blame(err)
	}
	if tlog.CheckTree(proof, int64(t.head.Size), t.head.Root, int64(old.Size), old.Root) != nil {
		// The proof's hashes are proven to be in their tree: it is that of
		// another history.
		return &ForkError{Ours: old.Raw, Theirs: t.head.Raw}
	}
	return nil
}

// verifyBundle checks the leaves of bundle n against the signed root. A
// bundle that fails is damaged, since the tiles are proven.
func (t *tree) verifyBundle(n uint64, leaves []tlog.Hash) error {
	if len(leaves) == entry.BundleSize {
		want, err := t.fullBundle(n)
		if err != nil {
			return err
		}
		if got := rootOf(leaves); got != want {
			return &CorruptError{Resource: bundlePath(n, len(leaves)), Err: fmt.Errorf("its entries hash to %s, the signed tree has %s", got, want)}
		}
		return nil
	}
	var at []int64
	for i := range leaves {
		at = append(at, tlog.StoredHashIndex(0, int64(n)*entry.BundleSize+int64(i)))
	}
	t.tiles.reset()
	want, err := t.hashes.ReadHashes(at)
	if err != nil {
		return t.tiles.blame(err)
	}
	for i := range leaves {
		if leaves[i] != want[i] {
			return &CorruptError{Resource: bundlePath(n, len(leaves)), Err: fmt.Errorf("entry %d hashes to %s, the signed tree has %s", n*entry.BundleSize+uint64(i), leaves[i], want[i])}
		}
	}
	return nil
}

// A hashWindow holds the proven roots of consecutive full bundles: proving
// those of one tile together costs hardly more than proving one.
type hashWindow struct {
	first uint64
	roots []tlog.Hash
}

// fullBundle is the proven root of full bundle n.
func (t *tree) fullBundle(n uint64) (tlog.Hash, error) {
	w := &t.window
	if n < w.first || n >= w.first+uint64(len(w.roots)) {
		const perTile = 1 << tileHeight
		end := min(n-n%perTile+perTile, t.head.Size/entry.BundleSize)
		var at []int64
		for i := n; i < end; i++ {
			at = append(at, tlog.StoredHashIndex(tileHeight, int64(i)))
		}
		t.tiles.reset()
		roots, err := t.hashes.ReadHashes(at)
		if err != nil {
			return tlog.Hash{}, t.tiles.blame(err)
		}
		*w = hashWindow{first: n, roots: roots}
	}
	return w.roots[n-w.first], nil
}

// rootOf is the root of a full subtree. It overwrites hashes.
func rootOf(hashes []tlog.Hash) tlog.Hash {
	for n := len(hashes); n > 1; n /= 2 {
		for i := range n / 2 {
			hashes[i] = tlog.NodeHash(hashes[2*i], hashes[2*i+1])
		}
	}
	return hashes[0]
}

// tiles fetches tiles for package tlog, which proves them.
type tiles struct {
	s      *session
	ctx    context.Context // tlog's interface has no room for it
	proven map[tlog.Tile][]byte

	asked []string // since reset
	err   error    // of a fetch, since reset
}

// maxProven bounds the tiles kept, of 8 KiB at most.
const maxProven = 64

func (t *tiles) reset() { t.asked, t.err = nil, nil }

// blame turns an error of package tlog into one of this package.
func (t *tiles) blame(err error) error {
	if t.err != nil {
		return t.err
	}
	return &CorruptError{Resource: strings.Join(t.asked, " or "), Err: err}
}

// Height implements tlog.TileReader.
func (t *tiles) Height() int { return tileHeight }

// ReadTiles implements tlog.TileReader.
func (t *tiles) ReadTiles(want []tlog.Tile) ([][]byte, error) {
	out := make([][]byte, len(want))
	g, ctx := errgroup.WithContext(t.ctx)
	g.SetLimit(t.s.c.o.Fetchers)
	for i, tile := range want {
		if b, ok := t.proven[tile]; ok {
			out[i] = b
			continue
		}
		path := tilePath(tile)
		t.asked = append(t.asked, path)
		g.Go(func() (err error) {
			size := int64(tile.W) * tlog.HashSize
			out[i], err = t.s.read(ctx, request{url: t.s.base + "/" + path, limit: size, packed: true})
			if err == nil && int64(len(out[i])) != size {
				return &CorruptError{Resource: path, Err: fmt.Errorf("it does not have the %d bytes of %d hashes", size, tile.W)}
			}
			return err
		})
	}
	if t.err = g.Wait(); t.err != nil {
		return nil, t.err
	}
	return out, nil
}

// SaveTiles implements tlog.TileReader: it is told the tiles that are proven.
func (t *tiles) SaveTiles(saved []tlog.Tile, data [][]byte) {
	if len(t.proven) > maxProven {
		clear(t.proven)
	}
	for i, tile := range saved {
		t.proven[tile] = data[i]
	}
}

// tilePath is tile/<L>/<N>[.p/<W>].
func tilePath(t tlog.Tile) string {
	return "tile/" + strconv.Itoa(t.L) + "/" + indexPath(uint64(t.N), t.W)
}

// bundlePath is tile/entries/<N>[.p/<W>].
func bundlePath(n uint64, width int) string { return "tile/entries/" + indexPath(n, width) }

// bodiesPath is bodies/<N>[.p/<W>].
func bodiesPath(n uint64, width int) string { return "bodies/" + indexPath(n, width) }

// indexPath writes n in groups of three digits, all but the last marked with
// an x, and the width of what is not full.
func indexPath(n uint64, width int) string {
	path := fmt.Sprintf("%03d", n%1000)
	for n /= 1000; n > 0; n /= 1000 {
		path = fmt.Sprintf("x%03d/%s", n%1000, path)
	}
	if width < entry.BundleSize {
		path += ".p/" + strconv.Itoa(width)
	}
	return path
}
