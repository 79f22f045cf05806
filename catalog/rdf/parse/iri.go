package parse

import (
	"bytes"
	"strings"
)

// schemeLength is the length of the scheme that an IRI begins with, its colon
// included; 0 if it has none.
func schemeLength[T string | []byte](s T) int {
	for i := range len(s) {
		c := s[i]
		switch {
		case c|0x20 >= 'a' && c|0x20 <= 'z':
		case i > 0 && (c >= '0' && c <= '9' || c == '+' || c == '-' || c == '.'):
		case i > 0 && c == ':':
			return i + 1
		default:
			return 0
		}
	}
	return 0
}

// A baseIRI is an absolute IRI in its parts (RFC 3986, section 5.2).
type baseIRI struct {
	scheme    string // with its colon
	authority string // with its slashes, or ""
	path      string
	query     string // with its question mark, or ""
	whole     string // without fragment
}

func parseBase(s string) (b baseIRI, ok bool) {
	n := schemeLength(s)
	if n == 0 {
		return b, false
	}
	b.scheme = s[:n]
	rest, _, _ := strings.Cut(s[n:], "#")
	b.whole = s[:n] + rest
	if strings.HasPrefix(rest, "//") {
		end := len(rest)
		if i := strings.IndexAny(rest[2:], "/?"); i >= 0 {
			end = i + 2
		}
		b.authority, rest = rest[:end], rest[end:]
	}
	if i := strings.IndexByte(rest, '?'); i >= 0 {
		b.query, rest = rest[i:], rest[:i]
	}
	b.path = rest
	return b, true
}

// resolve makes a reference absolute; dst is memory it may use.
func (b *baseIRI) resolve(dst, ref []byte) []byte {
	dst = dst[:0]
	switch {
	case len(ref) == 0:
		return append(dst, b.whole...)
	case ref[0] == '#':
		return append(append(dst, b.whole...), ref...)
	case ref[0] == '?':
		dst = append(append(append(dst, b.scheme...), b.authority...), b.path...)
		return append(dst, ref...)
	case bytes.HasPrefix(ref, []byte("//")):
		authority, path := ref, []byte(nil)
		if i := bytes.IndexAny(ref[2:], "/?#"); i >= 0 {
			authority, path = ref[:i+2], ref[i+2:]
		}
		dst = append(append(dst, b.scheme...), authority...)
		return appendPath(dst, nil, path)
	}
	dst = append(append(dst, b.scheme...), b.authority...)
	if ref[0] == '/' {
		return appendPath(dst, nil, ref)
	}
	merged := b.path[:strings.LastIndexByte(b.path, '/')+1]
	if b.authority != "" && b.path == "" {
		merged = "/"
	}
	return appendPath(dst, []byte(merged), ref)
}

// appendPath appends a path without its dot segments, and what follows the path.
func appendPath(dst, before, ref []byte) []byte {
	path, after := ref, []byte(nil)
	if i := bytes.IndexAny(ref, "?#"); i >= 0 {
		path, after = ref[:i], ref[i:]
	}
	whole := append(append([]byte(nil), before...), path...)
	from := len(dst)
	for len(whole) > 0 {
		switch {
		case bytes.HasPrefix(whole, []byte("../")):
			whole = whole[3:]
		case bytes.HasPrefix(whole, []byte("./")):
			whole = whole[2:]
		case bytes.HasPrefix(whole, []byte("/./")):
			whole = whole[2:]
		case string(whole) == "/.":
			whole = whole[:1]
		case bytes.HasPrefix(whole, []byte("/../")):
			whole = whole[3:]
			dst = dst[:from+max(0, bytes.LastIndexByte(dst[from:], '/'))]
		case string(whole) == "/..":
			whole = whole[:1]
			dst = dst[:from+max(0, bytes.LastIndexByte(dst[from:], '/'))]
		case string(whole) == ".", string(whole) == "..":
			whole = nil
		default:
			end := bytes.IndexByte(whole[1:], '/') + 1
			if end == 0 {
				end = len(whole)
			}
			dst, whole = append(dst, whole[:end]...), whole[end:]
		}
	}
	return append(dst, after...)
}
