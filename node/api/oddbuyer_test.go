package api

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// A buyer's id is what the file says: what is no SIRET is published "à corriger", and
// its addresses lead to it all the same.
func TestAddressesOfABuyerThatIsNoSIRETLeadToIt(t *testing.T) {
	link := regexp.MustCompile(`(?:href="|<)(?:https://x\.example)?(/(?:jeux|files|acheteurs|marches|catalog|buyers)/[^">]*)[">]`)
	for _, buyer := range []string{"n’est pas un SIRET / du tout", "a b", "50 % & plus", "ABC-1", "a#b?c=d"} {
		r := newRig(t, "https://x.example")
		r.deposit(strings.ReplaceAll(pivotFile(contractJSONText("A", "papier", 12)), `"acheteur":{"id":"`+rennes+`"}`, `"acheteur":{"id":"`+buyer+`"}`))
		met := map[string]bool{}
		visit := func(page string) {
			for _, m := range link.FindAllStringSubmatch(text(t, r.do("GET", page, "", "Accept", "text/html")), -1) {
				path := strings.ReplaceAll(m[1], "&amp;", "&")
				path, _, _ = strings.Cut(path, "#")
				if met[path] {
					continue
				}
				met[path] = true
				if res := r.do("GET", path, "", "Accept", "*/*"); res.StatusCode != http.StatusOK {
					t.Errorf("%q: %s, of %s, answers %d", buyer, path, page, res.StatusCode)
				}
			}
		}
		for _, page := range []string{"/", "/marches", "/catalogue", "/catalog.ttl", "/telechargements"} {
			visit(page)
		}
		for path := range met {
			if strings.HasPrefix(path, "/jeux/") || strings.HasPrefix(path, "/acheteurs/") || strings.HasPrefix(path, "/marches/") {
				visit(path)
			}
		}
		if len(met) < 8 {
			t.Errorf("%q: only %d addresses: %v", buyer, len(met), met)
		}
	}
}
