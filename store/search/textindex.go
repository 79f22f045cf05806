package search

import (
	"encoding/binary"
	"math"
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
