package journal

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"

	"maillon/catalog/entry"
	"maillon/store"
)

// A Resource is one thing that a log shows over HTTP. Either Bytes or
// WriteTo is set.
type Resource struct {
	ContentType string
	Encoding    string // content coding of the bytes: "" or "zstd"
	Immutable   bool   // will be the same for ever
	Bytes       []byte
	// WriteTo writes the resource piece by piece, with no transaction open
	// while w waits. An error means that what was written is not whole.
	WriteTo func(w io.Writer) error
}

const binaryType = "application/octet-stream"

// Resource returns what stands at path (docs/journal.md), relative to the
// log's own prefix. Paths that are not written as they should be, that are
// not there yet or that never will be are [store.ErrNotFound]. acceptZstd
// says that the client takes that content coding.
func (l *Log) Resource(path string, acceptZstd bool) (Resource, error) {
	s := l.pub.Load()
	switch path {
	case "checkpoint":
		if s.checkpoint != nil {
			return Resource{ContentType: "text/plain; charset=utf-8", Bytes: s.checkpoint}, nil
		}
	case "key":
		if k, ok := l.key.(interface{ KeyText() string }); ok {
			return Resource{ContentType: "text/plain; charset=utf-8", Bytes: []byte(k.KeyText() + "\n")}, nil
		}
	default:
		if p, ok := parsePath(path); ok && p.within(s.size) {
			r, err := l.tiled(p, acceptZstd)
			if err != nil {
				return Resource{}, fmt.Errorf("%s of journal %s: %w", path, l.origin, err)
			}
			return r, nil
		}
	}
	return Resource{}, fmt.Errorf("%.100q of journal %s: %w", path, l.origin, store.ErrNotFound)
}

func (l *Log) tiled(p tilePath, acceptZstd bool) (Resource, error) {
	if p.kind == "bodies" {
		from := p.index * tileSize
		r := Resource{ContentType: binaryType, WriteTo: func(w io.Writer) error {
			return l.writeBodies(w, from, from+p.count(), acceptZstd)
		}}
		if acceptZstd {
			r.Encoding = "zstd"
		}
		return r, nil
	}
	r := Resource{ContentType: binaryType, Immutable: true}
	err := l.db.View(func(tx store.Tx) (err error) {
		in := l.in(tx)
		if p.kind == "tile" {
			v, err := in.tileBytes(p.level, p.index, int(p.count()))
			r.Bytes = append(r.Bytes, v...)
			return err
		}
		if p.width == 0 && acceptZstd {
			if data := in.bucket("bundles").Get(indexKey(p.index)); data != nil {
				r.Encoding, r.Bytes = "zstd", append(r.Bytes, data...)
				return nil
			}
		}
		leaves, err := in.leaves(p.index, int(p.count()))
		if err != nil {
			return err
		}
		r.Bytes, err = joinLeaves(leaves)
		return err
	})
	return r, err
}

// writeBodies writes the bodies from ≤ i < to. Runs of the store are zstd
// frames, and frames one after the other are one zstd stream: where a run is
// wanted whole it is sent as it is stored.
func (l *Log) writeBodies(w io.Writer, from, to uint64, zstd bool) error {
	for i := from; i < to; {
		out, next, err := l.piece(i, to, zstd)
		if err == nil {
			_, err = w.Write(out)
		}
		if err != nil {
			return fmt.Errorf("bodies of journal %s: %w", l.origin, err)
		}
		i = next
	}
	return nil
}

// piece is the first run, or what is wanted of it, from i on.
func (l *Log) piece(i, to uint64, zstd bool) (out []byte, next uint64, err error) {
	whole := false
	err = l.db.View(func(tx store.Tx) error {
		p := l.in(tx)
		if zstd {
			var data []byte
			if data, next, whole = p.wholeRun(i, to); whole {
				out = bytes.Clone(data)
				return nil
			}
		}
		first, run, err := p.run(i)
		if err != nil {
			return err
		}
		p.hide(first, run)
		next = min(to, first+uint64(len(run)))
		for _, b := range run[i-first : next-first] {
			out = entry.AppendBody(out, b)
		}
		return nil
	})
	if err == nil && zstd && !whole {
		out = pack(out)
	}
	return out, next, err
}

// wholeRun returns the stored run that begins at i if it ends at or before
// to and nothing in it waits to be erased.
func (p part) wholeRun(i, to uint64) (data []byte, next uint64, ok bool) {
	data = p.bucket("bodies").Get(indexKey(i))
	if data == nil {
		return nil, 0, false
	}
	for k := range p.bucket("bodies").Ascend(indexKey(i + 1)) {
		next = binary.BigEndian.Uint64(k)
		break
	}
	if next == 0 {
		size, err := p.size()
		if err != nil {
			return nil, 0, false
		}
		next = size
	}
	for k := range p.bucket("sweep").Ascend(indexKey(i)) {
		if binary.BigEndian.Uint64(k) < next {
			return nil, 0, false
		}
		break
	}
	return data, next, next <= to
}

