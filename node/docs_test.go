package node

import (
	"os"
	"strings"
	"testing"
)

func TestEveryKeyIsInTheOperatorsGuide(t *testing.T) {
	raw, err := os.ReadFile("../docs/operating.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range ConfigKeys() {
		if !strings.Contains(string(raw), "| `"+key+"` |") {
			t.Errorf("docs/operating.md does not explain %s", key)
		}
	}
}
