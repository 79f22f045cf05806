// Package cpv is the common procurement vocabulary: the codes of the main
// vocabulary of 2008 (Commission Regulation (EC) No 213/2008, Annex I), what
// they mean in English, and their check digit.
package cpv

import (
	"bytes"
	"compress/gzip"
	_ "embed" // the list
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// The list comes from the Publications Office of the European Union, whose
// data may be reused (Commission Decision 2011/833/EU). To make it again: run
// gen on a table of codes and names.
//
//go:embed data/cpv.txt.gz
var data []byte

// A table is the vocabulary. It is written by load only.
type table struct {
	codes []uint32 // sorted
	names []string // by place in codes
}

// vocabulary gives the table, read when first asked for. A list that cannot
// be read is a fault of the build, caught by any test that asks it anything.
var vocabulary = sync.OnceValue(func() *table {
	t, err := load(data)
	if err != nil {
		panic(err)
	}
	return t
})

func load(zipped []byte) (*table, error) {
	zip, err := gzip.NewReader(bytes.NewReader(zipped))
	if err != nil {
		return nil, fmt.Errorf("the embedded CPV: %w", err)
	}
	text, err := io.ReadAll(zip)
	if err != nil {
		return nil, fmt.Errorf("the embedded CPV: %w", err)
	}
	t := &table{}
	for line := range strings.Lines(string(text)) {
		code, name, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		n, err := strconv.ParseUint(code, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("the embedded CPV: %w", err)
		}
		t.codes, t.names = append(t.codes, uint32(n)), append(t.names, name)
	}
	return t, nil
}

// number reads the eight digits that code begins with.
func number[T string | []byte](code T) (n uint32, ok bool) {
	if len(code) < 8 {
		return 0, false
	}
	for i := range 8 {
		digit := code[i] - '0'
		if digit > 9 {
			return 0, false
		}
		n = n*10 + uint32(digit)
	}
	return n, true
}

// Known reports whether the vocabulary has the eight digits that code begins
// with; what follows them is not looked at.
func Known[T string | []byte](code T) bool {
	n, ok := number(code)
	if !ok {
		return false
	}
	_, found := slices.BinarySearch(vocabulary().codes, n)
	return found
}

// Name is what a code means, in English; "" if the vocabulary does not have it.
func Name(code string) string {
	if n, ok := number(code); ok {
		if at, found := slices.BinarySearch(vocabulary().codes, n); found {
			return vocabulary().names[at]
		}
	}
	return ""
}

// All ranges over the codes, eight digits each, and their names.
func All() iter.Seq2[string, string] {
	return func(yield func(code, name string) bool) {
		t := vocabulary()
		for i, n := range t.codes {
			if !yield(fmt.Sprintf("%08d", n), t.names[i]) {
				return
			}
		}
	}
}

// CheckDigit is the digit that belongs after the eight digits that code begins
// with: their sum weighted 3, 7, 1 in turn, modulo 10. It is not known for the
// divisions where codes kept the digit of an older edition of the vocabulary,
// or where real files are too few to tell (docs/decisions/0036).
func CheckDigit[T string | []byte](code T) (digit byte, known bool) {
	if _, ok := number(code); !ok || !regular[(code[0]-'0')*10+code[1]-'0'] {
		return 0, false
	}
	sum := 0
	for i, weight := range [8]int{3, 7, 1, 3, 7, 1, 3, 7} {
		sum += weight * int(code[i]-'0')
	}
	return '0' + byte(sum%10), true
}

// regular are the divisions in which the check digit follows the formula.
var regular = func() (is [100]bool) {
	for _, division := range [...]int{
		15, 16, 18, 22, 24, 30, 31, 32, 33, 34, 37, 38, 39, 44, 45, 48, 50, 55, 63, 64, 66, 70, 71, 75, 77, 79, 80, 85, 90, 92, 98,
	} {
		is[division] = true
	}
	return is
}()
