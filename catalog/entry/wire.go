package entry

import (
	"encoding/binary"
	"errors"
	"io"
	"iter"
)

// BundleSize is the number of entries in a full bundle, and of hashes in a
// full tile (c2sp.org/tlog-tiles).
const BundleSize = 256

// maxLeaf is the most that the length before a leaf can say.
const maxLeaf = 65535

// AppendBundle appends one leaf to a bundle (`tile/entries/<N>`): the
// header's length as uint16, big-endian, and the header.
func AppendBundle(dst, header []byte) ([]byte, error) {
	if len(header) > maxLeaf {
		return nil, invalid("leaf of %d bytes, at most %d", len(header), maxLeaf)
	}
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(header)))
	return append(dst, header...), nil
}

// ReadBundle splits a bundle of exactly n leaves. The leaves are parts of b.
func ReadBundle(b []byte, n int) ([][]byte, error) {
	if n < 0 || n > BundleSize {
		return nil, invalid("bundle of %d entries, at most %d", n, BundleSize)
	}
	leaves := make([][]byte, 0, n)
	for i := range n {
		if len(b) < 2 {
			return nil, invalid("bundle ends after %d entries of %d", i, n)
		}
		size := int(binary.BigEndian.Uint16(b))
		if b = b[2:]; len(b) < size {
			return nil, invalid("entry %d of a bundle has %d bytes of %d", i, len(b), size)
		}
		leaves = append(leaves, b[:size:size])
		b = b[size:]
	}
	if len(b) > 0 {
		return nil, invalid("%d bytes after the %d entries of a bundle", len(b), n)
	}
	return leaves, nil
}

// A Flag says whether an entry has its body.
type Flag byte

// The flags, as they stand in `bodies/<N>`.
const (
	NoBody  Flag = 0 // the header names none
	Present Flag = 1
	Erased  Flag = 2 // the header names one; it was redacted
)

// A Body is what travels beside an entry's header.
type Body struct {
	Flag  Flag
	Salt  []byte // SaltSize bytes if Present
	Bytes []byte // 1 to MaxBody bytes if Present
}

// BodyOf is the body of e as it travels. h is e's header.
func BodyOf(e Entry, h Header) Body {
	switch {
	case len(e.Body) > 0:
		return Body{Flag: Present, Salt: e.Salt, Bytes: e.Body}
	case h.Body != "":
		return Body{Flag: Erased}
	default:
		return Body{}
	}
}

// AppendBody appends b to a `bodies/<N>` resource: the flag, one byte; if it
// is Present, the salt, the body's length as uint32, big-endian, and the body.
func AppendBody(dst []byte, b Body) []byte {
	dst = append(dst, byte(b.Flag))
	if b.Flag != Present {
		return dst
	}
	dst = append(dst, b.Salt...)
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(b.Bytes)))
	return append(dst, b.Bytes...)
}

// WriteBodies writes a `bodies/<N>` resource, one body at a time.
func WriteBodies(w io.Writer, bodies iter.Seq[Body]) error {
	var buf []byte
	for b := range bodies {
		buf = AppendBody(buf[:0], b)
		if _, err := w.Write(buf); err != nil {
			return err
		}
	}
	return nil
}

// ReadBodies yields the n bodies of a `bodies/<N>` resource as they arrive,
// and refuses more than maxBytes in all. The first error ends the sequence;
// bytes after the last body are one.
func ReadBodies(r io.Reader, n int, maxBytes int64) iter.Seq2[Body, error] {
	return func(yield func(Body, error) bool) {
		if n < 0 || n > BundleSize {
			yield(Body{}, invalid("bodies of %d entries, at most %d", n, BundleSize))
			return
		}
		in := &bounded{r: r, left: maxBytes}
		for i := range n {
			b, err := readBody(in)
			if err != nil {
				yield(Body{}, invalid("body %d of %d: %w", i, n, err))
				return
			}
			if !yield(b, nil) {
				return
			}
		}
		switch k, err := io.ReadFull(in, make([]byte, 1)); {
		case k > 0:
			yield(Body{}, invalid("bytes after the %d bodies", n))
		case !errors.Is(err, io.EOF):
			yield(Body{}, invalid("after the %d bodies: %w", n, err))
		}
	}
}

func readBody(r io.Reader) (Body, error) {
	var head [1 + SaltSize + 4]byte
	if _, err := io.ReadFull(r, head[:1]); err != nil {
		return Body{}, cutShort(err)
	}
	b := Body{Flag: Flag(head[0])}
	switch b.Flag {
	case NoBody, Erased:
		return b, nil
	case Present:
	default:
		return Body{}, invalid("flag %d, want 0, 1 or 2", head[0])
	}
	if _, err := io.ReadFull(r, head[1:]); err != nil {
		return Body{}, cutShort(err)
	}
	size := binary.BigEndian.Uint32(head[1+SaltSize:])
	if size == 0 || size > MaxBody {
		return Body{}, invalid("body of %d bytes, want 1 to %d", size, MaxBody)
	}
	buf := make([]byte, SaltSize+int(size))
	copy(buf, head[1:])
	if _, err := io.ReadFull(r, buf[SaltSize:]); err != nil {
		return Body{}, cutShort(err)
	}
	b.Salt, b.Bytes = buf[:SaltSize:SaltSize], buf[SaltSize:]
	return b, nil
}

// CutBody reads the first body of b and returns what follows it. The body is
// a part of b.
func CutBody(b []byte) (body Body, rest []byte, err error) {
	if len(b) == 0 {
		return Body{}, nil, invalid("no body: %w", io.ErrUnexpectedEOF)
	}
	body.Flag, rest = Flag(b[0]), b[1:]
	switch body.Flag {
	case NoBody, Erased:
		return body, rest, nil
	case Present:
	default:
		return Body{}, nil, invalid("flag %d, want 0, 1 or 2", b[0])
	}
	if len(rest) < SaltSize+4 {
		return Body{}, nil, invalid("body: %w", io.ErrUnexpectedEOF)
	}
	size := int64(binary.BigEndian.Uint32(rest[SaltSize:]))
	body.Salt, rest = rest[:SaltSize:SaltSize], rest[SaltSize+4:]
	if size == 0 || size > MaxBody || size > int64(len(rest)) {
		return Body{}, nil, invalid("body of %d bytes where %d follow, want 1 to %d", size, len(rest), MaxBody)
	}
	body.Bytes = rest[:size:size]
	return body, rest[size:], nil
}

// cutShort makes the end of the data an error wherever it comes.
func cutShort(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// bounded reads at most left bytes, and says so if there are more.
type bounded struct {
	r    io.Reader
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 && len(p) > 0 {
		// The end of the data is still the end.
		if n, err := b.r.Read(make([]byte, 1)); n == 0 {
			return 0, err
		}
		return 0, errors.New("more bytes than allowed")
	}
	n, err := b.r.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}
