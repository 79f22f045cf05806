package pivot

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// HashOf gives the SHA-256 of the canonical text of the JSON value raw, which
// is the same for all ways of writing the same value:
//
//   - no white space between tokens;
//   - the members of an object sorted by their names, decoded, byte by byte;
//   - strings with the fewest escapes: \" \\ \b \f \n \r \t, \u00xx in lower
//     case for other control characters, \udxxx for half of a surrogate pair;
//     all else in UTF-8, without Unicode normalisation;
//   - a number written without fraction and exponent as its digits, however
//     many (-0 is 0), so that long numeric ids stay apart;
//   - any other number as the nearest IEEE 754 double: without fraction if it
//     has none (1.0 and 1e0 are 1), else the shortest decimal that gives the
//     double, as in 1.5e-07; its own text if it is too large for a double.
//
// It is an error if raw is not one JSON value of at most 512 levels, in UTF-8,
// whose objects have no name twice.
func HashOf(raw []byte) (Hash, error) {
	t := jsonTapes.Get().(*jsonTape)
	defer jsonTapes.Put(t)
	if len(raw) > 1<<30 {
		return Hash{}, fmt.Errorf("hash of a record: %d bytes, want at most %d", len(raw), 1<<30)
	}
	trimmed := bytes.TrimRight(raw, " \t\r\n")
	trimmed = bytes.TrimLeft(trimmed, " \t\r\n")
	t.whole = true
	end := t.parse(trimmed, jsonMaxDepth)
	if t.state == jsonDone && end < len(trimmed) {
		t.fail(jsonSyntax, end, "")
	}
	if p, bad := t.problem(); bad {
		return Hash{}, fmt.Errorf("hash of a record: %v", p)
	}
	return sha256.Sum256(t.canonical(make([]byte, 0, len(trimmed)), 0)), nil
}

// canonical appends the canonical text of the value at node; see [HashOf].
func (t *jsonTape) canonical(b []byte, node int32) []byte {
	n := &t.nodes[node]
	switch n.kind {
	case '"':
		return jsonCanonicalString(b, t.raw[n.start+1:n.end-1], n.flags&jsonEscaped != 0)
	case '0':
		return jsonCanonicalNumber(b, t.rawOf(node))
	case '{':
		return t.canonicalObject(b, node)
	case '[':
		b = append(b, '[')
		for kid := node + 1; kid < n.next; kid = t.nodes[kid].next {
			if kid > node+1 {
				b = append(b, ',')
			}
			b = t.canonical(b, kid)
		}
		return append(b, ']')
	}
	return append(b, t.rawOf(node)...)
}

// canonicalObject appends an object. Members with legal names need not be sorted: the
// numbers of these are in their order.
func (t *jsonTape) canonicalObject(b []byte, node int32) []byte {
	var at [128]int32
	var met [2]uint64
	for kid := node + 1; kid < t.nodes[node].next; kid = t.nodes[kid].next {
		id := t.nodes[kid].name & 127
		word, bit := &met[id>>6], uint64(1)<<(id&63)
		if id == 0 || *word&bit != 0 {
			return t.canonicalSorted(b, node)
		}
		*word |= bit
		at[id] = kid
	}
	b = append(b, '{')
	first := true
	for i, word := range met {
		for ; word != 0; word &= word - 1 {
			if !first {
				b = append(b, ',')
			}
			first = false
			kid := at[i<<6+bits.TrailingZeros64(word)]
			b = append(append(b, schemaNames.quoted[t.nodes[kid].name]...), ':')
			b = t.canonical(b, kid)
		}
	}
	return append(b, '}')
}

func (t *jsonTape) canonicalSorted(b []byte, node int32) []byte {
	type member struct {
		key []byte
		at  int32
	}
	var few [40]member
	kids := few[:0]
	for kid := node + 1; kid < t.nodes[node].next; kid = t.nodes[kid].next {
		kids = append(kids, member{t.keyOf(kid), kid})
	}
	slices.SortFunc(kids, func(a, b member) int { return bytes.Compare(a.key, b.key) })
	b = append(b, '{')
	for i, k := range kids {
		if i > 0 {
			b = append(b, ',')
		}
		n := &t.nodes[k.at]
		b = jsonCanonicalString(b, t.raw[n.key:n.keyEnd], n.flags&jsonKeyEscaped != 0)
		b = append(b, ':')
		b = t.canonical(b, k.at)
	}
	return append(b, '}')
}

// jsonCanonicalString appends the string s, given as written without quotes.
func jsonCanonicalString(b, s []byte, escaped bool) []byte {
	b = append(b, '"')
	if !escaped { // then it has nothing to escape either
		return append(append(b, s...), '"')
	}
	for i := 0; i < len(s); {
		if s[i] != '\\' {
			b = append(b, s[i])
			i++
			continue
		}
		r, n := jsonEscape(s[i:])
		i += n
		if r < ' ' || r == '"' || r == '\\' || utf16.IsSurrogate(r) {
			b = jsonAppendEscape(b, r)
		} else {
			b = utf8.AppendRune(b, r)
		}
	}
	return append(b, '"')
}

func jsonCanonicalNumber(b, s []byte) []byte {
	if bytes.IndexByte(s, '.') < 0 && bytes.IndexByte(s, 'e') < 0 && bytes.IndexByte(s, 'E') < 0 {
		if string(s) == "-0" {
			return append(b, '0')
		}
		return append(b, s...)
	}
	f, err := strconv.ParseFloat(string(s), 64)
	switch {
	case err != nil:
		return append(b, s...)
	case f == 0:
		return append(b, '0')
	case f == math.Trunc(f):
		return strconv.AppendFloat(b, f, 'f', -1, 64)
	}
	return strconv.AppendFloat(b, f, 'g', -1, 64)
}
