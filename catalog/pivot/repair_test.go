package pivot

import (
	"slices"
	"strings"
	"testing"

	"maillon/catalog/texts"
)

func TestEveryRepairHasAText(t *testing.T) {
	for _, rule := range RepairRules {
		if !texts.Has("repair." + rule) {
			t.Errorf("%s has no text", rule)
		}
	}
	for _, key := range texts.Keys() {
		if rule, ok := strings.CutPrefix(key, "repair."); ok && !slices.Contains(RepairRules, rule) {
			t.Errorf("the text %s belongs to no rule", key)
		}
	}
	if !slices.IsSorted(RepairRules) {
		t.Error("the rules are not sorted")
	}
}

func TestRepairText(t *testing.T) {
	r := Repair{Pointer: "/marcheInnovant", Rule: repairBoolean, From: "oui", To: "true"}
	if got, want := r.Text(texts.French), "Un vrai ou faux est écrit « oui » : lu true."; got != want {
		t.Errorf("text %q, want %q", got, want)
	}
}

func TestRepairsAreCutToWhatAPageCanShow(t *testing.T) {
	if got := []rune(repairCut(strings.Repeat("é", 500))); len(got) != 121 || got[120] != '…' {
		t.Errorf("%d characters, want 120 and …", len(got))
	}
	if got := repairCut(strings.Repeat("\xff", 500)); len(got) > 200 {
		t.Errorf("%d bytes of bad UTF-8, want few", len(got))
	}
	if got := repairCut(strings.Repeat("é", 120)); got != strings.Repeat("é", 120) {
		t.Errorf("120 characters were cut: %s", got)
	}
}
