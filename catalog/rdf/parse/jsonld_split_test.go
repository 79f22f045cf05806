package parse

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// A catalogue in parts is the catalogue: nodes within nodes, nodes named in two
// parts, lists, types of the context, a base.
func TestAListOfNodesIsReadInParts(t *testing.T) {
	var nodes []string
	for i := range 40 {
		nodes = append(nodes, fmt.Sprintf(`{"@id":"d/%d","@type":"dcat:Dataset","title":{"fr":"Jeu %d, \u00e0 lire"},"issued":"2026-01-01","part":{"@list":["a",%d]},
"contact":{"name":"Service %d"},"publisher":{"@id":"agent","name":"Ville"}}`, i, i, i, i))
	}
	context := `{"@base":"http://exemple.invalid/c/","dcat":"http://www.w3.org/ns/dcat#","@vocab":"http://exemple.invalid/v#",
"title":{"@container":"@language"},"issued":{"@type":"http://www.w3.org/2001/XMLSchema#date"}}`
	for name, doc := range map[string]string{
		"context first": `{"@context":` + context + `,"@graph":[` + strings.Join(nodes, ",") + `]}`,
		"context last":  `{"@graph":[` + strings.Join(nodes, ",") + `],"@context":` + context + `}`,
		"no context":    `{"@graph":[` + strings.ReplaceAll(strings.Join(nodes, ","), `"name"`, `"http://exemple.invalid/v#name"`) + `]}`,
	} {
		want, err := toRDF([]byte(doc), "http://base.invalid/")
		if err != nil {
			t.Fatal(err)
		}
		for _, size := range []int{1, 700, 4000} {
			parts := splitJSONLD([]byte(doc), size)
			if len(parts) < 2 || len(parts) > 40 {
				t.Errorf("%s: %d parts of %d bytes", name, len(parts), size)
			}
			var got []Quad
			seen := map[Quad]bool{}
			if err := readParts(parts, "http://base.invalid/", func(q Quad) error {
				if !seen[q] { // each part may say again what two have in common
					got = append(got, q)
				}
				seen[q] = true
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			if !isomorphic(got, want) {
				t.Errorf("%s, parts of %d bytes: %d triples, want %d", name, size, len(got), len(want))
			}
		}
	}
}

func TestWhatIsNotReadInParts(t *testing.T) {
	for name, doc := range map[string]string{
		"a named graph":      `{"@id":"http://a.invalid/","@graph":[{"@id":"http://b.invalid/"},{"@id":"http://c.invalid/"}]}`,
		"labels":             `{"@graph":[{"@id":"_:a"},{"@id":"_:b"}]}`,
		"labels, escaped":    `{"@graph":[{"@id":"\u005f:a"},{"@id":"_\u003Ab"}]}`,
		"other members":      `{"@graph":[{"@id":"http://b.invalid/"},{"@id":"http://c.invalid/"}],"http://p.invalid/":1}`,
		"one node":           `{"@graph":{"@id":"http://b.invalid/"}}`,
		"a list":             `[{"@id":"http://b.invalid/"},{"@id":"http://c.invalid/"}]`,
		"nothing":            `{"@graph":[]}`,
		"a graph and again":  `{"@graph":[{"@id":"http://b.invalid/"}],"@graph":[{"@id":"http://c.invalid/"}]}`,
		"cut off":            `{"@graph":[{"@id":"http://b.invalid/"},{"@id":`,
		"not long enough":    `{"@graph":[{}]}`,
		"no document at all": `"@graph, and more than the ten bytes that a part would have"`,
	} {
		size := 10
		if strings.HasPrefix(name, "not") {
			size = 1000
		}
		if parts := splitJSONLD([]byte(doc), size); parts != nil {
			t.Errorf("%s: %d parts: %s", name, len(parts), slices.Concat(parts...))
		}
	}
}
