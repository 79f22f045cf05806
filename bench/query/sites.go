package main

import (
	"fmt"
	"hash/fnv"

	"maillon/catalog/territory"
	"maillon/store/search"
)

// site makes the index know where suppliers sit, as SIRENE would: every supplier has a
// commune, four in five a size.
func site(x *search.Index) {
	var communes []string
	for m := range territory.Communes() {
		communes = append(communes, m.Code)
	}
	before, used := heap(), cpu()
	x.Site(search.Register{Firm: func(siret string) (commune, size string) {
		h := fnv.New32a()
		_, _ = h.Write([]byte(siret))
		n := int(h.Sum32())
		return communes[n%len(communes)], []string{"PME", "PME", "ETI", "GE", ""}[n/len(communes)%5]
	}})
	took := cpu() - used
	fmt.Printf("places of suppliers: %.2f s of processor, %.0f bytes a contract of heap\n", took.Seconds(), (heap()-before)/float64(x.Len()))
}
