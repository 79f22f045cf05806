package pivot

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// Every key that a line can have is in the schema, and the other way round; that
// lines of real files are accepted is for .ci/outputs.sh.
func TestTheSchemaNamesTheKeysOfALine(t *testing.T) {
	var schema struct {
		Properties, Definitions map[string]json.RawMessage
	}
	if err := json.Unmarshal(CompletSchema, &schema); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	one, other := fullComplete(), fullComplete()
	one.Contract, other.Contract = fullMarche(), fullConcession()
	for _, c := range []Complete{one, other, fullComplete()} {
		c.Withdrawn = true
		c.Extra = map[string]json.RawMessage{"x": json.RawMessage(`1`)}
		var line map[string]json.RawMessage
		if err := json.Unmarshal(c.AppendJSON(nil), &line); err != nil {
			t.Fatal(err)
		}
		for key := range line {
			if seen[key] = true; schema.Properties[key] == nil {
				t.Errorf("the schema has no %q", key)
			}
		}
	}
	var missing []string
	for key := range schema.Properties {
		if !seen[key] {
			missing = append(missing, key)
		}
	}
	if slices.Sort(missing); len(missing) > 0 {
		t.Errorf("no line has %s", strings.Join(missing, ", "))
	}
}
