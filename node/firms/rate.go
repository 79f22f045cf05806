package firms

import (
	"maillon/catalog/sirene"
	"maillon/catalog/territory"
)

// A Rate says how much is known of those whom contracts name. Bodies are counted
// once, mentions as often as a contract names them.
type Rate struct {
	Met      int `json:"met"`      // different SIRETs
	Known    int `json:"known"`    // of these, found in SIRENE
	Withheld int `json:"withheld"` // of these, of partial diffusion: without name and place
	Invalid  int `json:"invalid"`  // fourteen digits that are no SIRET
	Mentions int `json:"mentions"`
	Named    int `json:"named"` // mentions of which SIRENE gives the name
	Others   int `json:"others,omitempty"`
}

// RateOf counts what is known of numbers, each with how often it is named.
func (f *Folder) RateOf(numbers map[string]int) Rate {
	r := Rate{Met: len(numbers)}
	for siret, n := range numbers {
		r.Mentions += n
		if !territory.IsSIRET(siret) {
			r.Invalid++
		}
		firm, ok := f.Firm(siret)
		if !ok {
			continue
		}
		r.Known++
		if firm.Withheld {
			r.Withheld++
		}
		if firm.Name != "" {
			r.Named += n
		}
	}
	return r
}

// Age is the day of the newest change that the tables hold, "" without tables.
func Age(sources []sirene.Source) string {
	newest := ""
	for _, s := range sources {
		newest = max(newest, s.Newest)
	}
	return newest
}
