package search

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
)

// A textIndex finds rows by the terms of their texts: of the object by row, of names
// and CPV by the code of the buyer, supplier or CPV that bears them.
type textIndex struct {
	objects                 []posting // by term
	tokens                  arena     // of each object, its terms in order
	buyers, suppliers, cpvs names
}

func newTextIndex() *textIndex {
	return &textIndex{buyers: newNames(), suppliers: newNames(), cpvs: newNames()}
}

// addObject adds the object of the row that follows those that are there.
func (x *textIndex) addObject(row uint32, tokens []term) {
	var buf [256]byte
	packed := buf[:0]
	for _, t := range tokens {
		packed = binary.AppendUvarint(packed, uint64(t))
		x.seen(t, row)
	}
	x.tokens.add(packed)
}

func (x *textIndex) seen(t term, row uint32) {
	if t == 0 {
		return
	}
	for int(t) >= len(x.objects) {
		x.objects = append(x.objects, posting{})
	}
	p := &x.objects[t]
	if n := len(p.few); p.many != nil || n == 0 || p.few[n-1] != row {
		p.add(row)
	}
}

// object appends the terms of a row's object.
func (x *textIndex) object(row uint32, dst []term) []term {
	b := x.tokens.at(row)
	for len(b) > 0 {
		t, n := binary.Uvarint(b)
		if n <= 0 {
			break
		}
		dst, b = append(dst, term(t)), b[n:]
	}
	return dst
}

// mostPatterns bounds the ways to write a phrase that are looked for as bytes.
const mostPatterns = 16

// holding tells of which rows the object has what is wanted, word by word (see stands).
// A phrase that can be written in a few ways is looked for as the bytes of its terms.
func (x *textIndex) holding(want [][]term) func(row uint32) bool {
	patterns := [][]byte{nil}
	for _, terms := range want {
		if terms == nil {
			terms = []term{0}
		}
		var longer [][]byte
		for _, p := range patterns {
			for _, t := range terms {
				longer = append(longer, binary.AppendUvarint(slices.Clone(p), uint64(t)))
			}
		}
		if patterns = longer; len(patterns) > mostPatterns {
			var buf []term
			return func(row uint32) bool {
				buf = x.object(row, buf[:0])
				return stands(buf, want)
			}
		}
	}
	return func(row uint32) bool {
		return slices.ContainsFunc(patterns, func(p []byte) bool { return hasTerms(x.tokens.at(row), p) })
	}
}

// hasTerms reports whether the terms of a text have some in a row, both as bytes: the
// last byte of a term is below 0x80, the others are not.
func hasTerms(text, terms []byte) bool {
	for from := 0; ; from++ {
		at := bytes.Index(text[from:], terms)
		if at < 0 {
			return false
		}
		if from += at; from == 0 || text[from-1] < 0x80 {
			return true
		}
	}
}

// rowsWith is the posting of a term among objects.
func (x *textIndex) rowsWith(t term) *posting {
	if int(t) >= len(x.objects) {
		return &posting{}
	}
	return &x.objects[t]
}

// names are the texts that codes of a column bear, all that were ever given.
type names struct {
	codes  map[term][]uint32
	tokens map[uint32][]term // between parts one name from the next
}

func newNames() names { return names{map[term][]uint32{}, map[uint32][]term{}} }

// between is no term: a phrase does not go on from one name to another.
const between term = math.MaxUint32

// maxNames bounds the terms that are kept of the names of one code.
const maxNames = 200

func (n *names) add(code uint32, tokens []term) {
	if code == 0 || len(n.tokens[code])+len(tokens)+1 > maxNames || len(tokens) == 0 {
		return
	}
	n.tokens[code] = append(append(n.tokens[code], tokens...), between)
	for _, t := range tokens {
		if list := n.codes[t]; t != 0 && (len(list) == 0 || list[len(list)-1] != code) {
			n.codes[t] = append(list, code)
		}
	}
}

// with adds the codes whose names have one of the terms.
func (n *names) with(terms []term, to map[uint32]bool) {
	for _, t := range terms {
		for _, code := range n.codes[t] {
			to[code] = true
		}
	}
}
