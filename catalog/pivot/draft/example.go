package draft

import (
	"fmt"
	"time"

	"maillon/catalog/pivot"
	"maillon/catalog/pivot/guide"
	"maillon/catalog/texts"
)

// Example is a conforming contract made of the dictionary's own examples. It is
// of nobody.
func Example(kind pivot.Kind) (pivot.Contract, error) {
	d := Draft{Kind: kind, Values: map[string][]string{}}
	for _, c := range guide.Columns(kind) {
		for _, r := range guide.Rows(kind, texts.French) {
			if r.Path == c.Path {
				d.Values[c.Header] = []string{r.Example}
			}
		}
	}
	delete(d.Values, "idAccordCadre") // of a file that is not there
	if kind == pivot.Concession {     // the examples of words that the kinds share are of marchés
		d.Values["nature"], d.Values["procedure"] = []string{"Délégation de service public"}, []string{"Procédure négociée ouverte"}
		d.Values["id"] = []string{"2024-DSP-001"}
	}
	r, err := d.Check(time.Time{})
	if err == nil && r.Problems.Errors() > 0 {
		err = fmt.Errorf("the example of a %s does not conform: %v", kind, r.Problems)
	}
	return r.Contract, err
}
