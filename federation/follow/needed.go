package follow

import (
	"golang.org/x/mod/sumdb/tlog"

	"maillon/catalog/entry"
)

// Needed lists the resources that take a mirror from one size to another, in
// the order in which to send them: the tiles that hold a new hash and that a
// visit reads, then each bundle that holds a new entry, with its bodies. from
// must be smaller than to.
func Needed(from, to uint64) []string {
	var out []string
	for level := 0; ; level++ {
		before, units := from>>(tileHeight*level), to>>(tileHeight*level)
		if units == 0 {
			break
		}
		if units == before {
			continue // the mirror has them all
		}
		first, last := before/entry.BundleSize, (units-1)/entry.BundleSize
		for n := first; n <= last; n++ {
			if level == 0 && n != first && n != last {
				n = last // a full bundle is proven by its hash in level 1
			}
			width := min(units-n*entry.BundleSize, entry.BundleSize)
			out = append(out, tilePath(tlog.Tile{H: tileHeight, L: level, N: int64(n), W: int(width)}))
		}
	}
	for n := from / entry.BundleSize; n*entry.BundleSize < to; n++ {
		width := int(min(to-n*entry.BundleSize, entry.BundleSize))
		out = append(out, bundlePath(n, width), bodiesPath(n, width))
	}
	return out
}

// MaxResource is what a resource of so many items can take, in bytes, before
// any coding. kind is tile, entries or bodies.
func MaxResource(kind string, width int) int64 {
	switch kind {
	case "tile":
		return int64(width) * tlog.HashSize
	case "entries":
		return int64(width) * (2 + entry.MaxHeader)
	default:
		return int64(width) * maxBodyItem
	}
}
