package view

import (
	_ "embed"
	"slices"
	"sync"

	"github.com/klauspost/compress/s2"

	"maillon/catalog/entry"
	"maillon/catalog/pivot"
)

// A telling is what a put says: where its record stood, and its bytes (nil if they
// were erased).
type telling struct {
	Deposit, Series, Pointer string
	Form                     pivot.Form
	Body                     []byte
}

// dictText is what records usually say, so that one record alone packs well. What
// is met most stands last. A change of it is a change of the rules.
//
//go:embed dict.txt
var dictText []byte

var dict = sync.OnceValue(func() *s2.Dict { return s2.MakeDict(dictText, nil) })

// maxTelling bounds what is unpacked.
const maxTelling = entry.MaxBody + 4*entry.MaxHeader

// scratch keeps memory to pack from and into.
var scratch = sync.Pool{New: func() any { return new([]byte) }}

// pack is the telling as it is kept: its texts and its body, in one block of S2
// with the dictionary.
func (t telling) pack() []byte {
	plain, packed := scratch.Get().(*[]byte), scratch.Get().(*[]byte)
	defer scratch.Put(plain)
	defer scratch.Put(packed)
	b := (*plain)[:0]
	for _, s := range []string{t.Deposit, t.Series, string(t.Form), t.Pointer} {
		b = appendText(b, s)
	}
	b = append(b, t.Body...)
	*plain = b
	*packed = slices.Grow((*packed)[:0], max(0, s2.MaxEncodedLen(len(b))))
	return slices.Clone(dict().Encode((*packed)[:cap(*packed)], b))
}

// unpack reads a packed telling, which may come from a damaged file.
func unpack(packed []byte) (telling, error) {
	if n, err := s2.DecodedLen(packed); err != nil || n > maxTelling {
		return telling{}, errRow
	}
	b, err := dict().Decode(nil, packed)
	if err != nil {
		return telling{}, errRow
	}
	d := decoder{b: b}
	t := telling{Deposit: d.text(), Series: d.text(), Form: pivot.Form(d.text()), Pointer: d.text()}
	if d.bad {
		return telling{}, errRow
	}
	if len(d.b) > 0 {
		t.Body = d.b
	}
	return t, nil
}
