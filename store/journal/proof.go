package journal

import (
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"maillon/store"
)

// HashReader reads the hashes of the published tree, as [tlog.ProveRecord]
// and [tlog.ProveTree] want them, and checks each against the root. It stays
// at the size the log has now.
func (l *Log) HashReader() tlog.HashReader { return l.hashes(l.pub.Load()) }

func (l *Log) hashes(s *state) tlog.HashReader {
	return tlog.TileHashReader(tlog.Tree{N: int64(s.size), Hash: s.root}, tiles{l})
}

// RootAt is the root hash that the log had when it had size entries.
func (l *Log) RootAt(size uint64) ([32]byte, error) { return l.rootAt(l.pub.Load(), size) }

func (l *Log) rootAt(s *state, size uint64) (tlog.Hash, error) {
	if size > s.size {
		return tlog.Hash{}, fmt.Errorf("root of %d entries of journal %s, which has %d: %w", size, l.origin, s.size, store.ErrNotFound)
	}
	if size == 0 { // nothing to read, and nothing to check it against
		return tlog.TreeHash(0, nil)
	}
	r, err := tlog.TreeHash(int64(size), l.hashes(s))
	if err != nil {
		return tlog.Hash{}, fmt.Errorf("root of %d entries of journal %s: %w", size, l.origin, err)
	}
	return r, nil
}

// tiles is the log as a [tlog.TileReader].
type tiles struct{ l *Log }

// Height is that of tlog-tiles.
func (tiles) Height() int { return 8 }

// ReadTiles reads tiles, full or partial.
func (t tiles) ReadTiles(want []tlog.Tile) ([][]byte, error) {
	data := make([][]byte, 0, len(want))
	err := t.l.db.View(func(tx store.Tx) error {
		p := t.l.in(tx)
		for _, tile := range want {
			v, err := p.tileBytes(tile.L, uint64(tile.N), tile.W)
			if err != nil {
				return err
			}
			data = append(data, append([]byte(nil), v...))
		}
		return nil
	})
	return data, err
}

// SaveTiles does nothing: the tiles are stored.
func (tiles) SaveTiles([]tlog.Tile, [][]byte) {}