// A Path is what a path of a journal below tile/ or bodies/ names.
type Path struct {
	Kind  string // "tile" (of hashes), "entries" or "bodies"
	Level int    // of a tile
	Index uint64 // of the tile or bundle
	Width int    // hashes, entries or bodies: 1 to 256
}

// ParsePath reads a path that is written as docs/journal.md says, and no other.
func ParsePath(path string) (Path, bool) {
	p, ok := parsePath(path)
	return Path{p.kind, p.level, p.index, int(p.count())}, ok
}

// Within says if a journal of this size serves it.
func (p Path) Within(size uint64) bool {
	return tilePath{kind: p.Kind, level: p.Level, index: p.Index, width: p.Width % tileSize}.within(size)
}

// SizeOf is the size that a checkpoint is of, as it says; its signature is not looked at.
func SizeOf(checkpoint []byte) (uint64, error) {
	lines := strings.SplitN(string(checkpoint), "\n", 4)
	if len(lines) < 4 {
		return 0, errors.New("not a checkpoint: it has less than three lines")
	}
	size, err := strconv.ParseUint(lines[1], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("not a checkpoint: %.40q is no size", lines[1])
	}
	return size, nil
}

// Resources lists the paths of all that a journal of this size is made of, as one that
// keeps it in files would: tiles, bundles and bodies, and of partial ones only the last.
// The checkpoint and the key are not among them.
func Resources(size uint64) iter.Seq[string] {
	return func(yield func(string) bool) {
		run := func(p tilePath, units uint64) bool {
			for ; p.index < units/tileSize; p.index++ {
				if !yield(p.String()) {
					return false
				}
			}
			p.width = int(units % tileSize)
			return p.width == 0 || yield(p.String())
		}
		for level := 0; size>>(8*level) > 0; level++ {
			if !run(tilePath{kind: "tile", level: level}, size>>(8*level)) {
				return
			}
		}
		_ = run(tilePath{kind: "entries"}, size) && run(tilePath{kind: "bodies"}, size)
	}
}

// A tilePath is a parsed path below "tile/" or "bodies/".
type tilePath struct {
	kind  string // "tile", "entries" or "bodies"
	level int    // of a tile
	index uint64
	width int // 1 to 255; 0: full
}

// count is the number of hashes, entries or bodies.
func (p tilePath) count() uint64 {
	if p.width == 0 {
		return tileSize
	}
	return uint64(p.width)
}

// within says if a log of this size has it.
func (p tilePath) within(size uint64) bool {
	units := size >> (8 * p.level)
	return p.index <= units/tileSize && p.index*tileSize+p.count() <= units
}

// String is the one way to write the path.
func (p tilePath) String() string {
	s := "bodies/"
	switch p.kind {
	case "tile":
		s = "tile/" + strconv.Itoa(p.level) + "/"
	case "entries":
		s = "tile/entries/"
	}
	n := fmt.Sprintf("%03d", p.index%1000)
	for rest := p.index / 1000; rest > 0; rest /= 1000 {
		n = fmt.Sprintf("x%03d/%s", rest%1000, n)
	}
	if s += n; p.width > 0 {
		s += ".p/" + strconv.Itoa(p.width)
	}
	return s
}

// parsePath accepts exactly what String writes.
func parsePath(path string) (tilePath, bool) {
	if len(path) > 64 {
		return tilePath{}, false
	}
	var p tilePath
	rest, ok := strings.CutPrefix(path, "bodies/")
	if ok {
		p.kind = "bodies"
	} else {
		if rest, ok = strings.CutPrefix(path, "tile/"); !ok {
			return tilePath{}, false
		}
		p.kind, rest, _ = strings.Cut(rest, "/")
	}
	if p.kind != "bodies" && p.kind != "entries" {
		level, err := strconv.Atoi(p.kind)
		if err != nil || level < 0 || level > maxLevel {
			return tilePath{}, false
		}
		p.kind, p.level = "tile", level
	}
	num, partial, isPartial := strings.Cut(rest, ".p/")
	if isPartial {
		n, err := strconv.ParseUint(partial, 10, 8)
		if err != nil || n == 0 {
			return tilePath{}, false
		}
		p.width = int(n)
	}
	num = strings.ReplaceAll(strings.ReplaceAll(num, "/", ""), "x", "")
	n, err := strconv.ParseUint(num, 10, 63)
	if err != nil || n > maxSize {
		return tilePath{}, false
	}
	p.index = n
	return p, p.String() == path
}
